"""Signing schemes: what a bureau wants on top of the stored envelope. Chosen by name in the region file. 签名方案。

In:    a stored envelope, the keys of the settings, the moment of sending.
Out:   the bytes and headers that travel; the opened answer.
Never: changes what a message says; keeps, prints or logs a key.
Start: scheme.py (the registry and its contract), then digests.py and ciphers.py.
"""
