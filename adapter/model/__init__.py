"""The vocabulary: frozen values that every room may speak. 业务词汇。

In:    nothing; standard library only.
Out:   Money, dates, persons, source records, claims, settlements, cases, messages, issues.
Never: reads a clock, a file or a socket; prints personal data unmasked.
Start: money.py, then claim.py and settlement.py.
"""
