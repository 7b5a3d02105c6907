"""Commands about a settlement on its way: call, endpoint, variances, receipt. 结算途中"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer

from adapter.cases import call_desk, views
from adapter.cases.endpoints import (
    EndpointNow,
    endpoint_now,
    endpoints_now,
    hospital_time,
    pause_endpoint,
    resume_endpoint,
)
from adapter.cases.reversal_refusals import receipt_taken_back, receipt_used
from adapter.cases.tools import Presented, Tools
from adapter.cases.variances import Variance, close_variance
from adapter.cases.variances import variances as variances_of
from adapter.doors.cli.cases import Wait, state_of, work
from adapter.doors.cli.context import AsJson, CaseId, Reason, actor, settings, tools
from adapter.doors.cli.output import HAS_ISSUES, finish, out, print_issues, print_json, table
from adapter.model.dates import HOSPITAL_ZONE
from adapter.model.issues import stopping
from adapter.model.settlement import Payer
from adapter.wiring import public_key

call = typer.Typer(no_args_is_help=True, help="One call of a case: hold, resume, skip, present. 对外调用")
endpoint = typer.Typer(no_args_is_help=True, help="Endpoints: show, pause, resume, jwk. 端点")
variances = typer.Typer(no_args_is_help=True, help="Payers that decided otherwise than expected. 差异")
receipt = typer.Typer(no_args_is_help=True, help="Fiscal e-receipts that were used. 财政电子票据")

CallName = Annotated[str, typer.Argument(metavar="CALL", help="The scheme's name of the call: insurance, aid …")]
Name = Annotated[str, typer.Argument(metavar="ENDPOINT", help="bureau, civil-affairs …")]
Number = Annotated[str, typer.Argument(metavar="NUMBER", help="Number of the e-receipt. 票据号码")]


@call.command("hold")
def call_hold(case_id: CaseId, name: CallName, reason: Reason, json: AsJson = False) -> None:
    """Send nothing more for a call until it is resumed; what is on the wire still ends. 暂停

    Example:  adapter call hold qingshi_county-300010002 aid --reason "与救助办核实身份"
    """
    with tools() as t:
        call_desk.hold_call(case_id, name, t, t.act(actor(), reason))
        _print(case_id, t, json=json)


@call.command("resume")
def call_resume(case_id: CaseId, name: CallName, reason: Reason, wait: Wait = 60, json: AsJson = False) -> None:
    """Let a held call go on; what may have arrived is looked up before it is sent again. 恢复

    Example:  adapter call resume qingshi_county-300010002 aid --reason "已核实"
    """
    with tools() as t:
        call_desk.resume_call(case_id, name, t, t.act(actor(), reason))
        work(t, wait)
        _print(case_id, t, json=json)


@call.command("skip")
def call_skip(case_id: CaseId, name: CallName, reason: Reason, wait: Wait = 60, json: AsJson = False) -> None:
    """Leave a call out of the open bill, where no amount and no later payer depends on it; else refused. 跳过

    Example:  adapter call skip qingshi_county-300010002 aid --reason "另行书面报送"
    """
    with tools() as t:
        call_desk.skip_call(case_id, name, t, t.act(actor(), reason))
        work(t, wait)
        _print(case_id, t, json=json)


@call.command("present")
def call_present(
    case_id: CaseId,
    name: CallName,
    credential: Annotated[
        bool, typer.Option("--credential", help="Ask for token or card and password; never stored. 凭证")
    ] = False,
    reason: Reason = "shown at the window",
    wait: Wait = 60,
    json: AsJson = False,
) -> None:
    """Go on with a call that waited for the patient's card or a signed-in operator (CASE-426). 窗口出示后继续

    Example:  adapter call present qingshi_county-300010002 insurance
    """
    with tools() as t:
        given = _asked() if credential else None
        call_desk.present_at_window(case_id, name, t, t.act(actor(), reason), credential=given)
        work(t, wait)
        _print(case_id, t, json=json)


@endpoint.command("show")
def endpoint_show(
    name: Annotated[str | None, typer.Argument(metavar="[ENDPOINT]", help="Only this one.")] = None,
    json: AsJson = False,
) -> None:
    """Endpoints: whether they are paused, until when and why, and how many messages wait.

    Example:  adapter endpoint show
    """
    with tools() as t:
        found = endpoints_now(t) if name is None else [endpoint_now(name, t)]
    if json:
        print_json([each.as_json() for each in found])
        return
    shown = [_row(each) for each in found]
    table("", ("endpoint 端点", "dialect", "paused until 暂停至", "why 原因", "messages 报文"), shown)


@endpoint.command("pause")
def endpoint_pause(
    name: Name,
    reason: Reason,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%dT%H:%M"], help="Hospital time; else until it is resumed. 截止时刻"),
    ] = None,
    json: AsJson = False,
) -> None:
    """Let nothing go out to an endpoint: its messages wait, no other endpoint does. 暂停端点

    Example:  adapter endpoint pause bureau --until 2026-03-02T06:00 --reason "医保平台升级"
    """
    with tools() as t:
        end = until.replace(tzinfo=HOSPITAL_ZONE) if until is not None else None
        _endpoint(pause_endpoint(name, end, t, t.act(actor(), reason)), json=json)


@endpoint.command("resume")
def endpoint_resume(name: Name, reason: Reason = "resumed", json: AsJson = False) -> None:
    """End a pause, whoever made it. Quiet hours and maintenance of the settings begin anew at once. 恢复端点

    Example:  adapter endpoint resume bureau --reason "升级完成"
    """
    with tools() as t:
        _endpoint(resume_endpoint(name, t, t.act(actor(), reason)), json=json)


@variances.command("list")
def variances_list(
    payer: Annotated[Payer | None, typer.Option(help="Only this payer: basic, medical-aid … 支付方")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that were closed. 含已处理")] = False,
    lines: Annotated[bool, typer.Option("--lines", help="Each line that was split otherwise. 逐条列出明细")] = False,
    json: AsJson = False,
) -> None:
    """Payers that decided otherwise than our rules expected, in bills that stand. 差异清单

    Example:  adapter variances list --payer basic --lines
    """
    with tools() as t:
        found = variances_of(t, payer=payer, closed=everything)
    if json:
        print_json([each.as_json() for each in found])
    else:
        money = ("ours 测算", "theirs 答复", "difference 差额", "lines 明细")
        rows = [
            (
                *(each.case_id, str(each.payer), str(each.ours), str(each.theirs), str(each.theirs - each.ours)),
                *(str(len(each.lines)), each.plan, (each.closed or {}).get("reason", "")),
            )
            for each in found
        ]
        table("", ("case 病例", "payer", *money, "plan 计划", "closed 处理"), rows, right=money)
        if lines:
            _lines_split_otherwise(found)
    if any(each.closed is None for each in found):
        raise typer.Exit(HAS_ISSUES)


def _lines_split_otherwise(found: Sequence[Variance]) -> None:
    """Each line with what is 全自费, 超限价, 先行自付 and 政策范围内 by our rules, and by the payer."""
    money = ("amount 金额", "full 全自费", "over 超限价", "pre 先行自付", "in scope 范围内")
    rows = [
        (
            *(each.case_id, f"{line.code} {line.name}", by, split.total.text, split.full_self_pay.text),
            *(split.over_limit.text, split.pre_self_pay.text, split.in_scope.text),
        )
        for each in found
        for line in each.lines
        for by, split in (("ours 测算", line.ours), (f"{each.payer} {line.terms}", line.theirs))
    ]
    table("", ("case 病例", "line 明细", "by 谁", *money), rows, right=money)


@variances.command("close")
def variances_close(
    case_id: CaseId,
    payer: Annotated[Payer, typer.Argument(metavar="PAYER", help="basic, medical-aid …")],
    reason: Reason,
    json: AsJson = False,
) -> None:
    """Close a difference that was looked into: what it was, by whom. The bill stays as it is. 处理差异

    Example:  adapter variances close qingshi_county-300010002 basic --reason "医保目录已更新,计划文件待改"
    """
    with tools() as t:
        found = close_variance(case_id, payer, t, t.act(actor(), reason))
    if json:
        print_json(found.as_json())
    else:
        out.print(f"{case_id}  {payer}  {found.theirs - found.ours}  closed 已处理", markup=False)


@receipt.command("used")
def receipt_used_(case_id: CaseId, number: Number, reason: Reason) -> None:
    """An e-receipt of the settlement was claimed or booked: it may not be reversed any more (CASE-432). 票据已使用

    Example:  adapter receipt used qingshi_county-300010002 0033445566 --reason "患者已在单位报销"
    """
    with tools() as t:
        receipt_used(case_id, number, t, t.act(actor(), reason))
    out.print(f"{case_id}  {number}  used 已使用", markup=False)


@receipt.command("take-back")
def receipt_take_back(case_id: CaseId, number: Number, reason: Reason) -> None:
    """The e-receipt came back or was voided. 票据已收回或冲红

    Example:  adapter receipt take-back qingshi_county-300010002 0033445566 --reason "票据已冲红"
    """
    with tools() as t:
        receipt_taken_back(case_id, number, t, t.act(actor(), reason))
    out.print(f"{case_id}  {number}  taken back 已收回", markup=False)


def _asked() -> Presented:
    """What the patient shows, typed or read by a reader; nothing of it is echoed."""
    names = ("token or card number 凭证或卡号", "card recognition code 卡识别码", "password 密码")
    number, card_sn, password = (typer.prompt(each, default="", hide_input=True, show_default=False) for each in names)
    return Presented(number, password, card_sn)


def _row(each: EndpointNow) -> tuple[str, ...]:
    counts = " ".join(f"{state} {count}" for state, count in sorted(each.messages.items()))
    why = " ".join(filter(None, (each.why, each.by, each.reason if each.why == "person" else "")))
    return (each.name, each.dialect, _until(each) or "—", why, counts)


def _until(each: EndpointNow) -> str:
    """The end of a pause for a person to read; empty without one."""
    told = "" if each.paused_until is None else hospital_time(each.paused_until)
    return "somebody resumes it 直到有人恢复" if told == "resumed" else told


@endpoint.command("jwk")
def endpoint_jwk(name: Name) -> None:
    """The public key that a counterpart registers where we sign in by OAuth 2.0, as a JWK. 登记用公钥

    Example:  adapter endpoint jwk insurer
    """
    print_json(public_key(name, settings()))


def _endpoint(now: EndpointNow, *, json: bool) -> None:
    if json:
        print_json(now.as_json())
    else:
        until = _until(now)
        said = f"paused until 暂停至 {until}" if until else "open 可发送"
        out.print(f"{now.name}  {said}", markup=False)


def _print(case_id: str, t: Tools, *, json: bool) -> None:
    found = views.show_case(case_id, t)
    if json:
        print_json(found.as_json())
    else:
        out.print(f"{case_id}  state 状态  {state_of(found.line)}", markup=False)
    if stopping(found.line.row.issues):
        print_issues(found.line.row.issues)
    finish(found.line.row.issues)
