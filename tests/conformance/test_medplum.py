"""Medplum, fhirpath with HL7's invariants, and HL7's value sets judge what we write."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adapter.fhir.package import build_bases
from adapter.fhir.schema import build
from tests.conformance import strangers
from tests.conformance.faults import Fault
from tests.conformance.strangers import Verdict

pytestmark = pytest.mark.slow


def test_what_we_write_has_no_error(medplum: dict[Path, Verdict], ours: list[Path]) -> None:
    assert [(medplum[path].file.name, medplum[path].messages) for path in ours if not medplum[path].accepts] == []


def test_what_it_warns_of_is_its_own_idea_of_references(medplum: dict[Path, Verdict], wire: list[Path]) -> None:
    """Medplum takes ``urn:uuid:`` references, which R4 prescribes for transactions, for references to no type."""
    known = 'Invalid reference: got "urn:uuid:'
    warnings = {text for path in wire for text in medplum[path].messages if known not in text}
    assert warnings == set()


def test_it_sees_the_faults_that_it_is_said_to_see(
    medplum: dict[Path, Verdict], fault_files: dict[Path, Fault]
) -> None:
    seen = {fault.name for path, fault in fault_files.items() if not medplum[path].accepts}
    assert seen == {fault.name for fault in fault_files.values() if "medplum" in fault.others}


def test_the_committed_schema_is_what_the_definitions_give() -> None:
    strangers.install_node()
    schema = build.Builder(build.Definitions(strangers.DEFINITIONS)).build()
    committed = Path(build.__file__).with_name("r4.json").read_text(encoding="utf-8")
    assert build.text_of(schema) == committed, "run: python -m adapter.fhir.schema.build " + str(strangers.DEFINITIONS)


def test_the_committed_bases_are_what_the_definitions_give() -> None:
    strangers.install_node()
    bases = build_bases.text_of(build_bases.build(build.Definitions(strangers.DEFINITIONS)))
    committed = Path(build_bases.__file__).with_name("base.json").read_text(encoding="utf-8")
    assert bases == committed, "run: python -m adapter.fhir.package.build_bases " + str(strangers.DEFINITIONS)


def test_the_lock_file_names_no_address() -> None:
    text = (strangers.HERE / "package-lock.json").read_text(encoding="utf-8")
    assert not re.search(r"[a-z]+://|\bresolved\b", text)
    assert '"integrity"' in text
