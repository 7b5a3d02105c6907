"""Commands about the way back: try it, see what was told, the table's DDL, send again, let one go. 回传"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from adapter.cases import way_back_desk
from adapter.doors.cli.context import AsJson, CaseId, Reason, actor, tools
from adapter.doors.cli.output import HAS_ISSUES, out, print_issues, print_json, table
from adapter.model.messages import Outcome

way_back = typer.Typer(
    no_args_is_help=True, help="What the HIS is told of decisions: test, show, ddl, retry, skip. 回传"
)

Source = Annotated[str, typer.Argument(metavar="SOURCE", help="A source with way_back in its file.")]


@way_back.command("test")
def test_(source: Source, json: AsJson = False) -> None:
    """Send the HIS a notice that is marked as a test, and report what it answers. Nothing is stored. 回传测试

    Example:  adapter way-back test yunxi_county
    """
    with tools() as t:
        receipt = way_back_desk.send_test(source, t)
    answer = receipt.body.decode("utf-8", "replace")
    if json:
        print_json({"outcome": str(receipt.outcome), "reference": receipt.reference, "answer": answer})
    else:
        out.print(f"{receipt.outcome}  {receipt.reference or ''}", markup=False)
        if answer:
            out.print(answer, markup=False)
    print_issues(receipt.issues)
    if receipt.outcome is not Outcome.ACCEPTED:
        raise typer.Exit(HAS_ISSUES)


@way_back.command("show")
def show(
    case_id: CaseId,
    answers: Annotated[
        bool, typer.Option("--answers", help="With what was told and the HIS's own words. 含原文")
    ] = False,
    json: AsJson = False,
) -> None:
    """What the HIS was told of a stay, in order, and what became of each notice; also of a stay that is only parked.

    Example:  adapter way-back show yunxi_county-Z0001 --answers
    """
    with tools() as t:
        found = way_back_desk.notices_of(case_id, t)
    if json or answers:
        print_json(found)
        return
    rows = [(each["key"], each["kind"], each["state"], each["outcome"] or "", str(each["attempts"])) for each in found]
    table("", ("key", "kind 内容", "state 状态", "outcome 结果", "attempts 次数"), rows)


@way_back.command("ddl")
def ddl(
    source: Source,
    database: Annotated[str, typer.Option(help="sqlite, postgresql, oracle or mssql")] = "postgresql",
) -> None:
    """Print the CREATE TABLE of the intermediate table, for the HIS's database. 中间表建表语句

    Example:  adapter way-back ddl yunxi_county --database oracle
    """
    with tools() as t:
        sys.stdout.write(way_back_desk.table_ddl(source, database, t))


@way_back.command("retry")
def retry(source: Source, reason: Reason = "cause fixed") -> None:
    """Make every notice of a source that waits for a person due now, once its cause is mended.

    Example:  adapter way-back retry yunxi_county
    """
    with tools() as t:
        count = way_back_desk.retry_parked(source, t, t.act(actor(), reason))
    out.print(f"{count} due now", markup=False)


@way_back.command("skip")
def skip(
    key: Annotated[str, typer.Argument(metavar="KEY", help="A parked notice, as in adapter way-back show.")],
    reason: Reason,
) -> None:
    """Let a notice go that the HIS will not take; what was told after it goes out. The journal keeps who and why.

    Example:  adapter way-back skip yunxi_county-Z0001.back.estimate.2 --reason "HIS 不需要测算"
    """
    with tools() as t:
        way_back_desk.skip(key, t, t.act(actor(), reason))
    out.print(f"{key} is let go", markup=False)
