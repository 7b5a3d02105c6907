"""``shape.yaml``: how a vendor's export is laid out, as readers take it, and its derived columns (导出形态)."""

from __future__ import annotations

from collections.abc import Mapping

from adapter.intake.mapping.derived import FUNCTIONS, Derived
from adapter.intake.mapping.nodes import Node
from adapter.intake.mapping.stay_fields import row_test
from adapter.model.source import READERS, ColumnShape, ExportShape, TableShape, TextLayout

SHAPE_KEYS = (
    "shape",
    "version",
    "title",
    "reader",
    "row",
    "layout",
    "stay",
    "absent",
    "tables",
    "resources",
)
_TABLE_KEYS = (
    *("row_key", "needed", "ignored", "file", "join", "version", "columns", "rows", "derived"),
    *("from_rows", "split", "rows_where"),
)
_LAYOUT_KEYS = ("separator", "quote", "header", "last_line", "places")


def export_shape(shape: Node, encodings: tuple[str, ...], completes: str = "") -> ExportShape:
    """The layout of the export.

    Args:
        completes: the stay table of the shape whose stays this one completes; it has none of its own then.

    Raises:
        MappingRefused: with file and line.
    """
    reader = shape.need("reader")
    if reader.text() not in READERS:
        listed = ", ".join(READERS)
        reader.fail(f"没有读取方式 {reader.text()}(可用:{listed})", f"no reader {reader.text()} (known: {listed})")
    stay = shape.need("stay")
    stay.allow(*(("key",) if completes else ("table", "key", "person", "zeros")))
    layout = _layout(shape.get("layout"), reader.text())
    tables = {name: _table(name, node, reader.text(), layout) for name, node in shape.need("tables").items()}
    stay_table = completes or stay.need("table").text()
    if not completes and stay_table not in tables:
        stay.need("table").fail("tables 中没有这张表", "tables does not list this one")
    return ExportShape(
        reader=reader.text(),
        row=shape.need("row").text() if reader.text() == "xml_files" else shape.text_of("row", ""),
        stay_table=stay_table,
        stay_key=stay.need("key").text(),
        tables=tables,
        layout=layout,
        encodings=encodings,
        zeros_stripped=_one_of(stay, "zeros", "kept", "stripped") == "stripped",
    )


def derived_columns(shape: Node) -> Mapping[str, tuple[Derived, ...]]:
    """By table, the columns that are worked out from others, in the order in which they build on one another."""
    found: dict[str, tuple[Derived, ...]] = {}
    for name, table in shape.need("tables").items():
        node = table.get("derived")
        if node is not None:
            found[name] = tuple(_derived(column, each) for column, each in node.items())
    return found


def _derived(column: str, node: Node) -> Derived:
    node.allow("as", "of", "decimals")
    function = node.need("as").text()
    if function not in FUNCTIONS:
        listed = ", ".join(FUNCTIONS)
        node.need("as").fail(f"没有函数 {function}(可用:{listed})", f"no function {function} (known: {listed})")
    of = node.need("of").texts()
    decimals = node.get("decimals")
    if len(of) < 2 and function != "filled":
        node.need("of").fail("至少应有两列", "at least two columns are expected")
    if (decimals is not None) != (function == "quotient"):
        node.fail("quotient 须给出 decimals,其他函数不需要", "a quotient needs decimals, other functions take none")
    return Derived(column, function, of, _number(decimals, 0, 8) if decimals is not None else 0)


def _table(name: str, node: Node, reader: str, layout: TextLayout) -> TableShape:
    node.allow(*_TABLE_KEYS)
    needed, join, rows, rows_where = (node.get(key) for key in ("needed", "join", "rows", "rows_where"))
    columns = _columns(node.get("columns"), reader)
    if reader == "fixed_width" and not columns:
        node.fail("定长文件须声明 columns", "a file of fixed width needs columns")
    if reader == "csv_files" and not columns and not layout.header:
        node.fail("没有列名行时须声明 columns", "without a header, columns are needed")
    return TableShape(
        name=name,
        row_key=node.need("row_key").texts(),
        needed=needed is not None and needed.flag(),
        file=node.text_of("file", ""),
        join=join.texts() if join is not None else (),
        version=node.text_of("version", ""),
        columns=columns,
        rows=tuple(rows.text().split(".")) if rows is not None else (),
        rows_where=tuple(map(row_test, rows_where.sequence())) if rows_where is not None else (),
    )


def _columns(node: Node | None, reader: str) -> tuple[ColumnShape, ...]:
    """Declared columns: names for CSV, ``column: path.inside`` for JSON, ``column: [start, width]`` for fixed width."""
    if node is None:
        return ()
    if reader == "csv_files":
        return tuple(ColumnShape(each) for each in node.texts())
    if reader == "json_files":
        return tuple(ColumnShape(name, path=tuple(path.text().split("."))) for name, path in node.items())
    if reader != "fixed_width":
        node.fail("XML 的列名即元素名,不需声明", "XML names its columns itself")
    return tuple(_place(name, place) for name, place in node.items())


def _place(name: str, node: Node) -> ColumnShape:
    places = node.sequence()
    if len(places) != 2:
        node.fail("应为 [起始位, 位数]", "[start, width] is expected")
    return ColumnShape(name, start=_number(places[0], 1, 1 << 20), width=_number(places[1], 1, 1 << 16))


def _layout(node: Node | None, reader: str) -> TextLayout:
    if node is None:
        return TextLayout(header=reader == "csv_files")
    node.allow(*_LAYOUT_KEYS)
    separator, quote = node.text_of("separator", ","), node.text_of("quote", '"')
    if len(separator) != 1 or len(quote) > 1 or separator == quote or separator in "\r\n":
        node.fail("separator 和 quote 应为两个不同的单个字符", "separator and quote are two different characters")
    header = node.get("header")
    return TextLayout(
        separator=separator,
        quote=quote,
        header=header.flag() if header is not None else reader == "csv_files",
        last_line_ends=_one_of(node, "last_line", "closed", "open") == "closed",
        in_bytes=_one_of(node, "places", "characters", "bytes") == "bytes",
    )


def _one_of(node: Node, key: str, default: str, other: str) -> str:
    text = node.text_of(key, default)
    if text not in (default, other):
        node.need(key).fail(f"应为 {default} 或 {other}", f"{default} or {other} is expected")
    return text


def _number(node: Node, least: int, most: int) -> int:
    text = node.text()
    if not (text.isascii() and text.isdigit() and len(text) < 9 and least <= int(text) <= most):
        node.fail(f"应为 {least} 至 {most} 的整数", f"a whole number from {least} to {most} is expected")
    return int(text)
