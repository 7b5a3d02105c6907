"""Commands of finance: clearing declare, agree, dispute, receive, show; prepayment schedule, receive, assess, show."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer

from adapter.cases import clearing as desk
from adapter.cases import prepayment as year_desk
from adapter.cases.clearing import Batch
from adapter.cases.prepayment import Prepayment
from adapter.doors.cli.context import AsJson, Reason, actor, tools
from adapter.doors.cli.output import out, print_issues, print_json, table
from adapter.doors.cli.patient_part import yuan

clearing = typer.Typer(
    no_args_is_help=True, help="A month's money with a payer: declared, answered, received. 月度清算"
)
prepayment = typer.Typer(no_args_is_help=True, help="The fund's prepayment: schedule, money, assessment. 总额预付")

Endpoint = Annotated[str, typer.Argument(metavar="ENDPOINT", help="bureau, civil-affairs …")]
Month = Annotated[datetime, typer.Argument(metavar="MONTH", formats=["%Y-%m"], help="YYYY-MM.")]
Year = Annotated[int, typer.Argument(metavar="YEAR", min=2000, max=2999, help="The fund's year.")]
Facility = Annotated[str, typer.Option(help="The hospital's code at the payer (national code).")]


@clearing.command("declare")
def declare(
    endpoint: Endpoint, month: Month, facility: Facility, reason: Reason = "monthly declaration", json: AsJson = False
) -> None:
    """Declare a month: what stands and was not declared before, and what was reversed since. 申报

    Example:  adapter clearing declare bureau 2021-03 --facility H99990100001
    """
    with tools() as t:
        _show(desk.declare(endpoint, facility, _first(month), t, t.act(actor(), reason)), json=json)


@clearing.command("agree")
def agree(
    endpoint: Endpoint,
    month: Month,
    facility: Facility,
    document: Annotated[str, typer.Option(help="Number of the payer's confirmation. 确认文号")],
    reason: Reason = "confirmed by the payer",
    json: AsJson = False,
) -> None:
    """Record that the payer confirms the declared amount. 确认

    Example:  adapter clearing agree bureau 2021-03 --facility H99990100001 --document QS-2021-04
    """
    with tools() as t:
        _show(desk.agree(endpoint, facility, _first(month), document, t, t.act(actor(), reason)), json=json)


@clearing.command("dispute")
def dispute(
    endpoint: Endpoint,
    month: Month,
    facility: Facility,
    recognised: Annotated[str, typer.Option(metavar="YUAN", help="What the payer recognises. 认可金额")],
    why: Annotated[str, typer.Option(help="Its reasons; no names, no numbers of persons. 理由")],
    reason: Reason = "disputed by the payer",
    json: AsJson = False,
) -> None:
    """Record that the payer recognises another amount; the month may be declared anew or received as it is. 异议

    Example:  adapter clearing dispute bureau 2021-03 --facility H99990100001 --recognised 60000.00 --why 超限用药
    """
    with tools() as t:
        told = t.act(actor(), reason)
        _show(desk.dispute(endpoint, facility, _first(month), yuan(recognised), why, t, told), json=json)


@clearing.command("receive")
def receive(
    endpoint: Endpoint,
    month: Month,
    facility: Facility,
    reference: Annotated[str, typer.Option(help="Number of the payment. 拨付单号")],
    cash: Annotated[str, typer.Option(metavar="YUAN", help="Money that came in. 到账")],
    offset: Annotated[str, typer.Option(metavar="YUAN", help="Met out of the prepayment. 冲抵预付")] = "0.00",
    retained: Annotated[str, typer.Option(metavar="YUAN", help="Kept back until the assessment. 留存")] = "0.00",
    deducted: Annotated[str, typer.Option(metavar="YUAN", help="Refused for good: the hospital's loss. 扣减")] = "0.00",
    why_deducted: Annotated[str, typer.Option(help="Why it was deducted; needed for a deduction. 扣减理由")] = "",
    reason: Reason = "month received",
    json: AsJson = False,
) -> None:
    """Book how a month was met. The parts add up to what was declared; no patient is asked for a deduction. 到账

    Example:  adapter clearing receive bureau 2021-03 --facility H99990100001 --reference BF-0417 --cash 61000.00
    """
    with tools() as t:
        done = desk.receive(
            endpoint,
            facility,
            _first(month),
            reference,
            t,
            t.act(actor(), reason),
            cash=yuan(cash),
            offset=yuan(offset),
            retained=yuan(retained),
            deducted=yuan(deducted),
            why_deducted=why_deducted,
        )
    _show(done, json=json)


@clearing.command("show")
def show(
    endpoint: Annotated[
        str, typer.Argument(metavar="[ENDPOINT]", help="bureau, civil-affairs …; all if left out.")
    ] = "",
    month: Annotated[
        datetime | None, typer.Argument(metavar="[MONTH]", formats=["%Y-%m"], help="YYYY-MM, with its lines.")
    ] = None,
    facility: Annotated[str, typer.Option(help="The hospital's code at the payer; needed with MONTH.")] = "",
    json: AsJson = False,
) -> None:
    """Months that were declared and where each stands; with a month and a hospital, its lines. 清算查询

    Example:  adapter clearing show bureau 2021-03 --facility H99990100001
    """
    if month is not None and not facility:
        raise typer.BadParameter("--facility names the hospital of the month")
    with tools() as t:
        if month is not None:
            _show(desk.batch_of(endpoint, facility, _first(month), t), json=json)
            return
        found = desk.batches(t, endpoint)
    if json:
        print_json([each.as_json(lines=False) for each in found])
        return
    rows = [(each.book, str(each.state), str(each.paper["gross"]), _cash(each)) for each in found]
    columns = ("batch 批次", "state 状态", "declared 申报", "cash 到账")
    table("", columns, rows, right=columns[2:])


@prepayment.command("schedule")
def schedule(
    endpoint: Endpoint,
    year: Year,
    facility: Facility,
    budget: Annotated[
        str | None, typer.Option(metavar="YUAN", help="The year's total; recorded when given. 年度预算")
    ] = None,
    document: Annotated[str, typer.Option(help="Number of the paper that sets it. 文号")] = "",
    scheme: Annotated[str, typer.Option(help="Whose programme and settings say the share and the rhythm.")] = "",
    reason: Reason = "budget of the year",
    json: AsJson = False,
) -> None:
    """Record the year's budget, or show its schedule: what the fund prepays when, and what waits. 预付计划

    Example:  adapter prepayment schedule bureau 2024 --facility H99990100001
    """
    if budget is not None and not (document and scheme):
        raise typer.BadParameter("--budget needs --document and --scheme")
    with tools() as t:
        told = t.act(actor(), reason)
        if budget is not None:
            found = year_desk.set_budget(endpoint, facility, year, yuan(budget), document, scheme, t, told)
        else:
            found = year_desk.prepayment_of(endpoint, facility, year, t, told)
    _show_year(found, json=json, rows=True)


@prepayment.command("receive")
def receive_prepaid(
    endpoint: Endpoint,
    year: Year,
    facility: Facility,
    amount: Annotated[str, typer.Option(metavar="YUAN", help="Money that came in.")],
    reference: Annotated[str, typer.Option(help="Number of the payment. 拨付单号")],
    reason: Reason = "prepayment received",
    json: AsJson = False,
) -> None:
    """Book a prepayment that came in; the same number again books nothing. 预付到账

    Example:  adapter prepayment receive bureau 2024 --facility H99990100001 --amount 90000.00 --reference YF-01
    """
    with tools() as t:
        told = t.act(actor(), reason)
        _show_year(year_desk.receive_prepayment(endpoint, facility, year, yuan(amount), reference, t, told), json=json)


@prepayment.command("assess")
def assess(
    endpoint: Endpoint,
    year: Year,
    facility: Facility,
    released: Annotated[str, typer.Option(metavar="YUAN", help="Paid out of the retained part. 返还")],
    document: Annotated[str, typer.Option(help="Number of the assessment paper. 考核文号")],
    returned: Annotated[str, typer.Option(metavar="YUAN", help="Unused prepayment that goes back. 退回预付")] = "0.00",
    reason: Reason = "year-end assessment",
    json: AsJson = False,
) -> None:
    """Book the year-end result: what is not released of the retained part is the hospital's loss. 年终考核

    Example:  adapter prepayment assess bureau 2024 --facility H99990100001 --released 11000.00 --document KH-2024
    """
    with tools() as t:
        found = year_desk.assess(
            endpoint,
            facility,
            year,
            t,
            t.act(actor(), reason),
            released=yuan(released),
            returned=yuan(returned),
            document=document,
        )
    _show_year(found, json=json)


@prepayment.command("show")
def show_prepaid(endpoint: Endpoint, year: Year, facility: Facility, json: AsJson = False) -> None:
    """A year: prepaid, settled, offset, retained, deducted, and what is left to offset. 预付查询

    Example:  adapter prepayment show bureau 2024 --facility H99990100001
    """
    with tools() as t:
        found = year_desk.prepayment_of(endpoint, facility, year, t, t.act(actor(), "prepayment looked at"))
    _show_year(found, json=json)


def _first(month: datetime) -> date:
    return month.date().replace(day=1)


def _cash(batch: Batch) -> str:
    received = batch.paper["received"]
    return "—" if received is None else str(received["cash"])


def _show(batch: Batch, *, json: bool) -> None:
    if json:
        print_json(batch.as_json())
        print_issues(batch.issues)
        return
    out.print(f"{batch.book}  {batch.state}  declared 申报 {batch.paper['gross']}", markup=False)
    rows = [tuple(line[name] for name in ("case_id", "payer", "kind", "amount")) for line in batch.paper["lines"]]
    table("", ("case 病例", "payer 付款方", "kind 类别", "amount 金额"), rows, right=("amount 金额",))
    received = batch.paper["received"]
    if received is not None:
        words = (("cash", "到账"), ("offset", "冲抵预付"), ("retained", "留存"), ("deducted", "扣减(医院承担)"))
        out.print("  ".join(f"{name} {zh} {received[name]}" for name, zh in words), markup=False)
    print_issues(batch.issues)


def _show_year(found: Prepayment, *, json: bool, rows: bool = False) -> None:
    shown = found.as_json()
    if json:
        print_json(shown)
        print_issues(found.issues)
        return
    out.print(f"{shown['year']}  {found.planned.zh}  {found.planned.cite}", markup=False)
    if rows:
        lines = [(str(each["number"]), each["due"], each["amount"]) for each in shown["schedule"]]
        table("", ("number 期次", "due 应拨日", "amount 金额"), lines, right=("amount 金额",))
    words = (
        *(("due", "应到"), ("prepaid", "已到"), ("settled", "结算"), ("offset", "冲抵"), ("retained", "留存")),
        *(("deducted", "扣减(医院承担)"), ("prepaid_left", "尚可冲抵")),
    )
    for name, zh in words:
        out.print(f"{name:14}{zh}  {shown[name]}", markup=False)
    if found.result is not None:
        out.print(found.result.zh, markup=False)
    print_issues(found.issues)
