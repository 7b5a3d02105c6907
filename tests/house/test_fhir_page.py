"""docs/wire-fhir.md is what the code says, and says a word of every element that is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from adapter.fhir.answers import answers_from, remittance_from, year_to_date_from
from adapter.fhir.canonical import decode
from adapter.model.issues import AdapterError
from adapter.model.money import Money
from adapter.model.settlement import Payer
from adapter.payers.delivery.endpoints.fhir.definitions import STATUSES, Verdict, verdict
from tests.house.fhir_page import FHIR_PAGE, NEVER_TRIED, WORDS, columns
from tests.house.pages import guide_page


def test_the_page_is_what_the_code_says() -> None:
    page = guide_page()
    assert FHIR_PAGE.read_text("utf-8") == page, "run `make docs`"
    assert NEVER_TRIED in page


def test_every_element_of_a_claim_is_explained() -> None:
    words = WORDS.read_text("utf-8")
    sent = set[str]().union(*(may for _, may in columns().values()))
    claims = {each.split(".", 1)[1] for each in sent if each.startswith("Claim.")}
    names = {each.partition(" `")[2].rstrip("`") or each for each in claims}
    assert [name for name in sorted(names) if f"`{name}`" not in words and f"`{name}[" not in words] == []


def test_the_least_data_of_section_8() -> None:
    may = {message: found for message, (_, found) in columns().items()}
    for message, found in may.items():
        demographics = {"Patient.gender", "Patient.birthDate"} & found
        assert bool(demographics) is (message in ("insurance: trial", "insurance: settle"))
        assert not {each for each in found if each.startswith(("Patient.name", "Patient.telecom", "Patient.address"))}
        if message.startswith("aid office"):
            assert not {each for each in found if each.startswith(("Encounter.", "Condition."))}


def _answers() -> Mapping[str, Any]:
    """The answers that the page shows, by their first words."""
    shown = WORDS.read_text("utf-8").partition("What comes back")[2]
    found = re.findall(r"\n\n([A-Z][^\n]*):\n\n```json\n(.*?)```", shown, re.DOTALL)
    return {title.partition(" ")[0]: decode(text.encode()) for title, text in found}


def test_the_answers_shown_are_read_as_the_adapter_reads_them() -> None:
    shown = _answers()
    key = "qingshi_county-300012345.v1.insurance.settle"
    (settled,) = answers_from(shown["Answer"], (Payer.BASIC,), key=key)
    assert (settled.amount, settled.reference) == (Money.yuan("300.00"), "YB2026-000731-1")
    with pytest.raises(AdapterError, match="not covered on 2021-03-12"):
        answers_from(shown["Refusal"], (Payer.BASIC,), key=key)
    year = year_to_date_from(shown["Year-to-date"])
    assert (year.year, dict(year.amounts)["basic.paid"]) == (2021, Money.yuan("1200.00"))
    day = remittance_from(shown["Totals"], [], endpoint="bureau", day=date(2021, 3, 12))
    assert (day.count, day.total) == (1, Money.yuan("300.00"))
    assert shown["An"]["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    ("status", "challenge", "says"),
    [
        (200, "", Verdict.READ),
        (201, "", Verdict.READ),
        (302, "", Verdict.TELLS_NOTHING),
        (400, "", Verdict.REFUSED),
        (401, "", Verdict.SHUT_OUT),
        (403, "", Verdict.REFUSED),
        (403, 'Bearer error="insufficient_scope"', Verdict.SHUT_OUT),
        (408, "", Verdict.TELLS_NOTHING),
        (409, "", Verdict.REFUSED),
        (425, "", Verdict.TELLS_NOTHING),
        (429, "", Verdict.TELLS_NOTHING),
        (500, "", Verdict.TELLS_NOTHING),
        (599, "", Verdict.TELLS_NOTHING),
    ],
)
def test_what_a_status_says(status: int, challenge: str, says: Verdict) -> None:
    assert verdict(status, challenge) is says


def test_every_status_has_a_row() -> None:
    assert {verdict(status) for status in range(100, 1000)} == set(Verdict)
    assert len({each.shown for each in STATUSES}) == len(STATUSES)
