"""What the bureau does with a call: envelope, sign-in and fields are checked, then the transaction, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapter.counterparts.nhsa import books, fees, people, reversal, settling, stays
from adapter.counterparts.nhsa.fields import Definitions, check
from adapter.counterparts.nhsa.office import Call, Done, Office
from adapter.counterparts.nhsa.refusals import Refused
from adapter.counterparts.wire import encode

TRANSACTIONS: Mapping[str, Callable[[Office, Call], Done]] = {
    "9001": people.sign_in,
    "9002": people.sign_out,
    "1101": people.person_info,
    "2001": people.entitlement,
    "5206": people.cumulative,
    "2401": stays.admit,
    "2402": stays.discharge,
    "2403": stays.change,
    "2404": stays.cancel,
    "2405": stays.undo_discharge,
    "5201": stays.visits,
    "5202": stays.diagnoses,
    "5204": fees.shown,
    "5303": stays.inpatients,
    "2301": fees.upload,
    "2302": fees.withdraw,
    "2303": settling.trial,
    "2304": settling.settle,
    "2305": settling.cancel,
    "5203": settling.query,
    "4101": settling.settlement_list,
    "2601": reversal.reverse,
    "3201": books.totals,
    "3202": books.details,
    "9101": books.upload,
    "9102": books.download,
}

#: Envelope fields that every call must have, with their greatest length (0: not checked).
_ENVELOPE: Mapping[str, tuple[str, int]] = {
    "infno": ("交易编号", 6),
    "msgid": ("发送方报文ID", 30),
    "mdtrtarea_admvs": ("就医地医保区划", 6),
    "recer_sys_code": ("接收方系统代码", 10),
    "infver": ("接口版本号", 6),
    "opter_type": ("经办人类别", 3),
    "opter": ("经办人", 30),
    "opter_name": ("经办人姓名", 50),
    "inf_time": ("交易时间", 19),
    "fixmedins_code": ("定点医药机构编号", 30),
    "fixmedins_name": ("定点医药机构名称", 200),
}


@dataclass(frozen=True)
class Bureau:
    """The office with the published field table."""

    office: Office
    definitions: Definitions

    def serve(self, call: Call) -> Done:
        """Do one transaction.

        Raises:
            Refused: nothing was done; the message is on record all the same.
        """
        store = self.office.store
        try:
            with store.transaction():
                done = self._do(call)
                store.tell(call.msgid, call.infno, _psn_no(call.given), "0", done.effect)
                return done
        except Refused:
            with store.transaction():
                store.tell(call.msgid, call.infno, _psn_no(call.given), "-1", None)
            raise

    def _do(self, call: Call) -> Done:
        office = self.office
        if call.fault and call.fault.do == "refuse":
            raise Refused(call.fault.text or "FSI-系统繁忙，请稍后再试", system=True)
        work = TRANSACTIONS.get(call.infno)
        if work is None:
            raise Refused(f"FSI-交易编号不存在[{call.infno}]")
        self._envelope(call)
        office.hospital(call)
        if call.infno not in ("9001", "9002"):
            self._signed_in(call)
        layout = f"-{office.region.settling.list_layout}" if call.infno == "4101" else ""
        optional = office.region.optional.get(call.infno, ())
        check(self.definitions[call.infno + layout], call.given, optional)
        undo = office.region.undo
        if undo.late_original == "refuse" and call.msgid in office.store.notes("reversed."):
            raise Refused("FSI-该报文已冲正")
        return work(office, call)

    def _envelope(self, call: Call) -> None:
        for name, (label, longest) in _ENVELOPE.items():
            text = call.said(name)
            if not text:
                raise Refused(f"FSI-{label}不能为空[{name}]")
            if longest and len(text) > longest:
                raise Refused(f"FSI-{label}长度超过{longest}[{name}]")
        region = self.office.region
        longest = region.fees.max_characters
        if len(encode(call.envelope.get("input")).decode("utf-8")) > longest:
            raise Refused(f"FSI-交易输入长度超过{longest}[input]")
        if call.said("mdtrtarea_admvs")[:4] != region.division[:4]:  # a county of this city
            raise Refused("FSI-就医地医保区划不正确[mdtrtarea_admvs]")
        psn_no = _psn_no(call.given)
        person = self.office.seed.persons.get(psn_no)
        if not psn_no:
            return
        if not call.said("insuplc_admdvs"):
            raise Refused("FSI-参保地医保区划不能为空[insuplc_admdvs]")
        if person and call.said("insuplc_admdvs") != people.division_of(self.office, person):
            raise Refused("FSI-参保地医保区划与人员参保地不一致[insuplc_admdvs]")

    def _signed_in(self, call: Call) -> None:
        rules = self.office.region.sign_in
        if not rules.required:
            return
        number = self.office.store.signed_in(call.said("opter"), call.now.date().isoformat())
        if number is None:
            raise Refused("FSI-操作员未签到，请先签到")
        if rules.in_envelope and call.said("sign_no") != number:
            raise Refused("FSI-签到流水号无效，请重新签到[sign_no]")


def _psn_no(given: Mapping[str, Any]) -> str:
    """The first psn_no that stands anywhere in the input."""
    for rows in given.values():
        for row in rows if isinstance(rows, list) else [rows]:
            if isinstance(row, dict) and row.get("psn_no"):
                return str(row["psn_no"])
    return ""
