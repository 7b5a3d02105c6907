"""Rows of JSON: a document with its rows at a path, or one object a line (NDJSON), in flat memory (JSON 导出).

Numbers stay the text that the file has, digit for digit. A key that stands twice and a number that is none (NaN,
Infinity) refuse their row. What is nested and not declared by the mapping stays one column, as JSON text, so that it is
seen as mapped, ignored or unclaimed like any other column.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from adapter.intake.readers import issues
from adapter.intake.readers.encoding import Sniffed
from adapter.intake.readers.json_text import JsonText, Malformed, TooLong
from adapter.intake.readers.lines import read_lines
from adapter.intake.readers.rows import KEY_LENGTH, SPACE, TOO_DEEP, TOO_LARGE, TWICE, BrokenFile, FileRefused, Row
from adapter.model.source import ExportShape, ReadingLimits, TableShape

#: Where one row ends and the next begins. Inside a row that is refused, a quote too few or too many swallowed others.
_NEXT_ROW = re.compile(r"\}\s*,\s*\{")
_HALF = re.compile(r"\\u[dD][89a-fA-F]")

#: Files of these suffixes hold one object a line.
LINES = (".ndjson", ".jsonl")

_NOT_JSON = ("不是合法的 JSON", "it is not well-formed JSON")
_NOT_AN_OBJECT = ("不是 JSON 对象", "it is no JSON object")
_NOT_FINITE = ("含有非有限数(NaN 或 Infinity)", "it holds a number that is none (NaN or Infinity)")
_NO_BREAK = ("含有多个 JSON 值", "it holds more than one JSON value")


class _Refused(Exception):
    """A row of the wrong form; ``args[0]`` says why, in zh and en."""


def read_json(path: Path, sniffed: Sniffed, shape: ExportShape, table: TableShape) -> Iterator[Row]:
    """Yield the rows of a file in order.

    Raises:
        FileRefused: the document has nothing at the path of its rows.
        BrokenFile: malformed outside its rows, or cut; the rows before have been yielded and are good.
    """
    if path.suffix.lower() in LINES:
        yield from _of_lines(path, sniffed, shape, table)
        return
    reading = _Rows(table, shape.limits)
    with path.open("rb") as file:
        text = JsonText(file, sniffed.encoding, shape.limits.row_bytes)
        found = False
        try:
            for element in _elements(text, table.rows, shape.limits):
                found = True
                if element is None:
                    continue
                row = reading.of(element)
                if row.refused is not None and _swallowed(element):
                    raise Malformed
                yield row
            text.must_end()
        except Malformed:
            raise BrokenFile(text.line) from None
    if not found:
        raise FileRefused(issues.no_rows_at_path(path.name, ".".join(table.rows) or "$"))


def _swallowed(element: str | TooLong) -> bool:
    return _NEXT_ROW.search(element.beginning if isinstance(element, TooLong) else element) is not None


def _of_lines(path: Path, sniffed: Sniffed, shape: ExportShape, table: TableShape) -> Iterator[Row]:
    reading = _Rows(table, shape.limits)
    end = None
    for line in read_lines(path, sniffed, shape.limits.row_bytes):
        end = line
        if not line.content.strip(SPACE):
            continue
        row = reading.of(line.content if line.whole else TooLong(line.content))
        if row.refused is not None and not line.ended:
            raise BrokenFile(line.number)
        yield row
    if end is not None and not end.ended and end.content[-1:] != "}":
        raise BrokenFile(end.number)


def _elements(text: JsonText, path: tuple[str, ...], limits: ReadingLimits) -> Iterator[str | TooLong | None]:
    """The text of each row; one None when the path leads to rows, of which there may be none."""
    if not path:
        if text.peek() == "[":
            yield None
            yield from text.elements()
        elif text.peek() == "{":
            yield text.value()
        elif text.value() == "null":
            yield None
        return
    if text.peek() != "{":
        text.value()
        return
    met: set[str] = set()
    for key in text.members():
        if key in met or len(met) >= limits.columns:
            raise Malformed
        met.add(key)
        if key == path[0]:
            yield from _elements(text, path[1:], limits)
        else:
            text.value()


class _Rows:
    """Makes rows of JSON texts; numbers them."""

    def __init__(self, table: TableShape, limits: ReadingLimits) -> None:
        self._limits = limits
        self._declared = _tree(table)
        self._number = 0
        self._decoder = json.JSONDecoder(
            object_pairs_hook=_once, parse_float=str, parse_int=str, parse_constant=_never, strict=False
        )

    def of(self, text: str | TooLong) -> Row:
        """One row; refused with what is readable of it, where its form is wrong."""
        self._number += 1
        if isinstance(text, TooLong):
            return Row(self._number, _short(_beginning(text.beginning)), TOO_LARGE)
        try:
            value = self._value(text)
            fields: dict[str, str] = {}
            self._flatten(value, self._declared, "", fields, 1)
        except _Refused as refused:
            return Row(self._number, _short(_beginning(text)), refused.args[0])
        if len(fields) > self._limits.columns:
            return Row(self._number, _short(fields), TOO_LARGE)
        return Row(self._number, fields)

    def _value(self, text: str) -> dict[str, Any]:
        try:
            value, end = self._decoder.raw_decode(text.strip(SPACE))
        except _Refused:
            raise
        except RecursionError:
            raise _Refused(TOO_DEEP) from None
        except ValueError:
            raise _Refused(_NOT_JSON) from None
        if end != len(text.strip(SPACE)):
            raise _Refused(_NO_BREAK)
        if not isinstance(value, dict):
            raise _Refused(_NOT_AN_OBJECT)
        if _HALF.search(text) and _half(value):
            raise _Refused(_NOT_JSON)
        return value

    def _flatten(
        self, value: Mapping[str, Any], declared: Mapping[str, Any], above: str, fields: dict[str, str], depth: int
    ) -> None:
        """Columns of an object: its own, those declared inside it, and whatever else is nested as JSON text."""
        for name, part in value.items():
            known = declared.get(name)
            if isinstance(known, dict) and isinstance(part, dict):
                self._flatten(part, known, f"{above}{name}.", fields, depth + 1)
                continue
            column = known if isinstance(known, str) else f"{above}{name}"
            if column in fields:
                raise _Refused(TWICE)
            fields[column] = _cell(part) if not isinstance(part, dict | list) else self._nested(part, depth + 1)

    def _nested(self, value: Any, depth: int) -> str:
        """What nobody declared, as compact JSON; numbers in it are in quotes."""
        if _depth(value) + depth > self._limits.nesting:
            raise _Refused(TOO_DEEP)
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _tree(table: TableShape) -> dict[str, Any]:
    """Declared columns by their path: ``{"insure": {"no": "insure_no"}}``."""
    root: dict[str, Any] = {}
    for column in table.columns:
        node = root
        *above, last = column.path or (column.name,)
        for name in above:
            node = node.setdefault(name, {})
        node[last] = column.name
    return root


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refused(TWICE)
    return found


def _never(_: str) -> str:
    raise _Refused(_NOT_FINITE)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip(SPACE)


def _half(value: Any) -> bool:
    r"""Whether a text holds one half of a surrogate pair (``\\ud842`` alone), which is no character."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((_depth(each) for each in inner), default=0) if isinstance(value, dict | list) else 0


def _beginning(text: str) -> dict[str, str]:
    """The plain columns at the beginning of a row that cannot be read whole, so that its stay is known and held."""
    found: dict[str, str] = {}
    at = text.find("{") + 1
    decoder = json.JSONDecoder(parse_float=str, parse_int=str)
    try:
        while at > 0:
            key, at = decoder.raw_decode(text, _past_blanks(text, at))
            at = _past_blanks(text, at)
            if text[at : at + 1] != ":":
                break
            value, at = decoder.raw_decode(text, _past_blanks(text, at + 1))
            if not isinstance(key, str) or len(found) >= 4096:
                break
            if not isinstance(value, dict | list):
                found.setdefault(key, _cell(value))
            at = _past_blanks(text, at)
            if text[at : at + 1] != ",":
                break
            at += 1
    except (ValueError, RecursionError):
        return found
    return found


def _past_blanks(text: str, at: int) -> int:
    while text[at : at + 1] in (" ", "\t", "\r", "\n"):
        at += 1
    return at


def _short(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: cell for name, cell in fields.items() if len(cell) <= KEY_LENGTH}
