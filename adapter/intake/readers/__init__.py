"""Readers: files become rows as text, gathered by stay. 读取。

In:    export files and an ``ExportShape`` (tables, keys, limits) made from the vendor's mapping.
Out:   ``StayRecords`` per stay, every row with its place of origin, and issues for what could not be read.
Never: interprets a value; replaces a character silently; resolves an entity; holds a file in memory; knows a vendor.
Start: staging.py (``stage``), then xml_files.py.
"""

from adapter.intake.readers.staging import ReadFile, Staged, stage

__all__ = ["ReadFile", "Staged", "stage"]
