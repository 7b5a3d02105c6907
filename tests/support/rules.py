"""docs/rules.md, the checklist of both policies, as rows; and which test files show each row."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/rules.md"
ROW = re.compile(r"^\| ([ABXTQ]-\d\d) \|(.*)\|$", re.MULTILINE)
STATES = {"done", "part", "later", "not software"}
MARK = re.compile(r"mark\.rule\(([^)]*)\)")
IN_TABLE = re.compile(r"^ *(?:- )?rule: \"?([ABXTQ]-\d\d)\"?\s*$", re.MULTILINE)
IN_LIST = re.compile(r"^ *shows: \[([^\]]*)\]\s*$", re.MULTILINE)
# Tables whose rows carry ``rule:`` or ``shows:``, and the test that reads them.
_CLERKS = ("aid", "ceiling", "commercial", "critical_illness", "deductible", "payer_order", "ratio", "scope")
TABLES = {
    "fixtures/programme/entitlement.yaml": "tests/tables/test_entitlement.py",
    "fixtures/settlement/worked_examples.yaml": "tests/tables/test_worked_examples.py",
    **{f"fixtures/settlement/{name}.yaml": "tests/tables/test_settlement_tables.py" for name in _CLERKS},
}

ROWS = {row: [cell.strip() for cell in cells.split("|")] for row, cells in ROW.findall(PAGE.read_text("utf-8"))}


def state_of(row: str) -> str:
    """What the page says of a row: done, part, later or not software."""
    (state,) = [cell for cell in ROWS[row] if cell in STATES]
    return state


def _files() -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for marked in MARK.findall(path.read_text("utf-8")):
            for row in re.findall(r"[ABXTQ]-\d\d", marked):
                found.setdefault(row, set()).add(str(path.relative_to(ROOT)))
    for table, test in TABLES.items():
        text = (ROOT / table).read_text("utf-8")
        for row in IN_TABLE.findall(text) + re.findall(r"[ABXTQ]-\d\d", " ".join(IN_LIST.findall(text))):
            found.setdefault(row, set()).add(test)
    return {row: sorted(files) for row, files in found.items()}


FILES_OF = _files()
DONE = {row for row in ROWS if state_of(row) in ("done", "part")}
