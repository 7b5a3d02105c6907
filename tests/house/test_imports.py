"""Rooms look down, never sideways or up: the table of docs/architecture.md, enforced.

Every row names what a room may import of ours. A room that is not listed may import nothing of ours.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

_ALL = ("model", "fhir", "intake", "rules", "ledger", "payers", "cases", "settings")

#: room (longest prefix wins) → rooms of ours that it may import, besides itself.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "__init__": (),
    "__main__": ("doors.cli",),
    "model": (),
    "settings": ("model",),
    "fhir": ("model",),
    "rules": (),
    "rules.policy": ("model",),
    "rules.programme": ("model", "rules.policy"),
    "rules.settlement": ("model", "rules.policy"),
    "rules.certificate": (),
    "intake": (),
    "intake.readers": ("model",),
    "intake.readers.fhir_bundle": ("model", "fhir", "intake.readers"),
    "intake.mapping": ("model", "fhir"),
    "intake.reference": ("model",),
    "ledger": ("model",),
    "payers": (),
    "payers.delivery": ("model", "fhir", "intake.mapping"),
    "payers.reconciliation": ("model",),
    "cases": ("model", "fhir", "intake", "rules", "ledger", "payers"),
    "counterparts": ("model", "rules.policy"),
    "wiring": _ALL,
    "doors": (),
    "doors.listeners": ("cases", "wiring", "model"),
    "doors.documents": ("model",),
    "doors.web": ("cases", "doors.documents", "model", "fhir", "wiring", "settings"),
    "doors.cli": (
        "cases",
        "doors.documents",
        "doors.web",
        "doors.listeners",
        "model",
        "fhir",
        "wiring",
        "settings",
        "counterparts",
    ),
}

#: Modules of the outside world that only the named rooms may touch.
OUTSIDE: dict[str, tuple[str, ...]] = {
    "fhir.resources": ("fhir",),
    "sqlalchemy": ("ledger", "intake.readers", "payers.delivery", "doors.listeners"),
    "alembic": ("ledger",),
    "httpx": ("payers.delivery", "counterparts", "doors.cli"),
    "fastapi": ("doors.web", "counterparts"),
    "uvicorn": ("doors.cli", "doors.web", "counterparts"),
    "lxml": ("intake.readers", "payers.delivery", "fhir", "counterparts"),
    "yaml": ("rules.policy", "intake.mapping", "intake.reference", "counterparts", "settings"),
    "typer": ("doors.cli",),
    "rich": ("doors.cli",),
    "numpy": ("rules.settlement", "cases"),
    "cryptography": ("payers.delivery",),
    "joserfc": ("payers.delivery", "counterparts"),
    "tongsuopy": ("payers.delivery",),
}

#: The vocabulary and the rules see no outside world at all.
PURE = ("model", "rules.programme", "rules.settlement", "rules.certificate")
IMPURE = {"socket", "sqlite3", "subprocess", "urllib", "http", "os", "pathlib", "time", "random", "logging"}

FILES = sorted((ROOT / "adapter").rglob("*.py"))


def room_of(path: Path) -> str:
    parts = list(path.relative_to(ROOT / "adapter").with_suffix("").parts)
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    return ".".join(parts)


def longest(name: str, table: dict[str, tuple[str, ...]]) -> str:
    found = [key for key in table if name == key or name.startswith(key + ".")]
    assert found, f"adapter.{name} lives in no room of the table"
    return max(found, key=len)


def imports_of(text: str) -> list[tuple[int, str]]:
    """Every imported module with its line; relative imports are refused outright."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import"
            base = node.module or ""
            ours = base == "adapter" or base.startswith("adapter.")
            found += [(node.lineno, f"{base}.{alias.name}" if ours else base) for alias in node.names]
    return found


def within(name: str, rooms: tuple[str, ...]) -> bool:
    return any(name == room or name.startswith(room + ".") for room in rooms)


def strays(room: str, text: str) -> list[str]:
    """Imports of one module that its room may not have, each with its line."""
    home = longest(room, MAY_IMPORT)
    found = []
    for line, module in imports_of(text):
        target = module.removeprefix("adapter.")
        if target != module and target != "__version__" and not within(target, (*MAY_IMPORT[home], home)):
            found.append(f"{room}:{line}: {home} imports {target}")
        for outside, rooms in OUTSIDE.items():
            if within(module, (outside,)) and not within(room, rooms):
                found.append(f"{room}:{line}: {home} touches {outside}")
        if home in PURE and module.split(".")[0] in IMPURE:
            found.append(f"{room}:{line}: {home} is pure and imports {module}")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_rooms_only_look_down(path: Path) -> None:
    assert strays(room_of(path), path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("room", "text"),
    [
        ("model.money", "from adapter.ledger import ledger"),
        ("rules.settlement.scope", "import sqlalchemy"),
        ("rules.settlement.scope", "import time"),
        ("payers.delivery.http", "from adapter.ledger.ledger import Ledger"),
        ("counterparts.bureau", "from adapter.rules.settlement.adjudicate import adjudicate"),
        ("fhir.claim", "from adapter import cases"),
    ],
)
def test_a_stray_import_is_seen(room: str, text: str) -> None:
    assert strays(room, text) != []


def test_the_table_is_a_graph_without_a_cycle() -> None:
    def walk(room: str, above: tuple[str, ...]) -> None:
        assert room not in above, f"cycle: {' → '.join((*above, room))}"
        for target in MAY_IMPORT.get(room, ()):
            for child in [key for key in MAY_IMPORT if key == target or key.startswith(target + ".")]:
                if child != room:
                    walk(child, (*above, room))

    for room in MAY_IMPORT:
        walk(room, ())


def test_files_stay_small_enough_to_hold_in_the_head() -> None:
    long = {str(p.relative_to(ROOT)): n for p in FILES if (n := len(p.read_text("utf-8").splitlines())) > 450}
    assert long == {}


def test_every_room_has_a_door_plate() -> None:
    plates = [p for p in FILES if p.name == "__init__.py"]
    assert [str(p.relative_to(ROOT)) for p in plates if not ast.get_docstring(ast.parse(p.read_text("utf-8")))] == []
