"""A stay's registration: 2401, 2403, 2402, 2405, 2404, and the questions 5201 and 5303."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from adapter.counterparts.nhsa.office import Call, Done, Office, day_of
from adapter.counterparts.nhsa.people import base_of
from adapter.counterparts.nhsa.refusals import Refused
from adapter.counterparts.nhsa.store import Visit


def admit(office: Office, call: Call) -> Done:
    """2401: gives mdtrt_id; a person who is in hospital already is refused, so a second call is no replay."""
    given = call.one("mdtrtinfo")
    person = office.person(given["psn_no"])
    day = day_of(given["begntime"])
    if given["insutype"] != person.insutype or day not in person.in_force:
        raise Refused("FSI-入院日期不在参保期内或险种不符")
    if given.get("certno") not in (None, "", person.certno):
        raise Refused("FSI-证件号码与参保信息不一致")
    if given["begntime"][:10] > call.now.date().isoformat():
        raise Refused("FSI-入院时间不能晚于当前时间")
    for other in office.store.visits(person.psn_no):
        if other.state == "in" and other.facility == call.facility and other.info["ipt_no"] == given["ipt_no"]:
            raise Refused("FSI-该住院号已办理入院登记")
        if _overlaps(other, given["begntime"]):
            raise Refused("FSI-该人员已存在在院登记，不能重复办理入院")
    seq = office.store.next_seq("visits")
    info: dict[str, Any] = {**given, "diagnoses": _diagnoses({}, call, "1")}
    visit = Visit(seq, office.number(seq, call), person.psn_no, call.facility, call.msgid, "in", info)
    office.store.admit(visit)
    return Done({"result": {"mdtrt_id": visit.mdtrt_id, "exp_content": None}}, seq)


def _overlaps(other: Visit, begin: str) -> bool:
    """Whether a stay that has no end yet, or ends later, is in the way."""
    if other.state == "cancelled":
        return False
    if other.state == "in":
        return bool(other.info["begntime"] <= begin)
    return bool(other.info["begntime"] <= begin < other.info["endtime"])


def _diagnoses(before: Mapping[str, Any], call: Call, kind: str) -> dict[str, Any]:
    """By inout_diag_type and diag_srt_no: an existing one is replaced, a new one is added."""
    named = {f"{kind}.{row['diag_srt_no']}": row | {"inout_diag_type": kind} for row in call.many("diseinfo")}
    return {**before, **named}


def change(office: Office, call: Call) -> Done:
    """2403: what was said of the stay, and its diagnoses."""
    given = call.one("adminfo")
    visit = office.visit(call, given)
    _unsettled(office, visit, "变更")
    said = {key: value for key, value in given.items() if value}
    if "ipt_otp_no" in said:
        said["ipt_no"] = said["ipt_otp_no"]
    info = {**visit.info, **said, "diagnoses": _diagnoses(visit.info["diagnoses"], call, "1")}
    office.store.change(replace(visit, info=info))
    return Done({})


def discharge(office: Office, call: Call) -> Done:
    """2402."""
    given = call.one("dscginfo")
    visit = office.visit(call, given)
    if visit.state == "out":
        raise Refused("FSI-该次就诊已办理出院")
    if given["endtime"] < visit.info["begntime"][: len(given["endtime"])]:
        raise Refused("FSI-出院时间早于入院时间")
    late = [line.sn for line in office.store.lines(visit.mdtrt_id) if line.body["day"][:10] > given["endtime"][:10]]
    if late:
        raise Refused(f"FSI-存在出院时间之后的费用明细[{late[0]}]")
    said = {key: value for key, value in given.items() if value}
    info = {**visit.info, **said, "diagnoses": _diagnoses(visit.info["diagnoses"], call, "2")}
    office.store.change(replace(visit, state="out", info=info))
    return Done({})


def undo_discharge(office: Office, call: Call) -> Done:
    """2405: back in hospital, as long as nothing is settled."""
    visit = office.visit(call, call.one())
    if visit.state != "out":
        raise Refused("FSI-该次就诊未办理出院")
    _unsettled(office, visit, "撤销出院")
    info = {key: value for key, value in visit.info.items() if key not in ("endtime", "dscg_way", "die_date")}
    office.store.change(replace(visit, state="in", info=info))
    return Done({})


def cancel(office: Office, call: Call) -> Done:
    """2404: only a stay without lines and settlements that is still in hospital."""
    visit = office.visit(call, call.one())
    if visit.state == "out":
        raise Refused("FSI-该次就诊已办理出院，请先撤销出院")
    empty(office, visit)
    office.store.change(replace(visit, state="cancelled"))
    return Done({})


def empty(office: Office, visit: Visit) -> None:
    """Raises Refused for a stay with settlements or fee lines."""
    _unsettled(office, visit, "撤销入院")
    if office.store.lines(visit.mdtrt_id):
        raise Refused("FSI-存在住院费用明细，请先撤销费用明细")


def _unsettled(office: Office, visit: Visit, what: str) -> None:
    if office.store.standing(visit.mdtrt_id):
        raise Refused(f"FSI-该次就诊已结算，不能{what}")


def visits(office: Office, call: Call) -> Done:
    """5201: a person's stays of a time, without a word about their settlements."""
    given = call.one()
    person = office.person(given["psn_no"])
    rows = []
    for visit in office.store.visits(person.psn_no):
        info = visit.info
        named = given.get("mdtrt_id") in (None, "", visit.mdtrt_id)
        if visit.state == "cancelled" or not named or info["med_type"] != given["med_type"]:
            continue
        if not given["begntime"][:10] <= info["begntime"][:10] <= given["endtime"][:10]:
            continue
        aided = bool(office.categories(person, day_of(info["begntime"])))
        row = {
            **base_of(person, day_of(info["begntime"])),
            "mdtrt_id": visit.mdtrt_id,
            "insutype": person.insutype,
            "psn_type": person.psn_type,
            "maf_psn_flag": "1" if aided else "0",
            "cvlserv_flag": "0",
            "begntime": info["begntime"],
            "endtime": info.get("endtime"),
            "med_type": info["med_type"],
            "ipt_otp_no": info["ipt_no"],
            "adm_dept_codg": info.get("adm_dept_codg"),
            "adm_dept_name": info.get("adm_dept_name"),
            "dscg_way": info.get("dscg_way"),
            "inhosp_stas": "1" if visit.state == "in" else "0",
        }
        rows.append(row)
    return Done({"mdtrtinfo": rows})


def diagnoses(office: Office, call: Call) -> Done:
    """5202."""
    visit = office.visit(call, call.one())
    kept = visit.info["diagnoses"]
    own = {"mdtrt_id": visit.mdtrt_id}
    return Done({"diseinfo": [row | own | {"diag_info_id": f"{visit.mdtrt_id}{key}"} for key, row in kept.items()]})


def inpatients(office: Office, call: Call) -> Done:
    """5303: who is in this hospital now, by time of admission."""
    given = call.one()
    rows = []
    for visit in office.store.visits(given.get("psn_no") or ""):
        info = visit.info
        inside = given["begntime"][:10] <= info["begntime"][:10] <= given["endtime"][:10]
        if visit.state != "in" or visit.facility != call.facility or not inside:
            continue
        person = office.person(visit.psn_no)
        row = {
            **base_of(person, day_of(info["begntime"])),
            "mdtrt_id": visit.mdtrt_id,
            "insutype": person.insutype,
            "begndate": info["begntime"],
            "med_type": info["med_type"],
            "ipt_otp_no": info["ipt_no"],
            "out_flag": "0",
        }
        rows.append(row)
    return Done({"data": rows})
