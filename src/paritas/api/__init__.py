"""The HTTP API of a live node: who asks, what may be asked, and how it is answered."""
