"""Inputs of the transactions, a second writing of section 7 of docs/wire-nhsa.md."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from adapter.counterparts.conformance.nhsa.site import NhsaSite
from adapter.counterparts.conformance.nhsa.visit import Visit

Node = dict[str, Any]
_ID_CARD = "02"
_CERTIFICATE = "01"
_DOCTOR = {"number": "D1", "name": "检测医师"}
_WARD = {"number": "1021", "name": "内科"}


def sign_in(site: NhsaSite) -> Node:
    return {"signIn": {"opter_no": site.operator["number"], "mac": site.operator["mac"], "ip": site.operator["ip"]}}


def person(visit: Visit) -> Node:
    """1101, by ID card."""
    shown = {"mdtrt_cert_type": _ID_CARD, "mdtrt_cert_no": visit.person.certno}
    named = {"psn_cert_type": _CERTIFICATE, "certno": visit.person.certno, "psn_name": visit.person.name}
    return {"data": shown | named}


def entitlement(visit: Visit, site: NhsaSite) -> Node:
    given = {"psn_no": visit.psn_no, "insutype": visit.insutype, "fixmedins_code": site.facility}
    return {"data": given | {"med_type": site.med_type, "begntime": _begins(visit, site)}}


def year(visit: Visit) -> Node:
    return {"data": {"psn_no": visit.psn_no, "cum_ym": ""}}


def admission(visit: Visit, site: NhsaSite) -> Node:
    info = {
        "psn_no": visit.psn_no,
        "insutype": visit.insutype,
        "begntime": _begins(visit, site),
        "mdtrt_cert_type": _ID_CARD,
        "mdtrt_cert_no": visit.person.certno,
        "cert_type": _CERTIFICATE,
        "certno": visit.person.certno,
        "psn_type": visit.psn_type,
        "psn_name": visit.person.name,
        "med_type": site.med_type,
        "ipt_no": visit.ipt_no,
        "atddr_no": _DOCTOR["number"],
        "chfpdr_name": _DOCTOR["name"],
        "adm_diag_dscr": "肺炎",
        "adm_dept_codg": _WARD["number"],
        "adm_dept_name": _WARD["name"],
        "adm_bed": "001",
        "dscg_maindiag_code": "J18.900",
        "dscg_maindiag_name": "肺炎",
    }
    return {"mdtrtinfo": info, "diseinfo": [_diagnosis(visit, _begins(visit, site))]}


def discharge(visit: Visit, site: NhsaSite) -> Node:
    info = {
        "mdtrt_id": visit.mdtrt_id,
        "psn_no": visit.psn_no,
        "insutype": visit.insutype,
        "endtime": _ends(visit, site),
        "dscg_dept_codg": _WARD["number"],
        "dscg_dept_name": _WARD["name"],
        "dscg_way": "1",
    }
    return {"dscginfo": info, "diseinfo": [{"mdtrt_id": visit.mdtrt_id, **_diagnosis(visit, _ends(visit, site))}]}


def line(visit: Visit, site: NhsaSite, serial: str, code: str, net: Decimal, of: str = "") -> Node:
    """One fee line; a negative one takes back ``of``."""
    return {
        "feedetl_sn": serial,
        **({"init_feedetl_sn": of} if of else {}),
        "mdtrt_id": visit.mdtrt_id,
        "psn_no": visit.psn_no,
        "med_type": site.med_type,
        "fee_ocur_time": f"{_days(visit, site)[0].isoformat()} 11:00:00",
        "med_list_codg": code,
        "medins_list_codg": code,
        "det_item_fee_sumamt": net,
        "cnt": -1 if net < 0 else 1,
        "pric": abs(net),
        "bilg_dept_codg": _WARD["number"],
        "bilg_dept_name": _WARD["name"],
        "bilg_dr_codg": _DOCTOR["number"],
        "bilg_dr_name": _DOCTOR["name"],
    }


def bill(visit: Visit, site: NhsaSite, total: Decimal, *, final: bool) -> Node:
    """2303, or 2304 with ``final``."""
    given = {
        "psn_no": visit.psn_no,
        "mdtrt_cert_type": _ID_CARD,
        "mdtrt_cert_no": visit.person.certno,
        "psn_cert_type": _CERTIFICATE,
        "certno": visit.person.certno,
        "psn_type": visit.psn_type,
        "psn_name": visit.person.name,
        "medfee_sumamt": total,
        "psn_setlway": "01",
        "mdtrt_id": visit.mdtrt_id,
        "acct_used_flag": "0",
        "insutype": visit.insutype,
        "mid_setl_flag": "0",
    }
    return {"data": given | ({"dscgTime": _days(visit, site)[1].isoformat()} if final else {})}


def stay(visit: Visit, **more: str) -> Node:
    """2404, 2405, 2305, 5203, 5204: a stay, and what else is named."""
    return {"data": {"mdtrt_id": visit.mdtrt_id, "psn_no": visit.psn_no, **more}}


def lines_back(visit: Visit, serials: list[str]) -> Node:
    return {
        "data": [{"feedetl_sn": sn, "mdtrt_id": visit.mdtrt_id, "psn_no": visit.psn_no} for sn in serials or ["0000"]]
    }


def undo(visit: Visit, msgid: str, infno: str) -> Node:
    return {"data": {"psn_no": visit.psn_no, "omsgid": msgid, "oinfno": infno}}


def visits(visit: Visit, site: NhsaSite, *, typed: bool) -> Node:
    """5303, or 5201 with ``typed``: stays that begin in the days of this one."""
    given = {"psn_no": visit.psn_no, "begntime": _begins(visit, site), "endtime": _ends(visit, site)}
    return {"data": given | ({"med_type": site.med_type, "mdtrt_id": visit.mdtrt_id} if typed else {})}


def totals(visit: Visit, site: NhsaSite, day: date) -> Node:
    """3201 with sums that no hospital has: one settlement of one fen."""
    given = {
        "insutype": visit.insutype,
        "clr_type": "21",
        "setl_optins": site.division,
        "stmt_begndate": day.isoformat(),
        "stmt_enddate": day.isoformat(),
        "medfee_sumamt": Decimal("0.01"),
        "fund_pay_sumamt": Decimal("0.00"),
        "acct_pay": Decimal("0.00"),
        "fixmedins_setl_cnt": 1,
        "fixmedins_refd_setl_flag": "0",
    }
    return {"data": given}


def _diagnosis(visit: Visit, moment: str) -> Node:
    return {
        "psn_no": visit.psn_no,
        "diag_type": "1",
        "maindiag_flag": "1",
        "diag_srt_no": 1,
        "diag_code": "J18.900",
        "diag_name": "肺炎",
        "diag_dept": _WARD["number"],
        "dise_dor_no": _DOCTOR["number"],
        "dise_dor_name": _DOCTOR["name"],
        "diag_time": moment,
    }


def _days(visit: Visit, site: NhsaSite) -> tuple[date, date]:
    """Admission and discharge; a second stay begins when the first is over."""
    first, last = site.days["admitted"], site.days["discharged"]
    return (last, last + timedelta(days=1)) if visit.again else (first, last)


def _begins(visit: Visit, site: NhsaSite) -> str:
    return f"{_days(visit, site)[0].isoformat()} {'10:30:00' if visit.again else '08:00:00'}"


def _ends(visit: Visit, site: NhsaSite) -> str:
    return f"{_days(visit, site)[1].isoformat()} 10:00:00"
