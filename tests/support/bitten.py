"""Run the tests of one row of docs/rules.md with that row's implementation disabled.

A function is disabled by giving it another body, so that every reference to it, registered or imported, is disabled
too. The body is one expression, read in the function's own module; ``args`` and ``named`` are what it was called with.
"""

from __future__ import annotations

import importlib
import os
import sys
from types import FunctionType
from typing import Any

import hypothesis.stateful  # noqa: F401  this and what follows is imported once, before the children are forked
import pytest
import respx  # noqa: F401

import tests.support.intake
import tests.support.office
import tests.support.programme  # noqa: F401

#: Plugins that no row needs are not loaded; that those imported above cannot be rewritten any more is of no concern.
_NOT_LOADED = (word for name in ("cacheprovider", "xdist", "schemathesis") for word in ("-p", f"no:{name}"))
_OPTIONS = ("-q", "-x", "--no-header", "-W", "ignore::pytest.PytestAssertRewriteWarning", *_NOT_LOADED)


def disable(at: str, gives: str) -> None:
    """Give ``module:function`` (or ``module:Class.method``) the body ``return <gives>``.

    Raises:
        LookupError: there is no such function.
        SyntaxError: ``gives`` is no expression.
    """
    module, _, name = at.partition(":")
    found: Any = importlib.import_module(f"adapter.{module}")
    for part in name.split("."):
        found = found.__dict__.get(part) if isinstance(found, type) else getattr(found, part, None)
        found = found.__func__ if isinstance(found, (staticmethod, classmethod)) else found
        found = found.fget if isinstance(found, property) else found
        if found is None:
            raise LookupError(f"{at}: nothing is called {part!r}")
    found = getattr(found, "__wrapped__", found)
    if not isinstance(found, FunctionType):
        raise LookupError(f"{at} is no function but {type(found).__name__}")
    if found.__closure__:
        raise LookupError(f"{at} is made inside another function; name the outer one")
    scope: dict[str, Any] = {}
    exec(f"def disabled(*args, **named):\n    return ({gives})", found.__globals__, scope)
    found.__code__ = scope["disabled"].__code__
    found.__defaults__ = found.__kwdefaults__ = None


class OnlyTheRow:
    """Keeps the tests that are marked for one row."""

    def __init__(self, row: str) -> None:
        self.row = row
        self.kept = 0

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if any(self.row in mark.args for mark in item.iter_markers("rule"))]
        self.kept = len(items)


def main() -> None:
    """Words: the row, the test files. Disabled: what ``BITTEN`` says (``at → gives``, one a line); none when empty."""
    row, *files = sys.argv[1:]
    for line in os.environ.get("BITTEN", "").splitlines():
        at, _, gives = line.partition(" → ")
        disable(at, gives)
    only = OnlyTheRow(row)
    code = pytest.main([*_OPTIONS, *files], plugins=[only])
    if not only.kept:
        sys.exit(5)
    sys.exit(int(code))
