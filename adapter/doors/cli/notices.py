"""Commands about what patients are told: daily-bill; notices run, list, acknowledge, plan-discharge. 费用告知"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from adapter.cases.window.daily_bill import bill_on
from adapter.cases.window.notices import acknowledge as acknowledge_notice
from adapter.cases.window.notices import list_notices, plan_discharge, run_notices
from adapter.doors.cli.context import AsJson, CaseId, Reason, actor, tools
from adapter.doors.cli.output import finish, out, print_issues, print_json, table
from adapter.doors.documents.daily_bill import daily_bill_html, daily_bill_json, daily_bill_text
from adapter.model.dates import local_day

notices = typer.Typer(
    no_args_is_help=True, help="What patients are told of cost: run, list, acknowledge, plan-discharge. 费用告知"
)

On = Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="The day it is done for; else today.")]


@notices.command("run")
def run(
    on: On = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what is due; keep and tell nothing. 试运行")] = False,
    json: AsJson = False,
) -> None:
    """Make the daily bills and whatever else is due of every stay, each cause once; the service does so each morning.

    Example:  adapter notices run --dry-run
    """
    with tools() as t:
        found = list(run_notices(t, actor(), on=on.date() if on else None, dry_run=dry_run))
    if json:
        print_json([each.as_json() for each in found])
    else:
        rows = [(each.case_id, due.key, due.zh, due.cite) for each in found for due in each.due]
        table("", ("case 病例", "notice 事项", "content 内容", "article 依据"), rows)
    issues = list(dict.fromkeys(issue for each in found for issue in each.issues))
    print_issues(issues)
    finish(issues)


@notices.command("list")
def list_(
    case_id: Annotated[str | None, typer.Option("--case", help="Only this case.")] = None,
    open_only: Annotated[bool, typer.Option("--open", help="Only those nobody acknowledged. 未确认")] = False,
    json: AsJson = False,
) -> None:
    """Notices with their figures, article, and who acknowledged them.

    Example:  adapter notices list --open
    """
    with tools() as t:
        found = list_notices(t, case_id=case_id, open_only=open_only)
    if json:
        print_json(found)
        return
    rows = [
        (each["case_id"], each["key"], each["zh"], each["cite"], (each["acknowledged"] or {}).get("relation", "—"))
        for each in found
    ]
    table("", ("case 病例", "notice 事项", "content 内容", "article 依据", "acknowledged 确认"), rows)


@notices.command("acknowledge")
def acknowledge(
    case_id: CaseId,
    key: Annotated[str, typer.Argument(metavar="KEY", help="The notice, as in adapter notices list.")],
    relation: Annotated[
        str, typer.Option(help="Who took it: patient, spouse, parent, child, sibling, guardian, relative, agent. 关系")
    ],
    channel: Annotated[
        str, typer.Option(help="How: paper, in-person, phone, message; else as the clause says. 方式")
    ] = "",
    reason: Reason = "notice acknowledged",
    json: AsJson = False,
) -> None:
    """Record that a notice was told, and who took it, by relation and never by name. 告知确认

    Example:  adapter notices acknowledge qingshi_county-300010002 daily-bill/1 --relation spouse
    """
    with tools() as t:
        found = acknowledge_notice(case_id, key, relation, channel, t, t.act(actor(), reason))
    if json:
        print_json(found)
    else:
        out.print(f"{key} acknowledged by {relation}", markup=False)


@notices.command("plan-discharge")
def plan(
    case_id: CaseId,
    day: Annotated[datetime, typer.Argument(metavar="DAY", formats=["%Y-%m-%d"], help="Planned day, YYYY-MM-DD.")],
    reason: Reason = "discharge planned",
) -> None:
    """Record the day on which the doctor means to discharge; the patient is told his part the set days before. 拟出院

    Example:  adapter notices plan-discharge qingshi_county-300010002 2021-03-19
    """
    with tools() as t:
        plan_discharge(case_id, day.date(), t, t.act(actor(), reason))
    out.print(f"{case_id}: {day.date()}", markup=False)


def daily_bill(
    case_id: CaseId,
    on: On = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page to print into this file. 打印页")] = None,
    json: AsJson = False,
) -> None:
    """Print the daily bill that was given on a day, for the day before, out of the stored versions. 一日清单

    Example:  adapter daily-bill qingshi_county-300010002 --on 2021-03-05
    """
    with tools() as t:
        told = t.act(actor(), "daily bill")
        found = bill_on(case_id, on.date() if on else local_day(told.at), t, told)
    if html is not None:
        html.write_text(daily_bill_html(found), encoding="utf-8")
    elif json:
        print_json(daily_bill_json(found))
    else:
        sys.stdout.write(daily_bill_text(found))
