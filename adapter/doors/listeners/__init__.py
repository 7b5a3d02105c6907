"""Listeners: ways in that wait for somebody to come. 守候的入口。

In:    connections of a HIS (MLLP, plain or TLS); a callable that stores a message for good and says what became of it.
Out:   acknowledgements; accepted only once the message is stored.
Never: interprets a message beyond its header; answers before the callable has; prints a message or a part of it.
Start: mllp.py (``MllpListener``).
"""
