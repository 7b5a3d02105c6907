"""The FHIR package out of what stands in ``mappings`` and ``fixtures`` (构建 FHIR 规范包)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapter import __version__
from adapter.cases.fhir_terms import settlement_steps, with_reasons
from adapter.fhir.canonical import decode
from adapter.fhir.metadata import RELEASED, capability_statement
from adapter.fhir.package.contents import Package, file_name, package
from adapter.fhir.package.hl7_china import of_hl7_china
from adapter.fhir.package.terms import FieldRow, Table, nhsa_maps, nhsa_systems
from adapter.fhir.package.variants import HL7_CHINA, R4, Variant
from adapter.fhir.r5.convert import to_r5
from adapter.fhir.r5.metadata import capability_statement_r5
from adapter.payers.delivery.endpoints.nhsa.definitions import Definitions
from adapter.payers.delivery.endpoints.nhsa.fields import Entry, FieldMap
from adapter.payers.delivery.endpoints.nhsa.load import load_definitions, load_fields
from adapter.rules.policy.load import load_book


def fhir_package(mappings: Path, fixtures: Path, variant: Variant = R4) -> Package:
    """Everything that a package holds; reads files and no clock.

    Args:
        variant: which of our packages; definitions and examples are written for R4, and made into the others.

    Raises:
        AdapterError: a definition or a table is wrong (FHIR-101, FHIR-240 – FHIR-246, MAP-101).
    """
    rows = nhsa_fields(mappings)
    tables = [
        Table(each.name, each.zh, each.en, {code.code: (code.zh, code.en) for code in each.codes.values()})
        for each in load_definitions(mappings).tables.values()
    ]
    statement = capability_statement(version=__version__, released=RELEASED)
    generated = [*nhsa_systems(tables), *nhsa_maps(rows), *settlement_steps(), statement]
    examples = _resources(fixtures / "package")
    if variant is not R4:
        examples = {name: to_r5(each)[0] for name, each in examples.items()}
    if variant is HL7_CHINA:
        examples = {name: of_hl7_china(each) for name, each in examples.items()}
    return package(
        with_reasons(_resources(mappings / "profiles"), load_book(mappings)),
        generated,
        examples,
        version=__version__,
        released=RELEASED,
        variant=variant,
        native=_native(mappings, variant),
    )


def _native(mappings: Path, variant: Variant) -> dict[str, dict[str, Any]]:
    """What is said in the variant's own version of FHIR and in no other."""
    if variant is R4:
        return {}
    statement = capability_statement_r5(version=__version__, released=RELEASED)
    own = _resources(mappings / variant.folder) if variant.folder else {}
    return {**own, file_name(statement): statement}


def nhsa_fields(mappings: Path) -> list[FieldRow]:
    """Every field of the national platform that is made from FHIR or read back to it, in the order of the file."""
    definitions = load_definitions(mappings)
    fields = load_fields(mappings, definitions)
    return [*_rows(fields, definitions, sent=True), *_rows(fields, definitions, sent=False)]


def _rows(fields: FieldMap, definitions: Definitions, *, sent: bool) -> Iterator[FieldRow]:
    for number, nodes in (fields.entries if sent else fields.answers).items():
        transaction = definitions.transactions[number]
        known = transaction.input if sent else transaction.output
        for node, entries in nodes.items():
            for entry in entries:
                field = known[node].fields[entry.field]
                path, system = _path(entry)
                yield FieldRow(
                    *(number, transaction.zh, sent, node, entry.field, field.zh, path, field.codes),
                    codes=tuple((entry.codes or {}).items()),
                    system=system,
                )


def _path(entry: Entry) -> tuple[str, str | None]:
    """The FHIR element of a field, and the code system that its path names."""
    path = entry.read_back or next((each.path for each in entry.sources if each.path is not None), None)
    if path is None:
        return "", None
    return path.text, next((step.system for step in path.steps if step.system is not None), None)


def _resources(folder: Path) -> dict[str, dict[str, Any]]:
    return {path.name: decode(path.read_bytes()) for path in sorted(folder.glob("*.json"))}
