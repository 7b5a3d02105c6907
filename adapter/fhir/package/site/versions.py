"""What R4 and R5 say differently, and what each of them cannot say: a page of the site. 两个版本的差别。"""

from __future__ import annotations

from collections.abc import Iterable

from adapter.fhir.package.site.markup import Html, joined, table, tag, text
from adapter.fhir.r5.report import How, Row, rows
from adapter.fhir.schema.compiled import Version

_WAYS: tuple[tuple[Version, str], ...] = (("R5", "R4 → R5"), ("R4", "R5 → R4"))

_HOW = {
    How.RENAMED: "改名 has another name",
    How.REBUILT: "换了结构 built differently",
    How.TYPED: "换了类型 of another type",
    How.NARROWER: "装得下的变少 has less room",
    How.CARRIED: "没有这个元素,以扩展携带 has no such element; an extension carries it",
}

_TOLD = (
    "同一份数据可用 R4 或 R5 表述。下表按规范涉及的资源类型,列出另一版本说法不同或说不出来的元素;未列出的说法相同。",
    "The same data can be said in R4 and in R5. For the types that our profiles are of, the tables list every element "
    "that the other version says otherwise, or cannot say; what is not listed is said alike. The profiles of the R5 "
    "package follow from those of R4 by these tables and promise the same.",
    "携带所用的扩展由 HL7 公布。An element that the other version does not have travels in HL7's extension for it: "
    "http://hl7.org/fhir/4.0/StructureDefinition/extension-Encounter.classHistory, or /5.0/ on the way back.",
)


def versions(kinds: Iterable[str]) -> Html:
    """The body of the page.

    Args:
        kinds: the resource types that our profiles are of.
    """
    parts = [tag("p", text(each)) for each in _TOLD]
    for kind in sorted(kinds):
        parts.append(tag("h2", text(kind)))
        for towards, way in _WAYS:
            found = rows(kind, towards)
            if found:
                parts += [tag("h3", text(way)), _table(found)]
            else:
                parts.append(tag("p", text(f"{way}:全部说得出来 all of it is said")))
    return joined(parts)


def _table(found: Iterable[Row]) -> Html:
    cells = [
        (tag("code", text(each.element)), tag("code", text(each.there)) if each.there else text("—"), _how(each))
        for each in found
    ]
    return table(("元素 element", "那边 there", "怎样 how"), cells)


def _how(row: Row) -> Html:
    return text(f"{_HOW[row.how]}: {row.note}" if row.note else _HOW[row.how])
