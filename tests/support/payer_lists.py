"""The simulated bureau's own item lists, one per hospital, and what of a hospital's catalogue they must agree with.

python -m tests.support.payer_lists --write [SOURCE …]    # after a change of fixtures/reference/<source>/items.csv

A bureau keeps its own files: it never reads a hospital's. Here both were agreed on beforehand (三目录对照), so that a
difference between the two is an edit that somebody forgot; ``test_walks.py`` compares them.
"""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

from bench.synthetic.story import read_story
from tests.support.intake import FIXTURES, MAPPINGS

ENDPOINTS = FIXTURES / "endpoints"
COLUMNS = (
    *("code", "name", "item_class", "national_code", "self_share"),
    *("limit_township", "limit_primary", "limit_secondary", "limit_tertiary", "limit_provincial"),
    *("valid_from", "valid_to"),
)


def facility_of(source: str) -> str:
    """The national code by which payers know a source's hospital."""
    return str(read_story(MAPPINGS / "sources" / f"{source}.yaml")["facility"]["national_code"])


def sources() -> list[str]:
    """Sources whose dated facts the fixtures hold."""
    return sorted(path.parent.name for path in (FIXTURES / "reference").glob("*/items.csv"))


def list_of(source: str) -> str:
    """The hospital's catalogue as the bureau's list holds it: no flags, no programme groups."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    with (FIXTURES / "reference" / source / "items.csv").open(encoding="utf-8", newline="") as lines:
        writer.writerows(csv.DictReader(lines))
    return text.getvalue()


def kept_list(source: str) -> Path:
    return ENDPOINTS / "items" / f"{source}.csv"


if __name__ == "__main__":
    if sys.argv[1:2] != ["--write"]:
        sys.exit(__doc__)
    for each in sys.argv[2:] or sources():
        kept_list(each).write_text(list_of(each), encoding="utf-8")
