"""Commands about codes: what nobody has mapped yet, and what one code means."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from adapter.cases.translation import table_url, translated
from adapter.cases.unmapped import unmapped_codes
from adapter.doors.cli.context import AsJson, settings, tools
from adapter.doors.cli.intake import Source
from adapter.doors.cli.output import HAS_ISSUES, out, print_json, table
from adapter.model.dates import SystemClock, local_day

codes = typer.Typer(no_args_is_help=True, help="Codes of the hospitals: what nobody has mapped yet. 编码")


@codes.command("unmapped")
def unmapped(
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None, json: AsJson = False
) -> None:
    """The work list of codes that no table or catalogue knows, those with most money at stake first. 未对照编码清单

    Example:  adapter codes unmapped --source qingshi_county
    """
    with tools() as t:
        found = unmapped_codes(t, source=source)
    if json:
        print_json([each.as_json() for each in found])
        return
    rows = [
        (
            each.source,
            each.kind,
            each.code,
            each.text or "—",
            str(each.lines),
            str(each.stays),
            each.amount.text,
            each.since.date().isoformat(),
            each.file,
        )
        for each in found
    ]
    right = ("lines 行", "stays 住院", "yuan 金额")
    columns = ("source 来源", "kind 种类", "code 编码", "text 名称", *right, "since 起", "add a row to 请补充")
    table("", columns, rows, right=right)


def translate_(
    source: Source,
    name: Annotated[
        str,
        typer.Argument(
            metavar="TABLE", help="A code table (insurance, department …), or item, diagnosis, hospital-level."
        ),
    ],
    code: Annotated[str, typer.Argument(metavar="CODE", help="The hospital's own code, exactly as it writes it.")],
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="Day of the dated facts; today if left out.")
    ] = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="From our code to the hospital's. 反向")] = False,
    json: AsJson = False,
) -> None:
    """What a hospital's own code means, from the tables and dated facts that people edit. 编码转换

    Example:  adapter translate qingshi_county item 1101
    """
    ours = settings()
    day = on.date() if on is not None else local_day(SystemClock().now())
    found = translated(
        source, ours.mappings_folder, ours.reference_folder, day, code, url=table_url(source, name), reverse=reverse
    )
    if json:
        print_json(found)
    matches = [each["part"] for each in found["parameter"] if each["name"] == "match"]
    if not json:
        for parts in matches:
            concept = next(each["valueCoding"] for each in parts if each["name"] == "concept")
            shown = [concept.get("code", ""), concept.get("display", ""), concept.get("system", "")]
            out.print("  ".join(each for each in shown if each), markup=False)
        if not matches:
            out.print(found["parameter"][1]["valueString"], markup=False)
    if not matches:
        raise typer.Exit(HAS_ISSUES)
