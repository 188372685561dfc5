"""The law: what may happen to money, decided without a clock, a file or a random number."""
