"""FHIR: the language of the doors, R4 (4.0.1). 对外语言。

In:    resources as plain dicts with Decimal amounts, and the frozen values of ``model``.
Out:   claim facts with issues; wire bundles per receiver; answers; the hospital's full record.
Never: reads a clock or a socket; makes up a missing fact; sends a name, ID number, address or phone number.
Start: identity.py, then facts.py on the way in, claim.py and answers.py on the wire, record.py on the way out.
"""
