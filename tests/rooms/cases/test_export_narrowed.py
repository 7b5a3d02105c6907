"""Exports of some resources, and of some of their elements: what goes out, what is refused, what a kill changes."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from adapter.cases import export_files
from adapter.cases.export import ExportState, export_now, start_export, work_on_exports
from adapter.cases.export_files import Asked, Mark, Stopped, write_files
from adapter.cases.export_issues import export_failed
from adapter.cases.export_narrowed import Narrowed, elements_of, filters_in, queries_of
from adapter.cases.tools import Tools
from adapter.fhir.canonical import canonical, decode, digest_of
from adapter.ledger.rows import ResourceIn
from adapter.model.issues import AdapterError
from tests.rooms.cases.test_export import lines, names, put
from tests.rooms.cases.test_export import tools as tools
from tests.support.native import resources
from tests.support.office import act, codes
from tests.support.posted import case_resources
from tests.support.posted import put as post_stay


def keep(tools: Tools, *resources: dict[str, Any]) -> None:
    bodies = [(each, canonical(each)) for each in resources]
    items = [ResourceIn(each["resourceType"], each["id"], body, digest_of(body)) for each, body in bodies]
    with tools.ledger.transaction() as tx:
        tx.put_resources("test", None, items, **act(tools).said)


def account(name: str, status: str = "active", **more: Any) -> dict[str, Any]:
    return {"resourceType": "Account", "id": name, "status": status, "name": "a", **more}


def narrowed(tools: Tools, *types: str, since: Any = None, filters: Any = (), elements: Any = ()) -> Any:
    asked = Narrowed(filters_in(filters), tuple(elements))
    made = start_export(types, since, "", tools, act(tools), narrowed=asked)
    while work_on_exports(tools):
        pass
    return export_now(made.id, tools)


def test_only_what_answers_one_of_the_filters_goes_out(tools: Tools) -> None:
    about = {"subject": {"reference": "Patient/p1"}}
    keep(
        tools,
        account("f1"),
        account("f2", "inactive", **about),
        account("f3", **about),
        account("f4", "entered-in-error"),
    )
    put(tools, "o1", "o2", kind="Organization")
    one = narrowed(tools, "Account", "Organization", filters=["Account?status=active"])
    assert names(lines(tools, one)) == ["f1", "f3", "o1", "o2"], "a type without a filter is whole"
    both = narrowed(
        tools, "Account", filters=["Account?status=active&patient=Patient/p1,Account?status=entered-in-error"]
    )
    assert names(lines(tools, both)) == ["f3", "f4"]
    several = narrowed(tools, "Account", filters=["Account?status=inactive,entered-in-error", "Account?_id=f1"])
    assert names(lines(tools, several)) == ["f1", "f2", "f4"]
    assert (several.count, [file.count for file in several.mark.files]) == (3, [3])
    nothing = narrowed(tools, "Account", filters=["Account?status=unknown"])
    assert (nothing.state, nothing.mark.files) == (ExportState.DONE, ())


def test_a_filter_sees_the_state_of_the_moment(tools: Tools) -> None:
    """The index knows the newest versions alone; an export is of another moment."""
    keep(tools, account("f1"), account("f2"))
    asked = Narrowed(("Account?status=active",))
    made = start_export(("Account",), None, "", tools, act(tools), narrowed=asked)
    keep(tools, account("f1", "inactive"), account("f2", "inactive"), account("f3"))
    work_on_exports(tools)
    first = export_now(made.id, tools)
    assert [(each["id"], each["status"]) for each in lines(tools, first)] == [("f1", "active"), ("f2", "active")]
    with tools.ledger.transaction() as tx:
        tx.delete_resources("test", None, [("Account", "f2")], **act(tools).said)
    later = narrowed(tools, "Account", since=first.asked.at, filters=["Account?status=active"])
    assert names(lines(tools, later)) == ["f3"]
    assert len(lines(tools, later, deleted=True)) == 1, "whoever has it shall hear that it is gone"


def test_by_the_moment_of_writing(tools: Tools) -> None:
    put(tools, "f1", kind="Account")
    first = narrowed(tools, "Account")
    put(tools, "f2", kind="Account")
    found = narrowed(
        tools, "Account", filters=[f"Account?_lastUpdated=gt{first.asked.at.isoformat(timespec='milliseconds')}"]
    )
    assert names(lines(tools, found)) == ["f2"]


def test_what_stands_in_a_filter_is_taken_as_it_stands(tools: Tools) -> None:
    """Commas belong to values unless a filter follows; a plus is one, for it was decoded before."""
    keep(tools, *(account(name, identifier=[{"value": value}]) for name, value in (("f1", "a+b"), ("f2", "a b"))))
    assert names(lines(tools, narrowed(tools, "Account", filters=["Account?identifier=x,a+b"]))) == ["f1"]
    assert names(lines(tools, narrowed(tools, "Account", filters=["Account?identifier=a%20b"]))) == ["f2"]


def test_a_filter_understands_the_ids_under_which_was_posted(tools: Tools) -> None:
    post_stay(tools, *resources())
    found = narrowed(tools, "ChargeItem", filters=["ChargeItem?context=Encounter/E1"])
    of_case = sorted(name for kind, name in case_resources(tools) if kind == "ChargeItem")
    assert names(lines(tools, found)) == of_case and len(of_case) == 3


def test_files_are_as_long_as_they_may_be_where_few_answer(tools: Tools) -> None:
    """Pages of which little is left fill one file; what is more begins the next one, each once."""
    keep(tools, *(account(f"f{number:04}", "inactive" if number % 3 else "active") for number in range(5000)))
    found = narrowed(tools, "Account", filters=["Account?status=active"])
    assert [file.count for file in found.mark.files] == [1500, 167]
    assert names(lines(tools, found)) == [f"f{number:04}" for number in range(0, 5000, 3)]


def test_a_narrowed_one_goes_on_after_a_kill(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(tools, *(account(f"f{number:04}", "inactive" if number % 2 else "active") for number in range(4000)))
    folder = tools.exports.folder / "x"
    asked = Asked(("Account",), tools.clock.now(), narrowed=Narrowed(("Account?status=active",), ("id",)))
    reached: list[Mark] = []

    def killed(mark: Mark, count: int) -> None:
        reached.append(mark)
        if mark.files:
            raise Stopped

    with pytest.raises(Stopped):
        write_files(asked, folder, tools.ledger, file_lines=700, heard=killed)
    whole = write_files(asked, folder, tools.ledger, file_lines=700, mark=reached[-1])
    written = [decode(line) for file in whole.files for line in (folder / file.name).read_bytes().splitlines()]
    assert [each["id"] for each in written] == [f"f{number:04}" for number in range(0, 4000, 2)]
    assert [file.count for file in whole.files] == [700, 700, 600]


def test_only_the_elements_that_were_asked_for(tools: Tools) -> None:
    keep(tools, account("f1", identifier=[{"value": "v"}]), {"resourceType": "Organization", "id": "o1", "name": "甲"})
    found = lines(tools, narrowed(tools, "Account", "Organization", elements=["Account.identifier"]))
    assert sorted(found[0]) == ["id", "identifier", "meta", "resourceType", "status"]
    assert [tag["code"] for tag in found[0]["meta"]["tag"]] == ["SUBSETTED"] and "versionId" in found[0]["meta"]
    assert found[1]["name"] == "甲" and "tag" not in found[1]["meta"], "nothing was asked of this type"
    everywhere = lines(tools, narrowed(tools, "Account", "Organization", elements=["identifier"]))
    assert "name" not in everywhere[1] and "identifier" in everywhere[0]
    assert (
        elements_of(["id", "Account.name", "Patient.name"], "Account"),
        elements_of(["Patient.name"], "Account"),
    ) == (
        ("id", "name"),
        (),
    )


@pytest.mark.parametrize(
    ("filters", "code"),
    [
        (["Account"], "FHIR-299"),
        (["Account?"], "FHIR-299"),
        (["?status=active"], "FHIR-299"),
        (["Patient?_id=x"], "FHIR-299"),
        (["Account?_sort=date"], "FHIR-299"),
        (["Account?status=active&_include=Account:subject"], "FHIR-299"),
        (["Account?_count=1"], "FHIR-299"),
        (["Account?colour=red"], "FHIR-202"),
        (["Account?status:above=x"], "FHIR-203"),
        (["Account?period=yesterday"], "FHIR-204"),
        (["Account?identifier=110101199003078515"], "FHIR-300"),
        ([f"Account?_id=f{number}" for number in range(51)], "FHIR-299"),
    ],
)
def test_what_is_not_understood_is_refused_before_anything_goes_out(
    tools: Tools, filters: list[str], code: str
) -> None:
    with pytest.raises(AdapterError) as caught:
        start_export(("Account",), None, "", tools, act(tools), narrowed=Narrowed(filters_in(filters)))
    assert codes(caught.value) == [code]
    assert "110101199003078515" not in str(caught.value)
    assert not work_on_exports(tools)


def test_a_persons_own_is_no_filter() -> None:
    with pytest.raises(AdapterError) as caught:
        queries_of(["Patient?family=王"], ["Patient"])
    assert codes(caught.value) == ["FHIR-300"]


def test_the_journal_says_that_it_was_narrowed_and_not_by_what(tools: Tools) -> None:
    narrowed(tools, "Account", filters=["Account?_id=f1"], elements=["name"])
    with tools.ledger.reading() as tx:
        noted: list[Any] = [line.event.data for line in tx.journal("")]
    told = [each["data"] for each in noted if each.get("what") == "resources-exported"]
    assert (told[-1]["filtered"], told[-1]["elements"]) == (["Account"], ["name"]) and "f1" not in str(told)


# -- what a failure says ----------------------------------------------------------------------------------------------


def test_a_resource_that_cannot_be_read_is_named_and_not_the_disk(tools: Tools) -> None:
    body = b'{"id":"bad","id":"bad"}'
    with tools.ledger.transaction() as tx:
        tx.put_resources("test", None, [ResourceIn("Account", "bad", body, digest_of(body))], **act(tools).said)
    failure = narrowed(tools, "Account").failure
    assert (failure.code, "Account/bad (FHIR-102)" in failure.en, "ledger verify" in failure.hint_en) == (
        "CASE-486",
        True,
        True,
    )
    assert "disk" not in failure.hint_en and "磁盘" not in failure.hint_zh


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOSPC, "make room"),
        (errno.EDQUOT, "make room"),
        (errno.EACCES, "let the user"),
        (errno.EROFS, "let the user"),
        (errno.ENOTDIR, "what the system says"),
        (errno.EIO, "what the system says"),
    ],
)
def test_each_failure_of_the_disk_has_its_own_hint(
    tools: Tools, monkeypatch: pytest.MonkeyPatch, number: int, hint: str
) -> None:
    def refused(*_: object) -> None:
        raise OSError(number, "no")

    put(tools, "f1", kind="Account")
    monkeypatch.setattr(export_files._Written, "write", refused)
    failure = narrowed(tools, "Account").failure
    assert (failure.code, hint in failure.hint_en) == ("CASE-467", True)
    assert failure == export_failed(failure.pointer.removeprefix("export/"), failure.en.partition(": ")[2])


def test_filters_that_are_read_no_more_stop_it_with_their_code(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for with another version of the software, which knew other parameters."""
    made = start_export(("Account",), None, "", tools, act(tools), narrowed=Narrowed(("Account?status=active",)))
    wrong = AdapterError(export_failed("x", "y"))

    def unknown(*_: object) -> None:
        raise wrong

    monkeypatch.setattr("adapter.cases.export_narrowed.queries_of", unknown)
    while work_on_exports(tools):
        pass
    failure = export_now(made.id, tools).failure
    assert (failure.code, failure.en) == ("CASE-487", "the export stopped: CASE-467")
