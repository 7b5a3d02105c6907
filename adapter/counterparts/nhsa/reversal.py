"""2601: takes back a transaction whose answer was lost, by the msgid that it was sent with (冲正交易)."""

from __future__ import annotations

from dataclasses import replace

from adapter.counterparts.nhsa import settling, stays
from adapter.counterparts.nhsa.office import Call, Done, Office
from adapter.counterparts.nhsa.refusals import Refused


def reverse(office: Office, call: Call) -> Done:
    """infcode 0 means reversed. What may be reversed is the region's; what is undone cannot be undone again."""
    given = call.one()
    msgid, infno = given["omsgid"], given["oinfno"]
    undo = office.region.undo
    if infno not in undo.reversible:
        raise Refused(f"FSI-交易{infno}不支持冲正")
    told = [one for one in office.store.told(msgid) if one.infno == infno and one.psn_no == given["psn_no"]]
    good = [one for one in told if one.effect is not None]
    if not good:
        if undo.unknown_original == "refuse":
            raise Refused("FSI-未查询到原交易")
        office.store.note(f"reversed.{msgid}", infno)
        return Done({})
    original = good[-1]
    if original.undone:
        raise Refused("FSI-原交易已冲正")
    assert original.effect is not None
    {"2401": _admission, "2304": _settlement, "2305": _cancellation}[infno](office, original.effect)
    office.store.undo(original.seq)
    return Done({})


def _admission(office: Office, seq: int) -> None:
    visit = office.store.visit_by_seq(seq)
    assert visit is not None
    stays.empty(office, visit)
    office.store.change(replace(visit, state="cancelled"))


def _settlement(office: Office, seq: int) -> None:
    bill = office.store.bill(seq)
    assert bill is not None
    if bill.seq not in {one.seq for one in office.store.standing(bill.mdtrt_id)}:
        raise Refused("FSI-原结算已撤销")
    settling.refuse_dependants(office, bill)
    office.store.remove_bill(seq)
    office.store.free_lines(seq)


def _cancellation(office: Office, seq: int) -> None:
    """The settlement that 2305 took back stands again, as long as its lines are still free and unchanged."""
    bill = office.store.bill(seq)
    assert bill is not None and bill.refund_of is not None
    original = office.store.bill(bill.refund_of)
    assert original is not None
    free = {line.sn for line in office.store.lines(bill.mdtrt_id) if line.bill is None}
    taken = list(original.body["lines"])
    if not free.issuperset(taken):
        raise Refused("FSI-原结算的费用明细已变更，不能冲正")
    office.store.remove_bill(seq)
    office.store.return_lines(bill.mdtrt_id, original.seq, taken)
