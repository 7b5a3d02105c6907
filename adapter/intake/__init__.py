"""Intake, wing 1: a hospital's export becomes FHIR. 接入。

In:    export files of a HIS, the vendor's mapping folder, the source's file, dated reference data.
Out:   FHIR resources per stay with their issues and lineage; reference books.
Never: decides who pays; remembers anything; knows a vendor in code.
Start: readers/, then mapping/; reference/ stands on its own.
"""
