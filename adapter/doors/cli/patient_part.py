"""Commands about the patient's part: pay, refund, account, plans, stages, interim settlements, reward. 个人应付"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import typer

from adapter.cases.window import interim as interim_acts
from adapter.cases.window import payments, plans
from adapter.cases.window.account_view import account_view, moved_json, signed_json
from adapter.cases.window.interim import InterimSettlement, interim_json
from adapter.cases.window.payments import Method
from adapter.cases.window.plan_papers import stage_json
from adapter.doors.cli.context import AsJson, CaseId, Reason, actor, tools
from adapter.doors.cli.output import out, print_issues, print_json, table
from adapter.model.money import Money
from adapter.model.reference import DocumentFact, DocumentKind
from adapter.model.settlement import Payer

plan = typer.Typer(no_args_is_help=True, help="Repayment plans: sign, show. 还款计划")
stage = typer.Typer(no_args_is_help=True, help="Staged collection during the stay: ask. 分阶段收取")
interim = typer.Typer(no_args_is_help=True, help="A payer's interim settlements: record, cancel. 中途结算")

AmountText = Annotated[str, typer.Argument(metavar="AMOUNT", help="Yuan, exact to the fen: 1200.50.")]
Receipt = Annotated[
    str, typer.Option("--receipt", help="Receipt or transaction number; the same one books once. 收据号")
]
How = Annotated[Method, typer.Option("--method", help="How the money changes hands. 方式")]


def yuan(text: str) -> Money:
    """An amount as typed; wrong usage for anything else."""
    try:
        return Money.yuan(text)
    except ValueError:
        raise typer.BadParameter(f"an amount of yuan, exact to the fen, and not {text!r}") from None


def day(moment: datetime) -> date:
    """The day of a date as typed."""
    return moment.date()


def pay(
    case_id: CaseId,
    amount: AmountText,
    receipt: Receipt,
    method: How = Method.CASH,
    reason: Reason = "payment",
    json: AsJson = False,
) -> None:
    """Take a payment of the patient's part, whole or in part; on a lost debt it is a recovery. 收款

    Example:  adapter pay qingshi_county-300010002 500.00 --receipt S2021-0001 --method card
    """
    with tools() as t:
        moved = payments.pay(case_id, yuan(amount), method, receipt, t, t.act(actor(), reason))
    _print_moved(moved_json(moved), json=json)


def refund(
    case_id: CaseId,
    amount: AmountText,
    receipt: Receipt,
    method: How = Method.CASH,
    reason: Reason = "refund",
    json: AsJson = False,
) -> None:
    """Give money back that is due back, after a reversal or a smaller bill. 退款

    Example:  adapter refund qingshi_county-300010002 120.00 --receipt T2021-0001
    """
    with tools() as t:
        moved = payments.refund(case_id, yuan(amount), method, receipt, t, t.act(actor(), reason))
    _print_moved(moved_json(moved), json=json)


def account_(case_id: CaseId, json: AsJson = False) -> None:
    """Show the patient's part: owed, paid, plan, stages, credit, losses, and whether formalities can be done. 个人应付

    Example:  adapter account qingshi_county-300010002
    """
    with tools() as t:
        shown, issues = account_view(case_id, t, actor())
    if json:
        print_json(shown)
    else:
        for key, words in _ACCOUNT:
            out.print(f"{words}  {shown[key] if shown[key] is not None else '—'}", markup=False)
        if shown["movements"]:
            rows = [(each["on"], each["amount"], each["method"], each["receipt"]) for each in shown["movements"]]
            table("\n收退款 movements", ("on", "amount", "method", "receipt"), rows, right=("amount",))
        for key, words in _MORE:
            if shown[key]:
                out.print(f"{words}  {_short(shown[key])}", markup=False)
    print_issues(issues)


def reward_(case_id: CaseId, reason: Reason = "paid on time before", json: AsJson = False) -> None:
    """Grant the reward for paying earlier stays on time: the hospital's own money, off unless the region chose it. 优惠

    Example:  adapter reward qingshi_county-300010002
    """
    with tools() as t:
        granted = payments.grant_reward(case_id, t, t.act(actor(), reason))
    given = granted.reward
    if json:
        print_json({"kind": str(given.kind), "reduction": given.reduction.text, "cite": given.cite})
    else:
        out.print(f"{given.zh} / {given.en}  [{given.cite}]", markup=False)
    print_issues(granted.issues)


@plan.command("sign")
def sign(
    case_id: CaseId,
    due: Annotated[
        list[datetime], typer.Option("--due", formats=["%Y-%m-%d"], help="Day of a row; repeat for each. 各期日期")
    ],
    amount: Annotated[
        list[str] | None, typer.Option("--amount", help="Amount of each row, in order; else equal rows. 各期金额")
    ] = None,
    issuer: Annotated[str, typer.Option("--issuer", help="Who issued the certificate of hardship. 村委会")] = "",
    sealed_by: Annotated[str, typer.Option("--sealed-by", help="Who sealed it. 乡镇政府")] = "",
    signed_by: Annotated[str, typer.Option("--signed-by", help="The debtor's key; else the patient's. 签订人")] = "",
    reason: Reason = "hardship",
    json: AsJson = False,
) -> None:
    """Sign a repayment plan over the whole balance; a running one is replaced. 签订还款承诺书

    Example:  adapter plan sign qingshi_county-300010002 --due 2021-07-01 --due 2021-08-01 --issuer V --sealed-by T
    """
    shown = DocumentFact(DocumentKind.HARDSHIP_CERTIFICATE, issuer=issuer or None, confirmed_by=sealed_by or None)
    with tools() as t:
        signed = plans.sign(
            case_id,
            [day(each) for each in due],
            t,
            t.act(actor(), reason),
            amounts=tuple(yuan(each) for each in amount or ()),
            certificate=shown if issuer or sealed_by else None,
            signed_by=signed_by,
        )
    _print_plan(signed_json(signed), json=json)


@plan.command("show")
def show(case_id: CaseId, json: AsJson = False) -> None:
    """Show the newest plan and how it stands today. 查看还款计划

    Example:  adapter plan show qingshi_county-300010002
    """
    with tools() as t:
        signed = plans.plan_of(case_id, t)
    _print_plan(signed_json(signed), json=json)


@stage.command("ask")
def ask(
    case_id: CaseId,
    agreement: Annotated[str, typer.Option("--agreement", help="Number of the signed repayment agreement. 还款协议书")],
    reason: Reason = "stage due",
    json: AsJson = False,
) -> None:
    """Ask the patient for the stage that is due: the share of what is incurred so far, never in advance. 收取阶段款

    Example:  adapter stage ask qingshi_county-300010002 --agreement XY-2021-07
    """
    with tools() as t:
        asked = plans.ask_stage(case_id, agreement, t, t.act(actor(), reason))
    if json:
        print_json(stage_json(asked))
    else:
        out.print(f"{asked.zh} / {asked.en}  [{asked.cite}]", markup=False)


@interim.command("record")
def record(
    case_id: CaseId,
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="The payer's settlement id. 结算编号")],
    through: Annotated[datetime, typer.Option("--through", formats=["%Y-%m-%d"], help="Last day it covers. 截止日")],
    paid: Annotated[list[str], typer.Option("--paid", help="payer=amount, as basic=1200.50; repeat. 各方支付")],
    new_stay: Annotated[bool, typer.Option("--new-stay", help="The plan begins a new stay after it.")] = False,
    reason: Reason = "settled by the payer",
    json: AsJson = False,
) -> None:
    """Record that a payer settled a part of the stay; the patient's stages are another thing. 登记中途结算

    Example:  adapter interim record qingshi_county-300010002 S-77 --through 2021-05-31 --paid basic=1200.50
    """
    part = InterimSettlement(reference, day(through), dict(map(_paid, paid)), new_stay)
    with tools() as t:
        parts = interim_acts.record_interim(case_id, part, t, t.act(actor(), reason))
    _print_parts(parts, json=json)


@interim.command("cancel")
def cancel(
    case_id: CaseId,
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="The payer's settlement id. 结算编号")],
    reason: Reason = "cancelled by the payer",
    json: AsJson = False,
) -> None:
    """Record that the payer took an interim settlement back; the whole stay may be settled again. 撤销中途结算

    Example:  adapter interim cancel qingshi_county-300010002 S-77
    """
    with tools() as t:
        parts = interim_acts.cancel_interim(case_id, reference, t, t.act(actor(), reason))
    _print_parts(parts, json=json)


def _paid(text: str) -> tuple[Payer, Money]:
    payer, _, amount = text.partition("=")
    if payer not in set(Payer):
        raise typer.BadParameter(f"payer=amount, where payer is one of {', '.join(Payer)}")
    return Payer(payer), yuan(amount)


def _print_moved(shown: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json(shown)
        return
    again = "  (已登记,未重复入账 booked before)" if shown["again"] else ""
    out.print(f"{shown['receipt']}  {shown['amount']}  {shown['method']}{again}", markup=False)
    out.print(f"尚欠 open  {shown['open']}  应退 refund due  {shown['refund_due']}  状态 state  {shown['state']}")
    if shown["recovered_for_fund"] is not None:
        fund, own = shown["recovered_for_fund"], shown["recovered_for_hospital"]
        out.print(f"追回 recovered: 归还基金 to the fund {fund}, 补医院 to the hospital {own}")


def _print_plan(shown: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json(shown)
        return
    columns = ("number 期", "due 应还日", "amount 金额", "paid 已还", "left 未还", "overdue 逾期")
    rows = [
        (str(each["number"]), each["due"], each["amount"], each["paid"], each["left"], "✗" if each["overdue"] else "")
        for each in shown["rows"]
    ]
    table(f"plan 还款计划 {shown['version']}: {shown['state']}  [{shown['cite']}]", columns, rows, right=columns[2:5])


def _print_parts(parts: tuple[InterimSettlement, ...], *, json: bool) -> None:
    if json:
        print_json([interim_json(each) for each in parts])
        return
    for each in parts:
        amounts = " ".join(f"{payer} {amount}" for payer, amount in each.amounts.items())
        out.print(f"{each.reference}  {each.through}  {amounts}", markup=False)
    if not parts:
        out.print("无中途结算 no interim settlement stands")


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key} {each}" for key, each in value.items() if not isinstance(each, list))
    return f"{len(value)}" if isinstance(value, list) else str(value)


_ACCOUNT = (
    ("state", "状态 state"),
    ("share", "个人应付 share"),
    ("paid", "已付 paid"),
    ("refunded", "已退 refunded"),
    ("adjusted", "医院减免 given up"),
    ("open", "尚欠 open"),
    ("refund_due", "应退 refund due"),
    ("due", "应付日 due"),
)
_MORE = (
    ("plan", "还款计划 plan"),
    ("stages", "阶段收取 stages"),
    ("interim_settlements", "中途结算 interim settlements"),
    ("credit", "信用 credit"),
    ("loss", "坏账 loss"),
    ("fund", "风险基金 fund"),
    ("reminders", "提醒 reminders"),
    ("collection", "追缴 steps"),
    ("village_tasks", "村医督促 village tasks"),
)
