"""The pages: closed in themselves, every artifact told in both languages, drawn from what is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from lxml import html

from adapter.cases.fhir_package import fhir_package, nhsa_fields
from adapter.fhir.package.contents import Package
from adapter.fhir.package.site.artifacts import address
from adapter.fhir.package.site.diagram import links
from adapter.fhir.package.site.markup import tag, text
from adapter.fhir.package.site.pages import site

ROOT = Path(__file__).parents[4]


def parsed(content: bytes) -> Any:
    """A page as a tree."""
    return html.fromstring(content)


@pytest.fixture(scope="module")
def built() -> Package:
    return fhir_package(ROOT / "mappings", ROOT / "fixtures")


@pytest.fixture(scope="module")
def files(built: Package) -> dict[str, bytes]:
    return site(built, nhsa_fields(ROOT / "mappings"))


def test_no_page_leads_nowhere_or_out(files: dict[str, bytes]) -> None:
    astray = set()
    for name, content in files.items():
        if name.endswith(".html"):
            for _, _, to, _ in parsed(content).iterlinks():
                if unquote(to) not in files and not re.match(r"http://hl7\.org/fhir/R4/|#", to):
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
    assert address(url, {"https://x.example/ours": "ours.html"}).startswith(shown)
