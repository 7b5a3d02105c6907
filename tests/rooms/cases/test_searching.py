"""The index and the resources tell the same: every search is also done by looking at each resource in turn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from adapter.cases.searching import SearchAnswer, search_resources, told
from adapter.cases.tools import Tools
from adapter.fhir.canonical import canonical, decode, digest_of
from adapter.fhir.search.query import Query, parse
from adapter.fhir.search.terms import terms_of
from adapter.ledger.rows import ResourceIn, ResourceRow
from adapter.model.issues import AdapterError
from adapter.model.search import OrderBy
from tests.support.office import SOURCE, act, case_id, office, take_in

STAY = "300010004"


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tools]:
    folder = tmp_path_factory.mktemp("searching")
    with office(folder, {}) as opened:
        take_in(opened, folder)
        yield opened


def ask(text: str) -> Query:
    kind, _, rest = text.partition("?")
    return parse(kind, parse_qsl(rest), in_address=False)


def search(text: str, tools: Tools) -> SearchAnswer:
    return search_resources(ask(text), tools, act(tools))


def kept(kind: str, tools: Tools) -> list[ResourceRow]:
    """The newest version of every resource of a type."""
    with tools.ledger.reading() as tx:
        found: dict[str, ResourceRow] = {}
        for case in tx.cases(limit=1000):
            found |= {row.id: row for row in tx.resources_of_case(case.case_id, [kind])}
        return list(found.values())


@pytest.fixture(scope="module")
def charges(tools: Tools) -> list[dict[str, Any]]:
    return [told(row, decode(row.body)) for row in kept("ChargeItem", tools)]


@pytest.fixture(scope="module")
def persons(tools: Tools) -> list[str]:
    return sorted(row.id for row in kept("Patient", tools))


def every_page(text: str, tools: Tools) -> list[dict[str, Any]]:
    query, found = ask(text), []
    while True:
        page = search_resources(query, tools, act(tools))
        found += [each.resource for each in page.found]
        if page.following is None:
            return found
        query = parse(query.type, [*query.said, ("_page", f"{page.following[0]}.{page.following[1]}")])


CHARGES = st.sampled_from(
    [
        *("code=1201", "code=1201,2301", "code:not=1201", "quantity=1", "quantity=gt1", "price-override=lt20"),
        *("occurrence=ge2021-06-01", "occurrence=2021", "occurrence=lt2021-05", "occurrence=ne2021-05-17"),
        *("price-override=18", "occurrence=sa2021-05-17", "entered-date=ge2021", "service:missing=true"),
        *("price-override=ge18", "price-override=sa17", "quantity=eb2", "price-override=ne18"),
        *("subject:missing=false", "occurrence=2021-05,2021-06", "_lastUpdated=ge2020", "_lastUpdated=lt2020"),
    ]
)


@given(
    parts=st.lists(CHARGES, max_size=3, unique=True),
    whose=st.integers(0, 30),
    order=st.sampled_from(["date", "-date", "_lastUpdated", "-_lastUpdated"]),
    count=st.sampled_from([97, 400]),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_index_finds_what_looking_finds(
    parts: list[str],
    whose: int,
    order: str,
    count: int,
    tools: Tools,
    charges: list[dict[str, Any]],
    persons: list[str],
) -> None:
    if whose < len(persons):
        parts = [*parts, f"patient={persons[whose]}"]
    text = f"ChargeItem?{'&'.join([*parts, f'_count={count}', f'_sort={order}'])}"
    found = every_page(text, tools)
    ids = [each["id"] for each in found]
    assert len(ids) == len(set(ids))
    criteria = ask(text).criteria
    assert set(ids) == {each["id"] for each in charges if all(criterion.matches(each) for criterion in criteria)}
    if order.endswith("date"):
        times = [terms.first for each in found if (terms := terms_of(each)) is not None]
        assert times == sorted(times, reverse=order.startswith("-"))


@pytest.mark.parametrize("order", ["date", "-date", "_lastUpdated", "-_lastUpdated"])
def test_pages_give_each_once(order: str, tools: Tools) -> None:
    found = every_page(f"Encounter?_count=3&_sort={order}", tools)
    assert len(found) == len({each["id"] for each in found}) == len(kept("Encounter", tools))


def test_the_newest_written_comes_first(tools: Tools) -> None:
    query = ask("Patient?_sort=-_lastUpdated&_count=1000")
    assert query.order is OrderBy.UPDATED
    at = [each.row.at for each in search_resources(query, tools, act(tools)).found]
    assert at == sorted(at, reverse=True)


def test_the_total_is_counted_where_it_is_asked_for(tools: Tools) -> None:
    everything = len(kept("ChargeItem", tools))
    assert search("ChargeItem?_total=accurate&_count=1", tools).total == everything
    assert search("ChargeItem?_summary=count", tools) == SearchAnswer((), total=everything)
    assert search("ChargeItem?_count=0", tools) == SearchAnswer((), total=everything), "R4: treated the same"
    assert search("ChargeItem?_summary=count&service:missing=true", tools).total == everything
    wide = "ChargeItem?occurrence=ne2000&_total=accurate&_count=5"  # which the index alone cannot tell
    first = search(wide, tools)
    assert first.following is not None
    second = search(f"{wide}&_page={first.following[0]}.{first.following[1]}", tools)
    assert first.total == second.total == everything
    assert search("ChargeItem?_count=1", tools).total is None


def test_what_comes_along(tools: Tools) -> None:
    encounter = next(row for row in kept("Encounter", tools) if STAY.encode() in row.body)
    page = search(f"Encounter?_id={encounter.id}&_include=Encounter:subject&_revinclude=ChargeItem:context", tools)
    kinds = [each.row.type for each in page.included]
    with tools.ledger.reading() as tx:
        charges = len(tx.resources_of_case(case_id(STAY), ["ChargeItem"]))
    assert (kinds.count("Patient"), kinds.count("ChargeItem")) == (1, charges)
    again = f"ChargeItem?context={encounter.id}&_count=1&_include=ChargeItem:context&_include:iterate=Encounter:*"
    assert {each.row.type for each in search(again, tools).included} >= {"Encounter", "Patient", "Organization"}
    assert search(f"Encounter?_id={encounter.id}&_include=*", tools).included


def test_who_is_shown_nothing_waits_for_nobody_who_writes(tools: Tools) -> None:
    with tools.ledger.transaction():
        assert search("Account?name=nobody at all", tools).found == ()


def test_whoever_looks_stands_in_the_journal_of_the_case(tools: Tools) -> None:
    encounter = next(row for row in kept("Encounter", tools) if STAY.encode() in row.body)
    search(f"ChargeItem?context={encounter.id}&_count=2", tools)
    with tools.ledger.reading() as tx:
        noted = [
            line.event.data for line in tx.journal(case_id(STAY)) if line.event.data.get("what") == "resources-searched"
        ]
    last: Any = noted[-1]["data"]
    assert (last["type"], last["by"], len(last["shown"])) == ("ChargeItem", ["context"], 2)
    assert encounter.id not in str(last["by"])


def put_account(tools: Tools, id_: str, **said: str) -> None:
    body = canonical({"resourceType": "Account", "id": id_, "status": "active", **said})
    with tools.ledger.transaction() as tx:
        tx.put_resources(SOURCE, None, [ResourceIn("Account", id_, body, digest_of(body))], **act(tools).said)


def test_a_version_that_is_found_as_before_changes_one_line(tools: Tools) -> None:
    """A settled bill marks each charge as billed; nobody searches for that, so the index is left as it is."""
    put_account(tools, "search-b", name="the same")
    written: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, rows: Any, context: Any, many: bool) -> None:
        if "search_" in statement and not statement.startswith("SELECT"):
            written.extend([statement.partition(" search_ranges ")[1] or statement] * (len(rows) if many else 1))

    event.listen(tools.ledger._engine, "before_cursor_execute", note)
    put_account(tools, "search-b", name="the same", description="billed")
    event.remove(tools.ledger._engine, "before_cursor_execute", note)
    assert written == [" search_ranges "] * 2, "when it was written last: taken out and put in"
    assert [each.row.version for each in search("Account?name=the same", tools).found] == [2]


def test_a_new_version_is_found_under_its_own_values_only(tools: Tools) -> None:
    put_account(tools, "search-a", name="first name")
    put_account(tools, "search-a", name="second name")
    assert search("Account?name=first", tools).found == ()
    assert [each.row.version for each in search("Account?name=second", tools).found] == [2]
    with tools.ledger.transaction() as tx:
        tx.delete_resources(SOURCE, None, [("Account", "search-a")], **act(tools).said)
    assert search("Account?name=second", tools).found == ()


def test_a_rebuilt_ledger_finds_the_same(tools: Tools) -> None:
    text = "ChargeItem?code=1201&_count=400"
    before = [each["id"] for each in every_page(text, tools)]
    tools.ledger.rebuild()
    assert [each["id"] for each in every_page(text, tools)] == before != []


def test_conditions_that_only_the_resources_can_tell_are_not_looked_for_without_an_end(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapter.cases.searching.MOST_LOOKED_AT", 500)
    with pytest.raises(AdapterError) as raised:
        search("ChargeItem?service:missing=false", tools)
    assert [issue.code for issue in raised.value.issues] == ["FHIR-206"]
