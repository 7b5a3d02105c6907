"""Each hospital's codes are read in that hospital's own list."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.counterparts import Counterpart
from tests.support.wire_bodies import CANON, claim_bundle, figures, line, load, responses, submit

KEY = "CASE-1.v1.insurance.settle"


def told_by(facility: str, *lines: dict[str, Any]) -> dict[str, Any]:
    """A claim of another hospital."""
    bundle = claim_bundle(KEY, lines, subscriber="T90300001")
    (hospital,) = [e["resource"] for e in bundle["entry"] if e["resource"]["id"] == "hospital"]
    hospital["identifier"] = [{"system": f"{CANON}/sid/facility", "value": facility}]
    return bundle


@pytest.mark.parametrize(
    ("facility", "first"),
    [("H99990100001", "0.00"), ("H99990700001", "26.00")],  # 2104: 心电图 class A there, CT class B here
)
def test_a_code_means_what_it_means_in_its_hospital(bureau: Counterpart, facility: str, first: str) -> None:
    answer = load(submit(bureau.fhir, told_by(facility, line("2104", "260.00"))).content)
    assert figures(responses(answer)[0])["pre-self-pay"] == first


def test_a_hospital_without_a_list_is_refused(bureau: Counterpart) -> None:
    answer = load(submit(bureau.fhir, told_by("H00000000000", line("2104", "260.00"))).content)
    assert answer["error"][0]["code"]["coding"][0]["code"] == "hospital-unknown"
    assert bureau.state()["settled"] == 0
