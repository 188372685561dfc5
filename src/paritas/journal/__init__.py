"""The journal: append, read, snapshot, hash chain."""
