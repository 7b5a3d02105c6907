"""docs/r5.md from the tables of adapter/fhir/r5: ``python -m tests.house.pages --write`` makes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from adapter.fhir.package.hl7_china import SYSTEMS as CHINA
from adapter.fhir.r5.derived import DERIVED
from adapter.fhir.r5.metadata import SERVED_IN_R5
from adapter.fhir.r5.report import How, Row, rows
from adapter.fhir.r5.searching import NOT_IN_R5, RENAMED
from adapter.fhir.r5.tables import CODES, SPOKEN

ROOT = Path(__file__).resolve().parents[2]
R5_PAGE = ROOT / "docs" / "r5.md"

_WORDS = {
    How.RENAMED: "renamed 改名",
    How.REBUILT: "built otherwise 换结构",
    How.TYPED: "other type 换类型",
    How.NARROWER: "less room 范围变窄",
    How.CARRIED: "extension 扩展携带",
}

#: Data types of our resources that differ.
_DATA_TYPES = ("Attachment",)

_HEAD = """# R5 of the same data 同一数据的 R5 表述

Generated (`make docs`) from `adapter/fhir/r5`; a test compares.

What is kept is R4. `/fhir/r5` says it in R5 (5.0.0), JSON and XML, reading only: `GET /fhir/r5/metadata` lists types
and search parameters. The Python functions are `to_r5` and `to_r4` of `adapter/fhir/r5/convert.py`: each returns the
resource and the list of what could not be said.

## What is not said 说不出来的内容

R4 → R5 → R4 keeps everything but what the list names as lost, amounts digit for digit. So does R5 → R4 → R5. Three
things may happen to an element:

- It has a place in the other version, under the same name or another one: it goes there.
- It has none, or one with less room: HL7's cross-version extension carries the whole of it. Its address is
  `http://hl7.org/fhir/4.0/StructureDefinition/extension-<element>` (`…/5.0/…` the other way), a choice without its
  type; it stands on what the parent has become, or beside a single primitive. On the way back it is put in its place.
- Nothing can carry it, or the other version requires what is not there: it is told, never made up.

`GET /fhir/r5/…` names the elements concerned in the header `X-R5-Losses`, with `;carried` or `;lost` behind each:
`X-R5-Losses: Encounter.diagnosis.rank;carried`. As issues they are FHIR-261 (carried, information) and FHIR-262 (lost,
warning).

本服务保存的是 R4。读取 `/fhir/r5` 时按 R5 表述:有对应元素的放到对应元素;没有的用 HL7 公布的跨版本扩展完整携带,
转换回 R4 时还原;金额逐位不变。确实带不走的列在响应头 `X-R5-Losses` 中并标 `;lost`,绝不编造。

`Consent.performer` is R5's grantor: with us it is who signs for the patient. HL7's own maps make it the grantee.
"""


def r5_page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_search(), *_derived(), *_codes(), *_china(), *_both()]).rstrip() + "\n"


def _table(head: Iterable[str], lines: Iterable[Iterable[str]]) -> list[str]:
    names = list(head)
    found = [f"| {' | '.join(names)} |", f"|{' --- |' * len(names)}"]
    return [*found, *(f"| {' | '.join(line)} |" for line in lines), ""]


def _search() -> list[str]:
    lines = [
        (kind, ", ".join(f"`{new}`" for new in RENAMED.get(kind, ())), ", ".join(f"`{each}`" for each in sorted(gone)))
        for kind, gone in sorted(NOT_IN_R5.items())
    ]
    head = ("type", "R5's name, searched as R4's", "R4's names that are refused")
    return [
        "## Search 检索",
        "",
        "Parameters that R5 renamed have R5's names, all others are the same. `Encounter?status=` takes R5's codes and",
        "finds every R4 code that R5 says so; `_elements` takes R5's elements. `Coverage?insurer=` finds whoever pays,",
        "in any role.",
        "",
        *_table(head, lines),
    ]


def _derived() -> list[str]:
    lines = [(f"`{kind}.{name}`", _DERIVED[kind]) for kind, (name, _) in sorted(DERIVED.items())]
    return [
        "## What R5 requires and R4 does not have R5 必填而 R4 没有",
        "",
        "It follows from the rest of the resource, and the way back takes it out again.",
        "",
        *_table(("element", "value"), lines),
        "The unit price of a charge, an extension of ours in R4, is `ChargeItem.unitPriceComponent` in R5.",
        "",
    ]


_DERIVED = {
    "CommunicationRequest": "`order`: the settlement office asks for what is to be done",
    "Condition": "`unknown`, where R4 does not tell it",
    "Coverage": "`other` for aid, `self-pay` where only persons pay, else `insurance`",
    "PaymentReconciliation": "`payment`",
}


def _codes() -> list[str]:
    lines = [
        (f"`{element}`", ", ".join(f"{old} → {new}" for old, new in codes.items())) for element, codes in CODES.items()
    ]
    return ["## Codes 代码", "", *_table(("R4 element", "R4 → R5"), lines)]


def _china() -> list[str]:
    lines = [(kind, f"`{old}`", f"`{new}`") for kind, systems in CHINA.items() for old, new in systems.items()]
    return [
        "## HL7 China's identifiers HL7 中国标识系统",
        "",
        "With `ADAPTER_R5_IDENTIFIERS=hl7-china` the R5 base shows Patient and Encounter under the systems of HL7",
        "China's Connectathon guide, and takes them in searches. The package variant of that name has the profiles",
        "([fhir-package.md](fhir-package.md)).",
        "",
        *_table(("type", "ours", "the guide's"), lines),
    ]


def _both() -> Iterator[str]:
    """Every element that is said otherwise, by type."""
    kinds = [*SERVED_IN_R5, *(each for each in SPOKEN if each not in SERVED_IN_R5), *_DATA_TYPES]
    five = {kind: rows(kind, "R5") for kind in kinds}
    four = {kind: [each for each in rows(kind, "R4") if each.how is How.CARRIED] for kind in kinds}
    yield "## Element by element 逐元素对照"
    yield ""
    yield "What R4 has and R5 says otherwise, then R5's elements that R4 lacks and an extension carries. What is not"
    yield "listed is the same."
    yield ""
    for kind in kinds:
        if five[kind] or four[kind]:
            yield f"### {kind}"
            yield ""
            if five[kind]:
                yield from _table(("R4", "R5", ""), (_line(each) for each in five[kind]))
            if four[kind]:
                yield f"R5 only: {', '.join(f'`{each.element.removeprefix(kind + chr(46))}`' for each in four[kind])}"
                yield ""


def _line(row: Row) -> tuple[str, str, str]:
    there = ", ".join(f"`{each}`" for each in row.there.split(", ")) if row.there else ""
    return f"`{row.element}`", there, f"{_WORDS[row.how]}{': ' + row.note if row.note else ''}"
