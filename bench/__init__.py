"""Benches and synthetic hospitals: how fast, measured; and data that nobody lives in.

In:    the rooms of ``adapter`` as they are; exports written by ``bench.synthetic``.
Out:   ``bench/RESULTS.md`` with the command, the processor and its load beside every figure.
Never: part of the wheel; asserts a figure in a unit test; touches real data.
Start: ``python -m bench --help``, ``python -m bench.synthetic --help``, ``python -m bench.chaos --help``.
"""
