"""A source whose hospital speaks FHIR: its part of the source file, and what holds for all of them (FHIR 来源加载)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from adapter.intake.mapping.codes import CodeTable
from adapter.intake.mapping.issues import MappingRefused, file_wrong
from adapter.intake.mapping.native_spec import NativeCodes, NativeRules
from adapter.intake.mapping.nodes import Node
from adapter.intake.mapping.spec import ResourceSpec, Where
from adapter.model.native import RESOURCE_LIMITS, NativeShape
from adapter.model.source import NATIVE, ExportShape, ReadingLimits, TableShape

#: Types that a stay can be made of.
TYPES = (
    "Organization",
    "Patient",
    "Encounter",
    "Condition",
    "Coverage",
    "Account",
    "ChargeItem",
    "PaymentReconciliation",
)

SHAPE_KEYS = ("shape", "version", "title", "reader", "resources", "inpatient", "ignored", "left_out", "limits")
SOURCE_KEYS = ("bases", "systems", "codes")

#: What a source may name a system for.
SYSTEMS = ("stay", "person", "facility", "id_card", "item")

#: Concepts without which a stay cannot be settled; a code that their table does not know holds it.
_REQUIRED = ("Coverage.type", "Encounter.diagnosis.use")


def native_rules(
    source: Node, shape: Node, settings: Mapping[str, str], table: Callable[[str, Where], CodeTable]
) -> NativeRules:
    """Read both parts. Raises MappingRefused with MAP-101, file and line.

    Args:
        table: a code table by the name that a place in a file gives.
    """
    shape.allow(*SHAPE_KEYS)
    own = source.get("fhir") or Node({}, source.where)
    own.allow(*SOURCE_KEYS)
    systems = _systems(own.get("systems"))
    used = tuple(_known(each) for each in shape.need("resources").sequence())
    ignored = shape.get("ignored")
    native = NativeShape(
        used=used,
        ignored={kind: reason.text() for kind, reason in ignored.items()} if ignored is not None else {},
        inpatient=frozenset(shape.need("inpatient").texts()),
        bases=tuple(each.rstrip("/") for each in _texts(own, "bases")),
        stay_system=systems.get("stay", ""),
        person_system=systems.get("person", ""),
        limits=_limits(shape.get("limits")),
    )
    left_out = shape.get("left_out")
    return NativeRules(
        shape=native,
        codes=_codes(own.get("codes"), table),
        left_out={
            _known(Node(kind, node.where)): {name: reason.text() for name, reason in node.items()}
            for kind, node in (left_out.items() if left_out is not None else ())
        },
        rule=str(own.where),
        shared_rule=str(shape.where),
        facility_system=systems.get("facility", ""),
        id_card_system=systems.get("id_card", ""),
        item_system=systems.get("item", ""),
        settings=settings,
    )


def native_export(rules: NativeRules) -> ExportShape:
    """The same, as far as those need it who look at any source: a type is a table, its resources are the rows."""
    tables = {kind: TableShape(kind, ("key",)) for kind in rules.shape.used}
    return ExportShape(NATIVE, "", "Encounter", "stay", tables, limits=rules.shape.limits)


def native_resources(rules: NativeRules, file: str) -> tuple[ResourceSpec, ...]:
    """One specification a type; its elements are told by the resources themselves."""
    _, _, line = rules.shared_rule.rpartition(":")
    where = Where(file, int(line))
    return tuple(
        ResourceSpec(kind, kind, kind, ("key",), (), where, private=kind == "Patient") for kind in rules.shape.used
    )


def _codes(node: Node | None, table: Callable[[str, Where], CodeTable]) -> dict[str, tuple[NativeCodes, ...]]:
    found: dict[str, tuple[NativeCodes, ...]] = {}
    for path, value in node.items() if node is not None else ():
        kind, _, below = path.partition(".")
        _known(Node(kind, value.where))
        if not below:
            value.fail(f"应为 资源类型.元素,如 Coverage.type,而不是 {path}", f"Type.element is expected, not {path}")
        named = value if isinstance(value.value, str) else value.need("table")
        if named is not value:
            value.allow("table", "system")
        system = "" if named is value else value.text_of("system", "")
        codes = NativeCodes(below, table(named.text(), value.where), system, path in _REQUIRED, str(value.where))
        found[kind] = (*found.get(kind, ()), codes)
    return found


def _systems(node: Node | None) -> dict[str, str]:
    if node is None:
        return {}
    node.allow(*SYSTEMS)
    return {name: value.text() for name, value in node.items()}


def _limits(node: Node | None) -> ReadingLimits:
    limits = RESOURCE_LIMITS
    if node is None:
        return limits
    node.allow("resource_bytes", "depth")
    if (size := node.get("resource_bytes")) is not None:
        limits = replace(limits, row_bytes=_number(size))
    if (depth := node.get("depth")) is not None:
        limits = replace(limits, nesting=_number(depth))
    return limits


def _number(node: Node) -> int:
    text = node.text()
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text)):
        node.fail("应为正整数", "a positive whole number is expected")
    return int(text)


def _texts(node: Node, key: str) -> tuple[str, ...]:
    found = node.get(key)
    return found.texts() if found is not None else ()


def _known(node: Node) -> str:
    """A type that a stay can be made of."""
    kind = node.text()
    if kind not in TYPES:
        listed = ", ".join(TYPES)
        zh, en = f"没有资源类型 {kind}(可用:{listed})", f"resource type {kind} is not used here (known: {listed})"
        raise MappingRefused(file_wrong(str(node.where), zh, en))
    return kind
