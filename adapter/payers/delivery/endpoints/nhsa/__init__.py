"""The ``nhsa`` dialect: transactions of the national insurance platform, hospital side (docs/wire-nhsa.md)。

In:    the facts of a call; what was said before in the case; the definitions and the region under ``mappings/nhsa``.
Out:   one transaction at a time, stored before it goes out; receipts with the bureau's own amounts by payer.
Never: sends a second settlement while the effect of the first is unknown; takes infcode 0 alone for success; keeps a
       credential or password; guesses a field that nobody gave.
Start: dialogue.py (what is said), history.py (what has been said), answers.py (what it meant), endpoint.py (the wire).
"""
