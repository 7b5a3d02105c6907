"""Commands about debts: the credit list, arrears, the risk fund. 信用、欠费、风险基金"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from adapter.cases.window import arrears as arrears_acts
from adapter.cases.window import credit as credit_acts
from adapter.cases.window import fund as fund_acts
from adapter.cases.window.arrears import CollectionStep
from adapter.cases.window.credit import CreditEntry, Debtor, DebtorKind, Trigger, entry_json
from adapter.cases.window.fund import FundStanding
from adapter.doors.cli.context import AsJson, CaseId, Reason, actor, tools
from adapter.doors.cli.output import finish, out, print_issues, print_json, table
from adapter.doors.cli.patient_part import AmountText, Receipt, day, yuan

credit = typer.Typer(
    no_args_is_help=True, help="The credit list: debtor, propose, confirm, appeal, clear, show. 信用记录"
)
arrears = typer.Typer(no_args_is_help=True, help="Arrears: run, collect, court, write-off, village. 欠费")
fund = typer.Typer(no_args_is_help=True, help="The risk fund: claim, received, repaid. 风险基金")

OnDay = ["%Y-%m-%d"]


@credit.command("debtor")
def debtor(
    case_id: CaseId,
    kind: Annotated[DebtorKind, typer.Argument(metavar="KIND", help="patient, relative, estate or third-party.")],
    key: Annotated[str, typer.Argument(metavar="KEY", help="The hospital's key of the debtor, never a card number.")],
    born: Annotated[datetime | None, typer.Option("--born", formats=OnDay, help="Day of birth. 出生日期")] = None,
    died: Annotated[datetime | None, typer.Option("--died", formats=OnDay, help="Day of death. 死亡日期")] = None,
    reason: Reason = "debtor established",
    json: AsJson = False,
) -> None:
    """Record who owes, where it is not the patient: a credit entry is the debtor's and nobody else's. 登记债务人

    Example:  adapter credit debtor qingshi_county-300010002 relative R-21 --born 1970-04-01
    """
    owing = Debtor(key, kind, day(born) if born else None, day(died) if died else None)
    with tools() as t:
        credit_acts.record_debtor(case_id, owing, t, t.act(actor(), reason))
    if json:
        print_json({"case_id": case_id, "kind": str(kind), "key": key})
    else:
        out.print(f"债务人 debtor  {kind}  {key}", markup=False)


@credit.command("propose")
def propose(
    case_id: CaseId,
    trigger: Annotated[Trigger, typer.Argument(metavar="TRIGGER", help="The programme's clause that is met. 情形")],
    evidence: Annotated[list[str], typer.Option("--evidence", help="A paper or act it rests on; repeat. 证据")],
    noticed: Annotated[datetime, typer.Option("--noticed", formats=OnDay, help="Day the debtor was told. 告知日")],
    malice: Annotated[
        str, typer.Option("--malice", help="The finding of bad faith, for credit-malicious. 恶意认定")
    ] = "",
    reason: Reason = "proposed",
    json: AsJson = False,
) -> None:
    """Propose a listing, with notice and evidence; it has no effect until a named person confirms it. 提请列入

    Example:  adapter credit propose qingshi_county-300010002 credit-unsettled --evidence CH-1 --noticed 2021-07-02
    """
    with tools() as t:
        told = t.act(actor(), reason)
        entry = credit_acts.propose(case_id, trigger, evidence, t, told, noticed=day(noticed), malice=malice)
    _print_entry(entry, json=json)


@credit.command("confirm")
def confirm(case_id: CaseId, reason: Reason, json: AsJson = False) -> None:
    """List the debtor under one's own name: later stays are not deferred; coverage is never touched. 列入不良记录

    Example:  adapter credit confirm qingshi_county-300010002 --reason "已核实"
    """
    with tools() as t:
        entry = credit_acts.confirm(case_id, t, t.act(actor(), reason))
    _print_entry(entry, json=json)


@credit.command("appeal")
def appeal(case_id: CaseId, reason: Reason, json: AsJson = False) -> None:
    """Record that the debtor objects; until it is decided the entry has no effect. 申诉

    Example:  adapter credit appeal qingshi_county-300010002 --reason "本人称已付清"
    """
    with tools() as t:
        entry = credit_acts.appeal(case_id, t, t.act(actor(), reason))
    _print_entry(entry, json=json)


@credit.command("clear")
def clear(case_id: CaseId, reason: Reason, json: AsJson = False) -> None:
    """Take the debtor off the list: paid, agreed, or the appeal was right. 移出不良记录

    Example:  adapter credit clear qingshi_county-300010002 --reason "已付清"
    """
    with tools() as t:
        entry = credit_acts.clear(case_id, t, t.act(actor(), reason))
    _print_entry(entry, json=json)


@credit.command("show")
def show(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The hospital's source.")],
    key: Annotated[str, typer.Argument(metavar="DEBTOR", help="The hospital's key of the debtor.")],
    reason: Reason = "asked at a desk",
    json: AsJson = False,
) -> None:
    """Ask whether a stay of this person may be deferred: one answer for every desk; asking is written down. 查询

    Example:  adapter credit show qingshi_county 88002
    """
    with tools() as t:
        seen = credit_acts.desk(source, key, t, t.act(actor(), reason))
    if json:
        print_json({"debtor": key, "state": str(seen.state), "deferral": seen.deferral, "cite": seen.cite})
    else:
        out.print(f"{seen.state}  {seen.zh} / {seen.en}  [{seen.cite}]", markup=False)


@arrears.command("run")
def run(json: AsJson = False) -> None:
    """Call overdue what is late today and remind where a reminder is due; lists and sues nobody. 逾期与提醒

    Run it once a day, after the day's payments are recorded; running it again changes nothing.

    Example:  adapter arrears run
    """
    with tools() as t:
        done = arrears_acts.run(t, t.act(actor(), "daily run"))
    rows = [
        (
            line.arrears.case_id,
            str(line.arrears.state),
            line.arrears.open.text,
            str(line.arrears.days),
            f"{line.reminder.step}" if line.reminder else "",
        )
        for line in done.lines
    ]
    if json:
        keys = ("case_id", "state", "open", "days_late", "reminder")
        print_json([dict(zip(keys, row, strict=True)) for row in rows])
    else:
        columns = ("case 病例", "state 状态", "open 逾期金额", "days 天数", "reminder 提醒")
        table("", columns, rows, right=columns[2:4])
    print_issues(done.issues)
    finish(done.issues)


@arrears.command("collect")
def collect(case_id: CaseId, reason: Reason, json: AsJson = False) -> None:
    """Hand an overdue debt to collection, under one's own name. 转入追缴

    Example:  adapter arrears collect qingshi_county-300010002 --reason "多次提醒未付"
    """
    with tools() as t:
        step = arrears_acts.collect(case_id, t, t.act(actor(), reason))
    _print_step(step, json=json)


@arrears.command("court")
def court(
    case_id: CaseId,
    reason: Reason,
    basis: Annotated[str, typer.Option("--basis", help="Another legal ground than the programme's. 法律依据")] = "",
    json: AsJson = False,
) -> None:
    """Take legal action: over bad faith that was listed, or on a ground that is named. 提起司法程序

    Example:  adapter arrears court qingshi_county-300010002 --reason "恶意拖欠"
    """
    with tools() as t:
        step = arrears_acts.sue(case_id, t, t.act(actor(), reason), basis=basis)
    _print_step(step, json=json)


@arrears.command("write-off")
def write_off(
    case_id: CaseId,
    reason: Reason,
    amount: Annotated[str | None, typer.Option("--amount", help="Yuan; all that is open without it. 金额")] = None,
    json: AsJson = False,
) -> None:
    """Write a debt off in the books after collection was tried; the debtor still owes it. 核销

    Example:  adapter arrears write-off qingshi_county-300010002 --reason "无财产可执行"
    """
    wanted = None if amount is None else yuan(amount)
    with tools() as t:
        step = arrears_acts.write_off(case_id, wanted, t, t.act(actor(), reason))
    _print_step(step, json=json)


@arrears.command("village")
def village(
    case_id: CaseId,
    code: Annotated[str, typer.Argument(metavar="VILLAGE", help="Code of the village clinic. 村卫生室")],
    reason: Reason = "reminder through the village",
    json: AsJson = False,
) -> None:
    """Ask a village doctor to remind the debtor: name, amount and day, and nothing of the stay. 乡村医生督促

    Example:  adapter arrears village qingshi_county-300010002 V431100001
    """
    with tools() as t:
        task = arrears_acts.ask_village(case_id, code, t, t.act(actor(), reason))
    if json:
        print_json(
            {"village": task.village, "amount": task.amount.text, "due": task.due.isoformat(), "cite": task.cite}
        )
    else:
        out.print(f"{task.village}  {task.name}  {task.zh}  [{task.cite}]", markup=False)


@fund.command("claim")
def claim(case_id: CaseId, reason: Reason, json: AsJson = False) -> None:
    """Ask the risk fund for its share of a debt that could not be collected. 申请风险基金

    Example:  adapter fund claim qingshi_county-300010002 --reason "追缴无果"
    """
    with tools() as t:
        asked = fund_acts.claim(case_id, t, t.act(actor(), reason))
    if json:
        print_json({"lost": asked.lost.text, "amount": asked.amount.text, "hospital": asked.hospital.text})
    else:
        out.print(f"{asked.zh} / {asked.en}  [{asked.cite}]", markup=False)


@fund.command("received")
def received(
    case_id: CaseId, amount: AmountText, receipt: Receipt, reason: Reason = "received", json: AsJson = False
) -> None:
    """Record what the fund paid. 基金到账

    Example:  adapter fund received qingshi_county-300010002 800.00 --receipt JJ-1
    """
    with tools() as t:
        _print_fund(fund_acts.received(case_id, yuan(amount), receipt, t, t.act(actor(), reason)), json=json)


@fund.command("repaid")
def repaid(
    case_id: CaseId, amount: AmountText, receipt: Receipt, reason: Reason = "repaid", json: AsJson = False
) -> None:
    """Record what was passed on to the fund out of a recovery, or of a bill that was reversed. 归还基金

    Example:  adapter fund repaid qingshi_county-300010002 300.00 --receipt JJ-2
    """
    with tools() as t:
        _print_fund(fund_acts.repaid(case_id, yuan(amount), receipt, t, t.act(actor(), reason)), json=json)


def _print_entry(entry: CreditEntry, *, json: bool) -> None:
    if json:
        print_json(entry_json(entry))
    else:
        out.print(
            f"{entry.debtor}  {entry.state}  {entry.definition_zh} / {entry.definition_en}  [{entry.cite}]",
            markup=False,
        )


def _print_step(step: CollectionStep, *, json: bool) -> None:
    if json:
        print_json({"state": str(step.state), "amount": step.amount.text, "by": step.by, "cite": step.cite})
    else:
        out.print(f"{step.zh} / {step.en}  {step.amount}  [{step.cite}]", markup=False)


def _print_fund(standing: FundStanding, *, json: bool) -> None:
    if json:
        print_json({"owes": standing.owes.text, "owed": standing.owed.text})
    else:
        out.print(f"基金应付 the fund owes  {standing.owes}  应还基金 owed to the fund  {standing.owed}")
