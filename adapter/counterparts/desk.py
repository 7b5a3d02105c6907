"""What a counterpart does with a request: settle, try, reverse, look up, tell the year, tell the day. 经办窗口。

Every operation is one transaction of the store. An answer that counts is kept byte for byte before it is sent.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from adapter.counterparts import answers, least
from adapter.counterparts.assess import Assessor, Outcome, Problem
from adapter.counterparts.request import Entries, Submission, excluded_case, read_submission
from adapter.counterparts.store import SETTLED, Kept, Store
from adapter.counterparts.wire import CLAIM_KEY, FACILITY, Refusal, Reply, Resource, decode, searchset
from adapter.model.dates import HOSPITAL_ZONE, local_day

PAGE = 50
REPLAYED: Mapping[str, str] = {"X-Replayed": "true"}


@dataclass(frozen=True)
class Desk:
    """One counterpart at work.

    Attributes:
        ignore_keys: count every submission, as many real receivers do.
        claim_clock: record under the claim's settlement date instead of today.
        by_transaction: settlements arrive as a transaction Bundle and are answered through the look-up.
        max_entries: a transaction of more entries is refused; None: any number is taken.
    """

    role: str
    store: Store
    assessor: Assessor
    ignore_keys: bool = False
    claim_clock: bool = True
    by_transaction: bool = False
    max_entries: int | None = None
    seconds: Callable[[], float] = time.time

    # -- Claim/$submit --------------------------------------------------------------------------------------------

    def submit(self, body: bytes) -> Reply:
        """``POST Claim/$submit``: a settlement, a trial or a reversal."""
        bundle = decode(body)
        claim = read_submission(bundle)
        with self.store.transaction():
            self.watch(bundle)
            if claim.trial:
                return self._try(claim)
            if claim.settles is not None:
                return self._reverse(claim, claim.settles)
            if self.by_transaction:
                raise Refusal(422, "not-supported", "settlements are sent here as a transaction")
            return self._settle(claim)

    def _settle(self, claim: Submission) -> Reply:
        known = self.known(claim, "settle")
        if known is not None:
            return Reply(known.reply, headers=REPLAYED)
        try:
            kept = self.record(claim)
        except Problem as problem:
            return Reply.of(answers.refused(claim, problem, self.assessor.seed, created=self._today()))
        return Reply(kept.reply)

    def _try(self, claim: Submission) -> Reply:
        """预结算: computed from what stands now, nothing kept."""
        self.store.count("trials")
        seed = self.assessor.seed
        try:
            outcome = self._assess(claim)
        except Problem as problem:
            return Reply.of(answers.refused(claim, problem, seed, created=self._today()))
        stem = f"TRIAL-{claim.digest[:8]}"
        created = self._created(self._recorded_on(outcome.settled_on))
        return Reply(answers.together(answers.settled(claim, outcome, seed, stem=stem, created=created)))

    def _reverse(self, claim: Submission, settled_key: str) -> Reply:
        known = self.known(claim, "reverse")
        if known is not None:
            return Reply(known.reply, headers=REPLAYED)
        originals = [row for row in self.store.by_key(settled_key) if row.kind == "settle"]
        if not originals:
            raise Refusal(404, "not-found", "no settlement has that claim key")
        standing = [row for row in originals if row.status == SETTLED]
        try:
            self.assessor.reverse()
            original = self._reversible(standing, claim)
        except Problem as problem:
            return Reply.of(answers.refused(claim, problem, self.assessor.seed, created=self._today()))
        seq = self.store.next_seq()
        stem = self._stem(original.year, seq)
        created = self._created(date.fromisoformat(original.recorded_on))
        opposite = tuple(answers.reversed_(claim, original, self.assessor.seed, stem=stem, created=created))
        kept = replace(
            original,
            seq=seq,
            key=claim.key,
            kind="reverse",
            digest=claim.digest,
            status=SETTLED,
            at=self.seconds(),
            asked=0,
            reply=answers.together(opposite),
            answers=opposite,
        )
        self.store.mark_reversed(original.seq)
        self.store.keep(kept, {})
        return Reply(kept.reply)

    def _reversible(self, standing: list[Kept], claim: Submission) -> Kept:
        """The settlement to undo: the latest that stands under the key."""
        if not standing:
            raise Problem("already-reversed", "the settlement was reversed before 该结算已冲销")
        original = standing[-1]
        seed = self.assessor.seed
        if claim.total != original.total:
            raise Refusal(422, "invariant", "Claim.total is not the total of the settlement")
        if seed.closed_through and original.settled_on <= seed.closed_through.isoformat():
            raise Problem("period-closed", f"settlements up to {seed.closed_through} are closed 结算期已关账")
        later = [row for row in self.store.standing(original.subscriber, original.year) if row.seq > original.seq]
        if seed.refuse_if_later and later:
            raise Problem("later-settlement", "a later settlement of this person and year depends on it 存在后续结算")
        return original

    # -- what settling and an aid transaction share ---------------------------------------------------------------

    def known(self, claim: Submission, kind: str) -> Kept | None:
        """What is kept under the claim's key; None when it is new or keys are ignored here.

        Raises:
            Refusal: 409, the key is known with other content.
        """
        found = [row for row in self.store.by_key(claim.key) if row.kind == kind]
        if not found:
            return None
        self.store.count("repeats", claim.key)
        if self.ignore_keys:
            return None
        if found[0].digest != claim.digest:
            raise Refusal(409, "conflict", "the claim key is known with other content")
        return found[0]

    def record(self, claim: Submission) -> Kept:
        """Adjudicate and keep. Raises Problem when the claim cannot be adjudicated; nothing is kept then."""
        outcome = self._assess(claim)
        seq = self.store.next_seq()
        recorded_on = self._recorded_on(outcome.settled_on)
        given = tuple(
            answers.settled(
                claim,
                outcome,
                self.assessor.seed,
                stem=self._stem(outcome.settled_on.year, seq),
                created=self._created(recorded_on),
            )
        )
        kept = Kept(
            seq=seq,
            key=claim.key,
            kind="settle",
            digest=claim.digest,
            case=claim.case,
            subscriber=outcome.person,
            year=outcome.settled_on.year,
            settled_on=outcome.settled_on.isoformat(),
            recorded_on=recorded_on.isoformat(),
            facility=claim.facility,
            total=claim.total,
            status=SETTLED,
            at=self.seconds(),
            asked=0,
            reply=answers.together(given),
            answers=given,
        )
        self.store.keep(kept, outcome.accruals)
        return kept

    def watch(self, bundle: Any) -> None:
        """Count data that should not have been sent here."""
        for breach in least.breaches(self.role, bundle):
            self.store.count("breaches", breach)

    # -- questions ------------------------------------------------------------------------------------------------

    def lookup(self, identifier: str) -> Reply:
        """``GET ClaimResponse?request:identifier=<system>|<claim key>``: everything that counts under the key."""
        system, _, key = identifier.partition("|")
        if system != CLAIM_KEY or not key:
            raise Refusal(400, "invalid", "request:identifier is <claim-key system>|<claim key>")
        found: list[Resource] = []
        with self.store.transaction():
            for row in self.store.by_key(key):
                self.store.asked(row.seq)
                if row.kind == "reverse" or self._adjudicated(row):
                    found += answers.listed(row)
        return Reply.of(searchset(found))

    def eligibility(self, body: bytes) -> Reply:
        """``POST CoverageEligibilityRequest/$submit``: the person's year so far."""
        bundle = decode(body)
        entries = Entries(bundle)
        request = entries.only("CoverageEligibilityRequest")
        try:
            on = date.fromisoformat(request["servicedDate"][:10])
            coverage = entries.at(request["insurance"][0]["coverage"])
            without = excluded_case(request)
            request["patient"], request["insurer"]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise Refusal(422, "required", f"CoverageEligibilityRequest cannot be read: {error}") from error
        subscriber = coverage.get("subscriberId") if coverage else None
        with self.store.transaction():
            self.watch(bundle)
            used = self.used(subscriber or "", on.year, without_case=without)
        answer = answers.eligibility(
            request,
            in_force=self.assessor.insured(subscriber, on) is not None,
            used=used,
            payers=[mine.payer for mine in self.assessor.payers_from(on)],
            created=self._created(on if self.claim_clock else local_day(self._now())),
        )
        return Reply.of(answer)

    def day_total(self, day: str, facility: str) -> Reply:
        """``GET Claim/$day-total?date=…&provider=<facility code>``."""
        with self.store.transaction():
            kept = self.store.recorded_on(_day(day), f"{FACILITY}|{facility}")
        return Reply.of(answers.day_total(kept))

    def day_details(self, day: str, requestor: str, *, offset: int, size: int, address: str) -> Reply:
        """``GET ClaimResponse?created=…&requestor:identifier=…``, a page at a time."""
        with self.store.transaction():
            kept = self.store.recorded_on(_day(day), requestor)
        found = [resource for row in kept for resource in answers.listed(row)]
        further = offset + size < len(found)
        following = f"{address}&_offset={offset + size}&_count={size}" if further else None
        return Reply.of(searchset(found[offset : offset + size], total=len(found), next_url=following))

    def used(self, subscriber: str, year: int, *, without_case: str | None = None) -> dict[str, Decimal]:
        """A person's year: what the seed says was used elsewhere, and what stands here."""
        sums = dict(self.assessor.seed.used(subscriber, year))
        for name, amount in self.store.accrued(subscriber, year, without_case=without_case).items():
            sums[name] = sums.get(name, Decimal(0)) + amount
        return sums

    # -- small things ---------------------------------------------------------------------------------------------

    def _assess(self, claim: Submission) -> Outcome:
        return self.assessor.assess(claim, self.used)

    def _adjudicated(self, row: Kept) -> bool:
        seed = self.assessor.seed
        return row.asked >= seed.after_lookups and self.seconds() - row.at >= seed.after_seconds

    def _stem(self, year: int, seq: int) -> str:
        return f"{self.assessor.seed.prefix}{year}{seq:07d}"

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds(), UTC)

    def _recorded_on(self, settled_on: date) -> date:
        return settled_on if self.claim_clock else local_day(self._now())

    def _created(self, day: date) -> str:
        if self.claim_clock:
            return datetime(day.year, day.month, day.day, 12, tzinfo=HOSPITAL_ZONE).isoformat()
        return self._now().astimezone(HOSPITAL_ZONE).isoformat(timespec="seconds")

    def _today(self) -> str:
        return self._now().astimezone(HOSPITAL_ZONE).isoformat(timespec="seconds")


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise Refusal(400, "invalid", "a day is YYYY-MM-DD") from error
