"""The formats that readers know, by the name that a mapping gives them: one function each, and its files' suffixes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from adapter.intake.readers.csv_files import read_csv
from adapter.intake.readers.encoding import Sniffed
from adapter.intake.readers.fixed_width import read_fixed_width
from adapter.intake.readers.json_files import read_json
from adapter.intake.readers.rows import Row
from adapter.intake.readers.xml_files import read_xml
from adapter.model.source import ExportShape, TableShape

#: Reads one file of one table. Raises FileRefused or BrokenFile.
ReadFile = Callable[[Path, Sniffed, ExportShape, TableShape], Iterator[Row]]


@dataclass(frozen=True, slots=True)
class Format:
    """A format of files.

    Attributes:
        read: gives the rows of a file.
        suffixes: which files of a folder are taken, in lower case.
    """

    read: ReadFile
    suffixes: tuple[str, ...]


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "xml_files": Format(read_xml, (".xml",)),
        "csv_files": Format(read_csv, (".csv", ".tsv", ".txt")),
        "json_files": Format(read_json, (".json", ".ndjson", ".jsonl")),
        "fixed_width": Format(read_fixed_width, (".txt", ".dat", ".prn")),
    }
)


def files_of(paths: Iterable[Path], shape: ExportShape) -> list[Path]:
    """The files named, and of the folders named those that this shape's reader takes; each once, by name."""
    suffixes = FORMATS[shape.reader].suffixes
    found: dict[Path, None] = {}
    for path in paths:
        inside = (each for each in path.iterdir() if each.suffix.lower() in suffixes) if path.is_dir() else (path,)
        found.update(dict.fromkeys(inside))
    return sorted(found, key=lambda file: (file.name, str(file)))
