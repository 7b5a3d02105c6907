"""The main job on the fixture hospital: hand figures, reviewed goldens, and nothing left over.

Goldens: ``python -m tests.tables.test_stories --write`` writes them from a fresh run; a commit that changes one says
why the answer changed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from adapter.fhir.canonical import decode
from adapter.fhir.validation import validate
from adapter.ledger.ledger import Ledger
from tests.conftest import ROOT, DemoRun

HOSPITAL = ROOT / "fixtures" / "his" / "bsoft_phis" / "qingshi_county"
GOLDEN = HOSPITAL / "expected" / "settlements"
BY_HAND: dict[str, Any] = yaml.load((HOSPITAL / "expected_by_hand.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)
PERSONS: dict[str, Any] = yaml.load((HOSPITAL / "stays.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)["persons"]


def case_of(stay: str) -> str:
    return f"qingshi_county-{stay}"


def settled(run: DemoRun, stay: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run.out / "settlements" / f"{case_of(stay)}.json").read_text("utf-8"))
    return found


def cases(run: DemoRun) -> dict[str, dict[str, Any]]:
    return {each["case_id"]: each for each in json.loads((run.out / "cases.json").read_text("utf-8"))}


def lasting(found: dict[str, Any]) -> dict[str, Any]:
    """A settlement without the moments of the run that made it, and without the hash over them."""
    year = {name: value for name, value in found["year_to_date"].items() if name != "asked_at"}
    return {**{name: value for name, value in found.items() if name != "basis"}, "year_to_date": year}


def test_the_demo_does_its_job(demo_run: DemoRun) -> None:
    assert demo_run.code == 0, demo_run.stderr[-2000:]
    for place in ("fhir", "settlements", "messages.ndjson", "cases.json"):
        assert (demo_run.out / place).exists()
    assert "TEST PROFILE" in demo_run.stdout


def test_no_process_is_left_behind(demo_run: DemoRun) -> None:
    mine = [p.info["cmdline"] for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"]]
    assert [line for line in mine if str(demo_run.out) in " ".join(line)] == []


@pytest.mark.parametrize("stay", sorted(BY_HAND))
def test_the_bill_is_what_the_clerk_worked_out_by_hand(demo_run: DemoRun, stay: str) -> None:
    hand, found, case = BY_HAND[stay], settled(demo_run, stay), cases(demo_run)[case_of(stay)]
    hand = {**hand, **hand.get("settled", {})}  # where the payer's answer differs from our rules, it counts
    shares = {share["payer"]: share["amount"] for share in found["shares"]}
    assert found["total"] == hand["total"]
    assert shares["basic"] == hand["basic"]["paid"]
    assert shares["critical-illness"] == hand["critical_illness"]["paid"]
    assert shares["medical-aid"] == hand["medical_aid"]["paid"]
    assert found["patient_pays"] == hand["patient"]
    assert (found["scheme"], found["settled_on"]) == (hand["scheme"], hand["settled_on"])
    assert case["entitlement"] == hand["entitlement"]
    assert case["bill"] == "settled"
    for part in ("full_self_pay", "over_limit", "pre_self_pay"):
        assert found["patient"][part] == hand["split"][part]


@pytest.mark.parametrize("stay", sorted(BY_HAND))
def test_the_settlement_is_the_reviewed_one(demo_run: DemoRun, stay: str) -> None:
    golden = json.loads((GOLDEN / f"{stay}.json").read_text("utf-8"))
    assert lasting(settled(demo_run, stay)) == golden


@pytest.mark.parametrize("stay", sorted(BY_HAND))
def test_every_step_names_its_article_formula_and_inputs(demo_run: DemoRun, stay: str) -> None:
    for step in settled(demo_run, stay)["steps"]:
        assert step["cite"] and step["zh"] and step["en"], step


def test_what_cannot_be_settled_waits_for_its_reason(demo_run: DemoRun) -> None:
    found = cases(demo_run)
    assert found[case_of("300010013")]["issues"] == ["REF-152"]  # an item that the catalogue does not know
    assert found[case_of("300010016")]["stay"] == "in-progress"
    assert found[case_of("300010017")]["stay"] == "cancelled"
    with Ledger.open(demo_run.database_url) as ledger, ledger.reading() as tx:
        parked = {row.stay_key: {issue.code for issue in row.issues} for row in tx.parked()}
        assert "MAP-109" in parked["300010018"]  # a newborn's lines on the mother's stay
        assert tx.paper(case_of("300010020"), "deposit-refund") is not None
        assert all(not tx.messages_of_case(case_of(s)) for s in ("300010013", "300010016", "300010017"))


def test_an_observed_settlement_is_never_sent(demo_run: DemoRun) -> None:
    with Ledger.open(demo_run.database_url) as ledger, ledger.reading() as tx:
        assert [row.message.key for row in tx.messages_of_case(case_of("300010014"))] == []
    shares = {share["payer"]: share["authority"] for share in settled(demo_run, "300010014")["shares"]}
    assert shares["basic"] == "observed"


def test_the_aid_office_hears_nothing_of_those_it_does_not_aid(demo_run: DemoRun) -> None:
    with Ledger.open(demo_run.database_url) as ledger, ledger.reading() as tx:
        told = {row.message.case_id for row in tx.outbox(endpoint="civil-affairs")}
    poor = {case_of(stay) for stay, hand in BY_HAND.items() if hand["registered_poor"] == "yes"}
    assert told and told <= poor


def test_every_bundle_passes_our_own_validator(demo_run: DemoRun) -> None:
    files = sorted((demo_run.out / "fhir").glob("*.json"))
    assert len(files) == 20
    found = [str(issue) for file in files for issue in validate([decode(file.read_bytes())]) if issue.stops]
    assert found == []


def test_no_person_can_be_told_from_what_the_demo_shows_and_logs(demo_run: DemoRun) -> None:
    """Names, identity numbers, telephone and card numbers stay in the store and in the hospital's own record."""
    shown = demo_run.stdout + demo_run.stderr + (demo_run.out / "messages.ndjson").read_text("utf-8")
    shown += "".join(file.read_text("utf-8") for file in (demo_run.out / "settlements").glob("*.json"))
    secrets = {
        person[name] for person in PERSONS.values() for name in ("name", "id", "insurance", "phone") if person.get(name)
    }
    assert len(secrets) > 20
    assert [secret for secret in secrets if secret in shown] == []


def test_the_books_balance_and_can_be_rebuilt_from_the_journal(demo_run: DemoRun, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes((demo_run.out / "store" / "adapter.db").read_bytes())
    with Ledger.open(f"sqlite:///{copy}") as ledger:
        assert ledger.verify() == []
        with ledger.reading() as tx:
            before = (tx.balances(), tx.health(), tx.cases(limit=1000))
        ledger.rebuild()
        with ledger.reading() as tx:
            assert (tx.balances(), tx.health(), tx.cases(limit=1000)) == before
            assert sum(amount.fen for amount in before[0].values()) == 0


def test_another_run_gives_the_same_fens(demo_run: DemoRun) -> None:
    """The goldens were written by an earlier run; here is that they cover every settled stay."""
    assert {file.stem for file in GOLDEN.glob("*.json")} == set(BY_HAND)
    assert {case_of(stay) for stay in BY_HAND} == {
        c for c, each in cases(demo_run).items() if each["bill"] == "settled"
    }


def write_goldens(out: Path) -> None:
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for stay in BY_HAND:
        found = lasting(settled(DemoRun(out, 0, "", ""), stay))
        text = json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True)
        (GOLDEN / f"{stay}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_goldens(Path(sys.argv[sys.argv.index("--write") + 1]))
