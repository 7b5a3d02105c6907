"""The tightened R4 schema: what a resource must look like, compiled once per type. 结构校验。

In:    r4.json, built by build.py from the official R4 StructureDefinitions and value sets.
Out:   one compiled validator per resource type.
Never: downloads anything; knows money rules or relations between resources (those are rules.py).
Start: build.py, then invariants.py.
"""
