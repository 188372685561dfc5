"""The solvers that find what can settle together, and the checker of their certificates.

Pure functions over plain problems; nothing here knows an engine or a message. Read in this
order: :mod:`problem` (what is given), :mod:`verify` (what a valid answer is), :mod:`clear` (the
two rules), then :mod:`fifo` and :mod:`free` with what they use; :mod:`obligations`,
:mod:`setoff` and :mod:`across` for divisible obligations. ``docs/clearing.md`` explains it all.
"""
