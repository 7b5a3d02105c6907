"""Load a mapping: the vendor's folder and the source's file become one typed ``Mapping_`` or are refused by line."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adapter.intake.mapping.codes import CodeTable, load_table
from adapter.intake.mapping.combining import Part, as_completing, completing_parts, delivery_of, reasons, together
from adapter.intake.mapping.database_section import source_database
from adapter.intake.mapping.export import SHAPE_KEYS, derived_columns, export_shape
from adapter.intake.mapping.fields import FieldReader
from adapter.intake.mapping.issues import MappingRefused, file_wrong, no_such_file
from adapter.intake.mapping.native_load import native_export, native_resources, native_rules
from adapter.intake.mapping.nodes import Node, read_nodes
from adapter.intake.mapping.spec import Mapping_, ResourceSpec, Where
from adapter.intake.mapping.stay_fields import left_out, newborn_policy, rows_of_shape
from adapter.intake.mapping.way_back import way_back_of
from adapter.model.issues import Issue
from adapter.model.source import MESSAGES, NATIVE, ExportShape

_SOURCE_KEYS = (
    "source",
    "shape",
    "with",
    "delivery",
    "title",
    "zone",
    "encodings",
    "facility",
    "insurer",
    "observed_settlements",
    "newborns",
    "overlays",
    "messages",
    "fhir",
    "database",
    "way_back",
)


def source_names(mappings_dir: Path) -> tuple[str, ...]:
    """Names of the sources that have a file, in order."""
    return tuple(sorted(path.stem for path in (mappings_dir / "sources").glob("*.yaml")))


def load_mapping(mappings_dir: Path, source_name: str) -> Mapping_:
    """Read ``sources/<source_name>.yaml`` and the vendor folders that it names.

    Raises:
        MappingRefused: with every fault found, each with file:line (MAP-101, -102, -114, -140 to -145), or MAP-112 for
            a name that has no file.
    """
    files = _Files(mappings_dir)
    source = files.read(f"sources/{source_name}.yaml", "来源文件", "source file")
    source.allow(*_SOURCE_KEYS)
    vendor = source.need("shape").text()
    shape = files.read(f"his/{vendor}/shape.yaml", "厂商形态", "vendor shape")
    if shape.text_of("reader", "") == NATIVE:
        return _native(files, source_name, vendor, source, shape)
    shape.allow(*SHAPE_KEYS)
    encodings = source.get("encodings")
    export = export_shape(shape, encodings.texts() if encodings is not None else ())
    export = replace(export, delivery=delivery_of(source, export.reader))
    if export.reader == MESSAGES:
        files.read(f"his/{vendor}/messages.yaml", "消息说明", "description of the messages")
    settings = _settings(source)
    way_back_of(source, source_name)  # a wrong one is refused here too, though the mapping has no use for it
    first = Part(vendor, shape, export)
    completing = completing_parts(files, source, first)
    export = together(export, completing)
    parts = (first, *completing)
    readers = [_reader(files, part, export, source_name, settings) for part in parts]
    for each in readers:
        each.newborns = newborn_policy(source)
    resources, ignored = _resources(files, parts, source, readers)
    observed = source.get("observed_settlements")
    across = [rows_of_shape(part.node.need("tables"), export.tables) for part in parts]
    return Mapping_(
        source=source_name,
        vendor=vendor,
        version=f"{' + '.join(map(_named, parts))} · {source_name} · {files.digest()}",
        zone=_zone(source.need("zone")),
        shape=export,
        person=shape.need("stay").need("person").text(),
        resources=resources,
        ignored=ignored,
        ignored_tables=reasons(parts),
        observed_settlements=observed.text() if observed is not None else None,
        settings=settings,
        tables=dict(files.tables),
        text_absent=readers[0].text_absent,
        time_absent=frozenset(text for part in parts for text in _texts(part.node, "absent", "time")),
        derived={table: columns for part in parts for table, columns in derived_columns(part.node).items()},
        from_rows={table: columns for taken, _ in across for table, columns in taken.items()},
        splits={table: split for _, splits in across for table, split in splits.items()},
        files=dict(files.seen),
        completing=as_completing(completing),
        database=source_database(source.get("database"), [part.shape for part in parts], _zone(source.need("zone"))),
    )


def _native(files: _Files, source_name: str, vendor: str, source: Node, shape: Node) -> Mapping_:
    """The mapping of a hospital that speaks FHIR: rules in place of mapping files."""
    settings = _settings(source)
    way_back_of(source, source_name)
    rules = native_rules(source, shape, settings, partial(files.table, vendor, source_name))
    return Mapping_(
        source=source_name,
        vendor=vendor,
        version=f"{vendor} {shape.text_of('version', '1')} · {source_name} · {files.digest()}",
        zone=_zone(source.need("zone")),
        shape=native_export(rules),
        person="key",
        resources=native_resources(rules, f"his/{vendor}/shape.yaml"),
        ignored=rules.left_out,
        ignored_tables=rules.shape.ignored,
        settings=settings,
        tables=dict(files.tables),
        files=dict(files.seen),
        native=rules,
    )


def _named(part: Part) -> str:
    return f"{part.vendor} {part.node.text_of('version', '1')}"


def _reader(files: _Files, part: Part, shape: ExportShape, source_name: str, settings: dict[str, str]) -> FieldReader:
    """Reads the mapping files of one shape: with its own code tables, and the tables of all shapes."""
    return FieldReader(
        source=source_name,
        shape=replace(shape, reader=part.shape.reader),
        settings=settings,
        text_absent=frozenset(_texts(part.node, "absent", "text")),
        table=lambda name, where: files.table(part.vendor, source_name, name, where),
    )


@dataclass
class _Files:
    """The files that take part, read once; their bytes make the mapping's digest."""

    root: Path
    seen: dict[str, bytes] = field(default_factory=dict)
    tables: dict[str, CodeTable] = field(default_factory=dict)

    def read(self, file: str, kind_zh: str, kind_en: str) -> Node:
        path = self.root / file
        if not path.is_file():
            raise MappingRefused(no_such_file(file, kind_zh, kind_en))
        self.seen[file] = path.read_bytes()
        try:
            return read_nodes(self.seen[file].decode("utf-8-sig"), file)
        except UnicodeDecodeError:
            Node("", Where(file, 1)).fail("文件须为 UTF-8 编码", "the file must be UTF-8")

    def table(self, vendor: str, source: str, name: str, where: Where) -> CodeTable:
        """A code table by name; the source's own wins over the vendor's."""
        for folder in (f"sources/{source}", f"his/{vendor}"):
            file = f"{folder}/{name}"
            if file in self.tables:
                return self.tables[file]
            path = self.root / file
            if path.is_file():
                self.seen[file] = path.read_bytes()
                self.tables[file] = load_table(path, file)
                return self.tables[file]
        missing = file_wrong(str(where), f"找不到对照表 {name}", f"there is no code table {name}")
        raise MappingRefused(missing)

    def digest(self) -> str:
        """Twelve hex digits over names and contents."""
        total = hashlib.sha256()
        for name in sorted(self.seen):
            total.update(f"{name}\0{len(self.seen[name])}\0".encode())
            total.update(self.seen[name])
        return total.hexdigest()[:12]


def _resources(
    files: _Files, parts: Sequence[Part], source: Node, readers: Sequence[FieldReader]
) -> tuple[tuple[ResourceSpec, ...], dict[str, dict[str, str]]]:
    """Every resource file with the source's overlay on it; all faults of all files are reported together.

    A file may refer to those of its own shape and of the first one.
    """
    overlays = source.get("overlays")
    laid = overlays.mapping() if overlays is not None else {}
    by_part = [[name for name, _ in part.resource_names()] for part in parts]
    names = [name for of_part in by_part for name in of_part]
    faults: list[Issue] = []
    for name, node in laid.items():
        if name not in names:
            faults.append(file_wrong(str(node.where), f"没有映射文件 {name}", f"there is no mapping file {name}"))
    built: list[ResourceSpec] = []
    ignored: dict[str, dict[str, str]] = {}
    listed = [(name, part, reader) for part, reader, own in zip(parts, readers, by_part, strict=True) for name in own]
    for reader, own in zip(readers, by_part, strict=True):
        reader.resource_names = frozenset((*by_part[0], *own))
    for name, part, reader in listed:
        try:
            node = files.read(f"his/{part.vendor}/{name}.yaml", "映射文件", "mapping file")
            if name in laid:
                node = _overlaid(node, laid[name])
            spec = reader.resource(name, node)
            table = spec.table or reader.shape.stay_table
            for column, reason in (node.get("ignored") or Node({}, node.where)).items():
                ignored.setdefault(table, {})[column] = reason.text()
            if left_out(node, reader.newborns):
                continue
        except MappingRefused as refused:
            faults += refused.issues
            continue
        built.append(spec)
        faults += _same_ids(spec, built)
    if faults:
        raise MappingRefused(*faults)
    return tuple(built), ignored


def _same_ids(spec: ResourceSpec, built: list[ResourceSpec]) -> list[Issue]:
    """Two tables that give the same type of resource number their rows alike, so their prefixes must differ."""
    twins = [each for each in built if each.to == spec.to and each.table != spec.table and each.prefix == spec.prefix]
    if spec.table is None or not any(each.table is not None for each in twins):
        return []
    zh = f"与 {twins[0].where} 生成同类资源,两者的 source 须有不同的 prefix"
    en = f"{twins[0].where} makes the same type of resource; their sources need different prefixes"
    return [file_wrong(str(spec.where), zh, en)]


def _overlaid(node: Node, overlay: Node) -> Node:
    """The vendor's file with the source's entries laid over it: whole entries are added or replaced, none is merged."""
    laid = dict(node.mapping())
    for section, entry in overlay.items():
        known = laid.get(section)
        if known is not None and isinstance(known.value, dict) and isinstance(entry.value, dict):
            laid[section] = Node({**known.value, **entry.value}, known.where)
        else:
            laid[section] = entry
    return Node(laid, node.where)


def _settings(source: Node) -> dict[str, str]:
    """``facility.code`` and its like: every text one level down."""
    return {
        f"{group}.{name}": value.text()
        for group in ("facility", "insurer")
        for name, value in source.need(group).items()
    }


def _texts(node: Node, *path: str) -> tuple[str, ...]:
    for key in path:
        found = node.get(key)
        if found is None:
            return ()
        node = found
    return node.texts()


def _zone(node: Node) -> ZoneInfo:
    try:
        return ZoneInfo(node.text())
    except (ZoneInfoNotFoundError, ValueError):
        node.fail(f"没有时区 {node.text()}", f"there is no time zone {node.text()}")
