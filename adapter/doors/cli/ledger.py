"""Commands about the ledger itself: verify, rebuild. 账簿"""

from __future__ import annotations

from typing import Annotated

import typer

from adapter.cases.ledger_check import rebuild_ledger, verify_ledger
from adapter.doors.cli.context import AsJson, tools
from adapter.doors.cli.output import HAS_ISSUES, out, print_issues, print_json

ledger = typer.Typer(no_args_is_help=True, help="Check the journal's chain; rebuild the tables from it. 账簿")


@ledger.command("verify")
def ledger_verify(json: AsJson = False) -> None:
    """Check the journal's chain and every kept content against its digest. Changes nothing. 校验

    Example:  adapter ledger verify
    """
    with tools() as t:
        lines, found = verify_ledger(t)
    if json:
        print_json({"lines": lines, "issues": [{"code": each.code, "pointer": each.pointer} for each in found]})
    else:
        out.print(f"{lines} journal lines 流水, {len(found)} issues 问题", markup=False)
    print_issues(found)
    if found:
        raise typer.Exit(HAS_ISSUES)


@ledger.command("rebuild")
def ledger_rebuild(
    yes: Annotated[bool, typer.Option("--yes", help="Nobody else is using this ledger: do it. 确认")] = False,
) -> None:
    """Empty every table that follows from the journal and fill it anew, all or nothing. 由流水重建各表

    A journal that does not verify is not replayed. Stop services and workers first.

    Example:  adapter ledger rebuild --yes
    """
    if not yes:
        raise typer.BadParameter("stop services and workers, then give --yes")
    with tools() as t:
        lines = rebuild_ledger(t)
    out.print(f"{lines} lines replayed 已重放", markup=False)
