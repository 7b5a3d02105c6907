"""Money: 2303 tries, 2304 settles, 2305 takes a settlement back, 5203 shows one, 4101 takes its list."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from adapter.counterparts.nhsa.assess import Worth, worth
from adapter.counterparts.nhsa.office import NIL, Call, Done, Office, amount_of, day_of, of_account
from adapter.counterparts.nhsa.password import opened
from adapter.counterparts.nhsa.people import person_of_certificate
from adapter.counterparts.nhsa.refusals import Refused
from adapter.counterparts.nhsa.seed import Person
from adapter.counterparts.nhsa.sheets import Sums, amounts_of, details_of, person_part, signed, sums_of
from adapter.counterparts.nhsa.store import Bill, Visit


def trial(office: Office, call: Call) -> Done:
    """2303: computed from what stands now; nothing is kept, so there is no setl_id."""
    given = call.one()
    visit, person, on = _settleable(office, call, given, office.region.settling.trial_discharge_first)
    bill = worth(office, visit, person, office.hospital(call), on)
    sums = _sums(office, call, given, person, bill, on)
    return Done(_sheet(office, call, visit, person, (bill, sums), on))


def settle(office: Office, call: Call) -> Done:
    """2304: counts. A second one is a second attempt and finds nothing left to settle."""
    given = call.one()
    final = given["mid_setl_flag"] != "1"
    visit, person, on = _settleable(office, call, given, final and office.region.settling.discharge_first)
    _shown(office, call, given, person)
    bill = worth(office, visit, person, office.hospital(call), on)
    if call.fault and call.fault.do == "differ":
        bill = _other_than_tried(bill, amount_of(call.fault.text or "0.10", "differ"))
    sums = _sums(office, call, given, person, bill, on)
    seq = office.store.next_seq("bills")
    sheet = _sheet(office, call, visit, person, (bill, sums), on)
    open_lines = [line.sn for line in office.store.lines(visit.mdtrt_id) if line.bill is None]
    kept = Bill(
        seq=seq,
        setl_id=office.number(seq, call),
        mdtrt_id=visit.mdtrt_id,
        psn_no=person.psn_no,
        facility=call.facility,
        msgid=call.msgid,
        year=on.year,
        setl_time=_moment(office, call, on),
        refund_of=None,
        gone=False,
        body={
            "amounts": bill.amounts,
            "accruals": bill.accruals,
            "account": sums.account,
            "sheet": sheet,
            "lines": open_lines,
            "invono": given.get("invono"),
        },
    )
    office.store.keep(kept)
    office.store.take_lines(visit.mdtrt_id, seq)
    sheet["setlinfo"]["setl_id"] = kept.setl_id
    return Done(sheet, seq)


def _settleable(office: Office, call: Call, given: dict[str, str], discharged: bool) -> tuple[Visit, Person, date]:
    """The stay, its person and the day whose rules count: the discharge, else the last fee.

    Raises:
        Refused: settled already, not discharged, nothing uploaded, or the hospital's total is another.
    """
    visit = office.visit(call, given)
    person = office.person(visit.psn_no)
    if given["insutype"] != person.insutype:
        raise Refused("FSI-险种类型与入院登记不一致")
    lines = office.store.lines(visit.mdtrt_id)
    if not [line for line in lines if line.bill is None]:
        settled = bool(office.store.standing(visit.mdtrt_id))
        raise Refused("FSI-该次就诊已结算，不能重复结算" if settled else "FSI-未查询到待结算的费用明细")
    if discharged and visit.state != "out":
        raise Refused("FSI-未办理出院登记，不能进行出院结算")
    total = sum((line.amount("total") for line in lines if line.bill is None), NIL)
    told = amount_of(given["medfee_sumamt"], "medfee_sumamt")
    if told != total:
        raise Refused(f"FSI-医疗费总额与已上传明细合计不一致[{told}/{total}]")
    ends = visit.info.get("endtime") or given.get("dscgTime") or max(line.body["day"] for line in lines)
    return visit, person, day_of(ends)


def _shown(office: Office, call: Call, given: dict[str, str], person: Person) -> None:
    """Whether the certificate that the region asks for at settlement is this person's."""
    accepted = office.region.settling.certificates
    if accepted and given["mdtrt_cert_type"].zfill(2) not in accepted:
        raise Refused("FSI-请出示医保电子凭证或社会保障卡后结算")
    if given.get("mdtrt_cert_no") and person_of_certificate(office, given) != person:
        raise Refused("FSI-就诊凭证与就诊人员不一致")
    rules = office.region.settling
    if rules.password_modulus and opened(rules.password_modulus, rules.password_exponent, call) != person.password:
        raise Refused("FSI-医保凭证密码错误[cainfo]")


def _other_than_tried(bill: Worth, by: Decimal) -> Worth:
    """Scripted: the basic fund pays so much less than it said in the trial."""
    amounts, accruals = dict(bill.amounts), dict(bill.accruals)
    amounts["pay.basic"] -= by
    accruals["basic.paid"] -= by
    return Worth(amounts, accruals)


def _sums(office: Office, call: Call, given: dict[str, str], person: Person, bill: Worth, on: date) -> Sums:
    used = given.get("acct_used_flag") in ("1", "2")
    return sums_of(office.region, bill, office.account(person, on.year) if used else NIL)


def _moment(office: Office, call: Call, on: date) -> str:
    return f"{on.isoformat()} 12:00:00" if office.claim_clock else f"{call.now:%Y-%m-%d %H:%M:%S}"


def _sheet(
    office: Office, call: Call, visit: Visit, person: Person, money: tuple[Worth, Sums], on: date
) -> dict[str, Any]:
    bill, sums = money
    info = {
        "mdtrt_id": visit.mdtrt_id,
        **person_part(person, visit.info, office.region.division),
        "setl_time": _moment(office, call, on),
        **amounts_of(office, person.insutype, bill, sums),
        "balc": office.account(person, on.year) - sums.account,
        "medins_setl_id": call.msgid,
        "exp_content": None,
    }
    return {"setlinfo": info, "setldetail": details_of(office, person.insutype, bill, sums)}


def cancel(office: Office, call: Call) -> Done:
    """2305: an opposite settlement; its lines are free again. Also after fee clearing."""
    given = call.one()
    visit = office.visit(call, given)
    original = standing(office, visit, given["setl_id"])
    refuse_dependants(office, original)
    seq = office.store.next_seq("bills")
    sheet = opposite_sheet(original, -1 if office.region.undo.signs == "negative" else 1)
    own = office.region.undo.settlement_id == "new"
    moment = original.setl_time if office.claim_clock else f"{call.now:%Y-%m-%d %H:%M:%S}"
    body = {
        "amounts": signed(original.amounts(), -1),
        "accruals": signed(original.amounts("accruals"), -1),
        "account": -of_account(original),
        "sheet": opposite_sheet(original, -1),
        "lines": [],
    }
    kept = replace(
        original,
        seq=seq,
        setl_id=office.number(seq, call) if own else original.setl_id,
        msgid=call.msgid,
        setl_time=moment,
        refund_of=original.seq,
        body=body,
    )
    office.store.keep(kept)
    office.store.free_lines(original.seq)
    balance = office.account(office.person(kept.psn_no), kept.year)
    said = {"setl_id": kept.setl_id, "setl_time": moment, "medins_setl_id": call.msgid}
    kept_names = MONEY | {"mdtrt_id", "clr_optins"}
    info = {name: value for name, value in sheet["setlinfo"].items() if name in kept_names}
    return Done({**sheet, "setlinfo": info | said | {"balc": balance, "setl_type": "2"}}, seq)


def standing(office: Office, visit: Visit, setl_id: str) -> Bill:
    """A stay's settlement that nothing took back. Raises Refused when there is none of that id."""
    found = [bill for bill in office.store.standing(visit.mdtrt_id) if bill.setl_id == setl_id]
    if not found:
        raise Refused("FSI-未查询到结算信息或已撤销")
    return found[-1]


def refuse_dependants(office: Office, original: Bill) -> None:
    """Raises Refused where a later settlement counted on this one."""
    if any(bill.seq > original.seq for bill in office.store.standing(original.mdtrt_id)):
        raise Refused("FSI-存在后续中途结算，请先撤销后续结算")
    year = office.store.year(original.psn_no, original.year)
    undone = {bill.refund_of for bill in year}
    later = [bill for bill in year if bill.seq > original.seq and bill.refund_of is None and bill.seq not in undone]
    if office.region.undo.refuse_if_later_settled and later:
        raise Refused("FSI-该人员存在后续结算，不能撤销本次结算")


def opposite_sheet(original: Bill, sign: int) -> dict[str, Any]:
    """The sheet as it was kept, with the sign of the region's 2305."""
    sheet = original.body["sheet"]
    info = {name: signed(_money(value), sign) if name in MONEY else value for name, value in sheet["setlinfo"].items()}
    rows = [
        {name: signed(_money(value), sign) if name in MONEY else value for name, value in row.items()}
        for row in sheet["setldetail"]
    ]
    return {"setlinfo": info, "setldetail": rows}


#: Fields of a kept sheet that are amounts.
MONEY = frozenset(
    {
        *("medfee_sumamt", "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt", "act_pay_dedc"),
        *("pool_prop_selfpay", "hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "hifdm_pay"),
        *("maf_pay", "oth_pay", "fund_pay_sumamt", "psn_part_amt", "acct_pay", "psn_cash_pay", "hosp_part_amt"),
        *("acct_mulaid_pay", "fund_payamt", "crt_payb_lmt_amt"),
    }
)


def _money(value: Any) -> Decimal:
    return Decimal(str(value))


def query(office: Office, call: Call) -> Done:
    """5203: one settlement by its id; a lost 2304 cannot be found by it."""
    given = call.one()
    visit = office.visit(call, given)
    counted = [bill for bill in office.store.bills_of(visit.mdtrt_id) if bill.setl_id == given["setl_id"]]
    if not counted:
        raise Refused("FSI-未查询到结算信息")
    bill, taken_back = counted[0], {one.refund_of for one in counted}
    hospital = office.hospital(call)
    sheet = opposite_sheet(bill, 1)
    info = sheet["setlinfo"]
    sheet["setlinfo"] = {
        **info,
        "setl_id": bill.setl_id,
        "pay_loc": "2",
        "fixmedins_code": hospital.code,
        "fixmedins_name": hospital.name,
        "begndate": visit.info["begntime"][:10],
        "enddate": (visit.info.get("endtime") or bill.setl_time)[:10],
        "psn_pay": info["psn_part_amt"],
        "cash_payamt": info["psn_cash_pay"],
        "refd_setl_flag": "1" if bill.refund_of is not None or bill.seq in taken_back else "0",
        "year": str(bill.year),
        "invono": bill.body.get("invono"),
    }
    return Done(sheet)


def settlement_list(office: Office, call: Call) -> Done:
    """4101: the list of a settlement that stands; payinfo, where given, must be its funds."""
    given = call.one("setlinfo")
    found = office.store.visit(given["mdtrt_id"])
    if found is None or found.facility != call.facility:
        raise Refused("FSI-未查询到就诊登记信息")
    bill = standing(office, found, given["setl_id"])
    told = sum((amount_of(row["fund_payamt"], "fund_payamt") for row in call.many("payinfo")), NIL)
    funds = sum((_money(row["fund_payamt"]) for row in bill.body["sheet"]["setldetail"]), NIL)
    if call.many("payinfo") and told != funds:
        raise Refused("FSI-基金支付信息与结算信息不一致[payinfo]")
    number = office.store.keep_list(bill.setl_id, dict(call.given))
    return Done({"data": {"setl_list_id": f"{number:09d}"}})
