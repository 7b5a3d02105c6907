"""Commands after a bill was closed: late-payer, resettle. 结算以后"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from adapter.cases import reverse, settle, views
from adapter.cases.window.late_payer import LateBill, add_late_payer, take_back_late_payer
from adapter.cases.window.later_stays import stands as let_stand
from adapter.doors.cli.cases import Wait, work
from adapter.doors.cli.context import AsJson, CaseId, Reason, actor, tools
from adapter.doors.cli.output import finish, out, print_issues, print_json
from adapter.model.case import BillState
from adapter.model.dates import local_day
from adapter.model.issues import stopping
from adapter.model.money import Money
from adapter.model.settlement import Payer


def late_payer(
    case_id: CaseId,
    payer: Annotated[Payer | None, typer.Option(help="Who paid, such as emergency-fund or medical-aid. 支付方")] = None,
    amount: Annotated[str | None, typer.Option(metavar="YUAN", help="Exact to the fen. 金额")] = None,
    reference: Annotated[str | None, typer.Option(help="The payer's own number of the payment. 凭证号")] = None,
    cite: Annotated[str | None, typer.Option(help="Document or notice that grants it. 依据")] = None,
    received: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day on which it came; else today. 到账日期")
    ] = None,
    take_back: Annotated[bool, typer.Option("--take-back", help="Undo the newest late payment instead. 撤销")] = False,
    reason: Reason = "late payment",
    json: AsJson = False,
) -> None:
    """Record what a payer paid after the bill was closed: a new bill version, less for the patient. 结算后到账

    Example:  adapter late-payer CASE --payer emergency-fund --amount 500.00 --reference E-7 --cite "救助通知7号"
    """
    with tools() as t:
        act = t.act(actor(), reason)
        if take_back:
            if any(each is not None for each in (payer, amount, reference, cite, received)):
                raise typer.BadParameter("--take-back stands alone: it undoes the newest late payment")
            _print(take_back_late_payer(case_id, t, act), json=json)
            return
        if payer is None or amount is None or reference is None or cite is None:
            raise typer.BadParameter("--payer, --amount, --reference and --cite are wanted")
        came = received.date() if received is not None else local_day(act.at)
        _print(add_late_payer(case_id, payer, _yuan(amount), reference, cite, t, act, received=came), json=json)


def resettle(
    case_id: CaseId,
    reason: Reason,
    stands: Annotated[
        bool, typer.Option("--stands", help="Do not settle again: record that the bill stands. 维持原结算")
    ] = False,
    wait: Wait = 60,
    json: AsJson = False,
) -> None:
    """Undo a bill and settle it again, as after an earlier stay changed (CASE-403, CASE-404). 重新结算

    Example:  adapter resettle qingshi_county-300010021 --reason "首次住院已更正"
    """
    with tools() as t:
        if stands:
            let_stand(case_id, t, t.act(actor(), reason))
        else:
            if views.show_case(case_id, t).line.row.bill is not BillState.REVERSED:
                reverse.start_reversal(case_id, t, t.act(actor(), reason))
                work(t, wait)
            if views.show_case(case_id, t).line.row.bill is BillState.REVERSED:
                settle.start_trial(case_id, t, t.act(actor(), reason))
                work(t, wait)
                settle.start_settlement(case_id, t, t.act(actor(), reason))
                work(t, wait)
        line = views.show_case(case_id, t).line
    if json:
        print_json(line.as_json())
    else:
        pays = line.settlement.patient_pays if line.settlement else None
        out.print(f"{case_id}  {line.row.bill}  version 版本 {line.row.version}  patient 个人 {pays}", markup=False)
    if stopping(line.row.issues):
        print_issues(line.row.issues)
    finish(line.row.issues)


def _yuan(text: str) -> Money:
    try:
        return Money.yuan(text)
    except ValueError:
        raise typer.BadParameter("--amount is an amount of yuan, exact to the fen") from None


def _print(bill: LateBill, *, json: bool) -> None:
    if json:
        print_json(bill.as_json())
        return
    out.print(
        f"version 版本 {bill.version}  patient 个人 {bill.patient_before} → {bill.patient_pays}"
        f"  refund due 应退 {bill.refund_due}",
        markup=False,
    )
