"""Commands about messages whose effect nobody can ask: resolve, clear, compensate; and settlement lists. 人工认定"""

from __future__ import annotations

from typing import Annotated

import typer

from adapter.cases import afterwards, compensate, outgoing, verdicts
from adapter.cases.tools import Tools
from adapter.cases.verdicts import Word
from adapter.cases.views import message_json
from adapter.doors.cli.cases import Wait, work
from adapter.doors.cli.context import AsJson, Reason, actor, tools
from adapter.doors.cli.output import HAS_ISSUES, out, print_json, table
from adapter.model.money import Money
from adapter.model.settlement import Payer

Key = Annotated[str, typer.Argument(metavar="KEY", help="Message key, as in adapter outbox list.")]


def outbox_resolve(
    key: Key,
    word: Annotated[Word, typer.Argument(metavar="VERDICT", help="accepted or not-seen. 已受理 / 未收到")],
    reason: Reason,
    reference: Annotated[
        str, typer.Option(help="accepted: the payer's id of it, from its paper or screen. 对方结算号")
    ] = "",
    amount: Annotated[
        list[str] | None,
        typer.Option(metavar="PAYER=YUAN", help="accepted: what each payer bears; give it once a payer. 各方金额"),
    ] = None,
    wait: Wait = 60,
    json: AsJson = False,
) -> None:
    """Say what became of a parked message that nobody can ask about, after finding out with the payer. 人工认定

    accepted: as its paper or screen says. not-seen: sent as if for the first time. The payer is asked once more before.

    Example:  adapter outbox resolve qingshi_county-300010002.v1.insurance.settle not-seen --reason "医保局确认未收到"
    """
    amounts = dict(_amount(each) for each in amount or ())
    with tools() as t:
        row = verdicts.resolve(key, word, t, t.act(actor(), reason), reference=reference, amounts=amounts)
        work(t, wait)
        _print(row.message.key, t, json=json)


def outbox_clear(key: Key, reason: Reason, wait: Wait = 60, json: AsJson = False) -> None:
    """An answer that contradicts a verdict (CASE-441) was looked into: the case goes on. 矛盾答复已核实

    Example:  adapter outbox clear qingshi_county-300010002.v1.insurance.settle --reason "已与医保局核实,仅一笔"
    """
    with tools() as t:
        row = verdicts.clear(key, t, t.act(actor(), reason))
        work(t, wait)
        _print(row.message.key, t, json=json)


def outbox_compensate(key: Key, reason: Reason, wait: Wait = 60, json: AsJson = False) -> None:
    """Take back a lost message with the payer's own transaction for it (2601); then it is due again. 冲正丢失报文

    Example:  adapter outbox compensate qingshi_county-300010002.v1.insurance.settle --reason "查询无果,冲正后重办"
    """
    with tools() as t:
        by = compensate.compensate(key, t, t.act(actor(), reason))
        work(t, wait)
        _print(by, t, json=json)


def settlement_list(
    case_id: Annotated[
        str | None, typer.Argument(metavar="[CASE]", help="Send, or send anew, that of this case.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that were accepted. 含已受理")] = False,
    reason: Reason = "settlement list",
    wait: Wait = 60,
    json: AsJson = False,
) -> None:
    """Settlement lists (4101) that the payer has not accepted yet; with CASE, send that one. 结算清单上传

    Example:  adapter settlement-list qingshi_county-300010002
    """
    with tools() as t:
        if case_id is not None:
            afterwards.send_list(case_id, t, t.act(actor(), reason))
            work(t, wait)
        found = afterwards.settlement_lists(t, everything=everything or case_id is not None)
    found = [each for each in found if case_id in (None, each.case_id)]
    if json:
        print_json([each.as_json() for each in found])
    else:
        rows = [(each.case_id, each.call, each.state, each.key, ", ".join(each.why)) for each in found]
        table("", ("case 病例", "call", "state 状态", "key", "why 原因"), rows)
    if any(each.state != "accepted" for each in found):
        raise typer.Exit(HAS_ISSUES)


def _amount(given: str) -> tuple[Payer, Money]:
    payer, _, yuan = given.partition("=")
    try:
        return Payer(payer.strip()), Money.yuan(yuan.strip())
    except ValueError:
        names = ", ".join(Payer)
        raise typer.BadParameter(f"--amount is PAYER=YUAN to the fen, PAYER one of {names}") from None


def _print(key: str, t: Tools, *, json: bool) -> None:
    row, _ = outgoing.message(key, t)
    if json:
        print_json(message_json(row))
    else:
        out.print(f"{row.message.key}  {row.state}  {row.outcome or '—'}", markup=False)
