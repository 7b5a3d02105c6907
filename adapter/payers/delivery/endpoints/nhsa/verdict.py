"""What an answer proves: done, refused, or nothing. ``infcode 0`` alone proves nothing (应答判定)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from adapter.model.issues import AdapterError, Issue
from adapter.payers.delivery.endpoints.nhsa import issues
from adapter.payers.delivery.endpoints.nhsa.definitions import Definitions, Transaction
from adapter.payers.delivery.endpoints.nhsa.envelope import Answer, read_answer
from adapter.payers.delivery.endpoints.nhsa.region import Region
from adapter.payers.delivery.endpoints.nhsa.values import text_of
from adapter.payers.delivery.endpoints.nhsa.words import shown


class Verdict(StrEnum):
    """What became of a transaction, as far as its answer tells."""

    DONE = "done"
    REFUSED = "refused"  # 对方明确未办理
    UNCLEAR = "unclear"  # 可能已办理


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict with what says so. ``answer`` is None where the body is no answer at all."""

    verdict: Verdict
    answer: Answer | None = None
    issues: tuple[Issue, ...] = ()


#: HTTP statuses that tell nothing about the effect.
_TELLS_NOTHING = frozenset({408, 425, 429})
#: Transactions that answer with a bill, and the ids in which it must be the one that was asked about.
_BILLS = {"2303": ("mdtrt_id",), "2304": ("mdtrt_id",), "2305": ("mdtrt_id",), "5203": ("mdtrt_id", "setl_id")}


def judge(
    key: str,
    transaction: Transaction,
    status: int,
    body: bytes,
    *,
    region: Region,
    definitions: Definitions,
    secrets: Iterable[str] = (),
) -> Judged:
    """Judge an HTTP answer.

    A refusal is proven by an infcode that the region counts as one, or by a gateway that turned the request away. A
    success takes infcode 0, an empty err_msg or a success word, and the documented output. All else is unclear.

    Args:
        secrets: texts that say who somebody is; they are masked wherever the bureau repeats them.
    """
    number = transaction.number
    if status in _TELLS_NOTHING or status >= 500 or 300 <= status < 400:
        return Judged(Verdict.UNCLEAR, issues=(issues.unclear(key, number, f"HTTP {status}"),))
    try:
        answer = read_answer(body, definitions)
        answer = replace(answer, words=shown(answer.words, secrets))
    except AdapterError as error:
        what = ", ".join(sorted({issue.code for issue in error.issues}))
        return Judged(Verdict.UNCLEAR, issues=(issues.unclear(key, number, what), *error.issues))
    if answer.status:
        return _outside(key, transaction, status, answer)
    if answer.infcode == "0":
        return _success(key, transaction, answer, region)
    if answer.infcode in region.refusals and answer.infcode not in region.unclear:
        words = answer.words or f"infcode {answer.infcode}"
        return Judged(Verdict.REFUSED, answer, (issues.refused(key, number, words),))
    what = f"infcode {answer.infcode or '—'} {answer.words}".strip()
    return Judged(Verdict.UNCLEAR, answer, (issues.unclear(key, number, what),))


def _success(key: str, transaction: Transaction, answer: Answer, region: Region) -> Judged:
    if answer.words not in region.success_words:
        what = f"infcode 0, {answer.words}"
        return Judged(Verdict.UNCLEAR, answer, (issues.unclear(key, transaction.number, what),))
    if not answer.has(transaction.output):
        expected = "/".join(transaction.output)
        return Judged(Verdict.UNCLEAR, answer, (issues.unclear(key, transaction.number, f"no {expected}"),))
    if transaction.number == "2304" and not text_of(answer.first("setlinfo").get("setl_id")):
        # the sheet of a trial is no settlement, and without its id nothing could ever be taken back
        return Judged(Verdict.UNCLEAR, answer, (issues.unclear(key, transaction.number, "no setl_id"),))
    return Judged(Verdict.DONE, answer)


def about_what_was_asked(key: str, number: str, judged: Judged, sent: Mapping[str, Any]) -> Judged:
    """The same, unless the bill that came back names another stay, or of 5203 another settlement, than was sent.

    A bill of somebody else's says nothing of ours: its effect is unknown. An id that is left out proves nothing.
    """
    if judged.verdict is not Verdict.DONE or judged.answer is None or number not in _BILLS:
        return judged
    bill, data = judged.answer.first("setlinfo"), sent.get("data")
    asked: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
    for name in _BILLS[number]:
        ours, theirs = (text_of(row.get(name)).lstrip("0") for row in (asked, bill))
        if ours and theirs and ours != theirs:
            return Judged(Verdict.UNCLEAR, judged.answer, (issues.unclear(key, number, f"another {name}"),))
    return judged


def _outside(key: str, transaction: Transaction, status: int, answer: Answer) -> Judged:
    """An answer outside the envelope: a gateway that checks keys refuses before the bureau sees anything."""
    code = answer.status if answer.status != "-" else str(status)
    if code in ("400", "401", "403", "400001") or 400 <= status < 500:
        return Judged(Verdict.REFUSED, answer, (issues.gateway_refused(key, code, answer.words or "—"),))
    return Judged(Verdict.UNCLEAR, answer, (issues.unclear(key, transaction.number, f"code {code} {answer.words}"),))
