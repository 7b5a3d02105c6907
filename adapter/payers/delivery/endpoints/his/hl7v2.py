"""A notice as an HL7 v2 message, and what an acknowledgement says (回传的 HL7 v2 报文).

Why messages of our own, ``ZPC^Z01`` to ``ZPC^Z06``: the standard has none that only tells a hospital what others bear.
``ADT^A08`` and ``BAR^P05`` update what the receiver holds of patient, visit and account, and many receivers take what
is not in the message as deleted; ``DFT^P03`` and ``DFT^P11`` post charges, and a bill that is told would be posted a
second time. What the standard keeps free for local agreement is message types, events and segments beginning with Z:
a receiver that knows them acts on them, one that does not answers AR, and nothing is mistaken for something else.
docs/way-back.md describes the segments. A receiver that can only route events of its own gets them by ``events``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from adapter.model.notice import Hl7Form, Notice, NoticeKind

#: MSH-9 of each kind.
EVENTS = {
    NoticeKind.ELIGIBILITY: "ZPC^Z01",
    NoticeKind.ESTIMATE: "ZPC^Z02",
    NoticeKind.SETTLEMENT: "ZPC^Z03",
    NoticeKind.REVERSAL: "ZPC^Z04",
    NoticeKind.ISSUES: "ZPC^Z05",
    NoticeKind.NOTICE: "ZPC^Z06",
}

#: MSH-18 of each encoding.
CHARSETS = {"utf-8": "UNICODE UTF-8", "gb18030": "GB 18030-2000"}

_ESCAPES = str.maketrans(
    {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\r": "\\X0D\\", "\n": "\\X0A\\"}
)

_REASON = ("code", "met", "effect", "zh", "en", "cite", "todo_zh", "todo_en")
_SHARE = ("payer", "zh", "en", "amount", "authority", "cite", "reference")
_ISSUE = ("code", "severity", "pointer", "zh", "en", "hint_zh", "hint_en")
_WORDS = ("zh", "en", "cite")
_NOTICE = ("cause", "number", *_WORDS, "to", "channel")


def control_id(key: str) -> str:
    """MSH-10, at most 20 characters in these versions: the same for the same notice for ever."""
    return sha256(key.encode()).hexdigest()[:20]


def hl7_bytes(notice: Notice, form: Hl7Form) -> bytes:
    """The message, unframed, in the receiver's encoding."""
    at = f"{notice.at:%Y%m%d%H%M%S%z}"
    event = form.events.get(notice.kind, EVENTS[notice.kind])
    frame = ["MSH", "^~\\&", *map(escaped, (form.application, notice.facility, form.receiver, notice.facility))]
    header = [*frame, at, "", event, control_id(notice.key), "T" if notice.test else "P", form.version]
    told = [
        _segment(
            "ZPN",
            notice.key,
            notice.kind,
            notice.sequence,
            notice.stay_key,
            notice.case_id,
            notice.source,
            at,
            _yes(notice.test),
            _yes(notice.test_profile),
        ),
        *_SEGMENTS[notice.kind](notice.told),
    ]
    lines = ["|".join([*header, "", "", "", "", "", CHARSETS[form.encoding]]), *told]
    return "".join(f"{line}\r" for line in lines).encode(form.encoding)


def escaped(text: str) -> str:
    """Text that may stand in a field."""
    return text.translate(_ESCAPES)


def _eligibility(told: Mapping[str, Any]) -> list[str]:
    deposit = told["deposit"]
    refund = deposit.get("refund") or {}
    refunded = [refund.get(name) for name in ("amount", *_WORDS)]
    return [
        _segment("ZPE", told["state"], told["assessed"], told["programme"], told["version"]),
        _segment("ZPD", deposit["state"], *(deposit[name] for name in _WORDS), deposit["received"], *refunded),
        *_numbered("ZPR", (_named(each, _REASON) for each in told["reasons"])),
    ]


def _bill(told: Mapping[str, Any]) -> list[str]:
    when = told.get("mode") or told.get("settled_at") or told.get("reversed_at")
    names = ("version", "scheme", "settled_on", "total", "patient_pays", "basis")
    return [
        _segment("ZPB", when, *_named(told, names)),
        *_numbered("ZPS", (_named(each, _SHARE) for each in told["shares"])),
        *_numbered("ZPP", told["patient"].items()),
    ]


def _issues(told: Mapping[str, Any]) -> list[str]:
    return [
        _segment("ZPH", _yes(told["held"])),
        *_numbered("ZPI", (_named(each, _ISSUE) for each in told["issues"])),
    ]


def _notice(told: Mapping[str, Any]) -> list[str]:
    return [_segment("ZPT", *_named(told, _NOTICE)), *_numbered("ZPF", told["figures"].items())]


_SEGMENTS = {
    NoticeKind.ELIGIBILITY: _eligibility,
    NoticeKind.ESTIMATE: _bill,
    NoticeKind.SETTLEMENT: _bill,
    NoticeKind.REVERSAL: _bill,
    NoticeKind.ISSUES: _issues,
    NoticeKind.NOTICE: _notice,
}


def _named(values: Mapping[str, Any], names: Iterable[str]) -> list[Any]:
    return [values[name] for name in names]


def _numbered(name: str, rows: Iterable[Iterable[Any]]) -> list[str]:
    return [_segment(name, number, *row) for number, row in enumerate(rows, 1)]


def _segment(name: str, *fields: Any) -> str:
    return "|".join([name, *("" if each is None else escaped(str(each)) for each in fields)]).rstrip("|")


def _yes(flag: bool) -> str:
    return "Y" if flag else "N"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What the receiver answered.

    Attributes:
        code: MSA-1: ``AA``, ``AE``, ``AR``, or ``CA``, ``CE``, ``CR`` of receivers that answer when it is stored.
        about: MSA-2, the control id of the message that it answers.
        text: MSA-3, or what ERR says; it may hold anything.
    """

    code: str
    about: str
    text: str


def acknowledgement_of(answer: bytes, encoding: str) -> Acknowledgement | None:
    """Read an answer; None when it is no acknowledgement."""
    text = answer.decode(encoding, "replace").lstrip("\ufeff\r\n").replace("\n", "\r")
    if not text.startswith("MSH") or len(text) < 4:
        return None
    segments = {line[:3]: line.split(text[3]) for line in reversed(text.split("\r")) if line}
    said = [*segments.get("MSA", ()), "", "", "", ""]
    errors = segments.get("ERR", [])
    if said[1] not in ("AA", "AE", "AR", "CA", "CE", "CR"):
        return None
    words = said[3] or next((each for each in (*errors[8:9], *errors[7:8], *errors[1:2]) if each), "")
    return Acknowledgement(said[1], said[2], words)
