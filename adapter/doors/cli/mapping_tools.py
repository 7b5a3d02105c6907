"""Commands for whoever writes a mapping: draft one, explain a row, compare an edited one, print the schemas."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from adapter.cases.drafts import draft_sample, write_draft
from adapter.cases.mapping_tools import ExplainedRow, compare_edited, explain_row, schemas, write_schemas
from adapter.cases.masking import Shown
from adapter.doors.cli.context import AsJson, settings
from adapter.doors.cli.intake import Paths, Source
from adapter.doors.cli.intake import mapping as mapping
from adapter.doors.cli.output import HAS_ISSUES, finish, issue_json, out, print_issues, print_json, table


class Kind(StrEnum):
    """Kinds of mapping files."""

    SHAPE = "shape"
    RESOURCE = "resource"
    SOURCE = "source"
    MESSAGES = "messages"


Reveal = Annotated[bool, typer.Option("--reveal", help="Show personal data instead of masking it. 显示个人信息")]
NewSource = Annotated[str, typer.Argument(metavar="SOURCE", help="Name for the feed: lower case, e.g. liuhe_town.")]


@mapping.command("new")
def new(
    source: NewSource,
    paths: Paths,
    vendor: Annotated[str | None, typer.Option(help="Name of the vendor's folder; SOURCE_his when left out.")] = None,
    layout: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Columns of fixed width: a CSV of table,column,start,width."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--out", help="Mappings folder to write into; that of the settings.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Write a first draft of a mapping from a sample: rows of any format, or HL7 v2. Doubtful lines have # ? 起草

    Example:  adapter mapping new liuhe_town fixtures/his/bsoft_phis/qingshi_county/export --out my/mappings
    """
    mappings = settings().mappings_folder
    name = vendor or f"{source}_his"
    draft = draft_sample(source, name, paths, mappings, layout=layout)
    write_draft(draft, to or mappings, mappings)
    if json:
        print_json(
            {
                "source": source,
                "vendor": name,
                "files": list(draft.files),
                "tables": [
                    {"table": t.name, "rows": t.rows, "role": t.role, "row_key": list(t.row_key), "join": t.join}
                    for t in draft.tables
                ],
                "unclaimed": {name: dict(columns) for name, columns in draft.left.items()},
                "doubts": [{"place": each.place, "zh": each.zh, "en": each.en} for each in draft.doubts],
            }
        )
        return
    rows = [(t.name, str(t.rows), t.role, ", ".join(t.row_key), t.join or "—") for t in draft.tables]
    table("", ("table 表", "rows 行", "taken as 视为", "row key 行主键", "joined by 关联"), rows)
    for each in draft.doubts:
        out.print(f"  ? {each.place}  {each.zh} / {each.en}", markup=False, style="yellow")
    out.print(f"{len(draft.files)} files, {len(draft.doubts)} doubts. Next:  adapter mapping check {source} …")


@mapping.command("explain")
def explain(
    source: Source,
    paths: Paths,
    row: Annotated[str, typer.Option("--row", help="Row of the table, from 1; FILE#ROW where several files hold it.")],
    of: Annotated[str | None, typer.Option("--table", help="Table of the row; the stay table when left out.")] = None,
    reveal: Reveal = False,
    json: AsJson = False,
) -> None:
    """Show one source row beside the FHIR that it becomes, element by element, with rule and code table. 逐项对照

    Example:  adapter mapping explain qingshi_county fixtures/his/bsoft_phis/qingshi_county/export --row 1
    """
    with_ = settings()
    found = explain_row(source, paths, row, with_.mappings_folder, table=of, reference=with_.reference_folder)
    shown = Shown(found.personal, reveal)
    if json:
        print_json(_explained_json(found, shown))
    else:
        out.print(f"{found.row.origin.pointer()}  {found.version}", style="bold", markup=False)
        rows = [
            (
                " ".join(f"{place.column}={shown.text(place.column, place.text)}" for place in line.sources) or "—",
                line.path or f"({line.target})",
                shown.value(line) if line.path else "—",
                line.rule,
                line.via,
            )
            for line in found.lines
        ]
        table("", ("source 来源", "element 元素", "value 值", "rule 规则", "via 经由"), rows)
        for each in found.others:
            out.print(
                f"  {each.column}={shown.other(each.column, each.text, each.why)}: {each.why}",
                style="dim",
                markup=False,
            )
    print_issues(found.issues)
    finish(found.issues)


def _explained_json(found: ExplainedRow, shown: Shown) -> dict[str, Any]:
    return {
        "row": found.row.origin.pointer(),
        "table": found.row.origin.table,
        "stay_key": found.stay_key,
        "mapping": found.version,
        "lines": [shown.line_json(line) for line in found.lines],
        "others": [
            {"column": each.column, "text": shown.other(each.column, each.text, each.why), "why": each.why}
            for each in found.others
        ],
        "issues": [issue_json(issue) for issue in found.issues],
    }


@mapping.command("diff")
def diff(
    source: Source,
    paths: Paths,
    edited: Annotated[
        Path, typer.Option("--edited", exists=True, file_okay=False, help="Edited vendor folder, or mappings folder.")
    ],
    reveal: Reveal = False,
    json: AsJson = False,
) -> None:
    """Show what an edited mapping would change on a sample, before it goes live. Exit 0: nothing, 1: something. 比较

    Example:  adapter mapping diff qingshi_county fixtures/his/bsoft_phis/qingshi_county/export --edited my/mappings
    """
    with_ = settings()
    found, before, after = compare_edited(source, paths, edited, with_.mappings_folder, with_.reference_folder)
    kinds = sorted(found.added.keys() | found.removed.keys() | found.changed.keys())
    shown = Shown(frozenset(), reveal)
    if json:
        print_json(
            {
                "before": before,
                "after": after,
                "same": found.same,
                "stays": found.stays,
                "touched": found.touched,
                "resources": {
                    kind: {"added": found.added[kind], "removed": found.removed[kind], "changed": found.changed[kind]}
                    for kind in kinds
                },
                "elements": {
                    path: {
                        "added": each.added,
                        "removed": each.removed,
                        "changed": each.changed,
                        "examples": [
                            {
                                "element": example.element,
                                "before": shown.element(path, example.before),
                                "after": shown.element(path, example.after),
                            }
                            for example in each.examples
                        ],
                    }
                    for path, each in found.elements.items()
                },
                "issues": {code: {"before": was, "after": now} for code, (was, now) in found.issues.items()},
                "observed": found.observed,
            }
        )
    else:
        out.print(f"{before} → {after}: {found.touched} of {found.stays} stays change", markup=False)
        rows = [(kind, str(found.added[kind]), str(found.removed[kind]), str(found.changed[kind])) for kind in kinds]
        if rows:
            table("", ("resource 资源", "added 新增", "removed 减少", "changed 改变"), rows)
        for path, each in found.elements.items():
            out.print(f"{path}  +{each.added} -{each.removed} ~{each.changed}", markup=False)
            for example in each.examples:
                was, now = shown.element(path, example.before), shown.element(path, example.after)
                out.print(f"    {was} → {now}", style="dim", markup=False)
        for code, (count, later) in found.issues.items():
            if count != later:
                out.print(f"{code}  {count} → {later}", style="yellow", markup=False)
    if not found.same:
        raise typer.Exit(HAS_ISSUES)


@mapping.command("schema")
def schema(
    kind: Annotated[Kind | None, typer.Argument(metavar="[KIND]", help="shape, resource, source or messages.")] = None,
    to: Annotated[Path | None, typer.Option("--out", help="Write all of them into this folder.")] = None,
) -> None:
    """Print the JSON Schema of mapping files, which gives editors completion; without KIND all of them. 格式定义

    Example:  adapter mapping schema resource
    """
    if to is not None:
        for name in write_schemas(to):
            out.print(str(to / name), markup=False)
        return
    print_json(schemas()[kind] if kind is not None else schemas())
