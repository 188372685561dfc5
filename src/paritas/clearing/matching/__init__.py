"""Matching: exchanges in opposite directions, and rings of them, without a dealer in between.

Read in this order: :mod:`orders` (what is given), :mod:`verify` (what a valid answer is),
:mod:`match` (the way through), then :mod:`market`, :mod:`flow`, :mod:`select`, :mod:`rounding`,
:mod:`legs`, :mod:`bound` as it uses them, and :mod:`ways` (pair or ring, for reports).
``docs/clearing.md`` explains it all.
"""
