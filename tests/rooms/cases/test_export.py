"""Bulk export: all that was kept at a moment, once each, taken on after a kill, gone when it is ended."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapter.cases import export, export_files
from adapter.cases.export import (
    Export,
    ExportState,
    cancel_export,
    export_now,
    exports_now,
    fetch_file,
    start_export,
    work_on_exports,
)
from adapter.cases.export_files import EXPORTED, OF_PATIENTS, Asked, Mark, Stopped, write_files
from adapter.cases.tools import ExportRules, Tools
from adapter.fhir.canonical import canonical, decode, digest_of
from adapter.ledger.rows import ResourceIn
from adapter.model.issues import AdapterError
from tests.support.office import TestClock, act, codes, office

HOUR = timedelta(hours=1)


@pytest.fixture
def tools(tmp_path: Path, empty_ledger: Path) -> Iterator[Tools]:
    shutil.copy(empty_ledger, tmp_path / "adapter.db")
    with office(tmp_path, {}, clock=TestClock(), lease_seconds=60) as opened:
        yield replace(opened, exports=ExportRules(tmp_path / "out", hours=2, file_lines=1500, unfinished=2))


def put(tools: Tools, *names: str, kind: str = "Flag", text: str = "a") -> None:
    found = []
    for name in names:
        body = canonical({"resourceType": kind, "id": name, "status": "active", "code": {"text": text}})
        found.append(ResourceIn(kind, name, body, digest_of(body)))
    with tools.ledger.transaction() as tx:
        tx.put_resources("test", None, found, **act(tools).said)


def delete(tools: Tools, *names: str) -> None:
    with tools.ledger.transaction() as tx:
        tx.delete_resources("test", None, [("Flag", name) for name in names], **act(tools).said)


def exported(tools: Tools, *types: str, **more: Any) -> Export:
    made = start_export(types or EXPORTED, more.get("since"), "/fhir/$export", tools, act(tools))
    while work_on_exports(tools):
        pass
    return export_now(made.id, tools)


def lines(tools: Tools, known: Export, *, deleted: bool = False) -> list[dict[str, Any]]:
    """Every line of the files of an export."""
    found = []
    for file in known.mark.files:
        if file.deleted is deleted:
            read = fetch_file(known.id, file.name, tools, act(tools)).read_bytes().splitlines()
            assert len(read) == file.count
            found += [decode(line) for line in read]
    return found


def names(resources: list[dict[str, Any]]) -> list[str]:
    return [each["id"] for each in resources]


def test_everything_that_was_kept_at_the_moment_stands_in_a_file_once(tools: Tools) -> None:
    put(tools, *(f"f{number:04}" for number in range(3100)))
    put(tools, "p1", kind="Organization")
    delete(tools, "f0007")
    known = exported(tools)
    assert (known.state, known.count) == (ExportState.DONE, 3100)
    assert [(file.name, file.count) for file in known.mark.files] == [
        ("Flag-1.ndjson", 1500),
        ("Flag-2.ndjson", 1500),
        ("Flag-3.ndjson", 99),
        ("Organization-1.ndjson", 1),
    ]
    found = lines(tools, known)
    assert names(found) == [*(f"f{number:04}" for number in range(3100) if number != 7), "p1"]
    assert found[0]["meta"]["versionId"] == "1" and "lastUpdated" in found[0]["meta"]
    assert "Patient" in OF_PATIENTS and "Organization" not in OF_PATIENTS and "Subscription" not in EXPORTED


def test_what_is_written_later_belongs_to_the_next_one(tools: Tools) -> None:
    put(tools, "f1", "f2", "f3", "f4")
    made = start_export(("Flag",), None, "", tools, act(tools))
    put(tools, "f2", text="b")
    put(tools, "f5")
    delete(tools, "f3")
    work_on_exports(tools)
    first = export_now(made.id, tools)
    assert [(each["id"], each["code"]["text"]) for each in lines(tools, first)] == [(f"f{n}", "a") for n in range(1, 5)]
    second = exported(tools, "Flag", since=first.asked.at)
    assert names(lines(tools, second)) == ["f2", "f5"]
    (gone,) = lines(tools, second, deleted=True)
    assert gone["entry"] == [{"request": {"method": "DELETE", "url": "Flag/f3"}}]
    assert exported(tools, "Flag", since=second.asked.at).mark.files == ()


def test_what_was_under_way_is_not_missed_by_the_next_one(tools: Tools) -> None:
    """An import bears the moment of its beginning; what it commits after an export belongs to the next one."""
    put(tools, "f1", "f5")
    begun = act(tools)
    first = exported(tools, "Flag", "Organization")
    body = canonical({"resourceType": "Flag", "id": "late", "status": "active", "code": {"text": "a"}})
    with tools.ledger.transaction() as tx:
        tx.put_resources("test", None, [ResourceIn("Flag", "late", body, digest_of(body))], **begun.said)
        tx.delete_resources("test", None, [("Flag", "f5")], **begun.said)
    put(tools, "f2")
    second = exported(tools, "Flag", "Organization", since=first.asked.at)
    assert names(lines(tools, second)) == ["f2", "late"]
    assert [each["entry"][0]["request"]["url"] for each in lines(tools, second, deleted=True)] == ["Flag/f5"]
    put(tools, "late", text="b")
    assert names(lines(tools, exported(tools, "Flag", since=second.asked.at))) == ["late"]


def test_what_is_committed_while_it_is_written_stays_out(tools: Tools) -> None:
    """Work that was begun before bears an earlier moment: of what it does meanwhile, the files hold all or nothing."""
    put(tools, "changed", "gone", "same")
    begun = act(tools).said
    made = start_export(("Flag", "Organization"), None, "", tools, act(tools))
    body = canonical({"resourceType": "Flag", "id": "changed", "status": "active", "code": {"text": "b"}})
    with tools.ledger.transaction() as tx:
        tx.put_resources("test", None, [ResourceIn("Flag", "changed", body, digest_of(body))], **begun)
        tx.put_resources("test", None, [ResourceIn("Organization", "new", body, digest_of(body))], **begun)
        tx.delete_resources("test", None, [("Flag", "gone")], **begun)
    work_on_exports(tools)
    first = export_now(made.id, tools)
    assert [(each["id"], each["code"]["text"]) for each in lines(tools, first)] == [
        ("changed", "a"),
        ("gone", "a"),
        ("same", "a"),
    ]
    second = exported(tools, "Flag", "Organization", since=first.asked.at)
    assert [(each["id"], each["code"]["text"]) for each in lines(tools, second)] == [("changed", "b"), ("changed", "b")]
    assert [file.type for file in second.mark.files] == ["Flag", "Flag", "Organization"]
    (gone,) = lines(tools, second, deleted=True)
    assert gone["entry"] == [{"request": {"method": "DELETE", "url": "Flag/gone"}}]


def test_what_is_committed_meanwhile_stays_out_of_the_next_one_too(tools: Tools) -> None:
    put(tools, "f1")
    first = exported(tools, "Flag")
    begun = act(tools).said
    put(tools, "f1", text="b")
    made = start_export(("Flag",), first.asked.at, "", tools, act(tools))
    with tools.ledger.transaction() as tx:
        body = canonical({"resourceType": "Flag", "id": "f2", "status": "active", "code": {"text": "a"}})
        tx.put_resources("test", None, [ResourceIn("Flag", "f2", body, digest_of(body))], **begun)
    work_on_exports(tools)
    assert names(lines(tools, export_now(made.id, tools))) == ["f1"]
    assert names(lines(tools, exported(tools, "Flag", since=made.asked.at))) == ["f2"]


def test_amounts_keep_their_digits(tools: Tools) -> None:
    body = b'{"id":"f1","resourceType":"Flag","x":[1.50,100.00,0.000000000000000001,123456789012345678.90,-0.0,1.0e+2]}'
    with tools.ledger.transaction() as tx:
        tx.put_resources("test", None, [ResourceIn("Flag", "f1", body, digest_of(body))], **act(tools).said)
    known = exported(tools, "Flag")
    written = fetch_file(known.id, "Flag-1.ndjson", tools, act(tools)).read_text()
    assert '"x":[1.50,100.00,1E-18,123456789012345678.90,-0.0,1.0E+2]' in written


def test_many_that_are_gone_are_all_named(tools: Tools) -> None:
    every = [f"f{number}" for number in range(5)]
    put(tools, *every)
    first = exported(tools, "Flag")
    delete(tools, *every)
    few = replace(tools, exports=replace(tools.exports, file_lines=2))
    gone = lines(few, exported(few, "Flag", since=first.asked.at), deleted=True)
    assert [each["entry"][0]["request"]["url"] for each in gone] == [f"Flag/{name}" for name in every]


def test_an_export_whose_worker_was_killed_is_taken_on(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tools, *(f"f{number:04}" for number in range(3100)))
    made = start_export(("Flag",), None, "", tools, act(tools))
    whole, pages = export.write_files, 0

    class Killed(BaseException):
        pass

    def killed(*asked: Any, heard: Any, **more: Any) -> Mark:
        def counted(mark: Mark, count: int) -> None:
            nonlocal pages
            pages += 1
            heard(mark, count)
            if pages == 4:  # the first file is whole, half of the second one is written
                raise Killed

        return whole(*asked, heard=counted, **more)

    monkeypatch.setattr(export, "write_files", killed)
    with pytest.raises(Killed):
        work_on_exports(tools)
    monkeypatch.undo()
    other = replace(tools, worker="other")
    assert not work_on_exports(other)  # the dead one may still live
    assert [file.name for file in export_now(made.id, tools).mark.files] == ["Flag-1.ndjson"]
    clock = tools.clock
    assert isinstance(clock, TestClock)
    clock.moment += HOUR
    assert work_on_exports(other)
    known = export_now(made.id, tools)
    assert (known.state, known.worker) == (ExportState.DONE, "other")
    assert names(lines(tools, known)) == [f"f{number:04}" for number in range(3100)]
    assert not list((tools.exports.folder / made.id).glob("*.part"))


def test_one_that_is_ended_stops_and_leaves_nothing(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tools, *(f"f{number:04}" for number in range(3100)))
    made = start_export(("Flag",), None, "", tools, act(tools))
    whole = export.write_files

    def ended(*asked: Any, heard: Any, **more: Any) -> Mark:
        def counted(mark: Mark, count: int) -> None:
            if mark.files and (tools.exports.folder / made.id).exists():
                cancel_export(made.id, tools, act(tools))
            heard(mark, count)

        return whole(*asked, heard=counted, **more)

    monkeypatch.setattr(export, "write_files", ended)
    assert work_on_exports(tools) and not work_on_exports(tools)
    assert (exports_now(tools), list(tools.exports.folder.iterdir())) == ([], [])
    for what in (export_now, lambda name, opened: cancel_export(name, opened, act(opened))):
        with pytest.raises(AdapterError, match="CASE-469"):
            what(made.id, tools)


def test_a_worker_that_is_stopped_gives_it_back(tools: Tools) -> None:
    put(tools, *(f"f{number:04}" for number in range(3100)))
    made = start_export(("Flag",), None, "", tools, act(tools))
    assert work_on_exports(tools, stopping=lambda: True)
    assert export_now(made.id, tools).state is ExportState.RUNNING
    assert work_on_exports(replace(tools, worker="other"))
    assert export_now(made.id, tools).state is ExportState.DONE


def test_its_time_is_over(tools: Tools) -> None:
    put(tools, "f1")
    known = exported(tools)
    clock = tools.clock
    assert isinstance(clock, TestClock)
    clock.moment += 2 * HOUR
    assert not work_on_exports(tools)
    assert list(tools.exports.folder.iterdir()) == []
    with pytest.raises(AdapterError, match="CASE-469"):
        export_now(known.id, tools)


def test_a_disk_that_fails_is_said(tools: Tools) -> None:
    put(tools, "f1")
    tools.exports.folder.write_text("in the way")
    known = exported(tools)
    assert (known.state, known.why) == (ExportState.FAILED, "ENOTDIR (Not a directory)")


def test_a_full_disk_is_said_and_leaves_nothing_half(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tools, *(f"f{number:04}" for number in range(2000)))
    whole = export_files._Written.write

    def full(self: Any, line: bytes) -> None:
        whole(self, line)
        if self.name == "Flag-2.ndjson" and self.count > 100:
            raise OSError(errno.ENOSPC, "No space left on device", "/some/where")

    monkeypatch.setattr(export_files._Written, "write", full)
    known = exported(tools)
    assert (known.state, known.why) == (ExportState.FAILED, "ENOSPC (No space left on device)")
    assert list(tools.exports.folder.iterdir()) == []
    monkeypatch.undo()
    assert exported(tools).count == 2000


def test_what_cannot_be_read_fails_and_keeps_no_other_waiting(tools: Tools) -> None:
    body = b'{"id":"bad","id":"bad"}'
    with tools.ledger.transaction() as tx:
        tx.put_resources("test", None, [ResourceIn("Flag", "bad", body, digest_of(body))], **act(tools).said)
    put(tools, "p1", kind="Organization")
    bad = start_export(("Flag",), None, "", tools, act(tools))
    assert exported(tools, "Organization").state is ExportState.DONE
    assert (export_now(bad.id, tools).state, export_now(bad.id, tools).why) == (
        ExportState.FAILED,
        "Flag/bad (FHIR-102)",
    )


def test_files_that_a_killed_process_left_are_deleted(tools: Tools) -> None:
    """Whoever ends an export may be killed before its files are gone, and its writer may write on for a moment."""
    put(tools, "f1")
    done, ended = exported(tools), start_export(("Flag",), None, "", tools, act(tools))
    cancel_export(ended.id, tools, act(tools))
    for name in (ended.id, "0" * 32, "others"):
        (tools.exports.folder / name).mkdir()
        (tools.exports.folder / name / "Flag-1.ndjson.1f.part").touch()
    assert not work_on_exports(tools)
    assert {each.name for each in tools.exports.folder.iterdir()} == {done.id, "0" * 32, "others"}


def test_who_was_given_up_for_dead_ends_nothing(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tools, *(f"f{number:04}" for number in range(3100)))
    made = start_export(("Flag",), None, "", tools, act(tools))
    whole, clock = export.write_files, tools.clock
    assert isinstance(clock, TestClock)

    def overtaken(*asked: Any, **more: Any) -> Mark:
        clock.moment += HOUR
        monkeypatch.setattr(export, "write_files", whole)
        assert work_on_exports(replace(tools, worker="other"))
        raise OSError(errno.EIO, "the disk of this one")

    monkeypatch.setattr(export, "write_files", overtaken)
    assert work_on_exports(tools)
    known = export_now(made.id, tools)
    assert (known.state, known.worker, len(lines(tools, known))) == (ExportState.DONE, "other", 3100)


def test_no_more_than_may_wait(tools: Tools) -> None:
    for _ in range(2):
        start_export(("Flag",), None, "", tools, act(tools))
    with pytest.raises(AdapterError) as caught:
        start_export(("Flag",), None, "", tools, act(tools))
    assert codes(caught.value) == ["CASE-468"]


def test_the_journal_says_who_took_what(tools: Tools) -> None:
    put(tools, "f1")
    known = exported(tools, "Flag")
    lines(tools, known)
    with tools.ledger.reading() as tx:
        noted = [row.event for row in tx.journal() if row.event.kind == "noted"]
    assert [(each.data["what"], each.actor.id) for each in noted] == [
        ("resources-exported", "clerk-07"),
        ("export-fetched", "clerk-07"),
    ]


def test_files_are_for_this_user_alone(tools: Tools) -> None:
    put(tools, "f1")
    known = exported(tools, "Flag")
    path = fetch_file(known.id, "Flag-1.ndjson", tools, act(tools))
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    with pytest.raises(AdapterError, match="CASE-469"):
        fetch_file(known.id, "../adapter.db", tools, act(tools))


def test_stopped_between_two_pages(tools: Tools, tmp_path: Path) -> None:
    put(tools, *(f"f{number}" for number in range(3)))

    def stop(*_: object) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        write_files(Asked(("Flag",), tools.clock.now()), tmp_path / "a", tools.ledger, file_lines=10, heard=stop)
    assert not list((tmp_path / "a").glob("*.ndjson"))
