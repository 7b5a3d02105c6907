"""What the SOAP aid service does wrongly on request, beyond the network's faults.

``text`` says more: ``refuse`` with that return code; ``wrong-signature`` the session is not valid any more;
``maintenance`` return code 0000X; ``rule-change`` ``ratio=<ratio>`` or ``ceiling=<yuan>`` for everybody from this
request on; ``clock-skew`` the service's clock is off by ``seconds``; ``stale`` gives the answer before this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from adapter.counterparts.aid_xml.seed import AidSeed
from adapter.counterparts.aid_xml.service import EXCEPTION, Answer, Service
from adapter.counterparts.faults import Fault, FaultError
from adapter.model.money import decimal_of

OWN = dict.fromkeys(("refuse", "wrong-signature", "maintenance", "rule-change", "clock-skew", "stale"), True)

#: Answers one call at a service.
Work = Callable[[Service], tuple[str, Answer]]


@dataclass
class BadDays:
    """What was scripted and lasts: changed rules and the last answer; in memory, until a reset."""

    changed: dict[str, str] = field(default_factory=dict)
    last: Answer | None = None

    @staticmethod
    def usable(fault: Fault) -> None:
        """Raises FaultError for a text that the fault cannot work with."""
        name, _, value = fault.text.partition("=")
        if fault.do != "rule-change":
            return
        try:
            decimal_of(value)
        except ValueError as error:
            raise FaultError(f"rule-change: {error}") from error
        if name not in ("ratio", "ceiling"):
            raise FaultError("rule-change: text is ratio=<ratio> or ceiling=<yuan>")

    def reset(self) -> None:
        self.changed.clear()
        self.last = None

    def answered(self, service: Service, fault: Fault | None, work: Work) -> tuple[str, Answer]:
        """Do the work of a call as the fault wants it done."""
        do = fault.do if fault else ""
        if fault and do == "rule-change":
            name, _, value = fault.text.partition("=")
            self.changed[name] = value
        if do == "wrong-signature":
            service.store.close_sessions()
        today = replace(service, seed=self._seed(service.seed)) if self.changed else service
        if fault and do in ("refuse", "maintenance"):
            refusing = Answer(fault.text or EXCEPTION, {}) if do == "refuse" else Answer(EXCEPTION, {}, "系统维护中")
            today = _Closed(today.seed, today.store, today.seconds, refusing)
        if fault and do == "clock-skew":
            seconds, off = today.seconds, fault.seconds
            today = replace(today, seconds=lambda: seconds() + off)
        operation, answer = work(today)
        given = self.last if do == "stale" and self.last else answer
        self.last = answer
        return operation, given

    def _seed(self, seed: AidSeed) -> AidSeed:
        if "ratio" in self.changed:
            ratio = self.changed["ratio"]
            seed = replace(seed, ratios={at: dict.fromkeys(rows, ratio) for at, rows in seed.ratios.items()})
        if "ceiling" in self.changed:
            ceiling = decimal_of(self.changed["ceiling"])
            persons = {number: replace(known, ceiling=ceiling) for number, known in seed.persons.items()}
            seed = replace(seed, persons=persons)
        return seed


@dataclass
class _Closed(Service):
    """A service that does nothing and always says the same."""

    says: Answer = field(default_factory=lambda: Answer(EXCEPTION, {}))

    def call(self, operation: str, content: Mapping[str, Any], session: str) -> Answer:
        return self.says
