"""Settlements as the doors show them: rows for people, JSON for programs."""

from __future__ import annotations

from adapter.model.settlement import Settlement
from adapter.rules.settlement import explain, printed
from adapter.rules.settlement.explain import Row, is_open

__all__ = ["Row", "explain_rows", "explained", "is_open", "settlement_json"]


def explain_rows(settlement: Settlement) -> tuple[Row, ...]:
    """Every step, share and part, in order."""
    return explain.rows(settlement)


def explained(settlement: Settlement, language: str) -> tuple[str, ...]:
    """The settlement as a sheet, line by line; ``language`` is ``zh`` or ``en``."""
    return printed.sheet(settlement, language)


def settlement_json(settlement: Settlement) -> dict[str, object]:
    """The settlement as plain JSON values; amounts are text."""
    return explain.as_json(settlement)
