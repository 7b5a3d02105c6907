"""Commands about the rules: policy list, show, explain, check, diff; whatif."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from adapter.cases import policies
from adapter.doors.cli import policy_explained, policy_files
from adapter.doors.cli.context import AsJson, settings
from adapter.doors.cli.output import out, print_json, table
from adapter.fhir.canonical import decode

policy = typer.Typer(no_args_is_help=True, help="Schemes, plans and programmes with their articles. 政策")

Name = Annotated[str, typer.Argument(metavar="NAME", help="A scheme or plan, as in adapter policy list.")]
On = Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="Rule date; today if left out.")]


@policy.command("list")
def policy_list(json: AsJson = False) -> None:
    """All schemes: dates, programme, order of payers, calls.

    Example:  adapter policy list
    """
    lines = policies.scheme_lines(policies.book(settings().mappings_folder))
    if json:
        print_json(lines)
        return
    rows = [
        (
            line["scheme"],
            line["valid"],
            line["programme"],
            " → ".join(line["order"]),
            ", ".join(f"{call['call']}@{call['endpoint']}" for call in line["calls"]),
            "TEST PROFILE" if line["test_profile"] else "",
        )
        for line in lines
    ]
    table("", ("scheme 方案", "valid 有效期", "programme 办法", "order 分担顺序", "calls 调用", ""), rows)


@policy.command("show")
def policy_show(name: Name, on: On = None, json: AsJson = False) -> None:
    """A scheme or plan with every parameter, its dates and its article.

    Example:  adapter policy show test_hunan_two_calls --on 2021-06-30
    """
    found = policies.explain(policies.book(settings().mappings_folder), name, _day(on))
    if json:
        print_json(found)
        return
    for plan in found.get("plans", [found]):
        out.print(f"\n{plan['plan']}  {plan['zh']} / {plan['en']}", style="bold", markup=False)
        if plan["historical"]:
            out.print(f"  {plan['historical']}", style="yellow", markup=False)
        for each in plan["parameters"]:
            mark = "●" if each["in_force"] else "○"
            out.print(f"  {mark} {each['from']}  {each['parameter']} = {each['value']}  [{each['cite']}]", markup=False)


policy.command("explain")(policy_explained.policy_explain)
policy.command("check")(policy_files.policy_check)
policy.command("diff")(policy_files.policy_diff)


def whatif_(
    facts: Annotated[
        str, typer.Argument(metavar="FACTS.json", help="Plain facts (docs/whatif.md); - reads standard input.")
    ],
    scheme: Annotated[str | None, typer.Option(help="Use the layers of this scheme.")] = None,
    plan: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Use the layers of this file.")] = None,
    json: AsJson = False,
) -> None:
    """Settle plain facts, with no store and nothing sent; the code of the real run. 假设测算

    Example:  adapter whatif facts.json --scheme test_hunan_two_calls --json
    """
    if (scheme is None) == (plan is None):
        raise typer.BadParameter("give either --scheme or --plan")
    raw = sys.stdin.buffer.read() if facts == "-" else Path(facts).read_bytes()
    found: dict[str, Any] = policies.what_if(decode(raw), settings().mappings_folder, scheme=scheme, plan=plan)
    if json:
        print_json(found)
        return
    open_: list[str] = []
    for share in found["shares"]:
        unknown = share["authority"] == "expected" and share["expected"] is None and share["payer"] != "patient"
        open_ += [share["payer"]] if unknown else []
        amount = "— 未测算 not computed" if unknown else share["amount"]
        out.print(f"{share['zh']} {share['en']}  {amount}  {share['cite']}", markup=False)
    out.print(f"个人负担 patient pays  {'至多 at most ' if open_ else ''}{found['patient_pays']}", style="bold")
    for issue in found["issues"]:
        if issue["code"] in ("SET-312", "SET-313", "SET-321", "SET-322", "SET-330", "SET-331", "SET-333"):
            out.print(f"{issue['pointer']}: {issue['zh']} {issue['en']}", style="yellow", markup=False)
    if found["tag"]:
        out.print(found["tag"], style="yellow", markup=False)


def _day(on: datetime | None) -> date:
    return on.date() if on is not None else datetime.now().astimezone().date()
