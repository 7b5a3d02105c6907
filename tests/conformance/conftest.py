"""Files to be judged, written once; each foreign validator is started once for all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.fhir.canonical import encode
from tests.conformance import strangers
from tests.conformance.faults import FOLDER, Fault, all_faults
from tests.conformance.strangers import Verdict
from tests.rooms.fhir.test_wire_claim import BUILDERS


@pytest.fixture(scope="session")
def fault_files(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Fault]:
    folder = tmp_path_factory.mktemp("faults")
    files = {}
    for fault in all_faults():
        path = folder / f"fault-{fault.number:03}.json"
        path.write_bytes(fault.written)
        files[path] = fault
    return files


@pytest.fixture(scope="session")
def ours(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """What must be without an error: the base, the goldens, every bundle that the wire knows, the demo's output."""
    folder = tmp_path_factory.mktemp("wire")
    written = []
    for name, build in BUILDERS.items():
        path = folder / f"{name.replace(' ', '-')}.json"
        path.write_bytes(encode(build()))
        written.append(path)
    return [FOLDER / "base.json", *strangers.expected_outputs(), *written]


@pytest.fixture(scope="session")
def files(ours: list[Path], fault_files: dict[Path, Fault]) -> list[Path]:
    return [*ours, *fault_files]


@pytest.fixture(scope="session")
def medplum(files: list[Path]) -> dict[Path, Verdict]:
    return strangers.medplum(files)


@pytest.fixture(scope="session")
def hapi(files: list[Path]) -> dict[Path, Verdict]:
    return strangers.hapi(files)
