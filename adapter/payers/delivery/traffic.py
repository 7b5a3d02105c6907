"""When an endpoint may be spoken to: quiet hours, maintenance, a limit of rate, a circuit breaker (端点流量)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from adapter.model.dates import HOSPITAL_ZONE
from adapter.model.messages import Outcome, Receipt

#: A breaker that opens again and again leaves an endpoint alone for at most so many times its first pause.
_LONGEST = 64

#: The longest that an endpoint is left alone at its own word (``Retry-After``), in seconds. A wrong clock or a proxy's
#: default must not close an office for days: after an hour one worker's next message asks again, and the same answer
#: closes it for another hour. The message that was answered waits as long as it was told to.
MOST_ASKED = 3600
#: Why an endpoint that said when to come back is left alone.
ASKED = "asked-to-wait"


@dataclass(frozen=True, slots=True)
class Closed:
    """An endpoint is left alone.

    Attributes:
        until: the moment from which it may be spoken to again.
        why: ``quiet-hours``, ``maintenance``, ``breaker`` or ``asked-to-wait``.
    """

    until: datetime
    why: str


@dataclass(frozen=True, slots=True)
class TrafficRules:
    """What the settings say of one endpoint; the defaults hold nothing back.

    Attributes:
        quiet: from–to of each day in the hospitals' time; one that ends before it begins goes on past midnight.
        maintenance: announced windows, from–to.
        per_second: messages a second of one worker; several workers together send as many times that.
        breaker_failures: so many sendings in a row without any answer open the breaker; 0 never.
        breaker_seconds: how long an open breaker leaves the endpoint alone; doubles while it stays dead.
    """

    quiet: tuple[tuple[time, time], ...] = ()
    maintenance: tuple[tuple[datetime, datetime], ...] = ()
    per_second: float | None = None
    breaker_failures: int = 0
    breaker_seconds: int = 5

    def closed(self, now: datetime) -> Closed | None:
        """Until when quiet hours and maintenance hold messages back; windows that touch count as one."""
        found: Closed | None = None
        while True:
            at = found.until if found is not None else now
            ends = [Closed(end, "maintenance") for start, end in self.maintenance if start <= at < end]
            ends += [Closed(end, "quiet-hours") for each in self.quiet if (end := _quiet_until(each, at)) is not None]
            if not ends or (found is not None and found.until - now > timedelta(days=366)):
                return found
            latest = max(ends, key=lambda each: each.until)
            found = latest if found is None else Closed(latest.until, found.why)


def _quiet_until(hours: tuple[time, time], now: datetime) -> datetime | None:
    """The end of the quiet hours that a moment lies in, or None."""
    start, end = hours
    local = now.astimezone(HOSPITAL_ZONE)
    clock = local.time()
    today = datetime.combine(local.date(), end, HOSPITAL_ZONE)
    if start < end:
        return today if start <= clock < end else None
    if clock >= start:
        return today + timedelta(days=1)
    return today if clock < end else None


@dataclass(slots=True)
class _Line:
    """What one worker remembers of one endpoint."""

    tokens: float = 0.0
    counted_at: datetime | None = None
    failures: int = 0
    opened: int = 0


@dataclass(slots=True)
class Traffic:
    """One worker's view of all endpoints. The pause that a breaker makes is the ledger's, so all workers keep it."""

    rules: Mapping[str, TrafficRules] = field(default_factory=dict)
    _lines: dict[str, _Line] = field(default_factory=dict)

    def of(self, endpoint: str) -> TrafficRules:
        """The rules of an endpoint; those that hold nothing back where none are set."""
        return self.rules.get(endpoint, _FREE)

    def allowance(self, endpoint: str, now: datetime, most: int) -> int:
        """How many messages may be leased now, at most ``most``: 1 to try whether a dead endpoint lives again."""
        rules, line = self.of(endpoint), self._lines.setdefault(endpoint, _Line())
        if rules.per_second is not None:
            waited = 1.0 if line.counted_at is None else (now - line.counted_at) / timedelta(seconds=1)
            if waited > 0:  # a clock that was set back gives nothing and takes nothing
                line.tokens = min(line.tokens + waited * rules.per_second, max(rules.per_second, 1.0))
            line.counted_at = now
            most = min(most, int(line.tokens))
        return min(most, 1) if rules.breaker_failures and line.failures >= rules.breaker_failures else most

    def took(self, endpoint: str, count: int) -> None:
        """So many were leased."""
        line = self._lines.setdefault(endpoint, _Line())
        line.tokens = max(line.tokens - count, 0.0)

    def heard(self, endpoint: str, receipt: Receipt, now: datetime) -> Closed | None:
        """Count what came of a sending; the pause that follows when the breaker opens, or the endpoint wants one."""
        rules, line = self.of(endpoint), self._lines.setdefault(endpoint, _Line())
        if receipt.leave_alone:
            line.failures = line.opened = 0
            return Closed(now + timedelta(seconds=min(receipt.leave_alone, MOST_ASKED)), ASKED)
        if not rules.breaker_failures:
            return None
        if not _silent(receipt):
            line.failures = line.opened = 0
            return None
        line.failures += 1
        if line.failures < rules.breaker_failures:
            return None
        seconds = rules.breaker_seconds * min(2**line.opened, _LONGEST)
        line.opened += 1
        return Closed(now + timedelta(seconds=seconds), "breaker")


_FREE = TrafficRules()


def _silent(receipt: Receipt) -> bool:
    """Whether nobody answered: one that asks to wait, refuses or says what is odd is there."""
    unsure = receipt.outcome in (Outcome.UNKNOWN, Outcome.NOT_SEEN)
    return unsure and receipt.retry_after is None and not receipt.issues
