"""Migrations: how the schema came to be, step by step, on both databases. 结构升级记录。

In:    a connection inside a transaction (migrate.py).
Out:   the schema of tables.py; a test compares them.
Never: changes a migration that has been released; touches a journal line.
Start: versions/, in order.
"""
