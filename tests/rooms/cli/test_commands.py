"""The commands as a person types them: results on stdout, issues on stderr, exit codes 0, 1 and 2."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapter.fhir.canonical import decode, encode
from tests.support.counterparts import counterpart
from tests.support.terminal import run as run_command

ROOT = Path(__file__).resolve().parents[3]
EXPORT = ROOT / "fixtures" / "his" / "bsoft_phis" / "qingshi_county" / "export"
PLAIN, POOR, HELD, IN_HOSPITAL = (f"qingshi_county-3000100{n}" for n in ("01", "03", "13", "16"))


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Terminal:
    """One clerk's terminal: a folder, a store, two endpoints."""

    folder: Path
    env: dict[str, str]

    def run(self, *words: str, stdin: str = "") -> Ran:
        ran = run_command(*words, cwd=self.folder, env=self.env, stdin=stdin)
        return Ran(ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """A store with the fixture export taken in, and both counterparts running."""
    folder = tmp_path_factory.mktemp("terminal")
    with (
        counterpart("bureau", store=folder / "bureau.sqlite") as bureau,
        counterpart("aid", store=folder / "aid.sqlite") as aid,
    ):
        settings = folder / "adapter.toml"
        settings.write_text(
            "\n".join(
                f'[endpoints.{name}]\nbase_url = "{base}"\nform = "{form}"\n'
                "simulator = true\nlongest_delay = 1\ntimeout = 5\n"
                for name, base, form in (
                    ("bureau", bureau.fhir, "submit"),
                    ("civil-affairs", aid.fhir, "transaction"),
                )
            ),
            "utf-8",
        )
        env = {
            **os.environ,
            "ADAPTER_DATABASE_URL": f"sqlite:///{folder / 'adapter.db'}",
            "ADAPTER_SETTINGS": str(settings),
        }
        yield Terminal(folder, env)


@pytest.fixture(scope="module")
def taken(terminal: Terminal) -> Terminal:
    """After the import."""
    ran = terminal.run("ingest", "qingshi_county", str(EXPORT), "--json")
    assert ran.code == 1  # two stays wait for a person
    assert len(ran.json["stays"]) == 21
    return terminal


def test_a_dry_run_writes_nothing(terminal: Terminal, tmp_path: Path) -> None:
    apart = Terminal(tmp_path, {**terminal.env, "ADAPTER_DATABASE_URL": f"sqlite:///{tmp_path / 'dry.db'}"})
    ran = apart.run("ingest", "qingshi_county", str(EXPORT), "--dry-run")
    assert "21 stays" in ran.out
    assert apart.run("case", "list", "--json").json == []
    assert apart.run("parked", "list", "--json").json == []


def test_the_same_export_again_changes_nothing(taken: Terminal) -> None:
    again = taken.run("ingest", "qingshi_county", str(EXPORT), "--json").json
    assert again["known_files"] == again["files"] == 7
    assert {stay["fate"] for stay in again["stays"]} == {"unchanged", "parked"}


def test_cases_can_be_listed_and_shown(taken: Terminal) -> None:
    listed = taken.run("case", "list", "--json").json
    assert len(listed) == 20
    assert [case["case_id"] for case in taken.run("case", "list", "--held", "--json").json] == [HELD]
    shown = taken.run("case", "show", POOR)
    assert shown.code == 0 and "永卫计发" in shown.out and "押金" in shown.out


def test_an_estimate_explains_itself_and_sends_nothing(taken: Terminal) -> None:
    ran = taken.run("estimate", PLAIN, "--explain")
    assert ran.code == 0 and "起付标准" in ran.out and "TEST PROFILE" in ran.out and "846.84" in ran.out
    assert [row for row in taken.run("outbox", "list", "--json").json if PLAIN in row["key"]] == []


def test_a_stay_goes_from_trial_to_settlement_to_reversal(taken: Terminal) -> None:
    tried = taken.run("trial", POOR, "--json")
    assert tried.code == 0 and tried.json["bill"] == "previewed"
    assert taken.run("settle", POOR, "--basis", "0" * 64).code == 1  # not what was looked at
    settled = taken.run("settle", POOR, "--json")
    assert settled.code == 0 and settled.json["bill"] == "settled" and settled.json["patient_pays"] == "338.41"
    assert taken.run("settle", POOR).code == 1  # once is enough
    day = taken.run("reconcile", "bureau", "2022-05-18", "--facility", "H99990100001", "--json")
    assert day.code == 0 and day.json["agrees"]
    reversed_ = taken.run("reverse", POOR, "--reason", "费用更正", "--json")
    assert reversed_.code == 0 and reversed_.json["bill"] == "reversed"
    after = taken.run("reconcile", "bureau", "2022-05-18", "--facility", "H99990100001", "--json")
    assert after.code == 0 and after.json["theirs"]["total"] == "0.00"
    again = taken.run("settle", POOR, "--json")
    assert again.code == 0 and again.json["bill_version"] == 2 and again.json["patient_pays"] == "338.41"


def test_messages_can_be_looked_at_without_meeting_the_person(taken: Terminal) -> None:
    key = taken.run("outbox", "list", "--json").json[0]["key"]
    shown = taken.run("outbox", "show", key)
    assert shown.code == 0 and '"subscriberId":"***"' in shown.out.replace(" ", "")
    assert "T0000000" not in shown.out
    assert taken.run("outbox", "retry", key).code == 1  # finished messages are not sent again
    assert taken.run("deliver", "--json").json["sent"] == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("case", "show", "nobody"), "CASE-302"),
        (("settle", HELD), "CASE-306"),
        (("settle", IN_HOSPITAL), "CASE-305"),
        (("reverse", PLAIN, "--reason", "x"), "CASE-309"),
        (("parked", "show", "P-0"), "CASE-314"),
        (("outbox", "show", "nothing"), "LED-409"),
        (("policy", "show", "nowhere"), "POL-208"),
        (("ingest", "nowhere", str(EXPORT)), "MAP-"),
        (("reconcile", "nobody", "2022-05-18", "--facility", "x"), "CASE-315"),
        (("outbox", "resolve", "nothing", "not-seen", "--reason", "x"), "LED-409"),
        (("outbox", "clear", "nothing", "--reason", "x"), "LED-409"),
        (("outbox", "compensate", "nothing", "--reason", "x"), "LED-409"),
        (("differences", "close", "0000000000", "--reason", "x"), "REC-603"),
        (("settlement-list", PLAIN), "CASE-445"),
    ],
)
def test_what_cannot_be_done_says_why_in_both_languages(taken: Terminal, words: tuple[str, ...], code: str) -> None:
    ran = taken.run(*words)
    assert ran.code == 1 and code in ran.err and "→" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "words",
    [("nonsense",), ("settle",), ("whatif", "-"), ("counterparts", "serve", "bank"), ("reverse", PLAIN)],
)
def test_wrong_usage_is_exit_2(terminal: Terminal, words: tuple[str, ...]) -> None:
    assert terminal.run(*words, stdin="{}").code == 2


def test_parked_stays_are_shown_and_replayed(taken: Terminal) -> None:
    parked = taken.run("parked", "list", "--json").json
    assert {row["stay_key"] for row in parked} == {"300010013", "300010018"}
    shown = taken.run("parked", "show", parked[0]["id"])
    assert shown.code == 0 and "→" in shown.err
    assert taken.run("parked", "replay", parked[0]["id"]).code == 1  # the cause is still there


def test_a_mapping_is_checked_against_a_sample(taken: Terminal) -> None:
    report = taken.run("mapping", "check", "qingshi_county", str(EXPORT), "--json").json
    assert report["unclaimed"] == {} and report["unmapped_codes"] == {}
    assert report["rows"]["ZY_BRRY"] == 21
    assert "结算不需要" in taken.run("mapping", "check", "qingshi_county", str(EXPORT)).out


def test_policies_name_their_articles(taken: Terminal) -> None:
    schemes = taken.run("policy", "list", "--json").json
    assert {each["scheme"] for each in schemes} == {"test_hunan_two_calls", "test_hunan_one_call", "test_county_plan"}
    shown = taken.run("policy", "show", "test_hunan_two_calls", "--on", "2021-06-30", "--json").json
    assert all(each["cite"] for plan in shown["plans"] for each in plan["parameters"])
    explained = taken.run("policy", "explain", "test_county_plan", "--on", "2024-06-30", "--json").json
    settings = explained["settings"]
    assert any(each["value"] is None for each in settings) and all(each["cite"] for each in settings)
    assert all(each["cite"] for plan in explained["plans"] for each in plan["values"])


def test_plain_facts_are_settled_without_a_store(terminal: Terminal, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "whatif.md").read_text("utf-8")
    facts = page.partition("```json\n")[2].partition("```")[0]  # the example of the guide
    apart = Terminal(tmp_path, {**terminal.env, "ADAPTER_DATABASE_URL": "sqlite:////nowhere/at/all.db"})
    ran = apart.run("whatif", "-", "--scheme", "test_hunan_two_calls", "--json", stdin=facts)
    assert ran.code == 0
    found = ran.json
    assert found["tag"] == "TEST PROFILE – no place's rule"
    assert sum(Decimal(share["amount"]) for share in found["shares"]) == Decimal(found["total"])


def test_files_are_validated(taken: Terminal, tmp_path: Path) -> None:
    base = decode((ROOT / "fixtures" / "faults" / "base.json").read_bytes())
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_bytes(encode(base))
    base["entry"][0]["resource"]["status"] = "no such status"
    bad.write_bytes(encode(base))
    assert taken.run("validate", str(good)).code == 0
    ran = taken.run("validate", str(bad))
    assert ran.code == 1 and "FHIR-" in ran.err
    broken = tmp_path / "broken.json"
    broken.write_text('{"resourceType": "Patient", "id": "a", "id": "b"}', "utf-8")
    assert "FHIR-102" in taken.run("validate", str(broken)).err


def test_the_version_is_told(terminal: Terminal) -> None:
    assert terminal.run("--version").out.startswith("adapter ")
