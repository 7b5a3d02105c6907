"""Lines of a text file, one at a time, each no longer than a row may be (逐行读取)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from adapter.intake.readers.encoding import Sniffed
from adapter.intake.readers.rows import BrokenFile

_BREAKS = ("\n", "\r")

#: What may stand after the last line of a whole file: blanks, and the mark that DOS programs end a text with.
_AFTER_THE_END = " \t\x1a"


@dataclass(frozen=True, slots=True)
class Line:
    """One physical line.

    Attributes:
        number: 1-based.
        text: with its line break, as it stands.
        whole: False when only its beginning is here, because the line is longer than a row may be.
        ended: a line break closes it; the last line of a file that was cut has none.
    """

    number: int
    text: str
    whole: bool = True
    ended: bool = True

    @property
    def content(self) -> str:
        """Without the line break."""
        return self.text.rstrip("\r\n")


def read_lines(path: Path, sniffed: Sniffed, longest: int) -> Iterator[Line]:
    """Every line of the file; what stands beyond ``longest`` characters of a line is skipped and the line marked.

    Raises:
        BrokenFile: the file ends in the middle of a character; the lines before have been given.
    """
    number = 0
    with path.open(encoding=sniffed.encoding, newline="") as file:
        try:
            while text := file.readline(longest):
                number += 1
                if number == 1:
                    text = text.lstrip("\ufeff")
                last = text
                while not last.endswith(_BREAKS) and (more := file.readline(longest)):
                    last = more
                ended = last.endswith(_BREAKS)
                if ended or text.strip(_AFTER_THE_END):
                    yield Line(number, text, last is text, ended)
        except UnicodeDecodeError:
            raise BrokenFile(number + 1) from None
