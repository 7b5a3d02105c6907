"""What a page says of one artifact: elements with cardinality and binding, concepts, maps, parameters. 各类定义。"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from adapter.fhir.canonical import encode
from adapter.fhir.package.site.markup import Html, joined, link, table, tag, text

Json = Mapping[str, Any]

#: Where HL7 has a page of a type under another name.
_PAGES = {
    "Extension": "extensibility.html#Extension",
    "Money": "datatypes.html#Money",
    "Reference": "references.html#Reference",
}


@dataclass(frozen=True, slots=True)
class Known:
    """Where pages of definitions are.

    Attributes:
        own: pages of the site by canonical address.
        hl7: where HL7's specification of the version is read.
    """

    own: Mapping[str, str]
    hl7: str


def described(resource: Json, known: Known) -> Html:
    """The body for one artifact."""
    kind = resource["resourceType"]
    if kind == "StructureDefinition":
        return _structure(resource, known)
    if kind == "CodeSystem":
        return _concepts(resource)
    if kind == "ValueSet":
        return _value_set(resource, known)
    if kind == "ConceptMap":
        return _map(resource, known)
    if kind == "OperationDefinition":
        return _operation(resource, known)
    return Html("")


def address(url: str, known: Known) -> Html:
    """A link to an artifact where we know its page: ours, or HL7's."""
    plain = url.split("|")[0]
    name = plain.rpartition("/")[2]
    if plain in known.own:
        return link(known.own[plain], name)
    if plain.startswith("http://hl7.org/fhir/"):
        inside = plain.removeprefix("http://hl7.org/fhir/")
        folder, _, last = inside.partition("/")
        page = {"ValueSet": f"valueset-{last}.html", "StructureDefinition": f"{last.lower()}.html"}.get(folder)
        if page is not None:
            return link(f"{known.hl7}{_PAGES.get(last, page)}", name)
    return tag("code", text(plain))


def _structure(resource: Json, known: Known) -> Html:
    said = {each["id"] for each in resource["differential"]["element"]}
    elements = resource["snapshot"]["element"]
    shown = [each for each in elements if each["id"] in said or each["min"] or _parent_of(each["id"], said)]
    heads = ("元素 element", "基数", "类型 type", "中文", "meaning", "约束 constraints")
    told = "粗体:本规范收紧的元素。Bold: what this definition narrows; the rest of the table is what must be there."
    base = tag("p", text("基于 based on "), address(resource["baseDefinition"], known))
    return joined(
        [
            base,
            tag("p", text(told), class_="note"),
            table(heads, [_row(each, known) for each in shown], [_class(each, said) for each in shown]),
            tag(
                "details",
                tag("summary", text(f"完整快照 whole snapshot ({len(elements)})")),
                table(heads, [_row(each, known) for each in elements], [_class(each, said) for each in elements]),
            ),
        ]
    )


def _parent_of(name: str, said: set[str]) -> bool:
    return any(each.startswith((f"{name}.", f"{name}:")) for each in said)


def _class(element: Json, said: set[str]) -> str:
    return "said" if element["id"] in said else ""


def _row(element: Json, known: Known) -> tuple[Html, ...]:
    depth = element["id"].count(".")
    name = element["id"].rpartition(".")[2]
    title = text("\u2003" * depth + name)
    cardinality = text(f"{element['min']}..{element['max']}")
    short, definition = element.get("short", ""), element.get("definition", "")
    return title, cardinality, _types(element, known), text(short), text(definition), _limits(element, known)


def _types(element: Json, known: Known) -> Html:
    parts = []
    for each in element.get("type", ()):
        code = each["code"].rpartition("/")[2]
        profiles = [*each.get("profile", ()), *each.get("targetProfile", ())]
        inner = joined([address(url, known) for url in profiles], ", ")
        parts.append(Html(f"{text(code)}({inner})") if profiles else text(code))
    return joined(parts, " | ")


def _limits(element: Json, known: Known) -> Html:
    """Fixed values, binding and invariants of our own."""
    parts = [
        Html(f"= {tag('code', text(encode(value).decode()))}")
        for key, value in element.items()
        if key.startswith(("fixed", "pattern"))
    ]
    binding = element.get("binding", {})
    if "valueSet" in binding:
        parts.append(Html(f"{text(binding['strength'])}: {address(binding['valueSet'], known)}"))
    parts += [
        Html(f"{text(each['key'])}: {text(each['human'])} {tag('code', text(each['expression']))}")
        for each in element.get("constraint", ())
        if each["key"].startswith("pac-")
    ]
    return joined(parts, "<br>")


def _concepts(resource: Json) -> Html:
    if "concept" not in resource:
        told = "代码不在此处:由发布者或各医院自定。The codes are elsewhere: their publisher's, or a hospital's own."
        return tag("p", text(told))
    rows = [
        (tag("code", text(each["code"])), text(each.get("display", "")), text(each.get("definition", "")))
        for each in resource["concept"]
    ]
    return table(("代码 code", "中文", "meaning"), rows)


def _value_set(resource: Json, known: Known) -> Html:
    rows = [
        (address(each["system"], known), text(", ".join(one["code"] for one in each.get("concept", ())) or "全部 all"))
        for each in resource["compose"]["include"]
    ]
    return table(("代码系统 code system", "代码 codes"), rows)


def _map(resource: Json, known: Known) -> Html:
    parts = []
    for group in resource["group"]:
        rows = [
            (
                tag("code", text(each["code"])),
                tag("code", text(answer["code"])),
                text(answer.get("equivalence", answer.get("relationship"))),
            )
            for each in group["element"]
            for answer in each["target"]
        ]
        parts += [
            tag("p", address(group["source"], known), text(" → "), address(group["target"], known)),
            table(("FHIR", "医保平台 NHSA", "equivalence"), rows),
        ]
    return joined(parts)


def _operation(resource: Json, known: Known) -> Html:
    """How an operation is called, what it takes and what it gives."""
    levels = ("system", ""), ("type", "/{type}"), ("instance", "/{type}/{id}")
    calls = [
        tag("li", tag("code", text(f"{path.replace('{type}', kind)}/${resource['code']}")))
        for level, path in levels
        for kind in resource.get("resource", ("{type}",))
        if resource.get(level)
    ]
    told = (
        "改变状态,用 POST 调用。It changes something: POST."
        if resource.get("affectsState", True)
        else ("不改变状态,可用 GET 或 POST。It changes nothing: GET or POST.")
    )
    heads = ("参数 parameter", "in/out", "基数", "类型 type", "meaning")
    parts = [tag("ul", *calls), tag("p", text(told))]
    if "comment" in resource:
        parts.append(tag("p", text(resource["comment"])))
    return joined([*parts, table(heads, _parameters(resource.get("parameter", ()), known, 0))])


def _parameters(parameters: Iterable[Json], known: Known, depth: int) -> Iterator[tuple[Html, ...]]:
    """Rows of parameters, each with its parts below it."""
    for each in parameters:
        targets = joined([address(url, known) for url in each.get("targetProfile", ())], ", ")
        kind = text(each.get("type", "parts" if "part" in each else ""))
        binding = each.get("binding", {}).get("valueSet")
        meaning = text(each.get("documentation", ""))
        yield (
            joined([text("\u2003" * depth), tag("code", text(each["name"]))]),
            text(each["use"]),
            text(f"{each['min']}..{each['max']}"),
            Html(f"{kind}({targets})") if targets else kind,
            Html(f"{meaning}<br>{address(binding, known)}") if binding else meaning,
        )
        yield from _parameters(each.get("part", ()), known, depth + 1)
