"""How results and issues look at a terminal, and as JSON for pipes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from adapter.fhir.canonical import encode
from adapter.model.issues import Issue, Severity, stopping

#: Exit codes (style: docs/user-guide.md).
DONE, HAS_ISSUES, WRONG_USAGE = 0, 1, 2

#: In a pipe there is no width to fit: nothing is cut off.
out = Console(soft_wrap=True, highlight=False, width=None if sys.stdout.isatty() else 240)
err = Console(stderr=True, soft_wrap=True, highlight=False)

_COLOURS = {Severity.FATAL: "bold red", Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFORMATION: "dim"}


def print_json(value: Any, *, to: Path | None = None) -> None:
    """JSON on stdout, or in a file; amounts keep their digits."""
    text = encode(value).decode()
    if _plain(value):
        text = json.dumps(json.loads(text, parse_float=str), ensure_ascii=False, indent=2)
    if to is not None:
        to.write_text(f"{text}\n", encoding="utf-8")
    else:
        sys.stdout.write(f"{text}\n")


def _plain(value: Any) -> bool:
    """Whether nothing in it is a Decimal, so that indenting cannot touch a number."""
    if isinstance(value, dict):
        return all(_plain(each) for each in value.values())
    if isinstance(value, list | tuple):
        return all(_plain(each) for each in value)
    return not isinstance(value, Decimal | float)


def print_issues(issues: Iterable[Issue]) -> None:
    """Issues on stderr, each with what to do."""
    for issue in issues:
        err.print(f"[{_COLOURS[issue.severity]}]{issue.code} {issue.severity}[/] ", end="")
        err.print(f"{issue.pointer}\n  {issue.zh}\n  {issue.en}", markup=False)
        if issue.hint_zh or issue.hint_en:
            err.print(f"  → {issue.hint_zh}\n  → {issue.hint_en}", markup=False, style="dim")


def issue_json(issue: Issue) -> dict[str, str]:
    """One issue for a pipe."""
    return {
        "code": issue.code,
        "severity": str(issue.severity),
        "pointer": issue.pointer,
        "zh": issue.zh,
        "en": issue.en,
        "hint_zh": issue.hint_zh,
        "hint_en": issue.hint_en,
    }


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """A table on stdout; columns named in ``right`` are amounts."""
    shown = Table(title=title or None, title_justify="left", header_style="bold", pad_edge=False)
    for column in columns:
        shown.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        shown.add_row(*row)
    out.print(shown)


def finish(issues: Iterable[Issue] = ()) -> None:
    """End with exit 1 when something waits for a person."""
    if stopping(issues):
        raise typer.Exit(HAS_ISSUES)
