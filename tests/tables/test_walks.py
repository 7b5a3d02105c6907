"""Every shipped source from its export to settled cases: real payers, real wire, the figures worked out by hand.

Export → cases → entitlement → estimate → trial → settlement → reconciliation, over one simulated bureau and one aid
office as processes of their own. The first fixture hospital walks the same way in test_stories.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapter.cases import reconcile, settle
from adapter.cases.intake import ingest
from adapter.cases.tools import Tools
from adapter.ledger.rows import CaseRow
from adapter.model.case import BillState
from adapter.model.issues import AdapterError
from adapter.model.settlement import Payer, Settlement
from bench.synthetic.story import read_story
from tests.support.counterparts import Counterpart
from tests.support.office import act, codes, office, work
from tests.support.payer_lists import ENDPOINTS, facility_of, kept_list, list_of, sources
from tests.support.wire import payers_on_the_wire
from tests.tables import decimal_oracle as oracle

#: ``<vendor>/<source>`` of every fixture hospital that has hand figures; the first one is the demo's.
HOMES = tuple(
    path.parent
    for path in sorted((oracle.FIXTURES / "his").glob("*/*/expected_by_hand.yaml"))
    if path.parent.name != "qingshi_county"
)


def table(home: Path, name: str) -> dict[str, Any]:
    path = home / name
    return dict(read_story(path)) if path.is_file() else {}


BY_HAND = {home.name: table(home, "expected_by_hand.yaml") for home in HOMES}
WAITING = {home.name: table(home, "waiting.yaml") for home in HOMES}
STAYS = [(source, stay) for source, stays in BY_HAND.items() for stay in stays]
HELD = [(source, stay) for source, stays in WAITING.items() for stay in stays]
#: The same in both: what was told beforehand is what was settled.
CHECKED = ("full_self_pay", "over_limit", "pre_self_pay", "deductible", "basic", "critical_illness", "medical_aid")


@dataclass(frozen=True)
class Walked:
    """What is left when everything that may be settled was settled."""

    tools: Tools
    payers: Mapping[str, Counterpart]
    estimates: Mapping[str, Settlement]
    refused: Mapping[str, list[str]]


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    """All sources in one office, settled in the order of discharge."""
    folder = tmp_path_factory.mktemp("walks")
    with payers_on_the_wire(folder) as (payers, endpoints), office(folder, endpoints) as tools:
        for home in HOMES:
            ingest(home.name, [home / "export"], tools, act(tools, "export"))
        estimates: dict[str, Settlement] = {}
        refused: dict[str, list[str]] = {}
        for row in sorted(cases(tools), key=lambda row: (row.discharged or date.max, row.case_id)):
            try:
                settle.start_trial(row.case_id, tools, act(tools, "trial"))
                estimates[row.case_id] = settle.estimate(row.case_id, tools, act(tools, "estimate")).settlement
                assert work(tools)
                settle.start_settlement(row.case_id, tools, act(tools, "settlement"))
                assert work(tools)
            except AdapterError as error:
                refused[row.case_id] = codes(error)
        yield Walked(tools, payers, estimates, refused)


def cases(tools: Tools) -> list[CaseRow]:
    with tools.ledger.reading() as tx:
        return list(tx.cases(limit=1000))


def figures(settlement: Settlement) -> dict[str, str]:
    parts = settlement.patient
    return {
        "total": settlement.total.text,
        "full_self_pay": parts.full_self_pay.text,
        "over_limit": parts.over_limit.text,
        "pre_self_pay": parts.pre_self_pay.text,
        "deductible": parts.deductible.text,
        "basic": settlement.share_of(Payer.BASIC).text,
        "critical_illness": settlement.share_of(Payer.CRITICAL_ILLNESS).text,
        "medical_aid": settlement.share_of(Payer.MEDICAL_AID).text,
        "patient": settlement.patient_pays.text,
    }


def by_hand(hand: Mapping[str, Any]) -> dict[str, str]:
    return {
        "total": hand["total"],
        **{part: hand["split"][part] for part in ("full_self_pay", "over_limit", "pre_self_pay")},
        "deductible": hand["basic"]["deductible"],
        "basic": hand["basic"]["paid"],
        "critical_illness": hand["critical_illness"]["paid"],
        "medical_aid": hand["medical_aid"]["paid"],
        "patient": hand["patient"],
    }


def test_every_source_has_stays_that_settle() -> None:
    shipped = {path.stem for path in (oracle.FIXTURES.parent / "mappings" / "sources").glob("*.yaml")}
    assert {"qingshi_county", *BY_HAND} == shipped
    assert all(BY_HAND.values())


@pytest.mark.parametrize("source", sources())
def test_the_bureau_keeps_a_list_of_its_own_for_every_hospital(source: str) -> None:
    """It reads no hospital's file; what both agreed on is the same in both."""
    bureau = read_story(ENDPOINTS / "bureau.yaml")
    assert bureau["items"][facility_of(source)] == f"items/{source}.csv"
    assert kept_list(source).read_text("utf-8") == list_of(source)


@pytest.mark.parametrize(("source", "stay"), [each for each in STAYS if "lines" in BY_HAND[each[0]][each[1]]])
def test_figures_of_messages_follow_from_their_lines(source: str, stay: str) -> None:
    """The page's own lines, split and shared by the second arithmetic, come to what the page says."""
    hand = BY_HAND[source][stay]
    reference = oracle.FIXTURES / "reference" / source / "items.csv"
    covered = hand.get("covered", "yes") == "yes"
    whole = oracle.Split()
    for line in hand["lines"]:
        row = {"FYXH": line["item"], "FYRQ": line["day"]}
        whole += oracle.split_of(row, Decimal(line["amount"]), Decimal(line["quantity"]), oracle.rows_of_csv(reference))
    assert {name: str(getattr(whole, name)) for name in hand["split"]} == hand["split"]
    bill = oracle.bill(whole, poor=hand["registered_poor"] == "yes", insured=covered, before={})
    assert str(whole.total) == hand["total"]
    assert (str(bill.deductible), str(bill.basic)) == (hand["basic"]["deductible"], hand["basic"]["paid"])
    assert (str(bill.base), str(bill.critical_illness)) == tuple(hand["critical_illness"].values())
    assert (str(bill.aid_base), str(bill.medical_aid)) == tuple(hand["medical_aid"].values())
    assert str(bill.patient) == hand["patient"]


@pytest.mark.slow
@pytest.mark.parametrize(("source", "stay"), STAYS)
def test_a_stay_is_settled_as_by_hand(walked: Walked, source: str, stay: str) -> None:
    hand, case = BY_HAND[source][stay], f"{source}-{stay}"
    assert walked.refused.get(case) is None
    assert figures(walked.estimates[case]) == by_hand(hand)
    with walked.tools.ledger.reading() as tx:
        row, settled = tx.case(case), tx.settlement(case, 1)
    assert row is not None and settled is not None
    assert (row.bill, str(row.entitlement)) == (BillState.SETTLED, hand["entitlement"])
    assert figures(settled) == by_hand({**hand, **hand.get("settled", {})})
    assert settled.on.isoformat() == hand["settled_on"]
    assert settled.test_profile


@pytest.mark.slow
@pytest.mark.parametrize(("source", "stay"), HELD)
def test_a_stay_that_must_wait_waits(walked: Walked, source: str, stay: str) -> None:
    told, case = WAITING[source][stay], f"{source}-{stay}"
    with walked.tools.ledger.reading() as tx:
        row = tx.case(case)
        if "parked" in told:
            (waiting,) = [each for each in tx.parked(source=source) if each.stay_key == stay]
            assert told["parked"] in codes(waiting)
            return
        assert row is not None
        assert not tx.messages_of_case(case)
    assert (str(row.stay), row.bill) in ((told["stay"], None), (told["stay"], BillState.DRAFT))
    assert told["told"] in walked.refused[case]


@pytest.mark.slow
def test_no_stay_is_overlooked(walked: Walked) -> None:
    """Each stay of every export is settled by the figures of its page, or waits for the reason on its page."""
    with walked.tools.ledger.reading() as tx:
        parked = {f"{row.source}-{row.stay_key}" for row in tx.parked() if row.stay_key is not None}
    listed = {f"{source}-{stay}" for source in BY_HAND for stay in (*BY_HAND[source], *WAITING[source])}
    assert {row.case_id for row in cases(walked.tools)} | parked == listed


@pytest.mark.slow
@pytest.mark.parametrize("source", sorted(BY_HAND))
def test_every_day_of_a_hospital_reconciles(walked: Walked, source: str) -> None:
    """Both payers' statements show what our books show of this hospital, though others settled on the same day."""
    tools, hands = walked.tools, BY_HAND[source].values()
    paid = dict.fromkeys(walked.payers, Decimal(0))
    for day in sorted({hand["settled_on"] for hand in hands}):
        for endpoint in walked.payers:
            result = reconcile.reconcile_day(
                endpoint, date.fromisoformat(day), facility_of(source), tools, act(tools, "reconcile")
            )
            assert result.agrees, (endpoint, day, result.differences)
            paid[endpoint] += Decimal(result.theirs_total.text)
    assert paid == {
        "bureau": sum((Decimal(hand["basic"]["paid"]) for hand in hands), Decimal(0)),
        "civil-affairs": sum((Decimal(hand["medical_aid"]["paid"]) for hand in hands), Decimal(0)),
    }


@pytest.mark.slow
def test_the_books_balance_and_every_message_arrived_once(walked: Walked) -> None:
    for payer in walked.payers.values():
        state = payer.state()
        assert (state["duplicates"], state["settled_twice"], state["least_data_breaches"]) == ({}, {}, {})
    with walked.tools.ledger.reading() as tx:
        assert sum(amount.fen for amount in tx.balances().values()) == 0
        sent = [row.message.key for row in tx.outbox(endpoint="bureau")]
        assert len(sent) == len(set(sent)) > len(STAYS)
    assert walked.tools.ledger.verify() == []
    settled = {key for payer in walked.payers.values() for key in payer.state()["keys"]}
    insured = {f"{source}-{stay}" for source, stay in STAYS if BY_HAND[source][stay].get("covered", "yes") == "yes"}
    assert {key.partition(".v")[0] for key in settled} == insured
