"""What a Subscription asks for, looked at before anything is promised: criteria, address, headers (订阅校验)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from adapter.cases import subscriptions_issues as issues
from adapter.fhir.metadata import SERVED
from adapter.fhir.search.query import CONTROLS, Query, parse
from adapter.fhir.validation import validate
from adapter.model.issues import AdapterError, Issue, stopping

Resource = Mapping[str, Any]
Headers = tuple[tuple[str, str], ...]

#: Conditions of one subscription, and characters of its address, at most.
_MOST, _LONGEST = 50, 2000

#: How a header's value is shown.
HIDDEN = "***"

#: What resources are sent as.
PAYLOADS = {
    "application/fhir+json": "application/fhir+json",
    "application/json": "application/fhir+json",
    "json": "application/fhir+json",
    "application/fhir+xml": "application/fhir+xml",
    "xml": "application/fhir+xml",
}

_HEADER = re.compile(
    r"(?P<name>[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}):[ \t]*(?P<value>[\x21-\x7e][\x20-\x7e]{0,1999})", re.ASCII
)
#: Headers that say how the message travels: ours to set.
_OURS = frozenset(
    {
        *("connection", "content-encoding", "content-length", "content-type", "expect", "host", "idempotency-key"),
        *("keep-alive", "te", "trailer", "transfer-encoding", "upgrade"),
    }
)
_URL = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?", re.ASCII)
_UP = re.compile(r"(^|/)(\.|%2e){1,2}(/|$)|%2f|%5c|//", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}


def check(resource: Resource, addresses: Sequence[str], before: Headers, now: datetime) -> None:
    """Refuse what cannot be kept.

    Args:
        before: headers that the subscription had; a hidden value stands for the one of the same name.

    Raises:
        AdapterError: FHIR-1xx for its structure, FHIR-201 to -209 for its criteria, CASE-460 to CASE-464, CASE-466.
    """
    if found := stopping(validate([resource])):
        raise AdapterError(*found)
    channel = resource["channel"]
    wrong: list[Issue] = []
    if channel["type"] != "rest-hook":
        wrong.append(issues.channel_unknown())
    elif not allowed(channel.get("endpoint", ""), addresses):
        wrong.append(issues.address_refused())
    if "payload" in channel and channel["payload"].partition(";")[0].strip() not in PAYLOADS:
        wrong.append(issues.payload_unknown())
    wrong += _wrong_headers(channel.get("header", ()), before)
    if has_ended(resource, now):
        wrong.append(issues.is_over())
    try:
        query_of(resource["criteria"])
    except AdapterError as error:
        wrong += error.issues
    if wrong:
        raise AdapterError(*wrong)


def has_ended(resource: Resource, now: datetime) -> bool:
    """Whether the moment of ``end`` has come; one that no calendar has is no later moment either."""
    if "end" not in resource:
        return False
    try:
        return datetime.fromisoformat(resource["end"]) <= now
    except ValueError:
        return True


@lru_cache(maxsize=256)
def query_of(criteria: str) -> Query:
    """Criteria as a search. Raises AdapterError CASE-464 and FHIR-201 to -209."""
    kind, _, asked = criteria.partition("?")
    pairs = parse_qsl(asked, keep_blank_values=True)
    ours = kind in SERVED and kind != "Subscription"
    unusable = any(name in CONTROLS or not value for name, value in pairs)  # without a value it would match everything
    if not ours or (asked and not pairs) or len(pairs) > _MOST or unusable:
        raise AdapterError(issues.criteria_unusable())
    return parse(kind, pairs)


def understood(criteria: str) -> bool:
    """Whether kept criteria are still a search: another version of this program took what this one refuses."""
    try:
        query_of(criteria)
    except AdapterError:
        return False
    return True


def headers_of(lines: Iterable[str], before: Headers) -> Headers:
    """Names and values of headers that were checked; hidden values are those that were known."""
    known = dict(before)
    found = [_read(line) for line in lines]
    return tuple((name, known.get(name, "") if value == HIDDEN else value) for name, value in found)


def hidden(headers: Headers) -> list[str]:
    """Headers as they are shown."""
    return [f"{name}: {HIDDEN}" for name, _ in headers]


def allowed(url: str, addresses: Iterable[str]) -> bool:
    """Whether an address is one that may be told: it begins with one of these, up to a whole part of its path."""
    if len(url) > _LONGEST or _URL.fullmatch(url) is None or _UP.search(url.partition("://")[2].partition("/")[2]):
        return False
    try:
        wanted = _split(url)
        return any(_within(wanted, _split(each)) for each in addresses)
    except ValueError:
        return False


def _split(url: str) -> tuple[str, str, int | None, str]:
    parts: SplitResult = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme), parts.path


def _within(wanted: tuple[str, str, int | None, str], given: tuple[str, str, int | None, str]) -> bool:
    beginning = given[3].rstrip("/")
    return wanted[:3] == given[:3] and (wanted[3].rstrip("/") == beginning or wanted[3].startswith(f"{beginning}/"))


def _wrong_headers(lines: Sequence[str], before: Headers) -> list[Issue]:
    known, wrong, taken = dict(before), [], set(_OURS)
    for number, line in enumerate(lines):
        found = _HEADER.fullmatch(line)
        if found is None or found["name"].lower() in taken or (found["value"] == HIDDEN and found["name"] not in known):
            wrong.append(issues.header_refused(number))
        else:
            taken.add(found["name"].lower())
    return wrong


def _read(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.strip()
