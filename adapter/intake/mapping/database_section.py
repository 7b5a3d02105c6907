"""The ``database`` section of a source file: which views of the hospital's database are its tables (数据库视图)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from adapter.intake.mapping import database_issues as issues
from adapter.intake.mapping.issues import MappingRefused
from adapter.intake.mapping.nodes import Node
from adapter.model.database import MarkKind, SourceDatabase, ViewQuery
from adapter.model.source import MESSAGES, Delivery, ExportShape, TableShape

#: Drivers that are known by name.
DRIVERS = ("sqlite", "postgresql+psycopg", "oracle+oracledb", "mssql+pyodbc")

_KEYS = ("url", "password_env", "every", "start", "tables")
_TABLE_KEYS = ("query", "watermark", "kind", "overlap", "start")

_URL = re.compile(r"(?P<driver>\w+(\+\w+)?)://((?P<user>[^:/@]*)(:(?P<password>[^@]*))?@)?.*", re.DOTALL)
_SECRET = re.compile(r"[?&;](password|passwd|pwd|odbc_connect)=", re.IGNORECASE)
_DURATION = re.compile(r"(?P<number>[1-9]\d{0,5})(?P<unit>[smhd])")
_COUNT = re.compile(r"[1-9]\d{0,17}")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
#: A named parameter, told from a cast (``::text``), a time (``12:30``) and an escaped colon.
_PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")
_READS = re.compile(r"\s*(select|with)\b", re.IGNORECASE)


def source_database(section: Node | None, shapes: Sequence[ExportShape], zone: ZoneInfo) -> SourceDatabase | None:
    """The section as readers take it; None where there is none.

    Args:
        shapes: of the source; the views are the tables of one of them.

    Raises:
        MappingRefused: MAP-150 for a password in the URL, -151 for a driver nobody knows, -152 for a wrong query, -153
            for tables that do not fit the shape, -154 for a watermark where each stay must come whole.
    """
    if section is None:
        return None
    section.allow(*_KEYS)
    start = section.text_of("start", "")
    named = section.need("tables")
    shape = _viewed(shapes, named.mapping())
    tables: Mapping[str, TableShape] = shape.tables if shape is not None else {}
    unknown = [name for name in named.mapping() if name not in tables]
    missing = [name for name, table in tables.items() if table.needed and name not in named.mapping()]
    if shape is None or unknown or missing:
        raise MappingRefused(issues.tables_do_not_fit(str(named.where), unknown, missing))
    views = {name: _view(name, node, start, shape.delivery) for name, node in named.items()}
    return SourceDatabase(
        url=_url(section.need("url")),
        views=views,
        zone=zone.key,
        password_env=_variable(section),
        every=_duration(every) if (every := section.get("every")) is not None else 60,
    )


def _viewed(shapes: Sequence[ExportShape], tables: Collection[str]) -> ExportShape | None:
    """Of a source's shapes, the one whose tables a database gives; messages are no tables."""
    return next(
        (each for each in shapes if each.reader != MESSAGES and not each.tables.keys().isdisjoint(tables)), None
    )


def _url(node: Node) -> str:
    found = _URL.fullmatch(node.text())
    if found is None or found["driver"] not in DRIVERS:
        raise MappingRefused(issues.no_such_driver(str(node.where), DRIVERS))
    if found["password"] or _SECRET.search(node.text()):
        raise MappingRefused(issues.password_in_url(str(node.where)))
    return node.text()


def _variable(section: Node) -> str:
    node = section.get("password_env")
    if node is None:
        return ""
    if not re.fullmatch(r"[A-Z_][A-Z0-9_]*", node.text()):
        node.fail("应为环境变量名,例如 HIS_DB_PASSWORD", "the name of an environment variable, HIS_DB_PASSWORD")
    return node.text()


def _view(name: str, node: Node, start: str, delivery: Delivery) -> ViewQuery:
    node.allow(*_TABLE_KEYS)
    query, watermark = node.need("query"), node.text_of("watermark", "")
    names = set(_PARAMETER.findall(query.text()))
    if not _READS.match(query.text()) or ";" in query.text() or names != ({"since"} if watermark else set()):
        raise MappingRefused(issues.query_wrong(str(query.where), name, bool(watermark)))
    if not watermark:
        for key in ("kind", "overlap", "start"):
            if (extra := node.get(key)) is not None:
                extra.fail(f"没有 watermark 时不用 {key}", f"without a watermark there is no {key}")
        return ViewQuery(name, query.text())
    if delivery is Delivery.WHOLE:
        raise MappingRefused(issues.watermark_with_whole(str(node.need("watermark").where), name))
    kind = _kind(node.get("kind"))
    overlap = _overlap(node.need("overlap"), kind)
    first = node.text_of("start", start if isinstance(overlap, timedelta) else "")
    return ViewQuery(name, query.text(), watermark, kind, overlap, first)


def _kind(node: Node | None) -> MarkKind:
    if node is None:
        return MarkKind.TIME
    try:
        return MarkKind(node.text())
    except ValueError:
        listed = ", ".join(MarkKind)
        node.fail(f"没有类型 {node.text()}(可用:{listed})", f"no kind {node.text()} (known: {listed})")


def _overlap(node: Node, kind: MarkKind) -> timedelta | int:
    """A time for times, a number for counters; texts may be either."""
    if kind is not MarkKind.INTEGER and _DURATION.fullmatch(node.text()):
        return timedelta(seconds=_duration(node))
    if kind is MarkKind.TIME or not _COUNT.fullmatch(node.text()):
        node.fail(
            "时间水位的 overlap 为时长(30m、2h),整数水位为正整数",
            "the overlap of a time is a time (30m, 2h), that of an integer a positive number",
        )
    return int(node.text())


def _duration(node: Node) -> int:
    """Seconds."""
    found = _DURATION.fullmatch(node.text())
    if found is None:
        node.fail("应为时长:60s、30m、2h、1d", "a time is expected: 60s, 30m, 2h, 1d")
    return int(found["number"]) * _SECONDS[found["unit"]]


def database_schema() -> dict[str, Any]:
    """The section as JSON Schema, for editors."""
    text = {"type": ["string", "number", "boolean"]}
    duration = {"type": "string", "pattern": f"^{_DURATION.pattern}$".replace("?P<number>", "").replace("?P<unit>", "")}
    overlap = {"anyOf": [duration, {"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^[1-9][0-9]*$"}]}
    start = {**text, "description": "watermark of the first read; everything when left out"}
    table = {
        "type": "object",
        "additionalProperties": False,
        "required": ["query"],
        "properties": {
            "query": {"type": "string", "description": "SELECT …; with a watermark it holds the parameter :since"},
            "watermark": {**text, "description": "column that grows when a row is new or changed"},
            "kind": {"enum": list(MarkKind), "description": "what that column holds; time when left out"},
            "overlap": {**overlap, "description": "how far before the highest watermark the next read begins"},
            "start": start,
        },
        "if": {"required": ["watermark"]},
        "then": {"required": ["overlap"]},
        "else": {"not": {"anyOf": [{"required": [key]} for key in ("kind", "overlap", "start")]}},
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["url", "tables"],
        "description": "the hospital's database: its views stand for the tables of the shape",
        "properties": {
            "url": {"type": "string", "description": "SQLAlchemy URL without a password"},
            "password_env": {"type": "string", "description": "environment variable that holds the password"},
            "every": {**duration, "description": "time between two reads; 60s when left out"},
            "start": start,
            "tables": {"type": "object", "additionalProperties": table},
        },
    }
