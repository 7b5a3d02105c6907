"""Reconciliation of amounts agreed, per endpoint and day (对账). Money received is another matter (clearing).

In:    what we settled on a day, and the payer's remittance for it.
Out:   named differences, each with both amounts; none means that every fen agrees.
Never: changes a settlement; asks anybody.
Start: matching.py.
"""
