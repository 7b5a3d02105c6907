"""Both simulated payers as processes of their own, and the adapter's endpoints that speak to them.

with payers_on_the_wire(tmp_path) as (payers, endpoints), office(tmp_path, endpoints) as tools:
    ...  # payers["bureau"].state() tells what arrived
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from adapter.model.dates import SystemClock
from adapter.payers.delivery.endpoint import EndpointConfig
from adapter.payers.delivery.endpoints.fhir.endpoint import FhirEndpoint
from tests.support.counterparts import Counterpart, counterpart

ROLES = {"bureau": "bureau", "civil-affairs": "aid"}


@contextmanager
def payers_on_the_wire(
    folder: Path, *, seeds: Mapping[str, Path] | None = None
) -> Iterator[tuple[dict[str, Counterpart], dict[str, FhirEndpoint]]]:
    """The payers by endpoint name, with their stores in a folder; ``seeds`` by role replace the fixtures'."""
    with ExitStack() as stack:
        payers = {
            name: stack.enter_context(counterpart(role, store=folder / f"{role}.sqlite", seed=(seeds or {}).get(role)))
            for name, role in ROLES.items()
        }
        endpoints = {name: FhirEndpoint(_config(name, payer), SystemClock()) for name, payer in payers.items()}
        for endpoint in endpoints.values():
            stack.callback(endpoint.close)
        yield payers, endpoints


def _config(name: str, payer: Counterpart) -> EndpointConfig:
    form = "transaction" if payer.role == "aid" else "submit"
    return EndpointConfig(name, "fhir", payer.fhir, form=form, simulator=True, longest_delay=1, timeout=10)
