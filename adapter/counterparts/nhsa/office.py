"""What every transaction of the bureau works with: a call, the office's books and its clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from adapter.counterparts.catalogue import ItemLists
from adapter.counterparts.faults import Fault
from adapter.counterparts.nhsa.refusals import Refused
from adapter.counterparts.nhsa.region import Region
from adapter.counterparts.nhsa.seed import Hospital, Person, Plans, Seed
from adapter.counterparts.nhsa.store import Bill, Store, Visit
from adapter.model.dates import HOSPITAL_ZONE

NIL = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Call:
    """One transaction as it arrived.

    Attributes:
        given: the input, values as they came.
        now: the bureau's time of it, local, without zone.
        fault: what was scripted for it.
        file: the file part of 9101.
    """

    infno: str
    msgid: str
    envelope: Mapping[str, Any]
    given: Mapping[str, Any]
    now: datetime
    fault: Fault | None = None
    file: bytes | None = None

    def one(self, node: str = "data") -> dict[str, str]:
        """A node's fields as text; empty for a node that is not there."""
        return texts(self.given.get(node))

    def many(self, node: str) -> list[dict[str, str]]:
        """A node's rows as text."""
        rows = self.given.get(node) or []
        return [texts(row) for row in (rows if isinstance(rows, list) else [rows])]

    def said(self, name: str) -> str:
        """A field of the envelope as text."""
        value = self.envelope.get(name)
        return "" if value is None else str(value)

    @property
    def facility(self) -> str:
        return self.said("fixmedins_code")


@dataclass(frozen=True, slots=True)
class Done:
    """What a transaction answers, and the visit or bill that it made; ``file`` for 9102."""

    output: Mapping[str, Any] | list[dict[str, Any]]
    effect: int | None = None
    file: tuple[str, bytes] | None = None


@dataclass(frozen=True)
class Office:
    """The bureau's office.

    Attributes:
        claim_clock: settle under the day of discharge instead of today, so that historical stays can be settled.
    """

    region: Region
    seed: Seed
    plans: Plans
    lists: ItemLists
    store: Store
    claim_clock: bool = False
    seconds: Callable[[], float] = time.time

    def now(self, skew: float = 0.0) -> datetime:
        """The bureau's local time, without zone."""
        moment = datetime.fromtimestamp(self.seconds(), UTC) + timedelta(seconds=skew)
        return moment.astimezone(HOSPITAL_ZONE).replace(tzinfo=None)

    def number(self, seq: int, call: Call) -> str:
        """An id of the bureau: division, day, serial."""
        return f"{self.region.division}{call.now:%Y%m%d}{seq:08d}"

    def person(self, psn_no: str) -> Person:
        """Raises Refused for nobody insured here."""
        found = self.seed.persons.get(psn_no)
        if found is None:
            raise Refused("FSI-未查询到人员基本信息")
        return found

    def hospital(self, call: Call) -> Hospital:
        """Raises Refused for an institution without a contract."""
        found = self.seed.hospitals.get(call.facility)
        if found is None:
            raise Refused("FSI-定点医药机构不存在或未签订协议")
        return found

    def visit(self, call: Call, data: Mapping[str, str]) -> Visit:
        """The stay that a call names, by the hospital's own person.

        Raises:
            Refused: there is none, it is another's, or it was cancelled.
        """
        found = self.store.visit(data.get("mdtrt_id", ""))
        if found is None or found.facility != call.facility or found.psn_no != data.get("psn_no"):
            raise Refused("FSI-未查询到就诊登记信息")
        if found.state == "cancelled":
            raise Refused("FSI-就诊登记已撤销")
        return found

    def categories(self, person: Person, on: date) -> frozenset[str]:
        """What the plans call the person on a day."""
        known = self.region.settling.identities
        return frozenset(known[one.code] for one in person.identities if on in one.holds and one.code in known)

    def used(self, person: Person, year: int, without: str = "") -> dict[str, Decimal]:
        """A person's year: elsewhere by the seed, and here at every hospital; ``without`` leaves one stay out."""
        sums = dict(person.used.get(year, {}))
        for bill in self.store.year(person.psn_no, year):
            if bill.mdtrt_id != without:
                add(sums, bill.amounts("accruals"))
        return sums

    def account(self, person: Person, year: int) -> Decimal:
        """What is left on the personal account."""
        return person.account - sum((of_account(bill) for bill in self.store.year(person.psn_no, year)), NIL)

    def payers(self, insutype: str) -> tuple[tuple[str, Any], ...]:
        """Payers and plans in order, as they are in force now."""
        elsewhere = self.region.settling.elsewhere
        here = self.plans.of(insutype, self.store.notes("plan."))
        return tuple((payer, plan) for payer, plan in here if payer not in elsewhere)


def of_account(bill: Bill) -> Decimal:
    """What a settlement took from the personal account."""
    return Decimal(bill.body["account"])


def add(sums: dict[str, Decimal], more: Mapping[str, Decimal], sign: int = 1) -> None:
    """Add amounts by name in place."""
    for name, amount in more.items():
        sums[name] = sums.get(name, NIL) + amount * sign


def texts(row: Any) -> dict[str, str]:
    """Fields as text, empty for null."""
    if not isinstance(row, dict):
        return {}
    return {str(key): "" if value is None else str(value) for key, value in row.items()}


def day_of(text: str) -> date:
    """The day of a date or date-time field. Raises Refused for another text."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise Refused(f"FSI-日期格式错误[{text[:19]}]") from error


def amount_of(text: str, name: str) -> Decimal:
    """An amount field. Raises Refused for another text."""
    try:
        found = Decimal(text)
    except ArithmeticError as error:
        raise Refused(f"FSI-金额格式错误[{name}]") from error
    if not found.is_finite():
        raise Refused(f"FSI-金额格式错误[{name}]")
    return found
