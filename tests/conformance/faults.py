"""The seeded faults of fixtures/faults: one change to a valid Bundle each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from adapter.fhir.canonical import decode, encode
from adapter.fhir.identity import full_url

FOLDER = Path(__file__).parents[2] / "fixtures" / "faults"


@dataclass(frozen=True)
class Fault:
    """One row of faults.yaml, and the JSON that it makes of the base."""

    number: int
    name: str
    ours: str
    others: frozenset[str]
    written: bytes


def base() -> dict[str, Any]:
    """The Bundle without a fault."""
    bundle: dict[str, Any] = decode((FOLDER / "base.json").read_bytes())
    return bundle


def all_faults() -> list[Fault]:
    rows = yaml.load((FOLDER / "faults.yaml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    return [
        Fault(number, row["name"], row["ours"], frozenset(row["others"]), _made(row))
        for number, row in enumerate(rows, start=1)
    ]


def _made(row: dict[str, Any]) -> bytes:
    bundle = base()
    if "whole" in row:
        return encode(decode(row["whole"].encode()))
    if "text" in row:
        find, replace = (part.encode() for part in row["text"])
        written = encode(bundle)
        if written.count(find) != 1:
            raise ValueError(f"{row['name']}: the text to replace must stand there once")
        return written.replace(find, replace)
    for at, value in {**({row["at"]: row["set"]} if "set" in row else {}), **row.get("also", {})}.items():
        holder, last = _target(bundle, at)
        holder[last] = decode(value.encode())
    if "remove" in row:
        holder, last = _target(bundle, row["at"])
        del holder[last]
    for resource in map(decode, (each.encode() for each in row.get("new", ()))):
        where = f"{resource['resourceType']}/{resource['id']}"
        request = {"method": "PUT", "url": where}
        bundle["entry"].append({"fullUrl": full_url(*where.split("/")), "resource": resource, "request": request})
    made = encode(bundle)
    if made == encode(base()):
        raise ValueError(f"{row['name']}: changes nothing")
    return made


def _target(bundle: dict[str, Any], at: str) -> tuple[Any, Any]:
    """The holder and the key or index that an ``at`` names."""
    start, _, path = at.partition(".")
    steps: list[Any] = [int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]]+", path)]
    node: Any = bundle
    if start != "Bundle":
        names = [f"{entry['resource']['resourceType']}/{entry['resource']['id']}" for entry in bundle["entry"]]
        index = names.index(start)
        steps = ["entry", index, "resource", *steps]
    for step in steps[:-1]:
        node = node[step]
    return node, steps[-1]
