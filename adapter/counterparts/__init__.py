"""Counterparts: the other side of the wire, for tests and testers. 模拟医保局与医疗救助经办。

In:    HTTP requests as docs/wire-fhir.md describes them; a seed file (who is insured, what was used elsewhere);
       the plan files; scripted faults at ``/control``.
Out:   answers with amounts of their own; a store of their own (one SQLite file each).
Never: imports the adapter's settlement, FHIR, delivery or ledger code; two sides that agree because they share code
       prove nothing.
Start: desk.py (what a counterpart does), adjudicator.py (its arithmetic), faults.py (how the network misbehaves on
       request), bad_days.py (how the office does), scenarios.py (real life in files).
"""
