"""The ``fhir`` dialect: Claim/$submit and the transaction Bundle (docs/wire-fhir.md).

In:    the facts of a call; messages from the outbox.
Out:   composed Bundles; receipts with the payer's own amounts.
Never: computes an amount; puts personal data into a URL.
Start: dialogue.py (what is said), then endpoint.py (how it travels).
"""
