"""Usage rules: what a market or a regulator asks of a message beyond its schema.

`plain` holds for every message, `cbpr` for SWIFT's cross-border payments (CBPR+), `harmonised` for
the CPMI's harmonised data requirements. Each rule is a function from a `View` of a message to the
elements that break it, registered with its code, what it asks, and where that is written; the
tables of docs/profiles.md are made of the same.
"""
