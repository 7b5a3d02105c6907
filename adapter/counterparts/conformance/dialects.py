"""The dialects that the kit speaks. A new one is a row of ``DIALECTS``: its scenario files, its words, its player."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from adapter.counterparts.conformance.checks import CHECKS
from adapter.counterparts.conformance.checks_sums import SUMS
from adapter.counterparts.conformance.hospital import SENDS, Hospital
from adapter.counterparts.conformance.issues import secret_missing, unknown_dialect
from adapter.counterparts.conformance.masking import Mask
from adapter.counterparts.conformance.play import Player, Result, play
from adapter.counterparts.conformance.scenario import Scenario, chosen, load_scenarios
from adapter.counterparts.conformance.site import Site
from adapter.counterparts.conformance.wire_talk import Talk, client_for
from adapter.model.issues import AdapterError

FOLDER = "conformance"


@dataclass(frozen=True, slots=True)
class Target:
    """The party under test.

    Attributes:
        url: its base address.
        secret: gives the value of an environment variable, or None.
        client: how it is reached; None: over the network.
    """

    url: str
    site: Site
    secret: Callable[[str], str | None] = field(default=lambda _: None, repr=False)
    client: httpx.Client | None = None


@dataclass(frozen=True, slots=True)
class Dialect:
    """One wire format.

    Attributes:
        files: role → scenario file below ``mappings/conformance``.
        sends, checks: the words of its scenarios.
        opened: makes the player of one scenario, given role, target and the stay's name.
    """

    files: Mapping[str, str]
    sends: Collection[str]
    checks: Collection[str]
    opened: Callable[[str, Target, httpx.Client, str], Player[Any]]


def _fhir(role: str, target: Target, client: httpx.Client, case: str) -> Player[Any]:
    site = target.site
    talk = Talk(target.url.rstrip("/"), client, site.timeout_seconds)
    return Hospital(role, site, talk, Mask.of(site.persons.values()), case)


DIALECTS: Mapping[str, Dialect] = {
    "fhir": Dialect(
        files={"insurance": "fhir/insurance.yaml", "aid": "fhir/aid.yaml"},
        sends=tuple(SENDS),
        checks=(*CHECKS, *SUMS),
        opened=_fhir,
    ),
}


def scenarios_for(dialect: str, role: str, mappings: Path, names: Sequence[str] = ()) -> tuple[Scenario, ...]:
    """The scenarios of a role, or those that are named. Raises AdapterError CNF-900, CNF-901, CNF-903."""
    spoken = _dialect(dialect, role)
    path = mappings / FOLDER / spoken.files[role]
    return chosen(load_scenarios(path, sends=spoken.sends, checks=spoken.checks), names)


def conform(dialect: str, role: str, target: Target, scenarios: Sequence[Scenario]) -> Iterator[Result]:
    """Play scenarios against a party, one after the other. Raises AdapterError CNF-900, CNF-905."""
    spoken = _dialect(dialect, role)
    run = uuid.uuid4().hex[:10]
    with _client(target) as client:
        for number, scenario in enumerate(scenarios, start=1):
            player = spoken.opened(role, target, client, f"CONF-{run}-{number}")
            yield play(scenario, player, milliseconds)


def milliseconds() -> int:
    """A clock that only goes forward."""
    return time.monotonic_ns() // 1_000_000


def _dialect(dialect: str, role: str) -> Dialect:
    spoken = DIALECTS.get(dialect)
    if spoken is None or role not in spoken.files:
        known = (f"{name} ({each})" for name, one in DIALECTS.items() for each in one.files)
        raise AdapterError(unknown_dialect(dialect, role, known))
    return spoken


@contextmanager
def _client(target: Target) -> Iterator[httpx.Client]:
    if target.client is not None:
        yield target.client
        return
    variable = target.site.token_env
    token = target.secret(variable) if variable else None
    if variable and not token:
        raise AdapterError(secret_missing(variable))
    with client_for(target.site.timeout_seconds, token) as client:
        yield client
