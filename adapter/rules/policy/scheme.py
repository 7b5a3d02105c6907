"""A scheme: one programme, ordered plans and the calls to the payers, for a region and dates (方案)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapter.model.dates import Period
from adapter.model.settlement import Authority, Payer
from adapter.rules.policy.document import Title
from adapter.rules.policy.parameters import Policy, Raw, Setting


@dataclass(frozen=True, slots=True)
class Layer:
    """One payer's place in the order, and the plan that says what it bears."""

    payer: Payer
    plan: str


@dataclass(frozen=True, slots=True)
class ResolvedLayer:
    """A layer with its plan read: what adjudication works with."""

    payer: Payer
    policy: Policy


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a counterpart, and the payers it answers for, in order.

    Attributes:
        endpoint: the counterpart's name in settings (``bureau``, ``civil-affairs``); empty where nobody is told: the
            hospital's own waiver, or a payer whose part is computed here and claimed on paper.
        authority: ``payer`` its answer counts; ``adapter`` it only receives ours; ``observed`` the HIS settled itself.
    """

    name: str
    endpoint: str
    payers: tuple[Payer, ...]
    authority: Authority

    @property
    def is_sent(self) -> bool:
        """Whether there is anybody to speak to."""
        return bool(self.endpoint)


@dataclass(frozen=True)
class Scheme:
    """Attributes:

    valid: admission days that the scheme covers, both ends included.
    sources: the hospital feeds it is for.
    layers: payers in the order in which they bear.
    calls: every layer's payer stands in exactly one of them.
    settings: the programme's required settings, by name.
    setting_cites: where the owner took each setting from.
    plan_settings: required settings of plans, by plan name.
    """

    name: str
    title: Title
    region: str
    valid: Period
    programme: str
    sources: tuple[str, ...]
    layers: tuple[Layer, ...]
    calls: tuple[Call, ...]
    test_profile: bool
    settings: Mapping[str, Raw] = field(default_factory=dict)
    setting_cites: Mapping[str, str] = field(default_factory=dict)
    plan_settings: Mapping[str, Mapping[str, Setting]] = field(default_factory=dict)

    @property
    def order(self) -> tuple[Payer, ...]:
        """All payers, in order; it gives ``Claim.insurance.sequence``."""
        return tuple(layer.payer for layer in self.layers)

    @property
    def authorities(self) -> dict[Payer, Authority]:
        """Who decides each payer's amount."""
        return {payer: call.authority for call in self.calls for payer in call.payers}

    def call_of(self, payer: Payer) -> Call | None:
        """The call that answers for a payer, or None when it is not part of the scheme."""
        return next((call for call in self.calls if payer in call.payers), None)


@dataclass(frozen=True)
class Programme:
    """A programme file as text, for the programme room to read.

    Attributes:
        document: the whole file: every scalar is text, lists are tuples.
    """

    name: str
    title: Title
    version: str
    document: Mapping[str, Raw]
