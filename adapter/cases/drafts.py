"""Draft a mapping from a sample, and lay it into a mappings folder without touching what is there (起草映射)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from adapter.cases import sample_issues as issues
from adapter.cases.sample_messages import message_sample, read_messages
from adapter.cases.samples import read_sample
from adapter.intake.mapping.draft import Draft, draft_mapping, draft_messages
from adapter.intake.mapping.draft.known import load_known
from adapter.model.issues import AdapterError

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_SCHEMAS = "his/schema"


def draft_sample(
    source: str, vendor: str, paths: Sequence[Path], mappings: Path, *, layout: Path | None = None
) -> Draft:
    """What a first mapping of a sample could be; nothing is written.

    Args:
        mappings: the folder with the tables of usual column names and codes.
        layout: description of the columns of a sample of fixed width.

    Raises:
        AdapterError: MAP-120 … MAP-124, MAP-126, MAP-180 … MAP-183; or an issue of reading.
    """
    for name in (source, vendor):
        if not _NAME.match(name):
            raise AdapterError(issues.bad_name(name))
    known = load_known(mappings)
    if messages := message_sample(paths):
        found, encodings = read_messages(messages)
        draft = draft_messages(source, vendor, found, encodings, known)
        if draft is None:
            raise AdapterError(issues.no_stay_key("PV1-19, PV1-50, PID-18"))
        return draft
    tables, export = read_sample(paths, layout)
    draft = draft_mapping(source, vendor, tables, export, known)
    if draft is None:
        raise AdapterError(issues.no_stay_key(", ".join(table.name for table in tables)))
    return draft


def write_draft(draft: Draft, folder: Path, mappings: Path) -> None:
    """Write a draft below a mappings folder, with the schemas that editors look for.

    Raises:
        AdapterError: MAP-125, when one of its files is already there; nothing was written.
    """
    there = [file for file in draft.files if (folder / file).exists()]
    if there:
        raise AdapterError(issues.draft_exists(there[0], len(there)))
    files = dict(draft.files)
    for schema in sorted((mappings / _SCHEMAS).glob("*.json")):
        if not (folder / _SCHEMAS / schema.name).exists():
            files[f"{_SCHEMAS}/{schema.name}"] = schema.read_text(encoding="utf-8")
    for file, text in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, encoding="utf-8")
