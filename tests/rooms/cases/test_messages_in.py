"""HL7 v2 messages on their way to cases: kept first, folded with all that came before, the bad ones parked."""

from __future__ import annotations

import json
import os
from base64 import b64decode
from pathlib import Path
from random import Random

import pytest

from adapter.cases import parked
from adapter.cases.intake import Taken, ingest
from adapter.cases.recording import Fate
from adapter.cases.tools import Tools
from adapter.fhir.canonical import decode
from adapter.intake.readers.hl7v2_files import RawMessage, split
from tests.support.messages import NEUSOFT, VENDORS, WINNING, home
from tests.support.office import ROOT, TestClock, act, codes, office
from tests.support.terminal import run as run_command

STAYS = {
    NEUSOFT: {"ZY010000020001", "ZY010000020002", "ZY010000020003", "ZYB10000020002"},
    WINNING: {"10001", "10002", "10002-B1", "10003", "10004"},
}
BIG = 4 * 1024**2


def take(source: str, tools: Tools, *paths: Path, dry_run: bool = False) -> Taken:
    return ingest(source, paths or [home(source) / "export"], tools, act(tools, "export"), dry_run=dry_run)


def raw_messages(source: str) -> list[bytes]:
    """Every message of the fixture export, as bytes."""
    found = []
    for path in sorted((home(source) / "export").glob("*.hl7")):
        with path.open("rb") as stream:
            found += [each.data for each in split(stream, BIG) if isinstance(each, RawMessage)]
    return found


def written(folder: Path, name: str, *messages: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"\r".join(messages) + b"\r")
    return folder / name


def end_state(source: str, tools: Tools) -> dict[str, object]:
    """Cases, states, and the newest version of every resource; how they came to be is left out."""
    found: dict[str, object] = {}
    with tools.ledger.reading() as tx:
        for stay in STAYS[source]:
            row = tx.case(f"{source}-{stay}")
            assert row is not None, stay
            resources = {(each.type, each.id): each.digest for each in tx.resources_of_case(row.case_id)}
            about = (row.person_key, row.admitted, row.discharged, row.stay, row.entitlement, row.held)
            found[stay] = (about, resources)
    return found


def journal_length(tools: Tools) -> int:
    with tools.ledger.reading() as tx:
        return len(list(tx.journal()))


@pytest.mark.parametrize("source", VENDORS)
def test_an_export_of_messages_becomes_cases(tools: Tools, source: str) -> None:
    taken = take(source, tools)
    assert {stay.stay_key: stay.fate for stay in taken.stays} == dict.fromkeys(STAYS[source], Fate.OPENED)
    assert not taken.stopped
    with tools.ledger.reading() as tx:
        assert tx.unprocessed() == tx.parked() == []
    for stay in STAYS[source]:
        (expected,) = (home(source) / "expected").glob(f"{stay}.json")
        wanted = {
            (each["resource"]["resourceType"], each["resource"]["id"])
            for each in decode(expected.read_bytes())["entry"]
        }
        with tools.ledger.reading() as tx:
            found = {(each.type, each.id) for each in tx.resources_of_case(f"{source}-{stay}")}
        assert wanted <= found, stay


@pytest.mark.parametrize("source", VENDORS)
def test_the_same_messages_twice_change_nothing(tools: Tools, tmp_path: Path, source: str) -> None:
    take(source, tools)
    before, length = end_state(source, tools), journal_length(tools)
    again = take(source, tools)
    assert {stay.fate for stay in again.stays} == {Fate.UNCHANGED}
    assert again.known_files == again.files > 0
    assert journal_length(tools) == length
    other_name = written(tmp_path, "again.hl7", *raw_messages(source))
    once_more = take(source, tools, other_name)
    assert {stay.fate for stay in once_more.stays} == {Fate.UNCHANGED}
    assert "SRC-123" in codes(once_more.issues)
    assert journal_length(tools) == length + 4, "arrival begun and finished, file received and processed, nothing else"
    assert end_state(source, tools) == before


@pytest.mark.parametrize("order", ["forward", "reverse", "shuffled"])
@pytest.mark.parametrize("source", VENDORS)
def test_messages_one_by_one_in_any_order_give_the_same(tools: Tools, tmp_path: Path, source: str, order: str) -> None:
    messages = list(enumerate(raw_messages(source)))
    if order == "reverse":
        messages.reverse()
    if order == "shuffled":
        Random(4).shuffle(messages)
    for number, each in messages:
        take(source, tools, written(tmp_path, f"m{number:04}.hl7", each))
    with tools.ledger.reading() as tx:
        assert tx.parked() == [], "what waited for its registration waits no more"
    with office(tmp_path, {}, clock=TestClock(), name="all.db") as at_once:
        take(source, at_once)
        assert end_state(source, tools) == end_state(source, at_once)


def test_a_dry_run_writes_nothing_and_sees_what_was_kept(tools: Tools, tmp_path: Path) -> None:
    first, *rest = raw_messages(WINNING)
    taken = take(WINNING, tools, dry_run=True)
    assert {stay.stay_key for stay in taken.stays} == STAYS[WINNING]
    assert journal_length(tools) == 0
    take(WINNING, tools, written(tmp_path, "rest.hl7", *rest))
    length = journal_length(tools)
    (seen,) = take(WINNING, tools, written(tmp_path, "first.hl7", first), dry_run=True).stays
    assert (seen.stay_key, codes(seen.issues)) == ("10001", []), "with the registration that was kept before"
    assert journal_length(tools) == length


def test_a_damaged_message_is_parked_and_the_others_go_on(tools: Tools, tmp_path: Path) -> None:
    messages = raw_messages(WINNING)
    spoilt = next(n for n, each in enumerate(messages) if b"DFT^P03" in each and b"|10001|" in each)
    damaged = messages[spoilt].replace(b"|10001|", b"|10001|\x81\xff\xff", 1)
    path = written(tmp_path, "day.hl7", *messages[:spoilt], damaged, *messages[spoilt + 1 :])
    taken = take(WINNING, tools, path)
    fates = {stay.stay_key: stay.fate for stay in taken.stays}
    assert fates.pop("10001") is Fate.PARKED, "half of its charges must not be settled"
    assert set(fates.values()) == {Fate.OPENED} and set(fates) == STAYS[WINNING] - {"10001"}
    (waiting,) = [each for each in parked.parked_stays(tools) if each.stay_key is None]
    assert (codes(waiting), waiting.place) == (["SRC-121"], f"day.hl7#{spoilt + 1}")
    assert b64decode(decode(waiting.body)["message"]) == damaged
    for each in parked.parked_stays(tools):
        if each.stay_key is not None:
            assert parked.replay(each.id, tools, act(tools)).fate is Fate.PARKED, "the message is still missing"
    written(tmp_path, "day.hl7", *messages)
    again = take(WINNING, tools, path)
    assert {stay.stay_key: stay.fate for stay in again.stays if stay.fate is not Fate.UNCHANGED} == {
        "10001": Fate.OPENED
    }
    assert parked.parked_stays(tools) == []


def test_a_stay_that_waits_for_its_registration_is_replayed_from_all_its_messages(tools: Tools, tmp_path: Path) -> None:
    messages = raw_messages(WINNING)
    early = [each for each in messages if b"|10001|" in each and b"DFT^P03" in each]
    taken = take(WINNING, tools, written(tmp_path, "fees.hl7", *early))
    assert [(stay.stay_key, stay.fate) for stay in taken.stays] == [("10001", Fate.PARKED)]
    assert "SRC-126" in codes(taken.stays[0].issues)
    (waiting,) = parked.parked_stays(tools)
    assert parked.replay(waiting.id, tools, act(tools)).fate is Fate.PARKED
    take(WINNING, tools)
    assert parked.parked_stays(tools) == []


def test_the_command_takes_messages_in(tmp_path: Path) -> None:
    env = os.environ | {
        "ADAPTER_DATABASE_URL": f"sqlite:///{tmp_path / 'adapter.db'}",
        "PYTHONPATH": str(ROOT),
    }
    words = ("ingest", WINNING, str(home(WINNING) / "export"), "--json")
    ran = run_command(*words, env=env)
    assert ran.returncode == 0, ran.stderr
    assert {stay["stay_key"]: stay["fate"] for stay in json.loads(ran.stdout)["stays"]} == dict.fromkeys(
        STAYS[WINNING], "opened"
    )
