"""The chaos script counts right: what was kept twice, what is missing and a lease that lay too long are found."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from adapter.counterparts.aid_xml import store as aid_xml
from adapter.counterparts.store import Answer, Kept, Store
from adapter.ledger.rows import MessageRow, MessageState
from adapter.model.case import Actor
from adapter.model.messages import OutboundMessage, Outcome, Stage
from adapter.model.money import Money
from bench.chaos.check import Kill, Verdict, check_payer, look_back, too_late
from bench.chaos.dialects import DIALECTS, STAYS, case_of, persons
from bench.chaos.effects import Effects, effects_of
from bench.chaos.hospital import LEASE_SECONDS, Hospital
from bench.chaos.run import shared_out
from tests.support.office import MORNING, ROOT, office

CASE = case_of(STAYS[0])
BUREAU, AID_XML = DIALECTS["fhir"].payers[0], DIALECTS["aid-xml"].payers[1]


def kept(seq: int, key: str, status: str = "settled") -> Kept:
    return Kept(
        *(seq, key, "settle", "digest", CASE, "T00000004", 2021, "2021-05-17", "2021-05-17", ("f",)),
        *(Decimal("10.00"), status, 0.0, 0, b"", (Answer("basic", Decimal("4.00"), "c", b""),)),
    )


@pytest.mark.parametrize(
    ("rows", "standing", "twice"),
    [
        ([("a", "settled")], 1, 0),
        ([("a", "reversed")], None, 0),
        ([("a", "reversed"), ("b", "settled")], 1, 0),
        ([("a", "settled"), ("b", "settled")], 2, 1),
        ([("a", "reversed"), ("a", "settled")], 1, 1),
    ],
    ids=["one", "reversed", "anew", "two-stand", "one-key-twice"],
)
def test_what_a_payer_kept_twice_is_seen(
    rows: Sequence[tuple[str, str]], standing: int | None, twice: int, tmp_path: Path
) -> None:
    store = Store(tmp_path / "bureau.sqlite")
    with store.transaction():
        for seq, (name, status) in enumerate(rows):
            store.keep(kept(seq, f"{CASE}.v1.{name}.settle", status), {})
    store.close()
    found = effects_of(BUREAU, tmp_path / "bureau.sqlite")
    assert (found.standing.get(CASE), len(found.twice)) == (standing, twice)
    if standing:
        assert found.paid[CASE] == {"basic": Money.yuan("4.00") + Money.yuan("4.00" if standing > 1 else "0.00")}


def test_a_second_record_of_the_soap_service_is_seen(tmp_path: Path) -> None:
    person = persons()[STAYS[0]]["id"]
    store = aid_xml.AidStore(tmp_path / "aid.sqlite")
    normal = aid_xml.Record(0, person, "2021-05-10", "1", 2026, aid_xml.SETTLED, aid_xml.NORMAL, Decimal(5), {})
    with store.transaction():
        store.add(normal)
        store.add(replace(normal, strike=aid_xml.ANEW))
    store.close()
    found = effects_of(AID_XML, tmp_path / "aid.sqlite")
    assert found.twice == (f"standing {CASE} × 2",)
    assert found.paid[CASE] == {"medical-aid": Money.yuan("10.00")}


def message(stage: Stage, state: MessageState, outcome: Outcome | None) -> MessageRow:
    sent = OutboundMessage(
        f"{CASE}.v1.insurance.{stage}", CASE, 1, "bureau", "insurance", stage, "claim-submit", b"", "x"
    )
    return MessageRow(sent, state, MORNING, None, None, outcome, 1, MORNING, None)


SETTLED = message(Stage.SETTLE, MessageState.DONE, Outcome.ACCEPTED)
REVERSED = message(Stage.REVERSE, MessageState.DONE, Outcome.ACCEPTED)
UNKNOWN = message(Stage.SETTLE, MessageState.PARKED, Outcome.UNKNOWN)
MAYBE_UNDONE = message(Stage.REVERSE, MessageState.PARKED, Outcome.UNKNOWN)
TRIED = message(Stage.TRIAL, MessageState.DONE, Outcome.ACCEPTED)


@pytest.mark.parametrize(
    ("messages", "standing", "verdict"),
    [
        ([TRIED], 0, "right"),
        ([TRIED], 1, "doubled"),
        ([SETTLED], 1, "right"),
        ([SETTLED], 2, "doubled"),
        ([SETTLED], 0, "lost"),
        ([SETTLED, REVERSED], 0, "right"),
        ([SETTLED, REVERSED], 1, "doubled"),
        ([UNKNOWN], 0, "right"),
        ([UNKNOWN], 1, "right"),
        ([UNKNOWN], 2, "doubled"),
        ([SETTLED, MAYBE_UNDONE], 0, "right"),
        ([SETTLED, MAYBE_UNDONE], 1, "right"),
        ([SETTLED, MAYBE_UNDONE], 2, "doubled"),
    ],
)
def test_as_many_stand_there_as_our_messages_say(messages: list[MessageRow], standing: int, verdict: str) -> None:
    found = Verdict()
    check_payer(CASE, "bureau", Effects({CASE: standing}, {}), messages, found)
    assert ("doubled" if found.doubled else "lost" if found.lost else "right") == verdict


def test_the_journal_tells_what_was_in_hand_and_who_took_it_over(tmp_path: Path) -> None:
    sent = SETTLED.message
    moment = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
    hospital = Hospital(DIALECTS["fhir"], tmp_path, "", tmp_path, cast("Any", None), tmp_path)
    with office(tmp_path, {}) as tools:
        with tools.ledger.transaction() as tx:
            tx.enqueue(sent, at=moment, actor=Actor("clerk"), reason="test")
            assert tx.lease("host-77-ab", now=moment, lease_seconds=3)
        with tools.ledger.transaction() as tx:
            assert tx.lease("host-78-cd", now=moment + timedelta(seconds=11), lease_seconds=3)
        died = moment.timestamp() + 1
        kills = [
            Kill(1, "random", "worker-a", "", 77, died),
            Kill(2, "random", "worker-b", "", 78, died),
            Kill(3, "random", "bureau", "", 79, died),
            Kill(4, "random", "civil-affairs", "", 80, died),
        ]
        look_back(kills, hospital, tools)
    assert [kill.in_hand for kill in kills] == [(sent.key,), (), (sent.key,), ()]
    assert [kill.taken_over for kill in kills] == [(10.0,), (), (), ()]
    assert len(too_late(kills, [])) == 1
    assert too_late(kills, [(died + 1, 5.0)]) == [], "the machine itself stood still"
    kills[0].taken_over = (2.0 * LEASE_SECONDS,)
    assert too_late(kills, []) == []


@pytest.mark.parametrize(
    ("victim", "step", "dies"),
    [("worker", "lease · sent", True), ("service", "lease · sent", False), ("worker", "lease · answered", False)],
)
def test_whoever_is_named_dies_at_the_step_and_says_so(victim: str, step: str, dies: bool, tmp_path: Path) -> None:
    asked = {"number": 7, "steps": ["lease · sent"], "victim": victim}
    (tmp_path / "arm.json").write_text(json.dumps(asked), "utf-8")
    phase, _, point = step.partition(" · ")
    program = (
        "import sys; from pathlib import Path; from bench.chaos.steps import Steps, phase\n"
        "with phase(sys.argv[2], 'key'): Steps(Path(sys.argv[1]), 'worker-b').at(sys.argv[3])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), phase, point], cwd=ROOT, check=False, timeout=60
    )
    assert ran.returncode == (-signal.SIGKILL if dies else 0)
    assert (tmp_path / "arm.json").exists() is not dies
    if dies:
        told = SimpleNamespace(**json.loads((tmp_path / "fired-7.json").read_text("utf-8")))
        assert (told.name, told.step, told.key) == ("worker-b", "lease · sent", "key")


def test_kills_are_shared_out_to_the_last_one() -> None:
    shared = shared_out(523, "both", tuple(DIALECTS))
    assert sum(shared.values()) == 523
    assert len(shared) == 2 * len(DIALECTS)
    assert min(shared.values()) >= 34
