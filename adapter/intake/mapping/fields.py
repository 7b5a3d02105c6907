"""Reads one resource file of a mapping into its typed form; every fault names file, line and what was expected."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from adapter.fhir.identity import codesystem, system
from adapter.intake.mapping import stay_fields, transforms
from adapter.intake.mapping.codes import CodeTable
from adapter.intake.mapping.issues import MappingRefused
from adapter.intake.mapping.nodes import Node
from adapter.intake.mapping.spec import (
    OBSERVED,
    AmountCheck,
    CodeForm,
    Column,
    Condition,
    Const,
    Each,
    Expectation,
    Field,
    IdCheck,
    Need,
    PathStep,
    Reference,
    RefundKind,
    Refunds,
    ResourceSpec,
    RowKey,
    Where,
)
from adapter.model.issues import Issue
from adapter.model.money import decimal_of
from adapter.model.source import MESSAGES, ExportShape

_STEP = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_]*)(\[(?P<place>[a-z0-9-]+)\])?\Z")
_CHECKS = ("refunds", "amount_check", "id_check", "expect", "newborn", "covers", "clock_check")
_RESOURCE_KEYS = ("to", "source", "private", "only", "for_newborns", "fields", "ignored", *_CHECKS)
_NEEDED_BY = {
    RefundKind.NEGATIVE: (),
    RefundKind.LINKED: ("link",),
    RefundKind.MIRROR: ("link", "told_by", "undone"),
}
_TESTS = ("in", "not_in", "in_setting", "starts_with")
_COLUMN_KEYS = ("from", "as", "formats", "absent", "required", "codes", "form", "when")


@dataclass
class FieldReader:
    """What the reading of a resource file depends on.

    Attributes:
        settings: the source file's values by dotted name.
        table: finds a code table by name; the place is for the message when there is none.
        resource_names: names that a reference may use.
        newborns: what the source says about newborns' lines on the mother's stay.
    """

    source: str
    shape: ExportShape
    settings: Mapping[str, str]
    text_absent: frozenset[str]
    table: Callable[[str, Where], CodeTable]
    resource_names: frozenset[str] = frozenset()
    newborns: str = stay_fields.HELD

    def resource(self, name: str, node: Node) -> ResourceSpec:
        """A resource file. Raises MappingRefused with every fault of the file."""
        node.allow(*_RESOURCE_KEYS)
        place = node.need("source")
        place.allow("table", "row_key", "setting", "prefix", "distinct")
        fixed = place.get("setting")
        table = None if fixed is not None else self._table_name(place.need("table"))
        to = node.need("to").text()
        fields = self._fields(node.need("fields"), table)
        if to == OBSERVED:
            for each in fields:
                if len(each.steps) != 1 or not isinstance(each.value, Column):
                    node.need("fields").fail(
                        "此处只能写单个属性和来源列", "plain attributes from columns are expected here"
                    )
        private, only, distinct = node.get("private"), node.get("only"), place.get("distinct")
        newborn, of_newborns = stay_fields.newborn_lines(node.get("newborn"), self.newborns, self.resource_names)
        return ResourceSpec(
            name=name,
            to=to,
            table=table,
            row_key=() if fixed is not None else place.need("row_key").texts(),
            fixed_key=self._setting(fixed) if fixed is not None else None,
            fields=fields,
            where=node.where,
            private=private is not None and private.flag(),
            only=self._condition(only) if only is not None else None,
            expectations=(*self._expectations(node.get("expect")), *of_newborns),
            amount_check=self._amount_check(node.get("amount_check")),
            id_check=self._id_check(node.get("id_check")),
            refunds=self._refunds(node.get("refunds"), fields),
            prefix=place.text_of("prefix", ""),
            distinct=distinct is not None and distinct.flag(),
            newborn=newborn,
            covers=stay_fields.covers(node.get("covers"), self.shape.tables),
            clock=stay_fields.clock_check(node.get("clock_check")),
        )

    def _fields(self, node: Node, table: str | None) -> tuple[Field, ...]:
        """All fields; the faults of all of them together."""
        faults: list[Issue] = []
        fields: list[Field] = []
        for path, entry in node.items():
            try:
                fields.append(Field(path, _steps(path, entry), self._value(entry, table), entry.where))
            except MappingRefused as refused:
                faults += refused.issues
        if faults:
            raise MappingRefused(*faults)
        return tuple(fields)

    def _value(self, node: Node, table: str | None) -> Const | RowKey | Column | Reference | Each:
        kinds = ("from", "const", "setting", "sid", "codesystem", "reference", "each", "row_key")
        kind = next((each for each in kinds if node.get(each) is not None), None)
        if kind == "from":
            return self._column(node, table)
        if kind == "reference":
            node.allow("reference")
            name = node.need("reference").text()
            if name not in self.resource_names:
                node.fail(f"没有名为 {name} 的映射文件", f"no mapping file is called {name}")
            return Reference(name)
        if kind == "each":
            return self._each(node)
        if kind == "row_key":
            node.allow("row_key")
            return RowKey()
        if kind is None:
            listed = ", ".join(kinds)
            node.fail(f"应有其中一个键:{listed}", f"one of these keys is expected: {listed}")
        node.allow(kind, "as", "when")
        return self._const(kind, node)

    def _const(self, kind: str, node: Node) -> Const:
        given = node.need(kind)
        when = node.get("when")
        value: Any = given.plain()
        if kind == "setting":
            value = self._setting(given)
        elif kind == "sid":
            value = system(self._own(given.text()))
        elif kind == "codesystem":
            value = codesystem(self._own(given.text()))
        as_ = node.get("as")
        if as_ is not None:
            value = _constant_as(as_, given)
        return Const(value, self._condition(when) if when is not None else None)

    def _column(self, node: Node, table: str | None) -> Column:
        node.allow(*_COLUMN_KEYS)
        name = node.need("from").text()
        of_stay = name.startswith(f"{self.shape.stay_table}.")
        if "." in name and not of_stay and self.shape.reader != MESSAGES:
            node.fail(
                f"只能引用本表或 {self.shape.stay_table} 的列",
                f"only columns of this table or of {self.shape.stay_table}",
            )
        if table is None and not of_stay:
            of_stay = True
        transform = node.text_of("as", "text")
        if transform not in transforms.TRANSFORMS:
            listed = ", ".join(transforms.TRANSFORMS)
            node.need("as").fail(
                f"没有转换函数 {transform}(可用:{listed})", f"no transform {transform} (known: {listed})"
            )
        formats = self._formats(node, transform)
        codes, when, absent = node.get("codes"), node.get("when"), node.get("absent")
        form = node.text_of("form", "code")
        if form not in [each.value for each in CodeForm]:
            node.need("form").fail("form 应为 code、coding 或 concept", "form is code, coding or concept")
        table_found = self.table(codes.text(), codes.where) if codes is not None else None
        stem = table_found.name.removesuffix(".csv") if table_found is not None else ""
        return Column(
            column=name.removeprefix(f"{self.shape.stay_table}."),
            transform=transform,
            formats=formats,
            absent=self.text_absent | frozenset(absent.texts() if absent is not None else ()),
            need=_need(node.get("required")),
            of_stay=of_stay,
            codes=table_found,
            form=CodeForm(form),
            local_system=codesystem(f"{self.source}/{stem}") if stem else "",
            when=self._condition(when) if when is not None else None,
        )

    def _formats(self, node: Node, transform: str) -> tuple[str, ...]:
        formats = node.get("formats")
        if (transform in transforms.DATED) != (formats is not None):
            node.fail("日期类转换须给出 formats,其他转换不需要", "dates need formats, other transforms take none")
        return formats.texts() if formats is not None else ()

    def _each(self, node: Node) -> Each:
        node.allow("each", "only", "fields")
        table = self._table_name(node.need("each"))
        only = node.get("only")
        fields = self._fields(node.need("fields"), table)
        return Each(table, fields, self._condition(only) if only is not None else None)

    def _condition(self, node: Node) -> Condition:
        node.allow("column", "codes", *_TESTS)
        codes, setting, outside = node.get("codes"), node.get("in_setting"), node.get("not_in")
        given = [each for each in map(node.get, _TESTS) if each is not None]
        if len(given) != 1:
            listed = "、".join(_TESTS)
            node.fail(f"{listed} 须且只能写一个", f"exactly one of {', '.join(_TESTS)} is expected")
        starts = node.get("starts_with") is not None
        if starts and (codes is not None or "" in given[0].texts()):
            node.fail(
                "starts_with 直接比较原文,不用对照表", "starts_with compares the text itself, without a code table"
            )
        values = (self._setting(setting),) if setting is not None else given[0].texts()
        return Condition(
            column=node.need("column").text(),
            values=frozenset(values),
            codes=self.table(codes.text(), codes.where) if codes is not None else None,
            negated=outside is not None,
            starts=starts,
        )

    def _expectations(self, node: Node | None) -> tuple[Expectation, ...]:
        found = []
        for column, each in node.items() if node is not None else ():
            each.allow("in", "in_setting", "zh", "en")
            setting = each.get("in_setting")
            values = (self._setting(setting),) if setting is not None else each.need("in").texts()
            found.append(Expectation(column, frozenset(values), each.need("zh").text(), each.need("en").text()))
        return tuple(found)

    def _amount_check(self, node: Node | None) -> AmountCheck | None:
        if node is None:
            return None
        node.allow("quantity", "price", "amount", "factor", "tolerance", "limit")
        factor = node.get("factor")
        return AmountCheck(
            quantity=node.need("quantity").text(),
            price=node.need("price").text(),
            amount=node.need("amount").text(),
            factor=factor.text() if factor is not None else None,
            tolerance=_yuan(node.need("tolerance")),
            limit=_yuan(node.need("limit")),
        )

    def _id_check(self, node: Node | None) -> IdCheck | None:
        if node is None:
            return None
        node.allow("number", "birth", "sex", "sexes")
        sexes = node.need("sexes")
        return IdCheck(
            number=node.need("number").text(),
            birth=node.need("birth").text(),
            sex=node.need("sex").text(),
            sexes=self.table(sexes.text(), sexes.where),
        )

    def _refunds(self, node: Node | None, fields: Sequence[Field]) -> Refunds | None:
        if node is None:
            return None
        node.allow("kind", "quantity", "item", "price", "link", "day", "no_link", "told_by", "undone", "among")
        kind = node.text_of("kind", RefundKind.NEGATIVE.value)
        if kind not in [each.value for each in RefundKind]:
            node.need("kind").fail("kind 应为 negative、linked 或 mirror", "kind is negative, linked or mirror")
        for needed in _NEEDED_BY[RefundKind(kind)]:
            node.need(needed)
        link, no_link, among = node.get("link"), node.get("no_link"), node.get("among")
        told_by, undone = node.get("told_by"), node.get("undone")
        one_column = link is not None and isinstance(link.value, str)
        return Refunds(
            kind=RefundKind(kind),
            quantity=node.need("quantity").text(),
            item=node.need("item").texts(),
            price=node.need("price").text(),
            day=node.need("day").text(),
            link=link.text() if link is not None and one_column else None,
            link_to=() if link is None or one_column else tuple((mine, its.text()) for mine, its in link.items()),
            no_link=frozenset(no_link.texts()) if no_link is not None else frozenset(),
            told_by=self._condition(told_by) if told_by is not None else None,
            undone=self._condition(undone) if undone is not None else None,
            among=tuple(self._condition(each) for each in among.sequence()) if among is not None else (),
            day_formats=_unsorted_formats(node.need("day").text(), fields),
        )

    def _table_name(self, node: Node) -> str:
        if node.text() not in self.shape.tables:
            listed = ", ".join(self.shape.tables)
            node.fail(
                f"shape.yaml 中没有表 {node.text()}(可用:{listed})",
                f"shape.yaml has no table {node.text()} (known: {listed})",
            )
        return node.text()

    def _setting(self, node: Node) -> str:
        name = node.text()
        if name not in self.settings:
            node.fail(f"来源文件缺少 {name}", f"the source file lacks {name}")
        return self.settings[name]

    def _own(self, name: str) -> str:
        """``own/stay`` → ``<source>/stay``."""
        return f"{self.source}/{name[4:]}" if name.startswith("own/") else name


def _steps(path: str, node: Node) -> tuple[PathStep, ...]:
    """``extension[unit-price].valueMoney.value`` → its steps; a repeating element carries its index or name."""
    steps: list[PathStep] = []
    for part in path.split("."):
        match = _STEP.match(part)
        if match is None:
            node.fail(f"目标路径 {path} 写法有误", f"target path {path} is not well-formed")
        place = match["place"]
        if place is not None and not place.isdigit() and match["name"] != "extension":
            node.fail("只有 extension 可用名称定位", "only an extension is placed by name")
        steps.append((match["name"], None if place is None else int(place) if place.isdigit() else place))
    return tuple(steps)


def _unsorted_formats(day: str, fields: Sequence[Field]) -> tuple[str, ...]:
    """The formats of a column of days, where the texts do not sort as the days do; none where they do."""
    found = [each.value.formats for each in fields if isinstance(each.value, Column) and each.value.column == day]
    formats = next((each for each in found if each), ())
    sorted_texts = len({each[:8] for each in formats}) == 1 and formats[0].startswith(
        ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d")
    )
    return () if sorted_texts and not any("%I" in each for each in formats) else formats


def _need(node: Node | None) -> Need:
    if node is None:
        return Need.OPTIONAL
    if node.text() not in tuple(each.value for each in Need):
        node.fail("required 应为 yes、warn 或 no", "required is yes, warn or no")
    return Need(node.text())


def _constant_as(as_: Node, given: Node) -> Any:
    if as_.text() == "flag":
        if given.text() not in ("true", "false"):
            given.fail("应为 true 或 false", "true or false is expected")
        return given.text() == "true"
    if as_.text() != "integer" or not given.text().isdigit():
        as_.fail("常量的 as 只能是 flag 或 integer", "a constant is read as flag or integer")
    return int(given.text())


def _yuan(node: Node) -> Decimal:
    try:
        return decimal_of(node.text())
    except ValueError:
        node.fail("应为金额", "an amount is expected")
