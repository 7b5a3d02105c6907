"""The book of all policies in hand: schemes, plans, programmes (政策汇编)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from adapter.model.issues import AdapterError
from adapter.rules.policy import issues
from adapter.rules.policy.parameters import Policy, Setting
from adapter.rules.policy.scheme import Programme, ResolvedLayer, Scheme

_T = TypeVar("_T")


@dataclass(frozen=True)
class PolicyBook:
    """Everything that was loaded, by name. Every scheme's plans and programme are in it."""

    schemes: Mapping[str, Scheme]
    plans: Mapping[str, Policy]
    programmes: Mapping[str, Programme]

    def scheme(self, name: str) -> Scheme:
        """Raises AdapterError POL-208 for a name that is not in the book."""
        return _named("scheme", name, self.schemes)

    def plan(self, name: str) -> Policy:
        """Raises AdapterError POL-208 for a name that is not in the book."""
        return _named("plan", name, self.plans)

    def programme(self, name: str) -> Programme:
        """Raises AdapterError POL-208 for a name that is not in the book."""
        return _named("programme", name, self.programmes)

    def scheme_for(self, source: str, admitted: date) -> Scheme:
        """The one scheme for a hospital's feed and an admission day.

        Raises:
            AdapterError: POL-206 none covers it; POL-207 several do.
        """
        found = [scheme for scheme in self.schemes.values() if source in scheme.sources and admitted in scheme.valid]
        if not found:
            raise AdapterError(issues.scheme_missing(source, admitted))
        if len(found) > 1:
            raise AdapterError(issues.schemes_overlap(source, admitted, tuple(scheme.name for scheme in found)))
        return found[0]

    def layers(self, scheme: str | Scheme) -> tuple[ResolvedLayer, ...]:
        """A scheme's layers with their plans, the scheme's settings applied, in order."""
        wanted = scheme if isinstance(scheme, Scheme) else self.scheme(scheme)
        return tuple(
            ResolvedLayer(layer.payer, self._with_settings(wanted, self.plan(layer.plan))) for layer in wanted.layers
        )

    def _with_settings(self, scheme: Scheme, plan: Policy) -> Policy:
        """The plan with the scheme's values; one that the programme masks (A-19's threshold) is given once, there."""
        of_programme = {
            each.name: Setting(scheme.settings[each.name], scheme.setting_cites.get(each.name, scheme.name))
            for each in plan.parameters.values()
            if each.unset and each.name in scheme.settings
        }
        settings = {**of_programme, **scheme.plan_settings.get(plan.name, {})}
        return plan.with_settings(settings) if settings else plan


def _named(kind: str, name: str, known: Mapping[str, _T]) -> _T:
    found = known.get(name)
    if found is None:
        raise AdapterError(issues.name_unknown(kind, name, tuple(sorted(known))))
    return found
