"""Counterparts behind a folder that lie, or have bad habits: each differs from a good one in one thing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from adapter.counterparts.folder.bad_days import MoodyReceiver
from adapter.counterparts.wire import encode
from tests.support.conform_folder import Change

Body = dict[str, Any]
_FEN = Decimal("0.01")


def _answers(content: Body) -> list[Body]:
    """The ClaimResponses of a receipt."""
    answer = content.get("answer") or {}
    return (
        [answer] if answer.get("resourceType") == "ClaimResponse" else [e["resource"] for e in answer.get("entry", [])]
    )


def _a_fen_more(name: str, content: Body) -> None:
    for one in _answers(content) if ".settle" in content.get("key", "") else ():
        if one.get("payment", {}).get("amount", {}).get("value"):
            one["payment"]["amount"]["value"] += _FEN


def _trial_differs(name: str, content: Body) -> None:
    for one in _answers(content) if ".trial" in content.get("key", "") else ():
        for amount in (one["payment"]["amount"], one["total"][-1]["amount"]):
            amount["value"] += _FEN


def _positive(name: str, content: Body) -> None:
    for one in _answers(content) if "reverse" in content.get("key", "") else ():
        for amount in [one["payment"]["amount"]] + [row["amount"] for row in one.get("total", [])]:
            amount["value"] = abs(amount["value"])


def _no_reason(name: str, content: Body) -> None:
    content.pop("reason", None)
    for one in _answers(content):
        one.pop("error", None)


def _all_accepted(name: str, content: Body) -> None:
    if "outcome" in content:
        content["outcome"] = "accepted"
    for one in _answers(content):
        one["outcome"] = "complete"


def _another_key(name: str, content: Body) -> None:
    if content.get("key"):
        content["key"] = f"{content['key']}.x"


def _no_number(name: str, content: Body) -> None:
    for one in _answers(content):
        one.pop("identifier", None)


def _line_off(name: str, content: Body) -> None:
    for one in _answers(content) if content.get("key", "").endswith(".settle") else ():
        for item in one.get("item", []):
            item["adjudication"][-1]["amount"]["value"] += _FEN


def _frozen_year(name: str, content: Body) -> None:
    for row in (content.get("answer") or {}).get("insurance", []) if ".eligibility" in content.get("key", "") else ():
        row.pop("item", None)


def _nobody_covered(name: str, content: Body) -> None:
    for row in (content.get("answer") or {}).get("insurance", []) if ".eligibility" in content.get("key", "") else ():
        row["inforce"] = False


def _frozen_day(name: str, content: Body) -> None:
    if "totals" in content:
        content["totals"]["parameter"][0]["valueInteger"] = 1


def _half_a_day(name: str, content: Body) -> None:
    if "details" in content:
        content["details"][0]["entry"] = content["details"][0]["entry"][:1]


#: Receipts and statements that say what is not so.
TOLD: dict[str, Change] = {
    "pays a fen more than it says": _a_fen_more,
    "tries a fen more": _trial_differs,
    "reversal is positive": _positive,
    "refusals give no reason": _no_reason,
    "refusals are accepted": _all_accepted,
    "receipts bear another key": _another_key,
    "no settlement id": _no_number,
    "lines do not add up": _line_off,
    "year stands still": _frozen_year,
    "nobody is covered": _nobody_covered,
    "day stands still": _frozen_day,
    "statement lists one only": _half_a_day,
}


@dataclass(frozen=True)
class ReadsAnything(MoodyReceiver):
    """Looks at no digest."""

    def _whole(self) -> Iterator[tuple[Path, bytes]]:
        for file in sorted((self.root / "out").glob("*.json")):
            if len(file.stem) == 40:
                yield file, file.read_bytes()


@dataclass(frozen=True)
class NeedsNoDigest(MoodyReceiver):
    """Takes a file that has no digest beside it."""

    def _whole(self) -> Iterator[tuple[Path, bytes]]:
        for file in sorted((self.root / "out").glob("[0-9a-f]*.json")):
            if not file.with_name(f"{file.name}.sha256").exists():
                yield file, file.read_bytes()
        yield from super()._whole()


@dataclass(frozen=True)
class ThrowsAway(MoodyReceiver):
    """Clears away what it does not take."""

    def collect(self) -> int:
        number = super().collect()
        for file in list((self.root / "out").iterdir()):
            file.unlink()
        return number


@dataclass(frozen=True)
class TakesOthers(MoodyReceiver):
    """Takes whatever ends in .json."""

    def _whole(self) -> Iterator[tuple[Path, bytes]]:
        yield from super()._whole()
        for file in sorted((self.root / "out").glob("*.json")):
            if len(file.stem) != 40:
                yield file, file.read_bytes()


@dataclass(frozen=True)
class ActsAgain(MoodyReceiver):
    """Acts on a second file of a name, as if the first had never come: its desk minds the key, its receipts do not."""

    def _take(self, file: Path) -> bool:
        (self.root / "taken" / file.name).unlink(missing_ok=True)
        return super()._take(file)


@dataclass(frozen=True)
class LeavesSeconds(MoodyReceiver):
    """Leaves a second file of a name where it lies."""

    def _take(self, file: Path) -> bool:
        return not (self.root / "taken" / file.name).exists() and super()._take(file)


@dataclass(frozen=True)
class OneARound(MoodyReceiver):
    """Answers the first file of a round and forgets the others that it took with it."""

    def _whole(self) -> Iterator[tuple[Path, bytes]]:
        first, *others = list(super()._whole()) or [None]
        yield from [first] if first else []
        for file, _ in filter(None, others):
            self._take(file)


@dataclass(frozen=True)
class SaysMore(MoodyReceiver):
    """Lays a second receipt down beside each, for a file that nobody laid out."""

    def _lay(self, name: str, body: bytes) -> None:
        super()._lay(name, body)
        super()._lay(f"{sha256(name.encode()).hexdigest()[:40]}.receipt.json", body)


@dataclass(frozen=True)
class BareNotes(MoodyReceiver):
    """Lays notes of its own down, without a digest."""

    def _lay(self, name: str, body: bytes) -> None:
        super()._lay(name, body)
        (self.root / "in" / "备注.txt").write_text("x", "utf-8")


@dataclass(frozen=True)
class SwallowsOdd(MoodyReceiver):
    """Says that what it cannot read went well."""

    def _answered(self, body: bytes) -> dict[str, Any]:
        told = super()._answered(body)
        return told if told["key"] else {"key": "", "outcome": "accepted"}


@dataclass(frozen=True)
class SpeaksLatin(MoodyReceiver):
    """Writes receipts in another encoding than UTF-8, with the right digest."""

    def _lay(self, name: str, body: bytes) -> None:
        text = json.dumps(json.loads(encode({"text": "回执"})), ensure_ascii=False)
        super()._lay(name, text.encode("gb18030") + body if name.endswith(".receipt.json") else body)


#: Habits in handling files.
HABITS: dict[str, type[MoodyReceiver]] = {
    "looks at no digest": ReadsAnything,
    "needs no digest": NeedsNoDigest,
    "throws away what it does not take": ThrowsAway,
    "takes files of others": TakesOthers,
    "acts on a name again": ActsAgain,
    "leaves a second file lying": LeavesSeconds,
    "answers one file a round": OneARound,
    "lays more receipts down": SaysMore,
    "lays notes down without digest": BareNotes,
    "accepts what it cannot read": SwallowsOdd,
    "writes receipts in GB 18030": SpeaksLatin,
}
