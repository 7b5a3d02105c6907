"""HL7 v2 messages as a sample: every one that can be read, in segments of raw fields (消息样本)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from adapter.cases import sample_issues as issues
from adapter.intake.mapping.draft.segments import SampleMessage, SampleSegment
from adapter.intake.readers.hl7v2 import MessageParser, MessageRefused
from adapter.intake.readers.hl7v2_files import RawMessage, split
from adapter.intake.readers.messages import is_message_file
from adapter.model.issues import AdapterError
from adapter.model.message import MessageShape

#: So many messages are looked at.
MOST_MESSAGES = 20_000

#: Nobody knows yet where the keys stand: the event, which every message has, stands in for both.
_UNKNOWN = MessageShape(stay_key="MSH-9", person_key="MSH-9", order=("MSH-7",), events={}, columns={})


def message_sample(paths: Sequence[Path]) -> list[Path]:
    """The files of messages among paths and in folders; empty when the sample is of another kind."""
    inside = (each for path in paths for each in (sorted(path.iterdir()) if path.is_dir() else [path]))
    return [file for file in inside if is_message_file(file) and not file.name.startswith(".")]


def read_messages(files: Sequence[Path]) -> tuple[tuple[SampleMessage, ...], tuple[str, ...]]:
    """The messages of files and the encodings that they turned out to have; what cannot be read is left out.

    Raises:
        AdapterError: MAP-123, no message could be read.
    """
    parser = MessageParser(_UNKNOWN)
    found: list[SampleMessage] = []
    encodings: dict[str, None] = {}
    for file in files:
        with file.open("rb") as stream:
            for raw in split(stream, parser.shape.limits.message_bytes):
                if not isinstance(raw, RawMessage) or len(found) >= MOST_MESSAGES:
                    continue
                try:
                    read = parser.read(raw, file.name)
                except MessageRefused:
                    continue
                encodings[read.encoding] = None
                segments = tuple(SampleSegment(each.name, tuple(each.fields)) for each in read.message.segments)
                found.append(SampleMessage(read.message.event, segments))
    if not found:
        raise AdapterError(issues.sample_without_rows(files[0].name))
    return tuple(found), tuple(encodings)
