"""Rows put aside on disk in parts, each to be read again by itself: partitions of one file (分区暂存).

What is put aside is gathered in memory and written in runs, each run holding some of every partition; so there is one
file however many partitions there are. Beside it stands where each of them begins in each run.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from types import TracebackType

#: Between two cells, and between two rows: XML allows neither in its text, and what holds them is written otherwise.
CELL, ROW = "\x1f", "\x1e"

#: Before a chunk: its layout, its rows, and how long its stay key and its text are.
_HEAD = Struct("<QQQQ")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of one stay and one layout that were put aside together.

    Attributes:
        numbers: of the rows within their file, as an array of 64 bits each.
        text: the rows, in UTF-8.
    """

    stay: str
    layout: int
    numbers: bytes
    text: bytes

    def packed(self) -> bytes:
        """The chunk as it is put aside."""
        stay = self.stay.encode(errors="surrogatepass")
        head = _HEAD.pack(self.layout, len(self.numbers), len(stay), len(self.text))
        return b"".join((head, stay, self.numbers, self.text))


def chunks(run: bytes) -> Iterator[Chunk]:
    """The chunks of a run, in order."""
    at = 0
    while at < len(run):
        layout, numbers, stay, text = _HEAD.unpack_from(run, at)
        at += _HEAD.size
        ends = (at + stay, at + stay + numbers, at + stay + numbers + text)
        stay_key = run[at : ends[0]].decode(errors="surrogatepass")
        yield Chunk(stay_key, layout, run[ends[0] : ends[1]], run[ends[1] : ends[2]])
        at = ends[2]


class Spill:
    """Writes partitions of bytes, or of numbers of 64 bits. A context manager."""

    def __init__(self, path: Path, partitions: int) -> None:
        self._path = path
        self._file = path.open("wb")
        self._at = 0
        self._offsets = array("Q")
        self.parts: list[list[bytes]] = [[] for _ in range(partitions)]
        self.numbers: list[array[int]] = [array("q") for _ in range(partitions)]

    def __enter__(self) -> Spill:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.flush()
        self._file.close()
        _index(self._path).write_bytes(self._offsets.tobytes())

    def flush(self) -> None:
        """Write what was gathered in ``parts`` or ``numbers`` as one run."""
        for parts, numbers in zip(self.parts, self.numbers, strict=True):
            self._offsets.append(self._at)
            if parts:
                data = b"".join(parts)
                parts.clear()
            else:
                data = numbers.tobytes()
                del numbers[:]
            self._at += self._file.write(data)
        self._offsets.append(self._at)


class Spilled:
    """Reads them again, one partition at a time."""

    def __init__(self, path: Path, partitions: int) -> None:
        self._path = path
        self._width = partitions + 1
        self._offsets = array("Q")
        self._offsets.frombytes(_index(path).read_bytes())

    def runs(self, partition: int) -> Iterator[bytes]:
        """What each run holds of a partition, in order; runs that hold nothing are left out."""
        with self._path.open("rb") as file:
            for start in range(partition, len(self._offsets), self._width):
                begins, ends = self._offsets[start], self._offsets[start + 1]
                if ends > begins:
                    file.seek(begins)
                    yield file.read(ends - begins)

    def chunks(self, partition: int) -> Iterator[Chunk]:
        """The chunks of a partition in the order in which they were put aside."""
        for run in self.runs(partition):
            yield from chunks(run)

    def numbers(self, partition: int) -> array[int]:
        """The numbers of a partition."""
        found = array("q")
        for run in self.runs(partition):
            found.frombytes(run)
        return found

    def size(self, partition: int) -> int:
        """Bytes of a partition."""
        starts = range(partition, len(self._offsets), self._width)
        return sum(self._offsets[start + 1] - self._offsets[start] for start in starts)


def _index(path: Path) -> Path:
    return path.with_name(f"{path.name}.index")
