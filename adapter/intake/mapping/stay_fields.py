"""Reads the parts of mapping files that speak of several rows of a stay (跨行规格的读取)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from adapter.intake.mapping.nodes import Node
from adapter.intake.mapping.spec import Expectation
from adapter.intake.mapping.stay_spec import (
    ClockCheck,
    CoveredLines,
    Covers,
    FromRows,
    NewbornLines,
    Split,
    Take,
)
from adapter.model.money import decimal_of
from adapter.model.source import RowTest

#: ``newborns:`` of a source file: who bears a newborn's lines on the mother's stay is the place's to say.
HELD, WITH_MOTHER = "held", "with-mother"


def newborn_policy(source: Node) -> str:
    """What the source says about newborns' lines on the mother's stay; nothing said holds them."""
    node = source.get("newborns")
    if node is None:
        return HELD
    if node.text() not in (HELD, WITH_MOTHER):
        node.fail(f"应为 {HELD} 或 {WITH_MOTHER}", f"{HELD} or {WITH_MOTHER} is expected")
    return node.text()


def left_out(resource: Node, policy: str) -> bool:
    """Whether a mapping file is for newborns on the mother's stay, and the source holds these."""
    node = resource.get("for_newborns")
    return node is not None and node.flag() and policy != WITH_MOTHER


def newborn_lines(
    node: Node | None, policy: str, resource_names: Collection[str]
) -> tuple[NewbornLines | None, tuple[Expectation, ...]]:
    """Whose the lines are; or, where the source does not say who bears a newborn's, that they hold the stay."""
    if node is None:
        return None, ()
    node.allow("column", "none", "patient", "key", "only_one")
    patient, only_one = node.need("patient"), node.get("only_one")
    if patient.text() not in resource_names:
        patient.fail(f"没有名为 {patient.text()} 的映射文件", f"no mapping file is called {patient.text()}")
    found = NewbornLines(
        column=node.need("column").text(),
        none=frozenset(node.need("none").texts()),
        patient=patient.text(),
        key=node.need("key").texts(),
        only_one=only_one is not None and only_one.flag(),
    )
    if policy == WITH_MOTHER:
        return found, ()
    zh = "新生儿费用由谁负担以当地规定为准:随母亲结算的,在来源文件中写 newborns: with-mother;否则在 HIS 中单独登记"
    en = (
        "who bears a newborn's charges is the place's rule: with the mother's bill, say newborns: with-mother in the "
        "source file; else register the newborn on its own"
    )
    return None, (Expectation(found.column, found.none, zh, en),)


def covers(node: Node | None, tables: Collection[str]) -> Covers | None:
    """The fee lines that a settlement took in."""
    if node is None:
        return None
    node.allow("lines", "tolerance")
    tolerance = node.need("tolerance")
    try:
        allowed = decimal_of(tolerance.text())
    except ValueError:
        tolerance.fail("应为金额", "an amount is expected")
    return Covers(tuple(_covered(each, tables) for each in node.need("lines").sequence()), allowed)


def _covered(node: Node, tables: Collection[str]) -> CoveredLines:
    node.allow("table", "by", "amount", "only")
    by, only = node.need("by"), node.get("only")
    return CoveredLines(
        table=_known(node.need("table"), tables),
        by=tuple((mine, its.text()) for mine, its in by.items()),
        amount=node.need("amount").text(),
        only=tuple(map(row_test, only.sequence())) if only is not None else (),
    )


def clock_check(node: Node | None) -> ClockCheck | None:
    """Which times of the stay show how the view writes its clock."""
    if node is None:
        return None
    node.allow("occurred", "booked", "least")
    least = node.need("least")
    if not least.text().isdigit() or int(least.text()) < 3:
        least.fail("应为 3 或更大的整数", "a whole number from 3 is expected")
    return ClockCheck(node.need("occurred").text(), node.text_of("booked", ""), int(least.text()))


# -- shape.yaml --------------------------------------------------------------------------------------------------------


def rows_of_shape(
    tables: Node, known: Collection[str]
) -> tuple[Mapping[str, tuple[FromRows, ...]], Mapping[str, Split]]:
    """By table: the columns taken from other rows (of any known table), and the column that lists several things."""
    names = dict(tables.items())
    taken = {
        name: tuple(_from_rows(name, column, each, known) for column, each in given.items())
        for name, node in names.items()
        if (given := node.get("from_rows")) is not None
    }
    splits = {name: _split(given) for name, node in names.items() if (given := node.get("split")) is not None}
    return taken, splits


def _from_rows(table: str, column: str, node: Node, tables: Collection[str]) -> FromRows:
    node.allow("take", "table", "of", "order", "only")
    told = node.need("take")
    if told.text() not in [each.value for each in Take]:
        listed = ", ".join(each.value for each in Take)
        told.fail(f"take 应为其中之一:{listed}", f"take is one of {listed}")
    take, other, order, only = Take(told.text()), node.get("table"), node.get("order"), node.get("only")
    if (other is None) != (take in (Take.NEXT, Take.PREVIOUS)):
        node.fail(
            "next、previous 取本表的行,其他须写明 table", "next and previous take rows of this table, others name one"
        )
    if (order is None) != (take is Take.COUNT) or (node.get("of") is None) != (take is Take.COUNT):
        node.fail("除 count 外须写明 of 和 order", "of and order are needed, except for a count")
    return FromRows(
        column=column,
        take=take,
        table=table if other is None else _known(other, tables),
        of="" if take is Take.COUNT else node.need("of").text(),
        order=() if order is None else order.texts(),
        only=tuple(map(row_test, only.sequence())) if only is not None else (),
    )


def _split(node: Node) -> Split:
    node.allow("column", "at", "number")
    at = node.need("at").texts()
    if any(len(mark) != 1 for mark in at):
        node.need("at").fail("分隔符应为单个字符", "a separator is one character")
    return Split(node.need("column").text(), at, node.need("number").text())


def row_test(node: Node) -> RowTest:
    """A condition that compares texts; a shape knows no code tables."""
    node.allow("column", "in", "not_in")
    inside, outside = node.get("in"), node.get("not_in")
    given = [each for each in (inside, outside) if each is not None]
    if len(given) != 1:
        node.fail("in、not_in 须且只能写一个", "exactly one of in, not_in is expected")
    return RowTest(node.need("column").text(), frozenset(given[0].texts()), outside is not None)


def _known(node: Node, tables: Collection[str]) -> str:
    if node.text() not in tables:
        listed = ", ".join(tables)
        node.fail(
            f"shape.yaml 中没有表 {node.text()}(可用:{listed})",
            f"shape.yaml has no table {node.text()} (known: {listed})",
        )
    return node.text()
