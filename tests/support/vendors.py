"""The fixture hospitals of every vendor: their exports read and mapped, and their goldens.

python -m tests.support.vendors --write [SOURCE …]     # after a change of a mapping; say in the commit why it changed
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from adapter.cases.mappings import staged_sample
from adapter.fhir.canonical import canonical
from adapter.fhir.facts import claim_facts
from adapter.fhir.identity import full_url
from adapter.intake.mapping import CheckReport, MappedStay, compile_mapping, load_mapping
from adapter.intake.reference import load_reference, load_window
from adapter.model.claim import Claim
from adapter.model.issues import Issue
from bench.synthetic.story import read_story
from tests.support.intake import FIXTURES, MAPPINGS


@dataclass(frozen=True)
class Hospital:
    """One fixture hospital: ``fixtures/his/<vendor>/<source>``."""

    vendor: str
    source: str

    @property
    def folder(self) -> Path:
        return FIXTURES / "his" / self.vendor / self.source

    @property
    def goldens(self) -> tuple[Path, ...]:
        return tuple(sorted((self.folder / "expected").glob("*.json")))

    @property
    def by_hand(self) -> Mapping[str, Any]:
        """What its bills come to, worked out by hand."""
        return dict(read_story(self.folder / "expected_by_hand.yaml"))

    @property
    def set_aside(self) -> Mapping[str, str]:
        """By place, the code of what reading finds in the export; nothing, where no page lists it."""
        page = self.folder / "expected_issues.yaml"
        return {place: str(code) for place, code in read_story(page).items()} if page.is_file() else {}


#: Hospitals whose exports are rows and whose goldens are bundles; the first fixture hospital has a story of its own
#: (test_stories.py), messages have theirs (tests/rooms/mapping/test_messages.py). All settle in test_walks.py.
HOSPITALS = tuple(
    Hospital(path.parents[1].name, path.parent.name)
    for path in sorted((FIXTURES / "his").glob("*/*/expected_by_hand.yaml"))
    if path.parents[1].name != "bsoft_phis" and not path.parents[1].name.startswith("hl7v2")
)


@dataclass(frozen=True)
class Export:
    """A hospital's whole export, mapped."""

    stays: Mapping[str, MappedStay]
    issues: tuple[Issue, ...]
    report: CheckReport


@cache
def mapped(hospital: Hospital) -> Export:
    mapping = load_mapping(MAPPINGS, hospital.source)
    mapper = compile_mapping(mapping)
    with staged_sample(mapping, [hospital.folder / "export"], MAPPINGS) as staged:
        stays = {records.stay_key: mapper.map(records) for records in staged.stays()}
        return Export(stays, staged.issues, mapper.check(staged.stays()))


def claim_of(hospital: Hospital, stay: str) -> tuple[Claim | None, Sequence[Issue]]:
    """The claim facts of a mapped stay."""
    folder = FIXTURES / "reference" / hospital.source
    return claim_facts(
        mapped(hospital).stays[stay].resources,
        case_id=f"{hospital.source}-{stay}",
        version=1,
        reference=load_reference(folder),
        window=load_window(folder / "window.yaml").get(stay),
    )


def bundle_of(stay: MappedStay) -> dict[str, Any]:
    """The HIS-side resources of a stay as a Bundle."""
    entries = [{"fullUrl": full_url(each["resourceType"], each["id"]), "resource": each} for each in stay.resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def golden_of(stay: MappedStay) -> bytes:
    """The bundle as a golden holds it: canonical, one resource a line, so that a change shows where it is."""
    return canonical(bundle_of(stay)).replace(b'{"fullUrl":', b'\n{"fullUrl":') + b"\n"


def write_goldens(hospitals: Sequence[Hospital]) -> None:
    for hospital in hospitals:
        folder = hospital.folder / "expected"
        folder.mkdir(exist_ok=True)
        for key, stay in mapped(hospital).stays.items():
            (folder / f"{key}.json").write_bytes(golden_of(stay))


if __name__ == "__main__":
    if sys.argv[1:2] != ["--write"]:
        sys.exit(__doc__)
    write_goldens([each for each in HOSPITALS if not sys.argv[2:] or each.source in sys.argv[2:]])
