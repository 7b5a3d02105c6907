"""Ledger: append-only memory, the only room that keeps anything. 账簿。

In:    cases, moves, resources, files, settlements, postings, messages, receipts: each with actor, time, reason.
Out:   the same as frozen rows, and outbox messages leased to one worker at a time.
Never: reads a clock; knows FHIR or a payer; edits or deletes a journal line; logs what it keeps.
Start: ledger.py (open, transaction), then journal.py and projector.py: every table follows from the journal.
"""
