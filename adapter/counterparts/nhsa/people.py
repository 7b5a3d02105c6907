"""Who is there: operators (9001, 9002) and persons (1101, 2001, 5206)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from adapter.counterparts.nhsa.office import NIL, Call, Done, Office, day_of
from adapter.counterparts.nhsa.refusals import Refused
from adapter.counterparts.nhsa.seed import Person

FUND_NAMES: Mapping[str, str] = {
    "310100": "城镇职工基本医疗保险统筹基金",
    "310200": "城镇职工基本医疗保险个人账户基金",
    "310300": "职工大病补助基金",
    "330100": "大额医疗费用补助基金",
    "390100": "城乡居民基本医疗保险基金",
    "390200": "城乡居民大病医疗保险基金",
    "390500": "居民家庭账户金",
    "610100": "医疗救助基金",
    "999996": "医院垫付基金",
    "999997": "其他基金",
}


def sign_in(office: Office, call: Call) -> Done:
    """9001: the same operator gets the same number all day."""
    given = call.one("signIn") or call.one("data")
    opter = given.get("opter_no") or given.get("userid") or ""
    if not opter:
        raise Refused("FSI-操作员编号不能为空[signIn.opter_no]")
    day = call.now.date().isoformat()
    number = office.store.signed_in(opter, day)
    if number is None:
        serial = office.store.next_seq("messages") % 10000
        number = f"{office.region.division}{call.now:%Y%m%d%H%M%S}{serial:04d}"
        office.store.sign_in(opter, day, number)
    answer = {"sign_time": f"{call.now:%Y-%m-%d %H:%M:%S}", "sign_no": number}
    return Done({office.region.sign_in.answer: answer})


def sign_out(office: Office, call: Call) -> Done:
    """9002: ends it for all terminals."""
    given = call.one("signOut")
    if office.store.signed_in(given["opter_no"], call.now.date().isoformat()) is None:
        raise Refused("FSI-当日未签到，不能签退")
    if not office.store.sign_out(given["opter_no"], given["sign_no"]):
        raise Refused("FSI-签到编号不正确")
    moment = f"{call.now:%Y-%m-%d %H:%M:%S}"
    shape = office.region.sign_in.out_answer
    return Done({"sign_time": moment} if shape == "root" else {shape: {"sign_time": moment}})


def person_of_certificate(office: Office, given: Mapping[str, str]) -> Person:
    """The person whose certificate, card or credential is shown.

    Raises:
        Refused: nobody's, or not that person's name and number.
    """
    number, kind = given.get("mdtrt_cert_no", ""), given["mdtrt_cert_type"].zfill(2)
    if kind == "03" and not given.get("card_sn"):
        raise Refused("FSI-就诊凭证类型为社会保障卡时卡识别码不能为空[data.card_sn]")
    found = next((one for one in office.seed.persons.values() if _shows(one, kind, number, given)), None)
    if found is None:
        raise Refused("FSI-未查询到人员基本信息")
    if given.get("certno", found.certno) not in ("", found.certno):
        raise Refused("FSI-就诊凭证与证件号码不一致")
    if given.get("psn_name", found.name) not in ("", found.name):
        raise Refused("FSI-证件号码与姓名不一致")
    return found


def _shows(person: Person, kind: str, number: str, given: Mapping[str, str]) -> bool:
    if not number:
        return False
    if kind == "01":
        return number == person.token
    if kind == "03":
        return (number, given.get("card_sn", "")) == person.card
    return number == person.certno


def person_info(office: Office, call: Call) -> Done:
    """1101: the person with insurances and identities."""
    given = call.one()
    person = person_of_certificate(office, given)
    on = day_of(given["begntime"]) if given.get("begntime") else call.now.date()
    insurance = {
        "balc": office.account(person, on.year),
        "insutype": person.insutype,
        "psn_type": person.psn_type,
        "psn_insu_stas": "1" if on in person.in_force else "4",
        "psn_insu_date": person.in_force.start.isoformat(),
        "paus_insu_date": person.in_force.end.isoformat() if person.in_force.end else None,
        "cvlserv_flag": "0",
        "insuplc_admdvs": division_of(office, person),
        "emp_name": None,
    }
    identities = [
        {
            "psn_idet_type": one.code,
            "psn_type_lv": None,
            "memo": None,
            "begntime": one.holds.start.isoformat(),
            "endtime": one.holds.end.isoformat() if one.holds.end else None,
        }
        for one in person.identities
    ]
    return Done({"baseinfo": base_of(person, on), "insuinfo": [insurance], "idetinfo": identities})


def base_of(person: Person, on: date) -> dict[str, Any]:
    """baseinfo; parts of it stand in other answers too."""
    age = on.year - person.born.year - ((on.month, on.day) < (person.born.month, person.born.day))
    return {
        "psn_no": person.psn_no,
        "psn_cert_type": "01",
        "certno": person.certno,
        "psn_name": person.name,
        "gend": person.gend,
        "naty": "01",
        "brdy": person.born.isoformat(),
        "age": age,
        "exp_content": None,
    }


def division_of(office: Office, person: Person) -> str:
    """Where the person is insured."""
    return person.division or office.region.division


def fund_of(office: Office, payer: str, insutype: str) -> tuple[str, str]:
    """Fund code and setl_proc_info of a payer."""
    funds = office.region.settling.funds
    code = funds.get(f"{payer}.{insutype}") or funds.get(payer, "999997")
    shown, _, real = code.partition("/")
    return shown, real


def entitlement(office: Office, call: Call) -> Done:
    """2001: one row per fund, aid included."""
    given = call.one()
    person, on = office.person(given["psn_no"]), day_of(given["begntime"])
    if given["insutype"] != person.insutype:
        raise Refused("FSI-人员未参加该险种")
    covered = on in person.in_force
    rows = []
    for payer, _ in office.payers(person.insutype):
        reason = "" if covered else "当前不在参保期内"
        if covered and payer == "medical-aid" and not office.categories(person, on):
            reason = "非医疗救助对象"
        shown, real = fund_of(office, payer, person.insutype)
        row = {
            "psn_no": person.psn_no,
            "trt_chk_type": "01",
            "fund_pay_type": real or shown,
            "trt_enjymnt_flag": "0" if reason else "1",
            "begndate": max(on, person.in_force.start).isoformat(),
            "enddate": (person.in_force.end or date(2099, 12, 31)).isoformat(),
            "trt_chk_rslt": reason or None,
            "exp_content": None,
        }
        rows.append(row)
    return Done({"trtinfo": rows})


def cumulative(office: Office, call: Call) -> Done:
    """5206: the year's totals so far; ``cum_ym`` chooses the year."""
    given = call.one()
    person = office.person(given["psn_no"])
    month = given.get("cum_ym") or ""
    years = {bill.year for bill in office.store.bills_of_person(person.psn_no)} | person.used.keys()
    wanted = [int(month[:4])] if month[:4].isdigit() else sorted(years or {call.now.year})
    rows = []
    for year in wanted:
        used = office.used(person, year)
        for code, name in office.region.settling.cumulative.items():
            row = {"insutype": person.insutype, "year": str(year), "cum_ym": month or f"{year}12"}
            rows.append(row | {"cum_type_code": code, "cum": used.get(name, NIL)})
    return Done({"cuminfo": rows})
