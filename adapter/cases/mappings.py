"""Look at a mapping with a sample in hand (对照核对)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

from adapter.cases.batch import Batch, batch_of_files
from adapter.cases.poll import views_of
from adapter.intake.mapping import CheckReport as CheckReport
from adapter.intake.mapping import Mapping_, compile_mapping, load_mapping
from adapter.intake.mapping.messages import load_messages
from adapter.intake.mapping.native import NativeMapper
from adapter.intake.mapping.native_survey import survey_native
from adapter.intake.mapping.survey import Survey as Survey
from adapter.intake.mapping.survey import survey
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
        look = survey_native(mapper, staged.stays()) if isinstance(mapper, NativeMapper) else None
        return report, look or survey(mapper, staged.stays()), staged.issues


def check_views(
    source: str,
    mappings: Path,
    now: datetime,
    password_of: Callable[[Mapping_], Callable[[], str] | None],
    *,
    most: int,
) -> tuple[CheckReport, Survey, tuple[Issue, ...]]:
    """The same for the views of a source's database: their first rows, from the start; no watermark moves.

    Args:
        password_of: gives what gives the database's password.
        most: rows of each view.

    Raises:
        AdapterError: the mapping is wrong, CASE-335, or the database cannot be read (SRC-150 to -159).
    """
    mapping = load_mapping(mappings, source)
    mapper, password = compile_mapping(mapping), password_of(mapping)
    with views_of(mapping, {}, now, password() if password is not None else None, most=most) as staged:
        return mapper.check(staged.stays()), survey(mapper, staged.stays()), staged.issues


def staged_sample(
    mapping: Mapping_, paths: Sequence[Path], mappings: Path, reference: Path | None = None
) -> AbstractContextManager[Batch]:
    """A sample, read as its mapping says; use it in a ``with``."""
    if mapping.shape.reader != MESSAGES:
        return batch_of_files(mapping, None, paths)
    master = reference / mapping.source / "prices.csv" if reference is not None else None
    prices = load_prices(master) if master is not None and master.is_file() else None
    return batch_of_files(mapping, load_messages(mappings, mapping), paths, prices)
