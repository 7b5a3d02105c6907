"""The trap exports of the fixture hospitals: ``fixtures/his/<vendor>/<source>/traps``, and mappings changed for a test.

python -m tests.support.traps --write     # the goldens anew; say in the commit why they changed
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from adapter.intake.mapping import MappedStay, compile_mapping, load_mapping
from adapter.intake.readers import stage
from adapter.model.issues import Issue
from bench.synthetic.story import read_story
from tests.support.intake import FIXTURES, MAPPINGS
from tests.support.vendors import golden_of


@dataclass(frozen=True)
class Traps:
    """One hospital's trap export; its source says that newborns' lines go with the mother's bill."""

    vendor: str
    source: str

    @property
    def folder(self) -> Path:
        return FIXTURES / "his" / self.vendor / self.source / "traps"

    @property
    def expected(self) -> Mapping[str, Any]:
        return dict(read_story(self.folder / "expected.yaml"))


ALL = tuple(
    Traps(path.parents[2].name, path.parents[1].name)
    for path in sorted((FIXTURES / "his").glob("*/*/traps/expected.yaml"))
)


def changed_mappings(
    folder: Path, vendor: str, source: str, *changes: tuple[str, str, str], newborns: str = ""
) -> Path:
    """A copy of one vendor's mapping and one source, with texts replaced: file below ``mappings``, old, new."""
    shutil.copytree(MAPPINGS / "his" / vendor, folder / "his" / vendor)
    shutil.copytree(MAPPINGS / "sources", folder / "sources")
    if newborns:
        path = folder / "sources" / f"{source}.yaml"
        path.write_text(path.read_text("utf-8") + f"\nnewborns: {newborns}\n", "utf-8")
    for file, old, new in changes:
        text = (folder / file).read_text("utf-8")
        assert text.count(old) == 1, f"{file}: {old}"
        (folder / file).write_text(text.replace(old, new), "utf-8")
    return folder


def mapped_with(mappings: Path, source: str, export: Path) -> tuple[dict[str, MappedStay], tuple[Issue, ...]]:
    """Every stay of an export as these mappings make it, and the issues of reading."""
    mapping = load_mapping(mappings, source)
    mapper = compile_mapping(mapping)
    with stage([export], mapping.shape, source) as staged:
        return {records.stay_key: mapper.map(records) for records in staged.stays()}, staged.issues


@cache
def mapped(traps: Traps) -> dict[str, MappedStay]:
    with TemporaryDirectory() as folder:
        mappings = changed_mappings(Path(folder) / "mappings", traps.vendor, traps.source, newborns="with-mother")
        return mapped_with(mappings, traps.source, traps.folder / "export")[0]


def write_goldens() -> None:
    for traps in ALL:
        (traps.folder / "expected").mkdir(exist_ok=True)
        for key, stay in mapped(traps).items():
            (traps.folder / "expected" / f"{key}.json").write_bytes(golden_of(stay))


if __name__ == "__main__":
    if sys.argv[1:2] != ["--write"]:
        sys.exit(__doc__)
    write_goldens()
