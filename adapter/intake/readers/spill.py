"""Rows put aside on disk in parts, each to be read again by itself: partitions of one file (分区暂存).

What is put aside is gathered in memory and written in runs, each run holding some of every partition; so there is one
file however many partitions there are. Beside it stands where each of them begins in each run.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

#: Between two cells, and after a row: XML allows neither in its text, and text that holds them is written otherwise.
CELL, ROW = "\x1f", "\x1e"


class Spill:
    """Writes partitions of texts, or of numbers of 64 bits. A context manager."""

    def __init__(self, path: Path, partitions: int) -> None:
        self._path = path
        self._file = path.open("wb")
        self._at = 0
        self._offsets = array("Q")
        self.rows: list[list[str]] = [[] for _ in range(partitions)]
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
        """Write what was gathered in ``rows`` or ``numbers`` as one run."""
        for rows, numbers in zip(self.rows, self.numbers, strict=True):
            self._offsets.append(self._at)
            if rows:
                rows.append("")
                data = ROW.join(rows).encode()
                rows.clear()
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

    def rows(self, partition: int) -> Iterator[str]:
        """The texts of a partition in the order in which they were put aside."""
        for run in self.runs(partition):
            texts = run.decode().split(ROW)
            texts.pop()
            yield from texts

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
