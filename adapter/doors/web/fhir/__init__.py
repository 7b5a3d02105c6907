"""FHIR server: the resources that are kept, read, searched and written by R4's own rules. FHIR 服务。

In:    requests under /fhir, JSON or XML; what a hospital writes goes the way of its files (cases/resources_in).
Out:   resources, Bundles, OperationOutcomes in the format that was asked for.
Never: decides anything itself; shows a person's resource without a line in the journal; puts a person's data in a link.
Start: negotiation.py, then reading.py, then writing.py.
"""
