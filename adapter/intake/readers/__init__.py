"""Readers: files become rows as text, gathered by stay. 读取。

In:    export files or database views, and an ``ExportShape`` (tables, keys, limits) made from the vendor's mapping.
Out:   ``StayRecords`` per stay, every row with its place of origin, and issues for what could not be read.
Never: interprets a value; replaces a character silently; resolves an entity; holds a file in memory; knows a vendor.
Start: staging.py (``stage``), formats.py, then any one format: csv_files.py.
       HL7 v2: messages.py (``stage_messages``), hl7v2.py, folding.py.
       Databases: database_view.py (``stage_views``), databases.py, watermarks.py.
"""

from adapter.intake.readers.messages import StagedMessages, stage_messages
from adapter.intake.readers.staging import ReadFile, Staged, stage

__all__ = ["ReadFile", "Staged", "StagedMessages", "stage", "stage_messages"]
