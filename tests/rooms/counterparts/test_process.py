"""A counterpart as a process: ready, stopped, killed, started again, and refused a bad start."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from adapter.model.dates import local_day
from tests.support.counterparts import ROOT, Counterpart, counterpart
from tests.support.wire_bodies import claim_bundle, line, load, look_up, responses, submit

KEY = "CASE-1.v1.insurance.settle"
BODY = claim_bundle(KEY, [line("2201", "1500.00")])


def test_health_tells_role_and_longest_delay(bureau: Counterpart) -> None:
    told = httpx.get(f"{bureau.base}/health").json()
    assert told == {"status": "ok", "role": "bureau", "name": "bureau", "longest_delay_seconds": 5}


def test_stops_cleanly_also_with_a_request_in_hand(tmp_path: Path) -> None:
    with counterpart("bureau", store=tmp_path / "store.sqlite") as bureau:
        bureau.script({"match": {}, "do": "hang"})
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{bureau.fhir}/ClaimResponse", timeout=0.2)
        assert bureau.stop() == 0


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    with counterpart("bureau", store=tmp_path / "store.sqlite") as bureau:
        first = submit(bureau.fhir, BODY)
        bureau.kill()
        with pytest.raises(httpx.ConnectError):
            submit(bureau.fhir, BODY)
        bureau.restart()
        assert submit(bureau.fhir, BODY).content == first.content
        assert look_up(bureau.fhir, KEY) == responses(load(first.content))


def test_the_system_clock_records_under_today(tmp_path: Path) -> None:
    with counterpart("bureau", store=tmp_path / "store.sqlite", clock="system") as bureau:
        before = local_day(datetime.now(UTC)).isoformat()
        created = responses(load(submit(bureau.fhir, BODY).content))[0]["created"]
        after = local_day(datetime.now(UTC)).isoformat()
        assert before <= created[:10] <= after


def test_plans_may_be_named_by_scheme(tmp_path: Path) -> None:
    with counterpart("bureau", store=tmp_path / "store.sqlite", scheme=["test_hunan_two_calls"]) as bureau:
        assert submit(bureau.fhir, BODY).status_code == 200


@pytest.mark.parametrize(
    ("option", "value"), [("--seed", "nowhere.yaml"), ("--mappings", "nowhere"), ("--scheme", "no_such_scheme")]
)
def test_a_start_that_cannot_work_says_why(tmp_path: Path, option: str, value: str) -> None:
    given = {
        "--seed": str(ROOT / "fixtures" / "endpoints" / "bureau.yaml"),
        "--mappings": str(ROOT / "mappings"),
        "--store": str(tmp_path / "store.sqlite"),
    } | {option: value}
    words = [word for pair in given.items() for word in pair]
    done = subprocess.run(
        [sys.executable, "-m", "adapter.counterparts", "bureau", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr


def test_a_seed_that_repeats_a_key_or_a_plan_that_asks_too_much_is_refused(tmp_path: Path) -> None:
    text = (ROOT / "fixtures" / "endpoints" / "aid.yaml").read_text("utf-8")
    twice = tmp_path / "twice.yaml"
    twice.write_text(f"{text}\nname: again\n", "utf-8")
    plans = tmp_path / "mappings" / "plans" / "test_hunan_composite"
    plans.mkdir(parents=True)
    for plan in (ROOT / "mappings" / "plans" / "test_hunan_composite").glob("*.yaml"):
        added = (
            '  family_threshold: {values: {2020-01-01: {cite: none, value: "1"}}}\n'
            if plan.stem == "medical_aid"
            else ""
        )
        (plans / plan.name).write_text(plan.read_text("utf-8") + added, "utf-8")
    for seed, mappings in ((twice, None), (None, tmp_path / "mappings")):
        with (
            pytest.raises(AssertionError, match="did not start"),
            counterpart("aid", store=tmp_path / "s.sqlite", seed=seed, mappings=mappings),
        ):
            pass
