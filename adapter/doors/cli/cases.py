"""Commands about cases: list, show, estimate, trial, settle, reverse."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from adapter.cases import dispatch, reverse, settle, views
from adapter.cases.advance import advance_bill
from adapter.cases.endpoints import hospital_time
from adapter.cases.lineage import case_lineage
from adapter.cases.proof import certificate_of
from adapter.cases.shown import explain_rows, explained, is_open, settlement_json
from adapter.cases.tools import Tools
from adapter.cases.unanswered import unanswered
from adapter.doors.cli.context import AsJson, CaseId, Reason, actor, tools
from adapter.doors.cli.lineage import print_lineage
from adapter.doors.cli.output import finish, out, print_issues, print_json, table
from adapter.model.case import BillState
from adapter.model.issues import AdapterError, stopping
from adapter.model.money import Money
from adapter.model.settlement import Payer, Settlement

case = typer.Typer(no_args_is_help=True, help="List and show cases. 病例")

Wait = Annotated[int, typer.Option("--wait", min=0, help="Seconds to wait for the payers; 0 leaves it to a worker.")]
Explain = Annotated[bool, typer.Option("--explain", help="Every step with its formula and article. 逐步说明")]


class Language(StrEnum):
    """In which language a sheet is printed."""

    ZH = "zh"
    EN = "en"
    BOTH = "both"


Lang = Annotated[Language, typer.Option("--lang", help="With --explain: the sheet in Chinese, English or both. 语言")]

PAYER_COLUMNS = (
    (Payer.BASIC, "basic 统筹"),
    (Payer.CRITICAL_ILLNESS, "critical 大病"),
    (Payer.COMMERCIAL, "commercial 商保"),
    (Payer.MEDICAL_AID, "aid 救助"),
    (Payer.AID_TOP_UP, "top-up 倾斜"),
    (Payer.HOSPITAL, "hospital 减免"),
    (Payer.GOVERNMENT, "government 兜底"),
    (Payer.HOUSEHOLD_TOP_UP, "household 家庭"),
    (Payer.EMERGENCY_FUND, "fund 应急"),
    (Payer.PATIENT, "patient 个人"),
)


@case.command("list")
def list_(
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    held: Annotated[bool, typer.Option("--held", help="Only cases that wait for a person.")] = False,
    json: AsJson = False,
) -> None:
    """List cases with their payers and states.

    Example:  adapter case list --held
    """
    with tools() as t:
        lines = views.list_cases(t, source=source, held=True if held else None)
    if json:
        print_json([line.as_json() for line in lines])
    else:
        case_table(lines)


@case.command("show")
def show(
    case_id: CaseId,
    lineage: Annotated[
        bool, typer.Option("--lineage", help="Which file, row and column each FHIR element came from. 血缘")
    ] = False,
    path: Annotated[
        str | None, typer.Option("--path", help="With --lineage: only at or below this path, ChargeItem.quantity.")
    ] = None,
    field: Annotated[
        str | None, typer.Option("--field", help="With --lineage: only what this TABLE.COLUMN touched.")
    ] = None,
    provenance: Annotated[bool, typer.Option("--provenance", help="With --lineage: as FHIR Provenance.")] = False,
    reveal: Annotated[bool, typer.Option("--reveal", help="With --lineage: show personal data. 显示个人信息")] = False,
    to: Annotated[
        Path | None, typer.Option("--out", help="With --lineage or --certificate: write into this file.")
    ] = None,
    certificate: Annotated[
        bool, typer.Option("--certificate", help="Print the certificate of its newest settlement. 结算证明")
    ] = False,
    json: AsJson = False,
) -> None:
    """Show one case: states, entitlement with reasons, bill, messages, journal; or where each element came from.

    Example:  adapter case show qingshi_county-300010002
    """
    if certificate:
        with tools() as t:
            print_json(certificate_of(case_id, t), to=to)
        return
    if lineage:
        with tools() as t:
            found_lineage = case_lineage(case_id, t, path=path, field=field)
        as_json = json or (to is not None and not provenance)
        print_lineage(found_lineage, json=as_json, provenance=provenance, reveal=reveal, to=to)
        return
    with tools() as t:
        found = views.show_case(case_id, t)
    if json:
        print_json(found.as_json())
        return
    case_table([found.line])
    if found.assessment:
        out.print("\n[bold]先诊疗后付费资格 entitlement[/]")
        for reason in found.as_json()["assessment"]["reasons"]:
            mark = {"met": "✓", "not-met": "✗"}.get(reason["met"], "?")
            out.print(f"  {mark} {reason['zh']} / {reason['en']}  [{reason['cite']}]", markup=False)
        deposit = found.as_json()["assessment"]["deposit"]
        out.print(f"  押金 deposit: {deposit['zh']} / {deposit['en']}  [{deposit['cite']}]", markup=False)
    if found.refund:
        out.print(f"  {found.refund['zh']} / {found.refund['en']}", markup=False)
    if found.line.settlement:
        print_settlement(found.line.settlement, explain=None)
    if found.orders:
        told = [
            (each.call, _ORDERED[each.what], each.by, hospital_time(datetime.fromisoformat(each.at)), each.reason)
            for each in found.orders
        ]
        table("\norders on calls 人工指令", ("call 调用", "order 指令", "by 经办人", "at 时间", "reason 原因"), told)
    if found.messages:
        rows = [
            (m.message.key, m.message.endpoint, m.state, m.outcome or "", str(m.message.attempts))
            for m in found.messages
        ]
        table("\nmessages 报文", ("key", "endpoint", "state", "outcome", "attempts"), rows)
    print_issues(found.line.row.issues)


#: What a person ordered about a call, in words.
_ORDERED = {"held": "held 已暂停,恢复前不发送", "skipped": "skipped 已跳过,本版账单不再发送"}


def estimate(
    case_id: CaseId,
    on: Annotated[
        datetime | None,
        typer.Option("--on", formats=["%Y-%m-%d"], help="Rule date for a patient still in hospital; else today."),
    ] = None,
    explain: Explain = False,
    lang: Lang = Language.BOTH,
    json: AsJson = False,
) -> None:
    """Compute what each payer would bear under our rules; nothing is sent. 测算

    Example:  adapter estimate qingshi_county-300010002 --explain
    """
    with tools() as t:
        preview = settle.estimate(case_id, t, t.act(actor(), "estimate"), on=on.date() if on else None)
    _show(preview.settlement, explain=lang if explain else None, json=json, mode=preview.mode)


def trial(
    case_id: CaseId,
    wait: Wait = 60,
    explain: Explain = False,
    lang: Lang = Language.BOTH,
    json: AsJson = False,
) -> None:
    """Ask the payers what they would bear; they keep nothing. 预结算

    Example:  adapter trial qingshi_county-300010002
    """
    with tools() as t:
        settle.start_trial(case_id, t, t.act(actor(), "trial"))
        work(t, wait)
        _show_case(case_id, t, explain=lang if explain else None, json=json, waited=bool(wait))


def settle_(
    case_id: CaseId,
    basis: Annotated[
        str | None, typer.Option(help="Hash of the preview you looked at; another one is refused.")
    ] = None,
    wait: Wait = 60,
    explain: Explain = False,
    lang: Lang = Language.BOTH,
    advance: Annotated[
        bool, typer.Option("--advance", help="An endpoint is down and the patient goes home. 医院垫付")
    ] = False,
    json: AsJson = False,
    reason: Reason = "discharge settlement",
) -> None:
    """Settle a discharged stay with its payers. Without a preview the trial is run first. 结算

    Example:  adapter settle qingshi_county-300010002 --explain
    """
    with tools() as t:
        if advance and views.show_case(case_id, t).line.row.bill is BillState.SETTLING:
            advance_bill(case_id, t, t.act(actor(), reason))
            _show_case(case_id, t, explain=lang if explain else None, json=json)
            return
        if basis is None and not views.is_previewed(case_id, t):
            settle.start_trial(case_id, t, t.act(actor(), "trial before settlement"))
            work(t, wait)
            if waiting := unanswered(case_id, t):
                raise AdapterError(*waiting)
        settle.start_settlement(case_id, t, t.act(actor(), reason), basis=basis)
        work(t, wait)
        if advance and views.show_case(case_id, t).line.row.bill is BillState.SETTLING:
            advance_bill(case_id, t, t.act(actor(), reason))
        _show_case(case_id, t, explain=lang if explain else None, json=json, waited=bool(wait))


def reverse_(case_id: CaseId, reason: Reason, wait: Wait = 60, json: AsJson = False) -> None:
    """Undo a settlement with every payer, backwards, equal and opposite. 冲销

    Example:  adapter reverse qingshi_county-300010002 --reason "费用更正"
    """
    with tools() as t:
        reverse.start_reversal(case_id, t, t.act(actor(), reason))
        work(t, wait)
        _show_case(case_id, t, explain=None, json=json, waited=bool(wait))


def work(t: Tools, wait: int) -> bool:
    """Be the worker until nothing is due to the payers, or the time is over; then tell the HIS, if it is there."""
    if not wait:
        return False
    give_up_at: datetime = t.clock.now() + timedelta(seconds=wait)
    idle = dispatch.work_until_idle(dispatch.payers_only(t), wait=time.sleep, give_up_at=give_up_at)
    hospitals = dispatch.ways_back_only(t)
    while dispatch.work_once(hospitals).accepted and t.clock.now() < give_up_at:
        continue
    return idle


def case_table(lines: list[views.CaseLine]) -> None:
    """Cases as a table: only payers that bear something have a column."""
    used = [
        (payer, head)
        for payer, head in PAYER_COLUMNS
        if payer is Payer.PATIENT or any(line.settlement and line.settlement.share_of(payer) for line in lines)
    ]
    rows = [
        (
            line.row.case_id,
            str(line.row.entitlement or "—"),
            str(line.settlement.total) if line.settlement else "—",
            *(str(line.settlement.share_of(payer)) if line.settlement else "—" for payer, _ in used),
            state_of(line),
        )
        for line in lines
    ]
    amounts = ("total 总额", *(head for _, head in used))
    table("", ("case 病例", "entitlement 资格", *amounts, "state 状态"), rows, right=amounts)
    if any(line.settlement and line.settlement.test_profile for line in lines):
        out.print("TEST PROFILE – no place's rule", style="yellow")


def state_of(line: views.CaseLine) -> str:
    """The one word that matters most, and what holds the case."""
    row = line.row
    if row.held:
        return f"held {','.join(sorted({issue.code for issue in row.issues}))}"
    state = str(row.bill or row.stay or "—")
    differing = [share for share in line.settlement.shares if share.variance] if line.settlement else []
    return (
        f"{state}, variance {' '.join(f'{each.payer} {each.variance}' for each in differing)}" if differing else state
    )


#: What is said below a settlement: a layer left out, and a payer's lines that were not used.
_TOLD = frozenset({"SET-322", "DEL-646", "DEL-647", "DEL-648"})


def print_settlement(settlement: Settlement, *, explain: Language | None) -> None:
    """A settlement for people: amounts, or the whole sheet in the language asked for."""
    out.print()
    if explain is not None:
        chosen = (Language.ZH, Language.EN) if explain is Language.BOTH else (explain,)
        for language in chosen:
            for line in explained(settlement, language):
                out.print(line, markup=False)
            out.print()
    else:
        for row in explain_rows(settlement):
            if row.kind != "step":
                out.print(f"{row.zh} {row.en}", end="", markup=False)
                out.print(f"  {row.said}  {row.cite}", markup=False, style="bold" if row.kind == "share" else None)
        most = "至多 at most " if any(is_open(share) for share in settlement.shares) else ""
        out.print(f"个人负担 patient pays  {most}{settlement.patient_pays}", style="bold")
    if settlement.line_differences:
        theirs, differing = dict(settlement.splits), settlement.line_differences
        scope = Money.total(theirs[each.line].in_scope - each.ours.in_scope for each in differing)
        out.print(f"支付方另行拆分的明细 lines split otherwise by the payer  {len(differing)}", end="", markup=False)
        out.print(f"  政策范围内 in scope {scope}", markup=False)
    for issue in settlement.issues:
        if issue.code in _TOLD:
            out.print(f"{issue.pointer}: {issue.zh} {issue.en}", style="yellow", markup=False)
    if settlement.test_profile:
        out.print("TEST PROFILE – no place's rule", style="yellow")


def _show_case(case_id: str, t: Tools, *, explain: Language | None, json: bool, waited: bool = False) -> None:
    """The case; where somebody waited for its payers, also what they have not answered, which is no success."""
    found = views.show_case(case_id, t)
    line = found.line
    if json:
        print_json(found.as_json())
    elif line.settlement:
        print_settlement(line.settlement, explain=explain)
        out.print(f"state 状态  {state_of(line)}")
    else:
        out.print(f"state 状态  {state_of(line)}")
    waiting = unanswered(case_id, t) if waited else []
    if stopping([*line.row.issues, *waiting]):
        print_issues([*line.row.issues, *waiting])
    finish([*line.row.issues, *waiting])


def _show(settlement: Settlement, *, explain: Language | None, json: bool, mode: str) -> None:
    if json:
        print_json({"mode": mode, "basis": settlement.basis, **settlement_json(settlement)})
    else:
        print_settlement(settlement, explain=explain)
    print_issues(settlement.issues)
    finish(settlement.issues)
