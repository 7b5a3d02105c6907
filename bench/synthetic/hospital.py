"""A whole hospital from a seed: any number of stays, streamed to XML; memory stays flat."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from bench.synthetic import persons
from bench.synthetic.catalogue import (
    DIAGNOSES,
    FACILITY,
    Item,
    invent_items,
    write_diagnoses,
    write_facilities,
    write_items,
)
from bench.synthetic.dice import Dice
from bench.synthetic.tables import Export, Row

Progress = Callable[[int, int], None]

FIRST_DAY = date(2020, 1, 2)
DAYS = 1000  # admissions from FIRST_DAY on, so that every stay lies inside the test profile's years
MIXED_STAYS = 32  # stays whose rows are shuffled together, as an export sorted by something else has them


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write. ``lines`` is the mean per stay, refunds included; ``spread`` is in percent of it."""

    seed: int
    stays: int
    lines: int
    spread: int = 50
    items: int = 600


@dataclass(frozen=True, slots=True)
class _Stay:
    number: int
    person: int
    admitted: date
    discharged: date

    @property
    def key(self) -> str:
        return f"{500000000 + self.number}"


def write_hospital(plan: Plan, folder: Path, progress: Progress | None = None) -> int:
    """Write ``export/*.xml`` and ``reference/*`` into a folder; returns the number of XML rows."""
    reference = folder / "reference"
    reference.mkdir(parents=True, exist_ok=True)
    items = invent_items(plan.seed, plan.items)
    write_items(reference, items)
    write_facilities(reference)
    write_diagnoses(reference)
    with (
        Export(folder / "export") as export,
        (reference / "registers.csv").open("w", encoding="utf-8", newline="\n") as registers,
        (reference / "window.yaml").open("w", encoding="utf-8", newline="\n") as window,
    ):
        registers.write("person_key,category,issuer,valid_from,valid_to\n")
        registered = -1
        mixer, waiting = Dice(plan.seed, "order"), list[tuple[str, Row]]()
        for stay in _stays(plan):
            if stay.person > registered:  # persons are first met in the order of their numbers
                registered = stay.person
                if _poor(plan, stay.person):
                    registers.write(f"{_person_key(stay.person)},registered-poor,合成县扶贫办,2014-06-01,\n")
            window.write(_window(plan, stay))
            waiting.extend(_rows(plan, stay, items))
            if (stay.number + 1) % MIXED_STAYS == 0 or stay.number + 1 == plan.stays:
                mixer.shuffle(waiting)
                for table, row in waiting:
                    export.write(table, row)
                waiting.clear()
                if progress:
                    progress(stay.number + 1, plan.stays)
        return export.rows


def _stays(plan: Plan) -> Iterator[_Stay]:
    """Admissions in the order of their days; one in five is a person who went home a week ago or longer."""
    home: deque[tuple[date, int]] = deque(maxlen=5000)
    persons_met = 0
    for number in range(plan.stays):
        dice = Dice(plan.seed, "stay", number)
        admitted = FIRST_DAY + timedelta(days=number * DAYS // plan.stays)
        if home and home[0][0] + timedelta(days=7) <= admitted and dice.percent(20):
            person = home.popleft()[1]
        else:
            person = persons_met
            persons_met += 1
        discharged = admitted + timedelta(days=dice.between(3, 14))
        home.append((discharged, person))
        yield _Stay(number, person, admitted, discharged)


def _person_key(number: int) -> str:
    return f"{900000 + number}"


def _poor(plan: Plan, person: int) -> bool:
    return Dice(plan.seed, "poor", person).percent(25)


def _window(plan: Plan, stay: _Stay) -> str:
    proof = (
        "    - {kind: poverty-proof, original: yes, issuer: 合成村民委员会, confirmed_by: 合成镇人民政府}\n"
        "    - {kind: settlement-undertaking, original: yes}\n"
        if _poor(plan, stay.person)
        else ""
    )
    return (
        f'"{stay.key}":\n  cause: illness\n  emergency: no\n  third_party: no\n  verifier: W007\n'
        f"  admission_order: R{stay.number}\n  documents:\n    - {{kind: insurance-card, original: yes}}\n"
        f"    - {{kind: id-card, original: no}}\n    - {{kind: household-book, original: no}}\n{proof}"
    )


def _rows(plan: Plan, stay: _Stay, items: tuple[Item, ...]) -> Iterator[tuple[str, Row]]:
    dice = Dice(plan.seed, "rows", stay.number)
    yield "ZY_BRRY", _stay_row(plan, stay)
    yield "ZY_RYZD", {"ZYH": stay.key, "ZDXH": f"{8000 + dice.below(DIAGNOSES)}", "ZDLB": "3", "ZGQK": "2"}
    low, high = plan.lines * (100 - plan.spread) // 100, plan.lines * (100 + plan.spread) // 100
    booked: list[tuple[Item, int, int]] = []
    for number in range(max(1, dice.between(low, high))):
        day = dice.below((stay.discharged - stay.admitted).days)
        if booked and dice.percent(2):
            item, quantity, day = booked.pop(dice.below(len(booked)))  # each line is refunded once at most
            quantity = -quantity
        else:
            item, quantity = dice.one_of(items), dice.between(1, 4)
            booked.append((item, quantity, day))
        yield "ZY_FYMX", _fee_row(stay, item, quantity, stay.admitted + timedelta(days=day), number)


def _stay_row(plan: Plan, stay: _Stay) -> Row:
    dice = Dice(plan.seed, "person", stay.person)
    born = date(1935, 1, 1) + timedelta(days=dice.below(80 * 365))
    sex = dice.between(1, 2)
    return {
        "ZYH": stay.key,
        "ZYHM": f"{stay.number:010d}",
        "BAHM": f"B{stay.person:07d}",
        "BRID": _person_key(stay.person),
        "MZHM": f"MZ{stay.number:08d}",
        "JGID": FACILITY,
        "BRXZ": "2000",
        "BRXM": persons.invented_name(stay.person),
        "BRXB": f"{sex}",
        "CSNY": f"{born}",
        "SFZH": persons.identity_number(born, dice.below(499) * 2 + (1 if sex == 1 else 2)),
        "HYZK": "2",
        "MZDM": "01",
        "LXDH": persons.phone(stay.person),
        "YBKH": f"S{stay.person:08d}",
        "BRKS": "1021",
        "BRBQ": "2021",
        "BRCH": f"{stay.number % 60:03d}",
        "RYRQ": f"{stay.admitted} 09:00:00",
        "CYRQ": f"{stay.discharged} 10:00:00",
        "CYPB": "1",
        "CYFS": "1",
        "RYQK": "3",
        "JSCS": "0",
        "ZYCS": "1",
        "DJJE": "0.00",
    }


def _fee_row(stay: _Stay, item: Item, quantity: int, day: date, number: int) -> Row:
    tenth_mils = item.price * abs(quantity)
    fen = (tenth_mils + 50) // 100
    sign = "-" if quantity < 0 else ""
    return {
        "JLXH": f"{(500000000 + stay.number) * 10000 + number}",
        "ZYH": stay.key,
        "FYRQ": f"{day} 08:00:00",
        "JFRQ": f"{day} 15:{number % 60:02d}:{number // 60 % 60:02d}",
        "FYXH": item.code,
        "FYMC": item.name,
        "YPCD": "7001" if item.kind == "drug" else "0",
        "FYSL": f"{quantity}.00",
        "FYDJ": f"{item.price // 10000}.{item.price % 10000:04d}",
        "ZJJE": f"{sign}{fen // 100}.{fen % 100:02d}",
        "ZFJE": "0.00",
        "ZLJE": "0.00",
        "ZFBL": "0.000",
        "DZBL": "1.000",
        "YSGH": "D001",
        "FYBQ": "2021",
        "FYKS": "1021",
        "ZXKS": "1050",
        "XMLX": item.by,
        "YPLX": "1" if item.kind == "drug" else "0",
        "FYXM": item.group,
        "JSCS": "0",
        "YZXH": f"7{stay.number:08d}",
        "YEPB": "0",
        "SCBZ": "0",
    }
