"""The ``folder`` dialect: files with checksums and receipts, for offline exchange (docs/wire-folder.md)。文件交换。

In:    the facts of a call; receipts and statements that somebody laid into the folder.
Out:   one file per message, whole or not there at all, its name a digest of the key; receipts of ours.
Never: overwrites a file; writes a message a second time while nothing proves that the first was not taken; puts a name,
       a number or a case into a file's name.
Start: exchange.py (what lies where), then endpoint.py (what it means).
"""
