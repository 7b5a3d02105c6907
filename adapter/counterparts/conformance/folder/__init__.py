"""The hospital at a counterpart that is reached by files only (docs/wire-folder.md). 扮演以文件交换的医院。

In:    steps of a scenario, the exchange folder of a test system.
Out:   files with their digests, receipts and statements read back, findings.
Never: overwrites what it laid out, leaves an untaken settlement lying, touches what others laid there.
Start: clerk.py (the words), drop.py (the files), checks.py (what a receipt must say).
"""
