"""Whole chains: a stay settled along its payers, measured beside the same calls and commits doing no work.

Start: fhir.py and nhsa.py (what is measured), prepare.py (what is settled), responder.py (who answers).
"""
