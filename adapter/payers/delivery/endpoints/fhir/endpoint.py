"""How the ``fhir`` dialect travels: HTTP out, receipts back (docs/wire-fhir.md, conventions and sections 2 to 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from adapter.fhir import answers
from adapter.fhir.canonical import decode, reread
from adapter.fhir.identity import system
from adapter.model.call import CallFacts
from adapter.model.dates import Clock
from adapter.model.issues import AdapterError, Issue, Severity
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Remittance, Stage
from adapter.payers.delivery import issues
from adapter.payers.delivery.endpoint import Done, EndpointConfig, Exchange, OurSide, Statement
from adapter.payers.delivery.endpoints.fhir.definitions import (
    DAY_DETAILS,
    DAY_TOTAL,
    LOOK_UP,
    OPERATIONS,
    SEARCHED,
    Verdict,
    verdict,
)
from adapter.payers.delivery.endpoints.fhir.dialogue import next_message
from adapter.payers.delivery.endpoints.fhir.outcome import outcome_issues
from adapter.payers.delivery.http import Answered, Bearer, NoAnswer, NotSent, Wire
from adapter.payers.delivery.oauth_issues import not_let_in

#: The payer refuses, or does not cover the person: nothing was done, and no retry helps.
_REFUSALS = frozenset({"FHIR-160", "FHIR-166"})
#: The payer holds more than one answer to the claim: something was done, and only a person can say what stands.
_COUNTED_TWICE = "FHIR-155"
#: A server may answer a search with what it found for the same one before; a look must see what is there now.
_ANEW = {"Cache-Control": "no-cache"}


class FhirEndpoint:
    """A counterpart that speaks FHIR R4."""

    #: The Claim carries the stay and its lines: nothing need be said before it.
    stages: tuple[Stage, ...] = ()

    def __init__(self, config: EndpointConfig, clock: Clock, bearer: Bearer | None = None) -> None:
        self.config = config
        self._clock = clock
        self._searched = SEARCHED[config.look_up]
        self._wire = Wire(config.base_url, timeout=config.timeout, token=config.token, tls=config.tls, bearer=bearer)

    def close(self) -> None:
        """Give the connections back."""
        self._wire.close()

    def next(
        self,
        stage: Stage,
        facts: CallFacts,
        so_far: Sequence[Exchange],
        at: datetime,
        *,
        before: Sequence[Exchange] = (),
    ) -> OutboundMessage | Done:
        """The next message of a stage. Raises AdapterError DEL-503 for a test profile at a real endpoint."""
        if facts.test_profile and not self.config.simulator:
            raise AdapterError(issues.test_profile_refused(self.config.name))
        return next_message(self.config, stage, facts, so_far, at)

    def deliver(self, message: OutboundMessage) -> Receipt:
        """Send it once, or ask what a stored transaction has become."""
        if message.operation == "ask-answer":
            return self._ask(message.key.removesuffix(".answer"), message, nothing=Outcome.UNKNOWN)
        said = OPERATIONS[message.operation]
        answered = self._wire.request(said.method, said.path, body=message.composed, content_type=message.content_type)
        return self._receipt(message, answered)

    def lookup(self, message: OutboundMessage) -> Receipt:
        """What became of it (section 4). An empty answer is NOT_SEEN; the caller minds the longest delay."""
        return self._ask(message.key, message, nothing=Outcome.NOT_SEEN)

    def remittance(self, day: date, facility: str) -> Remittance:
        """Totals and details of a day (section 7). Raises AdapterError DEL-504 and what the answers lack."""
        totals = self._fetch(DAY_TOTAL.path, {"date": day.isoformat(), "provider": facility}, day)
        requestor = {"created": day.isoformat(), self._searched[1]: f"{system('facility')}|{facility}"}
        details = list(self._pages(DAY_DETAILS.path, requestor, day))
        return answers.remittance_from(totals, details, endpoint=self.config.name, day=day)

    def statement(self, day: date, facility: str, ours: OurSide) -> Statement:
        """The statement lists by itself. Raises AdapterError as ``remittance``."""
        return Statement(self.remittance(day, facility))

    def _ask(self, key: str, message: OutboundMessage, *, nothing: Outcome) -> Receipt:
        asked = {self._searched[0]: f"{system('claim')}|{key}"}
        found = self._wire.request(LOOK_UP.method, LOOK_UP.path, params=asked, more=_ANEW)
        if isinstance(found, NoAnswer):
            return Receipt(Outcome.UNKNOWN, self._clock.now())
        if isinstance(found, NotSent):
            return self._not_told(found, found.issues)
        if found.status != 200:
            told = _shut_out(message.key, found)
            return self._not_told(found, told)

        def read(body: Any) -> Receipt:
            if answers.is_empty(body):
                return Receipt(nothing, self._clock.now(), body=found.body, retry_after=1)
            return self._accepted(message, key, _standing(body), found.body)

        return self._read(message, found.body, read)

    def _receipt(self, message: OutboundMessage, answered: Answered | NotSent | NoAnswer) -> Receipt:
        now = self._clock.now()
        if isinstance(answered, NotSent):
            return replace(self._not_told(answered, answered.issues), outcome=Outcome.NOT_SEEN, sent=False)
        if isinstance(answered, NoAnswer):
            return Receipt(Outcome.UNKNOWN, now)
        if told := _shut_out(message.key, answered):
            told = (*told, *outcome_issues(answered.body, message.key))
            return Receipt(Outcome.NOT_SEEN, now, body=answered.body, issues=told, sent=False)
        says = verdict(answered.status)
        if says is Verdict.TELLS_NOTHING:
            odd = outcome_issues(answered.body, message.key, highest=Severity.WARNING)
            return replace(self._not_told(answered, odd), body=answered.body)
        if says is Verdict.REFUSED:
            reason = issues.rejected(message.key, answered.status, _diagnostics(answered.body))
            told = (reason, *outcome_issues(answered.body, message.key))
            return Receipt(Outcome.REJECTED, now, body=answered.body, issues=told)
        return self._read(
            message, answered.body, lambda body: self._accepted(message, message.key, body, answered.body)
        )

    def _not_told(self, answered: Answered | NotSent, why: tuple[Issue, ...]) -> Receipt:
        """Nothing is known by it but when to come back."""
        now, again, alone = self._clock.now(), answered.retry_after, answered.leave_alone
        return Receipt(Outcome.UNKNOWN, now, issues=why, retry_after=again, leave_alone=alone)

    def _read(self, message: OutboundMessage, raw: bytes, read: Callable[[Any], Receipt]) -> Receipt:
        """An answer that cannot be read tells nothing; one that a payer refuses with is a rejection."""
        try:
            return read(decode(raw))
        except AdapterError as error:
            codes = {issue.code for issue in error.issues}
            if codes & _REFUSALS:
                return Receipt(Outcome.REJECTED, self._clock.now(), body=raw, issues=error.issues)
            if _COUNTED_TWICE in codes:
                told = (issues.counted_twice(message.key), *error.issues)
                return Receipt(Outcome.UNKNOWN, self._clock.now(), body=raw, issues=told)
            unread = issues.unreadable(message.key, ", ".join(sorted(codes)))
            return Receipt(Outcome.UNKNOWN, self._clock.now(), body=raw, issues=(unread, *error.issues))

    def _accepted(self, message: OutboundMessage, key: str, body: Any, raw: bytes) -> Receipt:
        now = self._clock.now()
        if message.stage is Stage.ELIGIBILITY:
            accrued = answers.year_to_date_from(body, asked_at=now, excludes_case=message.case_id)
            return Receipt(Outcome.ACCEPTED, now, accrued=accrued, body=raw)
        stored = message.operation == "transaction" and body.get("type") == "transaction-response"
        if stored or not message.payers:
            return Receipt(Outcome.ACCEPTED, now, body=raw)
        sent = reread(message.composed) if message.operation == "claim-submit" else None
        given = answers.answers_from(body, message.payers, key=key, sent=sent)
        return Receipt(Outcome.ACCEPTED, now, reference=given[0].reference, answers=given, body=raw)

    def _pages(self, path: str, params: dict[str, str], day: date) -> Iterator[Any]:
        page = self._fetch(path, params, day)
        yield page
        seen: set[str] = set()
        while (following := answers.next_page(page)) and following not in seen:
            seen.add(following)
            link = urlsplit(following)
            page = self._fetch(self._below(link.path, path), dict(parse_qsl(link.query)), day)
            yield page

    def _below(self, address: str, first: str) -> str:
        """A page's path under our base; the first page's, where a server gives itself another address than ours."""
        base = urlsplit(self.config.base_url).path.rstrip("/")
        return address.removeprefix(base) if address == base or address.startswith(f"{base}/") else first

    def _fetch(self, path: str, params: dict[str, str], day: date) -> Any:
        answered = self._wire.request("GET", path, params=params, more=_ANEW)
        if isinstance(answered, Answered) and answered.status == 200:
            return decode(answered.body)
        reason = f"HTTP {answered.status}" if isinstance(answered, Answered) else answered.reason
        why = answered.issues if isinstance(answered, NotSent) else ()
        raise AdapterError(issues.no_statement(self.config.name, day.isoformat(), reason), *why)


def _shut_out(key: str, answered: Answered) -> tuple[Issue, ...]:
    """What to say where we were not let in (RFC 6750, 3.1): the message was not looked at."""
    challenge = answered.headers.get("www-authenticate", "")
    if verdict(answered.status, challenge) is Verdict.SHUT_OUT:
        return (not_let_in(key, answered.status, challenge.partition(" ")[0][:20]),)
    return ()


def _standing(found: Any) -> Any:
    """A look-up's result without what the payer has cancelled, unless that is all there is (the answer to a reversal).

    A payer that counted twice and withdrew one of them goes on listing both.
    """
    entries = found.get("entry") if isinstance(found, dict) else None
    if not isinstance(entries, list):
        return found
    standing = [each for each in entries if not _cancelled(each)]
    return {**found, "entry": standing} if standing else found


def _cancelled(entry: Any) -> bool:
    resource = entry.get("resource") if isinstance(entry, dict) else None
    return isinstance(resource, dict) and resource.get("status") == "cancelled"


def _diagnostics(body: bytes) -> str:
    """The payer's reason in its own words, at most 200 characters."""
    try:
        outcome = decode(body)
        texts = [
            str(each.get("diagnostics") or each.get("details", {}).get("text") or each.get("code", ""))
            for each in outcome.get("issue", ())
        ]
    except (AdapterError, AttributeError):
        return "—"
    return "; ".join(text for text in texts if text)[:200] or "—"
