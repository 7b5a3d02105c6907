"""The ``aid-xml`` dialect: the SOAP service of a civil-affairs aid system (docs/wire-aid-xml.md)。医疗救助 SOAP 服务。

In:    the facts of a call whose amount we compute; what was said before in the case; ``mappings/aid-xml``.
Out:   one SOAP message at a time, checked against our own schema and stored before it goes out; receipts.
Never: asks the service for an amount (it computes none); sends a settlement again while its effect is unknown; keeps or
       stores a session; sends a diagnosis or a ward that the office did not ask for.
Start: dialogue.py (what is said), terms.py (what must agree before it is), lookup.py (what can be proven), endpoint.py.
"""
