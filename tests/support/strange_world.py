"""A hospital that nobody has met, drawn from a seed: what really happened there, apart from how its HIS writes it down.

world = draw_world(7)            # invented persons, four stays, charges with refunds
world.bill_of(world.stays[0])    # what each payer bears, by plain Decimal arithmetic

``strange_export.py`` writes it as that HIS would, ``strange_engineer.py`` connects it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from bench.synthetic.persons import NOWHERE, check_digit

FEN = Decimal("0.01")

#: 乡镇 200、90 %;县级 500、75 %;市级 1000、60 % (test_hunan_composite/basic).
LEVELS = {"township": ("200.00", "0.90"), "secondary": ("500.00", "0.75"), "tertiary": ("1000.00", "0.60")}
_KINDS = {"township": "township-centre", "secondary": "county-general", "tertiary": "county-general"}
_SURNAMES = "赵钱孙李周吴郑王冯陈"
_DIAGNOSES = (
    ("J18.900", "社区获得性肺炎"),
    ("I10.x05", "高血压病3级"),
    ("K52.904", "急性胃肠炎"),
    ("E11.900", "2型糖尿病"),
)


def fen(amount: Decimal) -> Decimal:
    return amount.quantize(FEN, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Item:
    """A catalogue row. ``share`` is paid first by the patient; None: not covered at all; ``limit`` per unit."""

    code: str
    name: str
    price: Decimal
    share: Decimal | None
    limit: Decimal | None
    drug: bool

    @property
    def kind(self) -> str:
        return "drug" if self.drug else "service"

    @property
    def item_class(self) -> str:
        return "C" if self.share is None else "B" if self.share else "A"


@dataclass(frozen=True)
class Line:
    """One charge, or what undoes one: then ``undoes`` is that line's number and the quantity is below zero."""

    number: int
    item: Item
    at: datetime
    quantity: Decimal
    undoes: int | None = None

    @property
    def exact(self) -> Decimal:
        """Quantity × price, as some HIS stores it."""
        return self.quantity * self.item.price

    @property
    def amount(self) -> Decimal:
        return fen(self.exact)


@dataclass(frozen=True)
class Person:
    key: str
    name: str
    male: bool
    born: datetime
    id_number: str
    card: str
    poor: bool


@dataclass(frozen=True)
class Stay:
    """One inpatient stay; still in hospital without ``discharged``."""

    visit: str
    printed: str
    person: Person
    admitted: datetime
    discharged: datetime | None
    diagnoses: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal("0.00"))


@dataclass(frozen=True)
class Bill:
    """What the parties bear, in yuan."""

    total: Decimal
    basic: Decimal
    aid: Decimal
    patient: Decimal


@dataclass(frozen=True)
class World:
    """One hospital and what happened in it."""

    seed: int
    level: str
    items: tuple[Item, ...]
    stays: tuple[Stay, ...]

    @property
    def source(self) -> str:
        return f"strange_{self.seed:05d}"

    @property
    def facility(self) -> str:
        """The national code of an invented hospital."""
        return f"H8{self.seed:05d}99999"

    @property
    def kind(self) -> str:
        return _KINDS[self.level]

    @property
    def ended(self) -> tuple[Stay, ...]:
        return tuple(stay for stay in self.stays if stay.discharged is not None)

    def bill_of(self, stay: Stay) -> Bill:
        """Split what is left of every line, share it by the test plans; critical illness is out of reach here."""
        scope = sum((self._in_scope(line, stay) for line in stay.lines if line.undoes is None), Decimal("0.00"))
        deductible, ratio = (Decimal(text) for text in LEVELS[self.level])
        tilted = min(ratio + Decimal("0.10"), Decimal(1)) if stay.person.poor else ratio
        basic = fen(max(scope - deductible, Decimal(0)) * tilted)
        assert scope - basic < 11_162, "the plans' critical-illness deductible"
        aid = fen((scope - basic) * Decimal("0.70")) if stay.person.poor else Decimal("0.00")
        return Bill(stay.total, basic, aid, stay.total - basic - aid)

    def _in_scope(self, line: Line, stay: Stay) -> Decimal:
        refunds = [each for each in stay.lines if each.undoes == line.number]
        quantity = line.quantity + sum((each.quantity for each in refunds), Decimal(0))
        amount = line.amount + sum((each.amount for each in refunds), Decimal(0))
        if line.item.share is None:
            return Decimal("0.00")
        within = amount if line.item.limit is None else min(amount, fen(line.item.limit * quantity))
        return within - fen(within * line.item.share)


def draw_world(seed: int) -> World:
    """The same seed draws the same hospital for ever."""
    lots = Random(f"strange hospital {seed}")
    items = _items(lots)
    people = [_person(lots, seed, place) for place in range(3)]
    people.append(people[0])  # the same person again, still in hospital
    first = datetime(2021, lots.randint(1, 10), lots.randint(1, 20), 8, lots.randint(0, 59))  # noqa: DTZ001 - local time
    stays, number = [], lots.randint(1, 9) * 1000
    for place, person in enumerate(people):
        admitted = first + timedelta(days=3 * place, minutes=37 * place)
        days = lots.randint(4, 7)
        lines = tuple(_lines(lots, items, admitted, days, number))
        number += len(lines)
        ended = place < 3
        stays.append(
            Stay(
                visit=f"{1 + place // 3}",
                printed=f"2021{seed % 100:02d}{place + 1:04d}",
                person=person,
                admitted=admitted,
                discharged=admitted + timedelta(days=days, hours=2) if ended else None,
                diagnoses=tuple(lots.sample(_DIAGNOSES, lots.randint(1, 2))),
                lines=lines,
            )
        )
    lots.shuffle(stays)
    return World(seed, lots.choice(list(LEVELS)), items, tuple(stays))


def _items(lots: Random) -> tuple[Item, ...]:
    """Class B prices are whole yuan, so that a refund rounds like what is left, whoever splits first."""
    letter = lots.choice(["", "X", "SF", "YP-", "0"])

    def item(
        code: int, name: str, price: str, share: str | None = "0", limit: str | None = None, drug: bool = False
    ) -> Item:
        given = None if share is None else Decimal(share)
        return Item(f"{letter}{code}", name, Decimal(price), given, Decimal(limit) if limit else None, drug)

    return (
        item(1101, "普通病房床位费", f"{lots.randint(18, 28)}", limit=lots.choice([None, "15.00"])),
        item(1201, "二级护理", f"{lots.randint(10, 20)}.50"),
        item(2101, "血常规(五分类)", "25"),
        item(2103, "胸部CT平扫", f"{lots.randint(20, 30)}0", share="0.10"),
        item(6101, "陪护费", "60", share=None),
        item(3101, "注射用头孢曲松钠", f"{lots.randint(20, 39)}.7500", drug=True),
        item(3102, "阿莫西林胶囊", lots.choice(["1.3975", "0.3130", "4.2133"]), drug=True),
        item(3105, "注射用奥美拉唑钠", f"{lots.randint(2, 4)}0", share="0.20", drug=True),
    )


def _lines(lots: Random, items: tuple[Item, ...], admitted: datetime, days: int, number: int) -> Iterator[Line]:
    """Daily beds and nursing, tests and drugs; one line given back whole, one in part, one of two alike."""
    bed, nursing, blood, scan, escort, drug, capsule, costly = items
    made: list[Line] = []

    def charge(item: Item, day: int, quantity: str, hour: int = 9) -> Line:
        at = (admitted + timedelta(days=day)).replace(hour=hour, minute=lots.randint(0, 59), second=lots.randint(0, 59))
        made.append(Line(number + len(made), item, at, Decimal(quantity)))
        return made[-1]

    def refund(line: Line, quantity: str) -> None:
        at = line.at + timedelta(days=1, hours=1)
        made.append(Line(number + len(made), line.item, at, -Decimal(quantity), line.number))

    for day in range(days):
        charge(bed, day, "1", hour=23)
        charge(nursing, day, lots.choice(["1", "2"]))
    charge(capsule, 1, f"{lots.randint(6, 24)}")
    charge(escort, 2, f"{lots.randint(1, 3)}")
    charge(costly, 1, f"{lots.randint(2, 9)}")
    tried = charge(scan, 1, "1")
    charge(scan, 2, "1") if lots.random() < 0.5 else None
    refund(tried, "1") if lots.random() < 0.7 else None
    given = charge(drug, 1, f"{lots.randint(20, 40)}")
    charge(drug, 2, f"{lots.randint(4, 9)}")
    refund(given, f"{lots.randint(10, 18)}")
    first, _ = (charge(blood, day, "1") for day in (1, 2))  # two alike: only a link tells which one was given back
    refund(first, "1")
    yield from made


def _person(lots: Random, seed: int, place: int) -> Person:
    male = lots.random() < 0.5
    born = datetime(lots.randint(1940, 1999), lots.randint(1, 12), lots.randint(1, 28))  # noqa: DTZ001 - a day
    serial = f"{NOWHERE}{born:%Y%m%d}{lots.randint(0, 99):02d}{2 * lots.randint(0, 4) + male}"
    return Person(
        key=f"{seed % 1000:03d}{place + 1:03d}",
        name=f"测{_SURNAMES[lots.randrange(10)]}{_SURNAMES[place]}",
        male=male,
        born=born,
        id_number=serial + check_digit(serial),
        card=f"T8{seed:05d}{place + 1}",
        poor=place != 1,
    )
