"""Sample notices of every kind, as docs/way-back.md describes them; all are marked as tests and concern no stay."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapter.model.notice import Notice, NoticeKind, WayBack

_WORDS = {"zh": "对接检测,请勿处理", "en": "a conformance test; nothing to do", "cite": "docs/way-back.md"}

#: What separators, line breaks and rare characters do to a receiver that cuts before it decodes.
DIFFICULT = '检测|^~\\& "引号" <尖括号>\r\n换行 䶮㙍 俞\t制表'


def sample(kind: NoticeKind, way: WayBack, at: datetime, *, run: str, number: int, text: str = "") -> Notice:
    """A notice of a kind.

    Args:
        run: of the kit; no two runs share a key.
        number: counts the notices of the stay.
        text: stands in the notice's words instead of the usual one.
    """
    words = {**_WORDS, "zh": text} if text else _WORDS
    stay = f"CONF-{run}"
    case = f"{way.source}-{stay}"
    return Notice(
        key=f"{case}.back.{kind}.{number}",
        kind=kind,
        sequence=number,
        at=at.astimezone(way.zone),
        source=way.source,
        case_id=case,
        stay_key=stay,
        facility=way.facility,
        told=_told(kind, at.astimezone(way.zone), words),
        test_profile=True,
        test=True,
    )


def _told(kind: NoticeKind, at: datetime, words: Mapping[str, str]) -> dict[str, Any]:
    match kind:
        case NoticeKind.ELIGIBILITY:
            return _eligibility(at, words)
        case NoticeKind.ESTIMATE:
            return {"mode": "estimate", **_bill(at, words, "")}
        case NoticeKind.SETTLEMENT:
            return {"settled_at": at.isoformat(timespec="seconds"), **_bill(at, words, "")}
        case NoticeKind.REVERSAL:
            return {"reversed_at": at.isoformat(timespec="seconds"), **_bill(at, words, "-")}
        case NoticeKind.ISSUES:
            return _issues(words)
        case NoticeKind.NOTICE:
            return {
                "cause": "test",
                "number": "1",
                **words,
                "to": "family",
                "channel": "paper",
                "figures": {"a": "1.00"},
            }


def _eligibility(at: datetime, words: Mapping[str, str]) -> dict[str, Any]:
    reason = {"code": "test", "met": "yes", "effect": "none", **words, "todo_zh": "", "todo_en": ""}
    refund = {"amount": "500.00", **words}
    return {
        "state": "eligible",
        "assessed": at.date().isoformat(),
        "programme": "test",
        "version": "1",
        "reasons": [reason],
        "deposit": {"state": "not-allowed", **words, "received": "500.00", "refund": refund},
    }


def _bill(at: datetime, words: Mapping[str, str], sign: str) -> dict[str, Any]:
    """1500.10, of which basic insurance bears 750.08; ``sign`` turns it round."""
    shares = [
        {"payer": "basic", **words, "amount": f"{sign}750.08", "authority": "payer", "reference": "TEST-1"},
        {"payer": "patient", **words, "amount": f"{sign}750.02", "authority": "rest", "reference": None},
    ]
    return {
        "version": 1,
        "scheme": "test",
        "settled_on": at.date().isoformat(),
        "total": f"{sign}1500.10",
        "patient_pays": f"{sign}750.02",
        "shares": shares,
        "patient": {"deductible": f"{sign}500.00", "coinsurance": f"{sign}250.02"},
        "basis": "test",
    }


def _issues(words: Mapping[str, str]) -> dict[str, Any]:
    issue = {"code": "TEST", "severity": "information", "pointer": "test", "zh": words["zh"], "en": words["en"]}
    return {"held": False, "issues": [{**issue, "hint_zh": "", "hint_en": ""}]}
