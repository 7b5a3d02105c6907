"""What a bureau or aid office of docs/wire-fhir.md does wrongly on request, beyond the network's faults.

``text`` says more: ``refuse`` the claim with that reason; ``refuse-line`` the line of that item code; ``differ`` a
settlement bears so many yuan less than its trial; ``rule-change`` ``<payer>=<plan>`` from this request on;
``wrong-signature`` the caller is not known; ``maintenance`` with ``status`` and ``retry_after``; ``clock-skew`` the
office's clock is off by ``seconds``; ``stale`` gives the answer before this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from adapter.counterparts.adjudicator import Result
from adapter.counterparts.assess import Assessor, Outcome, Problem, Used
from adapter.counterparts.desk import Desk
from adapter.counterparts.faults import Fault, FaultError
from adapter.counterparts.request import Submission
from adapter.counterparts.wire import Refusal, Reply

Work = Callable[[Desk, bytes], Reply]
_DIFFERENCE = Decimal("0.10")


@dataclass(frozen=True)
class MoodyAssessor(Assessor):
    """An assessor that a scripted fault tells to refuse, or to bear less than it said."""

    fault: Fault = field(kw_only=True)

    def reverse(self) -> None:
        if self.fault.do == "refuse":
            raise Problem("refused", self.fault.text or "refused 不予受理")

    def assess(self, claim: Submission, used_in: Callable[[str, int], Used]) -> Outcome:
        do, text = self.fault.do, self.fault.text
        if do == "refuse":
            raise Problem("refused", text or "refused 不予受理")
        if do == "refuse-line":
            for line in claim.lines:
                if any(code.rpartition("|")[2] == text for code in line.codes):
                    raise Problem("item-refused", f"item {line.sequence} is refused 明细审核不通过")
        found = super().assess(claim, used_in)
        if do != "differ" or claim.trial:
            return found
        (cover, first), *others = found.results
        return replace(found, results=((cover, _less(first, Decimal(text) if text else _DIFFERENCE)), *others))


def _less(result: Result, by: Decimal) -> Result:
    """The same result with so much less borne; what is not borne is coinsurance."""
    figures = dict(result.figures)
    if "coinsurance" in figures:
        figures["coinsurance"] += by
    accruals = {**result.accruals, "paid": result.accruals["paid"] - by}
    return replace(result, benefit=result.benefit - by, figures=figures, accruals=accruals)


@dataclass
class BadDays:
    """What was scripted and lasts: changed plans and the last answer; in memory, until a reset."""

    changed: dict[str, str] = field(default_factory=dict)
    last: Reply | None = None

    def usable(self, fault: Fault, desk: Desk) -> None:
        """Raises FaultError for a text that the fault cannot work with."""
        payer, _, plan = fault.text.partition("=")
        plans = desk.assessor.plans
        if fault.do == "rule-change" and (payer not in plans.plans or plan not in plans.at_hand):
            raise FaultError("rule-change: text is <payer>=<plan>, a payer of this party and a plan of the plan files")

    def reset(self) -> None:
        self.changed.clear()
        self.last = None

    def answered(self, desk: Desk, fault: Fault | None, work: Work, body: bytes) -> Reply:
        """Do the work of a request as the fault wants it done. Raises Refusal."""
        do = fault.do if fault else ""
        if do == "wrong-signature":
            raise Refusal(401, "login", "the signature or token is not valid 签名错误")
        if fault and do == "maintenance":
            headers: Mapping[str, str] = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
            refusal = Refusal(fault.status, "transient", fault.text or "maintenance 系统维护中")
            return replace(refusal.reply(), headers=headers)
        reply = work(self.desk_for(desk, fault), body)
        given = self.last if do == "stale" and self.last else reply
        self.last = reply
        return given

    def desk_for(self, desk: Desk, fault: Fault | None) -> Desk:
        """The desk as the fault, and what lasts of earlier ones, make it."""
        if fault and fault.do == "rule-change":
            payer, _, plan = fault.text.partition("=")
            self.changed[payer] = plan
        assessor = desk.assessor
        if self.changed:
            assessor = replace(assessor, plans=assessor.plans.with_plans(self.changed))
        if fault and fault.do in ("refuse", "refuse-line", "differ"):
            assessor = MoodyAssessor(assessor.seed, assessor.plans, assessor.lists, fault=fault)
        today = desk if assessor is desk.assessor else replace(desk, assessor=assessor)
        if fault and fault.do == "clock-skew":
            off = fault.seconds
            today = replace(today, claim_clock=False, seconds=lambda: desk.seconds() + off)
        return today
