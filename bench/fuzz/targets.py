"""What is fuzzed: one export of stays and lines per reader, and what must be true whatever its bytes are."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import escape

from adapter.intake.readers import Staged, stage
from adapter.intake.readers.messages import StagedMessages, stage_messages
from adapter.model.issues import Issue, stopping
from adapter.model.message import MessageShape
from adapter.model.source import ExportShape, ReadingLimits, TableShape
from adapter.settings import data_folder
from adapter.wiring import feeds

STAYS = ("1", "2", "3")
SOURCE = "anywhere"
MESSAGES_OF = "liuxi_county"
COLUMNS = ("STAY", "LINE", "NAME", "QTY", "SUM")

#: Issues that stand for one row each, which was read and is not handed over.
_PER_ROW = frozenset({"SRC-105", "SRC-106", "SRC-107", "SRC-108", "SRC-109"})
_ORPHANS = "SRC-110"


class Lost(AssertionError):
    """A row went nowhere, or a stay that lost one is not held."""


@dataclass(frozen=True, slots=True)
class Target:
    """One reader.

    Attributes:
        suffix: of the fuzzed file.
        written: rows as a file of this format.
        seeds: bytes to begin with.
    """

    name: str
    suffix: str
    written: Callable[[Sequence[Mapping[str, str]]], str]
    seeds: Callable[[], list[bytes]]

    def run(self, data: bytes) -> None:
        """Read these bytes as the lines of an export. Raises Lost, or whatever the reader should not raise."""
        with TemporaryDirectory(prefix="fuzz-") as name:
            folder = Path(name)
            if self.name == "hl7":
                (folder / "m.hl7").write_bytes(data)
                with stage_messages([folder], message_shape(), MESSAGES_OF) as messages:
                    _check_messages(messages)
                return
            lines = "LINES.ndjson" if self.name == "json" and data[:1] == b"{" else f"LINES{self.suffix}"
            (folder / lines).write_bytes(data)
            (folder / f"STAYS{self.suffix}").write_text(self.written([{"STAY": stay} for stay in STAYS]))
            with stage([folder], export_shape(self.name), SOURCE) as staged:
                check_rows(staged)


def check_rows(staged: Staged) -> None:
    """Every row that was read is handed over, or an issue tells what became of it."""
    stays = list(staged.stays())
    handed = sum(len(stay.tables.get("LINES", ())) for stay in stays)
    told = [issue.code for issue in staged.issues]
    orphans = sum(_count_in(issue) for issue in staged.issues if issue.code == _ORPHANS)
    read = sum(file.rows for file in staged.files if file.table == "LINES")
    accounted = handed + orphans + sum(code in _PER_ROW for code in told)
    if "SRC-115" not in told and read != accounted:
        raise Lost(f"{read} rows read, {accounted} accounted for: {sorted(told)}")
    cut = any(file.table == "LINES" and not file.complete for file in staged.files)
    if cut and not all(stopping(stay.issues) for stay in stays):
        raise Lost("a file was cut and a stay is not held")


def _count_in(issue: Issue) -> int:
    return int(next(word for word in issue.en.split() if word.isdigit()))


def _check_messages(staged: StagedMessages) -> None:
    """Every message is kept or refused with its bytes, and folding does not stop."""
    kept, refused = list(staged.messages()), list(staged.refused())
    counted = sum(file.rows for file in staged.files)
    if len(kept) + len(refused) > counted:
        raise Lost(f"{counted} messages, {len(kept)} kept, {len(refused)} refused")
    for stay in staged.stays():
        for rows in stay.tables.values():
            for row in rows:
                row.origin.pointer()


@cache
def export_shape(name: str) -> ExportShape:
    """Stays and lines in the reader's format; small limits, so that they are met."""
    readers = {"xml": "xml_files", "csv": "csv_files", "json": "json_files"}
    limits = ReadingLimits(row_bytes=2048, columns=16, listed=1_000_000)
    tables = {
        "STAYS": TableShape("STAYS", ("STAY",), needed=True),
        "LINES": TableShape("LINES", ("LINE",), needed=True),
    }
    return ExportShape(readers[name], "row", "STAYS", "STAY", tables, limits)


@cache
def message_shape() -> MessageShape:
    """A shipped source's messages."""
    feed = feeds(data_folder("mappings"), data_folder("fixtures") / "reference")(MESSAGES_OF)
    assert feed.messages is not None
    return feed.messages


def as_xml(rows: Sequence[Mapping[str, str]]) -> str:
    cells = ("".join(f"<{name}>{escape(value)}</{name}>" for name, value in row.items()) for row in rows)
    return '<?xml version="1.0"?>\n<msg>\n' + "".join(f"<row>{each}</row>\n" for each in cells) + "</msg>\n"


def as_csv(rows: Sequence[Mapping[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else ["STAY"], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def as_json(rows: Sequence[Mapping[str, str]]) -> str:
    return json.dumps(list(rows), ensure_ascii=False)


def some_rows(count: int = 6) -> list[dict[str, str]]:
    """Good rows, in turn of the three stays."""
    return [
        {"STAY": STAYS[n % 3], "LINE": f"{7_919 * (n + 1)}", "NAME": f"二级护理 {n}", "QTY": "1", "SUM": f"{n}.50"}
        for n in range(count)
    ]


def _seeds_of(written: Callable[[Sequence[Mapping[str, str]]], str]) -> Callable[[], list[bytes]]:
    text = written(some_rows())
    return lambda: [text.encode(), text.encode("gb18030"), text.encode("utf-16"), written([]).encode()]


def _ndjson() -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in some_rows()).encode()


def message_files() -> list[Path]:
    """Message fixtures of that source."""
    return sorted((data_folder("fixtures") / "his" / "hl7v2_winning").glob("**/*.hl7"))


def _message_seeds() -> list[bytes]:
    return [path.read_bytes()[:3000] for path in message_files()]


TARGETS: Mapping[str, Target] = {
    "xml": Target("xml", ".xml", as_xml, _seeds_of(as_xml)),
    "csv": Target("csv", ".csv", as_csv, _seeds_of(as_csv)),
    "json": Target("json", ".json", as_json, lambda: [*_seeds_of(as_json)(), _ndjson()]),
    "hl7": Target("hl7", ".hl7", as_csv, _message_seeds),
}
