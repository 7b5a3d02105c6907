"""Which files are complete: quiet ones, marked ones, whole groups; never one that somebody still writes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapter.doors.listeners.groups import Entry, Group, Rules, Watched, listed

QUIET = Rules(group="all", wait_for="quiet", manifest="*.manifest", quiet_seconds=10, suffixes=(".xml", ".tsv"))


def there(*names: str, size: int = 5, changed: int = 1) -> dict[str, Entry]:
    return {name: Entry(size, changed) for name in names}


def names(groups: list[Group]) -> list[tuple[str, ...]]:
    return [group.files for group in groups]


def after_quiet(rules: Rules, *paths: str) -> list[Group]:
    watched = Watched(rules)
    assert watched.complete(there(*paths), 0) == []
    return watched.complete(there(*paths), 10)


def test_a_file_is_taken_once_it_has_not_changed_for_a_while() -> None:
    watched = Watched(QUIET)
    assert watched.complete(there("a.xml"), 0) == []
    assert watched.complete(there("a.xml"), 9.9) == []
    assert names(watched.complete(there("a.xml"), 10)) == [("a.xml",)]


@pytest.mark.parametrize("later", [{"size": 6}, {"changed": 2}], ids=["size", "time"])
def test_a_change_begins_the_wait_anew(later: dict[str, int]) -> None:
    watched = Watched(QUIET)
    watched.complete(there("a.xml"), 0)
    assert watched.complete(there("a.xml", **later), 10) == []
    assert names(watched.complete(there("a.xml", **later), 20)) == [("a.xml",)]


def test_all_waits_for_the_slowest() -> None:
    watched = Watched(QUIET)
    watched.complete(there("a.xml"), 0)
    assert watched.complete(there("a.xml", "b.xml"), 10) == []
    assert names(watched.complete(there("a.xml", "b.xml"), 20)) == [("a.xml", "b.xml")]


@pytest.mark.parametrize("unfinished", ["b.xml.part", "b.XML.TMP", "b.filepart", ".b.xml", "~b.xml"])
def test_a_file_that_is_being_written_keeps_its_group_waiting(unfinished: str) -> None:
    watched = Watched(QUIET)
    watched.complete(there("a.xml"), 0)
    assert watched.complete(there("a.xml", unfinished), 10) == []
    assert names(watched.complete(there("a.xml", unfinished), 20)) == [("a.xml",)], "nobody writes there any more"
    alone = Watched(replace(QUIET, group="file"))
    alone.complete(there("a.xml", unfinished), 0)
    assert names(alone.complete(there("a.xml", unfinished), 10)) == [("a.xml",)]


def test_each_file_by_itself() -> None:
    watched = Watched(replace(QUIET, group="file"))
    watched.complete(there("a.xml"), 0)
    assert names(watched.complete(there("a.xml", "b.xml"), 10)) == [("a.xml",)]


@pytest.mark.parametrize("marker", ["a.xml.ok", "a.ok", "a.xml.READY", "a.ready"])
def test_a_marker_makes_its_file_complete_at_once_and_goes_with_it(marker: str) -> None:
    (group,) = Watched(QUIET).complete(there("a.xml", marker), 0)
    assert (group.files, group.beside) == (("a.xml",), (marker,))


def test_a_marker_of_one_file_says_nothing_of_another() -> None:
    assert Watched(QUIET).complete(there("a.xml", "b.xml", "a.ok"), 0) == []
    by_itself = Watched(replace(QUIET, group="file")).complete(there("a.xml", "b.xml", "a.ok"), 0)
    assert names(by_itself) == [("a.xml",)]


def test_a_marker_of_no_file_speaks_for_all_of_them() -> None:
    (group,) = Watched(QUIET).complete(there("a.xml", "b.xml", "2021-03-05.ok"), 0)
    assert (group.files, group.beside) == (("a.xml", "b.xml"), ("2021-03-05.ok",))
    assert Watched(QUIET).complete(there("2021-03-05.ok"), 0) == []


def test_where_markers_are_the_rule_nothing_is_taken_without_one() -> None:
    rules = replace(QUIET, wait_for="marker")
    assert after_quiet(rules, "a.xml") == []
    assert names(after_quiet(replace(rules, group="file"), "a.xml")) == []
    assert names(Watched(rules).complete(there("a.xml", "a.ok"), 0)) == [("a.xml",)]


def test_a_sub_folder_is_a_group() -> None:
    rules = replace(QUIET, group="folder")
    found = after_quiet(rules, "one/a.xml", "one/b.xml", "two/a.xml", "c.xml")
    assert names(found) == [("c.xml",), ("one/a.xml", "one/b.xml"), ("two/a.xml",)]
    (marked,) = Watched(rules).complete(there("one/a.xml", "two/a.xml", "one.ok", "c.xml"), 0)
    assert (marked.files, marked.beside) == (("one/a.xml",), ("one.ok",))
    (inside,) = Watched(rules).complete(there("one/a.xml", "two/a.xml", "one/all.ok"), 0)
    assert inside.files == ("one/a.xml",)


def test_other_rules_do_not_look_into_sub_folders() -> None:
    for group in ("all", "file"):
        assert after_quiet(replace(QUIET, group=group), "one/a.xml") == []


def test_files_of_other_kinds_are_left_alone() -> None:
    assert names(after_quiet(QUIET, "a.xml", "readme.docx", "Thumbs.db")) == [("a.xml",)]


def test_lists() -> None:
    digest = "ab" * 32
    assert listed(f"\ufeff住院费用记录.tsv\r\n\r\n{digest} *b.xml\n{digest.upper()}  c d.xml\n") == {
        "住院费用记录.tsv": "",
        "b.xml": digest,
        "c d.xml": digest,
    }
