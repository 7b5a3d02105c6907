"""The R4 snapshots on which our profiles stand, as HL7 published them. 基础定义。"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from adapter.fhir.canonical import decode

Json = dict[str, Any]

#: Where HL7's own definitions live.
HL7_BASE = "http://hl7.org/fhir/StructureDefinition/"


def implied_base(element: Json) -> Json:
    """What ``base`` is where an element is as it was first defined."""
    return {"path": element["path"], "min": element["min"], "max": element["max"]}


@lru_cache(maxsize=1)
def _file() -> Json:
    content: Json = decode(Path(__file__).with_name("base.json").read_bytes())
    return content


def base_types() -> tuple[str, ...]:
    """Names of the types that we have."""
    return tuple(_file()["structures"])


@lru_cache(maxsize=64)
def base_elements(name: str) -> tuple[Json, ...]:
    """The snapshot of an R4 type, element by element. Nobody may change what comes back.

    Raises:
        KeyError: a type that no profile of ours stands on.
    """
    known = _file()
    return tuple(_whole(each, known["constraints"]) for each in known["structures"][name]["element"])


def _whole(element: Json, constraints: dict[str, Json]) -> Json:
    whole = {"id": element["path"], **element}
    whole.setdefault("base", implied_base(element))
    if "constraint" in element:
        whole["constraint"] = [constraints[name] for name in element["constraint"]]
    return whole
