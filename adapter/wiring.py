"""The one place that builds real things (ledger, policies, mappings, endpoints, clock) and hands them over."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from adapter.cases.tools import Feed, Tools
from adapter.intake.mapping import compile_mapping, load_mapping
from adapter.intake.mapping.messages import load_messages
from adapter.intake.reference import load_prices, load_reference, load_window
from adapter.ledger.ledger import Ledger
from adapter.model.dates import Clock, SystemClock
from adapter.model.source import MESSAGES
from adapter.payers.delivery.endpoint import Endpoint, EndpointConfig
from adapter.payers.delivery.endpoints.fhir.endpoint import FhirEndpoint
from adapter.payers.delivery.retry import RetryPolicy
from adapter.rules.policy.load import load_book
from adapter.settings import EndpointSettings, Settings


@contextmanager
def open_tools(settings: Settings, *, clock: Clock | None = None, worker: str | None = None) -> Iterator[Tools]:
    """Everything a use case needs, closed again at the end."""
    clock = clock or SystemClock()
    endpoints = {name: _endpoint(name, each, clock) for name, each in settings.endpoints.items()}
    ledger = Ledger.open(settings.database_url)
    try:
        yield Tools(
            ledger=ledger,
            book=load_book(settings.mappings_folder),
            feed=feeds(settings.mappings_folder, settings.reference_folder),
            endpoints=dict[str, Endpoint](endpoints),
            clock=clock,
            retry=RetryPolicy(settings.retry_first_seconds, settings.retry_most_seconds, settings.retry_limit),
            lease_seconds=settings.lease_seconds,
            worker=worker or f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}",
        )
    finally:
        for endpoint in endpoints.values():
            endpoint.close()
        ledger.close()


def feeds(mappings: Path, reference_folder: Path) -> Callable[[str], Feed]:
    """Sources by name, each compiled once when it is first asked for."""

    @cache
    def feed(source: str) -> Feed:
        mapping = load_mapping(mappings, source)
        facts = reference_folder / source
        reference, windows = load_reference(facts), load_window(facts / "window.yaml")
        master = facts / "prices.csv"
        prices = load_prices(master) if master.is_file() else None
        unread = (*reference.issues, *windows.issues, *(prices.issues if prices is not None else ()))
        messages = load_messages(mappings, mapping) if mapping.shape.reader == MESSAGES else None
        return Feed(source, compile_mapping(mapping), reference, windows, unread, messages, prices)

    return feed


def _endpoint(name: str, settings: EndpointSettings, clock: Clock) -> FhirEndpoint:
    config = EndpointConfig(
        name=name,
        dialect=settings.dialect,
        base_url=settings.base_url.rstrip("/"),
        form=settings.form,
        simulator=settings.simulator,
        longest_delay=settings.longest_delay,
        timeout=settings.timeout,
        token=settings.token.get_secret_value() if settings.token else None,
    )
    return FhirEndpoint(config, clock)
