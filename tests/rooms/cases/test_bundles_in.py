"""A hospital's own FHIR as cases: kept first, changed by a later Bundle, waiting, replayed, traced."""

from __future__ import annotations

from pathlib import Path

from adapter.cases.intake import Taken, ingest
from adapter.cases.lineage import case_lineage
from adapter.cases.masking import Shown
from adapter.cases.parked import replay
from adapter.cases.recording import Fate
from adapter.cases.tools import Tools
from adapter.fhir.canonical import decode
from adapter.fhir.provenance import provenance_bundle
from adapter.fhir.validation import validate
from tests.support.native import EXPORT, SOURCE, Resource, bundle, charge, ndjson, put, resources
from tests.support.office import act

CASE = f"{SOURCE}-V1"


def take(tools: Tools, folder: Path, *, dry_run: bool = False, **files: bytes) -> Taken:
    names = {name.replace("_", "."): content for name, content in files.items()}
    export = put(folder / "-".join(names), names)
    return ingest(SOURCE, [export], tools, act(tools), dry_run=dry_run)


def fates(taken: Taken) -> dict[str, Fate]:
    return {stay.stay_key: stay.fate for stay in taken.stays}


def newer(resource: Resource, version: int, **more: object) -> Resource:
    meta = {"versionId": str(version), "lastUpdated": f"2021-03-{10 + version}T08:00:00+08:00"}
    return {**resource, **more, "meta": meta}


def lines(tools: Tools) -> dict[str, str]:
    with tools.ledger.reading() as tx:
        rows = [decode(row.body) for row in tx.resources_of_case(CASE, ["ChargeItem"])]
    return {str(row["id"])[:8]: str(row["priceOverride"]["value"]) for row in rows}


def parked(tools: Tools) -> list[tuple[str | None, list[str]]]:
    with tools.ledger.reading() as tx:
        return [(row.stay_key, [issue.code for issue in row.issues if issue.stops]) for row in tx.parked(source=SOURCE)]


def test_a_later_bundle_may_bring_one_changed_charge_alone(tools: Tools, tmp_path: Path) -> None:
    assert fates(take(tools, tmp_path, a_json=bundle(*resources()))) == {"V1": Fate.OPENED}
    assert fates(take(tools, tmp_path, a_json=bundle(*resources()))) == {"V1": Fate.UNCHANGED}
    assert sorted(lines(tools).values()) == ["-20.00", "20.00", "20.00"]
    changed = take(tools, tmp_path, b_json=bundle(newer(charge(1, "30.00"), 2)), c_ndjson=ndjson(charge(4, "1.50")))
    assert fates(changed) == {"V1": Fate.CHANGED}
    assert sorted(lines(tools).values()) == ["-20.00", "1.50", "20.00", "30.00"]
    older = take(tools, tmp_path, d_json=bundle(newer(charge(1, "25.00"), 1)))
    assert fates(older) == {"V1": Fate.UNCHANGED}


def test_a_dry_run_sees_what_was_kept_and_keeps_nothing(tools: Tools, tmp_path: Path) -> None:
    late = bundle(newer(charge(1, "30.00"), 2))
    looked = take(tools, tmp_path, dry_run=True, a_json=late)
    assert fates(looked) == {"Encounter/E1": Fate.PARKED}
    take(tools, tmp_path, b_json=bundle(*resources()))
    looked = take(tools, tmp_path, dry_run=True, a_json=late)
    assert fates(looked) == {"V1": Fate.OPENED} and "30.00" not in lines(tools).values()


def test_charges_that_come_before_their_stay_wait_for_it(tools: Tools, tmp_path: Path) -> None:
    early = take(tools, tmp_path, a_json=bundle(*resources()[3:]))
    assert fates(early) == {"Encounter/E1": Fate.PARKED} and parked(tools) == [("Encounter/E1", ["SRC-175"])]
    assert fates(take(tools, tmp_path, b_json=bundle(*resources()[:3]))) == {"V1": Fate.OPENED}
    assert parked(tools) == [] and len(lines(tools)) == 3


def test_what_was_parked_is_replayed_with_all_that_came_since(tools: Tools, tmp_path: Path) -> None:
    stay = resources()
    broken = {**stay[3], "priceOverride": {"value": 20, "currency": "USD"}}
    assert fates(take(tools, tmp_path, a_json=bundle(*stay[:3], broken))) == {"V1": Fate.PARKED}
    with tools.ledger.reading() as tx:
        (waiting,) = tx.parked(source=SOURCE)
    assert replay(waiting.id, tools, act(tools)).fate is Fate.PARKED
    assert fates(take(tools, tmp_path, b_json=bundle(newer(stay[3], 2)))) == {"V1": Fate.OPENED}
    assert parked(tools) == []


def test_a_line_that_cannot_be_read_holds_its_stay_until_the_file_comes_again(tools: Tools, tmp_path: Path) -> None:
    bad = b'{"resourceType": "ChargeItem", "id": "C9", "id": "C9", "context": {"reference": "Encounter/E1"}}\n'
    held = take(tools, tmp_path, a_json=bundle(*resources()), b_ndjson=bad)
    assert fates(held) == {"V1": Fate.PARKED}
    mended = take(tools, tmp_path / "again", b_ndjson=ndjson(charge(9, "3.00")))
    assert fates(mended) == {"V1": Fate.OPENED} and parked(tools) == []


def test_strange_resources_are_parked_by_themselves(tools: Tools, tmp_path: Path) -> None:
    strange = {"resourceType": "NutritionOrder", "id": "N1", "encounter": {"reference": "Encounter/E1"}}
    taken = take(tools, tmp_path, a_json=bundle(*resources(), strange))
    assert fates(taken) == {"V1": Fate.OPENED} and taken.stopped
    assert parked(tools) == [(None, ["SRC-171"])]
    with tools.ledger.reading() as tx:
        (row,) = tx.parked(source=SOURCE)
    assert row.place == "a.json#7/NutritionOrder/N1"


def test_a_stay_moves_as_its_encounter_says(tools: Tools, tmp_path: Path) -> None:
    stay = resources()
    stay[1] |= {"status": "in-progress", "period": {"start": "2021-03-05T14:30:00+08:00"}}
    take(tools, tmp_path, a_json=bundle(*stay))
    assert fates(take(tools, tmp_path, b_json=bundle(newer(stay[1], 2, status="cancelled")))) == {"V1": Fate.CHANGED}
    with tools.ledger.reading() as tx:
        row = tx.case(CASE)
    assert row is not None and str(row.stay) == "cancelled"


def test_lineage_leads_to_the_hospitals_own_element_and_back(tools: Tools, tmp_path: Path) -> None:
    ingest(SOURCE, [EXPORT], tools, act(tools))
    case = f"{SOURCE}-202100003"
    amounts = case_lineage(case, tools, path="ChargeItem.priceOverride.value").elements
    assert amounts and all(each.as_stored for each in amounts)
    pointers = {each.line.sources[0].pointer for each in amounts}
    changed = "stay-3b.json#4/ChargeItem/TH0003-006.priceOverride.value"
    assert changed in pointers and not any("stay-3a.json" in each and "TH0003-006" in each for each in pointers)
    touched = case_lineage(case, tools, field="Encounter.identifier[0].value").elements
    assert {each.line.path for each in touched} == {"Encounter.identifier[0].value", "Encounter.identifier[2]"}
    found = case_lineage(case, tools)
    shown = found.as_json(Shown(found.personal, reveal=False))
    assert "测试同" not in str(shown) and "999999197005060011" not in str(shown)
    assert "测试同" in str(found.as_json(Shown(found.personal, reveal=True)))


def test_lineage_as_provenance_passes_the_validator(tools: Tools, tmp_path: Path) -> None:
    ingest(SOURCE, [EXPORT], tools, act(tools))
    made = provenance_bundle(case_lineage(f"{SOURCE}-202100001", tools).provenances())
    assert made["total"] > 200 and validate([made]) == []
    nothing = provenance_bundle([])
    assert nothing["total"] == 0 and validate([nothing]) == []
