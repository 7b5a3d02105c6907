"""``messages.yaml`` and the source's event table: how a hospital's HL7 v2 messages are understood (消息说明).

The vendor's file says where keys, rows and entries stand; the source file says what each event means there, since
vendors and hospitals reuse event codes. Every path and every meaning is checked; a wrong file is refused by line.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path as FilePath

from adapter.intake.mapping.check import claimed_columns
from adapter.intake.mapping.issues import MappingRefused, no_such_file
from adapter.intake.mapping.nodes import Node, read_nodes
from adapter.intake.mapping.spec import Mapping_
from adapter.model.message import EntryKind, EntryRules, Meaning, MessageShape, RowTable, path_of

_KEYS = ("keys", "order", "inpatient", "typed", "whole", "segments", "of_stay", "tables", "rows", "entries")
_KEY_NAMES = ("stay", "person", "prior_stay", "prior_person", "newborn")
_ENTRY_PATHS = ("key", "undoes", "quantity", "price", "amount", "item", "at", "unit")
_ENTRY_KEYS = ("segments", *_ENTRY_PATHS, "sign_length", "kind", "currency", "state", "priced")
_KINDS = tuple(each.value for each in EntryKind)


def load_messages(mappings_dir: FilePath, mapping: Mapping_) -> MessageShape:
    """Read ``his/<vendor>/messages.yaml`` and ``messages:`` of the source file for a mapping that is loaded already.

    Raises:
        MappingRefused: MAP-101, MAP-102, MAP-112, each with file and line.
    """
    shape = _read(mappings_dir, f"his/{mapping.vendor}/messages.yaml")
    shape.allow(*_KEYS)
    source = _read(mappings_dir, f"sources/{mapping.source}.yaml").need("messages")
    source.allow("events", "kinds")
    keys = shape.need("keys")
    keys.allow(*_KEY_NAMES)
    found = {name: _path(node) for name, node in keys.items()}
    keys.need("stay"), keys.need("person")
    tables = shape.get("tables")
    names = {name: node.text() for name, node in tables.items()} if tables is not None else {}
    segments = shape.get("segments")
    if segments is not None:
        segments.allow("person", "stay")
    return MessageShape(
        stay_key=found["stay"],
        person_key=found["person"],
        prior_stay=found.get("prior_stay", ""),
        prior_person=found.get("prior_person", ""),
        newborn=found.get("newborn", ""),
        order=tuple(_path(each) for each in shape.need("order").sequence()),
        events=_events(source.need("events")),
        columns=_columns(mapping),
        stay_table=mapping.shape.stay_table,
        charge_table=names.get("charges", "CHARGE"),
        payment_table=names.get("payments", "PAYMENT"),
        inpatient=_texts_at(shape.get("inpatient"), "in"),
        typed=_typed(shape.get("typed")),
        whole=_paths(shape.get("whole")),
        person_segments=segments.need("person").texts() if segments is not None else ("PID",),
        stay_segments=segments.need("stay").texts() if segments is not None else ("PV1", "PV2"),
        of_stay=_paths(shape.get("of_stay")),
        tables=tuple(_rows(name, node) for name, node in _items(shape.get("rows"))),
        entries={name: _entry(name, node, source.get("kinds")) for name, node in _items(shape.get("entries"))},
        zone=mapping.zone,
    )


def _read(mappings_dir: FilePath, file: str) -> Node:
    path = mappings_dir / file
    if not path.is_file():
        raise MappingRefused(no_such_file(file, "消息说明", "description of the messages"))
    return read_nodes(path.read_text(encoding="utf-8-sig"), file)


def _items(node: Node | None) -> tuple[tuple[str, Node], ...]:
    return tuple(node.items()) if node is not None else ()


def _path(node: Node) -> str:
    text = node.text()
    try:
        path_of(text)
    except ValueError:
        node.fail(
            f"{text} 不是字段路径(如 PV1-19、PID-3[2].4.2)", f"{text} is no path into a segment (PV1-19, PID-3[2].4.2)"
        )
    return text


def _paths(node: Node | None) -> frozenset[str]:
    return frozenset(_path(each) for each in node.sequence()) if node is not None else frozenset()


def _events(node: Node) -> dict[str, Meaning]:
    found = {}
    for event, each in node.items():
        if each.text() not in tuple(Meaning):
            listed = ", ".join(Meaning)
            each.fail(f"没有含义 {each.text()}(可用:{listed})", f"no meaning {each.text()} (known: {listed})")
        if "^" not in event:
            each.fail("事件应写作 ADT^A01", "an event is written ADT^A01")
        found[event] = Meaning(each.text())
    return found


def _texts_at(node: Node | None, key: str) -> tuple[str, frozenset[str]] | None:
    if node is None:
        return None
    node.allow("path", key)
    return _path(node.need("path")), frozenset(node.need(key).texts())


def _typed(node: Node | None) -> dict[str, tuple[int, int]]:
    """``PID-3: "4.2"`` → component 4, sub-component 2."""
    found = {}
    for name, each in _items(node):
        component, _, sub = each.text().partition(".")
        if not (component.isdigit() and (sub or "0").isdigit()):
            each.fail("应为成分号,如 5 或 4.2", "a component is expected, as 5 or 4.2")
        found[name] = (int(component), int(sub or 0))
    return found


def _rows(name: str, node: Node) -> RowTable:
    node.allow("segments", "key", "replaces", "deleted")
    replaces = node.get("replaces")
    together: tuple[str, ...] | None = None
    if replaces is not None:
        together = () if replaces.value == "all" else tuple(_path(each) for each in replaces.sequence())
    return RowTable(
        name=name,
        segments=_segments(node.need("segments")),
        key=tuple(_path(each) for each in node.need("key").sequence()),
        replaces=together,
        deleted=_texts_at(node.get("deleted"), "in"),
    )


def _segments(node: Node) -> tuple[str, ...]:
    texts = node.texts()
    if not texts or not all(len(each) == 3 and each.isalnum() and each.isupper() for each in texts):
        node.fail("应为三个字符的段名", "segment names of three characters are expected")
    return texts


def _entry(name: str, node: Node, of_source: Node | None) -> EntryRules:
    node.allow(*_ENTRY_KEYS)
    paths = {key: _path(each) for key in _ENTRY_PATHS if (each := node.get(key)) is not None}
    for needed in ("key", "quantity", "item", "at"):
        node.need(needed)
    kind, otherwise, kinds = node.get("kind"), None, dict[str, EntryKind]()
    if kind is not None:
        kind.allow("path", "otherwise", *_KINDS)
        kinds = _kinds(kind)
        if (rest := kind.get("otherwise")) is not None:
            if rest.text() not in _KINDS:
                rest.fail(f"应为其中之一:{', '.join(_KINDS)}", f"one of {', '.join(_KINDS)} is expected")
            otherwise = EntryKind(rest.text())
    if of_source is not None and (own := of_source.get(name)) is not None:
        own.allow(*_KINDS)
        kinds |= _kinds(own)
    currency, state, priced, sign = (node.get(key) for key in ("currency", "state", "priced", "sign_length"))
    in_yuan, void = _texts_at(currency, "yuan"), _texts_at(state, "void")
    if sign is not None and not sign.text().isdigit():
        sign.fail("应为位数", "a number of characters is expected")
    return EntryRules(
        segments=_segments(node.need("segments")),
        **paths,
        kind=_path(kind.need("path")) if kind is not None else "",
        kinds=kinds,
        otherwise=otherwise,
        sign_length=int(sign.text()) if sign is not None else 0,
        currency=in_yuan[0] if in_yuan is not None else "",
        yuan=in_yuan[1] if in_yuan is not None else frozenset(),
        state=void[0] if void is not None else "",
        void_states=void[1] if void is not None else frozenset(),
        priced=priced is not None and priced.flag(),
    )


def _kinds(node: Node) -> dict[str, EntryKind]:
    """``charge: [CG]`` → kind by text."""
    return {text: EntryKind(name) for name, each in node.items() if name in _KINDS for text in each.texts()}


def _columns(mapping: Mapping_) -> Mapping[str, tuple[str, ...]]:
    """By table, the columns that the mapping reads: what must be taken out of the segments."""
    return {table: tuple(sorted(columns)) for table, columns in claimed_columns(mapping).items()}
