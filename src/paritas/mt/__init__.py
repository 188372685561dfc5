"""SWIFT MT messages beside ISO 20022: read, checked, written, and translated both ways.

``parsing`` reads any bytes, ``checking`` judges them (``check_mt``), ``writing`` gives bytes again,
``translation`` leads to and from ISO 20022 (``to_iso``, ``from_iso``).
"""
