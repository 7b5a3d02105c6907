"""The hospitals that are put under fire: who speaks what, with which counterparts, over which files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bench.synthetic.story import read_story

ROOT = Path(__file__).resolve().parents[2]
ENDPOINTS = ROOT / "fixtures" / "endpoints"
NHSA = ENDPOINTS / "nhsa"
STORY = ROOT / "fixtures" / "his" / "bsoft_phis" / "qingshi_county" / "stays.yaml"
SOURCE = "qingshi_county"
#: Stays of six aided persons; every payer of the scheme has a share in each.
STAYS = ("300010004", "300010005", "300010006", "300010011", "300010012", "300010015")
LONGEST_DELAY, TIMEOUT = 1, 2
ACCOUNT = {
    "user_name": "hospital01",
    "password": "not-a-real-password",
    "namespace": "http://service.aid.example/MedicalAid",
}


@dataclass(frozen=True, slots=True)
class Payer:
    """One counterpart of a hospital.

    Attributes:
        name: as the schemes call it.
        kind: ``fhir``, ``nhsa``, ``aid-xml`` or ``folder``.
        words: its command line, without store, port and folder.
        settings: of the endpoint that speaks with it.
    """

    name: str
    kind: str
    words: tuple[str, ...]
    settings: Mapping[str, Any]

    @property
    def base(self) -> str:
        """Where on its port it is spoken to."""
        return {"fhir": "/fhir", "nhsa": "/nhsa", "aid-xml": "/services/MedicalAid"}.get(self.kind, "")


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of hospital. ``computes``: the aid is computed here, since its office computes nothing."""

    name: str
    payers: tuple[Payer, ...]
    computes: bool = False


def _fhir(name: str, *, ignore_keys: bool = False) -> Payer:
    role = "bureau" if name == "bureau" else "aid"
    words = [role, "--seed", str(ENDPOINTS / f"{role}.yaml"), "--mappings", str(ROOT / "mappings"), "--clock", "claim"]
    words += ["--ignore-keys"] if ignore_keys else []
    return Payer(name, "fhir", tuple(words), {"form": "submit" if role == "bureau" else "transaction"})


def _nhsa(region: str) -> Payer:
    plans = [ROOT / "mappings/plans/test_hunan_composite", NHSA / "plans/test_employees", NHSA / "plans/test_changed"]
    words = ["nhsa-bureau", "--region", str(NHSA / "regions" / f"{region}.yaml"), "--clock", "claim"]
    words += ["--seed-file", str(NHSA / "seed.yaml"), "--plan", *map(str, plans)]
    own = {
        "region": region,
        "fixmedins_code": "H99990100001",
        "fixmedins_name": "清石县人民医院",
        "division": "999901",
        "opter": "901",
        "opter_name": "测试操作员",
        "mac": "00-00-5E-00-53-01",
        "ip": "192.0.2.1",
        "keys": {"paasid": "test", "secret": "not-a-real-secret"},
    }
    return Payer("bureau", "nhsa", tuple(words), {"nhsa": own})


def _folder(name: str) -> Payer:
    role = "bureau" if name == "bureau" else "aid"
    words = ["folder", role, "--seed", str(ENDPOINTS / f"{role}.yaml"), "--mappings", str(ROOT / "mappings")]
    words += ["--clock", "claim", "--every", "0.1"]
    settings = {"form": "submit" if role == "bureau" else "transaction", "collect_seconds": 1}
    return Payer(name, "folder", tuple(words), settings)


_AID_XML = Payer("civil-affairs", "aid-xml", ("aid-xml",), {"aid_xml": ACCOUNT})

DIALECTS: Mapping[str, Dialect] = {
    each.name: each
    for each in (
        Dialect("fhir", (_fhir("bureau"), _fhir("civil-affairs"))),
        Dialect("fhir-ignoring-keys", (_fhir("bureau", ignore_keys=True), _fhir("civil-affairs", ignore_keys=True))),
        Dialect("nhsa-inland", (_nhsa("test_inland"), _fhir("civil-affairs"))),
        Dialect("nhsa-coastal", (_nhsa("test_coastal"), _fhir("civil-affairs"))),
        Dialect("aid-xml", (_fhir("bureau"), _AID_XML), computes=True),
        Dialect("folder", (_folder("bureau"), _folder("civil-affairs"))),
    )
}


@cache
def persons() -> Mapping[str, Mapping[str, str]]:
    """By stay: the person's keys at the counterparts (``insurance`` T…, ``psn_no``, ``id``) and the name."""
    told = read_story(STORY)
    found: dict[str, Mapping[str, str]] = {}
    for stay in told["stays"]:
        if stay["key"] in STAYS:
            person = told["persons"][stay["person"]]
            found[stay["key"]] = {**person, "psn_no": f"9999{person['insurance'][1:]}"}
    return found


def case_of(stay: str) -> str:
    return f"{SOURCE}-{stay}"


def write_mappings(folder: Path) -> Mapping[bool, Path]:
    """Copies of the mappings with short delays, by whether the hospital computes the aid."""
    found = {}
    for computes in (False, True):
        copy = folder / f"mappings-{'computing' if computes else 'asking'}"
        shutil.copytree(ROOT / "mappings", copy)
        for region in ("test_inland", "test_coastal"):
            file = copy / "nhsa" / region / "region.yaml"
            rows = file.read_text("utf-8").splitlines()
            kept = [f"longest_delay: {LONGEST_DELAY}" if row.startswith("longest_delay:") else row for row in rows]
            file.write_text("\n".join(kept) + "\n", "utf-8")
        if computes:
            _change(
                copy / "schemes" / "test_hunan_two_calls.yaml",
                "payers: [medical-aid], authority: payer",
                "payers: [medical-aid], authority: adapter",
            )
        found[computes] = copy
    return found


def write_aid_seed(folder: Path) -> Path:
    """The SOAP aid service's own data, with every person of the stays."""
    text = (ENDPOINTS / "aid-xml.yaml").read_text("utf-8")
    head = text[: text.index("persons:")]
    rows = [
        f'  "{each["id"]}": {{name: {each["name"]}, sex: "{each["sex"]}", birthday: {each["born"]}, category: "02",'
        ' domicile: "999901", ceiling: "30000.00"}'
        for each in persons().values()
    ]
    seed = folder / "aid-xml.yaml"
    seed.write_text("\n".join([f"{head}persons:", *rows]) + "\n", "utf-8")
    return seed


def write_settings(
    dialect: Dialect, file: Path, *, url: str, mappings: Path, lease_seconds: int, addresses: Mapping[str, str]
) -> None:
    """A hospital's settings file."""
    rows = [
        f"database_url = {json.dumps(url)}",
        f"mappings = {json.dumps(str(mappings))}",
        f"lease_seconds = {lease_seconds}",
        "retry_first_seconds = 0.2",
        "retry_most_seconds = 1.0",
        "retry_limit = 1000",
        'notices_at = "off"',
        'log_level = "ERROR"',
    ]
    for payer in dialect.payers:
        place = f'endpoints."{payer.name}"'
        given = {"base_url": addresses[payer.name], "dialect": payer.kind, "simulator": True}
        given |= {"longest_delay": LONGEST_DELAY, "timeout": TIMEOUT, "breaker_failures": 0}
        rows += _table(place, {**given, **payer.settings})
    file.write_text("\n".join(rows) + "\n", "utf-8")


def _table(place: str, given: Mapping[str, Any]) -> Sequence[str]:
    plain = {name: value for name, value in given.items() if not isinstance(value, Mapping)}
    rows = [f"[{place}]", *(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in plain.items())]
    for name, value in given.items():
        if isinstance(value, Mapping):
            rows += _table(f"{place}.{name}", value)
    return rows


def _change(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    if old not in text:
        raise ValueError(f"{file.name}: {old!r} is not there")
    file.write_text(text.replace(old, new), "utf-8")
