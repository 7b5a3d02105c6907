"""Commands about what people establish at the window: named checks, facts of the stay. 窗口登记"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from adapter.cases.window import checks
from adapter.cases.window import items as lines
from adapter.doors.cli.context import AsJson, CaseId, Reason, actor, tools, words_of
from adapter.doors.cli.output import out, print_issues, print_json, table
from adapter.doors.cli.window_papers import print_done
from adapter.model.money import Money
from adapter.model.reference import Cause
from adapter.model.window import CheckStep, StayFacts

window = typer.Typer(
    no_args_is_help=True, help="What people establish at the window: checks, facts, all of it. 窗口登记"
)


class YesNo(StrEnum):
    """As window.yaml writes it."""

    YES = "yes"
    NO = "no"


def _flag(answer: YesNo | None) -> bool | None:
    return None if answer is None else answer is YesNo.YES


def amount_of(text: str) -> Money:
    """An amount as typed."""
    try:
        amount = Money.yuan(text)
    except ValueError:
        raise typer.BadParameter("an amount of yuan, exact to the fen") from None
    if abs(amount.fen) >= _TOO_MUCH:
        raise typer.BadParameter("no stay costs that much 金额过大")
    return amount


_TOO_MUCH = 10**12  # fen: ten thousand million yuan


@window.command("check")
def check(
    case_id: CaseId,
    step: Annotated[CheckStep, typer.Argument(metavar="STEP", help="identity, insurance, papers or explanation.")],
    by: Annotated[
        str,
        typer.Option(
            "--by", parser=words_of, metavar="TEXT", help="Who checked or explained, by staff number. 核查人工号"
        ),
    ],
    reason: Reason = "checked at the window",
    json: AsJson = False,
) -> None:
    """Record who checked identity, cover or papers, or who explained the process. 登记核查人

    Example:  adapter window check qingshi_county-300010002 identity --by W007
    """
    with tools() as t:
        done = checks.record_check(case_id, step, by, t, t.act(actor(), reason))
    print_done(done, json=json)


@window.command("facts")
def facts(
    case_id: CaseId,
    cause: Annotated[Cause | None, typer.Option(help="Cause of the stay. 住院原因")] = None,
    other_cause: Annotated[
        list[Cause] | None, typer.Option(help="A further cause of a mixed stay; may be repeated. 其他原因")
    ] = None,
    emergency: Annotated[YesNo | None, typer.Option(help="Whether it is an emergency. 是否急救")] = None,
    doctor: Annotated[
        str | None, typer.Option(parser=words_of, metavar="TEXT", help="The deciding doctor, by staff number. 认定医师")
    ] = None,
    third_party: Annotated[YesNo | None, typer.Option(help="Whether another is liable. 有无责任第三方")] = None,
    third_party_amount: Annotated[
        Money | None, typer.Option(parser=amount_of, metavar="YUAN", help="What the other must bear. 第三人应负担金额")
    ] = None,
    admission_order: Annotated[
        str | None, typer.Option(parser=words_of, metavar="TEXT", help="Number of the admission order. 住院通知书编号")
    ] = None,
    aid_certificate: Annotated[
        str | None,
        typer.Option(
            parser=words_of,
            metavar="TEXT",
            help="Number of the household's medical aid certificate. 健康扶贫医疗救助证号",
        ),
    ] = None,
    excluded: Annotated[YesNo | None, typer.Option(help="Whether an excluded cause governs the stay. 人工认定")] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", parser=words_of, metavar="TEXT", help="Who decided that, by staff number. 认定人"),
    ] = None,
    reason: Reason = "established at the window",
    json: AsJson = False,
) -> None:
    """Record facts of the stay; what is left out stays as it was. 登记住院原因、急救、第三方等

    Example:  adapter window facts qingshi_county-300010002 --cause illness --third-party no
    """
    told = StayFacts(
        cause=cause,
        other_causes=tuple(other_cause) if other_cause else None,
        emergency=_flag(emergency),
        emergency_decided_by=doctor,
        third_party=_flag(third_party),
        third_party_amount=third_party_amount,
        admission_order=admission_order,
        aid_certificate=aid_certificate,
        excluded=_flag(excluded),
        decided_by=by,
    )
    with tools() as t:
        done = checks.record_facts(case_id, told, t, t.act(actor(), reason))
    print_done(done, json=json)


@window.command("let-deposit")
def let_deposit(
    case_id: CaseId,
    amount: Annotated[Money, typer.Argument(parser=amount_of, metavar="YUAN", help="How much may be taken. 金额")],
    reason: Reason,
    json: AsJson = False,
) -> None:
    """Let a deposit be taken that the programme does not allow: your exception, kept with its reason. 特许收取押金

    Example:  adapter window let-deposit qingshi_county-300010002 200.00 --reason "家属自愿垫付陪护床费"
    """
    with tools() as t:
        done = checks.let_deposit(case_id, amount, t, t.act(actor(), reason))
    print_done(done, json=json)


@window.command("items")
def items(case_id: CaseId, json: AsJson = False) -> None:
    """Lines that cannot wait for payment, each with its article, and what a doctor must still say. 不缓交项目

    Example:  adapter window items qingshi_county-300010007
    """
    with tools() as t:
        found, issues = lines.list_items(case_id, t)
    if json:
        print_json(found)
    else:
        rows = [
            (each["line"], each["code"], each["amount"], each["answer"], each["zh"], each["cite"]) for each in found
        ]
        heads = ("line 明细", "code 编码", "amount 金额", "answer 结论", "because 原因", "article 依据")
        table("", heads, rows, right=heads[2:3])
    print_issues(issues)


@window.command("finding")
def finding(
    case_id: CaseId,
    line: Annotated[str, typer.Argument(metavar="LINE", help="The fee line, as in adapter window items.")],
    excepted: Annotated[YesNo, typer.Option(help="yes: functional, or with medical need. 是否属例外")],
    by: Annotated[
        str, typer.Option("--by", parser=words_of, metavar="TEXT", help="The doctor, by staff number. 认定医师工号")
    ],
    reason: Reason = "doctor's finding",
    json: AsJson = False,
) -> None:
    """Record the doctor's answer to the exception of an excluded item. 登记项目例外认定

    Example:  adapter window finding qingshi_county-300010007 9100070031 --excepted yes --by D001
    """
    with tools() as t:
        done = lines.record_finding(case_id, line, excepted is YesNo.YES, by, t, t.act(actor(), reason))
    print_done(done, json=json)


@window.command("show")
def show(case_id: CaseId, json: AsJson = False) -> None:
    """Everything that acts recorded for a stay: facts, checks, documents, agreements, consents. 查看登记

    Example:  adapter window show qingshi_county-300010002
    """
    with tools() as t:
        found = checks.show_window(case_id, t)
    if json:
        print_json(found)
        return
    for name, value in found["facts"].items():
        if value is not None:
            out.print(f"{name}  {value}", markup=False)
    for each in found["checks"]:
        out.print(f"{each['step']}  {each['by']}  {each['at']}  [{each['cite']}]", markup=False)
    for part in ("documents", "agreements", "consents"):
        out.print(f"{part}  {len(found[part])}", markup=False)
