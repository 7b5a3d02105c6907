"""mappings/profiles holds every extension and code system that the project uses, and no other."""

from __future__ import annotations

import ast
import csv
import json
import re
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from adapter.fhir.identity import CANON
from adapter.model.case import CreditState, DepositState, DocumentState, EntitlementState
from adapter.model.person import Category, Insurance
from adapter.model.reference import DocumentKind, ItemKind, Level
from adapter.model.settlement import Payer
from adapter.model.window import AgreementKind, Relation
from adapter.rules.programme.notice_terms import NoticeCause
from adapter.rules.programme.reasons import Met

ROOT = Path(__file__).parents[2]
PROFILES = ROOT / "mappings" / "profiles"
HL7_CHINA = ROOT / "mappings" / "hl7-china"

#: Functions whose argument names an extension, and where that argument stands.
_NAMING_EXTENSIONS = {"extension": 0, "extension_url": 0, "extension_of": 1, "value_of": 1}


def held(kind: str) -> dict[str, dict[str, object]]:
    """The files of a resource type by id."""
    return {
        path.stem.removeprefix(f"{kind}-"): json.loads(path.read_text(encoding="utf-8"))
        for folder in (PROFILES, HL7_CHINA)
        for path in folder.glob(f"{kind}-*.json")
    }


def named_in_code(functions: dict[str, int]) -> set[str]:
    """Literal names given to the functions anywhere in the package."""
    names = set()
    for path in (ROOT / "adapter").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions:
                place = functions[node.func.id]
                if len(node.args) > place and isinstance(node.args[place], ast.Constant):
                    names.add(str(node.args[place].value))
    return names


def named_in_text(pattern: str, folder: str, *suffixes: str) -> set[Any]:
    """Names (or tuples of names) that a pattern finds in the files of a folder."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / folder).rglob("*") if path.suffix in suffixes]
    return {name for text in texts for name in re.findall(pattern, text)}


def dictionaries_in_tables() -> set[str]:
    """Our code systems in the ``system`` column of the code tables."""
    names = set()
    for path in (ROOT / "mappings").rglob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            names |= {row.get("system") or "" for row in csv.DictReader(file)}
    return {name for name in names if name and ":" not in name}


def test_every_extension_has_its_definition() -> None:
    used = named_in_code(_NAMING_EXTENSIONS)
    used |= named_in_text(r"(?<!\.)extension\[([a-z0-9-]+)\]", "mappings", ".yaml")
    used |= named_in_text(r"CANON\}?/StructureDefinition/([a-z0-9-]+)", "adapter", ".py")
    used |= named_in_text(r"CANON/StructureDefinition/([a-z0-9-]+)", "docs", ".md")
    assert used - held("StructureDefinition").keys() == set()


def test_every_inner_extension_is_a_slice_of_its_outer_one() -> None:
    definitions = held("StructureDefinition")
    used = named_in_text(r"extension\[([a-z0-9-]+)\]\.extension\[([a-z0-9-]+)\]", "mappings", ".yaml")
    for outer, inner in used:
        elements = definitions[outer]["differential"]["element"]  # type: ignore[index]
        assert inner in {element.get("sliceName") for element in elements}


def test_every_code_system_has_its_file() -> None:
    used = named_in_code({"codesystem": 0}) | dictionaries_in_tables()
    used |= named_in_text(r"\{codesystem: ([a-z0-9-]+)\}", "mappings", ".yaml")
    whole = r"([a-z0-9-]+)(?![a-z0-9/-])"  # what goes on with a slash are the tables of one hospital
    used |= named_in_text(rf"CANON\}}?/CodeSystem/{whole}", "adapter", ".py")
    used |= named_in_text(rf"CANON/CodeSystem/{whole}", "docs", ".md")
    assert used - held("CodeSystem").keys() == set()


@pytest.mark.parametrize("kind", ["StructureDefinition", "CodeSystem"])
def test_names_and_addresses_agree(kind: str) -> None:
    for name, resource in held(kind).items():
        assert (resource["resourceType"], resource["id"]) == (kind, name)
        assert resource["url"] == f"{CANON}/{kind}/{name}"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("payer", Payer),
        ("person-category", Category),
        ("insurance", Insurance),
        ("hospital-level", Level),
        ("entitlement-state", EntitlementState),
        ("deposit-state", DepositState),
        ("credit-state", CreditState),
        ("entitlement-finding", Met),
        ("document-state", DocumentState),
        ("document-kind", DocumentKind),
        ("agreement-kind", AgreementKind),
        ("item-kind", ItemKind),
        ("signer-relation", Relation),
        ("notice", NoticeCause),
    ],
)
def test_a_code_system_lists_the_values_of_the_code(name: str, values: type[StrEnum]) -> None:
    listed = [concept["code"] for concept in held("CodeSystem")[name]["concept"]]  # type: ignore[attr-defined]
    assert sorted(listed) == sorted(values)


def test_code_tables_use_codes_that_are_listed() -> None:
    systems = {
        name: {concept["code"] for concept in system["concept"]}  # type: ignore[attr-defined]
        for name, system in held("CodeSystem").items()
        if "concept" in system
    }
    strays = []
    for path in sorted((ROOT / "mappings").rglob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row.get("system") in systems and row["target"] and row["target"] not in systems[row["system"]]:
                    strays.append((path.name, row["system"], row["target"]))
    assert strays == []
