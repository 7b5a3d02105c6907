"""Delivery: one dialogue per counterpart, told truthfully. 送达。

In:    the facts of a call, and messages taken from the outbox.
Out:   the next message of the dialogue (pure), and receipts: accepted, rejected, not seen, unknown.
Never: reads or writes the ledger; retries on its own; sends a second time without asking first.
Start: endpoint.py, then retry.py and endpoints/fhir/.
"""
