"""The variants of our FHIR package, each built once for all tests of a process. Nobody may change what comes back."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from adapter.cases.fhir_package import fhir_package
from adapter.fhir.package.contents import Package
from adapter.fhir.package.variants import VARIANTS

_ROOT = Path(__file__).parents[2]


@cache
def built_package(key: str = "r4") -> Package:
    """``r4``, ``r5`` or ``hl7-china``, of this checkout's mappings and fixtures."""
    return fhir_package(_ROOT / "mappings", _ROOT / "fixtures", VARIANTS[key])
