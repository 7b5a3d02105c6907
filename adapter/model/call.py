"""CallFacts: everything an endpoint may need to compose its next message (对外调用的事实)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapter.model.claim import Claim
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Authority, Payer, PayerAnswer, Settlement


@dataclass(frozen=True, slots=True)
class CallFacts:
    """One call of a scheme, for one bill version.

    Attributes:
        source: the hospital's feed; ids and hospital keys are unique within it.
        call: the scheme's name of the call (``insurance``, ``aid``).
        endpoint: the counterpart's name in settings (``bureau``, ``civil-affairs``).
        payers: the payers that this call answers for, in the scheme's order; the first one leads.
        order: all payers of the scheme, in order: it gives ``Claim.insurance.sequence``.
        settlement: what our rules expect, with the answers received so far already in place.
        resources: HIS-side FHIR resources of the case (Patient, Coverage, Encounter, Condition, ChargeItem …).
        earlier: answers of payers outside this call, in order.
    """

    case_id: str
    version: int
    source: str
    call: str
    endpoint: str
    payers: tuple[Payer, ...]
    order: tuple[Payer, ...]
    authority: Authority
    claim: Claim
    settlement: Settlement
    resources: tuple[Mapping[str, Any], ...]
    earlier: tuple[PayerAnswer, ...] = ()
    test_profile: bool = False

    @property
    def key(self) -> str:
        """Stem of the message keys of this call: ``<case>.v<version>.<call>``."""
        return f"{self.case_id}.v{self.version}.{self.call}"

    @property
    def in_scope(self) -> Money:
        """政策范围内费用 as this call's first payer finds it: as the payers before it have split the bill, by line or

        in one sum, and without what another must bear.
        """
        mine = [each for each in self.settlement.standings if each.payer in self.payers]
        if mine:
            return mine[0].sums.in_scope
        return max(Money.total(split.in_scope for _, split in self.settlement.splits) - self.claim.third_party, ZERO)
