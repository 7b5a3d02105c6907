"""``adapter policy check`` and ``adapter policy diff``: policy files held against themselves and each other."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from adapter.cases.policies import book
from adapter.cases.policy_check import check_files
from adapter.cases.policy_diff import Difference, compare, side
from adapter.doors.cli.context import AsJson, settings
from adapter.doors.cli.output import HAS_ISSUES, err, issue_json, out, print_issues, print_json, table

RuleDate = datetime | None


def policy_check(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE…", exists=True, dir_okay=False, help="Plan, scheme or programme files."),
    ],
    json: AsJson = False,
) -> None:
    """Check policy files, each finding with its line: overlaps, gaps, unreachable bands, uncited values. 检查

    Example:  adapter policy check mappings/plans/changsha/critical_illness.yaml
    """
    checked = check_files(files, settings().mappings_folder)
    if json:
        print_json(
            [
                {
                    "file": each.file,
                    "kind": each.kind,
                    "ok": each.ok,
                    "issues": [issue_json(issue) for issue in each.issues],
                    "not_published": [{"place": place, "parameter": name} for place, name in each.gaps],
                }
                for each in checked
            ]
        )
    else:
        for each in checked:
            stops = sum(issue.stops for issue in each.issues)
            said = "可用 ok" if each.ok else "不可用 not usable"
            out.print(
                f"{each.file}  {each.kind}: {said}, {stops} errors 错误, {len(each.issues) - stops} warnings 提示,"
                f" {len(each.gaps)} not published 未公布",
                markup=False,
            )
            for place, name in each.gaps:
                out.print(f"  ✗ {place}  {name}: 未公布,不测算 not published, not modelled", markup=False)
            print_issues(each.issues)
    if not all(each.ok for each in checked):
        raise typer.Exit(HAS_ISSUES)


def policy_diff(
    a: Annotated[str, typer.Argument(metavar="A", help="A scheme, a plan, or a file with a plan or layers.")],
    b: Annotated[str, typer.Argument(metavar="B", help="What A is compared with.")],
    cases: Annotated[
        Path, typer.Option("--cases", exists=True, dir_okay=False, help="CSV or NDJSON of line sums (docs/plans.md).")
    ],
    on: Annotated[RuleDate, typer.Option("--on", formats=["%Y-%m-%d"], help="Rule date for all cases.")] = None,
    on_a: Annotated[RuleDate, typer.Option("--on-a", formats=["%Y-%m-%d"], help="Rule date under A.")] = None,
    on_b: Annotated[RuleDate, typer.Option("--on-b", formats=["%Y-%m-%d"], help="Rule date under B.")] = None,
    to: Annotated[
        Path | None, typer.Option("--out", dir_okay=False, help="Write each case's amounts under both into this CSV.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Compare two sets of rules on the same cases: who gains, who loses, and the totals by payer. 对比

    Example:  adapter policy diff ningbo/basic yueyang/basic --on-a 2023-06-30 --on-b 2019-06-30
    --cases fixtures/settlement/line_sums.csv
    """
    known = book(settings().mappings_folder)
    one = side(a, known, _day(on_a or on))
    other = side(b, known, _day(on_b or on))
    size = cases.stat().st_size
    with _bar() as bar:
        task = bar.add_task("cases 病例", total=size, told="")

        def told(read: int, done: int) -> None:
            bar.update(task, completed=read, told=f"{done:,}")

        found = compare(one, other, cases, to=to, told=told)
    if json:
        print_json(found.as_json())
    else:
        _print(found)
    print_issues(found.issues)
    if found.unreadable or found.kept_out:
        raise typer.Exit(HAS_ISSUES)


def _day(on: RuleDate) -> date | None:
    return on.date() if on is not None else None


def _print(found: Difference) -> None:
    told: dict[str, Any] = found.as_json()
    for name in told["historical"]:
        out.print(f"{name}: 历史参数,不是现行规定 historical, not current", style="yellow", markup=False)
    out.print(
        f"{found.compared:,} cases compared 已对比, {found.kept_out:,} not 未能对比,"
        f" {found.unreadable:,} unreadable 无法读取"
    )
    for why in told["why_not"]:
        out.print(f"  {why['side'].upper()} {why['code']} × {why['cases']:,}", markup=False)
    rows = [(payer, line["a"], line["b"], line["difference"]) for payer, line in told["payers"].items()]
    rows.append(("total 总额", told["total"], told["total"], "0.00"))
    heads = ("payer 支付方", f"A {told['a']}", f"B {told['b']}", "B − A")
    table("", heads, rows, right=heads[1:])
    groups = [("all 全部", told["patients"])]
    groups += [(f"level 级别 {name}", group) for name, group in told["by_hospital_level"].items()]
    groups += [(f"category 身份 {name}", group) for name, group in told["by_category"].items()]
    counted = ("gain 受益", "lose 受损", "same 不变")
    amounts = ("gained 少付", "lost 多付")
    table(
        "patients under B 按 B 结算的患者",
        ("cases 病例", *counted, *amounts),
        [
            (name, *(f"{group[key]:,}" for key in ("gain", "lose", "same")), group["gained"], group["lost"])
            for name, group in groups
        ],
        right=(*counted, *amounts),
    )
    for head, key in (("gain most 受益最多", "most_gained"), ("lose most 受损最多", "most_lost")):
        if told[key]:
            out.print(f"{head}: " + ", ".join(f"{each['case']} {each['amount']}" for each in told[key]), markup=False)


def _bar() -> Progress:
    """On stderr; it leaves nothing behind in a pipe."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[told]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
    )
