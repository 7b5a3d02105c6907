"""What one step of a scenario said, and heard."""

from __future__ import annotations

from dataclasses import dataclass

from adapter.counterparts.conformance.bodies import Stay
from adapter.counterparts.conformance.play import Exchange


@dataclass(frozen=True, slots=True)
class Said:
    """One step on the wire.

    Attributes:
        send: the word of the scenario, where checks depend on it.
        key: the claim key.
        exchanges: usually one; several when pages were turned.
        stay: what was claimed, where something was.
        path: where it went, so that it can be repeated.
        undone: key of the settlement that it reverses, or empty.
    """

    send: str
    key: str
    exchanges: tuple[Exchange, ...]
    stay: Stay | None = None
    path: str = ""
    undone: str = ""

    @property
    def last(self) -> Exchange:
        return self.exchanges[-1]

    @property
    def stay_needed(self) -> Stay:
        """The stay of a step that has one. Raises ValueError for a step that claims nothing."""
        if self.stay is None:
            raise ValueError(f"step {self.send} claims nothing")
        return self.stay
