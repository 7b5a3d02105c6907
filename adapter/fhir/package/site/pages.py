"""Every page of the site: the index, a page for each artifact and example, links, the platform's fields. 页面。"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adapter.fhir.canonical import pretty
from adapter.fhir.elements import Resource
from adapter.fhir.identity import CANON
from adapter.fhir.package.archive import packed
from adapter.fhir.package.contents import DESCRIPTION, NAME, TITLE, Package, file_name
from adapter.fhir.package.site.artifacts import described
from adapter.fhir.package.site.diagram import drawing, links
from adapter.fhir.package.site.markup import Html, joined, link, page, table, tag, text
from adapter.fhir.package.terms import FieldRow

#: Groups of the index, in order: heading, and which artifacts belong.
_GROUPS = (
    ("规范 Profiles", "StructureDefinition", ("resource", "complex-type")),
    ("扩展 Extensions", "StructureDefinition", ("Extension",)),
    ("操作 Operations", "OperationDefinition", ()),
    ("值集 Value sets", "ValueSet", ()),
    ("代码系统 Code systems", "CodeSystem", ()),
    ("对照 Concept maps", "ConceptMap", ()),
    ("能力声明 Capability statement", "CapabilityStatement", ()),
    ("指南 Guide", "ImplementationGuide", ()),
)


def site(package: Package, fields: Sequence[FieldRow]) -> dict[str, bytes]:
    """The files of the site by name."""
    known = {str(each["url"]): _page_name(each) for each in package.definitions}
    files = {"index.html": _index(package), "links.html": _links(package), "nhsa.html": _nhsa(package, fields)}
    for each in package.definitions:
        body = joined([_head(each), described(each, known), _used(each, package.examples), _source(file_name(each))])
        files[_page_name(each)] = page(_title(each), body, package.version)
        files[file_name(each)] = pretty(each)
    for name, each in package.examples.items():
        files[_example_page(name)] = page(_example_title(name), _example(name, each, known), package.version)
        files[f"example-{name}"] = pretty(each)
    return {**files, "package.tgz": packed(package)}


def _page_name(resource: Mapping[str, Any]) -> str:
    return f"{resource['resourceType']}-{resource['id']}.html"


def _example_page(name: str) -> str:
    return f"example-{name.removesuffix('.json')}.html"


def _example_title(name: str) -> str:
    return f"示例 Example: {name.removesuffix('.json')}"


def _title(resource: Mapping[str, Any]) -> str:
    return f"{resource.get('title', resource['name'])} · {resource['id']}"


def _head(resource: Mapping[str, Any]) -> Html:
    said = [tag("p", text(resource.get("description", ""))), tag("p", tag("code", text(resource["url"])))]
    return joined(said)


def _source(name: str) -> Html:
    return tag("p", link(name, f"JSON: {name}"))


def _group_of(resource: Mapping[str, Any]) -> str:
    kind = resource["resourceType"]
    inner = "Extension" if resource.get("type") == "Extension" else resource.get("kind")
    return next(heading for heading, wanted, kinds in _GROUPS if wanted == kind and (not kinds or inner in kinds))


def _index(package: Package) -> bytes:
    parts = [tag("p", text(DESCRIPTION)), tag("p", tag("code", text(f"{NAME} {package.version} · {CANON}")))]
    for heading, *_ in _GROUPS:
        listed = [each for each in package.definitions if _group_of(each) == heading]
        if listed:
            rows = [
                (link(_page_name(each), each["id"]), text(each.get("title", each["name"])), _short(each))
                for each in listed
            ]
            parts += [tag("h2", text(heading)), table(("id", "名称", "what it is"), rows)]
    names = [(link(_example_page(name), name.removesuffix(".json")),) for name in package.examples]
    parts += [tag("h2", text("示例 Examples")), table(("实际输出 real outputs",), names)]
    return page(TITLE, joined(parts), package.version)


def _short(resource: Mapping[str, Any]) -> Html:
    return text(str(resource.get("description", "")).split(". ")[0])


def _links(package: Package) -> bytes:
    found = links(package.examples.values())
    rows = [(text(a), text(b), text(", ".join(paths))) for (a, b), paths in found.items()]
    body = [
        tag("p", text("按示例中的实际引用绘制。Drawn from the references that the examples really have.")),
        drawing(found),
        table(("来自 from", "指向 to", "元素 elements"), rows),
    ]
    return page("资源之间的引用 How the resources link", joined(body), package.version)


def _nhsa(package: Package, fields: Iterable[FieldRow]) -> bytes:
    systems = {f"nhsa-{each.table.replace('_', '-')}" for each in fields if each.table}
    known = {each["id"] for each in package.definitions if each["resourceType"] == "CodeSystem"} & systems
    rows = []
    for each in fields:
        name = f"nhsa-{each.table.replace('_', '-')}"
        codes = link(f"CodeSystem-{name}.html", each.table) if name in known else text(each.table)
        way = "发送 sent" if each.sent else "应答 answered"
        cells = (f"{each.transaction} {each.title}", way, f"{each.node}.{each.field}", each.zh)
        rows.append((*(text(cell) for cell in cells), tag("code", text(each.fhir)) if each.fhir else text("—"), codes))
    told = "“—”:没有单一元素,由程序从事实得出。A dash: no single element says it; it is worked out from facts."
    heads = ("交易 transaction", "方向", "字段 field", "含义", "FHIR", "代码表 codes")
    return page("医保平台字段对照 NHSA ⇄ FHIR", joined([tag("p", text(told)), table(heads, rows)]), package.version)


def _used(resource: Mapping[str, Any], examples: Mapping[str, Resource]) -> Html:
    """Links to the examples that name a profile."""
    mine = [name for name, each in examples.items() if resource["url"] in each.get("meta", {}).get("profile", ())]
    if not mine:
        return Html("")
    names = [tag("li", link(_example_page(name), name.removesuffix(".json"))) for name in mine]
    return joined([tag("h2", text("示例 Examples")), tag("ul", *names)])


def _example(name: str, resource: Resource, known: Mapping[str, str]) -> Html:
    profiles = [tag("li", link(known[url], url)) for url in resource.get("meta", {}).get("profile", ()) if url in known]
    return joined([tag("ul", *profiles), tag("pre", text(pretty(resource).decode())), _source(f"example-{name}")])
