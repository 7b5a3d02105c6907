"""What a patient showed at the window, on its way to one sending: in this process only, used once, soon forgotten."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

#: So long a credential that nobody used is remembered.
_KEPT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Presented:
    """A token of the electronic credential or a card, and the password. Nothing of it prints or is stored.

    Attributes:
        number: token, or number of the card.
        card_sn: recognition code of a card.
    """

    number: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    card_sn: str = field(default="", repr=False)


@dataclass(slots=True)
class Shown:
    """By case, what was shown last. The window puts it here, the endpoint takes it out when it sends."""

    _lock: Lock = field(default_factory=Lock, repr=False)
    _held: dict[str, tuple[datetime, Presented]] = field(default_factory=dict, repr=False)

    def put(self, case_id: str, presented: Presented, now: datetime) -> None:
        """Remember it for one sending of the case; what is too old of others is forgotten."""
        with self._lock:
            self._held = {case: each for case, each in self._held.items() if now - each[0] <= _KEPT}
            self._held[case_id] = (now, presented)

    def take(self, case_id: str, now: datetime) -> Presented | None:
        """What was shown for a case, once; None where nothing was, or too long ago."""
        with self._lock:
            at, presented = self._held.pop(case_id, (now, None))
        return presented if now - at <= _KEPT else None
