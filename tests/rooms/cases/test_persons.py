"""Whose stay it is, and whose line: newborns on the mother's stay, somebody unnamed, persons and stays corrected."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapter.cases import settle
from adapter.cases.intake import ingest
from adapter.cases.reading import his_resources
from adapter.cases.recording import Fate
from adapter.cases.tools import Tools
from adapter.fhir.canonical import decode
from adapter.fhir.identity import resource_id
from adapter.model.case import EntitlementState, StayState
from adapter.wiring import feeds
from bench.synthetic.story import write_export
from tests.support.intake import FIXTURES
from tests.support.office import (
    SOURCE,
    Story,
    act,
    case_id,
    codes,
    office,
    row_of,
    settle_case,
    settlement_of,
    story,
    take_in,
)
from tests.support.payers import Payers
from tests.support.traps import changed_mappings

MOTHER, POOR = "300010018", "300010002"


@pytest.fixture
def with_mother(tmp_path: Path, payers: Payers, empty_ledger: Path) -> Iterator[Tools]:
    """The hospital's source file says: newborns' lines go with the mother's bill."""
    shutil.copy(empty_ledger, tmp_path / "adapter.db")
    mappings = changed_mappings(tmp_path / "mappings", "bsoft_phis", SOURCE, newborns="with-mother")
    feed = feeds(mappings, FIXTURES / "reference")
    with office(tmp_path, payers.endpoints, clock=payers.clock, feed=feed) as opened:
        yield opened


def resources(tools: Tools, stay: str, kind: str) -> list[dict[str, object]]:
    with tools.ledger.reading() as tx:
        return [each for each in his_resources(tx, case_id(stay)) if each["resourceType"] == kind]


def patient(key: str) -> str:
    return f"Patient/{resource_id(SOURCE, 'Patient', key)}"


# -- newborns ----------------------------------------------------------------------------------------------------------


def test_newborns_lines_hold_the_stay_until_the_source_says_who_bears_them(tools: Tools, tmp_path: Path) -> None:
    (taken,) = take_in(tools, tmp_path, MOTHER).stays
    assert taken.fate is Fate.PARKED and set(codes(taken)) == {"MAP-109"}
    assert "newborns: with-mother" in taken.issues[0].en


def test_a_bill_with_a_newborns_lines_is_settled_as_the_mothers(with_mother: Tools, tmp_path: Path) -> None:
    tools = with_mother
    (taken,) = take_in(tools, tmp_path, MOTHER).stays
    assert taken.fate is Fate.OPENED
    mother, newborn = patient("88018"), patient(f"newborn:{MOTHER}:1")
    subjects = [each["subject"]["reference"] for each in resources(tools, MOTHER, "ChargeItem")]  # type: ignore[index]
    assert (subjects.count(mother), subjects.count(newborn), len(subjects)) == (21, 11, 32)
    (related,) = resources(tools, MOTHER, "RelatedPerson")
    assert related["patient"] == {"reference": newborn}
    settle_case(MOTHER, tools)
    assert settlement_of(MOTHER, tools).total.text == "2555.00"  # 1,850.00 + 5 × 93.00 + 20.00 + 200.00 + 20.00
    with tools.ledger.reading() as tx:
        made = {
            row.type: decode(row.body) for row in tx.resources_of_case(case_id(MOTHER), ("Invoice", "Claim", "Task"))
        }
    assert made["Invoice"]["subject"] == made["Claim"]["patient"] == {"reference": mother}
    assert len(made["Invoice"]["lineItem"]) == 32


# -- unnamed -----------------------------------------------------------------------------------------------------------


def unnamed(told: Story) -> None:
    """Brought in by the emergency service: no name, no card, no insurance."""
    nobody = {"name": "无名氏", "sex": "0", "born": "", "id": "", "nature": "1000", "record": "E0001"}
    told["persons"]["TMP20210303"] = nobody
    told["stays"][0]["person"] = "TMP20210303"


def test_who_is_identified_later_is_entitled_then(tools: Tools, tmp_path: Path) -> None:
    """The stay stays the same case; its person moves, entitlement is assessed anew, and what was is kept."""
    (taken,) = take_in(tools, tmp_path, POOR, changed=unnamed).stays
    assert "FHIR-197" in codes(taken) and row_of(POOR, tools).person_key == "TMP20210303"
    first = row_of(POOR, tools).entitlement
    assert first in (EntitlementState.PROVISIONAL, EntitlementState.REFUSED)
    (stand_in,) = resources(tools, POOR, "Patient")
    assert stand_in["name"] == [{"text": "无名氏", "use": "temp"}] and "birthDate" not in stand_in

    (again,) = take_in(tools, tmp_path, POOR).stays
    assert again.case_id == taken.case_id and "FHIR-197" not in codes(again)
    row = row_of(POOR, tools)
    assert (row.person_key, row.entitlement) == ("88002", EntitlementState.GRANTED)
    (identified,) = resources(tools, POOR, "Patient")
    assert f"Patient/{identified['id']}" == patient("88002")
    with tools.ledger.reading() as tx:
        history = tx.history("Patient", str(stand_in["id"]))
        kinds = [row.event.kind for row in tx.journal(case_id(POOR))]
    assert [each.deleted for each in history] == [False, True]
    assert kinds.count("case-opened") == 1 and "case-amended" in kinds
    settle_case(POOR, tools)


def test_a_stay_whose_person_was_wrong_is_corrected(tools: Tools, tmp_path: Path) -> None:
    """The wrong person picked at the desk: the next export names the right one, and every line follows."""

    def wrong(told: Story) -> None:
        told["stays"][0]["person"] = "88001"

    take_in(tools, tmp_path, POOR, changed=wrong)
    take_in(tools, tmp_path, POOR)
    subjects = {each["subject"]["reference"] for each in resources(tools, POOR, "ChargeItem")}  # type: ignore[index]
    assert row_of(POOR, tools).person_key == "88002" and subjects == {patient("88002")}


def test_a_stay_registered_twice_becomes_one(tools: Tools, tmp_path: Path) -> None:
    """The second registration is cancelled and its lines are booked on the first: each line is billed once."""
    first, twice = "300010004", "300010001"

    def still_there(told: Story) -> None:
        next(each for each in told["stays"] if each["key"] == twice)["state"] = "0"

    take_in(tools, tmp_path, first, twice, changed=still_there)
    before = [len(resources(tools, stay, "ChargeItem")) for stay in (first, twice)]

    def cancelled(told: Story) -> None:
        stay = next(each for each in told["stays"] if each["key"] == twice)
        stay["state"] = "99"

    told = story(first, twice)
    cancelled(told)
    export = tmp_path / "merged"
    write_export(told, export)
    lines = export / "ZY_FYMX.xml"
    content = lines.read_bytes()
    lines.write_bytes(content.replace(twice.encode(), first.encode()))
    ingest(SOURCE, [export], tools, act(tools, "merged"))
    assert [len(resources(tools, stay, "ChargeItem")) for stay in (first, twice)] == [sum(before), 0]
    with tools.ledger.reading() as tx:
        assert tx.state(case_id(twice), "stay") is StayState.CANCELLED
    with pytest.raises(Exception, match="CASE-"):
        settle.start_trial(case_id(twice), tools, act(tools, "trial"))
