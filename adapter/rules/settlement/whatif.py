"""What if: plain facts in, a settlement out, by the same code as the real run and with no store (试算)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapter.model.settlement import Authority, Payer
from adapter.rules.policy.scheme import ResolvedLayer
from adapter.rules.settlement.adjudicate import adjudicate
from adapter.rules.settlement.explain import as_json
from adapter.rules.settlement.facts import read_facts


def whatif(
    facts: Mapping[str, object],
    layers: Sequence[ResolvedLayer],
    *,
    scheme: str = "what-if",
    test_profile: bool = False,
    authorities: Mapping[Payer, Authority] | None = None,
) -> dict[str, object]:
    """Settle plain facts.

    Args:
        facts: as docs/whatif.md describes; whatif.schema.json is their JSON Schema. Amounts are text, whole numbers
            or Decimals, never floats.
        layers: payers with their plans, in order: ``book.layers(scheme)``, or ``load_layers(file)``.

    Returns:
        The settlement as plain JSON (``explain.as_json``).

    Raises:
        PolicyNotInForce: POL-201, no document covers the day of settlement.
        AdapterError: SET-311 for facts that cannot be read, all at once; SET-3xx as ``adjudicate``.
    """
    read = read_facts(facts)
    settlement = adjudicate(
        read.claim,
        read.accrued,
        layers,
        scheme=scheme,
        test_profile=test_profile,
        answers=read.answers,
        authorities=authorities,
    )
    return as_json(settlement)
