"""Commands about differences of reconciled days: list, close. 对账差异"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from adapter.cases import differences as work_list
from adapter.doors.cli.context import AsJson, Reason, actor, tools
from adapter.doors.cli.output import HAS_ISSUES, out, print_json, table

differences = typer.Typer(no_args_is_help=True, help="Differences of reconciled days: list, close. 对账差异")

_MONEY = ("ours 本院", "theirs 对方")


@differences.command("list")
def differences_list(
    endpoint: Annotated[str | None, typer.Option(help="Only with this endpoint: bureau … 端点")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that were closed. 含已处理")] = False,
    json: AsJson = False,
) -> None:
    """What the newest comparison of each day found and nobody has closed, and what to do about it. 待处理差异

    Example:  adapter differences list --endpoint bureau
    """
    with tools() as t:
        found = work_list.differences(t, endpoint=endpoint, closed=everything)
    if json:
        print_json([each.as_json() for each in found])
    else:
        heads = ("id", "day 日期", "endpoint", "difference 差异", "key", "payer", *_MONEY, "closed 处理")
        rows = [
            (
                *(each.id, each.day, each.endpoint, each.told["kind"], each.told["key"], each.told["payer"]),
                *(each.told["ours"] or "—", each.told["theirs"] or "—", (each.closed or {}).get("reason", "")),
            )
            for each in found
        ]
        table("", heads, rows, right=_MONEY)
        _print_actions([each.told for each in found if each.closed is None])
    if any(each.closed is None for each in found):
        raise typer.Exit(HAS_ISSUES)


@differences.command("close")
def differences_close(
    difference: Annotated[str, typer.Argument(metavar="ID", help="As in adapter differences list.")],
    reason: Reason,
    json: AsJson = False,
) -> None:
    """Close a difference that was dealt with: how, by whom. Changed amounts open it again. 处理差异

    Example:  adapter differences close 3f1c09a2be --reason "医保局已更正对账单"
    """
    with tools() as t:
        found = work_list.close_difference(difference, t, t.act(actor(), reason))
    if json:
        print_json(found.as_json())
    else:
        out.print(f"{found.id}  {found.told['kind']}  {found.told['key']}  closed 已处理", markup=False)


def print_day(shown: Mapping[str, Any]) -> None:
    """A day's differences with what to do about each kind; of a counterpart that cannot be asked, what to compare."""
    if shown["to_compare"]:
        lines = [(each["key"], each["payer"], each["amount"]) for each in shown["to_compare"]]
        table("to be compared by hand 待人工核对", ("key", "payer", "ours 本院"), lines, right=("ours 本院",))
    found = shown["differences"]
    if found:
        heads = ("id", "difference 差异", "key", "payer", *_MONEY, "other day 另一日")
        rows = [
            (
                *(each["id"], each["kind"], each["key"], each["payer"], each["ours"] or "—", each["theirs"] or "—"),
                each["other_day"],
            )
            for each in found
        ]
        table("", heads, rows, right=_MONEY)
        _print_actions(found)
    elif shown["asked"]:
        out.print("agrees 一致" if shown["agrees"] else "differs 不一致")


def _print_actions(found: Sequence[Mapping[str, str]]) -> None:
    """One paragraph a kind: what to do, and the command for the first of them."""
    by_kind = {each["kind"]: each for each in reversed(found)}
    for kind, each in reversed(by_kind.items()):
        out.print(f"{kind}: {each['action_zh']}\n  {each['action_en']}\n  {each['command']}", markup=False)
