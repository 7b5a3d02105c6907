"""The fuzzing script can fail: a reader that loses a row, or crashes, is found; and a short run finds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.intake.readers import formats, staging
from adapter.intake.readers.rows import Row
from bench.fuzz.shaped import ENCODINGS, Damage, check_table, damages, tables
from bench.fuzz.targets import TARGETS, Lost, some_rows

NOTHING = Damage(0, 0, b"")
TABLES = ("xml", "csv", "json")


@pytest.fixture(params=TABLES)
def losing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A reader that passes over every second row of lines, and numbers the others as if nothing had been there."""
    reader = {"xml": "xml_files", "csv": "csv_files", "json": "json_files"}[request.param]
    good = formats.FORMATS[reader]

    def read(path, sniffed, shape, table) -> Iterator[Row]:  # type: ignore[no-untyped-def]
        for row in good.read(path, sniffed, shape, table):
            if table.name != "LINES" or row.number % 2:
                yield row

    monkeypatch.setattr(staging, "FORMATS", {**formats.FORMATS, reader: replace(good, read=read)})
    return str(request.param)


def test_a_lost_row_is_found(losing: str) -> None:
    with pytest.raises(Lost):
        check_table(TARGETS[losing], some_rows(), "utf-8", NOTHING)


def test_rows_that_are_counted_and_not_handed_over_are_found(losing: str) -> None:
    target = TARGETS[losing]
    with pytest.raises(Lost):
        target.run(target.written(some_rows(7)).encode())


@pytest.mark.parametrize("name", [*TABLES, "hl7"])
def test_seeds_are_clean(name: str) -> None:
    for seed in TARGETS[name].seeds():
        TARGETS[name].run(seed)


@pytest.mark.parametrize("name", TABLES)
def test_a_short_run_finds_nothing(name: str) -> None:
    @settings(max_examples=100, deadline=None)
    @given(tables(), st.sampled_from(ENCODINGS), damages(st.sampled_from([b'"', b"\n", b","])))
    def trial(rows: list[dict[str, str]], encoding: str, damage: Damage) -> None:
        check_table(TARGETS[name], rows, encoding, damage)

    trial()
