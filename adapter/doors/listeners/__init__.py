"""Listeners: ways in that wait for somebody to come. 守候的入口。

In:    connections of a HIS (MLLP, plain or TLS), files in watched folders, rows of its database; a plan of them.
Out:   messages and files stored for good and taken by ``cases``; acknowledgements, accepted only once it is stored.
Never: interprets a message beyond its header; answers or moves a file before it is stored; replaces a file; prints a
       message or a part of it.
Start: listen.py (``listening``), then mllp.py and receiver.py, folder.py and groups.py, or database.py.
"""
