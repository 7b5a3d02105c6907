"""The HL7 validator judges what we write, with our own extensions and code systems at hand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conformance.faults import Fault
from tests.conformance.strangers import Verdict

#: Dictionaries that nobody published: a hospital's own codes, and the Chinese edition of ICD-10.
UNPUBLISHED = re.compile(r"CodeSystem is unknown .*(/CodeSystem/[a-z0-9_]+/[a-z_-]+|/sid/icd-10) for ")

pytestmark = pytest.mark.slow


def test_what_we_write_has_no_error(hapi: dict[Path, Verdict], ours: list[Path]) -> None:
    assert [(hapi[path].file.name, hapi[path].messages) for path in ours if not hapi[path].accepts] == []


def test_what_it_warns_of_are_dictionaries_that_nobody_published(hapi: dict[Path, Verdict], wire: list[Path]) -> None:
    warnings = {text for path in wire for text in hapi[path].messages if not UNPUBLISHED.search(text)}
    assert warnings == set()


def test_it_sees_the_faults_that_it_is_said_to_see(hapi: dict[Path, Verdict], fault_files: dict[Path, Fault]) -> None:
    seen = {fault.name for path, fault in fault_files.items() if not hapi[path].accepts}
    assert seen == {fault.name for fault in fault_files.values() if "hapi" in fault.others}


def test_strangers_see_at_least_25_of_our_faults(
    hapi: dict[Path, Verdict], medplum: dict[Path, Verdict], fault_files: dict[Path, Fault]
) -> None:
    seen = [fault.name for path, fault in fault_files.items() if not (hapi[path].accepts and medplum[path].accepts)]
    assert len(seen) >= 25
