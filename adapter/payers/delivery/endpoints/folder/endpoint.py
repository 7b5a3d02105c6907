"""What the files mean: laid out, taken, answered (docs/wire-folder.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from adapter.fhir import answers
from adapter.fhir.canonical import decode, encode
from adapter.model.call import CallFacts
from adapter.model.dates import Clock
from adapter.model.issues import AdapterError, Issue
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Remittance, Stage
from adapter.payers.delivery import issues as common
from adapter.payers.delivery.endpoint import Done, EndpointConfig, Exchange, OurSide, Statement
from adapter.payers.delivery.endpoints.fhir.dialogue import next_message
from adapter.payers.delivery.endpoints.folder import issues
from adapter.payers.delivery.endpoints.folder.exchange import Exchange as Files
from adapter.payers.delivery.endpoints.folder.exchange import Torn, receipt_name, statement_name

#: The payer refuses, or does not cover the person: nothing was done, and no retry helps.
_REFUSALS = frozenset({"FHIR-160", "FHIR-166"})
_COUNTED_TWICE = "FHIR-155"


class FolderEndpoint:
    """A counterpart that is reached by files only. What it is told is what the ``fhir`` dialect says."""

    #: The Claim carries the stay and its lines: nothing need be said before it.
    stages: tuple[Stage, ...] = ()

    def __init__(self, config: EndpointConfig, clock: Clock, *, collect_seconds: int = 3600) -> None:
        """``config.base_url`` is the folder; it is looked into again every ``collect_seconds``."""
        self.config = config
        self._clock, self._collect_seconds = clock, collect_seconds
        self._files = Files(Path(config.base_url))

    def close(self) -> None:
        """Nothing is held open."""

    def next(
        self,
        stage: Stage,
        facts: CallFacts,
        so_far: Sequence[Exchange],
        at: datetime,
        *,
        before: Sequence[Exchange] = (),
    ) -> OutboundMessage | Done:
        """The next message of a stage. Raises AdapterError DEL-503 for a test profile at a real counterpart."""
        if facts.test_profile and not self.config.simulator:
            raise AdapterError(common.test_profile_refused(self.config.name))
        return next_message(self.config, stage, facts, so_far, at)

    def deliver(self, message: OutboundMessage) -> Receipt:
        """Lay it out, unless it ever was; then whatever its receipt says."""
        if message.operation == "ask-answer":
            return self._told(message, message.key.removesuffix(".answer"))
        found = self.lookup(message)
        if found.outcome is not Outcome.NOT_SEEN:
            return found
        try:
            self._files.hand_out(message.key, message.composed)
        except OSError as error:
            return self._unsure(Outcome.UNKNOWN, issues.not_written(message.key, type(error).__name__))
        return replace(self._told(message, message.key), sent=True)

    def lookup(self, message: OutboundMessage) -> Receipt:
        """Its receipt, else where its file is. NOT_SEEN: it was never laid out; a folder that is gone proves nothing.

        The folder itself is never made: below a share that is gone it would be another one.
        """
        try:
            self._files.reach()
            self._files.confirm(message.key)
            known, begun = self._files.was_out(message.key), self._files.began(message.key)
        except OSError as error:
            return self._unsure(Outcome.UNKNOWN, issues.not_written(message.key, type(error).__name__))
        told = self._told(message, message.key)
        if known or told.outcome is not Outcome.UNKNOWN or told.issues:
            return told
        if begun and message.effect:  # a question may be laid out again: asked twice, it is answered once more
            return Receipt(Outcome.UNKNOWN, self._clock.now(), issues=(issues.interrupted(message.key),), sent=False)
        return self._unsure(Outcome.NOT_SEEN)

    def remittance(self, day: date, facility: str) -> Remittance:
        """The counterpart's statement file of a day. Raises AdapterError DEL-504, DEL-601 and what it lacks."""
        name = statement_name(facility, day)
        try:
            found = self._files.answer(name)
        except Torn as error:
            raise AdapterError(issues.torn(name, str(error))) from error
        except OSError as error:
            why = type(error).__name__
            raise AdapterError(common.no_statement(self.config.name, day.isoformat(), why)) from error
        if found is None or "totals" not in found or not isinstance(found.get("details"), list):
            raise AdapterError(common.no_statement(self.config.name, day.isoformat(), name))
        return answers.remittance_from(found["totals"], found["details"], endpoint=self.config.name, day=day)

    def statement(self, day: date, facility: str, ours: OurSide) -> Statement:
        """The statement lists by itself. Raises AdapterError as ``remittance``."""
        return Statement(self.remittance(day, facility))

    # -- receipts ------------------------------------------------------------------------------------------------------

    def _told(self, message: OutboundMessage, key: str) -> Receipt:
        """What the receipt of a key says; UNKNOWN while there is none."""
        try:
            found = self._files.answer(receipt_name(key))
        except Torn as error:
            return self._unsure(Outcome.UNKNOWN, issues.torn(message.key, str(error)))
        except OSError as error:
            return self._unsure(Outcome.UNKNOWN, issues.not_written(message.key, type(error).__name__))
        if found is None:
            return self._unsure(Outcome.UNKNOWN)
        if found.get("key") != key or found.get("outcome") not in ("accepted", "rejected"):
            return self._unsure(Outcome.UNKNOWN, issues.torn(message.key, "key, outcome"))
        if found["outcome"] == "rejected":
            why = (issues.refused(message.key, str(found.get("reason") or "—")[:200]),)
            return Receipt(Outcome.REJECTED, self._clock.now(), body=encode(found), issues=why, sent=False)
        return self._read(message, key, found)

    def _read(self, message: OutboundMessage, key: str, found: Mapping[str, Any]) -> Receipt:
        """An answer that cannot be read tells nothing; one that refuses is a refusal."""
        raw = encode(found)
        try:
            return replace(self._accepted(message, key, found.get("answer"), raw), sent=False)
        except AdapterError as error:
            codes = {issue.code for issue in error.issues}
            if codes & _REFUSALS:
                return Receipt(Outcome.REJECTED, self._clock.now(), body=raw, issues=error.issues, sent=False)
            twice = _COUNTED_TWICE in codes
            first = common.counted_twice(message.key) if twice else issues.torn(message.key, ", ".join(sorted(codes)))
            return replace(self._unsure(Outcome.UNKNOWN, first, *error.issues), body=raw)

    def _accepted(self, message: OutboundMessage, key: str, answer: Any, raw: bytes) -> Receipt:
        now = self._clock.now()
        if message.stage is Stage.ELIGIBILITY:
            accrued = answers.year_to_date_from(answer, asked_at=now, excludes_case=message.case_id)
            return Receipt(Outcome.ACCEPTED, now, accrued=accrued, body=raw)
        if not message.payers or (answer is None and message.operation == "transaction"):
            return Receipt(Outcome.ACCEPTED, now, body=raw)
        if answer is None and message.operation == "ask-answer":
            return self._unsure(Outcome.UNKNOWN)  # taken in, not adjudicated yet
        sent = decode(message.composed) if message.operation == "claim-submit" else None
        given = answers.answers_from(answer, message.payers, key=key, sent=sent)
        return Receipt(Outcome.ACCEPTED, now, reference=given[0].reference, answers=given, body=raw)

    def _unsure(self, outcome: Outcome, *why: Issue) -> Receipt:
        """Nothing is proven, or nothing was sent: the folder is looked into again later."""
        return Receipt(outcome, self._clock.now(), issues=why, retry_after=self._collect_seconds, sent=False)
