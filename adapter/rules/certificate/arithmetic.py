"""Amounts and the small formulas of a certificate, worked out exactly (算式)."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from fractions import Fraction

_NUMBER = re.compile(r"-?\d+(\.\d+)?\Z", re.ASCII)
_AMOUNT = re.compile(r"-?\d+\.\d\d\Z", re.ASCII)


class Unreadable(Exception):
    """A text is no number, or a formula holds something that formulas do not have."""


def amount(text: object) -> Fraction:
    """Yuan from ``"1234.50"``. Raises Unreadable for anything else, numbers of JSON included."""
    if not isinstance(text, str) or not _AMOUNT.match(text):
        raise Unreadable(f"{text!r} is no amount with two decimals")
    return Fraction(text)


def number(text: object) -> Fraction:
    """An amount, a ratio or a count. Raises Unreadable."""
    if not isinstance(text, str) or not _NUMBER.match(text):
        raise Unreadable(f"{text!r} is no number")
    return Fraction(text)


def half_up(value: Fraction) -> Fraction:
    """Rounded to the fen, halves away from zero."""
    fen = abs(value) * 100
    whole = (fen.numerator * 2 + fen.denominator) // (2 * fen.denominator)
    return Fraction(whole if value >= 0 else -whole, 100)


def worked_out(formula: str, names: Mapping[str, Fraction]) -> Fraction:
    """The value of a formula: names, whole numbers, ``+ - *``, ``min``, ``max`` and ``round`` (half up to the fen).

    Raises:
        Unreadable: anything else stands in it, or a name that the step does not give.
    """
    try:
        tree = ast.parse(formula, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Unreadable(f"{formula!r} is no formula") from None
    return _value(tree, names)


def _value(node: ast.expr, names: Mapping[str, Fraction]) -> Fraction:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return Fraction(node.value)
    if isinstance(node, ast.Name):
        if node.id not in names:
            raise Unreadable(f"the step gives no {node.id}")
        return names[node.id]
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left, names), _value(node.right, names)
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left - right
        if isinstance(node.op, ast.Mult):
            return left * right
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args and not node.keywords:
        values = [_value(each, names) for each in node.args]
        if node.func.id == "min":
            return min(values)
        if node.func.id == "max":
            return max(values)
        if node.func.id == "round" and len(values) == 1:
            return half_up(values[0])
    raise Unreadable(f"a formula holds {ast.unparse(node)!r}")
