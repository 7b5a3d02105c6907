"""The doors: where people and programs come in. 门户。

In:    HTTP requests, command lines.
Out:   answers, tables, files; the same issues everywhere.
Never: decides anything; talks to the ledger or a payer past cases/.
Start: cli/app.py and web/app.py.
"""
