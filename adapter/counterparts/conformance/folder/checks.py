"""What a receipt must say, and the answer inside it as the checks of the ``fhir`` dialect read it. 回执检查。"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from adapter.counterparts.conformance import checks as common
from adapter.counterparts.conformance.answers import resource_of, responses_of, tables
from adapter.counterparts.conformance.checks_sums import SUMS
from adapter.counterparts.conformance.play import Exchange, Finding
from adapter.counterparts.conformance.said import Said
from adapter.counterparts.wire import encode

#: Words of a scenario that ask a statement.
STATEMENTS = frozenset({"day-total", "day-details"})


def inside(said: Said) -> Said:
    """The same step with the answers that receipt or statement hold, in place of the file."""
    file = resource_of(said.last)
    if said.send == "day-details":
        pages = tables(file.get("details")) or [{}]
        return replace(said, exchanges=tuple(replace(said.last, got=encode(page)) for page in pages))
    told = file.get("totals" if said.send == "day-total" else "answer")
    return replace(said, exchanges=(replace(said.last, got=b"" if told is None else encode(told)),))


def answered(now: Said, wanted: str) -> list[Finding]:
    """The file was taken in time, and its receipt is whole, bears the key and says what the step wants."""
    last = now.last
    if wanted in _LOOKS:
        return _LOOKS[wanted](last)
    if last.failure:
        return [Finding(f"没有应答:{last.failure}", f"no answer: {last.failure}")]
    file = resource_of(last)
    if not file:
        return [Finding("文件不是可读的 JSON", "the file is no readable JSON")]
    if now.send not in STATEMENTS | {"inbox"}:
        if now.key and file.get("key") != now.key:
            return [Finding("回执的 key 不是该文件的结算单号", "the receipt's key is not the file's")]
        if file.get("outcome") not in ("accepted", "rejected"):
            return [Finding("outcome 应为 accepted 或 rejected", "outcome is neither accepted nor rejected")]
    return ANSWERS[wanted](now) if wanted else []


def _nothing(last: Exchange) -> list[Finding]:
    """No receipt for what was never laid out."""
    return [] if last.status == "" else [Finding("不应有回执", "there is a receipt, where there should be none")]


def _left(last: Exchange) -> list[Finding]:
    """The file lies there still, and nobody answered it."""
    if last.failure:
        return [Finding(last.failure, last.failure)]
    return [] if last.status == "lies in out" else [Finding("文件不应被取走或回执", "the file was taken or answered")]


def _complete(now: Said) -> list[Finding]:
    found = responses_of(inside(now).last)
    if now.last.status == "accepted" and found and all(one.get("outcome") == "complete" for one in found):
        return []
    return [_unlike("accepted, ClaimResponse outcome=complete", now)]


def _rejected(now: Said) -> list[Finding]:
    """Nothing was done, and the reason stands there in words."""
    if now.last.status == "rejected" and str(resource_of(now.last).get("reason") or "").strip():
        return []
    return [_unlike("rejected with reason", now)]


def _refused(now: Said) -> list[Finding]:
    found = responses_of(inside(now).last)
    told = found and all(one.get("outcome") == "error" and one.get("error") for one in found)
    return [] if now.last.status == "accepted" and told else _rejected(now)


def _stored(now: Said) -> list[Finding]:
    """Taken in; the answer may come later."""
    found = responses_of(inside(now).last)
    fits = now.last.status == "accepted" and all(one.get("outcome") == "complete" for one in found)
    return [] if fits else [_unlike("accepted", now)]


def _holds(kind: str, type_: str = "") -> Callable[[Said], list[Finding]]:
    def check(now: Said) -> list[Finding]:
        if now.send not in STATEMENTS and now.last.status != "accepted":
            return [_unlike(f"accepted, {kind}", now)]
        for exchange in inside(now).exchanges:
            answer = resource_of(exchange)
            if answer.get("resourceType") != kind or answer.get("type", "") != type_:
                return [_unlike(f"{kind} {type_}".rstrip(), now)]
        return []

    return check


#: The word behind ``answer:`` → what it means.
ANSWERS: Mapping[str, Callable[[Said], list[Finding]]] = {
    "complete": _complete,
    "rejected": _rejected,
    "refused": _refused,
    "stored": _stored,
    "year": _holds("CoverageEligibilityResponse"),
    "parameters": _holds("Parameters"),
    "searchset": _holds("Bundle", "searchset"),
}
#: Those of a look without waiting.
_LOOKS: Mapping[str, Callable[[Exchange], list[Finding]]] = {"nothing": _nothing, "left": _left}


def _unlike(wanted: str, now: Said) -> Finding:
    answer = resource_of(inside(now).last)
    outcome = " ".join(str(one.get("outcome", "")) for one in responses_of(inside(now).last))
    words = (now.last.status, str(answer.get("resourceType", "")), str(answer.get("type", "")), outcome)
    got = " ".join(word for word in words if word)
    return Finding(f"应为 {wanted},实为 {got}", f"wanted {wanted}, got {got}")


def nothing_else(now: Said, wanted: str, said: Mapping[str, Said]) -> list[Finding]:
    """``in`` holds no receipt, new since the scenario began, of a file that was not laid out; all have their digest."""
    strays = resource_of(now.last).get("strays")
    return [Finding(f"in 中多出:{strays[0]}", f"in holds besides: {strays[0]}")] if isinstance(strays, list) else []


#: Word → check; those of the ``fhir`` dialect are given what stands inside.
_OWN: Mapping[str, common.Check] = {"nothing_else": nothing_else}
_SHARED: Mapping[str, common.Check] = {
    **{word: check for word, check in common.CHECKS.items() if word not in ("replayed", "entries")},
    **SUMS,
}
CHECKS = (*_OWN, *_SHARED)


def checked(word: str, now: Said, wanted: Any, said: Mapping[str, Said]) -> list[Finding]:
    """What one word of ``expect`` finds."""
    if word in _OWN:
        return _OWN[word](now, wanted, said)
    return _SHARED[word](inside(now), wanted, {name: inside(each) for name, each in said.items()})
