"""Look at a mapping with a sample in hand (对照核对)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from adapter.intake.mapping import CheckReport as CheckReport
from adapter.intake.mapping import Mapping_, compile_mapping, load_mapping
from adapter.intake.mapping.messages import load_messages
from adapter.intake.mapping.survey import Survey as Survey
from adapter.intake.mapping.survey import survey
from adapter.intake.readers.messages import StagedMessages, stage_messages
from adapter.intake.readers.staging import Staged, stage
from adapter.intake.reference import load_prices
from adapter.model.issues import Issue
from adapter.model.source import MESSAGES


def check_sample(
    source: str, paths: Sequence[Path], mappings: Path, reference: Path | None = None
) -> tuple[CheckReport, Survey, tuple[Issue, ...]]:
    """What a sample shows about a source's mapping: columns with examples, unmapped codes by money, coverage.

    Args:
        mappings: the mappings folder.
        reference: folder of dated facts, for messages whose lines an item master prices.

    Raises:
        AdapterError: the source is unknown or its mapping is wrong.
    """
    mapping = load_mapping(mappings, source)
    mapper = compile_mapping(mapping)
    with staged_sample(mapping, paths, mappings, reference) as staged:
        report = mapper.check(staged.stays())
        return report, survey(mapper, staged.stays()), staged.issues


def staged_sample(
    mapping: Mapping_, paths: Sequence[Path], mappings: Path, reference: Path | None = None
) -> Staged | StagedMessages:
    """A sample by stay, read as its mapping says; use it in a ``with``."""
    if mapping.shape.reader != MESSAGES:
        return stage(paths, mapping.shape, mapping.source)
    master = reference / mapping.source / "prices.csv" if reference is not None else None
    prices = load_prices(master) if master is not None and master.is_file() else None
    return stage_messages(paths, load_messages(mappings, mapping), mapping.source, prices=prices)
