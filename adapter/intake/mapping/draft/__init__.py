"""First draft of a mapping, made from a sample export: what is likely, with everything doubtful marked. 对照初稿。

In:    the tables or messages of a sample (names, columns, rows as text) and the columns that many HIS products share.
Out:   the text of a vendor folder and of a source file, which load as they stand, and what a person must look at.
Never: puts a value of a person into the draft; decides what a code means without saying so; writes a file.
Start: writing.py (``draft_mapping``); profile.py looks at columns, keys.py at tables, values.py at what columns do
       together, known.py knows usual names; messages.py drafts from HL7 v2.
"""

from adapter.intake.mapping.draft.messages import draft_messages
from adapter.intake.mapping.draft.profile import SampleTable
from adapter.intake.mapping.draft.writing import Draft, draft_mapping

__all__ = ["Draft", "SampleTable", "draft_mapping", "draft_messages"]
