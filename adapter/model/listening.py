"""How a way in that waits is: what the service's figures and readiness show of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """One listener at this moment.

    Attributes:
        kind: ``mllp``, ``folder`` or ``database``.
        alive: its thread runs.
        trouble: what it cannot do just now (an issue code, or the kind of an error); empty when all is well.
        arrived: messages, groups of files or polls since the start.
    """

    kind: str
    source: str
    alive: bool
    trouble: str
    arrived: int
