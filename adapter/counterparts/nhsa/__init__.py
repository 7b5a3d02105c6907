"""The simulated bureau of the national insurance platform (国家医保信息平台). 模拟医保经办机构。

In:    the platform's transactions over HTTP (9001, 1101, 2401, 2301, 2303, 2304 …); a region file that says in which
       of the seen ways this bureau is odd; a seed file (who is insured where); plan files; scripted faults.
Out:   answers with amounts of its own, from a store of its own; files for 9101 and 9102.
Never: reads the hospital side's definitions or code; both sides are written from the published fields, so that
       agreement means something.
Start: bureau.py (what it does with a call), settling.py (2303, 2304, 2305, 2601), region.py (how regions differ).
"""
