"""Fee lines: 2301 takes a call's lines all or none, 2302 takes unsettled ones back, 5204 shows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from adapter.counterparts import adjudicator
from adapter.counterparts.adjudicator import Split, half_up
from adapter.counterparts.catalogue import Item
from adapter.counterparts.nhsa.office import NIL, Call, Done, Office, amount_of, day_of
from adapter.counterparts.nhsa.refusals import Refused
from adapter.counterparts.nhsa.seed import Hospital
from adapter.counterparts.nhsa.store import Line, Visit

#: Amounts of a line in the order of the settlement list.
PARTS = ("fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt", "inscp_scp_amt")

_DEPARTMENTS = ("bilg_dept_codg", "bilg_dept_name", "bilg_dr_codg", "bilg_dr_name")


def upload(office: Office, call: Call) -> Done:
    """2301: one bad line refuses the whole call. Answers the split of every line."""
    rows = call.many("feedetail")
    fees = office.region.fees
    if len(rows) > fees.max_lines:
        raise Refused(f"FSI-单次上传费用明细不能超过{fees.max_lines}条")
    results = []
    known: dict[str, dict[str, Line]] = {}
    for row in rows:
        try:
            results.append(_take(office, call, row, known))
        except Refused as refusal:
            if not fees.names_line:
                raise Refused("FSI-费用明细校验不通过") from refusal
            raise Refused(f"{refusal.text}[feedetl_sn:{row['feedetl_sn']}]") from refusal
    return Done({"result": results})


def _take(office: Office, call: Call, row: Mapping[str, str], stays: dict[str, dict[str, Line]]) -> dict[str, Any]:
    """``stays``: the lines of the stays that the call has named so far, by serial; this one's is added."""
    visit = office.visit(call, row)
    hospital = office.hospital(call)
    if visit.mdtrt_id not in stays:
        stays[visit.mdtrt_id] = {line.sn: line for line in office.store.lines(visit.mdtrt_id)}
    known = stays[visit.mdtrt_id]
    serial, day = row["feedetl_sn"], day_of(row["fee_ocur_time"])
    _serial(office, serial, known)
    _timely(visit, row["fee_ocur_time"])
    count, price = amount_of(row["cnt"], "cnt"), amount_of(row["pric"], "pric")
    total = amount_of(row["det_item_fee_sumamt"], "det_item_fee_sumamt")
    if price < 0 or abs(half_up(count * price) - total) > office.region.fees.tolerance:
        raise Refused("FSI-明细项目费用总额与单价乘数量不一致")
    if count < 0:
        _refund(row, count, price, known)
    _refused(call, hospital, row)
    item = _item(office, hospital, row, day)
    excluded = _named(call, row, "exclude-line")
    split = _split(office, visit, hospital, item, row, (total, count, day), excluded=excluded)
    body = {
        **{name: row[name] for name in ("med_list_codg", "medins_list_codg")},
        "init": row.get("init_feedetl_sn", ""),
        "day": row["fee_ocur_time"],
        "cnt": str(count),
        "pric": str(price),
        "total": str(total),
        **dict(zip(PARTS, map(str, _parts(split)), strict=True)),
        **{name: row[name] for name in _DEPARTMENTS},
    }
    limit = item.limits.get(hospital.level)
    result = {
        "feedetl_sn": serial,
        "det_item_fee_sumamt": total,
        "cnt": count,
        "pric": price,
        "pric_uplmt_amt": NIL if limit is None else limit,
        "selfpay_prop": Decimal(1) if item.share is None or excluded else item.share,
        **dict(zip(PARTS, _parts(split), strict=True)),
        "chrgitm_lv": _level(None if excluded else item.share, office.region.fees.level_digits),
        "med_chrgitm_type": "14",
        "lmt_used_flag": "1" if restricted(hospital, row) else "0",
        "memo": None,
    }
    shown = {name: str(result[name]) for name in ("pric_uplmt_amt", "selfpay_prop", "chrgitm_lv", "lmt_used_flag")}
    known[serial] = office.store.add_line(visit.mdtrt_id, serial, body | shown)
    return result


def _serial(office: Office, serial: str, known: Mapping[str, Line]) -> None:
    fees = office.region.fees
    digits = serial.isascii() and serial.isdigit()
    if fees.serial == "digits" and (not digits or int(serial) == 0):
        raise Refused("FSI-费用明细流水号必须为数字且不能为0")
    if len(serial) > fees.serial_length:
        raise Refused(f"FSI-费用明细流水号长度不能超过{fees.serial_length}")
    if serial in known:
        raise Refused("FSI-费用明细流水号重复")


def _timely(visit: Visit, moment: str) -> None:
    end = visit.info.get("endtime")
    if moment[:10] < visit.info["begntime"][:10] or (end and moment[:10] > end[:10]):
        raise Refused("FSI-费用发生时间不在住院期间内")


def _refund(row: Mapping[str, str], count: Decimal, price: Decimal, known: Mapping[str, Line]) -> None:
    """A negative line names the line it takes back, at its price, for no more than is left of it."""
    original = known.get(row.get("init_feedetl_sn", ""))
    if original is None or original.amount("cnt") < 0:
        raise Refused("FSI-退费明细未找到原费用明细")
    if original.amount("pric") != price:
        raise Refused("FSI-退费单价与原明细单价不一致")
    before = sum((line.amount("cnt") for line in known.values() if line.body["init"] == original.sn), Decimal(0))
    if original.amount("cnt") + before + count < 0:
        raise Refused("FSI-退费数量大于原明细数量")


def _refused(call: Call, hospital: Hospital, row: Mapping[str, str]) -> None:
    """Items that this bureau does not take from this hospital, by the seed or by a scripted fault."""
    text = hospital.refused.get(row["medins_list_codg"]) or hospital.refused.get(row["med_list_codg"])
    if text:
        raise Refused(f"FSI-{text}")
    if _named(call, row, "refuse-line"):
        raise Refused("FSI-该项目医保审核不通过")


def _named(call: Call, row: Mapping[str, str], do: str) -> bool:
    """Whether a scripted fault means this line, by its serial or the hospital's code."""
    return bool(call.fault and call.fault.do == do and call.fault.text in (row["feedetl_sn"], row["medins_list_codg"]))


def _item(office: Office, hospital: Hospital, row: Mapping[str, str], day: date) -> Item:
    catalogue = office.lists.of([hospital.code])
    item = catalogue.find((row["med_list_codg"], row["medins_list_codg"]), day) if catalogue else None
    if item is None:
        raise Refused("FSI-医疗目录编码不存在或未对照")
    return item


def restricted(hospital: Hospital, row: Mapping[str, str]) -> bool:
    """Whether the item has a restriction of use (限制使用)."""
    return row["medins_list_codg"] in hospital.restricted or row["med_list_codg"] in hospital.restricted


def _split(
    office: Office,
    visit: Visit,
    hospital: Hospital,
    item: Item,
    row: Mapping[str, str],
    line: tuple[Decimal, Decimal, date],
    *,
    excluded: bool,
) -> Split:
    """A restricted item counts only where the hospital approved it; an unapproved one never does (hosp_appr_flag).

    ``excluded``: this bureau counts the line as outside the catalogue, whatever the list says.
    """
    total, count, day = line
    approval = row.get("hosp_appr_flag") or "0"
    outside = approval == "2" or (restricted(hospital, row) and approval != "1") or excluded
    share = None if outside else item.share
    whole = any(
        payer == "basic" and (found := plan.find("pre_self_pay_on", day)) is not None and found.text == "whole-line"
        for payer, plan in office.payers(visit.info["insutype"])
    )
    return adjudicator.split_line(total, count, share=share, limit=item.limits.get(hospital.level), on_whole=whole)


def _parts(split: Split) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    return split.full_self_pay, split.over_limit, split.pre_self_pay, split.in_scope


def _level(share: Decimal | None, digits: str) -> str:
    level = "3" if share is None else "2" if share else "1"
    return level if digits == "one" else f"0{level}"


def withdraw(office: Office, call: Call) -> Done:
    """2302: lines by number, or every unsettled one by 0000; settled lines stay."""
    for row in call.many("data"):
        visit = office.visit(call, row)
        lines = office.store.lines(visit.mdtrt_id)
        if row["feedetl_sn"] == "0000":
            for unsettled in [one for one in lines if one.bill is None]:
                office.store.remove_line(unsettled.seq)
            continue
        line = next((one for one in lines if one.sn == row["feedetl_sn"]), None)
        if line is None:
            raise Refused(f"FSI-未查询到费用明细[feedetl_sn:{row['feedetl_sn']}]")
        if line.bill is not None:
            raise Refused(f"FSI-费用明细已结算，不能撤销[feedetl_sn:{line.sn}]")
        if any(other.body["init"] == line.sn for other in lines):
            raise Refused(f"FSI-费用明细存在退费记录，不能撤销[feedetl_sn:{line.sn}]")
        office.store.remove_line(line.seq)
    return Done({})


def shown(office: Office, call: Call) -> Done:
    """5204: a settlement's lines; without ``setl_id``, where the region allows it, every line of the stay.

    The documents name no node, so the rows are the output itself.
    """
    given = call.one()
    visit = office.visit(call, given)
    wanted = given.get("setl_id") or ""
    rows = []
    for line in office.store.lines(visit.mdtrt_id):
        bill = office.store.bill(line.bill) if line.bill is not None else None
        setl_id = bill.setl_id if bill else None
        if wanted in ("", setl_id):
            rows.append(_row(visit, line, setl_id))
    return Done(rows)


def _row(visit: Visit, line: Line, setl_id: str | None) -> dict[str, Any]:
    kept = line.body
    named = ("med_list_codg", "medins_list_codg", "chrgitm_lv", "lmt_used_flag")
    return {
        "mdtrt_id": visit.mdtrt_id,
        "setl_id": setl_id,
        "feedetl_sn": line.sn,
        "med_type": visit.info["med_type"],
        "fee_ocur_time": kept["day"],
        "det_item_fee_sumamt": line.amount("total"),
        **{name: line.amount(name) for name in ("cnt", "pric", "pric_uplmt_amt", "selfpay_prop", *PARTS)},
        **{name: kept[name] for name in (*named, *_DEPARTMENTS)},
        "med_chrgitm_type": "14",
        "memo": None,
    }
