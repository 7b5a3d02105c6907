"""A watched folder on disk: taken once, moved, never replaced; slow writers, failures, a share that goes away."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapter.cases.arrivals import suffixes_of
from adapter.cases.intake import Taken, ingest
from adapter.cases.tools import Tools
from adapter.doors.listeners.folder import Take, WatchedFolder
from adapter.doors.listeners.groups import Rules
from adapter.doors.listeners.moving import move
from adapter.model.dates import FixedClock
from adapter.model.issues import AdapterError, Issue, Severity
from tests.support.office import SOURCE, TestClock, act, office
from tests.support.service import BAD, EXPORT

#: 01:30 of the sixth in the hospital's zone.
NIGHT = FixedClock(datetime(2021, 3, 5, 17, 30, tzinfo=UTC))
DAY = "2021-03-06"
RULES = Rules("all", "quiet", "*.manifest", 0.05, (".xml",))


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    with office(tmp_path, {}, clock=TestClock()) as opened:
        yield opened


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


class Calls:
    """Takes nothing and remembers what it was asked to."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.asked: list[list[str]] = []

    def __call__(self, paths: Sequence[Path]) -> Taken:
        self.asked.append([path.name for path in paths])
        if self.failures:
            raise self.failures.pop(0)
        return Taken(files=len(paths))


def watching(folder: Path, take: Take, rules: Rules = RULES) -> WatchedFolder:
    return WatchedFolder(SOURCE, folder, rules, take, every_seconds=0.02, clock=NIGHT)


def looked_at(watched: WatchedFolder, times: int = 2) -> None:
    for _ in range(times):
        watched.look()
        time.sleep(0.06)


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def real(tools: Tools) -> Take:
    return lambda paths: ingest(SOURCE, paths, tools, act(tools))


def test_an_export_is_taken_and_put_away_with_what_was_found(inbox: Path, tools: Tools) -> None:
    shutil.copytree(EXPORT, inbox, dirs_exist_ok=True)
    watched = watching(inbox, real(tools))
    looked_at(watched)
    exported = sorted(path.name for path in EXPORT.glob("*.xml"))
    found = names(inbox)
    assert [f"done/{DAY}/{name}" for name in exported] == [name for name in found if not name.endswith(".json")]
    told = json.loads((inbox / "done" / DAY / "ZY_BRRY.xml.issues.json").read_text("utf-8"))
    assert told["stays"]["parked"] == 2 and {issue["code"] for issue in told["issues"]} == {"REF-152"}
    assert all(issue["zh"] and issue["en"] for issue in told["issues"])
    assert (watched.trouble, watched.arrived) == ("", 1)
    with tools.ledger.reading() as tx:
        assert tx.arrivals_open() == []


def test_what_could_not_be_read_whole_is_put_aside(inbox: Path, tools: Tools) -> None:
    shutil.copytree(BAD / "cut_in_the_middle" / "export", inbox, dirs_exist_ok=True)
    looked_at(watching(inbox, real(tools)))
    found = names(inbox)
    assert {name.split("/")[0] for name in found} == {"parked"}
    reports = [json.loads((inbox / name).read_text("utf-8")) for name in found if name.endswith(".issues.json")]
    assert any(issue["code"] == "SRC-101" for report in reports for issue in report["issues"])


def test_the_same_names_another_time_replace_nothing(inbox: Path) -> None:
    calls = Calls()
    watched = watching(inbox, calls)
    for content in ("one", "two", "three"):
        (inbox / "ZY_BRRY.xml").write_text(content)
        looked_at(watched)
    kept = [(inbox / "done" / DAY / name).read_text() for name in ("ZY_BRRY.xml", "ZY_BRRY~2.xml", "ZY_BRRY~3.xml")]
    assert kept == ["one", "two", "three"] and len(calls.asked) == 3


def test_a_crash_between_taking_and_moving_takes_the_files_again(inbox: Path, tools: Tools) -> None:
    shutil.copytree(EXPORT, inbox, dirs_exist_ok=True)
    ingest(SOURCE, sorted(inbox.glob("*.xml")), tools, act(tools))
    with tools.ledger.reading() as tx:
        before = len(list(tx.journal()))
    looked_at(watching(inbox, real(tools)))
    with tools.ledger.reading() as tx:
        assert len(list(tx.journal())) == before
    assert {name.split("/")[0] for name in names(inbox)} == {"done"}


def test_a_file_that_changes_while_it_is_taken_stays(inbox: Path) -> None:
    calls = Calls()

    def take(paths: Sequence[Path]) -> Taken:
        if not calls.asked:
            paths[0].write_text("longer than before")
        return calls(paths)

    (inbox / "ZY_BRRY.xml").write_text("one")
    watched = watching(inbox, take)
    looked_at(watched, 2)
    assert names(inbox) == ["ZY_BRRY.xml"]
    looked_at(watched, 3)
    assert names(inbox) == [f"done/{DAY}/ZY_BRRY.xml"] and len(calls.asked) == 2


def busy() -> AdapterError:
    return AdapterError(Issue("LED-403", Severity.ERROR, "ledger", "忙", "busy"))


@pytest.mark.parametrize(("failure", "trouble"), [(busy(), "LED-403"), (RuntimeError("测试甲"), "RuntimeError")])
def test_what_could_not_be_taken_stays_and_is_tried_again(
    inbox: Path, failure: Exception, trouble: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("adapter.doors.listeners.folder._FIRST_PAUSE", 0.15)
    calls = Calls(failure)
    (inbox / "ZY_BRRY.xml").write_text("one")
    watched = watching(inbox, calls)
    looked_at(watched, 3)
    assert (names(inbox), len(calls.asked), watched.trouble) == (["ZY_BRRY.xml"], 1, trouble)
    looked_at(watched, 3)
    assert (names(inbox), watched.trouble) == ([f"done/{DAY}/ZY_BRRY.xml"], "")
    assert "测试甲" not in capsys.readouterr().out


def test_one_group_that_fails_keeps_no_other(inbox: Path) -> None:
    calls = Calls(RuntimeError())
    for name in ("a.xml", "b.xml"):
        (inbox / name).write_text(name)
    looked_at(watching(inbox, calls, Rules("file", "quiet", "", 0.05, (".xml",))))
    assert names(inbox) == ["a.xml", f"done/{DAY}/b.xml"]


def test_a_slow_writer_is_waited_for(inbox: Path) -> None:
    calls = Calls()
    watched = watching(inbox, calls, Rules("all", "quiet", "", 0.2, (".xml",)))
    watched.start()
    with (inbox / "ZY_FYMX.xml").open("w") as stream:
        for _ in range(8):
            stream.write("<row/>")
            stream.flush()
            time.sleep(0.05)
            assert calls.asked == []
    until = time.monotonic() + 5
    while not calls.asked and time.monotonic() < until:
        time.sleep(0.02)
    watched.stop()
    assert calls.asked == [["ZY_FYMX.xml"]]
    assert names(inbox) == [f"done/{DAY}/ZY_FYMX.xml"]


def test_a_sub_folder_is_taken_as_one_and_removed(inbox: Path) -> None:
    calls = Calls()
    for name in ("one/a.xml", "one/b.xml", "one/all.ok", "two/a.xml", "two/b.xml.part"):
        (inbox / name).parent.mkdir(exist_ok=True)
        (inbox / name).write_text(name)
    watching(inbox, calls, Rules("folder", "marker", "", 60, (".xml",))).look()
    assert calls.asked == [["a.xml", "b.xml"]]
    assert names(inbox) == [
        *(f"done/{DAY}/one/{name}" for name in ("a.xml", "all.ok", "b.xml")),
        "two/a.xml",
        "two/b.xml.part",
    ]
    assert not (inbox / "one").exists()


def test_a_list_says_what_belongs_together(inbox: Path) -> None:
    calls = Calls()
    rules = Rules("all", "manifest", "*.lst", 60, (".xml",))
    watched = watching(inbox, calls, rules)
    digest = hashlib.sha256(b"b").hexdigest()
    (inbox / "day.lst").write_text(f"a.xml\n{digest}  b.xml\n", "utf-8")
    (inbox / "a.xml").write_text("a")
    (inbox / "other.xml").write_text("o")
    watched.look()
    (inbox / "b.xml").write_text("half")
    watched.look()
    assert calls.asked == []
    (inbox / "b.xml").write_text("b")
    watched.look()
    assert calls.asked == [["a.xml", "b.xml"]]
    assert names(inbox) == [*(f"done/{DAY}/{name}" for name in ("a.xml", "b.xml", "day.lst")), "other.xml"]


def test_a_list_cannot_reach_outside(inbox: Path, tmp_path: Path) -> None:
    calls = Calls()
    (tmp_path / "secret.xml").write_text("x")
    (inbox / "day.manifest").write_text("../secret.xml\n/etc/passwd\n", "utf-8")
    watching(inbox, calls, Rules("all", "manifest", "*.manifest", 60, (".xml",))).look()
    assert calls.asked == []


def test_links_are_left_alone(inbox: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.xml").write_text("x")
    (inbox / "a.xml").symlink_to(tmp_path / "secret.xml")
    calls = Calls()
    looked_at(watching(inbox, calls))
    assert calls.asked == []


def test_a_share_that_goes_away_is_looked_for_again(inbox: Path) -> None:
    calls = Calls()
    watched = watching(inbox, calls)
    inbox.rmdir()
    watched.start()
    until = time.monotonic() + 5
    while watched.trouble != "FileNotFoundError" and time.monotonic() < until:
        time.sleep(0.02)
    assert (watched.trouble, watched.alive) == ("FileNotFoundError", True)
    inbox.mkdir()
    (inbox / "a.xml").write_text("a")
    while not calls.asked and time.monotonic() < until:
        time.sleep(0.02)
    watched.stop()
    assert (calls.asked, watched.trouble) == ([["a.xml"]], "")


def test_what_cannot_be_moved_leaves_no_empty_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        move(tmp_path / "nowhere.xml", tmp_path / "done")
    assert names(tmp_path) == []


def test_suffixes_are_those_of_the_source(tools: Tools) -> None:
    assert suffixes_of(tools.feed(SOURCE)) == (".xml",)
    assert set(suffixes_of(tools.feed("liuxi_county"))) == {".hl7", ".er7", ".mllp"}
