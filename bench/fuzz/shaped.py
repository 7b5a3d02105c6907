"""Good exports with one damaged place: every row that was not touched arrives as it was, or its stay is held.

``python -m bench.fuzz.shaped READER SECONDS``; it prints how many exports it tried and ends with 0 when nothing was
found; else with the smallest export that shows it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from adapter.intake.readers import stage
from adapter.intake.readers.messages import stage_messages
from adapter.model.issues import stopping
from bench.fuzz.targets import (
    MESSAGES_OF,
    SOURCE,
    STAYS,
    TARGETS,
    Lost,
    Target,
    check_rows,
    export_shape,
    message_files,
    message_shape,
)

_PLAIN = st.text(st.characters(codec="gb18030", exclude_categories=["Cs", "Cc"]), max_size=12)
_JUNK = st.binary(min_size=1, max_size=12)
_TELLING = st.sampled_from(
    [b'"', b"'", b"\n", b"\r\n", b",", b"<", b">", b"&", b"]]>", b"<row>", b"</row>", b"{", b"}"]
)
_MESSAGE_PARTS = st.sampled_from(
    [b"|", b"^", b"~", b"\r", b"MSH|", b"\rMSH|^~\\&|", b"\x0b", b"\x1c\r", b"\\", b"FT1|"]
)
ENCODINGS = ("utf-8", "gb18030", "utf-16")


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes taken out of a file and others put in their place.

    Attributes:
        at: share of the file before the damage, in thousandths.
        length: bytes taken out; -1: everything after.
    """

    at: int
    length: int
    put: bytes

    def done_to(self, data: bytes) -> tuple[bytes, int, int]:
        """The damaged file, and which bytes of the good one were touched."""
        begin = len(data) * self.at // 1000
        end = len(data) if self.length < 0 else min(begin + self.length, len(data))
        return data[:begin] + self.put + data[end:], begin, end


def damages(parts: st.SearchStrategy[bytes]) -> st.SearchStrategy[Damage]:
    return st.builds(Damage, st.integers(0, 1000), st.integers(-1, 30), st.one_of(st.just(b""), _JUNK, parts))


@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, str]]:
    """Rows with keys that no damage makes equal by chance."""
    count = draw(st.integers(1, 8))
    cells = draw(st.lists(st.tuples(st.sampled_from(STAYS), _PLAIN, _PLAIN), min_size=count, max_size=count))
    return [
        {"STAY": stay, "LINE": f"{7_919 * (n + 1)}", "NAME": f"n{name.strip()}", "SUM": f"s{amount.strip()}"}
        for n, (stay, name, amount) in enumerate(cells)
    ]


def check_table(target: Target, rows: Sequence[Mapping[str, str]], encoding: str, damage: Damage) -> None:
    """Damage an export of these rows and look where each of them went."""
    good = target.written(rows).encode(encoding)
    data, begin, end = damage.done_to(good)
    touched = _touched(target, rows, encoding, begin, end)
    with TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name)
        (folder / f"LINES{target.suffix}").write_bytes(data)
        (folder / f"STAYS{target.suffix}").write_text(target.written([{"STAY": stay} for stay in STAYS]))
        with stage([folder], export_shape(target.name), SOURCE) as staged:
            check_rows(staged)
            if any(
                not (file.encoding or encoding).startswith(encoding) for file in staged.files if file.table == "LINES"
            ):
                return  # damage made it the text of another encoding, which only the source's own label can tell
            stays = {stay.stay_key: stay for stay in staged.stays()}
    for number, row in enumerate(rows):
        stay = stays[row["STAY"]]
        if number in touched or stopping(stay.issues):
            continue
        if row not in [dict(record.fields) for record in stay.tables.get("LINES", ())]:
            raise Lost(f"row {number + 1} of stay {row['STAY']} is gone, and the stay is not held")


#: What a format writes between the start of a row and the text of its first cell.
_BEFORE = {"csv": "", "xml": "<row><STAY>", "json": '{"STAY": "'}


def _touched(target: Target, rows: Sequence[Mapping[str, str]], encoding: str, begin: int, end: int) -> set[int]:
    """Rows whose own bytes were changed; all of them where the damage lies before the first."""
    wide = encoding.replace("utf-16", "utf-16-le")
    whole = target.written(rows).encode(encoding)
    before = len(_BEFORE[target.name].encode(wide))
    starts = []
    for row in rows:
        line_at = whole.index(row["LINE"].encode(wide), starts[-1] if starts else 0)
        starts.append(whole.rindex(row["STAY"].encode(wide), 0, line_at) - before)
    if begin < starts[0]:
        return set(range(len(rows)))  # the names of columns, or what stands around all rows
    ends = [*starts[1:], len(whole)]
    between = len("\r\n".encode(wide))  # what stands between two rows belongs to both
    return {
        n for n, (first, last) in enumerate(zip(starts, ends, strict=True)) if begin <= last and end > first - between
    }


def check_messages(messages: Sequence[bytes], damage: Damage) -> None:
    """Damage a file of messages; each one untouched is kept word for word, or the file does not count as whole."""
    data, begin, end = damage.done_to(b"".join(messages))
    at, untouched = 0, []
    for message in messages:
        if end < at or begin > at + len(message):
            untouched.append(message)
        at += len(message)
    kept, whole = _kept(data)
    for message in untouched:
        if whole and message.decode().rstrip("\r") not in kept:
            raise Lost("a message is gone, and the file counts as whole")


def _kept(data: bytes) -> tuple[set[str], bool]:
    with TemporaryDirectory(prefix="fuzz-") as name:
        (Path(name) / "m.hl7").write_bytes(data)
        with stage_messages([Path(name)], message_shape(), MESSAGES_OF) as staged:
            kept = {each.text.rstrip("\r") for each in staged.messages()}
            for _ in staged.stays():
                pass
            return kept, all(file.complete for file in staged.files)


def _messages() -> list[bytes]:
    """Messages that are kept when nothing is wrong with their file."""
    found: dict[bytes, None] = {}
    for path in message_files():
        kept, _ = _kept(path.read_bytes())
        found.update(dict.fromkeys(text.encode() + b"\r" for text in sorted(kept)))
    return list(found)


def main(arguments: Sequence[str]) -> int:
    """Try until the time is up."""
    name, seconds = arguments[0], float(arguments[1])
    target = TARGETS[name]
    tried = 0
    known = _messages() if name == "hl7" else []

    if name == "hl7":

        @given(st.lists(st.sampled_from(known), min_size=2, max_size=6), damages(_MESSAGE_PARTS))
        def trial(messages: list[bytes], damage: Damage) -> None:
            nonlocal tried
            tried += 1
            check_messages(messages, damage)

    else:

        @given(tables(), st.sampled_from(ENCODINGS), damages(_TELLING))
        def trial(rows: list[dict[str, str]], encoding: str, damage: Damage) -> None:
            nonlocal tried
            tried += 1
            check_table(target, rows, encoding, damage)

    until, number = time.monotonic() + seconds, 0
    rounds = settings(
        max_examples=300,
        deadline=10_000,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    trial = rounds(trial)
    while time.monotonic() < until:
        seed(number)(trial)()
        number += 1
    print(tried)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
