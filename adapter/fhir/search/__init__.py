"""Search: which resources a query asks for, by R4's own search parameters. 检索。

In:    a resource as a plain dict; a query string.
Out:   the terms under which a resource is found; a query as values; whether a resource answers it.
Never: reads a store, a clock or a socket; repeats a searched value in an error, since it may be personal data.
Start: parameters.py (what can be asked), terms.py (how a resource is found), query.py (what was asked).
"""
