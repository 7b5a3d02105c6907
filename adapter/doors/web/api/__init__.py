"""Routes, one file per subject. 接口。

In:    requests that passed auth.py; the service's tools.
Out:   answers of answers.py, or an AdapterError that errors.py turns into one.
Never: opens the ledger itself; sends anything to a payer.
Start: his.py and cases.py.
"""
