"""Reconciliation of amounts agreed, per endpoint and day (对账); clearing of money received, per month (清算).

In:    what we settled on a day and near it, and the payer's remittances; what stands and what was declared before.
Out:   named differences with both amounts and a next step; none: every fen agrees. The lines of a month's declaration.
Never: changes a settlement; asks anybody; bills a patient for what a payer deducts.
Start: matching.py, actions.py, clearing.py.
"""
