"""What a hospital writes stands once, and what refers to it leads to it: keys, conditions, fullUrls, addresses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapter.cases.resources_in import Placed, take, write
from adapter.cases.resources_in_plan import Change
from adapter.cases.searching import search_resources
from adapter.cases.tools import Tools
from adapter.fhir.identity import resource_id
from adapter.fhir.search.query import page_mark, parse
from adapter.model.issues import AdapterError
from tests.support.native import SOURCE, Resource, charge, resources
from tests.support.office import TestClock, act, office
from tests.support.posted import entries, post, posted, put, write_one


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tools]:
    """An office for the tests of this file; each writes persons of its own."""
    folder: Path = tmp_path_factory.mktemp("once")
    with office(folder, {}, clock=TestClock()) as opened:
        post(opened, *resources())
        yield opened


def person(name: str, **more: Any) -> Resource:
    return {"resourceType": "Patient", "identifier": [{"system": "urn:x", "value": name}], "gender": "female", **more}


def account(subject: str, **more: Any) -> Resource:
    return {"resourceType": "Account", "status": "active", "subject": [{"reference": subject}], **more}


def together(tools: Tools, *changes: Change) -> tuple[Placed, ...]:
    return write(SOURCE, changes, tools, act(tools)).placed


def put_all(tools: Tools, *resources: Resource) -> None:
    """Update them under the hospital's own ids, all at once."""
    changes = [Change(each["resourceType"], each, create=False, identity=each["id"]) for each in resources]
    take([write(SOURCE, changes, tools, act(tools))], tools, act(tools))


def change(number: int, resource: Resource, **more: Any) -> Change:
    return Change(resource["resourceType"], resource, place=f"Bundle.entry[{number}].resource", **more)


def refused(tools: Tools, *changes: Change) -> list[tuple[str, str]]:
    with pytest.raises(AdapterError) as error:
        together(tools, *changes)
    return [(issue.code, issue.pointer.partition(".resource")[0]) for issue in error.value.issues]


def found(tools: Tools, asked: str) -> int:
    kind, _, condition = asked.partition("?")
    name, _, value = condition.partition("=")
    return len(search_resources(parse(kind, [(name, value)]), tools, act(tools)).found)


def test_one_condition_updates_one_resource(tools: Tools) -> None:
    """R4: identities that overlap fail the transaction, conditional ones among them."""
    asked = ("identifier=urn:x|A1", "identifier=urn%3Ax%7CA1")  # the same, written in two ways
    for ways in ((False, False), (True, False)):
        both = [change(n, person("A1"), create=new, condition=asked[n]) for n, new in enumerate(ways)]
        assert refused(tools, *both) == [("FHIR-285", "Bundle.entry[1]")]
    assert found(tools, "Patient?identifier=urn:x|A1") == 0
    made, same = together(
        tools,
        change(0, person("A1"), create=False, condition=asked[0]),
        change(1, person("A1"), condition=asked[1]),
    )
    assert (made.created, same.created, same.id, same.version) == (True, False, made.id, 1)
    changed, same = together(
        tools,
        change(0, person("A1", gender="male"), create=False, condition=asked[0]),
        change(1, person("A1"), condition=asked[1]),
    )
    assert (changed.version, same.version, same.resource["gender"]) == (2, 2, "male")


def test_the_hospitals_own_id_stands_once(tools: Tools) -> None:
    own = person("B1", id="B1")
    as_put = change(1, {**own, "gender": "male"}, create=False, identity="B1")
    assert refused(tools, change(0, own), as_put) == [("FHIR-285", "Bundle.entry[1]")]
    assert refused(tools, as_put, change(0, own)) == [("FHIR-285", "Bundle.entry[0]")]
    [first] = post(tools, own)
    with pytest.raises(AdapterError) as error:
        put(tools, {**own, "gender": "male"})
    assert [issue.code for issue in error.value.issues] == ["FHIR-290"]
    assert f"Patient/{first.id}" in error.value.issues[0].en
    [second] = put(tools, {**own, "id": first.id, "gender": "male"})
    assert (second.id, second.version, found(tools, "Patient?identifier=urn:x|B1")) == (first.id, 2, 1)


def test_only_where_there_is_none(tools: Tools) -> None:
    there_is = Change("Patient", person("C1", id="C1"), create=False, identity="C1", version=0)
    assert write_one(tools, there_is).created
    assert refused(tools, there_is) == [("FHIR-292", "Patient/C1")]


def test_a_full_url_names_one_resource(tools: Tools) -> None:
    two = [change(n, person(f"D{n}"), full_url="urn:uuid:d") for n in range(2)]
    assert refused(tools, *two, change(2, account("urn:uuid:d"))) == [("FHIR-291", "Bundle.entry[1]")]
    same = [change(n, person("D3"), full_url="urn:uuid:d", condition="identifier=urn:x|D3") for n in range(2)]
    assert len({each.id for each in together(tools, *same)}) == 1, "a repeated conditional create is one resource"


def test_addresses_within_a_bundle_lead_to_their_entries_wherever_they_stand(tools: Tools) -> None:
    """R4: also in elements of type uri, url, oid, uuid, and in the narrative; an identifier's value is text."""
    link = '<div xmlns="http://www.w3.org/1999/xhtml"><a href="urn:uuid:e">x</a> urn:uuid:e</div>'
    sent = account(
        "urn:uuid:e",
        text={"status": "generated", "div": link},
        extension=[{"url": "urn:x", "valueUri": "urn:uuid:e"}, {"url": "urn:x", "valueUrl": "urn:uuid:other"}],
        identifier=[{"system": "urn:ietf:rfc:3986", "value": "urn:uuid:e"}],
    )
    patient, made = together(tools, change(0, person("E1"), full_url="urn:uuid:e"), change(1, sent))
    kept, place = posted(tools, "Account", made.id), f"Patient/{patient.id}"
    assert kept is not None
    assert kept["subject"] == [{"reference": place}]
    assert [each.get("valueUri", each.get("valueUrl")) for each in kept["extension"]] == [place, "urn:uuid:other"]
    assert kept["text"]["div"] == link.replace('"urn:uuid:e"', f'"{place}"')
    assert kept["identifier"] == sent["identifier"]


def test_what_leads_nowhere_is_told_with_its_entry(tools: Tools) -> None:
    lost = [charge(number, subject={"reference": f"urn:uuid:nobody-{number}"}) for number in range(700, 1_700)]
    assert refused(tools, *entries(*lost)) == [("FHIR-280", f"Bundle.entry[{number}]") for number in range(1_000)]
    assert refused(tools, change(0, person("F1")), change(1, account("urn:oid:1.2.3"))) == [
        ("FHIR-280", "Bundle.entry[1]")
    ]
    own = [
        change(0, person("F1"), full_url="urn:uuid:f"),
        change(1, account("urn:uuid:f"), condition="subject=urn:uuid:f"),
    ]
    assert refused(tools, *own) == [("FHIR-284", "Bundle.entry[1]")], "else each time it would be made anew"
    asked = "Patient?no-such=1"
    assert refused(
        tools, change(0, person("F1")), change(1, account(asked)), change(2, person("F2"), condition="x=")
    ) == [("FHIR-284", "Bundle.entry[2]")]
    assert refused(tools, change(0, person("F1")), change(1, account(asked))) == [("FHIR-202", "Bundle.entry[1]")]


@pytest.mark.parametrize(
    "asked",
    ["context=Encounter/EE", "context=EE", "patient=PP", "context=Encounter/none,Encounter/EE", "subject:Patient=PP"],
)
def test_either_id_is_understood(tools: Tools, asked: str) -> None:
    patient, encounter = ({**each, "id": name * 2} for each, name in zip(resources()[:2], "PE", strict=True))
    encounter |= {"subject": {"reference": "Patient/PP"}, "identifier": [{"system": "urn:x", "value": "VV"}]}
    line = charge(80, subject={"reference": "Patient/PP"}, context={"reference": "Encounter/EE"})
    put_all(tools, patient, encounter, line)
    kind, ours = "ChargeItem", resource_id(SOURCE, "ChargeItem", "C80")
    name, _, value = asked.partition("=")
    answer = search_resources(parse(kind, [(name, value)]), tools, act(tools))
    assert [each.row.id for each in answer.found] == [ours]


def one_page(tools: Tools, asked: list[tuple[str, str]]) -> tuple[list[str], list[tuple[str, str]]]:
    """Ids of a page, and what asks for the next one."""
    answer = search_resources(parse("ChargeItem", asked), tools, act(tools))
    more = () if answer.following is None else [("_page", page_mark(answer.following, posted=answer.of_posted))]
    return [each.row.id for each in answer.found], [*asked[:2], *more] if more else []


@pytest.mark.parametrize("becomes_a_case", [True, False])
def test_a_next_page_goes_on_where_the_last_one_ended_whatever_is_written(tools: Tools, becomes_a_case: bool) -> None:
    """Lines of one moment, so that only their places tell them apart."""
    name = f"PG{becomes_a_case:d}"
    context: dict[str, Any] = {
        "subject": {"reference": f"Patient/{name}"},
        "context": {"reference": f"Encounter/{name}"},
    }
    patient, encounter = ({**each, "id": name} for each in resources()[:2])
    encounter |= {"subject": context["subject"], "identifier": [{"system": "urn:x", "value": name}]}
    numbers = range(400 + 20 * becomes_a_case, 405 + 20 * becomes_a_case)
    if not becomes_a_case:
        put_all(tools, patient, encounter)
    put_all(tools, *(charge(number, **context) for number in numbers))
    seen, following = one_page(tools, [("context", f"Encounter/{name}"), ("_count", "2")])
    if becomes_a_case:
        put_all(tools, patient, encounter)
    before, after = "2021-03-05T15:00:00+08:00", "2021-03-07T08:00:00+08:00"
    put_all(tools, *(charge(700 + n, **context, occurrenceDateTime=at) for n, at in enumerate((before, after))))
    while following:
        ids, following = one_page(tools, following)
        seen += ids
    key = (lambda id_: id_) if becomes_a_case else (lambda id_: resource_id(SOURCE, "ChargeItem", id_))
    assert len(seen) == len(set(seen)) and {key(f"C{number}") for number in numbers} <= set(seen)
