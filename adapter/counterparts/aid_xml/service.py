"""What the service does with a call: register, tell ceilings, store what it is told. It checks no arithmetic."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from adapter.counterparts.aid_xml.seed import AidSeed, Known
from adapter.counterparts.aid_xml.store import ADMITTED, ANEW, NORMAL, SETTLED, STRIKE, AidStore, Record
from adapter.model.dates import local_day

OK = "00000"
EXCEPTION = "0000X"
#: So many wrong passwords lock an account.
LOCKED_AFTER = 5

Told = dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """A return code and the fields that go with it; ``session`` is a cookie to be set."""

    code: str
    fields: Mapping[str, str]
    words: str = ""
    session: str = ""


@dataclass
class Service:
    """One office's service at work."""

    seed: AidSeed
    store: AidStore
    seconds: Callable[[], float] = time.time

    def call(self, operation: str, content: Mapping[str, Any], session: str) -> Answer:
        """Answer one call. Every call but login needs a session."""
        with self.store.transaction():
            if operation == "login":
                return self._login(content)
            if not self._alive(session):
                return Answer(EXCEPTION, {}, "no session")
            work = getattr(self, f"_{METHODS[operation]}")
            answer: Answer = work(content, session)
            return answer

    # -- session -------------------------------------------------------------------------------------------------------

    def _login(self, content: Mapping[str, Any]) -> Answer:
        user = str(content.get("userName", ""))
        if self.store.failures(user) >= LOCKED_AFTER:
            return Answer("0L001", {})
        if self.seed.users.get(user) != str(content.get("password", "")):
            self.store.failed(user)
            return Answer("0L002", {})
        session = secrets.token_hex(16)
        self.store.open_session(session, user, self.seconds())
        return Answer(OK, {}, session=session)

    def _logout(self, content: Mapping[str, Any], session: str) -> Answer:
        self.store.close_session(session)
        return Answer(OK, {})

    def _alive(self, session: str) -> bool:
        used = self.store.session(session)
        if used is None or self.seconds() - used > self.seed.session_seconds:
            return False
        self.store.touch(session, self.seconds())
        return True

    # -- questions -----------------------------------------------------------------------------------------------------

    def _check_identity(self, content: Mapping[str, Any], session: str) -> Answer:
        """Good for any known person, aided or not."""
        id_card = str(content["idCard"])
        known = self.seed.persons.get(id_card)
        if known is None:
            return Answer("04001", {})
        fields = {
            "name": known.name,
            "sex": known.sex,
            "birthday": known.birthday,
            "assitanceType": known.category,
            "domicileCode": known.domicile,
            "maxPay": str(self._left(id_card, known)),
        }
        return Answer(OK, fields)

    def _query_balance_pre(self, content: Mapping[str, Any], session: str) -> Answer:
        id_card, in_date = str(content["idCard"]), str(content["inDate"])
        known = self.seed.persons.get(id_card)
        if known is None:
            return Answer("05001", {})
        if not any(row.in_date == in_date for row in self.store.of_person(id_card)):
            return Answer("05002", {})
        left = self._left(id_card, known) - known.other
        return Answer(OK, {"pauseFlag": known.pause, "maxPay": str(left), "otherPay": str(known.other)})

    def _query_percentage(self, content: Mapping[str, Any], session: str) -> Answer:
        place, category = str(content["domicileCode"]), str(content["assitanceType"])
        return Answer(OK, {"percentage": self.seed.ratios.get(place, {}).get(category, "")})

    def _left(self, id_card: str, known: Known) -> Decimal:
        """Ceiling of the year less aid of the year. Nobody set a ceiling: it counts as -1."""
        year = self._year()
        here = sum((row.aid for row in self.store.of_person(id_card) if row.year == year), Decimal(0))
        return (Decimal(-1) if known.ceiling is None else known.ceiling) - known.paid - here

    # -- what counts ---------------------------------------------------------------------------------------------------

    def _save_in_record(self, content: Mapping[str, Any], session: str) -> Answer:
        told: Told = content["record"]
        known = self.seed.persons.get(told["idCard"])
        if known is None:
            return Answer("01001", {})
        if not known.category:
            return Answer("01003", {})
        if any(row.status == ADMITTED for row in self.store.of_person(told["idCard"])):
            return Answer("01002", {})
        self.store.add(self._record(told, ADMITTED, NORMAL, Decimal(0)))
        return Answer(OK, {})

    def _balance(self, content: Mapping[str, Any], session: str) -> Answer:
        told: Told = content["info"]
        known = self.seed.persons.get(told["idCard"])
        if known is None or not known.category:
            return Answer("02001", {})
        told = self._with_percent(told)
        mine = self._mine(told)
        taken_back = Decimal(told["totalExpense"]) < 0
        return self._strike(told, mine) if taken_back else self._settle(told, mine)

    def _settle(self, told: Told, mine: Sequence[Record]) -> Answer:
        """An admitted record is settled; where one was struck before, anything more is stored again and again."""
        aid = Decimal(told["assistancePay"])
        admitted = [row for row in mine if row.status == ADMITTED]
        if admitted:
            self.store.settle(admitted[0].seq, self._year(), aid, told)
            return Answer(OK, {})
        if not any(row.strike == STRIKE for row in mine):
            return Answer("02002", {})
        self.store.add(self._record(told, SETTLED, ANEW, aid))
        return Answer(OK, {})

    def _strike(self, told: Told, mine: Sequence[Record]) -> Answer:
        """The record that stands becomes 01, and a 02 record takes its amounts back."""
        standing = [row for row in mine if row.stands]
        if not standing:
            return Answer("02002", {})
        self.store.strike(standing[0].seq)
        self.store.add(self._record(told, SETTLED, STRIKE, Decimal(told["assistancePay"])))
        return Answer(OK, {})

    def _save_expense_detail(self, content: Mapping[str, Any], session: str) -> Answer:
        rows: list[Told] = content["detail"] if isinstance(content["detail"], list) else [content["detail"]]
        if rows[0]["idCard"] not in self.seed.persons:
            return Answer("03002", {})
        standing = [row for row in self._mine(rows[0]) if row.stands]
        if not standing:
            return Answer("03001", {})
        self.store.add_details(standing[-1].seq, list(rows))
        return Answer(OK, {})

    def _mine(self, told: Told) -> list[Record]:
        """Found by person, admission date and hospital; the hospital's own number is not looked at."""
        place = (told["inDate"], told["hospitalId"])
        return [row for row in self.store.of_person(told["idCard"]) if (row.in_date, row.hospital) == place]

    @staticmethod
    def _with_percent(told: Told) -> Told:
        """A ratio up to 1 is stored as per cent; above 1 it is dropped."""
        given = told.get("assistancePer", "")
        kept = {name: text for name, text in told.items() if name != "assistancePer"}
        if not given or Decimal(given) > 1:
            return kept
        return {**kept, "assistancePer": f"{(Decimal(given) * 100).normalize():f}"}

    def _record(self, told: Told, status: str, strike: str, aid: Decimal) -> Record:
        place = (told["idCard"], told["inDate"], told["hospitalId"])
        return Record(0, *place, self._year(), status, strike, aid, told)

    def _year(self) -> int:
        return local_day(datetime.fromtimestamp(self.seconds(), UTC)).year

    # -- for tests -----------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Counts for tests; amounts are text, persons are numbered as they came."""
        with self.store.transaction():
            rows, details = self.store.everything(), self.store.details()
        standing = [row for row in rows if row.stands]
        stays: dict[str, int] = {}
        persons = list(dict.fromkeys(row.id_card for row in rows))
        for row in standing:
            stay = f"{persons.index(row.id_card) + 1}/{row.in_date}/{row.hospital}"
            stays[stay] = stays.get(stay, 0) + 1
        fields = sorted({name for row in rows for name in row.body})
        return {
            "role": "aid-xml",
            "registered": sum(row.status == ADMITTED for row in rows),
            "settled": len(standing),
            "reversed": sum(row.strike == STRIKE for row in rows),
            "settled_twice": {stay: number for stay, number in stays.items() if number > 1},
            "paid": str(sum((row.aid for row in rows), Decimal(0))),
            "details": sum(details.values()),
            "strikes": [row.strike for row in rows],
            "fields": fields,
            "last": dict(rows[-1].body) if rows else {},
        }


METHODS = {
    "logout": "logout",
    "checkIdentity": "check_identity",
    "queryBalancePre": "query_balance_pre",
    "queryPercentage": "query_percentage",
    "saveInRecord": "save_in_record",
    "balance": "balance",
    "saveExpenseDetail": "save_expense_detail",
}
