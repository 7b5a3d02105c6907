"""The fixture hospital that combines feeds: messages for movements, dumps of views for charges and deposits."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from adapter.intake.readers.hl7v2_files import RawMessage, split
from adapter.model.source import KeptRow
from adapter.wiring import feeds

ROOT = Path(__file__).resolve().parents[2]
SOURCE = "fenglin_county"
EXPORT = ROOT / "fixtures/his/winning_this" / SOURCE / "export"
STAYS = ("20001", "20002", "20003", "20004")
FEES, DEPOSITS = "ZY_BRFYMXK", "ZYB_BRYJK"

Row = Mapping[str, str]

feed_of = feeds(ROOT / "mappings", ROOT / "fixtures/reference")


@cache
def messages() -> tuple[bytes, ...]:
    """Every message of the export, in order of files."""
    found = []
    for path in sorted(EXPORT.glob("*.hl7")):
        with path.open("rb") as stream:
            found += [each.data for each in split(stream, 1 << 20) if isinstance(each, RawMessage)]
    return tuple(found)


@cache
def rows(table: str) -> tuple[Row, ...]:
    """Every row of the dumps of a view, in order of files."""
    return tuple(row for path in sorted(EXPORT.glob(f"{table}-*.csv")) for row in _read(path))


def _read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("gb18030"))))


def of_stay(stay: str) -> tuple[list[bytes], list[tuple[str, Row]]]:
    """The messages of a stay, and its rows with their tables."""
    told = [each for each in messages() if f"|{stay}|".encode() in each or each.endswith(f"|{stay}".encode())]
    return told, [(table, row) for table in (FEES, DEPOSITS) for row in rows(table) if row["syxh"] == stay]


def kept(table: str, row: Row, place: int) -> KeptRow:
    """A row as it is kept; ``place`` is its place among the arrivals."""
    return KeptRow(table, row["xh"], row["syxh"], dict(row), f"{table}-{place}.csv", 1, f"{place:06}")


def dump(folder: Path, table: str, number: int, content: Sequence[Row]) -> Path:
    """A dump of a view that holds only these rows."""
    folder.mkdir(parents=True, exist_ok=True)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows(table)[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(content)
    path = folder / f"{table}-{number:04}.csv"
    path.write_bytes(out.getvalue().encode("gb18030"))
    return path


def message_file(folder: Path, number: int, *told: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"adt-{number:04}.hl7"
    path.write_bytes(b"\r".join(told) + b"\r")
    return path
