"""R5 of the same data: R4 resources said in R5 (5.0.0) and back, with what could not be said. R5 表述。

In:    a resource as a plain dict, amounts as Decimal, in R4 or R5.
Out:   the same resource in the other version, and a list of Losses: what that version has no element for. Nearly all
       of it travels along as the cross-version extensions of HL7, so that the way back finds it again.
Never: rounds or rewrites an amount; drops anything without saying so; fetches a definition.
Start: convert.py (to_r5, to_r4), then tables.py (what is called differently), special.py (what is built differently).
"""
