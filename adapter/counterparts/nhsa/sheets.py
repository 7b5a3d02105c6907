"""The settlement sheet that 2303, 2304, 2305 and 5203 answer: setlinfo and setldetail, all identities kept.

medfee_sumamt = fulamt_ownpay_amt + overlmt_selfpay + preselfpay_amt + inscp_scp_amt = funds + psn_part_amt +
hosp_part_amt; psn_part_amt = acct_pay + psn_cash_pay. Where a region counts the personal account into
fund_pay_sumamt, that sum is larger by acct_pay and psn_part_amt stays what it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from adapter.counterparts.nhsa.assess import Worth
from adapter.counterparts.nhsa.office import NIL, Office
from adapter.counterparts.nhsa.people import FUND_NAMES, fund_of
from adapter.counterparts.nhsa.region import Region
from adapter.counterparts.nhsa.seed import Person

_FUND_FIELDS = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "hifdm_pay", "maf_pay", "oth_pay")
_USUAL = {"basic": "hifp_pay", "critical-illness": "hifmi_pay", "medical-aid": "maf_pay"}


@dataclass(frozen=True, slots=True)
class Sums:
    """Who bears how much of a bill, yuan."""

    total: Decimal
    funds: Decimal
    hospital: Decimal
    account: Decimal

    @property
    def patient(self) -> Decimal:
        return self.total - self.funds - self.hospital

    @property
    def cash(self) -> Decimal:
        return self.patient - self.account

    def fund_sum(self, region: Region) -> Decimal:
        """fund_pay_sumamt as the region counts it."""
        return self.funds + (self.account if region.settling.account_in_fund_sum else NIL)


def sums_of(region: Region, bill: Worth, account: Decimal) -> Sums:
    """The division of a bill; ``account`` is what the personal account may give at most."""
    funds = sum(bill.paid.values(), NIL)
    hospital = bill.amounts["overlmt_amt"] if region.settling.hospital_bears_over_limit else NIL
    return Sums(bill.total, funds, hospital, min(max(account, NIL), max(bill.total - funds - hospital, NIL)))


def amounts_of(office: Office, insutype: str, bill: Worth, sums: Sums) -> dict[str, Any]:
    """The amounts of setlinfo."""
    fields = dict.fromkeys(_FUND_FIELDS, NIL)
    for payer, paid in bill.paid.items():
        chosen = office.region.settling.fund_fields
        fields[chosen.get(f"{payer}.{insutype}") or chosen.get(payer) or _USUAL.get(payer, "oth_pay")] += paid
    return {
        "medfee_sumamt": sums.total,
        "fulamt_ownpay_amt": bill.amounts["fulamt_ownpay_amt"],
        "overlmt_selfpay": bill.amounts["overlmt_amt"],
        "preselfpay_amt": bill.amounts["preselfpay_amt"],
        "inscp_scp_amt": bill.amounts["inscp_scp_amt"],
        "act_pay_dedc": bill.amounts["deductible"],
        "pool_prop_selfpay": NIL,
        **fields,
        "fund_pay_sumamt": sums.fund_sum(office.region),
        "psn_part_amt": sums.patient,
        "acct_pay": sums.account,
        "psn_cash_pay": sums.cash,
        "hosp_part_amt": sums.hospital,
        "acct_mulaid_pay": NIL,
    }


def details_of(office: Office, insutype: str, bill: Worth, sums: Sums) -> list[dict[str, Any]]:
    """setldetail: a row per fund that pays, and what is no fund's but stands there in some regions."""
    rows = []
    for payer, paid in bill.paid.items():
        if paid or payer == "basic":
            shown, real = fund_of(office, payer, insutype)
            rows.append(_row(shown, real, paid, bill.amounts["inscp_scp_amt"]))
    if office.region.settling.account_rows and sums.account:
        rows.append(_row("310200" if insutype == "310" else "390500", "", sums.account, NIL))
    if sums.hospital:
        rows.append(_row("999996", "", sums.hospital, NIL))
    return rows


def _row(code: str, real: str, paid: Decimal, in_scope: Decimal) -> dict[str, Any]:
    return {
        "fund_pay_type": code,
        "inscp_scp_amt": in_scope,
        "crt_payb_lmt_amt": NIL,
        "fund_payamt": paid,
        "fund_pay_type_name": FUND_NAMES.get(code),
        "setl_proc_info": real or None,
    }


def signed(rows: Any, sign: int) -> Any:
    """The same with every amount times the sign."""
    if isinstance(rows, Decimal):
        return rows * sign if rows else rows
    if isinstance(rows, Mapping):
        return {name: signed(value, sign) for name, value in rows.items()}
    return [signed(row, sign) for row in rows] if isinstance(rows, list) else rows


def person_part(person: Person, visit: Mapping[str, Any], clr_optins: str) -> dict[str, Any]:
    """What setlinfo says besides amounts."""
    return {
        "psn_no": person.psn_no,
        "psn_name": person.name,
        "psn_cert_type": "01",
        "certno": person.certno,
        "gend": person.gend,
        "naty": "01",
        "brdy": person.born.isoformat(),
        "insutype": person.insutype,
        "psn_type": person.psn_type,
        "cvlserv_flag": "0",
        "mdtrt_cert_type": visit.get("mdtrt_cert_type"),
        "med_type": visit["med_type"],
        "clr_optins": clr_optins,
        "clr_way": "1",
        "clr_type": "21",
    }
