"""HL7's own snapshots on which our profiles stand, R4 and R5. 基础定义。"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from adapter.fhir.canonical import decode

Json = dict[str, Any]

#: Where HL7's own definitions live.
HL7_BASE = "http://hl7.org/fhir/StructureDefinition/"


@dataclass(frozen=True, slots=True)
class Bases:
    """The snapshots of one version of FHIR.

    Attributes:
        version: as ``fhirVersion`` has it.
        file: beside this module; build_bases.py writes it.
    """

    version: str
    file: str

    def types(self) -> tuple[str, ...]:
        """Names of the types that we have."""
        return tuple(_content(self.file)["structures"])

    def elements(self, name: str) -> tuple[Json, ...]:
        """The snapshot of a type, element by element. Nobody may change what comes back.

        Raises:
            KeyError: a type that no profile of ours stands on.
        """
        return _elements(self.file, name)


R4 = Bases("4.0.1", "base.json")
R5 = Bases("5.0.0", "base_r5.json")


def implied_base(element: Json) -> Json:
    """What ``base`` is where an element is as it was first defined."""
    return {"path": element["path"], "min": element["min"], "max": element["max"]}


@lru_cache(maxsize=2)
def _content(file: str) -> Json:
    content: Json = decode(Path(__file__).with_name(file).read_bytes())
    return content


@lru_cache(maxsize=128)
def _elements(file: str, name: str) -> tuple[Json, ...]:
    known = _content(file)
    return tuple(_whole(each, known["constraints"]) for each in known["structures"][name]["element"])


def _whole(element: Json, constraints: dict[str, Json]) -> Json:
    whole = {"id": element["path"], **element}
    whole.setdefault("base", implied_base(element))
    whole.setdefault("definition", element.get("short", element["path"]))
    if "constraint" in element:
        whole["constraint"] = [constraints[name] for name in element["constraint"]]
    return whole
