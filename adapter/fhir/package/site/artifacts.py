"""What a page says of one artifact: elements with cardinality and binding, concepts, maps, parameters. 各类定义。"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapter.fhir.canonical import encode
from adapter.fhir.package.site.markup import Html, joined, link, table, tag, text

Json = Mapping[str, Any]

_HL7 = "http://hl7.org/fhir/R4/"


def described(resource: Json, known: Mapping[str, str]) -> Html:
    """The body for one artifact.

    Args:
        known: pages of the site by canonical address.
    """
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
        return _operation(resource)
    return Html("")


def address(url: str, known: Mapping[str, str]) -> Html:
    """A link to an artifact where we know its page: ours, or HL7's."""
    plain = url.split("|")[0]
    name = plain.rpartition("/")[2]
    if plain in known:
        return link(known[plain], name)
    if plain.startswith("http://hl7.org/fhir/"):
        inside = plain.removeprefix("http://hl7.org/fhir/")
        folder, _, last = inside.partition("/")
        page = {"ValueSet": f"valueset-{last}.html", "StructureDefinition": f"{last.lower()}.html"}.get(folder)
        if page is not None:
            return link(f"{_HL7}{page}", name)
    return tag("code", text(plain))


def _structure(resource: Json, known: Mapping[str, str]) -> Html:
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


def _row(element: Json, known: Mapping[str, str]) -> tuple[Html, ...]:
    depth = element["id"].count(".")
    name = element["id"].rpartition(".")[2]
    title = text("\u2003" * depth + name)
    cardinality = text(f"{element['min']}..{element['max']}")
    short, definition = element.get("short", ""), element.get("definition", "")
    return title, cardinality, _types(element, known), text(short), text(definition), _limits(element, known)


def _types(element: Json, known: Mapping[str, str]) -> Html:
    parts = []
    for each in element.get("type", ()):
        code = each["code"].rpartition("/")[2]
        profiles = [*each.get("profile", ()), *each.get("targetProfile", ())]
        inner = joined([address(url, known) for url in profiles], ", ")
        parts.append(Html(f"{text(code)}({inner})") if profiles else text(code))
    return joined(parts, " | ")


def _limits(element: Json, known: Mapping[str, str]) -> Html:
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


def _value_set(resource: Json, known: Mapping[str, str]) -> Html:
    rows = [
        (address(each["system"], known), text(", ".join(one["code"] for one in each.get("concept", ())) or "全部 all"))
        for each in resource["compose"]["include"]
    ]
    return table(("代码系统 code system", "代码 codes"), rows)


def _map(resource: Json, known: Mapping[str, str]) -> Html:
    parts = []
    for group in resource["group"]:
        rows = [
            (tag("code", text(each["code"])), tag("code", text(answer["code"])), text(answer["equivalence"]))
            for each in group["element"]
            for answer in each["target"]
        ]
        parts += [
            tag("p", address(group["source"], known), text(" → "), address(group["target"], known)),
            table(("FHIR", "医保平台 NHSA", "equivalence"), rows),
        ]
    return joined(parts)


def _operation(resource: Json) -> Html:
    rows = [
        (
            tag("code", text(each["name"])),
            text(each["use"]),
            text(f"{each['min']}..{each['max']}"),
            text(each.get("type", "")),
            text(each.get("documentation", "")),
        )
        for each in resource.get("parameter", ())
    ]
    return table(("参数 parameter", "in/out", "基数", "类型 type", "meaning"), rows)
