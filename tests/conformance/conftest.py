"""Files to be judged, written once; each foreign validator is started once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from adapter.fhir.canonical import encode
from tests.conformance import strangers, written
from tests.conformance.faults import FOLDER, Fault, all_faults
from tests.conformance.strangers import COUNTS, Verdict
from tests.conftest import DemoRun


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
def wire(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Every bundle that the wire knows, and the base of the faults."""
    return [FOLDER / "base.json", *_save(tmp_path_factory.mktemp("wire"), written.on_the_wire())]


@pytest.fixture(scope="session")
def ours(wire: list[Path], tmp_path_factory: pytest.TempPathFactory, demo_run: DemoRun) -> list[Path]:
    """What must be without an error: the wire, the record, the goldens, every bundle of the demo."""
    records = _save(tmp_path_factory.mktemp("record"), written.in_the_record())
    bundles = sorted((demo_run.out / "fhir").glob("*.json"))
    assert len(bundles) == 20
    return [*wire, *records, *strangers.expected_outputs(), *bundles]


def _save(folder: Path, named: Iterable[tuple[str, dict[str, Any]]]) -> list[Path]:
    paths = []
    for name, resource in named:
        paths.append(folder / f"{name}.json")
        paths[-1].write_bytes(encode(resource))
    return paths


@pytest.fixture(scope="session")
def files(ours: list[Path], fault_files: dict[Path, Fault]) -> list[Path]:
    return [*ours, *fault_files]


@pytest.fixture(scope="session")
def medplum(files: list[Path], ours: list[Path], pytestconfig: pytest.Config) -> dict[Path, Verdict]:
    verdicts = strangers.medplum(files)
    strangers.counted("Medplum, fhirpath, value sets", verdicts, ours, pytestconfig)
    return verdicts


@pytest.fixture
def say(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """A line for the end of the run."""
    return pytestconfig.stash[COUNTS].append


def pytest_configure(config: pytest.Config) -> None:
    config.stash[COUNTS] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in terminalreporter.config.stash[COUNTS]:
        terminalreporter.write_line(line)
