"""The hospital's clerk at a bureau of the national platform: what each word of a scenario sends. 扮演医院医保办。"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from adapter.counterparts.conformance.masking import Mask
from adapter.counterparts.conformance.nhsa import bodies
from adapter.counterparts.conformance.nhsa.checks import CHECKS, answered, good
from adapter.counterparts.conformance.nhsa.reading import node, rows, text
from adapter.counterparts.conformance.nhsa.signing import Signer
from adapter.counterparts.conformance.nhsa.site import NhsaSite
from adapter.counterparts.conformance.nhsa.visit import Told, Visit
from adapter.counterparts.conformance.play import Exchange, Finding
from adapter.counterparts.conformance.scenario import Step
from adapter.counterparts.conformance.wire_talk import Talk
from adapter.counterparts.wire import encode
from adapter.model.dates import HOSPITAL_ZONE

#: Fields that say who somebody is; no report shows them.
PERSONAL = frozenset(
    {
        *("psn_no", "psn_name", "certno", "mdtrt_cert_no", "gend", "naty", "brdy", "age", "tel", "addr", "card_sn"),
        *("patn_name", "coner_name", "coner_addr", "coner_tel", "emp_name", "cert_no", "psn_cert_no"),
    }
)
#: Numbers every message and every fee line of this process.
_COUNT = itertools.count(time.time_ns() % 7919)


@dataclass
class Clerk:
    """One scenario's player.

    Attributes:
        case: the stay number of this scenario; new in every run.
        stays: every stay that it has told, so that it can be taken back.
        standing: settlements that were sent and not taken back, by msgid; also those that were refused, because a
            request may have arrived twice.
    """

    site: NhsaSite
    talk: Talk
    mask: Mask
    signer: Signer
    case: str
    sign_no: str = ""
    stays: list[Visit] = field(default_factory=list)
    standing: dict[str, Told] = field(default_factory=dict)

    # -- what the runner asks -----------------------------------------------------------------------------------------

    def play(self, step: Step, said: Mapping[str, Told]) -> Told:
        return SENDS[step.send](self, step, said)

    def check(self, step: Step, now: Told, said: Mapping[str, Told]) -> Sequence[Finding]:
        findings = answered(now, step.expect, self.site)
        if findings:
            return findings
        return [
            finding
            for word, wanted in step.expect.items()
            if word != "answer"
            for finding in CHECKS[word](now, wanted, said, self.site)
        ]

    def exchanges(self, now: Told) -> Sequence[Exchange]:
        return [self.mask.exchange(each) for each in now.exchanges]

    def tidy(self) -> None:
        """Cancel what stands and withdraw every stay, latest first; how that is answered is not judged here."""
        for settled in reversed(list(self.standing.values())):
            number = text(node(settled.last, "setlinfo"), "setl_id")
            if number and good(settled.last, self.site):
                self._call("2305", bodies.stay(settled.visit, setl_id=number), settled.visit)
            else:
                self._call("2601", bodies.undo(settled.visit, settled.msgid, "2304"), settled.visit)
        for visit in reversed(self.stays):
            if not visit.mdtrt_id:
                self._call("2601", bodies.undo(visit, visit.admission, "2401"), visit)
                continue
            if visit.discharged:
                self._call("2405", bodies.stay(visit), visit)
            self._call("2302", bodies.lines_back(visit, []), visit)
            self._call("2404", bodies.stay(visit), visit)

    # -- the words of a scenario: who --------------------------------------------------------------------------------

    def sign_in(self, step: Step, said: Mapping[str, Told]) -> Told:
        return self._one("9001", bodies.sign_in(self.site), self._nobody(step))

    def person(self, step: Step, said: Mapping[str, Told]) -> Told:
        """``person``; ``name: other``: somebody else's name with the number; ``sign_no: other``: a number that
        nobody was given; ``signed: wrong``: under another secret."""
        visit = self._nobody(step)
        if step.given.get("name") == "other":
            visit.person = replace(visit.person, name=f"{visit.person.name}某")
        before = self._signed_in()
        over = {"sign_no": "0" * 20} if step.given.get("sign_no") == "other" else {}
        wrong = step.given.get("signed") == "wrong"
        return self._after(before, self._one("1101", bodies.person(visit), visit, over, wrong=wrong))

    def entitlement(self, step: Step, said: Mapping[str, Told]) -> Told:
        before, visit = self._known(step)
        return self._after(before, self._one("2001", bodies.entitlement(visit, self.site), visit))

    def year(self, step: Step, said: Mapping[str, Told]) -> Told:
        before, visit = self._known(step)
        return self._after(before, self._one("5206", bodies.year(visit), visit))

    # -- the stay -----------------------------------------------------------------------------------------------------

    def admit(self, step: Step, said: Mapping[str, Told]) -> Told:
        """A stay of its own, or the admission of ``of`` once more; ``again``: from the day that the first one ends."""
        before: Sequence[Exchange] = ()
        if "of" in step.given:
            visit = replace(said[step.given["of"]].visit, mdtrt_id="", lines={})
        else:
            before, visit = self._known(step)
            visit.again = step.given.get("again") == "yes"
        told = self._one("2401", bodies.admission(visit, self.site), visit)
        visit.mdtrt_id = text(node(told.last, "result"), "mdtrt_id") if good(told.last, self.site) else ""
        visit.admission = told.msgid
        if visit.mdtrt_id or told.last.failure:
            self.stays.append(visit)
        return self._after(before, told)

    def stay(self, step: Step, said: Mapping[str, Told]) -> Told:
        """Admission, fee lines and discharge in one word: ``items`` as for ``fees``; ``open``: not discharged."""
        told = self.admit(step, said)
        if not told.visit.mdtrt_id:
            return told
        told = self._after(told.exchanges, self._fees(told.visit, step))
        if step.given.get("open") != "yes" and good(told.last, self.site):
            told = self._after(told.exchanges, replace(self._discharge(told.visit), rows=told.rows))
        return told

    def fees(self, step: Step, said: Mapping[str, Told]) -> Told:
        """Lines of the stay ``of``: ``items`` (class → amount); ``refund`` (true serial of that step's lines);
        ``same_serials`` (a step whose serials are used again); ``lines`` (so many)."""
        visit = said[step.given["of"]].visit
        same = said[step.given["same_serials"]] if "same_serials" in step.given else None
        return self._fees(visit, step, same, said)

    def withdraw(self, step: Step, said: Mapping[str, Told]) -> Told:
        """Takes the lines of ``of`` back; ``all``: every unsettled one, by 0000."""
        earlier = said[step.given["of"]]
        serials = [] if step.given.get("all") == "yes" else list(earlier.rows)
        told = self._one("2302", bodies.lines_back(earlier.visit, serials), earlier.visit)
        if good(told.last, self.site):
            for serial in serials or list(earlier.visit.lines):
                earlier.visit.lines.pop(serial, None)
        return told

    def discharge(self, step: Step, said: Mapping[str, Told]) -> Told:
        return self._discharge(said[step.given["of"]].visit)

    # -- the money ----------------------------------------------------------------------------------------------------

    def trial(self, step: Step, said: Mapping[str, Told]) -> Told:
        return self._bill("2303", step, said)

    def settle(self, step: Step, said: Mapping[str, Told]) -> Told:
        """``total``: so much more than the lines come to; ``psn_no: other``: in another person's name."""
        told = self._bill("2304", step, said)
        self.standing[told.msgid] = told
        return told

    def cancel(self, step: Step, said: Mapping[str, Told]) -> Told:
        """``stay``: its id with the stay of another step."""
        settled = said[step.given["of"]]
        number = text(node(settled.last, "setlinfo"), "setl_id")
        visit = said[step.given["stay"]].visit if "stay" in step.given else settled.visit
        told = self._one("2305", bodies.stay(visit, setl_id=number), visit)
        if good(told.last, self.site):
            self.standing.pop(settled.msgid, None)
        return replace(told, undone=settled, rows=settled.rows, total=settled.total)

    def undo(self, step: Step, said: Mapping[str, Told]) -> Told:
        """2601 for the message of ``of``; ``never``: for one that was never sent."""
        earlier = said[step.given["of"]]
        msgid = self._msgid() if step.given.get("never") == "yes" else earlier.msgid
        told = self._one("2601", bodies.undo(earlier.visit, msgid, earlier.infno), earlier.visit)
        if good(told.last, self.site):
            self.standing.pop(msgid, None)
        return replace(told, undone=earlier)

    # -- questions ----------------------------------------------------------------------------------------------------

    def find_settlement(self, step: Step, said: Mapping[str, Told]) -> Told:
        return self._asked("5203", said[step.given["of"]])

    def find_lines(self, step: Step, said: Mapping[str, Told]) -> Told:
        """``by: visit``: without a settlement id."""
        return self._asked("5204", said[step.given["of"]], by_visit=step.given.get("by") == "visit")

    def find_stay(self, step: Step, said: Mapping[str, Told]) -> Told:
        visit = said[step.given["of"]].visit
        return self._one("5201", bodies.visits(visit, self.site, typed=True), visit)

    def inpatients(self, step: Step, said: Mapping[str, Told]) -> Told:
        visit = said[step.given["of"]].visit
        return self._one("5303", bodies.visits(visit, self.site, typed=False), visit)

    def wrong_totals(self, step: Step, said: Mapping[str, Told]) -> Told:
        """3201 for the day of ``of`` with sums that cannot be right."""
        settled = said[step.given["of"]]
        stated = text(node(settled.last, "setlinfo"), "setl_time")[:10]
        day = date.fromisoformat(stated) if _is_day(stated) else self.site.days["discharged"]
        return self._one("3201", bodies.totals(settled.visit, self.site, day), settled.visit)

    def raw(self, step: Step, said: Mapping[str, Told]) -> Told:
        """``infno`` with an ``input`` that is wrong on purpose, for the insured person."""
        before, visit = self._known(step)
        known = {"psn_no": visit.psn_no, "insutype": visit.insutype, "fixmedins_code": self.site.facility}
        given = {
            name: {field: known.get(field, value) if value == "known" else value for field, value in part.items()}
            for name, part in step.given["input"].items()
        }
        return self._after(before, self._one(step.given["infno"], given, visit))

    # -- small things -------------------------------------------------------------------------------------------------

    def _nobody(self, step: Step) -> Visit:
        """A stay with a person whom nobody was asked about yet."""
        number = f"{self.case}-{len(self.stays) + 1}"
        return Visit(number, self.site.persons[step.given.get("person", "insured")])

    def _signed_in(self) -> Sequence[Exchange]:
        if self.sign_no or not self.site.signs_in:
            return ()
        told = self._one("9001", bodies.sign_in(self.site), Visit("", self.site.persons["insured"]))
        self.sign_no = text(node(told.last, "signinoutb"), "sign_no")
        return told.exchanges

    def _known(self, step: Step) -> tuple[Sequence[Exchange], Visit]:
        """A stay whose person the bureau has told: signed in, 1101."""
        told = self.person(step, {})
        visit, base = told.visit, node(told.last, "baseinfo")
        insured = next(iter(rows(told.last, "insuinfo")), {})
        visit.psn_no = text(base, "psn_no")
        visit.insutype, visit.psn_type = text(insured, "insutype"), text(insured, "psn_type")
        visit.division = text(insured, "insuplc_admdvs")
        return told.exchanges, visit

    def _fees(self, visit: Visit, step: Step, same: Told | None = None, said: Mapping[str, Told] | None = None) -> Told:
        """``rows`` of what is told: serial → the line."""
        sent: dict[str, dict[str, Any]] = {}
        serials = list(same.rows) if same else []
        refunded = said[step.given["refund"]] if said and "refund" in step.given else None
        for serial, row in refunded.rows.items() if refunded else ():
            back = self._serial()
            net = -Decimal(row["det_item_fee_sumamt"])
            sent[back] = bodies.line(visit, self.site, back, row["med_list_codg"], net, of=serial)
        items = {} if refunded else step.given.get("items", {"in-scope": "9000.00"})
        for place, (kind, net) in enumerate(items.items()):
            serial = serials[place] if place < len(serials) else self._serial()
            sent[serial] = bodies.line(visit, self.site, serial, self.site.items[kind], Decimal(net))
        told = replace(self._one("2301", {"feedetail": list(sent.values())}, visit), rows=sent)
        if good(told.last, self.site):
            visit.lines |= {serial: Decimal(row["det_item_fee_sumamt"]) for serial, row in sent.items()}
        return told

    def _discharge(self, visit: Visit) -> Told:
        told = self._one("2402", bodies.discharge(visit, self.site), visit)
        visit.discharged = visit.discharged or good(told.last, self.site)
        return told

    def _bill(self, infno: str, step: Step, said: Mapping[str, Told]) -> Told:
        visit = said[step.given["of"]].visit
        total = visit.total + Decimal(step.given.get("total", "0.00"))
        given = bodies.bill(visit, self.site, total, final=infno == "2304")
        if step.given.get("psn_no") == "other":
            given["data"]["psn_no"] = f"{visit.psn_no}9"[:30]
        return replace(self._one(infno, given, visit), rows=dict(visit.lines), total=visit.total)

    def _asked(self, infno: str, settled: Told, *, by_visit: bool = False) -> Told:
        number = "" if by_visit else text(node(settled.last, "setlinfo"), "setl_id")
        more = {} if by_visit else {"setl_id": number}
        told = self._one(infno, bodies.stay(settled.visit, **more), settled.visit)
        return replace(told, rows=settled.rows, total=settled.total, setl_id=number)

    def _one(
        self, infno: str, given: Mapping[str, Any], visit: Visit, over: Mapping[str, Any] | None = None, **how: bool
    ) -> Told:
        msgid, exchange = self._call(infno, given, visit, over, **how)
        return Told(infno, (exchange,), visit, msgid)

    @staticmethod
    def _after(before: Sequence[Exchange], told: Told) -> Told:
        return replace(told, exchanges=(*before, *told.exchanges))

    def _call(
        self,
        infno: str,
        given: Mapping[str, Any],
        visit: Visit,
        over: Mapping[str, Any] | None = None,
        *,
        wrong: bool = False,
    ) -> tuple[str, Exchange]:
        """One transaction; ``over``: envelope fields instead of the right ones; ``wrong``: wrongly signed."""
        msgid = self._msgid()
        envelope = {
            "infno": infno,
            "msgid": msgid,
            "mdtrtarea_admvs": self.site.division,
            "insuplc_admdvs": visit.division or (self.site.division if visit.psn_no else ""),
            "dev_no": "",
            "dev_safe_info": "",
            "cainfo": "",
            "signtype": "",
            "opter_type": "1",
            "opter": self.site.operator["number"],
            "opter_name": self.site.operator["name"],
            "inf_time": f"{_now():%Y-%m-%d %H:%M:%S}",
            "fixmedins_code": self.site.facility,
            "fixmedins_name": self.site.facility_name,
            "sign_no": self.sign_no,
            **self.site.envelope,
            "input": self._with_more(infno, given),
            **(over or {}),
        }
        signed, headers = self.signer.signed(envelope, wrong=wrong)
        path = f"/{infno}" if self.site.by_path else ""
        exchange = self.talk.post(path, encode(signed), "application/json", headers)
        return msgid, replace(exchange, address=f"{infno} {exchange.address}")

    def _with_more(self, infno: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """The input with what this bureau wants besides in its first node."""
        more = self.site.more.get(infno, {})
        first = next(iter(given), "")
        return {name: {**part, **more} if name == first and more else part for name, part in given.items()}

    def _msgid(self) -> str:
        return f"{self.site.facility[:12]}{_now():%Y%m%d%H%M%S}{next(_COUNT) % 10000:04d}"

    def _serial(self) -> str:
        digits = f"{int(time.time()) % 10**9:09d}{next(_COUNT) % 10**5:05d}"
        return f"1{digits}" if self.site.digits else f"KIT{digits}"


def _now() -> datetime:
    return datetime.now(UTC).astimezone(HOSPITAL_ZONE)


def _is_day(said: str) -> bool:
    try:
        date.fromisoformat(said)
    except ValueError:
        return False
    return True


#: Word → what it sends.
SENDS: Mapping[str, Callable[[Clerk, Step, Mapping[str, Told]], Told]] = {
    "sign-in": Clerk.sign_in,
    "person": Clerk.person,
    "entitlement": Clerk.entitlement,
    "year": Clerk.year,
    "admit": Clerk.admit,
    "stay": Clerk.stay,
    "fees": Clerk.fees,
    "withdraw": Clerk.withdraw,
    "discharge": Clerk.discharge,
    "trial": Clerk.trial,
    "settle": Clerk.settle,
    "cancel": Clerk.cancel,
    "undo": Clerk.undo,
    "find-settlement": Clerk.find_settlement,
    "find-lines": Clerk.find_lines,
    "find-stay": Clerk.find_stay,
    "inpatients": Clerk.inpatients,
    "wrong-totals": Clerk.wrong_totals,
    "raw": Clerk.raw,
}
