"""The hospital as the ``fhir`` dialect of docs/wire-fhir.md has it: what each word of a scenario sends. 扮演医院。"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from adapter.counterparts.conformance.answers import entries_of, next_of, responses_of
from adapter.counterparts.conformance.bodies import Stay
from adapter.counterparts.conformance.checks import CHECKS, answered
from adapter.counterparts.conformance.checks_sums import SUMS
from adapter.counterparts.conformance.composing import Composer, day_of_record
from adapter.counterparts.conformance.play import Exchange, Finding
from adapter.counterparts.conformance.said import Said
from adapter.counterparts.conformance.scenario import Step
from adapter.counterparts.conformance.wire_talk import Talk
from adapter.counterparts.wire import CLAIM_KEY, FACILITY

_PAUSE_SECONDS = 0.5
_MOST_PAGES = 200


@dataclass
class Hospital(Composer):
    """One scenario's player.

    Attributes:
        standing: settlements that the scenario has not reversed, by key.
    """

    talk: Talk = field(kw_only=True)
    pause: Callable[[float], None] = time.sleep
    standing: dict[str, Said] = field(default_factory=dict)

    # -- what the runner asks -------------------------------------------------------------------------------------

    def play(self, step: Step, said: Mapping[str, Said]) -> Said:
        now = SENDS[step.send](self, step, said)
        self._remember(now)
        return now

    def check(self, step: Step, now: Said, said: Mapping[str, Said]) -> Sequence[Finding]:
        try:
            return self._checked(step, now, said)
        except (TypeError, AttributeError, KeyError, IndexError, ValueError, ArithmeticError) as error:
            # what came back is JSON, but an element is of another kind than its resource has there
            why = f"{type(error).__name__}: {self.mask.text(str(error))}"
            return [Finding(f"应答的元素类型不符:{why}", f"an element of the answer has the wrong type: {why}")]

    def _checked(self, step: Step, now: Said, said: Mapping[str, Said]) -> Sequence[Finding]:
        findings = answered(now, str(step.expect.get("answer", "")))
        if findings:
            return findings
        checks = {**CHECKS, **SUMS}
        return [finding for word, wanted in step.expect.items() for finding in checks[word](now, wanted, said)]

    def exchanges(self, now: Said) -> Sequence[Exchange]:
        return [self.mask.exchange(each) for each in now.exchanges]

    def tidy(self) -> None:
        """Reverse what still stands, latest first; how that is answered is not judged here."""
        for said in reversed(list(self.standing.values())):
            self.talk.post("/Claim/$submit", self.taking_back(said)[1])

    # -- the words of a scenario ----------------------------------------------------------------------------------

    def settle(self, step: Step, said: Mapping[str, Said]) -> Said:
        stay, body = self.settlement(step, said)
        return self._said(stay, "" if self.role == "aid" else "/Claim/$submit", body)

    def trial(self, step: Step, said: Mapping[str, Said]) -> Said:
        stay, body = self.tried(step, said)
        return replace(self._said(stay, "/Claim/$submit", body), send=step.send)

    def reverse(self, step: Step, said: Mapping[str, Said]) -> Said:
        stay, undone, body = self.undoing(step, said)
        return self._said(stay, "/Claim/$submit", body, undone=undone)

    def repeat(self, step: Step, said: Mapping[str, Said]) -> Said:
        """The same bytes again, to the same address."""
        first = said[step.given["of"]]
        return replace(first, exchanges=(self.talk.post(first.path, first.exchanges[0].sent),))

    def look_up(self, step: Step, said: Mapping[str, Said]) -> Said:
        """``of``: whose claim key is asked for; ``wait``: until there is an answer, as long as the site allows."""
        of = said[step.given["of"]] if "of" in step.given else None
        key = of.key if of else f"{self.case}.v98.{self.role}.settle"
        query = {"request:identifier": f"{CLAIM_KEY}|{key}"}
        exchange = self.talk.get("/ClaimResponse", query)
        waited = 0.0
        while "wait" in step.given and waited < self.site.wait_seconds and _empty(exchange):
            self.pause(_PAUSE_SECONDS)
            waited += _PAUSE_SECONDS
            exchange = self.talk.get("/ClaimResponse", query)
        return Said(step.send, key, (exchange,), stay=of.stay if of else None)

    def year(self, step: Step, said: Mapping[str, Said]) -> Said:
        key, body = self.question(step, said)
        return Said(step.send, key, (self.talk.post("/CoverageEligibilityRequest/$submit", body),))

    def day_total(self, step: Step, said: Mapping[str, Said]) -> Said:
        """``day_of``: the step whose day of record is asked for."""
        query = {"date": day_of_record(said[step.given["day_of"]]), "provider": self.site.facility}
        return Said(step.send, "", (self.talk.get("/Claim/$day-total", query),))

    def day_details(self, step: Step, said: Mapping[str, Said]) -> Said:
        """Every page of a day's answers; ``page``: how many a page we ask for."""
        query = {
            "created": day_of_record(said[step.given["day_of"]]),
            "requestor:identifier": f"{FACILITY}|{self.site.facility}",
        }
        pages = [self.talk.get("/ClaimResponse", query | {"_count": step.given.get("page", "50")})]
        while (address := next_of(pages[-1])) and len(pages) < _MOST_PAGES:
            page = self.talk.follow(address)
            pages.append(page or Exchange(f"GET {address}", b"", failure="the next page is not on this server"))
        return Said(step.send, "", tuple(pages))

    def raw(self, step: Step, said: Mapping[str, Said]) -> Said:
        """Something that is wrong on purpose: ``path``, and ``body`` with ``type``, or a query in ``ask``."""
        given = step.given
        if "body" in given:
            media = {"media_type": given["type"]} if "type" in given else {}
            return Said(step.send, "", (self.talk.post(given["path"], given["body"].encode(), **media),))
        return Said(step.send, "", (self.talk.get(given["path"], dict(given.get("ask", {}))),))

    # -- small things ---------------------------------------------------------------------------------------------

    def _said(self, stay: Stay, path: str, body: bytes, *, undone: str = "") -> Said:
        return Said("", stay.key, (self.talk.post(path, body),), stay=stay, path=path, undone=undone)

    def _remember(self, now: Said) -> None:
        """What stands with the other side, so that it can be taken back at the end."""
        unheard = bool(now.last.failure) and not now.undone
        if not (unheard or now.last.status.startswith("HTTP 2")) or now.stay is None or now.send == "look-up":
            return
        refused = any(one.get("outcome") == "error" for one in responses_of(now.last))
        if now.undone and not refused:
            self.standing.pop(now.undone, None)
        elif now.key.endswith(".settle") and not refused and not now.undone:
            self.standing[now.key] = now


def _empty(exchange: Exchange) -> bool:
    return exchange.status == "HTTP 200" and not entries_of(exchange)


#: Word → what it sends.
SENDS: Mapping[str, Callable[[Hospital, Step, Mapping[str, Said]], Said]] = {
    "settle": Hospital.settle,
    "trial": Hospital.trial,
    "reverse": Hospital.reverse,
    "repeat": Hospital.repeat,
    "look-up": Hospital.look_up,
    "year": Hospital.year,
    "day-total": Hospital.day_total,
    "day-details": Hospital.day_details,
    "raw": Hospital.raw,
}
