"""What became of a lost transaction: which question tells, and when nothing does (查询).

An empty answer counts only where the question is authoritative; the caller minds the longest delay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from adapter.fhir.canonical import decode, encode
from adapter.model.issues import Issue
from adapter.model.messages import OutboundMessage, Outcome
from adapter.payers.delivery.endpoints.nhsa import issues
from adapter.payers.delivery.endpoints.nhsa.envelope import Answer
from adapter.payers.delivery.endpoints.nhsa.history import message_id, sent_input
from adapter.payers.delivery.endpoints.nhsa.region import Region
from adapter.payers.delivery.endpoints.nhsa.values import text_of
from adapter.payers.delivery.endpoints.nhsa.verdict import Verdict

#: Asks a question: number and the fields of its ``data``.
Ask = Callable[[str, Mapping[str, Any]], tuple[Verdict, Answer | None]]


@dataclass(frozen=True, slots=True)
class Found:
    """What looking found. ``body``: the transaction is done, as an answer in the form of its own."""

    outcome: Outcome
    body: bytes | None = None
    issues: tuple[Issue, ...] = ()


_UNKNOWN, _NOT_SEEN = Found(Outcome.UNKNOWN), Found(Outcome.NOT_SEEN)


def look(message: OutboundMessage, region: Region, ask: Ask) -> Found:
    """Look for a transaction. UNKNOWN with DEL-552 where nothing at this bureau can tell."""
    discharge = partial(_discharge, med_type=region.med_type)
    ways: dict[str, Callable[[OutboundMessage, Ask], Found]] = {
        "2401": _admission,
        "2402": discharge,
        "2405": discharge,
        "2305": _cancellation,
    }
    if region.lines_by_visit:
        ways |= {"2301": _lines, "2304": _settlement}
    way = ways.get(message.operation)
    if way is None:
        return Found(Outcome.UNKNOWN, issues=(issues.cannot_be_asked(message.key, message.operation),))
    return way(message, ask)


def _told(node: str, rows: Any, by: str) -> bytes:
    """An answer in the form of the lost one, made of what a question told; ``found_by`` says so for ever."""
    return encode({"infcode": "0", "err_msg": "", "found_by": by, "output": {node: rows}})


def _rows(asked: tuple[Verdict, Answer | None], node: str) -> list[Mapping[str, Any]] | None:
    """The rows of a question's answer; None: it could not be asked, or says neither some nor none."""
    verdict, answer = asked
    if verdict is not Verdict.DONE or answer is None:
        return None
    rows = answer.rows(node)
    return rows if rows or answer.lists(node) else None


def _fee_lines(asked: tuple[Verdict, Answer | None]) -> list[Mapping[str, Any]] | None:
    """The rows of 5204; None: it could not be asked, or what came are no fee lines and prove nothing."""
    rows = _rows(asked, "root")
    return rows if rows is not None and all(text_of(row.get("feedetl_sn")) for row in rows) else None


def _admission(message: OutboundMessage, ask: Ask) -> Found:
    """2401: is the person among the current inpatients, since the hour that was sent?"""
    sent = sent_input(message)["mdtrtinfo"]
    day = str(sent["begntime"])[:10]
    span = {"psn_no": sent["psn_no"], "begntime": f"{day} 00:00:00", "endtime": f"{day} 23:59:59"}
    rows = _rows(ask("5303", span), "data")
    if rows is None:
        return _UNKNOWN
    mine = [row for row in rows if text_of(row.get("psn_no")) == sent["psn_no"]]
    named = [row for row in mine if text_of(row.get("ipt_otp_no")) in ("", sent["ipt_no"])]
    if not named:
        return _NOT_SEEN if not mine else _UNKNOWN
    if len(named) > 1:
        return _UNKNOWN
    return Found(Outcome.ACCEPTED, _told("result", {"mdtrt_id": text_of(named[0].get("mdtrt_id"))}, "5303"))


def _discharge(message: OutboundMessage, ask: Ask, med_type: str) -> Found:
    """2402 and 2405: is the person in hospital, as the bureau has the visit?"""
    envelope = decode(message.composed)
    sent = next(iter(envelope["input"].values()))
    until = str(envelope["inf_time"])
    left = str(sent.get("endtime") or "")  # 2405 does not say it, and a stay may be taken up again years later
    begun, years = (left, 2) if left else (until, 10)
    since = f"{int(begun[:4]) - years}{begun[4:8]}01 00:00:00"  # longer than any stay; the visit itself is named
    span = {"psn_no": sent["psn_no"], "begntime": since, "endtime": until}
    span |= {"mdtrt_id": sent["mdtrt_id"], "med_type": med_type}
    rows = _rows(ask("5201", span), "mdtrtinfo")
    found = [row for row in rows or () if text_of(row.get("mdtrt_id")) == sent["mdtrt_id"]]
    state = text_of(found[0].get("inhosp_stas")) if found else ""
    if state not in ("0", "1"):
        return _UNKNOWN
    done = state == ("0" if message.operation == "2402" else "1")
    return Found(Outcome.ACCEPTED, _told("root", {}, "5201")) if done else _NOT_SEEN


def _lines(message: OutboundMessage, ask: Ask) -> Found:
    """2301: are its lines with the bureau? One bad line refuses a whole call, so some of them prove nothing."""
    sent = sent_input(message)["feedetail"]
    rows = _fee_lines(ask("5204", _visit_of(sent[0])))
    if rows is None:
        return _UNKNOWN
    seen = {text_of(row.get("feedetl_sn")): row for row in rows}
    wanted = [str(row["feedetl_sn"]) for row in sent]
    if not any(serial in seen for serial in wanted):
        return _NOT_SEEN
    if not all(serial in seen for serial in wanted):
        return _UNKNOWN
    return Found(Outcome.ACCEPTED, _told("result", [dict(seen[serial]) for serial in wanted], "5204"))


def _settlement(message: OutboundMessage, ask: Ask) -> Found:
    """2304: do the visit's lines bear a settlement id? Then the settlement itself is asked for."""
    sent = sent_input(message)["data"]
    rows = _fee_lines(ask("5204", _visit_of(sent)))
    if rows is None or not all("setl_id" in row for row in rows):
        return _UNKNOWN
    settled = {text_of(row.get("setl_id")) for row in rows} - {""}
    if not settled:
        return _NOT_SEEN if rows else _UNKNOWN  # lines went up before: none at all is no answer
    for setl_id in sorted(settled):
        verdict, answer = ask("5203", {**_visit_of(sent), "setl_id": setl_id})
        if verdict is not Verdict.DONE or answer is None:
            return _UNKNOWN
        row = answer.first("setlinfo")
        mine = text_of(row.get("medins_setl_id")) == message_id(message)
        if mine and text_of(row.get("refd_setl_flag")) == "1":
            return Found(Outcome.UNKNOWN, issues=(issues.withdrawn_elsewhere(message.key),))
        if mine:
            node = {"setlinfo": dict(row), "setldetail": [dict(each) for each in answer.rows("setldetail")]}
            body = {"infcode": "0", "err_msg": "", "found_by": "5204, 5203", "output": node}
            return Found(Outcome.ACCEPTED, encode(body))
    return _UNKNOWN  # settled under another message: somebody has to look


def _cancellation(message: OutboundMessage, ask: Ask) -> Found:
    """2305: does the settlement say that it was cancelled?"""
    sent = sent_input(message)["data"]
    verdict, answer = ask("5203", {**_visit_of(sent), "setl_id": sent["setl_id"]})
    if verdict is not Verdict.DONE or answer is None:
        return _UNKNOWN
    row = answer.first("setlinfo")
    flag = text_of(row.get("refd_setl_flag"))
    if flag == "1":
        node = {"setlinfo": dict(row), "setldetail": [dict(each) for each in answer.rows("setldetail")]}
        body = {"infcode": "0", "err_msg": "", "found_by": "5203", "output": node}
        return Found(Outcome.ACCEPTED, encode(body))
    return _NOT_SEEN if flag == "0" else _UNKNOWN


def _visit_of(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"psn_no": row["psn_no"], "mdtrt_id": row["mdtrt_id"], "setl_id": ""}
