"""Wing 3: getting it there, once. 送达与对账。

In:    what was decided (calls of a bill version) and what payers report.
Out:   messages, receipts, named differences.
Never: decides an amount; resends while the effect of the first sending is unknown.
Start: delivery/endpoint.py.
"""
