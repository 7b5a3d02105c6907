"""docs/his-traps.md: every trap has its id, and names tests and fixtures that exist."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "his-traps.md"
_ROW = re.compile(r"^\| (T-\d+) \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)
_NAMED = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Trap:
    id: str
    trap: str
    does: str
    proof: str

    @property
    def named(self) -> list[str]:
        return _NAMED.findall(self.proof)


TRAPS = [Trap(*row) for row in _ROW.findall(PAGE.read_text("utf-8"))]


def test_ids_run_without_a_gap() -> None:
    """Ids are quoted elsewhere, so none is used twice and none is lost; rows of the page that are no trap are few."""
    assert [trap.id for trap in TRAPS] == [f"T-{number:02d}" for number in range(1, len(TRAPS) + 1)]
    assert len(re.findall(r"^\| ", PAGE.read_text("utf-8"), re.MULTILINE)) == len(TRAPS) + 2 * PAGE.read_text(
        "utf-8"
    ).count("\n## ")


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.id)
def test_what_is_dealt_with_is_proven(trap: Trap) -> None:
    """An id names at least one test or fixture, and all that it names exist; nothing is put off."""
    assert trap.named, f"{trap.id} does not say where it is proven"
    assert _NAMED.sub("", trap.proof).strip() == "", (
        f"{trap.id}: only names of tests and fixtures are expected as proof"
    )
    assert [name for name in trap.named if not exists(name)] == []


def exists(name: str) -> bool:
    """A file under the project, or ``file::function`` in it."""
    file, _, function = name.partition("::")
    path = ROOT / file
    if not path.is_file() or not file.startswith(("tests/", "fixtures/", "mappings/")):
        return False
    return not function or function in functions_of(path)


@cache
def functions_of(path: Path) -> frozenset[str]:
    return frozenset(
        node.name for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.FunctionDef)
    )


@pytest.mark.parametrize(
    "name",
    ["tests/nowhere.py", "tests/house/test_traps.py::test_nothing", "fixtures/his/none.json", "README.md", "../x"],
)
def test_what_does_not_exist_is_no_proof(name: str) -> None:
    assert not exists(name)
