"""Errors for people."""


class ToldError(Exception):
    """What was asked cannot be done; the text is told as it is: what, where, and what to do."""
