"""The rules: may payment wait, who pays what, and why. 规则。

In:    facts (a Claim, what the window established), policy documents, year-to-date amounts.
Out:   an assessment of entitlement; a settlement whose shares add up.
Never: opens a file (only policy/load.py does), asks a database or a network, reads a clock.
Start: policy/parameters.py, then programme/ or settlement/adjudicate.py.
"""
