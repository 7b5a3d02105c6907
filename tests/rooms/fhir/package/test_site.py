"""The pages: closed in themselves, every artifact told in both languages, drawn from what is there."""

from __future__ import annotations

import re
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any
from urllib.parse import unquote

import pytest
from lxml import html

from adapter.cases.fhir_package import nhsa_fields
from adapter.fhir.package.contents import Package
from adapter.fhir.package.site.artifacts import Known, address
from adapter.fhir.package.site.diagram import links
from adapter.fhir.package.site.markup import tag, text
from adapter.fhir.package.site.pages import site
from adapter.fhir.package.variants import R4
from tests.support.fhir_packages import built_package

ROOT = Path(__file__).parents[4]


def parsed(content: bytes) -> Any:
    """A page as a tree."""
    return html.fromstring(content)


@pytest.fixture(scope="module")
def built() -> Package:
    return built_package()


@pytest.fixture(scope="module")
def files(built: Package) -> dict[str, bytes]:
    """The site of all variants."""
    return site([built, built_package("r5"), built_package("hl7-china")], nhsa_fields(ROOT / "mappings"))


def test_no_page_leads_nowhere_or_out(files: dict[str, bytes]) -> None:
    astray = set()
    for name, content in files.items():
        if name.endswith(".html"):
            release = "R5" if "/" in name else "R4"
            for _, _, to, _ in parsed(content).iterlinks():
                inside = normpath(join(dirname(name), unquote(to)))
                if inside not in files and not re.match(rf"http://hl7\.org/fhir/{release}/|#", to):
                    astray.add((name, to))
    assert astray == set()


def test_no_page_needs_a_network(files: dict[str, bytes]) -> None:
    for name, content in files.items():
        if name.endswith(".html"):
            assert not re.search(rb"<script|<link|<img|@import|url\(h", content), name


def test_every_artifact_and_example_is_listed(built: Package, files: dict[str, bytes]) -> None:
    listed = {to for _, _, to, _ in parsed(files["index.html"]).iterlinks()}
    wanted = {f"{each['resourceType']}-{each['id']}.html" for each in built.definitions}
    wanted |= {f"example-{name.removesuffix('.json')}.html" for name in built.examples}
    assert wanted - listed == set()


def test_an_element_has_its_cardinality_its_binding_and_both_languages(files: dict[str, bytes]) -> None:
    found = parsed(files["StructureDefinition-payer-claim.html"])
    rows = [[cell.text_content().strip() for cell in row.iter("td")] for row in found.iter("tr")]
    [net] = [row for row in rows[:60] if row and row[0] == "net" and row[1] == "1..1"][:1]
    assert net[2] == "Money(cny)" and net[3] == "金额"
    [category] = [row for row in rows[:60] if row and row[0] == "category"][:1]
    assert category[5] == "required: claim-information"
    assert any("insurance.where(focal = true).count() = 1" in cell for row in rows for cell in row)


def test_the_table_of_the_platform(files: dict[str, bytes]) -> None:
    rows = [[cell.text_content() for cell in row.iter("td")] for row in parsed(files["nhsa.html"]).iter("tr")]
    assert ["2401 入院办理", "发送 sent", "mdtrtinfo.begntime", "开始时间", "Encounter.period.start", ""] in rows


def test_the_diagram_has_the_links_of_the_examples(built: Package, files: dict[str, bytes]) -> None:
    found = links(built.examples.values())
    assert "context" in found["ChargeItem", "Encounter"]
    assert "insurance.coverage" in found["Claim", "Coverage"]
    drawn = parsed(files["links.html"]).xpath("//*[local-name()='path']/*[local-name()='title']/text()")
    assert "ChargeItem → Encounter: context" in drawn
    assert not [one for one in drawn if one.startswith("Claim → ChargeItem")]


def test_every_variant_is_one_click_from_every_other(files: dict[str, bytes]) -> None:
    for folder, others in (
        ("", {"r5/", "hl7-china/"}),
        ("r5/", {"../", "../hl7-china/"}),
        ("hl7-china/", {"../", "../r5/"}),
    ):
        led = {to for _, _, to, _ in parsed(files[f"{folder}links.html"]).iterlinks()}
        assert {f"{other}index.html" for other in others} <= led
        assert f"{folder}package.tgz" in files


def test_what_a_version_cannot_say_is_told_for_every_type_of_ours(built: Package, files: dict[str, bytes]) -> None:
    found = parsed(files["versions.html"])
    kinds = {str(each["type"]) for each in built.definitions if each.get("kind") == "resource" and "snapshot" in each}
    assert {each.text_content() for each in found.iter("h2")} == kinds
    rows = [[cell.text_content() for cell in row.iter("td")] for row in found.iter("tr")]
    assert ["Encounter.period", "Encounter.actualPeriod", "改名 has another name"] in rows
    [gone] = [row for row in rows if row and row[0] == "Encounter.classHistory"]
    assert gone[1] == "—" and gone[2].startswith("没有这个元素")


def test_an_operation_tells_how_it_is_called_and_what_its_parts_are(built: Package, files: dict[str, bytes]) -> None:
    operations = [each for each in built.definitions if each["resourceType"] == "OperationDefinition"]
    assert {"check-entitlement", "preview", "settle", "reverse", "daily-bill"} <= {each["code"] for each in operations}
    found = parsed(files["OperationDefinition-encounter-preview.html"])
    assert "/Encounter/{id}/$preview" in found.text_content()
    rows = [[cell.text_content() for cell in row.iter("td")] for row in found.iter("tr")]
    names = [row[0].strip() for row in rows if row]
    assert names.index("share") < names.index("payer") < names.index("authority") < names.index("step")


def test_an_example_leads_to_what_it_refers_to(files: dict[str, bytes]) -> None:
    led = {to for _, _, to, _ in parsed(files["example-ChargeItem-charge.html"]).iterlinks()}
    assert {"StructureDefinition-charge-line.html", "example-Encounter-encounter.html"} <= led


def test_text_is_escaped_once() -> None:
    assert tag("p", text("<b> & 起")) == "<p>&lt;b&gt; &amp; 起</p>"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://x.example/ours", '<a href="ours.html">ours</a>'),
        ("http://hl7.org/fhir/ValueSet/claim-use|4.0.1", '<a href="http://hl7.org/fhir/R4/valueset-claim-use.html">'),
        ("http://hl7.org/fhir/StructureDefinition/Patient", '<a href="http://hl7.org/fhir/R4/patient.html">'),
        ("urn:iso:std:iso:4217", "<code>urn:iso:std:iso:4217</code>"),
    ],
)
def test_addresses(url: str, shown: str) -> None:
    assert address(url, Known({"https://x.example/ours": "ours.html"}, R4.pages)).startswith(shown)
