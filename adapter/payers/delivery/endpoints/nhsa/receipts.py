"""What a transaction that is done gives: amounts by payer, year-to-date figures, warnings (回执)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapter.model.claim import YearToDate
from adapter.model.issues import AdapterError, Issue
from adapter.model.messages import OutboundMessage, Outcome, Receipt
from adapter.model.money import ZERO, Money
from adapter.model.settlement import PayerAnswer
from adapter.payers.delivery.endpoints.nhsa import money_issues
from adapter.payers.delivery.endpoints.nhsa.definitions import Definitions
from adapter.payers.delivery.endpoints.nhsa.envelope import Answer, read_answer
from adapter.payers.delivery.endpoints.nhsa.history import message_id, sent_input
from adapter.payers.delivery.endpoints.nhsa.region import Region
from adapter.payers.delivery.endpoints.nhsa.shares import amounts_of, answers_from
from adapter.payers.delivery.endpoints.nhsa.values import amount_of, text_of
from adapter.payers.delivery.endpoints.nhsa.words import shown

#: Transactions whose answer says what each payer bears.
DIVIDING = ("2303", "2304", "2305", "5203")


def done_receipt(
    message: OutboundMessage, body: bytes, at: datetime, region: Region, definitions: Definitions
) -> Receipt:
    """The receipt of a transaction that the bureau has done.

    Amounts that nobody can assign yet leave the answers empty and stand as issues: the transaction is done all the
    same, and the dialogue holds the case until they can be read (``unread``).
    """
    answer = read_answer(body, definitions)
    match message.operation:
        case "5206":
            accrued = year_to_date(message, answer, at, region)
            return Receipt(Outcome.ACCEPTED, at, accrued=accrued, body=body)
        case "2001":
            return Receipt(Outcome.ACCEPTED, at, body=body, issues=tuple(_withheld(message.key, answer)))
        case number if number in DIVIDING:
            reference = reference_of(message, answer)
            try:
                shares = divided(message, answer, region)
            except AdapterError as error:
                return Receipt(Outcome.ACCEPTED, at, reference=reference, body=body, issues=error.issues)
            return Receipt(Outcome.ACCEPTED, at, reference=reference, answers=shares, body=body)
    return Receipt(Outcome.ACCEPTED, at, body=body)


def divided(message: OutboundMessage, answer: Answer, region: Region) -> tuple[PayerAnswer, ...]:
    """What each payer of a trial, settlement or cancellation bears.

    A cancellation that names no amounts gives none.

    Raises:
        AdapterError: DEL-560 to -564.
    """
    if not message.payers:
        return ()
    reference = reference_of(message, answer)
    if message.operation == "2305":
        amounts = amounts_of(message.key, answer.first("setlinfo"))
        if not amounts.total:
            return ()
        sign = -1 if amounts.total > ZERO else 1
        return answers_from(message.key, answer, message.payers, region=region, reference=f"{reference}/R", sign=sign)
    sent: Mapping[str, Any] = sent_input(message)["data"]
    total = Money.yuan(sent["medfee_sumamt"]) if "medfee_sumamt" in sent else None
    return answers_from(message.key, answer, message.payers, region=region, reference=reference, total=total)


def reference_of(message: OutboundMessage, answer: Answer) -> str:
    """The bureau's settlement id; of a trial, which has none, the message id."""
    row = answer.first("setlinfo")
    sent = sent_input(message).get("data", {})
    asked = text_of(sent.get("setl_id")) if isinstance(sent, Mapping) else ""
    return text_of(row.get("setl_id")) or asked or message_id(message)


def unread(message: OutboundMessage, receipt: Receipt, region: Region, definitions: Definitions) -> AdapterError | None:
    """Why the stored answer of a settlement or trial still cannot be divided under the region file of today."""
    try:
        divided(message, read_answer(receipt.body, definitions), region)
    except AdapterError as error:
        return error
    return None


def year_to_date(message: OutboundMessage, answer: Answer, at: datetime, region: Region) -> YearToDate:
    """The year's amounts that 5206 names, under our names; codes that the region does not map are left out.

    The year is that of the day of settlement; it stands in the message's key, before its mark. Rows of a month are
    added; where each row is the year so far, the newest one counts.
    """
    year = int(message.key.split(".")[-2])
    sums: dict[str, Money] = {}
    newest: dict[tuple[str, str], str] = {}
    for row in answer.rows("cuminfo"):
        name = region.cumulative.get(text_of(row.get("cum_type_code")))
        if name is None or text_of(row.get("year")) not in ("", str(year)):
            continue
        amount = amount_of(row.get("cum")) or ZERO
        if region.cumulative_rows == "year":
            place = (name, text_of(row.get("insutype")))
            month = text_of(row.get("cum_ym"))
            if newest.get(place, "") <= month:
                newest[place] = month
                sums[name] = amount
        else:
            sums[name] = sums.get(name, ZERO) + amount
    return YearToDate(year, tuple(sorted(sums.items())), "payer", at, message.case_id)


def _withheld(key: str, answer: Answer) -> list[Issue]:
    return [
        money_issues.entitlement_withheld(
            key, text_of(row.get("fund_pay_type")), shown(text_of(row.get("trt_chk_rslt"))[:200]) or "—"
        )
        for row in answer.rows("trtinfo")
        if text_of(row.get("trt_enjymnt_flag")) == "0"
    ]
