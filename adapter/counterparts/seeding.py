"""The seed of a counterpart that knows one hospital's persons: from what ``adapter convert`` wrote of its export.

Plans, rules and accounts are those of a seed that is there already; persons, hospital and item list are the hospital's.
Everybody is insured since ever and has used nothing: whatever a test needs otherwise is written into the file by hand.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from adapter.counterparts.seed import SeedError
from adapter.rules.policy.load import read_plain

Tree = dict[str, Any]

_ID_CARD = "urn:oid:2.16.156.10011.1.3"
_SINCE = "2017-01-01"
#: Register category → idetinfo of the platform, and → assitanceType of the aid service.
_IDENTITY = {"registered-poor": "2302", "subsistence-allowance": "2303", "extreme-poverty": "2304"}
_ASSISTANCE = {"registered-poor": "02", "subsistence-allowance": "02", "extreme-poverty": "03"}


@dataclass(frozen=True, slots=True)
class Met:
    """One person as the export names him.

    Attributes:
        key: the HIS's, by which the registers name him.
        subscriber: number at the insurer; ``area`` the division that insures him.
        registered: rows of the registers, by their columns.
    """

    key: str
    name: str
    id_card: str
    sex: str
    born: str
    subscriber: str
    area: str
    employee: bool
    registered: Sequence[Mapping[str, str]] = ()

    @property
    def categories(self) -> list[str]:
        return [row["category"] for row in self.registered]


@dataclass(frozen=True, slots=True)
class Hospital:
    """The newest row of the source's facilities, and where its item list lies."""

    row: Mapping[str, str]
    items: Path

    @property
    def code(self) -> str:
        return self.row["national_code"] or self.row["code"]


def write_seed(role: str, *, like: Path, converted: Path, reference: Path, source: str, out: Path) -> int:
    """Write a seed file; gives the number of persons in it.

    Args:
        role: ``bureau``, ``aid``, ``nhsa-bureau`` or ``aid-xml``.
        like: a seed of that role, from which everything but persons and hospitals is taken.
        converted: folder of ``adapter convert``.
        reference: folder with the source's dated facts.

    Raises:
        SeedError: a file is not there or says too little; the text names it.
    """
    try:
        tree: Tree = dict(read_plain(like))  # type: ignore[arg-type]
        title = "title" if "title" in tree else "name"
        tree[title] = f"模拟端点(人员取自 {source}) simulated, with persons of {source}"
        persons = list(_persons(converted, reference, source))
        hospital = Hospital(list(_table(reference / "facilities.csv"))[-1], reference / "items.csv")
        _FILL[role](tree, persons, hospital, out.resolve().parent)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(yaml.safe_dump(tree, allow_unicode=True, sort_keys=False, width=120), "utf-8")
    except (OSError, KeyError, IndexError, ValueError) as error:
        raise SeedError(f"{like.name}, {converted.name}, {reference.name}: {type(error).__name__} {error}") from error
    return len(persons)


def _bureau(tree: Tree, persons: Sequence[Met], hospital: Hospital, folder: Path) -> None:
    tree["items"] = {hospital.code: _from(folder, hospital.items)}
    _aid(tree, persons, hospital, folder)


def _aid(tree: Tree, persons: Sequence[Met], hospital: Hospital, folder: Path) -> None:
    tree["persons"] = {each.subscriber: {"in_force": {"from": _SINCE}} for each in persons if each.subscriber}


def _platform(tree: Tree, persons: Sequence[Met], hospital: Hospital, folder: Path) -> None:
    row = hospital.row
    tree["hospitals"] = {
        hospital.code: {"name": row["name"], "level": row["level"], "items": _from(folder, hospital.items)}
    }
    tree["persons"] = {
        f"9999{int(sha256(each.id_card.encode()).hexdigest()[:8], 16) % 10**8:08d}": {
            "name": each.name,
            "certno": each.id_card,
            "gend": each.sex,
            "born": each.born,
            **({"insutype": "310", "psn_type": "11"} if each.employee else {}),
            "identities": [
                {"code": _IDENTITY[one["category"]], **_period(one)}
                for one in each.registered
                if one["category"] in _IDENTITY
            ],
        }
        for each in persons
        if each.id_card
    }


def _service(tree: Tree, persons: Sequence[Met], hospital: Hospital, folder: Path) -> None:
    ratios = next(iter(tree["ratios"].values()))
    ceiling = next(row["ceiling"] for row in tree["persons"].values() if "ceiling" in row)
    tree["ratios"] = {each.area or hospital.row["county"]: ratios for each in persons}
    tree["persons"] = {
        each.id_card: {
            "name": each.name,
            "sex": each.sex,
            "birthday": each.born,
            "ceiling": ceiling,
            "domicile": each.area or hospital.row["county"],
            "category": next((_ASSISTANCE[one] for one in each.categories if one in _ASSISTANCE), ""),
        }
        for each in persons
        if each.id_card
    }


_FILL: Mapping[str, Callable[[Tree, Sequence[Met], Hospital, Path], None]] = {
    "bureau": _bureau,
    "aid": _aid,
    "nhsa-bureau": _platform,
    "aid-xml": _service,
}
ROLES = tuple(_FILL)


def _persons(converted: Path, reference: Path, source: str) -> Iterator[Met]:
    covers = {each["beneficiary"]["reference"]: each for each in _resources(converted / "Coverage.ndjson")}
    registers = list(_table(reference / "registers.csv"))
    for patient in {each["id"]: each for each in _resources(converted / "Patient.ndjson")}.values():
        numbers = {each.get("system", ""): each["value"] for each in patient.get("identifier", [])}
        key = next((value for system, value in numbers.items() if system.endswith(f"/{source}/patient")), "")
        cover: Tree = covers.get(f"Patient/{patient['id']}", {})
        names: list[Tree] = patient.get("name", [])
        areas = [each.get("valueCode", "") for each in cover.get("extension", [])]
        yield Met(
            key=key,
            name=names[0].get("text", "") if names else "",
            id_card=numbers.get(_ID_CARD, ""),
            sex={"male": "1", "female": "2"}.get(patient.get("gender", ""), "9"),
            born=patient.get("birthDate", ""),
            subscriber=cover.get("subscriberId", ""),
            area=next(iter(areas), ""),
            employee="employees" in [each.get("code") for each in cover.get("type", {}).get("coding", [])],
            registered=[row for row in registers if row["person_key"] == key],
        )


def _period(row: Mapping[str, str]) -> dict[str, str]:
    return {"from": row["valid_from"], **({"to": row["valid_to"]} if row["valid_to"] else {})}


def _from(folder: Path, file: Path) -> str:
    """A path as the seed names it: from the seed's own folder."""
    return os.path.relpath(file.resolve(), folder)


def _resources(file: Path) -> Iterator[Tree]:
    with file.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines)


def _table(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as rows:
        yield from csv.DictReader(rows)
