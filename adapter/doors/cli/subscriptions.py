"""Commands about subscriptions: who hears of which changes, try one again, let a notice go. 订阅"""

from __future__ import annotations

from typing import Annotated

import typer

from adapter.cases.subscriptions import subscriptions_now, try_again
from adapter.cases.way_back_desk import skip as let_go
from adapter.doors.cli.context import AsJson, Reason, actor, tools
from adapter.doors.cli.output import out, print_json, table

subscription = typer.Typer(no_args_is_help=True, help="Who hears of changed resources: list, retry, skip. 订阅")


@subscription.command("list")
def list_(json: AsJson = False) -> None:
    """Subscriptions with criteria, address and state, and how many notices wait. 订阅列表

    Example:  adapter subscription list
    """
    with tools() as t:
        found = subscriptions_now(t)
    rows = [(each.id, str(each.state), each.criteria, each.channel.url, waiting, each.error) for each, waiting in found]
    if json:
        names = ("id", "state", "criteria", "address", "waiting", "error")
        print_json([dict(zip(names, row, strict=True)) for row in rows])
        return
    heads = ("id", "state 状态", "criteria 条件", "address 地址", "waiting 待发", "error 原因")
    table("", heads, [(*row[:4], str(row[4]), row[5]) for row in rows])


@subscription.command("retry")
def retry(
    identity: Annotated[str, typer.Argument(metavar="ID", help="As in adapter subscription list.")],
    reason: Reason = "cause fixed",
) -> None:
    """Reach a subscriber anew after the cause was mended; what waited then goes out with the next delivery. 恢复订阅

    Example:  adapter subscription retry 7c9e6679-7425-40de-944b-e07fc1f90ae7
    """
    with tools() as t:
        try_again(identity, t, t.act(actor(), reason))
    out.print(f"{identity} is asked whether it is there", markup=False)


@subscription.command("skip")
def skip(
    key: Annotated[str, typer.Argument(metavar="KEY", help="A parked notice, as in adapter outbox list.")],
    reason: Reason,
) -> None:
    """Let a notice go that the subscriber will never take. The journal keeps who and why. 放弃一条通知

    Example:  adapter subscription skip subscription.s1.Account.a1.3 --reason "对方不需要"
    """
    with tools() as t:
        let_go(key, t, t.act(actor(), reason))
    out.print(f"{key} is let go", markup=False)
