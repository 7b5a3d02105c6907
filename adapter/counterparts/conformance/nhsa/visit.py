"""A stay as the kit tells it, and what one step said and heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from adapter.counterparts.conformance.nhsa.site import TestPerson
from adapter.counterparts.conformance.play import Exchange


@dataclass
class Visit:
    """One stay at the bureau; it changes as the scenario goes on.

    Attributes:
        admission: msgid of its 2401.
        lines: serial → amount of what the bureau has taken.
        again: a second stay, which begins on the day that the first ends.
    """

    ipt_no: str
    person: TestPerson
    psn_no: str = ""
    insutype: str = ""
    psn_type: str = ""
    division: str = ""
    mdtrt_id: str = ""
    admission: str = ""
    discharged: bool = False
    lines: dict[str, Decimal] = field(default_factory=dict)
    again: bool = False

    @property
    def total(self) -> Decimal:
        return sum(self.lines.values(), Decimal("0.00"))


@dataclass(frozen=True, slots=True)
class Told:
    """One step on the wire.

    Attributes:
        infno: of the last exchange, which is the one that is judged.
        visit: the stay it is about.
        msgid: of the last exchange.
        rows: fee lines that were sent, by serial; of a settlement those that it settles.
        total: of the lines that the step is about, as it was before the step.
        undone: the settlement that it takes back.
        setl_id: the settlement that was asked for.
    """

    infno: str
    exchanges: tuple[Exchange, ...]
    visit: Visit
    msgid: str = ""
    rows: Mapping[str, Any] = field(default_factory=dict)
    total: Decimal = Decimal("0.00")
    undone: Told | None = None
    setl_id: str = ""

    @property
    def last(self) -> Exchange:
        return self.exchanges[-1]
