"""A FHIR server of others (HAPI's JPA server on H2 in memory) keeps the books of an aid office, and the promises hold.

The promises are those of ``tests/promises``, collected once more with this server as their subject.
"""

from __future__ import annotations

import copy
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from threading import Event
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx
import pytest

from adapter.cases.fhir_package import fhir_package
from adapter.cases.translation import maps_of
from adapter.fhir.aid import WHOLE_BILL
from adapter.fhir.canonical import decode
from adapter.fhir.identity import CANON
from adapter.fhir.package.archive import packed
from adapter.fhir.posted import references_in
from adapter.intake.mapping import source_names
from adapter.model.call import CallFacts
from adapter.model.messages import OutboundMessage, Outcome, Stage
from adapter.model.money import Money
from adapter.settings import data_folder
from tests.conformance.examples import FOLDER as EXAMPLES
from tests.conformance.office import Kept, asked, emptied, office_endpoint, office_server, posted, resources
from tests.conformance.sending import sending
from tests.promises import test_endpoint_promises as promises
from tests.promises.counters import facts_for
from tests.promises.test_network_promises import in_the_end_it_counts_once, nothing_is_known
from tests.support.counterparts import Counterpart
from tests.support.line import Line
from tests.support.office import FACILITY

pytestmark = pytest.mark.slow

Json = dict[str, Any]

NAME = "fhir aid"
#: The promises that every endpoint keeps, with this server's subject.
PROMISES = (
    promises.test_every_payer_of_the_call_answers_once,
    promises.test_the_same_message_again_after_a_look_has_one_effect,
    promises.test_a_look_has_no_effect_and_sees_what_is_not_there,
    promises.test_a_look_tells_what_the_answer_told,
    promises.test_what_is_not_seen_yet_is_not_sent_again_before_the_longest_delay,
    promises.test_a_trial_and_a_question_have_no_effect,
    promises.test_a_statement_says_what_was_settled,
    promises.test_a_reversal_is_equal_and_opposite_and_happens_once,
    promises.test_a_refusal_says_why_and_has_no_effect,
    promises.test_an_answer_of_another_claim_is_not_taken,
)
globals().update({each.__name__: each for each in PROMISES})


@pytest.fixture(scope="module")
def server() -> Iterator[Counterpart]:
    with office_server() as running:
        yield running


@pytest.fixture(scope="module")
def facts() -> CallFacts:
    return facts_for(NAME)


@contextmanager
def at(address: str, server: Counterpart, facts: CallFacts, **config: Any) -> Iterator[Kept]:
    """A subject whose endpoint is pointed at an address that leads to the server."""
    endpoint = office_endpoint(address, **config)
    yield Kept(NAME, endpoint, facts, server=server)
    endpoint.close()


@pytest.fixture
def subject(server: Counterpart, facts: CallFacts) -> Iterator[Kept]:
    emptied(server)
    with at(server.base, server, facts) as found:
        yield found


@pytest.fixture
def line(server: Counterpart) -> Iterator[Line]:
    emptied(server)
    with Line(server.base) as running:
        yield running


@pytest.fixture
def far(line: Line, server: Counterpart, facts: CallFacts) -> Iterator[Kept]:
    """The same office, at the end of a line that can be cut."""
    with at(line.base, server, facts) as found:
        yield found


def test_a_repeat_without_a_look_creates_nothing(subject: Kept) -> None:
    """Every entry is created on a condition: what is there is used, also where what is sent again says otherwise."""
    message = subject.message(Stage.SETTLE)
    other = replace(message, composed=message.composed.replace(WHOLE_BILL.encode(), b"another"))
    assert other != message
    told = [decode(subject.endpoint.deliver(each).body)["entry"] for each in (message, message, other)]
    statuses = [{entry["response"]["status"][:3] for entry in entries} for entries in told]
    assert statuses == [{"201"}, {"200"}, {"200"}]
    places = [[entry["response"]["location"] for entry in entries] for entries in told]
    assert places[0] == places[1] == places[2]
    assert (subject.held("Claim"), subject.settled()) == (1, 1)


def test_the_next_bill_of_a_person_creates_its_claim_alone(subject: Kept) -> None:
    subject.through(Stage.SETTLE)
    before = {kind: subject.held(kind) for kind in ("Patient", "Coverage", "Organization", "Claim")}
    second = subject.next(Stage.SETTLE, version=2)
    assert isinstance(second, OutboundMessage)
    assert subject.endpoint.deliver(second).outcome is Outcome.ACCEPTED
    assert {kind: subject.held(kind) for kind in before} == {**before, "Claim": 2}
    assert subject.settled() == 2


def test_two_at_the_same_moment_count_once(subject: Kept) -> None:
    """The others may be told of a conflict (HTTP 409), which is a refusal: a person looks, and nothing counts twice."""
    message = subject.message(Stage.SETTLE)
    with ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(subject.endpoint.deliver, [message] * 4))
    assert Outcome.ACCEPTED in {each.outcome for each in receipts}
    assert (subject.held("Claim"), subject.held("Patient"), subject.settled()) == (1, 1, 1)


@pytest.mark.parametrize(("lost", "sent"), [("drop-before", 0), ("drop-after", 1), ("refused", 0)])
def test_what_is_lost_on_the_way_is_not_known_and_counts_once(line: Line, far: Kept, lost: str, sent: int) -> None:
    message = far.message(Stage.SETTLE)
    line.next_post(lost)
    nothing_is_known(far.endpoint.deliver(message), None)
    assert far.settled() == sent
    in_the_end_it_counts_once(far, message, sent=bool(sent))


def test_what_a_proxy_sends_twice_counts_once(line: Line, far: Kept) -> None:
    message = far.message(Stage.SETTLE)
    line.next_post("twice")
    assert far.endpoint.deliver(message).outcome is Outcome.ACCEPTED
    in_the_end_it_counts_once(far, message, sent=True)


@pytest.mark.parametrize("moment", ["arrived", "answered"])
def test_a_worker_that_is_killed_while_it_sends_leaves_one_effect(line: Line, far: Kept, moment: str) -> None:
    """kill -9 while the request is on its way, or the answer: the next worker looks first."""
    message, over = far.message(Stage.SETTLE), Event()
    line.on(moment, lambda: worker.kill())
    line.on("answered", over.set)
    worker = sending(message, line.base)
    assert (worker.wait(60), over.wait(60)) == (-9, True)
    in_the_end_it_counts_once(far, message, sent=True)
    assert far.held("Claim") == 1


@pytest.mark.parametrize("conditional", ["create", "update"])
def test_a_transaction_in_parts_is_stored_once(
    server: Counterpart, facts: CallFacts, subject: Kept, conditional: str
) -> None:
    with at(server.base, server, facts, max_entries=3, conditional=conditional) as parted:
        answers = parted.through(Stage.SETTLE)
        assert [each.message.operation for each in parted.said][-3:] == [
            "transaction-part",
            "transaction",
            "ask-answer",
        ]
        assert (parted.settled(), parted.paid()) == (1, parted.due(answers))
        for exchange in parted.said[:-1]:
            assert parted.endpoint.deliver(exchange.message).outcome is Outcome.ACCEPTED
        assert (parted.held("Claim"), parted.held("Patient"), parted.settled()) == (1, 1, 1)


def test_a_refused_transaction_leaves_nothing_of_it(subject: Kept) -> None:
    """The Claim comes last; what stands before it goes with it."""
    receipt = subject.endpoint.deliver(subject.refusing())
    assert receipt.outcome is Outcome.REJECTED
    kinds = ("Patient", "Coverage", "Organization", "Claim", "ClaimResponse")
    assert {kind: subject.held(kind) for kind in kinds} == dict.fromkeys(kinds, 0)


def test_a_statement_of_several_pages_is_read_to_its_end(subject: Kept) -> None:
    """The server shows five a page and names the next one in words of its own."""
    for version in range(1, 8):
        message = subject.next(Stage.SETTLE, version=version)
        assert isinstance(message, OutboundMessage)
        assert subject.endpoint.deliver(message).outcome is Outcome.ACCEPTED
    statement = subject.endpoint.remittance(subject.facts.settlement.on, FACILITY)
    assert statement.count == len({line.key for line in statement.lines}) == 7
    assert statement.total == Money.total(line.amount for line in statement.lines)


# -- what else we write ------------------------------------------------------------------------------------------------


def test_our_record_comes_back_as_it_was_stored(server: Counterpart) -> None:
    """A settled stay, whole: every element and every digit."""
    emptied(server)
    record = decode((EXAMPLES / "Bundle-bundle-record.json").read_bytes())
    posted(server, "", record).raise_for_status()
    for sent in (entry["resource"] for entry in record["entry"]):
        kept = asked(server, f"{sent['resourceType']}/{sent['id']}")
        assert without_marks(kept) == without_marks(sent)
        assert digits(kept) == digits(sent)


def test_a_transaction_of_more_than_a_thousand_entries_is_stored_whole_or_not_at_all(server: Counterpart) -> None:
    emptied(server)
    spoiled, whole = long_stay(1_000, spoiled=True), long_stay(1_000)
    assert len(whole["entry"]) > 1_000
    assert posted(server, "", spoiled).status_code in range(400, 500)
    assert resources(server, "ChargeItem") == resources(server, "Patient") == []
    posted(server, "", whole).raise_for_status()
    sent = [entry["resource"]["id"] for entry in whole["entry"] if entry["resource"]["resourceType"] == "ChargeItem"]
    assert sorted(each["id"] for each in resources(server, "ChargeItem")) == sorted(sent)


def test_the_package_is_installed_whole_and_judges(server: Counterpart) -> None:
    """By HAPI's own installer; what it then validates with are our profiles, and it refuses what they refuse."""
    emptied(server)
    ours = fhir_package(data_folder("mappings"), data_folder("fixtures"))
    named = [{"name": "name", "valueString": ours.variant.name}, {"name": "version", "valueString": ours.version}]
    content = {"name": "npmContent", "valueBase64Binary": b64encode(packed(ours)).decode()}
    given = {"resourceType": "Parameters", "parameter": [*named, content]}
    posted(server, "ImplementationGuide/$install", given).raise_for_status()
    for kind in ("StructureDefinition", "CodeSystem", "ValueSet", "ConceptMap", "OperationDefinition"):
        expected = sorted(each["url"] for each in ours.definitions if each["resourceType"] == kind)
        assert sorted(each["url"] for each in resources(server, kind)) == expected
    charge = ours.examples["ChargeItem-charge.json"]
    dollars = {**charge, "priceOverride": {**charge["priceOverride"], "currency": "USD"}}
    assert errors_in(posted(server, "ChargeItem/$validate", charge)) == []
    assert errors_in(posted(server, "ChargeItem/$validate", dollars)) != []


def test_the_package_is_stored_whole_under_its_own_ids(server: Counterpart) -> None:
    """The ImplementationGuide too, which refers to ids, and the examples, with what stands in their Bundles."""
    emptied(server)
    ours = fhir_package(data_folder("mappings"), data_folder("fixtures"))
    within = [entry["resource"] for each in ours.examples.values() for entry in each.get("entry", ())]
    held = [each for each in (*within, *ours.examples.values(), *ours.definitions) if "id" in each]
    wanted = {f"{each['resourceType']}/{each['id']}": each for each in held}
    for outside in set(references_in(wanted.values())) - set(wanted):  # somebody who signs
        kind, _, id_ = outside.partition("/")
        wanted |= {outside: {"resourceType": kind, "id": id_}} if kind == "RelatedPerson" else {}
    entries = [{"resource": each, "request": {"method": "PUT", "url": name}} for name, each in wanted.items()]
    answer = posted(server, "", {"resourceType": "Bundle", "type": "transaction", "entry": entries})
    answer.raise_for_status()
    assert {each["response"]["status"] for each in decode(answer.content)["entry"]} == {"201 Created"}
    for kind in {str(each["resourceType"]) for each in ours.definitions}:
        ids = {each["id"]: each["url"] for each in ours.definitions if each["resourceType"] == kind}
        assert {each["id"]: each["url"] for each in resources(server, kind)} == ids


def test_the_maps_of_every_hospitals_tables_are_stored_and_used(server: Counterpart) -> None:
    """Also those of tables that name no system: their groups lead to one of ours."""
    emptied(server)
    mappings, reference = data_folder("mappings"), data_folder("fixtures") / "reference"
    sources = source_names(mappings)
    maps = [each for source in sources for each in maps_of(source, mappings, reference, date(2021, 3, 1)).values()]
    entries = [{"resource": each, "request": {"method": "PUT", "url": f"ConceptMap/{each['id']}"}} for each in maps]
    posted(server, "", {"resourceType": "Bundle", "type": "transaction", "entry": entries}).raise_for_status()
    assert sorted(each["url"] for each in resources(server, "ConceptMap")) == sorted(each["url"] for each in maps)
    gender = next(each for each in maps if each["id"].endswith("-gender"))
    (group,) = gender["group"]
    element = group["element"][0]
    named = [{"name": "url", "valueUri": gender["url"]}, {"name": "system", "valueUri": group["source"]}]
    given = {"resourceType": "Parameters", "parameter": [*named, {"name": "code", "valueCode": element["code"]}]}
    told = posted(server, "ConceptMap/$translate", given)
    told.raise_for_status()
    match = next(each for each in decode(told.content)["parameter"] if each["name"] == "match")
    concept = next(part["valueCoding"] for part in match["part"] if part["name"] == "concept")
    assert (concept["system"], concept["code"]) == (group["target"], element["target"][0]["code"])


def without_marks(resource: Json) -> Json:
    """Without what a server writes into ``meta`` by itself."""
    marks = {"versionId", "lastUpdated", "source"}
    meta = {name: value for name, value in resource.get("meta", {}).items() if name not in marks}
    return {**{name: value for name, value in resource.items() if name != "meta"}, "meta": meta}


def digits(element: Any) -> list[str]:
    """Every number as it is written: 18.00 is not 18.0."""
    if isinstance(element, dict):
        return [each for name in sorted(element) for each in digits(element[name])]
    if isinstance(element, list):
        return [each for part in element for each in digits(part)]
    return [str(element)] if isinstance(element, Decimal) else []


def long_stay(lines: int, *, spoiled: bool = False) -> Json:
    """The record of the small case before its settlement, with so many charge lines; the last one may name nobody."""
    record = decode((EXAMPLES / "Bundle-bundle-record.json").read_bytes())
    kinds = ("Organization", "Patient", "Encounter", "Condition", "Coverage", "Account")
    stay = [entry for entry in record["entry"] if entry["resource"]["resourceType"] in kinds]
    model = next(entry for entry in record["entry"] if entry["resource"]["resourceType"] == "ChargeItem")
    for number in range(lines):
        line = copy.deepcopy(model)
        id_ = str(uuid5(NAMESPACE_URL, f"line {number}"))
        line["resource"] |= {"id": id_, "identifier": [{**model["resource"]["identifier"][0], "value": f"L{number}"}]}
        line |= {"fullUrl": f"{CANON}/ChargeItem/{id_}", "request": {"method": "PUT", "url": f"ChargeItem/{id_}"}}
        stay.append(line)
    if spoiled:
        stay[-1]["resource"]["subject"] = {"reference": "Patient/nobody"}
    return {**record, "entry": stay}


def errors_in(answer: httpx.Response) -> list[str]:
    """What a validation finds wrong."""
    said = decode(answer.content)
    assert said["resourceType"] == "OperationOutcome"
    return [str(each.get("diagnostics")) for each in said["issue"] if each["severity"] in ("error", "fatal")]
