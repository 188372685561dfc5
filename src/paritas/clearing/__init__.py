"""The solvers that find what can settle together, and the checker of their certificates."""
