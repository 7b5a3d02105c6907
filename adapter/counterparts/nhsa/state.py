"""What the bureau has done so far, for tests to look at."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from adapter.counterparts.nhsa.office import NIL, Office, add
from adapter.counterparts.nhsa.store import Bill


def state(office: Office) -> dict[str, Any]:
    """Counts for tests; amounts are text.

    ``settled``: settlements that count and were not taken back; ``refunded``: by 2305; ``reversed``: by 2601.
    ``settled_twice``: stays with more than one standing settlement; ``messages``: good and failed by infno.
    """
    store = office.store
    with store.transaction():
        bills, visits, told = store.bills(), store.visits(""), store.told()
        undone = {bill.refund_of for bill in bills if not bill.gone}
        counted = [bill for bill in bills if bill.refund_of is None and not bill.gone]
        standing = [bill for bill in counted if bill.seq not in undone]
        persons = {(bill.psn_no, bill.year) for bill in bills}
        persons |= {(key, year) for key, person in office.seed.persons.items() for year in person.used}
        years: dict[str, dict[str, dict[str, str]]] = {}
        for psn_no, year in sorted(persons):
            used = office.used(office.seed.persons[psn_no], year)
            years.setdefault(psn_no, {})[str(year)] = {name: str(amount) for name, amount in sorted(used.items())}
        lines = {visit.mdtrt_id: len(store.lines(visit.mdtrt_id)) for visit in visits}
    messages = Counter(f"{one.infno} {'good' if one.infcode == '0' else 'failed'}" for one in told)
    return {
        "role": "nhsa-bureau",
        "region": office.region.name,
        "visits": dict(Counter(visit.state for visit in visits)),
        "lines": lines,
        "settled": len(standing),
        "refunded": len(counted) - len(standing),
        "reversed": sum(bill.gone and bill.refund_of is None for bill in bills),
        "settled_twice": {key: n for key, n in Counter(bill.mdtrt_id for bill in standing).items() if n > 1},
        "settlements": {bill.msgid: bill.setl_id for bill in standing},
        "paid": _paid(standing),
        "year_to_date": years,
        "messages": dict(sorted(messages.items())),
        "repeated_msgids": {key: n for key, n in Counter(one.msgid for one in told).items() if n > 1},
    }


def _paid(standing: list[Bill]) -> dict[str, str]:
    sums: dict[str, Decimal] = {}
    for bill in standing:
        paid = {name: amount for name, amount in bill.amounts().items() if name.startswith("pay.")}
        add(sums, {name.removeprefix("pay."): amount for name, amount in paid.items()})
    return {payer: str(amount + NIL) for payer, amount in sums.items()}
