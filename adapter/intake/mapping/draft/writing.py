"""Put a draft together: shape, a page per resource, code tables, source file. It loads as it stands (成稿)."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapter.intake.mapping.codes import COLUMNS
from adapter.intake.mapping.draft import resources
from adapter.intake.mapping.draft.chosen import Chosen
from adapter.intake.mapping.draft.keys import StayJoin, row_key, stay_join
from adapter.intake.mapping.draft.known import Known
from adapter.intake.mapping.draft.made import Made
from adapter.intake.mapping.draft.pages import Doubt, Page, listed, quoted
from adapter.intake.mapping.draft.profile import ABSENT, NO_DAYS, USUAL_ABSENT, SampleTable
from adapter.intake.mapping.draft.targets import choose, roles_of

_STAY_RESOURCES = ("patient", "encounter", "hospital", "coverage", "condition", "diagnosis")
_SCHEMA = "# yaml-language-server: $schema={}schema/{}.json"


@dataclass(frozen=True, slots=True)
class Export:
    """How the sample is written.

    Attributes:
        reader: name of the reader.
        row: XML: the element that is one row.
        separator: CSV: between two cells.
        encodings: what the files turned out to be.
        in_bytes: fixed width: places count bytes of the file's own encoding.
    """

    reader: str
    row: str = ""
    separator: str = ","
    encodings: tuple[str, ...] = ()
    in_bytes: bool = False


@dataclass(frozen=True, slots=True)
class TableFound:
    """What the draft makes of a table, for the report: its role, row key and the column that joins it to a stay."""

    name: str
    rows: int
    role: str
    row_key: tuple[str, ...]
    join: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A drafted mapping.

    Attributes:
        files: text by path below the mappings folder.
        left: by table, columns that nobody claimed, with their picture.
        doubts: every mark of the files, in order.
    """

    files: Mapping[str, str]
    tables: tuple[TableFound, ...]
    left: Mapping[str, Mapping[str, str]]
    doubts: tuple[Doubt, ...]


def draft_mapping(
    source: str, vendor: str, tables: Sequence[SampleTable], export: Export, known: Known
) -> Draft | None:
    """Draft a vendor folder and a source file; None when no column could be a stay key.

    Args:
        tables: those with at least one row.
    """
    join = stay_join(tables, known.stay_keys())
    if join is None:
        return None
    roles = _roles(tables, join, known)
    stay = next(table for table in tables if table.name == join.table)
    made = _pages(vendor, source, stay, [(t, roles[t.name]) for t in tables], join, known)
    shape, found = _shape(vendor, tables, join, roles, export, [page.file for page in made.pages], made)
    return put_together(vendor, made, shape, [source_page(source, vendor, export, made)], found)


def put_together(vendor: str, made: Made, shape: Page, others: Sequence[Page], found: tuple[TableFound, ...]) -> Draft:
    """The draft of pages and code tables that were made."""
    pages = [shape, *made.pages, *others]
    readme = _readme(vendor, [*pages], found)
    files = {page.file: page.text for page in pages}
    files |= {f"his/{vendor}/README.md": readme, **{file: _csv(rows) for file, rows in made.tables.items()}}
    doubts = tuple(doubt for page in pages for doubt in page.doubts) + tuple(made.doubts)
    left = {
        chosen.table.name: {column.name: column.example for column in chosen.unclaimed()} for chosen in made.looked_at
    }
    return Draft(files, found, {table: columns for table, columns in left.items() if columns}, doubts)


def _roles(tables: Sequence[SampleTable], join: StayJoin, known: Known) -> dict[str, str | None]:
    """What each table is taken as; None where nobody can tell."""
    found = roles_of([table for table in tables if table.name in join.columns and table.name != join.table], known)
    return {table.name: "stay" if table.name == join.table else found.get(table.name) for table in tables}


def _pages(
    vendor: str,
    source: str,
    stay: SampleTable,
    tables: Sequence[tuple[SampleTable, str | None]],
    join: StayJoin,
    known: Known,
) -> Made:
    made = Made(f"his/{vendor}", f"sources/{source}", known)

    def chosen(table: SampleTable, *wanted: str) -> Chosen:
        columns = join.columns[table.name]
        keys, _ = row_key(table, columns, of_stay=table is stay)
        made.looked_at.append(choose(table, wanted, columns, keys, join.key, known))
        return made.looked_at[-1]

    of_stay = chosen(stay, *_STAY_RESOURCES)
    diagnoses = next((chosen(table, "condition", "diagnosis") for table, role in tables if role == "condition"), None)
    resources.hospital(made, of_stay)
    resources.insurer(made, of_stay)
    resources.patient(made, of_stay)
    resources.encounter(made, of_stay, diagnoses)
    if diagnoses is not None:
        resources.condition(made, diagnoses)
    resources.coverage(made, of_stay)
    resources.account(made, of_stay)
    charges = [table for table, role in tables if role == "charge_item"]
    for place, table in enumerate(charges):
        resources.charge_item(made, chosen(table, "charge_item"), first=place == 0)
    for table in [table for table, role in tables if role == "deposit"]:
        resources.deposit(made, chosen(table, "deposit"))
    return made


def _shape(
    vendor: str,
    tables: Sequence[SampleTable],
    join: StayJoin,
    roles: Mapping[str, str | None],
    export: Export,
    files: Sequence[str],
    made: Made,
) -> tuple[Page, tuple[TableFound, ...]]:
    page = shape_head(vendor, export.reader)
    if export.row:
        page.add(f"row: {quoted(export.row)}")
    if export.reader == "csv_files" and export.separator != ",":
        page.add(f'layout: {{separator: "{_escaped(export.separator)}"}}')
    if export.in_bytes:
        page.add("layout: {places: bytes}")
    person = made.person or join.key
    by_value = len(join.columns) < 2
    page.add(
        f"stay: {{table: {quoted(join.table)}, key: {quoted(join.key)}, person: {quoted(person)}}}",
        ("没有其他表可以佐证住院键", "no other table bears the stay key out") if by_value else None,
    )
    absent(page, tables)
    page.add("tables:")
    found = [_table(page, table, join, roles[table.name], export) for table in tables]
    stems = [file.rpartition("/")[2].removesuffix(".yaml") for file in files]
    page.add(f"resources: [{', '.join(stems)}]")
    return page, tuple(found)


def shape_head(vendor: str, reader: str) -> Page:
    """The beginning of ``shape.yaml``."""
    page = Page(f"his/{vendor}/shape.yaml")
    page.add(_SCHEMA.format("../", "shape"))
    page.add("# Drafted from a sample; every line marked with ? needs a person who knows the HIS.")
    page.add(f"shape: {quoted(vendor)}")
    page.add('version: "1"')
    page.add(f"title: {{zh: {quoted(vendor)}, en: {quoted(vendor)}}}", ("请填写产品名称", "write the product's name"))
    page.add(f"reader: {reader}")
    return page


def absent(page: Page, tables: Sequence[SampleTable]) -> None:
    """What stands for "nothing"."""
    page.add("absent:")
    page.add(f"  text: {listed(_absent(tables))}", ("请核对表示“无”的写法", "ask which texts mean nothing"))
    page.add(f"  time: {listed(NO_DAYS)}", ("请核对表示“无日期”的日期", "ask which days mean no date"))


def _absent(tables: Sequence[SampleTable]) -> tuple[str, ...]:
    """The usual texts that mean nothing, and those further ones that the sample has."""
    seen = {text for table in tables for row in table.rows for text in row.values() if text in ABSENT}
    return tuple(text for text in ABSENT if text in USUAL_ABSENT or text in seen)


def _table(page: Page, table: SampleTable, join: StayJoin, role: str | None, export: Export) -> TableFound:
    joined = join.columns.get(table.name, ())
    keys, sure = row_key(table, joined or (next(iter(table.columns)),), of_stay=role == "stay")
    entries = [f"row_key: {listed(keys)}"]
    if role in ("stay", "charge_item"):
        entries.append("needed: yes")
    if table.file:
        entries.append(f"file: {quoted(table.file)}")
    if table.path:
        entries.append(f"rows: {quoted('.'.join(table.path))}")
    if joined and joined != (join.key,):
        entries.append(f"join: {listed(joined)}")
    if table.places:
        places = ", ".join(f"{quoted(name)}: [{start}, {width}]" for name, (start, width) in table.places.items())
        entries.append(f"columns: {{{places}}}")
    doubt = None if sure else ("行主键只是推测", "the row key is a guess")
    if role is None and joined:
        entries.append('ignored: "?"')
        doubt = (
            "不知该表是什么;请写明忽略理由或补充映射",
            "nobody told what this table is: say why it is ignored, or map it",
        )
    elif not joined:
        entries.append('ignored: "?"')
        doubt = ("没有列能与住院对应", "no column joins it to a stay")
    page.add(f"  {quoted(table.name)}: {{{', '.join(entries)}}}", doubt)
    return TableFound(table.name, len(table.rows), role or "?", keys, ", ".join(joined))


def _escaped(separator: str) -> str:
    return "\\t" if separator == "\t" else separator


def source_page(source: str, vendor: str, export: Export, made: Made) -> Page:
    page = Page(f"sources/{source}.yaml")
    page.add(_SCHEMA.format("../his/", "source"))
    page.add(f"source: {source}")
    page.add(f"shape: {quoted(vendor)}")
    page.add(f"title: {{zh: {source}, en: {source}}}", ("请填写医院名称", "write the hospital's name"))
    page.add("zone: Asia/Shanghai")
    if export.encodings:
        page.add(f"encodings: {listed(export.encodings)}")
    doubt = None if made.facility else ("样本中没有机构代码", "the sample has no facility code")
    page.add("facility:")
    page.add(f'  code: "{made.facility or "0"}"', doubt)
    page.add('  national_code: "0"', ("请填写国家医保定点医疗机构代码", "write the national code of the facility"))
    page.add(f"  name: {source}", ("请填写医院名称", "write the hospital's name"))
    page.add("insurer:")
    page.add('  code: "0"', ("请填写经办机构", "write the insurer's code"))
    page.add('  division: "000000"', ("请填写统筹区", "write the insurer's division"))
    page.add('  name: "?"', ("请填写经办机构名称", "write the insurer's name"))
    return page


def _readme(vendor: str, pages: Sequence[Page], tables: Sequence[TableFound]) -> str:
    doubts = sum(len(page.doubts) for page in pages)
    lines = [
        f"# {vendor}",
        "",
        "Drafted from a sample export by `adapter mapping new`. Say here which export it was, and what you suppose.",
        "",
        "| table | taken as | row key | joined by |",
        "| --- | --- | --- | --- |",
        *(f"| {t.name} | {t.role} | {', '.join(t.row_key)} | {t.join or '–'} |" for t in tables),
        "",
        f"{doubts} lines are marked `# ?`: correct each or take the mark away, then run `adapter mapping check`.",
    ]
    return "\n".join(lines) + "\n"


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return text.getvalue()
