"""A whole stay over real processes in every dialect, as a hospital runs it: a settings file, commands, a worker.

Export → ingest → trial → settle → reverse → settle again; the amounts are those that were worked out by hand.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from adapter.model.money import Money
from bench.synthetic.story import write_export
from tests.support import terminal
from tests.support.office import FACILITY, ROOT, SOURCE, story

pytestmark = pytest.mark.slow

HIS = ROOT / "fixtures" / "his" / "bsoft_phis" / SOURCE
#: Every payer bears something · refunds, which bureaus split line by line · over price limits.
LARGE, REFUNDS, LIMITS = "300010002", "300010004", "300010005"
PAYERS = ("basic", "critical-illness", "medical-aid")
#: Secrets stand in the environment, not in the file.
SECRETS = {
    "nhsa": {"nhsa": {"keys": {"paasid": "test", "secret": "not-a-real-secret"}}},
    "aid-xml": {"aid_xml": {"password": "not-a-real-password"}},
}


@dataclass(frozen=True)
class Payer:
    """One counterpart: the command that simulates it, and the part of a settings file that speaks to it.

    ``{address}`` is where its process says that it listens.
    """

    command: str
    settings: str
    computes: bool = True


def _nhsa(region: str, *, facility: str = FACILITY, division: str = "999901", more: str = "") -> Payer:
    return Payer(
        f"nhsa-bureau --region test_{region} --clock claim --store bureau.sqlite {more}",
        f"""
        base_url = "{{address}}/nhsa"
        dialect = "nhsa"

        [endpoints.bureau.nhsa]
        region = "test_{region}"
        fixmedins_code = "{facility}"
        fixmedins_name = "测试医院"
        division = "{division}"
        opter = "901"
        opter_name = "医保办"
        mac = "00-00-5E-00-53-01"
        ip = "192.0.2.1"
        """,
    )


FHIR = {
    "bureau": Payer("serve bureau --clock claim --store bureau.sqlite", 'base_url = "{address}/fhir"'),
    "civil-affairs": Payer(
        "serve aid --clock claim --store aid.sqlite", 'base_url = "{address}/fhir"\nform = "transaction"'
    ),
}
AID_XML = Payer(
    "aid-xml --store aid.sqlite",
    """
    base_url = "{address}/services/MedicalAid"
    dialect = "aid-xml"

    [endpoints.civil-affairs.aid_xml]
    user_name = "hospital01"
    namespace = "http://service.aid.example/MedicalAid"
    """,
    computes=False,
)
FOLDER = {
    name: Payer(
        f"folder {role} {name} --every 0.1 --clock claim --store {role}.sqlite",
        f'base_url = "{{address}}"\ndialect = "folder"\nform = "{form}"\ncollect_seconds = 1',
    )
    for name, role, form in (("bureau", "bureau", "submit"), ("civil-affairs", "aid", "transaction"))
}
#: Who speaks what, and the stays: the platform takes no line without a national code, so LARGE is none of theirs.
HOSPITALS: Mapping[str, tuple[Mapping[str, Payer], tuple[str, ...]]] = {
    "nhsa inland": ({**FHIR, "bureau": _nhsa("inland")}, (LIMITS, REFUNDS)),
    "nhsa coastal, aid-xml": ({"bureau": _nhsa("coastal"), "civil-affairs": AID_XML}, (REFUNDS,)),
    "fhir, aid-xml": ({**FHIR, "civil-affairs": AID_XML}, (LARGE,)),
    "folder": (FOLDER, (LARGE,)),
}


@dataclass
class Hospital:
    """A folder with a settings file and a ledger; everything is done by command."""

    folder: Path
    env: Mapping[str, str]
    addresses: Mapping[str, str]

    def adapter(self, *words: str) -> str:
        ran = terminal.run(*words, env=self.env, cwd=self.folder, timeout=300)
        assert ran.returncode == 0, (words, ran.stdout[-3000:], ran.stderr[-3000:])
        return ran.stdout

    def worked(self, *words: str) -> dict[str, Any]:
        """A command that only decides, then a worker until nothing is due; the case as it stands."""
        self.adapter(*words, "--wait", "0")
        self.adapter("deliver", "--wait", "120")
        found: dict[str, Any] = json.loads(self.adapter("case", "show", words[1], "--json"))
        assert not found["held"], found["why_held"]
        return found

    def settle(self, case: str) -> dict[str, Any]:
        self.worked("trial", case)
        return self.worked("settle", case)

    def state(self, name: str) -> dict[str, Any]:
        return dict(httpx.get(f"{self.addresses[name]}/control/state").raise_for_status().json())


@contextmanager
def simulated(folder: Path, payer: Payer) -> Iterator[str]:
    """``adapter counterparts …`` as a process; gives the address of its ``ready`` line."""
    process = terminal.start_talking("counterparts", *payer.command.split(), cwd=folder)
    assert process.stdout is not None
    try:
        word, _, address = process.stdout.readline().strip().partition(" ")
        assert word == "ready", payer.command
        yield address
    finally:
        process.terminate()
        assert process.wait(60) == 0
        process.stdout.close()


@contextmanager
def hospital(folder: Path, payers: Mapping[str, Payer]) -> Iterator[Hospital]:
    with ExitStack() as stack:
        addresses = {name: stack.enter_context(simulated(folder, payer)) for name, payer in payers.items()}
        lines = ['database_url = "sqlite:///adapter.db"', 'mappings = "mappings"', "retry_first_seconds = 0.2"]
        lines += ["retry_most_seconds = 2.0", "retry_limit = 100"]
        for name, payer in payers.items():
            told = [line.strip() for line in payer.settings.format(address=addresses[name]).splitlines()]
            first = next((n for n, line in enumerate(told) if line.startswith("[")), len(told))
            told[first:first] = ["simulator = true", "longest_delay = 2", "timeout = 30"]
            lines += [f"[endpoints.{name}]", *told]
        (folder / "adapter.toml").write_text("\n".join(lines) + "\n", "utf-8")
        _mappings(folder / "mappings", computes=payers["civil-affairs"].computes)
        secrets = {name: SECRETS[kind] for name, payer in payers.items() if (kind := _dialect(payer)) in SECRETS}
        env = os.environ | {"ADAPTER_SETTINGS": "adapter.toml", "ADAPTER_ENDPOINTS": json.dumps(secrets)}
        yield Hospital(folder, env, addresses)


def _dialect(payer: Payer) -> str:
    return next((kind for kind in SECRETS if f'dialect = "{kind}"' in payer.settings), "")


def _mappings(folder: Path, *, computes: bool) -> None:
    """The hospital's own; where the aid office computes nothing, its schemes say so."""
    shutil.copytree(ROOT / "mappings", folder)
    if not computes:
        scheme = folder / "schemes" / "test_hunan_two_calls.yaml"
        text = scheme.read_text("utf-8")
        changed = text.replace("payers: [medical-aid], authority: payer", "payers: [medical-aid], authority: adapter")
        assert changed != text
        scheme.write_text(changed, "utf-8")


def worked_out(stay: str, his: Path = HIS) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load((his / "expected_by_hand.yaml").read_text("utf-8"), yaml.BaseLoader)[stay]
    return found


def by_hand(stay: str, his: Path = HIS) -> dict[str, str]:
    """Who bears what, as it was worked out by hand; with refunds, as bureaus split them (``settled``)."""
    row = worked_out(stay, his) | worked_out(stay, his).get("settled", {})
    return {**{name: row[name.replace("-", "_")]["paid"] for name in PAYERS}, "patient": row["patient"]}


def borne(case: Mapping[str, Any]) -> dict[str, str]:
    return {name: case["shares"].get(name, "0.00") for name in (*PAYERS, "patient")}


@pytest.mark.parametrize("name", HOSPITALS)
def test_a_stay_is_settled_taken_back_and_settled_again(name: str, tmp_path: Path) -> None:
    payers, stays = HOSPITALS[name]
    with hospital(tmp_path, payers) as at:
        write_export(story(*stays), tmp_path / "export")
        at.adapter("ingest", SOURCE, "export")
        for stay in stays:
            settled = at.settle(f"{SOURCE}-{stay}")
            assert (settled["bill"], borne(settled)) == ("settled", by_hand(stay))
        case = f"{SOURCE}-{stays[0]}"
        taken_back = at.worked("reverse", case, "--reason", "费用更正")
        assert taken_back["bill"] == "reversed"
        again = at.settle(case)
        assert (again["bill"], again["bill_version"]) == ("settled", 2)
        assert borne(again) == by_hand(stays[0])
        at.adapter("ledger", "verify")
        assert json.loads(at.adapter("outbox", "list", "--unfinished", "--json")) == []
        for endpoint in payers:
            the_payer_agrees(at, endpoint, stays)


def the_payer_agrees(at: Hospital, endpoint: str, stays: tuple[str, ...]) -> None:
    """It holds each stay once, with exactly the amounts of its part; behind a folder its statement says so."""
    mine = PAYERS[:2] if endpoint == "bureau" else PAYERS[2:]
    due = Money.total(Money.yuan(by_hand(stay)[payer]) for stay in stays for payer in mine)
    if not at.addresses[endpoint].startswith("http"):
        day = worked_out(stays[0])["settled_on"]
        told = json.loads(at.adapter("reconcile", endpoint, day, "--facility", FACILITY, "--json"))
        assert (told["agrees"], Money.yuan(told["theirs"]["total"])) == (True, due)
        return
    told = at.state(endpoint)
    amounts = told["paid"].values() if isinstance(told["paid"], dict) else [told["paid"]]
    assert Money.total(Money.yuan(amount) for amount in amounts) == due
    assert (told["settled"], told["settled_twice"]) == (len(stays), {})


def test_a_bureaus_own_split_of_a_line_is_settled_on_shown_and_closed(tmp_path: Path) -> None:
    """57.30 of class B that the bureau counts as outside the catalogue: 1,006.95 − 57.30 − 2.86 = 946.79 in scope."""
    case = f"{SOURCE}-{REFUNDS}"
    with hospital(tmp_path, {**FHIR, "bureau": _nhsa("inland")}) as at:
        write_export(story(REFUNDS), tmp_path / "export")
        at.adapter("ingest", SOURCE, "export")
        at.adapter("counterparts", "play", "line-split-differs", "--part", "otherwise", "--url", at.addresses["bureau"])
        at.worked("trial", case)
        assert "lines split otherwise by the payer  2" in at.adapter("trial", case), "before anybody settles"
        settled = at.worked("settle", case)
        by_hand = {"basic": "379.77", "critical-illness": "0.00", "medical-aid": "396.91", "patient": "230.27"}
        assert (settled["bill"], borne(settled)) == ("settled", by_hand)
        assert at.state("civil-affairs")["paid"] == {"medical-aid": "396.91"}, "asked on what the bureau has in scope"
        listed = terminal.run("variances", "list", "--lines", env=at.env, cwd=tmp_path, timeout=60)
        assert listed.returncode == 1 and all(text in listed.stdout for text in ("57.30", "51.57", "chrgitm_lv 03"))
        told = terminal.run("variances", "list", "--json", env=at.env, cwd=tmp_path, timeout=60)
        (variance,) = json.loads(told.stdout)
        line = next(each for each in variance["lines"] if each["amount"] == "57.30")
        assert (line["ours"]["in_scope"], line["theirs"]["full_self_pay"]) == ("51.57", "57.30")
        at.adapter("variances", "close", case, "basic", "--reason", "医保目录已调整")
        assert json.loads(at.adapter("variances", "list", "--json")) == []
        at.adapter("replay", case)
        day = worked_out(REFUNDS)["settled_on"]
        assert json.loads(at.adapter("reconcile", "bureau", day, "--facility", FACILITY, "--json"))["agrees"]
        at.adapter("ledger", "verify")


def test_a_hospital_that_no_seed_knows_settles_at_a_bureau_whose_seed_is_made_from_its_export(tmp_path: Path) -> None:
    source, his = "yunxi_county", ROOT / "fixtures" / "his" / "newtouch_openhis" / "yunxi_county"
    for words in (
        ("convert", source, str(his / "export"), "--out", "fhir", "--jobs", "1"),
        ("counterparts", "seed", source, "fhir", "--role", "nhsa-bureau", "--out", "seed.yaml"),
    ):
        ran = terminal.run(*words, cwd=tmp_path)
        assert ran.returncode == 0, ran.stderr
    bureau = _nhsa("inland", facility="H99990200001", division="999902", more="--seed seed.yaml")
    with hospital(tmp_path, {**FHIR, "bureau": bureau}) as at:
        at.adapter("ingest", source, str(his / "export"))
        settled = at.settle(f"{source}-000125")
        assert (settled["bill"], borne(settled)) == ("settled", by_hand("000125", his))
        assert at.state("bureau")["settled"] == at.state("civil-affairs")["settled"] == 1
