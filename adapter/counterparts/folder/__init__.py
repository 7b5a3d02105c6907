"""The simulated counterpart that is reached by files only. 模拟文件交换的经办机构。

In:    files in ``out`` of an exchange folder, each with its checksum (docs/wire-folder.md); a desk that adjudicates.
Out:   receipts and statements in ``in``; what was taken is moved away.
Never: takes a file whose checksum is missing or wrong; answers a name twice.
Start: receiver.py.
"""
