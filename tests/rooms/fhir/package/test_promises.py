"""The profiles promise what the code writes, and say no to what it never writes; judged by our own validation."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.fhir.profiles.check import profile_findings, unchecked
from adapter.fhir.profiles.load import Profiles
from tests.conformance.examples import outputs
from tests.conformance.promises import SEEDED, broken
from tests.support.fhir_packages import built_package

ROOT = Path(__file__).parents[4]
BUILT = built_package()
PROFILES = Profiles(BUILT.definitions)
BROKEN = dict(broken(BUILT.examples))


def test_everything_that_the_builders_write_keeps_its_profiles() -> None:
    found = {}
    for name, output in outputs():
        inside = [entry["resource"] for entry in output.get("entry", ())]
        found[name] = [str(issue) for each in (output, *inside) for issue in profile_findings(each, PROFILES)]
    assert {name: issues for name, issues in found.items() if issues} == {}


@pytest.mark.parametrize("name", SEEDED)
def test_what_is_never_written_is_refused(name: str) -> None:
    assert [issue.severity for issue in profile_findings(BROKEN[name], PROFILES)]


@pytest.mark.parametrize("name", PROFILES.names)
def test_nothing_is_promised_that_nobody_checks(name: str) -> None:
    tree = PROFILES.named(name)
    assert tree is not None
    assert [str(issue) for issue in unchecked(tree, PROFILES)] == []
