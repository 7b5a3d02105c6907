"""What a scenario may expect of a bureau's answer: one small function a word. 检查项。"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from adapter.counterparts.conformance.nhsa.reading import (
    amount,
    code_of,
    envelope_of,
    node,
    output_of,
    rows,
    shortened,
    text,
    words_of,
)
from adapter.counterparts.conformance.nhsa.site import NhsaSite
from adapter.counterparts.conformance.nhsa.visit import Told
from adapter.counterparts.conformance.nhsa.whose import WHOSE, Check
from adapter.counterparts.conformance.play import Exchange, Finding

_SUCCESS_WORDS = ("", "成功", "success", "操作成功", "交易成功")
_NIL = Decimal("0.00")
_FUNDS = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "hifdm_pay", "maf_pay", "oth_pay")
_PARTS = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
_SHARES = ("fund_pay_sumamt", "psn_part_amt", "hosp_part_amt", "acct_pay", "psn_cash_pay")
_LINE_PARTS = ("fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt", "inscp_scp_amt")
_COMPARED = ("medfee_sumamt", *_PARTS, *_SHARES, *_FUNDS)
_FUND, _AMOUNT = "fund_pay_type", "det_item_fee_sumamt"
#: Rows of setldetail that no fund pays: personal account, hospital.
_ACCOUNT, _HOSPITAL = ("3102", "3905"), ("999996", "999900", "6301")


# -- first of all: was it answered, and as what ------------------------------------------------------------------------


def answered(now: Told, expect: Mapping[str, Any], site: NhsaSite) -> list[Finding]:
    """Every exchange before the last was good, and the last one as ``answer`` wants it (``good``)."""
    for exchange in now.exchanges[:-1]:
        if not good(exchange, site):
            return [_unlike("infcode 0", exchange)]
    return ANSWERS[str(expect.get("answer", "good"))](now.last, site)


def good(exchange: Exchange, site: NhsaSite) -> bool:
    """infcode 0 in HTTP 200, and no word of an error beside it."""
    if exchange.failure or exchange.status != "HTTP 200":
        return False
    return code_of(exchange) == "0" and words_of(exchange) in _SUCCESS_WORDS


def _refused_by(exchange: Exchange, site: NhsaSite) -> bool:
    if exchange.failure or exchange.status != "HTTP 200":
        return False
    return code_of(exchange) in site.refusals


def _good(exchange: Exchange, site: NhsaSite) -> list[Finding]:
    return [] if good(exchange, site) else [_unlike("infcode 0", exchange)]


def _refused(exchange: Exchange, site: NhsaSite) -> list[Finding]:
    """An infcode that proves the refusal, with the reason in err_msg."""
    if not _refused_by(exchange, site):
        return [_unlike(f"infcode {' / '.join(site.refusals)}", exchange)]
    return (
        [] if words_of(exchange) else [Finding("退回而未说明原因(err_msg 为空)", "refused without a reason (err_msg)")]
    )


def _turned_away(exchange: Exchange, site: NhsaSite) -> list[Finding]:
    """The gateway or the bureau refuses; nothing says that it was done."""
    if _refused_by(exchange, site):
        return []
    outside = not exchange.failure and "infcode" not in envelope_of(exchange) and exchange.status != "HTTP 200"
    return [] if outside else [_unlike("4xx / 5xx, or a refusal", exchange)]


def _definite(exchange: Exchange, site: NhsaSite) -> list[Finding]:
    if good(exchange, site) or _refused_by(exchange, site):
        return []
    return [_unlike(f"infcode 0 / {' / '.join(site.refusals)}", exchange)]


ANSWERS: Mapping[str, Callable[[Exchange, NhsaSite], list[Finding]]] = {
    "good": _good,
    "refused": _refused,
    "turned-away": _turned_away,
    "definite": _definite,
}


# -- what it must say --------------------------------------------------------------------------------------------------


def gives(now: Told, wanted: Any, said: Mapping[str, Told], site: NhsaSite) -> list[Finding]:
    """``node.field``, each with a value."""
    missing = []
    for place in wanted:
        name, _, field = place.rpartition(".")
        found = rows(now.last, name)
        if not found or any(not text(row, field) for row in found):
            missing.append(place)
    return [Finding(f"应答缺少 {', '.join(missing)}", f"the answer lacks {', '.join(missing)}")] if missing else []


def gives_none(now: Told, wanted: Any, said: Mapping[str, Told], site: NhsaSite) -> list[Finding]:
    """``node.field``, none with a value."""
    there = [each for each in wanted if text(node(now.last, each.rpartition(".")[0]), each.rpartition(".")[2])]
    return [Finding(f"应答不应有 {', '.join(there)}", f"the answer has {', '.join(there)}")] if there else []


def money(now: Told, wanted: Any, said: Mapping[str, Told], site: NhsaSite) -> list[Finding]:
    """The identities of section 3, and that the total is the hospital's; nothing to check in a refusal."""
    if not good(now.last, site):
        return []
    try:
        return _identities(now, site)
    except ValueError as error:
        return [Finding(f"金额无法读到分:{error}", f"an amount cannot be read to the fen: {error}")]


def _identities(now: Told, site: NhsaSite) -> list[Finding]:
    info = {name: amount(node(now.last, "setlinfo"), name) for name in ("medfee_sumamt", *_PARTS, *_SHARES)}
    details = rows(now.last, "setldetail")
    total, account = info["medfee_sumamt"], info["acct_pay"]
    funds = info["fund_pay_sumamt"] - (account if site.account_inside_fund else _NIL)
    paid = sum((amount(row, "fund_payamt") for row in details if not _of(row, *_ACCOUNT)), _NIL)
    by_hospital = sum((amount(row, "fund_payamt") for row in details if _of(row, *_HOSPITAL)), _NIL)
    taken = [row for row in details if amount(row, "fund_payamt") < 0] if now.undone is None else []
    sums = {
        "medfee_sumamt = Σ lines": (total, now.undone.total * _sign(site) if now.undone else now.total),
        "medfee_sumamt = fund_pay_sumamt + psn_part_amt + hosp_part_amt": (
            total,
            funds + info["psn_part_amt"] + info["hosp_part_amt"],
        ),
        f"medfee_sumamt = {' + '.join(_PARTS)}": (total, sum((info[name] for name in _PARTS), _NIL)),
        "psn_part_amt = acct_pay + psn_cash_pay": (info["psn_part_amt"], account + info["psn_cash_pay"]),
        "Σ setldetail.fund_payamt = fund_pay_sumamt": (paid - by_hospital, funds),
    }
    return [
        Finding(f"金额不平:{formula}({left} ≠ {right})", f"amounts do not agree: {formula} ({left} ≠ {right})")
        for formula, (left, right) in sums.items()
        if left != right
    ] + [
        Finding(f"基金 {code} 的支付为负", f"fund {code} pays less than nothing")
        for code in (text(row, "fund_pay_type") for row in taken)
    ]


def lines(now: Told, wanted: Any, said: Mapping[str, Told], site: NhsaSite) -> list[Finding]:
    """A row for every line that was sent, with its amount, and a split that adds up to it."""
    found = rows(now.last, "result")
    serials = sorted(text(row, "feedetl_sn") for row in found)
    if serials != sorted(now.rows):
        return [Finding("应答的明细与所发的不一一对应", "the rows of the answer are not the lines that were sent")]
    try:
        return [finding for row in found for finding in _line(row, now.rows[text(row, "feedetl_sn")])]
    except ValueError as error:
        return [Finding(f"金额无法读到分:{error}", f"an amount cannot be read to the fen: {error}")]


def _line(row: Mapping[str, Any], sent: Mapping[str, Any]) -> list[Finding]:
    net, serial = Decimal(sent["det_item_fee_sumamt"]), text(row, "feedetl_sn")
    if amount(row, "det_item_fee_sumamt") != net:
        return [Finding(f"明细 {serial} 的金额不是所发的 {net}", f"line {serial} is not of {net} any more")]
    split = sum((amount(row, name) for name in _LINE_PARTS), _NIL)
    if split != net:
        return [Finding(f"明细 {serial} 的拆分为 {split},应为 {net}", f"line {serial} is split into {split} of {net}")]
    return []


def own_number(now: Told, wanted: Any, said: Mapping[str, Told], site: NhsaSite) -> list[Finding]:
    """medins_setl_id is the msgid that the settlement was sent with."""
    found = text(node(now.last, "setlinfo"), "medins_setl_id")
    if found == now.msgid:
        return []
    return [Finding("medins_setl_id 不是发送方报文ID", "medins_setl_id is not the msgid that was sent")]


def refunded(now: Told, wanted: Any, said: Mapping[str, Told], site: NhsaSite) -> list[Finding]:
    """refd_setl_flag of 5203: ``yes`` or ``no``."""
    found = text(node(now.last, "setlinfo"), "refd_setl_flag")
    flag = "1" if wanted == "yes" else "0"
    if found == flag:
        return []
    return [
        Finding(f"refd_setl_flag 为 {found or '空'},应为 {flag}", f"refd_setl_flag is {found or 'empty'}, not {flag}")
    ]


def grants(now: Told, wanted: Any, said: Mapping[str, Told], site: NhsaSite) -> list[Finding]:
    """2001: at least one fund grants benefit, and a fund that does not says why."""
    found = rows(now.last, "trtinfo")
    if not any(text(row, "trt_enjymnt_flag") == "1" for row in found):
        return [Finding("没有任何基金给予待遇", "no fund grants benefit")]
    silent = [row for row in found if text(row, "trt_enjymnt_flag") != "1" and not text(row, "trt_chk_rslt")]
    return [Finding("不给予待遇而未说明原因", "benefit is refused without a reason")] if silent else []


def balanced(now: Told, wanted: Any, said: Mapping[str, Told], site: NhsaSite) -> list[Finding]:
    """stmt_rslt of 3201: ``no`` for sums that cannot be right."""
    found = text(node(now.last, "stmtinfo"), "stmt_rslt")
    if found and (found == "0") == (wanted == "yes"):
        return []
    return [Finding(f"对账结果为 {found or '空'}", f"stmt_rslt is {found or 'empty'}")]


# -- compared with an earlier answer -----------------------------------------------------------------------------------


def same_as(now: Told, wanted: Any, said: Mapping[str, Told], site: NhsaSite) -> list[Finding]:
    """The same output."""
    if _plain(output_of(now.last)) == _plain(output_of(said[wanted].last)):
        return []
    return [Finding(f"应答与 {wanted} 不同", f"the answer is not that of {wanted}")]


def same_number_as(now: Told, wanted: Any, said: Mapping[str, Told], site: NhsaSite) -> list[Finding]:
    """The same sign_no."""
    first, again = (text(node(each.last, "signinoutb"), "sign_no") for each in (said[wanted], now))
    if first and first == again:
        return []
    return [Finding("当日再次签到的编号不同", "signing in again on the day gives another number")]


def same_amounts_as(now: Told, wanted: Any, said: Mapping[str, Told], site: NhsaSite) -> list[Finding]:
    return _compared(now, said[wanted], 1, wanted)


def opposite_of(now: Told, wanted: Any, said: Mapping[str, Told], site: NhsaSite) -> list[Finding]:
    """The amounts of an earlier answer with the sign that this bureau gives a cancellation."""
    return _compared(now, said[wanted], _sign(site), wanted)


def other_than(now: Told, wanted: Any, said: Mapping[str, Told], site: NhsaSite) -> list[Finding]:
    """A settlement id of its own."""
    first, again = (text(node(each.last, "setlinfo"), "setl_id") for each in (said[wanted], now))
    if again and first != again:
        return []
    return [Finding(f"结算ID与 {wanted} 相同", f"the settlement id is that of {wanted}")]


def _compared(now: Told, earlier: Told, sign: int, name: str) -> list[Finding]:
    try:
        first, again = _borne(earlier), _borne(now)
    except ValueError as error:
        return [Finding(f"金额无法读到分:{error}", f"an amount cannot be read to the fen: {error}")]
    if now.infno == "5203" and not text(node(now.last, "setlinfo"), "hosp_part_amt"):
        first.pop("hosp_part_amt")  # the page does not give 5203 that field
    if now.infno == "2305" and not rows(now.last, "setldetail"):
        first = {name: first[name] for name in _COMPARED}
    names = [*first, *(name for name in again if name.startswith(_FUND) and name not in first)]
    was = {name: sign * first.get(name, _NIL) for name in names}
    off = [name for name in names if again.get(name, _NIL) != was[name]]
    if not off:
        return []
    shown = ", ".join(f"{name} {again.get(name, _NIL)} ({was[name]})" for name in off)
    return [Finding(f"金额与 {name} 不相符:{shown}", f"amounts do not fit those of {name}: {shown}")]


def _borne(told: Told) -> dict[str, Decimal]:
    """The amounts of setlinfo by name, and what each fund of setldetail pays."""
    found = {name: amount(node(told.last, "setlinfo"), name) for name in _COMPARED}
    for row in rows(told.last, "setldetail"):
        name = f"{_FUND} {text(row, 'fund_pay_type')}"
        found[name] = found.get(name, _NIL) + amount(row, "fund_payamt")
    return found


def lists(now: Told, wanted: Any, said: Mapping[str, Told], site: NhsaSite) -> list[Finding]:
    """The stay of a step is among the rows; of 5204 every line that the step settled, once."""
    if now.infno != "5204":
        return [] if _has(now, said[wanted]) else [Finding("查询结果没有该次就诊", "the stay is not listed")]
    shown = _lines_shown(now)
    sent = {serial: _sent(line) for serial, line in said[wanted].rows.items()}
    if sorted(text(row, "feedetl_sn") for row in shown) != sorted(sent):
        return [Finding("查询到的明细不是所结算的明细", "the lines that are listed are not those that were settled")]
    try:
        off = [text(row, "feedetl_sn") for row in shown if amount(row, _AMOUNT) != sent[text(row, "feedetl_sn")]]
    except ValueError as error:
        return [Finding(f"金额无法读到分:{error}", f"an amount cannot be read to the fen: {error}")]
    return [Finding(f"明细 {sn} 的金额不是所发的", f"line {sn} is listed with another amount") for sn in off]


def lists_not(now: Told, wanted: Any, said: Mapping[str, Told], site: NhsaSite) -> list[Finding]:
    """The stay of a step is not among the rows."""
    return [Finding("查询结果仍有该次就诊", "the stay is still listed")] if _has(now, said[wanted]) else []


def year_as(now: Told, wanted: Any, said: Mapping[str, Told], site: NhsaSite) -> list[Finding]:
    """Every accumulator of the year that the site names is what it was."""
    return _year(now, said[wanted], {}, site)


def year_up_by(now: Told, wanted: Any, said: Mapping[str, Told], site: NhsaSite) -> list[Finding]:
    """``since`` a step, by what ``by`` made the funds pay."""
    details = rows(said[wanted["by"]].last, "setldetail")
    try:
        paid = {
            code: sum((amount(row, "fund_payamt") for row in details if _of(row, fund)), _NIL)
            for code, fund in site.cumulative.items()
        }
    except ValueError as error:
        return [Finding(f"金额无法读到分:{error}", f"an amount cannot be read to the fen: {error}")]
    return _year(now, said[wanted["since"]], paid, site)


def _year(now: Told, earlier: Told, up: Mapping[str, Decimal], site: NhsaSite) -> list[Finding]:
    try:
        before, after = (_cumulated(each, site) for each in (earlier, now))
    except ValueError as error:
        return [Finding(f"金额无法读到分:{error}", f"an amount cannot be read to the fen: {error}")]
    off = [code for code in site.cumulative if after[code] != before[code] + up.get(code, _NIL)]
    if not off:
        return []
    shown = ", ".join(f"{code} {after[code]} ({before[code] + up.get(code, _NIL)})" for code in off)
    return [Finding(f"年度累计不符:{shown}", f"the year's amounts are off: {shown}")]


def _cumulated(told: Told, site: NhsaSite) -> dict[str, Decimal]:
    """Code → amount of the year of the site's days; rows of months are added."""
    year = str(site.days["discharged"].year)
    found = [row for row in rows(told.last, "cuminfo") if text(row, "year") == year]
    return {
        code: sum((amount(row, "cum") for row in found if text(row, "cum_type_code") == code), _NIL)
        for code in site.cumulative
    }


# -- small things ------------------------------------------------------------------------------------------------------


def _lines_shown(now: Told) -> list[Mapping[str, Any]]:
    """Rows of 5204: the documents name no node, so they stand under any."""
    output = output_of(now.last)
    if isinstance(output, dict):
        output = next((value for value in output.values() if isinstance(value, list)), [output])
    return [row for row in output if isinstance(row, dict)]


def _sent(line: Any) -> Decimal:
    """The amount of a line as it was sent: of 2301 the row, of a settlement the amount."""
    return Decimal(line[_AMOUNT]) if isinstance(line, Mapping) else Decimal(line)


def _has(now: Told, wanted: Told) -> bool:
    names = ("mdtrtinfo", "data")
    return any(text(row, "mdtrt_id") == wanted.visit.mdtrt_id for name in names for row in rows(now.last, name))


def _of(row: Mapping[str, Any], *codes: str) -> bool:
    """Whether a row of setldetail is of a fund; 999997 names the real one in setl_proc_info."""
    code = text(row, "fund_pay_type")
    return (text(row, "setl_proc_info") if code == "999997" else code).startswith(codes)


def _sign(site: NhsaSite) -> int:
    return 1 if site.opposite_positive else -1


def _plain(value: Any) -> Any:
    """Values as text, so that 0 and "0" are the same."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else str(value)


def _unlike(wanted: str, exchange: Exchange) -> Finding:
    said = shortened(exchange)
    return Finding(f"应为 {wanted},收到 {said}", f"expected {wanted}, got {said}")


#: Word → check.
CHECKS: Mapping[str, Check] = {
    **WHOSE,
    "gives": gives,
    "gives_none": gives_none,
    "money": money,
    "lines": lines,
    "own_number": own_number,
    "refunded": refunded,
    "grants": grants,
    "balanced": balanced,
    "same_as": same_as,
    "same_number_as": same_number_as,
    "same_amounts_as": same_amounts_as,
    "opposite_of": opposite_of,
    "other_than": other_than,
    "lists": lists,
    "lists_not": lists_not,
    "year_as": year_as,
    "year_up_by": year_up_by,
}
