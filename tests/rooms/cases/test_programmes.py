"""A programme shown: every blank with its article, open or filled in by the scheme."""

from __future__ import annotations

import pytest

from adapter.cases.programmes import programme_shown
from adapter.model.issues import AdapterError
from adapter.rules.programme import settings_of
from tests.support.office import policy_book

COUNTY = "county-plan-2021"


def test_without_a_scheme_every_blank_is_open() -> None:
    found = programme_shown(policy_book(), COUNTY)
    names = [each.name for each in settings_of(policy_book().programme(COUNTY))]
    assert [each["name"] for each in found["settings"]] == names
    assert found["open"] == len(names)
    assert all(each["cite"] and each["zh"] and each["en"] and each["needed_for"] for each in found["settings"])


def test_a_scheme_fills_in_what_it_says_and_nothing_else() -> None:
    book = policy_book()
    found = programme_shown(book, COUNTY, "test_county_plan")
    filled = {each["name"] for each in found["settings"] if each["value"] is not None}
    assert filled == {each["name"] for each in found["settings"]} & book.scheme("test_county_plan").settings.keys()
    assert found["open"] == len(found["settings"]) - len(filled)
    shown = {each["name"]: each for each in found["settings"]}
    assert (shown["prepayment_share"]["value"], shown["risk_self_pay"]["value"]) == ("0.90", None)
    assert shown["prepayment_share"]["set_by"].startswith("测试设定")
    switches = {each["name"]: each["value"] for each in found["switches"]}
    assert switches["facility_kinds"] == "county-general, township-centre, community-centre"  # the scheme's choice
    assert switches["rewards"] == "off"  # the default


@pytest.mark.parametrize(
    ("name", "scheme", "code"),
    [("nowhere", "", "POL-208"), (COUNTY, "nowhere", "POL-208"), (COUNTY, "test_hunan_two_calls", "PRG-305")],
)
def test_a_name_that_does_not_fit(name: str, scheme: str, code: str) -> None:
    with pytest.raises(AdapterError) as refused:
        programme_shown(policy_book(), name, scheme)
    assert refused.value.issues[0].code == code
