"""What a hospital posts, resource by resource: the same case as from a file, versions, conditions, atomic, no loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from threading import Barrier

import pytest

from adapter.cases.arrivals import go_on
from adapter.cases.intake import ingest
from adapter.cases.resources_in import take, write
from adapter.cases.resources_in_plan import Change
from adapter.cases.tools import Tools
from adapter.fhir.canonical import decode
from adapter.fhir.identity import resource_id
from adapter.fhir.posted import WRITABLE, as_kept, case_id_of, referring
from adapter.intake.mapping import load_mapping
from adapter.ledger.ledger import Ledger
from adapter.model.case import Actor
from adapter.model.issues import AdapterError
from adapter.wiring import INDEXER
from tests.support import native
from tests.support.intake import MAPPINGS
from tests.support.native import SOURCE, Resource, charge, resources
from tests.support.office import TestClock, act, office
from tests.support.posted import case_resources, entries, post, posted, put
from tests.support.postgres import postgres

__all__ = ["postgres"]

PERSON = "identifier=https://fhir.tianhu.example/sid/person|K1"


@pytest.fixture(scope="module")
def from_a_file(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], bytes]:
    """The case that one Bundle file makes."""
    folder = tmp_path_factory.mktemp("file")
    with office(folder, {}, clock=TestClock()) as tools:
        take_file(tools, folder / "in", *resources())
        return case_resources(tools)


def take_file(tools: Tools, folder: Path, *inside: Resource) -> None:
    ingest(SOURCE, [native.put(folder, {"a.json": native.bundle(*inside)})], tools, act(tools))


def codes(error: pytest.ExceptionInfo[AdapterError]) -> list[str]:
    return [issue.code for issue in error.value.issues]


def together(tools: Tools) -> None:
    write_all(tools, entries(*resources()))


def write_all(tools: Tools, changes: list[Change]) -> list[str]:
    written = write(SOURCE, changes, tools, act(tools))
    go_on(tools, Actor("service", "service"))
    return [f"{each.kind}/{each.id}" for each in written.placed]


def test_a_hospital_may_write_what_a_stay_is_made_of() -> None:
    found = load_mapping(MAPPINGS, SOURCE).native
    assert found is not None and set(WRITABLE) == set(found.shape.used)


@pytest.mark.parametrize(
    "way",
    [
        lambda tools: post(tools, *resources()),
        lambda tools: post(tools, *reversed(resources())),
        lambda tools: put(tools, *reversed(resources())),
        lambda tools: (put(tools, *resources()[::2]), post(tools, *resources()[1::2])),
        together,
    ],
    ids=["posts", "posts in reverse", "puts in reverse", "both", "a transaction"],
)
def test_a_stay_built_up_bit_by_bit_is_the_stay_of_one_file(
    tools: Tools, from_a_file: dict[tuple[str, str], bytes], way: Callable[[Tools], object]
) -> None:
    way(tools)
    assert case_resources(tools) == from_a_file
    with tools.ledger.reading() as tx:
        assert tx.parked(source=SOURCE) == [] and tx.arrivals_open() == []


def test_a_charge_waits_for_its_stay(tools: Tools) -> None:
    put(tools, charge(1))
    with tools.ledger.reading() as tx:
        [waiting] = tx.parked(source=SOURCE)
    assert (waiting.stay_key, [issue.code for issue in waiting.issues]) == ("Encounter/E1", ["SRC-175"])
    put(tools, *resources()[:3])
    with tools.ledger.reading() as tx:
        assert tx.parked(source=SOURCE) == []
    assert len([name for name in case_resources(tools) if name[0] == "ChargeItem"]) == 1


def test_what_was_answered_is_taken_in_after_a_crash(tools: Tools, from_a_file: dict[tuple[str, str], bytes]) -> None:
    for each in resources():
        write(SOURCE, [Change(each["resourceType"], each)], tools, act(tools))  # and the process ends here each time
    assert case_resources(tools) == {}
    assert go_on(tools, Actor("service", "service")) == len(resources())
    assert case_resources(tools) == from_a_file
    assert go_on(tools, Actor("service", "service")) == 0


def test_what_is_read_back_is_what_was_posted(tools: Tools) -> None:
    patient = {
        **resources()[0],
        "telecom": [{"system": "phone", "value": "0"}],
        "meta": {"versionId": "7", "profile": ["urn:x"]},
    }
    [placed] = post(tools, patient)
    found = posted(tools, "Patient", placed.id)
    assert found is not None and placed.created and placed.version == 1
    meta = found.pop("meta")
    assert found == {**{name: each for name, each in patient.items() if name != "meta"}, "id": placed.id}
    assert meta.keys() == {"profile", "tag"}
    assert placed.id == resource_id(SOURCE, "Patient", "P1") == case_id_of({**found, "meta": meta})


def test_without_an_id_every_post_is_a_new_resource(tools: Tools) -> None:
    nameless = {name: each for name, each in charge(1).items() if name != "id"}
    first, second = post(tools, nameless, nameless)
    assert first.id != second.id and first.created and second.created


def test_the_hospitals_own_id_is_created_once(tools: Tools) -> None:
    post(tools, charge(1))
    with pytest.raises(AdapterError) as error:
        post(tools, charge(1))
    assert codes(error) == ["FHIR-288"]
    put(tools, charge(2))
    with pytest.raises(AdapterError) as error:
        post(tools, charge(2))
    assert codes(error) == ["FHIR-288"]


def test_a_later_file_and_a_post_are_one_charge(tools: Tools, tmp_path: Path) -> None:
    post(tools, *resources())
    take_file(tools, tmp_path / "in", *resources())
    assert len([name for name in case_resources(tools) if name[0] == "ChargeItem"]) == 3


def test_versions(tools: Tools) -> None:
    put(tools, *resources()[:3])
    [first], [same], [second] = put(tools, charge(1)), put(tools, charge(1)), put(tools, charge(1, "30.00"), version=1)
    assert [(each.version, each.created, each.changed) for each in (first, same, second)] == [
        (1, True, True),
        (1, False, False),
        (2, False, True),
    ]
    for stale in (1, 3):
        with pytest.raises(AdapterError) as error:
            put(tools, charge(1, "40.00"), version=stale)
        assert codes(error) == ["FHIR-287"]
    with pytest.raises(AdapterError) as error:
        put(tools, charge(9), version=1)
    assert codes(error) == ["FHIR-287"]
    assert b"30.00" in case_resources(tools)["ChargeItem", resource_id(SOURCE, "ChargeItem", "C1")]


def test_a_later_version_counts_although_the_clock_went_back(tools: Tools) -> None:
    put(tools, *resources()[:3], charge(1, "30.00"))
    clock = tools.clock
    assert isinstance(clock, TestClock)
    clock.moment -= timedelta(hours=1)
    put(tools, charge(1, "40.00"))
    assert b"40.00" in case_resources(tools)["ChargeItem", resource_id(SOURCE, "ChargeItem", "C1")]


def test_an_active_payment_keeps_what_it_says(tools: Tools) -> None:
    payment: Resource = {
        "resourceType": "PaymentReconciliation",
        "id": "R1",
        "status": "active",
        "created": "2021-03-05T14:30:00+08:00",
        "paymentDate": "2021-03-05",
        "paymentAmount": {"value": Decimal("100.00"), "currency": "CNY"},
    }
    put(tools, payment)
    with pytest.raises(AdapterError) as error:
        put(tools, {**payment, "paymentAmount": {"value": Decimal("90.00"), "currency": "CNY"}})
    assert all(code.startswith("FHIR-") for code in codes(error)) and "paymentAmount" in error.value.issues[0].en
    [gone] = put(tools, {**payment, "status": "cancelled"})
    assert gone.version == 2


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"status": "bogus"}, "FHIR-113"),
        ({"context": None}, "FHIR-"),
        ({"resourceType": "Patient"}, "FHIR-283"),
        ({"extension": [{"url": "urn:x", "extension": [{"url": "urn:y"}] * 2}] * 2}, "FHIR-"),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_kept(tools: Tools, wrong: Resource, code: str) -> None:
    resource = {name: each for name, each in {**charge(1), **wrong}.items() if each is not None}
    with pytest.raises(AdapterError) as error:
        write(SOURCE, [Change("ChargeItem", resource)], tools, act(tools))
    assert all(each.startswith(code) for each in codes(error))
    with tools.ledger.reading() as tx:
        assert tx.arrivals_open() == []


def test_a_charge_names_its_stay_and_no_resource_is_bottomless(tools: Tools) -> None:
    of_nobody = {name: each for name, each in charge(1).items() if name != "context"}
    deep: Resource = {"url": "urn:x", "valueString": "x"}
    for _ in range(40):
        deep = {"url": "urn:x", "extension": [deep]}
    for resource, code in ((of_nobody, "FHIR-282"), (charge(1, extension=[deep]), "FHIR-281")):
        with pytest.raises(AdapterError) as error:
            post(tools, resource)
        assert codes(error) == [code]


def test_conditions(tools: Tools) -> None:
    patient = resources()[0]
    nameless = {name: each for name, each in patient.items() if name != "id"}
    [first], [again] = post(tools, nameless, condition=PERSON), post(tools, nameless, condition=PERSON)
    assert (first.created, again.created, again.changed) == (True, False, False) and first.id == again.id
    [changed] = put(tools, {**nameless, "gender": "female"}, condition=PERSON)
    assert (changed.id, changed.version, changed.created) == (first.id, 2, False)
    [other] = put(tools, nameless, condition="identifier=urn:x|none")
    assert other.created and other.id != first.id
    for way in (post, put):
        with pytest.raises(AdapterError) as error:
            way(tools, nameless, condition=PERSON)  # now there are two
        assert codes(error) == ["FHIR-286"]
    with pytest.raises(AdapterError) as error:
        put(tools, {**patient, "id": "P9"}, condition="_id=" + first.id)
    assert codes(error) == ["FHIR-283"]


def test_a_person_that_a_file_brought_is_found_and_referred_to(tools: Tools, tmp_path: Path) -> None:
    patient, *rest = resources()
    take_file(tools, tmp_path / "in", patient, rest[0])
    [found] = post(tools, patient, condition=PERSON)
    assert not found.created and found.id == resource_id(SOURCE, "Patient", "P1")
    theirs = referring(rest[1], lambda text: f"Patient/{found.id}" if text == "Patient/P1" else text)
    put(tools, theirs)
    assert ("Coverage", resource_id(SOURCE, "Coverage", "K1")) in case_resources(tools)
    with pytest.raises(AdapterError) as error:
        put(tools, {**patient, "id": found.id})
    assert codes(error) == ["FHIR-289"]


def test_a_transaction_is_all_or_nothing(tools: Tools) -> None:
    bad = {**charge(2), "status": "bogus"}
    with pytest.raises(AdapterError) as error:
        write(SOURCE, entries(*resources()[:3], bad), tools, act(tools))
    assert error.value.issues[0].pointer.startswith("Bundle.entry[3].resource/")
    with tools.ledger.reading() as tx:
        assert tx.history("posted/Patient", resource_id(SOURCE, "Patient", "P1")) == []
        assert tx.arrivals_open() == []


def test_references_of_a_transaction(tools: Tools, from_a_file: dict[tuple[str, str], bytes]) -> None:
    calls = {
        "Patient/P1": "Patient?identifier=https://fhir.tianhu.example/sid/person|K1",
        "Encounter/E1": "urn:uuid:E1",
        "ChargeItem/C2": "urn:uuid:C2",
    }
    sent = [referring(each, lambda text: calls.get(text, text)) for each in resources()]
    names = write_all(tools, entries(*sent))
    assert case_resources(tools) == from_a_file
    found = posted(tools, "ChargeItem", resource_id(SOURCE, "ChargeItem", "C3"))
    assert found is not None and found["partOf"] == [{"reference": names[4]}]
    assert found["subject"] == {"reference": names[0]}
    for nowhere in ("Patient?identifier=urn:x|nobody", "urn:uuid:nobody"):
        with pytest.raises(AdapterError) as error:
            write(SOURCE, entries(charge(7, subject={"reference": nowhere})), tools, act(tools))
        assert codes(error) == ["FHIR-280"]


def test_one_resource_is_written_once_in_a_transaction(tools: Tools) -> None:
    with pytest.raises(AdapterError) as error:
        write(SOURCE, [*entries(charge(1)), *entries(charge(1))], tools, act(tools))
    assert codes(error) == ["FHIR-285"]
    nameless = {name: each for name, each in resources()[0].items() if name != "id"}
    twice = [Change("Patient", nameless, condition=PERSON, place=f"Bundle.entry[{n}].resource") for n in range(2)]
    first, second = write(SOURCE, twice, tools, act(tools)).placed
    assert first.id == second.id and first.created and not second.created


def test_more_than_a_thousand_entries(tools: Tools) -> None:
    names = write_all(tools, entries(*resources(*(charge(number) for number in range(1_200)))))
    assert len(names) == 1_203
    assert sum(kind == "ChargeItem" for kind, _ in case_resources(tools)) == 1_200


def test_a_tag_of_ours_is_nobody_elses_to_give() -> None:
    kept = as_kept(charge(1), "X", SOURCE, "C1", str)
    again = as_kept({**kept, "meta": {"tag": kept["meta"]["tag"] * 2}}, "X", SOURCE, "C2", str)
    assert [tag["code"] for tag in again["meta"]["tag"]] == ["C2"]


@pytest.fixture(params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tools]:
    """An office whose ledger several threads use."""
    with office(tmp_path, {}, clock=TestClock()) as tools:
        if request.param == "sqlite":
            yield tools
            return
        with Ledger.open(request.getfixturevalue("postgres").migrated(), indexer=INDEXER) as ledger:
            yield replace(tools, ledger=ledger)


def test_parallel_identical_conditional_creates_make_one_resource(shared: Tools) -> None:
    nameless = {name: each for name, each in resources()[0].items() if name != "id"}
    start = Barrier(4)

    def create(_: int) -> tuple[str, bool]:
        start.wait()
        [placed] = write(SOURCE, [Change("Patient", nameless, condition=PERSON)], shared, act(shared)).placed
        return placed.id, placed.created

    for _ in range(3):
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(create, range(4)))
        assert len({name for name, _ in found}) == 1
    assert sum(new for _, new in found) <= 1


def test_a_transaction_on_both_stores(shared: Tools, from_a_file: dict[tuple[str, str], bytes]) -> None:
    together(shared)
    put(shared, charge(1, "30.00", id=resource_id(SOURCE, "ChargeItem", "C1")))
    assert case_resources(shared).keys() == from_a_file.keys()


def test_the_ledger_can_be_made_anew_from_its_journal(tools: Tools) -> None:
    put(tools, *resources())
    before = posted(tools, "ChargeItem", "C1")
    tools.ledger.rebuild()
    assert posted(tools, "ChargeItem", "C1") == before and tools.ledger.verify() == []


def test_the_fixture_hospitals_files_may_as_well_be_posted(tools: Tools, tmp_path: Path) -> None:
    with office(tmp_path, {}, clock=TestClock(), name="file.db") as other:
        ingest(SOURCE, [native.EXPORT], other, act(other))
        cases = {f"{SOURCE}-20210000{number}" for number in range(1, 5)}
        wanted = {case: case_resources(other, case) for case in cases}
    for path in sorted(native.EXPORT.iterdir()):
        lines = path.read_bytes().splitlines() if path.suffix == ".ndjson" else []
        sent = [{"resource": decode(line)} for line in lines] or decode(path.read_bytes())["entry"]
        changes = [_own(each, number) for number, each in enumerate(sent) if _counts(each["resource"])]
        take([write(SOURCE, changes, tools, act(tools))], tools, act(tools))
    found = {case: case_resources(tools, case) for case in cases}
    assert {case: set(each) for case, each in found.items()} == {case: set(each) for case, each in wanted.items()}
    assert found == wanted


def _counts(resource: Resource) -> bool:
    """Whether it can be posted: the files also hold what is only parked or ignored."""
    of_nobody = resource["resourceType"] == "ChargeItem" and not {"context", "account"} & resource.keys()
    return resource["resourceType"] in WRITABLE and "id" in resource and not of_nobody


def _own(entry: Resource, number: int) -> Change:
    resource = entry["resource"]
    place = f"Bundle.entry[{number}].resource"
    called = entry.get("fullUrl", "")
    return Change(
        resource["resourceType"], resource, create=False, identity=resource["id"], full_url=called, place=place
    )
