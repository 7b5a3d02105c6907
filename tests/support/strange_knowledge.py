"""What the engineer of a strange HIS knows: which column is what, what its codes mean, how it writes refunds.

It is put down as mapping files want it, file by file; nothing here is read from a draft.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.strange_style import Style
from tests.support.strange_world import World

INSURED = ["residents", "employees"]
_ROLE = "http://terminology.hl7.org/CodeSystem/diagnosis-role"

_CONTEXT = {"subject": {"reference": "patient"}}

#: Fields that name no column, for files that are begun by hand.
ALWAYS: Mapping[str, Mapping[str, Any]] = {
    "ChargeItem": {
        "identifier[0].system": {"sid": "own/charge-line"},
        "identifier[0].value": {"row_key": "yes"},
        "status": {"const": "billable"},
        **_CONTEXT,
        "context": {"reference": "encounter"},
        "account[0]": {"reference": "account"},
    },
    "Condition": {
        "identifier[0].system": {"sid": "own/diagnosis-row"},
        "identifier[0].value": {"row_key": "yes"},
        **_CONTEXT,
        "encounter": {"reference": "encounter"},
    },
}

#: By target: entries that stand beside it, and the field itself.
Fields = dict[str, tuple[dict[str, Any], dict[str, Any]]]


@dataclass
class Wanted:
    """A resource file as it should be: fields that name a column, and the other sections."""

    fields: Fields = field(default_factory=dict)
    sections: dict[str, Any] = field(default_factory=dict)


@dataclass
class Knowledge:
    """Everything about one HIS.

    Attributes:
        tables: by physical name, what ``shape.yaml`` should say.
        fields: by physical name of a table beside the stay's, its resource type.
        codes: rows of code tables by file below the mappings folder.
    """

    stay_table: str
    stay_key: str
    person: str
    tables: Mapping[str, Mapping[str, Any]]
    fields: Mapping[str, str]
    pages: Mapping[tuple[str, str], Wanted]
    codes: Mapping[str, Sequence[Sequence[str]]]

    def for_page(self, to: str, place: str) -> Wanted:
        """What a file should say, by its type and by the table or setting that it is made from."""
        return self.pages.get((to, place), Wanted())


def knowledge(world: World, style: Style, *, joined_key: str) -> Knowledge:
    """What is known of a HIS. ``joined_key``: the name that the draft gave to a stay key of two columns."""
    of = style.column
    stay, diagnosis = style.tables["stay"], style.tables["diagnosis"]
    key = (joined_key if joined_key not in of("stay", "person") else "STAY_KEY") if style.joined else of("stay", "stay")
    pages = {
        ("Patient", stay): _patient(style),
        ("Encounter", stay): _encounter(style, key),
        ("Coverage", stay): _coverage(style, key),
        ("Organization", "insurer.code"): Wanted(sections={"only": _insured(style)}),
        ("Account", stay): Wanted({"identifier[0].value": ({}, {"from": key, "required": "yes"})}),
        ("Condition", diagnosis): _condition(style),
        **{("ChargeItem", style.tables[table]): _charges(style, table) for table in style.fee_tables},
    }
    fields = {diagnosis: "Condition", **{style.tables[table]: "ChargeItem" for table in style.fee_tables}}
    return Knowledge(stay, key, of("stay", "person"), _tables(style), fields, pages, _codes(world, style))


def _tables(style: Style) -> dict[str, dict[str, Any]]:
    of, join = style.column, {}
    if style.joined:
        join = {"join": [of("stay", "person"), of("stay", "visit")]}
    by_stay = [of("stay", "person"), of("stay", "visit")] if style.joined else [of("stay", "stay")]
    found = {style.tables["stay"]: {"row_key": by_stay, "needed": "yes", **join}}
    for table in style.fee_tables:
        found[style.tables[table]] = {
            "row_key": [of(table, "line")],
            "needed": "yes",
            **join,
            **_other_key(style, table),
        }
    keys = by_stay if style.joined else [of("diagnosis", "stay")]
    found[style.tables["diagnosis"]] = {
        "row_key": [*keys, of("diagnosis", "code")],
        **join,
        **_other_key(style, "diagnosis"),
    }
    return found


def _other_key(style: Style, table: str) -> dict[str, Any]:
    """A table that calls the stay key otherwise says so."""
    if style.joined or style.column(table, "stay") == style.column("stay", "stay"):
        return {}
    return {"join": [style.column(table, "stay")]}


def _patient(style: Style) -> Wanted:
    def of(name: str) -> str:
        return style.column("stay", name)

    return Wanted(
        {
            "identifier[0].value": ({}, {"from": of("person"), "required": "yes"}),
            "identifier[2]": ({}, {"from": of("id"), "as": "id_number"}),
            "name[0].text": ({}, {"from": of("name"), "required": "yes"}),
            "gender": ({}, {"from": of("sex"), "codes": "gender.csv", "required": "yes"}),
            "birthDate": ({}, {"from": of("born"), "as": "date", "required": "warn", "formats": [style.born_days]}),
        },
        {
            "row_key": [of("person")],
            "id_check": {"number": of("id"), "birth": of("born"), "sex": of("sex"), "sexes": "gender.csv"},
        },
    )


def _encounter(style: Style, key: str) -> Wanted:
    def of(name: str) -> str:
        return style.column("stay", name)

    ended = {"column": of("state"), "codes": "encounter_status.csv", "in": ["finished"]}
    use = {
        "from": style.column("diagnosis", "rank"),
        "codes": "diagnosis_use.csv",
        "form": "concept",
        "required": "yes",
    }
    diagnoses = {
        "each": style.tables["diagnosis"],
        "fields": {"condition": {"reference": "condition"}, "use": use},
    }
    times = {"as": "local_time", "formats": [style.times]}
    printed = {"identifier[1].system": {"const": "urn:oid:2.16.156.10011.1.12"}}
    return Wanted(
        {
            "identifier[0].value": ({}, {"from": key, "required": "yes"}),
            "identifier[1].value": (printed, {"from": of("printed")}),
            "status": ({}, {"from": of("state"), "codes": "encounter_status.csv", "required": "yes"}),
            "period.start": ({}, {"from": of("admitted"), "required": "yes", **times}),
            "period.end": ({}, {"from": of("discharged"), "when": ended, **times}),
            "diagnosis": ({}, diagnoses),
        },
        {"row_key": [key]},
    )


def _insured(style: Style) -> dict[str, Any]:
    return {"column": style.column("stay", "insurance"), "codes": "insurance.csv", "in": INSURED}


def _coverage(style: Style, key: str) -> Wanted:
    insurance, card = style.column("stay", "insurance"), style.column("stay", "card")
    return Wanted(
        {
            "identifier[0].value": ({}, {"from": key, "required": "yes"}),
            "type.coding[1]": ({}, {"from": insurance, "codes": "insurance.csv", "form": "coding"}),
            "subscriberId": ({}, {"from": card, "required": "warn"}),
        },
        {"only": _insured(style), "row_key": [key]},
    )


def _condition(style: Style) -> Wanted:
    code, text = style.column("diagnosis", "code"), style.column("diagnosis", "text")
    system = {"code.coding[0].system": {"codesystem": "own/diagnosis"}}
    return Wanted(
        {"code.coding[0].code": (system, {"from": code, "required": "yes"}), "code.text": ({}, {"from": text})}
    )


def _charges(style: Style, table: str) -> Wanted:
    def of(name: str) -> str:
        return style.column(table, name)

    yuan = "yuan_rounded" if style.decimals == "exact" else "yuan"
    price = "extension[unit-price].valueMoney"
    category = {"from": of("category"), "codes": "fee_category.csv", "form": "coding"}
    columns = {"quantity": of("quantity"), "price": of("price")}
    return Wanted(
        {
            "code.coding[0].code": (
                {"code.coding[0].system": {"codesystem": "own/item"}},
                {"from": of("item"), "required": "yes"},
            ),
            "code.text": ({}, {"from": of("item_name")}),
            "occurrenceDateTime": (
                {},
                {"from": of("at"), "as": "local_time", "required": "yes", "formats": [style.fee_times]},
            ),
            "quantity.value": ({}, {"from": of("quantity"), "as": "decimal", "required": "yes"}),
            "priceOverride.value": (
                {"priceOverride.currency": {"const": "CNY"}},
                {"from": of("amount"), "as": yuan, "required": "yes"},
            ),
            f"{price}.value": ({f"{price}.currency": {"const": "CNY"}}, {"from": of("price"), "as": "unit_price"}),
            "extension[fee-category].valueCoding": ({}, category),
        },
        {
            "refunds": {**columns, "item": [of("item")], "day": of("at"), **_refunds(style, table)},
            "amount_check": {**columns, "amount": of("amount"), "tolerance": "0.01", "limit": "1.00"},
        },
    )


def _refunds(style: Style, table: str) -> dict[str, Any]:
    if style.refunds == "negative":
        return {}
    link = {"link": {style.column(table, "undoes"): style.column(table, "line")}}
    told = {**link, **({"no_link": [style.absent]} if style.absent else {})}
    if style.refunds == "linked":
        return {"kind": "linked", **told}
    mark = style.column(table, "mark")
    _, mirror, undone = style.marks
    marks = {"told_by": {"column": mark, "in": [mirror]}, "undone": {"column": mark, "in": [undone]}}
    return {"kind": "mirror", **told, **marks}


def _codes(world: World, style: Style) -> dict[str, list[tuple[str, str, str, str, str]]]:
    vendor, own = f"his/{world.source}_his", f"sources/{world.source}"
    men, women = style.sexes
    inside, ended = style.states
    principal, other = style.ranks
    services, drugs = style.categories
    return {
        f"{vendor}/gender.csv": [(men, "男", "", "male", ""), (women, "女", "", "female", "")],
        f"{vendor}/encounter_status.csv": [
            (inside, "在院", "", "in-progress", ""),
            (ended, "出院", "", "finished", ""),
        ],
        f"{vendor}/diagnosis_use.csv": [
            (principal, "主要诊断", "diagnosis-use", "principal", ""),
            (principal, "主要诊断", _ROLE, "DD", "Discharge diagnosis"),
            (other, "其他诊断", "diagnosis-use", "secondary", ""),
        ],
        f"{own}/insurance.csv": [(style.insurance, "居民医保", "insurance", "residents", "城乡居民基本医疗保险")],
        f"{own}/fee_category.csv": [
            (services, "医疗", "fee-category", "treatment", "治疗费"),
            (drugs, "药品", "fee-category", "western-medicine", "西药费"),
        ],
    }
