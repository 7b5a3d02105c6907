"""The hospital's clerk at a SOAP aid service: what each word of a scenario sends, and what must come back."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from adapter.counterparts.conformance.aid_xml import soap
from adapter.counterparts.conformance.aid_xml.site import AidPerson, AidXmlSite
from adapter.counterparts.conformance.issues import login_refused
from adapter.counterparts.conformance.masking import Mask
from adapter.counterparts.conformance.play import Exchange, Finding
from adapter.counterparts.conformance.scenario import Step
from adapter.counterparts.conformance.wire_talk import Talk
from adapter.model.issues import AdapterError

#: Elements that say who somebody is, and the account; no report shows them.
PERSONAL = frozenset(
    {
        *("idCard", "name", "sex", "birthday", "insuranceNo", "samCardNo", "bptCardNo", "domicileCode"),
        *("userName", "password", "disease", "diseaseName"),
    }
)
OK = "00000"
_LOGIN_REFUSED = ("0L001", "0L002", "0L00X")
_STAY_DAYS = 7
_MOST_REVERSALS = 4
#: So many days a scenario's second stay is after its first; more than there are scenarios.
_APART = 60
_NIL = Decimal("0.00")
_AMOUNT = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,2})?", re.ASCII)
_RATIO = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?%?", re.ASCII)


@dataclass
class AidStay:
    """One stay, found by person, admission date and hospital; ``settled``: a settlement of it was accepted."""

    person: AidPerson
    admitted: str
    left: str
    number: str
    aid: Decimal
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """One step on the wire; the last exchange is the one that is judged."""

    operation: str
    exchanges: tuple[Exchange, ...]
    fields: Mapping[str, str] | None
    stay: AidStay
    amount: Decimal = _NIL

    @property
    def last(self) -> Exchange:
        return self.exchanges[-1]

    @property
    def code(self) -> str:
        return (self.fields or {}).get("returnCode", "")


@dataclass
class AidClerk:
    """One scenario's player.

    Attributes:
        case: the stay number of this scenario; it chooses the day of admission, so that no scenario meets the records
            of another.
        stays: every stay that was registered, so that none is left open.
    """

    site: AidXmlSite
    talk: Talk
    mask: Mask
    password: str = field(repr=False)
    case: str = ""
    signed_in: bool = False
    stays: list[AidStay] = field(default_factory=list)

    # -- what the runner asks -----------------------------------------------------------------------------------------

    def play(self, step: Step, said: Mapping[str, Heard]) -> Heard:
        return SENDS[step.send](self, step, said)

    def check(self, step: Step, now: Heard, said: Mapping[str, Heard]) -> Sequence[Finding]:
        """``code`` is 00000 unless the step says another."""
        if "fault" in step.expect:
            return CHECKS["fault"](now, step.expect["fault"], said)
        findings = CHECKS["code"](now, step.expect.get("code", OK), said)
        if findings:
            return findings
        return [f for word, wanted in step.expect.items() if word != "code" for f in CHECKS[word](now, wanted, said)]

    def exchanges(self, now: Heard) -> Sequence[Exchange]:
        return [self.mask.exchange(each) for each in now.exchanges]

    def tidy(self) -> None:
        """Settle what may be only registered, reverse until nothing is left: a registration cannot be withdrawn."""
        for stay in reversed(self.stays):
            if not stay.settled:
                self._balance(stay, stay.aid)
            for _ in range(_MOST_REVERSALS):
                if self._balance(stay, -stay.aid).code != OK:
                    break

    # -- the words of a scenario --------------------------------------------------------------------------------------

    def login(self, step: Step, said: Mapping[str, Heard]) -> Heard:
        """``user: unknown``: an account that there is not; a wrong password is never tried, for accounts are locked."""
        if step.given.get("user") != "unknown":
            return self._own_login()
        heard = self._send("login", self._account(f"{self.site.user}-unknown"))
        self.signed_in = heard.code == OK
        return heard

    def logout(self, step: Step, said: Mapping[str, Heard]) -> Heard:
        before = self._session()
        self.signed_in = False
        return self._after(before, self._send("logout", {}))

    def identity(self, step: Step, said: Mapping[str, Heard]) -> Heard:
        """``person``; ``session: none``: without signing in."""
        stay = self._stay(step, said)
        before = () if step.given.get("session") == "none" else self._session()
        return self._after(before, self._send("checkIdentity", {"idCard": stay.person.id_card}, stay))

    def admit(self, step: Step, said: Mapping[str, Heard]) -> Heard:
        stay = self._stay(step, said)
        heard = self._after(self._session(), self._send("saveInRecord", {"record": self._record(stay)}, stay))
        if heard.code == OK or heard.fields is None:
            self.stays.append(stay)
        return heard

    def ceiling(self, step: Step, said: Mapping[str, Heard]) -> Heard:
        stay = self._stay(step, said)
        asked = {"idCard": stay.person.id_card, "inDate": stay.admitted}
        return self._after(self._session(), self._send("queryBalancePre", asked, stay))

    def ratio(self, step: Step, said: Mapping[str, Heard]) -> Heard:
        """For the division and category that checkIdentity told in ``of``."""
        known = said[step.given["of"]]
        told = known.fields or {}
        asked = {
            "domicileCode": told.get("domicileCode", ""),
            "payBase": self._total(known.stay.aid),
            "assitanceType": told.get("assitanceType", ""),
            "inDate": known.stay.admitted,
        }
        return self._after(self._session(), self._send("queryPercentage", asked, known.stay))

    def settle(self, step: Step, said: Mapping[str, Heard]) -> Heard:
        """The stay of ``of``; without it one that nobody registered."""
        stay = self._stay(step, said)
        return self._after(self._session(), self._balance(stay, stay.aid))

    def reverse(self, step: Step, said: Mapping[str, Heard]) -> Heard:
        stay = self._stay(step, said)
        return self._after(self._session(), self._balance(stay, -stay.aid))

    def lines(self, step: Step, said: Mapping[str, Heard]) -> Heard:
        stay = self._stay(step, said)
        row = {
            **self._key(stay),
            "itemCode": "C-1",
            "itemName": "检测项目",
            "expenseDate": stay.admitted,
            "quantity": "1",
            "amount": self._total(stay.aid),
        }
        return self._after(self._session(), self._send("saveExpenseDetail", {"detail": [row]}, stay))

    def raw(self, step: Step, said: Mapping[str, Heard]) -> Heard:
        """``body`` as it stands, or an ``operation`` that there is not."""
        before, stay = self._session(), self._stay(step, said)
        if "body" in step.given:
            return self._after(before, self._posted("raw", step.given["body"].encode(), stay))
        return self._after(before, self._send(step.given["operation"], {"idCard": stay.person.id_card}, stay))

    # -- small things -------------------------------------------------------------------------------------------------

    def _stay(self, step: Step, said: Mapping[str, Heard]) -> AidStay:
        """The stay of ``of``, or a new one for ``person`` on a day of this scenario's own; ``again``: a second one."""
        if "of" in step.given:
            return said[step.given["of"]].stay
        run, _, number = self.case.rpartition("-")
        span = max((self.site.last_day - self.site.first_day).days - _STAY_DAYS, 1)
        place = int(number or "0") + (_APART if step.given.get("again") == "yes" else 0)
        day = self.site.first_day + timedelta(days=(zlib.crc32(run.encode()) + place) % span)
        person = self.site.persons[step.given.get("person", "aided")]
        left = (day + timedelta(days=_STAY_DAYS)).isoformat()
        return AidStay(person, day.isoformat(), left, self.case, self.site.aid)

    def _record(self, stay: AidStay) -> dict[str, str]:
        return {**self._key(stay), "name": stay.person.name, "hospitalName": self.site.hospital_name}

    def _key(self, stay: AidStay) -> dict[str, str]:
        return {
            "idCard": stay.person.id_card,
            "recordNo": stay.number,
            "inDate": stay.admitted,
            "hospitalId": self.site.hospital,
        }

    @staticmethod
    def _total(aid: Decimal) -> Decimal:
        """The bill that a scenario tells: ten times the aid, six of them from basic insurance."""
        return aid * 10

    def _balance(self, stay: AidStay, aid: Decimal) -> Heard:
        shares = {
            "totalExpense": aid * 10,
            "insuranceExpense": aid * 9,
            "insurancePay": aid * 6,
            "hospitalPay": _NIL,
            "specialPay": _NIL,
            "otherPay": _NIL,
            "assistancePay": aid,
            "personalPay": aid * 3,
        }
        info = {**self._record(stay), "leaveDate": stay.left, **shares}
        heard = replace(self._send("balance", {"info": info}, stay), amount=aid)
        stay.settled = stay.settled or heard.code == OK
        return heard

    def _account(self, user: str) -> dict[str, str]:
        return {"userName": user, "password": self.password}

    def _session(self) -> Sequence[Exchange]:
        """Signs in before the first call of a scenario."""
        if self.signed_in:
            return ()
        return self._own_login().exchanges

    def _own_login(self) -> Heard:
        """Raises AdapterError CNF-908 where the service refuses the account: each further try would count."""
        heard = self._send("login", self._account(self.site.user))
        if heard.code in _LOGIN_REFUSED and not self.stays:
            raise AdapterError(login_refused(self.site.user, heard.code))
        self.signed_in = heard.code == OK
        return heard

    def _send(self, operation: str, content: Mapping[str, Any], stay: AidStay | None = None) -> Heard:
        body = soap.message(self.site.namespace, operation, content)
        return self._posted(operation, body, stay or self._stay(Step("", "", {}, {}), {}))

    def _posted(self, operation: str, body: bytes, stay: AidStay) -> Heard:
        headers = {"SOAPAction": f'"urn:{operation}"'}
        exchange = self.talk.post("", body, "text/xml; charset=utf-8", headers)
        exchange = replace(exchange, address=f"{operation} {exchange.address}")
        return Heard(operation, (exchange,), soap.told(exchange, self.site.namespace, operation), stay)

    @staticmethod
    def _after(before: Sequence[Exchange], heard: Heard) -> Heard:
        return replace(heard, exchanges=(*before, *heard.exchanges))


# -- what must come back -----------------------------------------------------------------------------------------------


def _code(now: Heard, wanted: Any, said: Mapping[str, Heard]) -> list[Finding]:
    """returnCode is this one, or one of these."""
    allowed = wanted if isinstance(wanted, list) else [wanted]
    if now.last.status == "HTTP 200" and now.code in allowed:
        return []
    got = now.last.failure or (f"{now.last.status} {now.code}".strip() if now.fields is not None else now.last.status)
    expected = " / ".join(allowed)
    return [Finding(f"返回码应为 {expected},收到 {got or '无法读取'}", f"expected {expected}, got {got or 'nothing'}")]


def _fault(now: Heard, wanted: Any, said: Mapping[str, Heard]) -> list[Finding]:
    if soap.is_fault(now.last):
        return []
    got = now.last.failure or f"{now.last.status} {now.code}".strip()
    return [Finding(f"应为 SOAP Fault,收到 {got}", f"expected a SOAP fault, got {got}")]


def _gives(now: Heard, wanted: Any, said: Mapping[str, Heard]) -> list[Finding]:
    missing = [name for name in wanted if not (now.fields or {}).get(name)]
    return [Finding(f"应答缺少 {', '.join(missing)}", f"the answer lacks {', '.join(missing)}")] if missing else []


def _lacks(now: Heard, wanted: Any, said: Mapping[str, Heard]) -> list[Finding]:
    there = [name for name in wanted if (now.fields or {}).get(name)]
    return [Finding(f"应答不应有 {', '.join(there)}", f"the answer has {', '.join(there)}")] if there else []


def _left_as(now: Heard, wanted: Any, said: Mapping[str, Heard]) -> list[Finding]:
    """maxPay is what it was at a step."""
    return _left(now, said[wanted], _NIL)


def _left_down_by(now: Heard, wanted: Any, said: Mapping[str, Heard]) -> list[Finding]:
    """maxPay fell ``since`` a step by the aid that ``by`` told."""
    return _left(now, said[wanted["since"]], said[wanted["by"]].amount)


def _left_less_other(now: Heard, wanted: Any, said: Mapping[str, Heard]) -> list[Finding]:
    """queryBalancePre: maxPay is what checkIdentity told in a step, less otherPay."""
    other = _amount(now, "otherPay") if (now.fields or {}).get("otherPay") else _NIL
    if other is None:
        return [Finding("otherPay 无法读到分", "otherPay cannot be read to the fen")]
    return _left(now, said[wanted], other)


def _is_person(now: Heard, wanted: Any, said: Mapping[str, Heard]) -> list[Finding]:
    """checkIdentity tells the name of the person who was asked for."""
    if (now.fields or {}).get("name") == now.stay.person.name:
        return []
    return [Finding("应答的 name 不是所问之人的姓名", "name: not that of the person who was asked for")]


def _ratio(now: Heard, wanted: Any, said: Mapping[str, Heard]) -> list[Finding]:
    """percentage is a number from 0 to 1, or per cent above it up to 100, with or without the sign."""
    told = (now.fields or {}).get("percentage", "")
    if _RATIO.fullmatch(told) and Decimal(told.removesuffix("%")) <= 100:
        return []
    return [Finding("percentage 不是比例", "percentage is no ratio")]


def _amount(heard: Heard, name: str) -> Decimal | None:
    """An amount in plain digits with at most two decimals; None for anything else."""
    told = (heard.fields or {}).get(name, "")
    return Decimal(told) if _AMOUNT.fullmatch(told) else None


def _left(now: Heard, before: Heard, down: Decimal) -> list[Finding]:
    was, is_now = (_amount(each, "maxPay") for each in (before, now))
    if was is None or is_now is None:
        return [Finding("应答的 maxPay 无法读到分", "maxPay cannot be read to the fen")]
    if is_now == was - down:
        return []
    return [Finding(f"maxPay 为 {is_now},应为 {was - down}", f"maxPay is {is_now}, not {was - down}")]


#: Word → check.
CHECKS: Mapping[str, Callable[[Heard, Any, Mapping[str, Heard]], list[Finding]]] = {
    "code": _code,
    "fault": _fault,
    "gives": _gives,
    "gives_none": _lacks,
    "left_as": _left_as,
    "left_down_by": _left_down_by,
    "left_less_other": _left_less_other,
    "is_person": _is_person,
    "ratio": _ratio,
}

#: Word → what it sends.
SENDS: Mapping[str, Callable[[AidClerk, Step, Mapping[str, Heard]], Heard]] = {
    "login": AidClerk.login,
    "logout": AidClerk.logout,
    "identity": AidClerk.identity,
    "admit": AidClerk.admit,
    "ceiling": AidClerk.ceiling,
    "ratio": AidClerk.ratio,
    "settle": AidClerk.settle,
    "reverse": AidClerk.reverse,
    "lines": AidClerk.lines,
    "raw": AidClerk.raw,
}
