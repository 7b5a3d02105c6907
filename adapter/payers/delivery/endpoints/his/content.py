"""What a notice says, the same for every form: plain JSON, amounts as text in yuan (回传内容)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from adapter.fhir.canonical import encode
from adapter.model.notice import Notice, NoticeKind, WayBack


def notice_json(notice: Notice) -> dict[str, Any]:
    """A notice as ``schema.NOTICE_SCHEMA`` describes it. Only keys of the hospital, nothing that tells who it is."""
    return {
        "key": notice.key,
        "kind": str(notice.kind),
        "sequence": notice.sequence,
        "at": notice.at.isoformat(timespec="seconds"),
        "source": notice.source,
        "facility": notice.facility,
        "stay": notice.stay_key,
        "case": notice.case_id,
        "test": notice.test,
        "test_profile": notice.test_profile,
        str(notice.kind): dict(notice.told),
    }


def notice_bytes(notice: Notice) -> bytes:
    """As it is sent by webhook, folder and table: compact JSON, UTF-8."""
    return encode(notice_json(notice))


def sample_notice(way: WayBack, at: datetime) -> Notice:
    """A notice marked as a test that concerns no stay: one issue that says so."""
    told = {
        "held": False,
        "issues": [
            {
                "code": "TEST",
                "severity": "information",
                "pointer": "way_back",
                "zh": "回传通道测试,请勿处理",
                "en": "a test of the way back; nothing to do",
                "hint_zh": "",
                "hint_en": "",
            }
        ],
    }
    return Notice(
        key=f"{way.source}.back.test.{at:%Y%m%d%H%M%S%f}",
        kind=NoticeKind.ISSUES,
        sequence=1,
        at=at.astimezone(way.zone),
        source=way.source,
        case_id=f"{way.source}-TEST",
        stay_key="TEST",
        facility=way.facility,
        told=told,
        test=True,
    )
