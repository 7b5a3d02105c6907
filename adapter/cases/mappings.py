"""Look at a mapping with a sample in hand (对照核对)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from adapter.cases.tools import Tools
from adapter.intake.mapping import CheckReport
from adapter.intake.readers.staging import stage
from adapter.model.issues import Issue


def check_sample(source: str, paths: Sequence[Path], tools: Tools) -> tuple[CheckReport, tuple[Issue, ...]]:
    """What a sample shows about a source's mapping: mapped, ignored and unclaimed columns, unmapped codes."""
    mapper = tools.feed(source).mapper
    with stage(paths, mapper.mapping.shape, source) as staged:
        report = mapper.check(staged.stays())
        return report, staged.issues
