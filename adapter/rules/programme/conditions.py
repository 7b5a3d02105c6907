"""Conditions: one function per kind of condition that a programme file may name (资格条件)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from adapter.model.case import CreditState
from adapter.model.person import Category, Insurance
from adapter.model.reference import FacilityKind, Ownership
from adapter.rules.programme.demographics import PARTS
from adapter.rules.programme.facts import AdmissionFacts
from adapter.rules.programme.reasons import Finding, Met
from adapter.rules.programme.terms import Check, Condition, Terms

_INSURANCE_ZH: Mapping[Insurance, str] = {
    Insurance.RESIDENTS: "城乡居民基本医疗保险",
    Insurance.EMPLOYEES: "职工基本医疗保险",
    Insurance.NONE: "未参保",
}
_UNKNOWN_FACILITY = Finding(
    Met.UNKNOWN,
    zh="医疗机构在入院日没有登记资料",
    en="the facility has no reference row on the day of admission",
    todo_zh="在 facilities.csv 中补充该机构",
    todo_en="add the facility to facilities.csv",
)
_UNIDENTIFIED = Finding(
    Met.UNKNOWN,
    zh="患者身份尚未查明",
    en="the patient is not identified yet",
    todo_zh="查明身份后重新判断",
    todo_en="identify the patient, then assess again",
)


def in_force(facts: AdmissionFacts, condition: Condition, terms: Terms, on: date) -> Finding:
    """The programme has begun on the day of admission (required setting ``effective_from``)."""
    begun = facts.admitted >= terms.effective_from
    return Finding(
        Met.of(begun),
        zh=f"入院日{facts.admitted},{'不早于' if begun else '早于'}施行日{terms.effective_from}",
        en=f"admitted {facts.admitted}, {'not before' if begun else 'before'} the first day {terms.effective_from}",
    )


def facility_listed(facts: AdmissionFacts, condition: Condition, terms: Terms, on: date) -> Finding:
    """The facility is on the region's list (required setting ``facilities``)."""
    if facts.facility is None:
        return _UNKNOWN_FACILITY
    listed = not terms.facilities.isdisjoint({facts.facility.code, facts.facility.national_code or ""})
    return Finding(
        Met.of(listed),
        zh=f"医疗机构{facts.facility.code}{'在' if listed else '不在'}实施机构名单内",
        en=f"facility {facts.facility.code} is {'' if listed else 'not '}on the list of facilities",
    )


def facility_started(facts: AdmissionFacts, condition: Condition, terms: Terms, on: date) -> Finding:
    """The facility itself has begun by the day of admission."""
    if facts.facility is None:
        return _UNKNOWN_FACILITY
    start = facts.facility.programme_start
    if start is None:
        return Finding(
            Met.UNKNOWN,
            zh="医疗机构没有登记开展先诊疗后付费的起始日",
            en="no first day of pay-after-care is recorded for the facility",
            todo_zh="在 facilities.csv 的 programme_start 中登记起始日",
            todo_en="record programme_start in facilities.csv",
        )
    begun = facts.admitted >= start
    return Finding(
        Met.of(begun),
        zh=f"入院日{facts.admitted},本院自{start}起{'已' if begun else '才'}开展",
        en=f"admitted {facts.admitted}; the facility {'takes' if begun else 'only takes'} part from {start}",
    )


def facility_kind(facts: AdmissionFacts, condition: Condition, terms: Terms, on: date) -> Finding:
    """The facility is of a kind that the programme names."""
    if facts.facility is None:
        return _UNKNOWN_FACILITY
    named = facts.facility.kind in condition.needs
    return Finding(
        Met.of(named),
        zh=f"机构类别{facts.facility.kind}{'属于' if named else '不属于'}实施范围",
        en=f"facility kind {facts.facility.kind} is {'' if named else 'not '}within the programme",
    )


def ownership(facts: AdmissionFacts, condition: Condition, terms: Terms, on: date) -> Finding:
    """Public facilities only, where the programme says so."""
    if facts.facility is None:
        return _UNKNOWN_FACILITY
    public = facts.facility.ownership in condition.needs
    return Finding(
        Met.of(public),
        zh="公立医疗机构" if public else "非公立医疗机构",
        en="a public facility" if public else "not a public facility",
    )


def county_match(facts: AdmissionFacts, condition: Condition, terms: Terms, on: date) -> Finding:
    """The stay is inside the patient's own county (县域内): the first area known, in the order of ``needs``."""
    if facts.facility is None:
        return _UNKNOWN_FACILITY
    if facts.person is None:
        return _UNIDENTIFIED
    areas = {Area.INSURED: facts.person.insured_area, Area.HOME: facts.person.home_area}
    known = next(((name, areas[name]) for name in map(Area, condition.needs) if areas[name]), None)
    if known is None:
        return Finding(
            Met.UNKNOWN,
            zh="患者的参保地、户籍地均未登记",
            en="neither the insured area nor the home area of the patient is recorded",
            todo_zh="登记参保地或户籍地的区划代码",
            todo_en="record the division code of the insured or home area",
        )
    name, area = known
    same = area == facts.facility.county
    area_zh, area_en = ("参保地", "insured area") if name is Area.INSURED else ("户籍地", "home area")
    return Finding(
        Met.of(same),
        zh=f"患者{area_zh}{area},医疗机构所在县区{facts.facility.county},{'一致' if same else '不一致'}",
        en=f"{area_en} {area}, facility's county {facts.facility.county}: {'the same' if same else 'not the same'}",
    )


def same_city(facts: AdmissionFacts, condition: Condition, terms: Terms, on: date) -> Finding:
    """Insured in the facility's own city (本市): the first four digits of the division agree."""
    if facts.facility is None:
        return _UNKNOWN_FACILITY
    if facts.person is None:
        return _UNIDENTIFIED
    if not facts.person.insured_area:
        return Finding(
            Met.UNKNOWN,
            zh="参保地未登记",
            en="the insured area is not recorded",
            todo_zh="登记参保地区划代码",
            todo_en="record the division code of the insured area",
        )
    same = facts.person.insured_area[:4] == facts.facility.county[:4]
    return Finding(
        Met.of(same),
        zh="在本市参保" if same else "不在本市参保",
        en="insured in this city" if same else "insured in another city",
    )


def insured(facts: AdmissionFacts, condition: Condition, terms: Terms, on: date) -> Finding:
    """Covered on the day of admission by an insurance that the programme names.

    The insurer's period decides; where the insurer has not answered, the check at the window (医保经办人员核查) does.
    """
    if facts.person is None:
        return _UNIDENTIFIED
    insurance = facts.person.insurance
    name = _INSURANCE_ZH[insurance]
    if insurance not in condition.needs:
        return Finding(
            Met.NOT_MET,
            zh=f"参保类型为{name}",
            en=f"insurance: {insurance}",
            todo_zh="如参保登记有误,更正后重新判断",
            todo_en="if the registration is wrong, correct it and assess again",
        )
    if facts.insurance_period is not None:
        covered = facts.admitted in facts.insurance_period
        return Finding(
            Met.of(covered),
            zh=f"{name},参保期{facts.insurance_period},{'含' if covered else '不含'}入院日{facts.admitted}",
            en=f"{insurance} {facts.insurance_period}, {'with' if covered else 'without'} {facts.admitted}",
            todo_zh="" if covered else "向医保经办机构核实参保期",
            todo_en="" if covered else "ask the insurer about the period of cover",
        )
    if facts.window is not None and facts.window.verifier:
        return Finding(
            Met.MET,
            zh=f"{name},已由窗口核查",
            en=f"{insurance}, checked at the window",
        )
    return Finding(
        Met.UNKNOWN,
        zh=f"登记为{name},参保期和窗口核查均未登记",
        en=f"registered as {insurance}; neither the insurer's period nor a check at the window is on record",
        todo_zh="核查参保状态并登记核查人",
        todo_en="check the cover and record who did",
    )


def registered(facts: AdmissionFacts, condition: Condition, terms: Terms, on: date) -> Finding:
    """On a register that the programme names, in force on the identity date (switch ``identity_date``)."""
    if facts.person is None:
        return _UNIDENTIFIED
    if facts.registers is None:
        return Finding(
            Met.UNKNOWN,
            zh="尚未查询建档立卡等身份名册",
            en="the registers of persons were not looked up",
            todo_zh="导入名册 registers.csv 后重新判断",
            todo_en="load registers.csv, then assess again",
        )
    wanted = {Category(need) for need in condition.needs}
    day = on if terms.switch("identity_date") == "assessment" else facts.admitted
    entries = [entry for entry in facts.registers if entry.category in wanted]
    current = next((entry for entry in entries if day in entry.valid), None)
    if current is not None:
        return Finding(
            Met.MET,
            zh=f"{day}在册({current.category},{current.issuer},{current.valid})",
            en=f"on the register on {day} ({current.category}, {current.issuer}, {current.valid})",
        )
    lapsed = f",名册期间{entries[-1].valid}" if entries else ""
    lapsed_en = f"; register period {entries[-1].valid}" if entries else ""
    return Finding(
        Met.NOT_MET,
        zh=f"{day}不在所要求的身份名册内{lapsed}",
        en=f"not on the required register on {day}{lapsed_en}",
        todo_zh="如名册有误或已续期,更新名册后重新判断",
        todo_en="if the register is wrong or was renewed, update it and assess again",
    )


def not_self_pay(facts: AdmissionFacts, condition: Condition, terms: Terms, on: date) -> Finding:
    """The stay is not registered as self-pay (自费)."""
    if facts.person is None:
        return _UNIDENTIFIED
    self_pay = facts.person.insurance is Insurance.NONE if facts.self_pay is None else facts.self_pay
    return Finding(
        Met.of(not self_pay),
        zh="登记为自费住院" if self_pay else "非自费住院",
        en="registered as a self-pay stay" if self_pay else "not a self-pay stay",
        todo_zh="如应按医保结算,更正费用类别后重新判断" if self_pay else "",
        todo_en="if insurance should pay, correct the payment category and assess again" if self_pay else "",
    )


def credit(facts: AdmissionFacts, condition: Condition, terms: Terms, on: date) -> Finding:
    """No entry on the shared credit list; a pending appeal waits for its answer. Never touches coverage (X-14)."""
    if facts.credit is None:
        return Finding(
            Met.UNKNOWN,
            zh="尚未查询信用名单",
            en="the credit list was not looked up",
            todo_zh="查询信用名单后重新判断",
            todo_en="look up the credit list, then assess again",
        )
    if facts.credit is CreditState.APPEALED:
        return Finding(
            Met.UNKNOWN,
            zh="信用记录申诉中,尚无结论",
            en="the credit entry is under appeal",
            todo_zh="申诉有结论后重新判断",
            todo_en="assess again once the appeal is decided",
        )
    listed = facts.credit is CreditState.LISTED
    return Finding(
        Met.of(not listed),
        zh="有不良信用记录" if listed else "无不良信用记录",
        en="on the credit list" if listed else "not on the credit list",
        todo_zh="结清欠费并移出名单后重新判断" if listed else "",
        todo_en="settle the arrears, have the entry removed, then assess again" if listed else "",
    )


def verified(facts: AdmissionFacts, condition: Condition, terms: Terms, on: date) -> Finding:
    """Somebody checked identity and insurance papers and is named in the record."""
    done = bool(facts.window and facts.window.verifier)
    return Finding(
        Met.MET if done else Met.UNKNOWN,
        zh="身份与证件已核查" if done else "身份与证件核查人未登记",
        en="identity and papers were checked" if done else "nobody is on record as having checked identity and papers",
        todo_zh="" if done else "核查身份与证件并登记核查人",
        todo_en="" if done else "check identity and papers and record who did",
    )


def registration_agrees(facts: AdmissionFacts, condition: Condition, terms: Terms, on: date) -> Finding:
    """The registration agrees with what the insurer holds on record, as far as its answer says (登记信息准确真实)."""
    if facts.differs is None:
        return Finding(
            Met.UNKNOWN,
            zh="医保经办机构未返回身份信息,尚未比对",
            en="the insurer has not said who it holds on record; not compared",
        )
    if not facts.differs:
        return Finding(Met.MET, zh="登记信息与医保一致", en="the registration agrees with the insurer's record")
    zh, en = "、".join(PARTS[part][0] for part in facts.differs), ", ".join(PARTS[part][1] for part in facts.differs)
    return Finding(
        Met.NOT_MET,
        zh=f"登记信息与医保不一致:{zh}",
        en=f"the registration differs from the insurer's record: {en}",
        todo_zh=f"核对证件并更正登记:{zh}",
        todo_en=f"check the papers and correct the registration: {en}",
    )


def admission_order(facts: AdmissionFacts, condition: Condition, terms: Terms, on: date) -> Finding:
    """The doctor's admission order (住院通知书) is on record."""
    done = bool(facts.window and facts.window.admission_order)
    return Finding(
        Met.MET if done else Met.UNKNOWN,
        zh="已有住院通知书" if done else "住院通知书未登记",
        en="the admission order is on record" if done else "no admission order is on record",
        todo_zh="" if done else "登记接诊医师开具的住院通知书",
        todo_en="" if done else "record the doctor's admission order",
    )


class Area(StrEnum):
    """Which area of the patient ``county-match`` compares, first one known."""

    INSURED = "insured-area"
    HOME = "home-area"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of condition: its function and the words that ``needs`` may hold."""

    look: Check
    needs: type[StrEnum] | tuple[str, ...] = ()


#: Names that a programme file may write after ``check:``.
CHECKS: Mapping[str, Kind] = {
    "in-force": Kind(in_force),
    "facility-listed": Kind(facility_listed),
    "facility-started": Kind(facility_started),
    "facility-kind": Kind(facility_kind, FacilityKind),
    "ownership": Kind(ownership, Ownership),
    "county-match": Kind(county_match, Area),
    "same-city": Kind(same_city),
    "insured": Kind(insured, Insurance),
    "registered": Kind(registered, Category),
    "not-self-pay": Kind(not_self_pay),
    "credit": Kind(credit),
    "verified": Kind(verified),
    "admission-order": Kind(admission_order),
    "registration-agrees": Kind(registration_agrees),
}
