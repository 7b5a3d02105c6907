"""What an HL7 v2 sender hears about its message (应答): AA stored, AE stored but held with issues, AR refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

_USUAL = "|^~\\&"
_LONGEST_TEXT = 160


class Ack(StrEnum):
    """MSA-1."""

    ACCEPTED = "AA"  # 已落库
    ERROR = "AE"  # 已落库,因问题暂存待处理
    REFUSED = "AR"  # 拒收:不是 HL7,或来源未登记


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a message.

    Attributes:
        ack: ``AA`` and ``AE`` both say that the message is stored for good; nobody needs to send it again.
        text: codes or a short sentence for the sender's log; no personal data.
    """

    ack: Ack
    text: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """MSH as far as an answer needs it; every field may be empty.

    Attributes:
        fields: by their HL7 numbers; field 1 is the field separator.
    """

    fields: tuple[str, ...]

    def at(self, number: int) -> str:
        return self.fields[number] if number < len(self.fields) else ""


def header_of(message: bytes) -> Header | None:
    """The message's header; None when it is no HL7 v2 message."""
    line = message.lstrip(b"\xef\xbb\xbf\r\n").partition(b"\r")[0].partition(b"\n")[0]
    if not line.startswith(b"MSH") or len(line) < 8:
        return None
    try:
        text = line.decode()
    except UnicodeDecodeError:
        text = line.decode("gb18030", "ignore")
    separator = text[3]
    return None if separator.isalnum() else Header(("MSH", separator, *text.split(separator)[1:]))


def acknowledgement(message: bytes, verdict: Verdict, *, now: datetime, number: str) -> bytes:
    """The answer to a message, unframed, in ASCII where the header is.

    Args:
        number: of this answer (MSH-10).
    """
    header = header_of(message) or Header(())
    event = header.at(9).partition("^")[2].partition("^")[0]
    fields = (
        *("MSH", _USUAL[1:], header.at(5), header.at(6), header.at(3), header.at(4), f"{now:%Y%m%d%H%M%S}", ""),
        *(f"ACK^{event}" if event else "ACK", number, header.at(11) or "P", header.at(12) or "2.4"),
    )
    text = " ".join(verdict.text.translate({ord(each): " " for each in _USUAL + "\r\n\x0b\x1c"}).split())
    answer = ("MSA", verdict.ack.value, header.at(10), text[:_LONGEST_TEXT])
    return "".join("|".join(line).rstrip("|") + "\r" for line in (fields, answer)).encode()
