"""``adapter policy explain``: every value on a day with its article, and what nobody published."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from adapter.cases.policies import book
from adapter.cases.policy_explain import explain
from adapter.doors.cli.context import AsJson, settings
from adapter.doors.cli.output import out, print_json
from adapter.settings import Settings


def policy_explain(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A scheme, plan or programme.")],
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="Rule date; today if left out.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Explain a scheme, plan or programme on a day: every value with its article, and what is not modelled. 政策说明

    Example:  adapter policy explain ningbo/basic --on 2023-06-30
    """
    with_: Settings = settings()
    day = on.date() if on is not None else datetime.now().astimezone().date()
    found = explain(book(with_.mappings_folder), name, day)
    if json:
        print_json(found)
        return
    for each in found["settings"]:
        mark = "✓" if each["value"] is not None else "✗"
        out.print(
            f"  {mark} {each['name']} = {each['value'] or '—'}  {each['zh']} / {each['en']}  [{each['cite']}]",
            markup=False,
        )
    for plan in found["plans"]:
        _print_plan(plan)


def _print_plan(plan: dict[str, Any]) -> None:
    out.print(f"\n{plan['plan']}  {plan['zh']} / {plan['en']}", style="bold", markup=False)
    if plan["historical"]:
        out.print(f"  {plan['historical']}", style="yellow", markup=False)
    if plan["test_profile"]:
        out.print("  TEST PROFILE – no place's rule", style="yellow", markup=False)
    for head, told in (("covers 适用", plan["covers"]), ("does not cover 不适用", plan["does_not_cover"])):
        if told:
            out.print(f"  {head}: {told['zh']} / {told['en']}", markup=False)
    for source in plan["sources"]:
        where = f"  {source['address']}" if source["address"] else ""
        out.print(f"  source 来源 {source['key']} ({source['grade'] or '–'}): {source['title']}{where}", markup=False)
    if plan["valid"]:
        covered = "" if plan["covered"] else f"  — {plan['on']} 不在其内 is not in it"
        out.print(f"  valid 有效期 {plan['valid']}  [{plan['valid_cite']}]{covered}", markup=False)
    for each in plan["values"]:
        key = f" ({each['for']})" if each["for"] else ""
        said = f"{each['zh']} {each['en']}"
        out.print(f"  ● {each['parameter']}{key} = {each['value']}  {said}  [{each['cite']}]", markup=False)
    for each in plan["not_in_force"]:
        out.print(f"  ○ {each['parameter']}  {each['zh']} {each['en']}: 当日无规定 not in force", markup=False)
    for each in plan["not_published"]:
        key = f" ({each['for']})" if each["for"] else ""
        said = "未公布,不测算 not published, not modelled"
        out.print(f"  ✗ {each['parameter']}{key}  {each['zh']} {each['en']}: {said}  [{each['cite']}]", markup=False)
    if plan["not_modelled"]:
        why = "整个计划未测算;以支付方答复为准 the whole plan is not modelled; the payer's answer decides"
        out.print(f"  ✗ {why}", style="yellow", markup=False)
