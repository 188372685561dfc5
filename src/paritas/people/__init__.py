"""People: who may log in for an institution, how they prove it, and how long it holds.

People are not in the journal. It knows each of them by a random number only; names, passwords and
second factors lie in a file of their own beside it, and can be erased there.
"""
