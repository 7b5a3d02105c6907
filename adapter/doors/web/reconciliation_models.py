"""What the service says about a reconciled day and its differences. Amounts are text in yuan."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from adapter.doors.web.models import Shape, SideOut

Kind = Literal[
    "missing", "unexpected", "short", "over", "amount-differs", "duplicate", "wrong-day", "total-differs"
]  # fmt: skip


class DifferenceOut(Shape):
    """One named difference; an amount that a side does not have is empty."""

    id: str
    kind: Kind
    key: str
    payer: str
    ours: str
    theirs: str
    other_day: str = Field(description="Of a settlement that the two sides have on two days: the other one.")
    action_zh: str
    action_en: str = Field(description="What a person does next.")
    command: str = Field(description="A command that helps with it.")


class ToCompareOut(Shape):
    """One line of ours that a person compares by hand."""

    key: str
    payer: str
    amount: str


class ReconciliationOut(Shape):
    """A day with one endpoint."""

    endpoint: str
    facility: str
    day: str
    agrees: bool
    asked: bool = Field(description="False: the counterpart lists nothing and cannot be asked (REC-602).")
    ours: SideOut
    theirs: SideOut
    differences: list[DifferenceOut]
    to_compare: list[ToCompareOut] = Field(description="What waits to be compared by hand where nobody can be asked.")


class OpenDifferenceOut(DifferenceOut):
    """One difference of a reconciled day in the work list."""

    endpoint: str
    facility: str
    day: str
    closed: dict[str, str] | None = Field(description="Who closed it, when and why.")


class DifferencesOut(Shape):
    """Differences of all reconciled days."""

    differences: list[OpenDifferenceOut]
