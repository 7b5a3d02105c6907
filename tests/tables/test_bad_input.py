"""Damaged exports, read, mapped and checked: each fault is named with its place, and only its stay waits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapter.fhir.facts import claim_facts
from adapter.intake.mapping import compile_mapping, load_mapping
from adapter.intake.readers import stage
from adapter.intake.reference import load_reference, load_window
from adapter.model.issues import Issue, stopping
from adapter.model.person import masked
from bench.synthetic.damage import DAMAGES
from bench.synthetic.story import read_story
from tests.tables.decimal_oracle import FIXTURES, REFERENCE

BAD = FIXTURES / "his/bsoft_phis/bad"
MAPPING = load_mapping(FIXTURES.parent / "mappings", "qingshi_county")
MAPPER = compile_mapping(MAPPING)
BOOK = load_reference(REFERENCE)
WINDOW = load_window(REFERENCE / "window.yaml")


def walk(export: Path) -> tuple[list[Issue], dict[str, bool]]:
    """All issues of an export, and for each stay that it holds whether it goes on."""
    goes_on: dict[str, bool] = {}
    with stage([export], MAPPING.shape, MAPPING.source) as staged:
        found = list(staged.issues)
        for records in staged.stays():
            mapped = MAPPER.map(records)
            _, facts = claim_facts(
                mapped.resources,
                case_id=records.stay_key,
                version=1,
                reference=BOOK,
                window=WINDOW.get(records.stay_key),
            )
            own = [*records.issues, *mapped.issues, *facts]
            goes_on[records.stay_key] = not stopping(own)
            found += own
    return found, goes_on


def place(issue: Any) -> str:
    """``file#row/field``, as far as the expectation says it."""
    row = f"#{issue['row']}" if "row" in issue else ""
    field = f"/{issue['field']}" if "field" in issue else ""
    return f"{issue.get('file', '')}{row}{field}"


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_export(name: str) -> None:
    """The expected issues stand where they should; good stays go on, the others are held or not there at all."""
    expected = read_story(BAD / name / "expected.yaml")
    found, goes_on = walk(BAD / name / "export")
    for wanted in expected["issues"]:
        assert any(issue.code == wanted["code"] and issue.pointer.startswith(place(wanted)) for issue in found), (
            f"{wanted} not among {[str(issue) for issue in found]}"
        )
    assert sorted(key for key, on in goes_on.items() if on) == expected["go_on"]
    assert sorted(key for key, on in goes_on.items() if not on) == expected["held"]


@pytest.mark.parametrize("name", DAMAGES)
def test_issues_help_and_name_nobody(name: str) -> None:
    """Each issue that stops a stay has both languages and a hint; none shows a name, an ID number or a phone."""
    found, _ = walk(BAD / name / "export")
    people = read_story(BAD / "base.yaml")["persons"].values()
    for issue in stopping(found):
        assert issue.zh and issue.en and issue.hint_zh and issue.hint_en, issue.code
    for issue in found:
        for person in people:
            for private in (person["name"], person["id"], person["phone"]):
                assert private not in str(issue), masked(private)


def test_the_base_itself_is_good(tmp_path: Path) -> None:
    """Without damage all three stays go on and nothing is found: the damage makes the difference, not the base."""
    from bench.synthetic.story import rows_of
    from bench.synthetic.tables import Export

    with Export(tmp_path) as export:
        for table, row in rows_of(read_story(BAD / "base.yaml")):
            export.write(table, row)
    found, goes_on = walk(tmp_path)
    assert stopping(found) == ()
    assert goes_on == {"300090001": True, "300090002": True, "300090003": True}
