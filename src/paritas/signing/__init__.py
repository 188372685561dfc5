"""Signed requests: Ed25519 keys, and HTTP Message Signatures (RFC 9421) made with them.

It knows nothing of Paritas, so that members' systems can use it as it is. docs/trust.md says what
is signed, with an example that can be checked by hand.
"""
