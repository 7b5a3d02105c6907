"""The definitions that our schema is built from are HL7's own text: compared with the copy inside the HL7 validator."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from adapter.fhir.package import build_bases
from adapter.fhir.package.bases import R4, R5
from adapter.fhir.schema.build import SERVED, Definitions, published
from tests.conformance import strangers

pytestmark = pytest.mark.slow

_FHIR = "{http://hl7.org/fhir}"
_PAGES = [f"org/hl7/fhir/r4/model/profile/profiles-{name}.xml" for name in ("types", "resources")]

Element = tuple[Any, ...]


@pytest.fixture(scope="module")
def official() -> dict[str, dict[str, Element]]:
    """Every element of every R4 type, as HL7 publishes it: occurrence, types with their targets, required binding."""
    strangers.built_java()
    found: dict[str, dict[str, Element]] = {}
    (jar,) = (strangers.JAVA / "target" / "lib").glob("hapi-fhir-validation-resources-r4-*.jar")
    with zipfile.ZipFile(jar) as archive:
        for page in _PAGES:
            with archive.open(page) as file:
                for _, each in etree.iterparse(file, tag=f"{_FHIR}StructureDefinition", huge_tree=True):
                    elements = each.findall(f"{_FHIR}snapshot/{_FHIR}element")
                    found[_said(each, "id")] = {one.get("id"): _of_xml(one) for one in elements}
                    each.clear()
    return found


def _said(node: Any, *path: str) -> str:
    element = node.find("/".join(_FHIR + name for name in path))
    return "" if element is None else str(element.get("value"))


def _of_xml(element: Any) -> Element:
    types = [
        (_said(one, "code"), *sorted(target.get("value") for target in one.findall(f"{_FHIR}targetProfile")))
        for one in element.findall(f"{_FHIR}type")
    ]
    keys = [(_said(one, "key"), _said(one, "severity")) for one in element.findall(f"{_FHIR}constraint")]
    bound = (_said(element, "binding", "strength"), _said(element, "binding", "valueSet"))
    return _said(element, "min"), _said(element, "max"), sorted(types), bound, sorted(keys)


def _of_json(element: dict[str, Any]) -> Element:
    types = [(one["code"], *sorted(one.get("targetProfile", ()))) for one in element.get("type", ())]
    keys = [(one["key"], one["severity"]) for one in element.get("constraint", ())]
    binding = element.get("binding", {})
    bound = (binding.get("strength", ""), binding.get("valueSet", ""))
    return str(element["min"]), element["max"], sorted(types), bound, sorted(keys)


def test_every_element_that_we_build_from_is_hl7s(official: dict[str, dict[str, Element]]) -> None:
    strangers.install_node()
    definitions = Definitions(strangers.DEFINITIONS)
    data_types = [name for name in official if definitions.structures[name]["kind"] == "complex-type"]
    compared = 0
    for name in (*SERVED, *data_types):
        ours = {each["id"]: _of_json(each) for each in published(definitions.structures[name]["snapshot"]["element"])}
        assert ours == official[name], f"{name} is not as HL7 published it: extend build.published"
        compared += len(ours)
    assert compared > 1500


def test_the_base_snapshots_are_a_new_build() -> None:
    strangers.install_node()
    strangers.built_java()
    (jar,) = (strangers.JAVA / "target" / "lib").glob("hapi-fhir-validation-resources-r5-*.jar")
    folder = Path(build_bases.__file__).parent
    for bases, built in ((R4, build_bases.build(Definitions(strangers.DEFINITIONS))), (R5, build_bases.build_r5(jar))):
        committed = (folder / bases.file).read_text(encoding="utf-8")
        assert build_bases.text_of(built) == committed, "run: python -m adapter.fhir.package.build_bases"
