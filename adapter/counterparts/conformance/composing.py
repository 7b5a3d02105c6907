"""What each word of a scenario composes, however it is carried: over HTTP (hospital.py) or as files (folder/)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from adapter.counterparts.conformance import bodies, bodies_aid
from adapter.counterparts.conformance.answers import responses_of
from adapter.counterparts.conformance.bodies import Stay
from adapter.counterparts.conformance.masking import Mask
from adapter.counterparts.conformance.said import Said
from adapter.counterparts.conformance.scenario import Step
from adapter.counterparts.conformance.site import Site
from adapter.counterparts.wire import Resource, encode


@dataclass
class Composer:
    """One scenario's stay.

    Attributes:
        role: ``insurance`` or ``aid``; an aid office is sent settlements as a transaction.
        case: the stay of this scenario; new in every run, so that no run meets the keys of another.
        sent: how many trials and questions were composed.
    """

    role: str
    site: Site
    mask: Mask
    case: str
    sent: int = 0

    def settlement(self, step: Step, said: Mapping[str, Said]) -> tuple[Stay, bytes]:
        """``person``, ``items`` (name → net), ``total``, ``settled``, ``version``; ``key_of``: another step's key."""
        stay = self._stay(step, said, "settle")
        if self.role == "aid":
            return stay, encode(_damaged(step, bodies_aid.transaction(stay, self.site)))
        return stay, encode(bodies.claim(stay, self.site))

    def tried(self, step: Step, said: Mapping[str, Said]) -> tuple[Stay, bytes]:
        """As ``settlement``; every trial has a key of its own."""
        self.sent += 1
        stay = self._stay(step, said, f"trial.{self.sent}")
        aid = self.role == "aid"
        return stay, encode(bodies_aid.trial(stay, self.site) if aid else bodies.claim(stay, self.site, trial=True))

    def undoing(self, step: Step, said: Mapping[str, Said]) -> tuple[Stay, str, bytes]:
        """``of``: the settlement that is undone; without it one that never was. ``again``: under another key."""
        if "of" in step.given:
            settled = said[step.given["of"]]
            key = settled.key.removesuffix("settle") + step.given.get("again", "") + "reverse"
            stay, undone = replace(settled.stay_needed, key=key), settled.key
        else:
            stay = self._stay(step, said, "reverse")
            undone = f"{self.case}.v99.{self.role}.settle"
        return stay, undone, encode(bodies.reversal(stay, undone, self.site))

    def taking_back(self, settled: Said) -> tuple[str, bytes]:
        """The reversal of what a scenario leaves behind: its key and body."""
        stay = replace(settled.stay_needed, key=f"{settled.key.rpartition('.')[0]}.tidy.reverse")
        return stay.key, encode(bodies.reversal(stay, settled.key, self.site))

    def question(self, step: Step, said: Mapping[str, Said]) -> tuple[str, bytes]:
        """``person``, ``on`` (a day of the site), ``without``: the step whose stay is left out. Gives key and body."""
        self.sent += 1
        key = f"{self.case}.v1.{self.role}.eligibility.{self.sent}"
        without = said[step.given["without"]].stay_needed.case if "without" in step.given else ""
        person = self.site.persons[step.given.get("person", "insured")]
        on = self.site.days[step.given.get("on", "settled")]
        return key, encode(bodies.year_question(key, person, on, self.site.payers[self.role], self.site, without))

    def _stay(self, step: Step, said: Mapping[str, Said], stage: str) -> Stay:
        given = step.given
        lines = tuple(
            (self.site.items[name], Decimal(net)) for name, net in given.get("items", {"in-scope": "9000.00"}).items()
        )
        case = f"{self.case}{given.get('stay', '')}"
        key = (
            said[given["key_of"]].key
            if "key_of" in given
            else f"{case}.v{given.get('version', '1')}.{self.role}.{stage}"
        )
        return Stay(
            key=key,
            case=case,
            person=self.site.persons[given.get("person", "insured")],
            payers=self.site.payers[self.role],
            admitted=self.site.days[given.get("admitted", "admitted")],
            settled=self.site.days[given.get("settled", "settled")],
            lines=lines,
            total=Decimal(given["total"]) if "total" in given else sum((net for _, net in lines), Decimal(0)),
        )


def day_of_record(settled: Said) -> str:
    """The day under which an answer was recorded, empty when it says none."""
    found = responses_of(settled.last)
    return str(found[0].get("created", ""))[:10] if found else ""


def _damaged(step: Step, bundle: Resource) -> Resource:
    """``claim: first``: the Claim stands first, where the page wants it last."""
    entries = bundle["entry"]
    if step.given.get("claim") == "first" and isinstance(entries, list):
        return {**bundle, "entry": [entries[-1], *entries[:-1]]}
    return bundle
