"""Plain facts of a what-if → Claim, year-to-date amounts and answers; refuses what it does not understand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from adapter.model.claim import ChargeLine, Claim, Stay, YearToDate
from adapter.model.dates import HOSPITAL_ZONE, Period
from adapter.model.issues import AdapterError, Issue
from adapter.model.money import ZERO, Money, decimal_of
from adapter.model.person import Category, Insurance, Person
from adapter.model.reference import CatalogueItem, Facility, FacilityKind, ItemClass, ItemKind, Level, Ownership
from adapter.model.settlement import Payer, PayerAnswer
from adapter.rules.settlement import issues
from adapter.rules.settlement.accumulators import NAMES

_T = TypeVar("_T")
_Enum = TypeVar("_Enum", bound=StrEnum)

_ALWAYS = Period(date(1900, 1, 1))
_TOP = (
    "settled_on",
    "hospital_level",
    "person",
    "circumstances",
    "lines",
    "sums",
    "total",
    "third_party",
    "year_to_date",
    "answers",
)
_LINE = (
    "id",
    "code",
    "name",
    "amount",
    "quantity",
    "class",
    "self_share",
    "price_limit",
    "restricted",
    "in_restriction",
    "reverses",
    "service_date",
)
_SUMS = ("full_self_pay", "over_limit", "pre_self_pay", "in_scope")


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts ready for adjudication."""

    claim: Claim
    accrued: YearToDate
    answers: Mapping[Payer, PayerAnswer]


def read_facts(facts: Mapping[str, object]) -> Facts:
    """Read plain facts (docs/whatif.md).

    Raises:
        AdapterError: SET-311, one issue for everything that cannot be read.
    """
    page = _Page()
    page.only(facts, _TOP, "")
    on = page.day(facts.get("settled_on"), "settled_on")
    level = page.member(Level, facts.get("hospital_level", Level.SECONDARY), "hospital_level")
    person = page.table(facts.get("person", {}), "person")
    page.only(person, ("insurance", "categories"), "person/")
    lines = _lines(page, facts, on, level)
    claim = Claim(
        case_id="what-if",
        version=1,
        stay=_stay(on, level),
        person=Person(
            key="what-if",
            insurance=page.member(Insurance, person.get("insurance", Insurance.RESIDENTS), "person/insurance"),
            categories=frozenset(
                page.member(Category, item, "person/categories")
                for item in page.items(person.get("categories", ()), "person/categories")
            ),
        ),
        lines=lines,
        third_party=page.money(facts.get("third_party", "0"), "third_party"),
        circumstances=tuple(
            (name, str(value)) for name, value in page.table(facts.get("circumstances", {}), "circumstances").items()
        ),
    )
    if "total" in facts:
        total = page.money(facts["total"], "total")
        if total != claim.total and not page.found:
            page.refuse(
                "total", f"总额{total},明细合计{claim.total}", f"total {total}, the lines add up to {claim.total}"
            )
    accrued = page.table(facts.get("year_to_date", {}), "year_to_date")
    page.only(accrued, [f"{payer}.{name}" for payer in Payer for name in NAMES], "year_to_date/")
    amounts = tuple((name, page.money(value, f"year_to_date/{name}")) for name, value in sorted(accrued.items()))
    answers = _answers(page, facts)
    if page.found:
        raise AdapterError(*page.found)
    return Facts(claim, YearToDate(year=on.year, amounts=amounts), answers)


class _Page:
    """Reads plain values one by one and gathers what is wrong."""

    def __init__(self) -> None:
        self.found: list[Issue] = []

    def refuse(self, pointer: str, zh: str, en: str) -> None:
        self.found.append(issues.facts_invalid(pointer, zh, en))

    def only(self, table: Mapping[str, object], known: Sequence[str], where: str) -> None:
        for key in table:
            if key not in known:
                self.refuse(f"{where}{key}", "不认识的项", "unknown name")

    def table(self, value: object, pointer: str) -> Mapping[str, object]:
        if isinstance(value, Mapping):
            return value
        self.refuse(pointer, "应为键值表", "a table is wanted")
        return {}

    def items(self, value: object, pointer: str) -> Sequence[object]:
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            return value
        self.refuse(pointer, "应为列表", "a list is wanted")
        return ()

    def money(self, value: object, pointer: str) -> Money:
        return self._read(
            value, pointer, Money.yuan, ZERO, "金额(文本,最多两位小数)", "an amount as text, at most a fen"
        )

    def number(self, value: object, pointer: str) -> Decimal:
        return self._read(value, pointer, decimal_of, Decimal(0), "数字(文本)", "a number as text")

    def day(self, value: object, pointer: str) -> date:
        return self._read(value, pointer, date.fromisoformat, date.min, "日期 2024-03-01", "a date like 2024-03-01")

    def member(self, kind: type[_Enum], value: object, pointer: str) -> _Enum:
        known = ", ".join(kind)
        return self._read(value, pointer, kind, next(iter(kind)), f"{known} 之一", f"one of {known}")

    def flag(self, value: object, pointer: str) -> bool:
        if value in (True, "yes", "true"):
            return True
        if value not in (False, "no", "false"):
            self.refuse(pointer, "应为 yes 或 no", "yes or no is wanted")
        return False

    def _read(self, value: object, pointer: str, read: Callable[[str], _T], default: _T, zh: str, en: str) -> _T:
        """Text, whole numbers and Decimals are read; a float has already lost what it was."""
        if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
            text = format(value, "f") if isinstance(value, Decimal) else str(value)
            try:
                return read(text)
            except ValueError:
                pass
        self.refuse(pointer, f"应为{zh}", f"{en} is wanted")
        return default


def _stay(on: date, level: Level) -> Stay:
    facility = Facility(
        code="what-if",
        name="what-if",
        kind=FacilityKind.OTHER,
        level=level,
        ownership=Ownership.PUBLIC,
        county="999901",
        valid=_ALWAYS,
    )
    noon = datetime.combine(on, time(12), HOSPITAL_ZONE)
    return Stay(key="what-if", admitted=noon, discharged=noon, settled_on=on, facility=facility)


def _lines(page: _Page, facts: Mapping[str, object], on: date, level: Level) -> tuple[ChargeLine, ...]:
    if ("lines" in facts) == ("sums" in facts):
        page.refuse("lines", "lines 和 sums 须且只须给出一个", "either lines or sums is wanted")
        return ()
    if "sums" in facts:
        return _lines_of_sums(page, page.table(facts["sums"], "sums"), on, level)
    return tuple(
        _line(page, page.table(line, f"lines[{index}]"), index, on, level)
        for index, line in enumerate(page.items(facts["lines"], "lines"))
    )


def _line(page: _Page, line: Mapping[str, object], index: int, on: date, level: Level) -> ChargeLine:
    where = f"lines[{index}]/"
    page.only(line, _LINE, where)
    key = str(line.get("id", index))
    code, name = str(line.get("code", key)), str(line.get("name", ""))
    limit = page.number(line["price_limit"], f"{where}price_limit") if "price_limit" in line else None
    item = CatalogueItem(
        code=code,
        name=name,
        kind=ItemKind.SERVICE,
        item_class=page.member(ItemClass, line.get("class", ""), f"{where}class"),
        valid=_ALWAYS,
        self_share=page.number(line["self_share"], f"{where}self_share") if "self_share" in line else None,
        price_limits=() if limit is None else ((level, limit),),
        restricted=page.flag(line.get("restricted", False), f"{where}restricted"),
    )
    met = line.get("in_restriction")
    return ChargeLine(
        id=key,
        row_key=key,
        code=code,
        name=name,
        service_date=page.day(line["service_date"], f"{where}service_date") if "service_date" in line else on,
        quantity=page.number(line.get("quantity", "1"), f"{where}quantity"),
        amount=page.money(line.get("amount", ""), f"{where}amount"),
        reverses=str(line["reverses"]) if line.get("reverses") is not None else None,
        item=item,
        in_restriction=None if met is None else page.flag(met, f"{where}in_restriction"),
    )


def _lines_of_sums(page: _Page, sums: Mapping[str, object], on: date, level: Level) -> tuple[ChargeLine, ...]:
    """Four sums as four lines whose split gives exactly these sums."""
    page.only(sums, _SUMS, "sums/")
    shapes: dict[str, dict[str, object]] = {
        "full_self_pay": {"class": "C"},
        "over_limit": {"class": "A", "price_limit": "0"},
        "pre_self_pay": {"class": "B", "self_share": "1"},
        "in_scope": {"class": "A"},
    }
    return tuple(
        _line(page, {"id": name, "amount": sums[name], **shapes[name]}, index, on, level)
        for index, name in enumerate(_SUMS)
        if name in sums
    )


def _answers(page: _Page, facts: Mapping[str, object]) -> dict[Payer, PayerAnswer]:
    answers = {}
    for name, value in page.table(facts.get("answers", {}), "answers").items():
        where = f"answers/{name}"
        answer = page.table(value, where)
        page.only(answer, ("amount", "reference", "amounts"), f"{where}/")
        payer = page.member(Payer, name, where)
        figures = page.table(answer.get("amounts", {}), f"{where}/amounts")
        answers[payer] = PayerAnswer(
            payer=payer,
            amount=page.money(answer.get("amount", ""), f"{where}/amount"),
            reference=str(answer.get("reference", "what-if")),
            amounts=tuple((key, page.money(figure, f"{where}/amounts/{key}")) for key, figure in figures.items()),
        )
    return answers
