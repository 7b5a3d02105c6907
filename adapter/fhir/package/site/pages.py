"""Every page of the site: the index, a page for each artifact and example, links, the platform's fields. 页面。"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapter.fhir.canonical import pretty
from adapter.fhir.elements import Resource
from adapter.fhir.identity import CANON
from adapter.fhir.package.archive import packed
from adapter.fhir.package.contents import Package, file_name
from adapter.fhir.package.site.artifacts import Known, described
from adapter.fhir.package.site.diagram import drawing, links, references
from adapter.fhir.package.site.markup import Frame, Html, joined, link, page, table, tag, text
from adapter.fhir.package.site.versions import versions
from adapter.fhir.package.terms import FieldRow
from adapter.fhir.package.variants import R4, Variant
from adapter.fhir.r5.tables import SPOKEN

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


def site(packages: Sequence[Package], fields: Sequence[FieldRow]) -> dict[str, bytes]:
    """The files of the site by name: R4's at the top, those of each other package in a folder of its own."""
    variants = [each.variant for each in packages]
    files = {}
    for each in packages:
        for name, content in _Site(each, variants, fields).files().items():
            files[f"{_folder(each.variant)}{name}"] = content
    return files


def _folder(variant: Variant) -> str:
    return "" if variant is R4 else f"{variant.key}/"


class _Site:
    """The pages of one package."""

    def __init__(self, package: Package, variants: Sequence[Variant], fields: Sequence[FieldRow]) -> None:
        self.package, self.fields = package, fields
        own = {str(each["url"]): _page_name(each) for each in package.definitions}
        self.known = Known(own, package.variant.pages)
        self.examples = {
            f"{each['resourceType']}/{each['id']}": name for name, each in package.examples.items() if "id" in each
        }
        profiles = [each for each in package.definitions if each.get("kind") == "resource" and "snapshot" in each]
        self.versions = versions({str(each["type"]) for each in profiles} & set(SPOKEN))
        self.frame = _frame(package, variants)

    def files(self) -> dict[str, bytes]:
        package = self.package
        files = {"index.html": self._index(), "links.html": self._links(), "nhsa.html": self._nhsa()}
        files["versions.html"] = page(
            "R4 ⇄ R5:说法不同与说不出来的 What each version cannot say", self.versions, self.frame
        )
        for each in package.definitions:
            body = joined(
                [_head(each), described(each, self.known), _used(each, package.examples), _source(file_name(each))]
            )
            files[_page_name(each)] = page(_title(each), body, self.frame)
            files[file_name(each)] = pretty(each)
        for name, each in package.examples.items():
            files[_example_page(name)] = page(_example_title(name), self._example(name, each), self.frame)
            files[f"example-{name}"] = pretty(each)
        return {**files, "package.tgz": packed(package)}

    def _index(self) -> bytes:
        package = self.package
        named = f"{package.variant.name} {package.version} · {CANON}"
        parts = [tag("p", text(package.description)), tag("p", tag("code", text(named)))]
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
        return page(package.variant.title, joined(parts), self.frame)

    def _links(self) -> bytes:
        found = links(self.package.examples.values())
        rows = [(text(a), text(b), text(", ".join(paths))) for (a, b), paths in found.items()]
        body = [
            tag("p", text("按示例中的实际引用绘制。Drawn from the references that the examples really have.")),
            drawing(found),
            table(("来自 from", "指向 to", "元素 elements"), rows),
        ]
        return page("资源之间的引用 How the resources link", joined(body), self.frame)

    def _nhsa(self) -> bytes:
        systems = {f"nhsa-{each.table.replace('_', '-')}" for each in self.fields if each.table}
        of_package = (each["id"] for each in self.package.definitions if each["resourceType"] == "CodeSystem")
        known = set(of_package) & systems
        rows = []
        for each in self.fields:
            name = f"nhsa-{each.table.replace('_', '-')}"
            codes = link(f"CodeSystem-{name}.html", each.table) if name in known else text(each.table)
            way = "发送 sent" if each.sent else "应答 answered"
            cells = (f"{each.transaction} {each.title}", way, f"{each.node}.{each.field}", each.zh)
            rows.append((*(text(cell) for cell in cells), self._path(each.fhir), codes))
        told = [
            "“—”:没有单一元素,由程序从事实得出。A dash: no single element says it; it is worked out from facts.",
            "平台的报文由 R4 的资源写成。The platform's messages are made from the R4 form of the resources.",
        ]
        heads = ("交易 transaction", "方向", "字段 field", "含义", "FHIR", "代码表 codes")
        body = joined([*(tag("p", text(each)) for each in told), table(heads, rows)])
        return page("医保平台字段对照 NHSA ⇄ FHIR", body, self.frame)

    def _path(self, path: str) -> Html:
        return tag("code", text(path)) if path else text("—")

    def _example(self, name: str, resource: Resource) -> Html:
        """An example with the profiles that it keeps and the examples that it refers to."""
        claimed = resource.get("meta", {}).get("profile", ())
        profiles = [tag("li", link(self.known.own[url], url)) for url in claimed if url in self.known.own]
        targets = sorted({self.examples[to] for _, to in references(resource) if to in self.examples} - {name})
        parts = [tag("ul", *profiles)]
        if targets:
            linked = joined([link(_example_page(to), to.removesuffix(".json")) for to in targets], ", ")
            parts.append(tag("p", text("引用 refers to: "), linked))
        return joined([*parts, tag("pre", text(pretty(resource).decode())), _source(f"example-{name}")])


def _frame(package: Package, variants: Sequence[Variant]) -> Frame:
    variant = package.variant
    up = "../" if _folder(variant) else ""
    others = [(f"{up}{_folder(each)}index.html", _label(each)) for each in variants if each is not variant]
    own = (("index.html", "目录 Index"), ("links.html", "资源关系 Links"), ("nhsa.html", "医保平台对照 NHSA ⇄ FHIR"))
    foot = f"version {package.version} · FHIR {variant.release} ({variant.fhir_version}) · {variant.name}"
    return Frame((*own, ("versions.html", "R4 ⇄ R5"), ("package.tgz", "package.tgz"), *others), foot)


def _label(variant: Variant) -> str:
    return {"hl7-china": "HL7 中国"}.get(variant.key, variant.release)


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


def _short(resource: Mapping[str, Any]) -> Html:
    return text(str(resource.get("description", "")).split(". ")[0])


def _used(resource: Mapping[str, Any], examples: Mapping[str, Resource]) -> Html:
    """Links to the examples that name a profile."""
    mine = [name for name, each in examples.items() if resource["url"] in each.get("meta", {}).get("profile", ())]
    if not mine:
        return Html("")
    names = [tag("li", link(_example_page(name), name.removesuffix(".json"))) for name in mine]
    return joined([tag("h2", text("示例 Examples")), tag("ul", *names)])
