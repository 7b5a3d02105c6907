"""Window facts: what is absent is not established, and a wrong entry spoils its stay only."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from adapter.intake.reference import Window, load_window
from adapter.model.money import Money
from adapter.model.reference import Cause, DocumentKind
from tests.support.intake import FIXTURES


def window(folder: Path, text: str) -> Window:
    path = folder / "window.yaml"
    path.write_text(text, "utf-8")
    return load_window(path)


def found(facts: Window) -> list[tuple[str, str]]:
    return [(issue.code, issue.pointer) for issue in facts.issues]


def test_the_example_of_the_page_is_read(tmp_path: Path) -> None:
    page = (FIXTURES.parent / "docs/reference-data.md").read_text("utf-8")
    example = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert example is not None
    facts = window(tmp_path, example.group(1))
    assert found(facts) == []
    stay = facts["300012345"]
    assert (stay.cause, stay.emergency, stay.third_party) == (Cause.ILLNESS, False, False)
    assert (stay.settled_on, stay.third_party_amount) == (date(2021, 3, 12), Money(0))
    assert [document.kind for document in stay.documents][:2] == [
        DocumentKind.INSURANCE_CARD,
        DocumentKind.POVERTY_PROOF,
    ]
    assert stay.documents[2].year == 2021 and stay.consents == ("data-use",)


def test_what_is_absent_is_not_established(tmp_path: Path) -> None:
    stay = window(tmp_path, '"1": {}\n')["1"]
    assert (stay.cause, stay.emergency, stay.third_party, stay.settled_on, stay.documents) == (
        None,
        None,
        None,
        None,
        (),
    )


@pytest.mark.parametrize(
    ("entry", "code", "field"),
    [
        ("{cause: tired}", "REF-111", "/cause"),
        ("{emergency: maybe}", "REF-111", "/emergency"),
        ("{emergency: true}", "REF-111", "/emergency"),
        ("{third_party_amount: 1.005}", "REF-111", "/third_party_amount"),
        ("{third_party_amount: -1.00}", "REF-111", "/third_party_amount"),
        ("{settled_on: 12.3.2021}", "REF-111", "/settled_on"),
        ("{caus: illness}", "REF-111", "/caus"),
        ("{consents: data-use}", "REF-111", "/consents"),
        ("{documents: [{original: yes}]}", "REF-111", "/documents[0]/kind"),
        ("{documents: [{kind: passport}]}", "REF-111", "/documents[0]/kind"),
        ("{documents: [{kind: premium-receipt, year: 21}]}", "REF-111", "/documents[0]/year"),
        ("{cause: illness, cause: childbirth}", "REF-112", "/cause"),
        ("[]", "REF-111", ""),
    ],
)
def test_a_wrong_entry_spoils_its_stay_only(tmp_path: Path, entry: str, code: str, field: str) -> None:
    facts = window(tmp_path, f'"1": {entry}\n"2": {{cause: illness}}\n')
    assert found(facts) == [(code, f"window.yaml#1{field}")]
    assert list(facts) == ["2"]


def test_a_stay_that_stands_twice_has_no_facts(tmp_path: Path) -> None:
    facts = window(tmp_path, '"1": {cause: illness}\n"2": {}\n"1": {cause: fighting}\n')
    assert found(facts) == [("REF-112", "window.yaml#1")]
    assert list(facts) == ["2"]


@pytest.mark.parametrize("text", ["- a\n", "a: [\n", "just text\n"])
def test_what_is_no_window_file_is_an_issue(tmp_path: Path, text: str) -> None:
    assert found(window(tmp_path, text)) == [("REF-110", "window.yaml")]


def test_an_empty_and_a_missing_file(tmp_path: Path) -> None:
    assert found(window(tmp_path, "# nothing yet\n")) == []
    assert found(load_window(tmp_path / "none.yaml")) == [("REF-101", "none.yaml")]


def test_the_fixture_hospital_loads_without_an_issue() -> None:
    facts = load_window(FIXTURES / "reference/qingshi_county/window.yaml")
    assert facts.issues == () and len(facts) >= 12
