"""Command about programmes: programme show. 办法"""

from __future__ import annotations

from typing import Annotated

import typer

from adapter.cases import policies
from adapter.cases.programmes import programme_shown
from adapter.doors.cli.context import AsJson, settings
from adapter.doors.cli.output import out, print_json, table

programme = typer.Typer(no_args_is_help=True, help="Programmes: what their sources leave blank. 办法")


@programme.command("show")
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A programme, as in adapter policy list.")],
    scheme: Annotated[str, typer.Option(help="Lay this scheme's settings over it.")] = "",
    json: AsJson = False,
) -> None:
    """Every blank of a programme with its article, and whether the scheme fills it in; then its switches. 待填设置

    An act that needs something unset is refused with PRG-201; there are no defaults.

    Example:  adapter programme show county-plan-2021 --scheme test_county_plan
    """
    found = programme_shown(policies.book(settings().mappings_folder), name, scheme)
    if json:
        print_json(found)
    else:
        out.print(f"{found['zh']} / {found['en']}  {found['version']}", style="bold", markup=False)
        rows = [
            (
                each["name"],
                each["needed_for"],
                each["value"] or "— 未设置 unset",
                each["zh"],
                each["cite"],
                each["set_by"],
            )
            for each in found["settings"]
        ]
        columns = ("setting 设置", "needed for 用于", "value 值", "what 内容", "article 依据", "set by 来源")
        table("", columns, rows)
        chosen = [
            (each["name"], each["value"], ", ".join(each["one_of"]), each["zh"], each["cite"])
            for each in found["switches"]
        ]
        table("", ("switch 开关", "value 值", "one of 可选", "what 内容", "answers 依据"), chosen)
