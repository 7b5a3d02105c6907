"""The office: each file is one use case, read – decide – write. 经办。

In:    what the doors ask for (take in an export, estimate, try, settle, reverse, reconcile) and Tools.
Out:   the journal, tables, resources and outbox rows of the ledger; plain results for the doors to show.
Never: computes money (rules do), speaks HTTP (payers do), sends anything that was not stored first.
Start: settle.py, then walk.py and dispatch.py; intake.py for the way in.
"""
