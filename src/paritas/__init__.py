"""Paritas settles cross-border payments in the members' own currencies.

Each currency moves only on the book of its own issuer, every exchange is
payment-versus-payment, and no vehicle currency is needed.
"""

__version__ = "0.1.0"
