"""Figures for Prometheus: requests, the worker, the ledger. No case and no person can be told from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from adapter.cases.dispatch import Delivered
from adapter.cases.served import counts
from adapter.cases.tools import Tools
from adapter.model.listening import Standing

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The counters of one service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "adapter_http_requests", "Requests answered", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "adapter_http_seconds", "Time to answer", ("route",), buckets=_SECONDS, registry=self.registry
        )
        self.messages = Counter("adapter_messages", "Messages sent to payers", ("outcome",), registry=self.registry)
        self.failures = Counter("adapter_worker_failures", "Rounds of the worker that failed", registry=self.registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request under its route's template."""
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def delivered(self, done: Delivered) -> None:
        """Count what a round of the worker did."""
        for outcome in ("accepted", "rejected", "unknown"):
            self.messages.labels(outcome).inc(getattr(done, outcome))

    def watch(self, tools: Tools, standing: Callable[[], Sequence[Standing]]) -> None:
        """Add the ledger's and the listeners' figures, counted whenever somebody asks."""
        self.registry.register(_LedgerFigures(tools, tools.clock.now))
        self.registry.register(_ListenerFigures(standing))

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)


class _ListenerFigures(Collector):
    def __init__(self, standing: Callable[[], Sequence[Standing]]) -> None:
        self._standing = standing

    def collect(self) -> Iterator[Metric]:
        names = ("kind", "source")
        up = GaugeMetricFamily("adapter_listener_up", "1: it listens and nothing is in its way", labels=names)
        arrived = CounterMetricFamily("adapter_listener_arrived", "Messages, groups of files, polls", labels=names)
        for each in self._standing():
            up.add_metric((each.kind, each.source), float(each.alive and not each.trouble))
            arrived.add_metric((each.kind, each.source), each.arrived)
        yield up
        yield arrived


class _LedgerFigures(Collector):
    def __init__(self, tools: Tools, now: Callable[[], datetime]) -> None:
        self._tools, self._now = tools, now

    def describe(self) -> Iterator[Metric]:
        """Nothing is asked of the ledger before the first scrape."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        found = counts(self._tools)
        states = GaugeMetricFamily("adapter_states", "Subjects by machine and state", labels=("machine", "state"))
        for machine, by_state in found.states.items():
            for state, count in by_state.items():
                states.add_metric((machine, state), count)
        waiting = GaugeMetricFamily("adapter_outbox", "Messages by endpoint and state", labels=("endpoint", "state"))
        for endpoint, by_state in found.outbox.items():
            for state, count in by_state.items():
                waiting.add_metric((endpoint, state), count)
        late = timedelta(0) if found.oldest_due is None else max(self._now() - found.oldest_due, timedelta(0))
        yield states
        yield waiting
        yield GaugeMetricFamily("adapter_cases", "Cases", value=found.cases)
        yield GaugeMetricFamily("adapter_cases_held", "Cases that wait for a person", value=found.held)
        yield GaugeMetricFamily("adapter_parked", "Records that wait for a person", value=found.parked)
        yield GaugeMetricFamily(
            "adapter_files_unprocessed", "Files received, not through", value=found.unprocessed_files
        )
        yield GaugeMetricFamily(
            "adapter_outbox_late_seconds", "Oldest message's delay", value=late / timedelta(seconds=1)
        )
        yield GaugeMetricFamily("adapter_journal_lines", "Length of the journal", value=found.journal_length)
