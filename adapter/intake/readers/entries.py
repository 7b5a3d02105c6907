"""Entries of an account: charge, credit, adjustment, void and payment, each tied to what it undoes (费用与预交金).

What comes out is two tables of rows that the ordinary mapping reads: charge lines, of which a reversal is one with
negative quantity and amount and the key of its original under ``reverses``; and payments, which count or are void. A
stored amount is the truth; only where a message holds none does the item master of the day give it, rounded once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from adapter.intake.readers import message_issues as issues
from adapter.model.issues import Issue
from adapter.model.message import UNDOING, EntryKind, EntryRules, PriceList
from adapter.model.money import Money, decimal_of, half_up
from adapter.model.source import Origin, SourceRecord

#: Columns that every entry has beside those that the mapping names.
AMOUNTS = ("quantity", "price", "amount", "item", "at")


@dataclass(slots=True)
class Entry:
    """One entry as the messages left it.

    Attributes:
        key: names the entry for ever. An entry that undoes another has its own, even under the same number.
        number: the HIS's number, equal for a charge and what undoes it; empty when the HIS gives none.
        undoes: the number of the entry that it names as undone, or empty.
        order: order key of the newest message that told of it.
        fields: its columns as text; ``quantity``, ``price``, ``amount``, ``item`` and ``at`` as the rules found them.
    """

    key: str
    number: str
    kind: EntryKind
    undoes: str
    order: tuple[str, ...]
    fields: dict[str, str]
    origin: Origin
    rules: EntryRules
    void: bool = False


@dataclass(slots=True)
class Booked:
    """The two tables, rows in order of their keys, and what was wrong."""

    charges: list[SourceRecord] = field(default_factory=list)
    payments: list[SourceRecord] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)


def book(entries: Iterable[Entry], prices: PriceList | None) -> Booked:
    """Make the tables of one stay. The result does not depend on the order of the entries."""
    return _Books(sorted(entries, key=lambda each: (each.order, each.key)), prices).booked()


class _Books:
    def __init__(self, entries: Sequence[Entry], prices: PriceList | None) -> None:
        self.entries = entries
        self.prices = prices
        self.charges = {each.key: each for each in entries if each.kind is EntryKind.CHARGE}
        self.payments = [each for each in entries if each.kind is EntryKind.PAYMENT]
        self.by_number = {each.number: each for each in (*self.charges.values(), *self.payments) if each.number}
        self.rows: dict[str, tuple[Entry, dict[str, str]]] = {}
        self.now: dict[str, str] = {}  # key of a charge → key of the row that holds it after adjustments
        self.found: list[Issue] = []

    def booked(self) -> Booked:
        for charge in self.charges.values():
            if charge.rules.priced and not charge.fields.get("amount"):
                self._price(charge, charge.fields.get("at", ""))
            self._row(charge, charge.key, charge.fields)
            self.now[charge.key] = charge.key
        for kind in (EntryKind.ADJUSTMENT, EntryKind.CREDIT, EntryKind.VOID):
            for entry in self.entries:
                if entry.kind is kind:
                    self._undo(entry)
        self._pair_refunds()
        booked = Booked(issues=self.found)
        for key in sorted(self.rows, key=lambda key: (len(key), key)):
            entry, fields = self.rows[key]
            booked.charges.append(SourceRecord(entry.origin, fields))
        for payment in sorted(self.payments, key=lambda each: (len(each.key), each.key)):
            fields = {**payment.fields, "entry": payment.key, "state": "void" if payment.void else "taken"}
            booked.payments.append(SourceRecord(payment.origin, fields))
        return booked

    def _row(self, entry: Entry, key: str, fields: dict[str, str], reverses: str = "", kind: str = "") -> None:
        row = {**fields, "entry": key, "kind": kind or entry.kind.value}
        if reverses:
            row["reverses"] = reverses
        self.rows[key] = (entry, row)

    # -- what undoes or changes another entry ------------------------------------------------------------------------

    def _undo(self, entry: Entry) -> None:
        original = self._original(entry)
        if original is None:
            self._without_original(entry)
        elif original.kind is EntryKind.PAYMENT:
            self._give_back(entry, original)
        elif entry.kind is EntryKind.ADJUSTMENT:
            self._adjust(entry, original)
        else:
            self._reverse(entry, original)

    def _original(self, entry: Entry) -> Entry | None:
        """What it undoes: by the number that it names, else by its own, else None."""
        named = self.by_number.get(entry.undoes) if entry.undoes else None
        return named or (self.by_number.get(entry.number) if entry.number else None)

    def _without_original(self, entry: Entry) -> None:
        """A credit that says how much may go without: the mapping pairs it by item, price and quantity."""
        says_all = bool(entry.fields.get("item") and entry.fields.get("amount"))
        if entry.undoes or entry.kind is EntryKind.ADJUSTMENT or not says_all:
            number = entry.undoes or entry.number or entry.key
            self.found.append(issues.undoes_nothing(entry.origin.pointer("amount"), number))
            return
        fields = {"quantity": "1", **entry.fields}
        fields["quantity"], fields["amount"] = _negative(fields["quantity"]), _negative(fields["amount"])
        self._row(entry, entry.key, fields)

    def _reverse(self, entry: Entry, original: Entry) -> None:
        """An equal and opposite line; a credit that gives an own quantity or amount undoes that much."""
        current = self.now[original.key]
        before = self.rows[current][1]
        own = {name: text for name, text in entry.fields.items() if text}
        quantity = own.get("quantity", before.get("quantity", ""))
        amount = own.get("amount", "")
        if not amount:
            amount = before.get("amount", "")
            if not _same(quantity, before.get("quantity", "")):
                amount = self._priced_part(original, quantity)
        fields = {**before, **own, "quantity": _negative(quantity), "amount": _negative(amount)}
        fields.pop("reverses", None)
        self._row(entry, entry.key, fields, reverses=current)

    def _adjust(self, entry: Entry, original: Entry) -> None:
        """The charge as it stands is undone in full and booked again with the amount changed by the adjustment."""
        current = self.now[original.key]
        before = {
            name: text for name, text in self.rows[current][1].items() if name not in ("entry", "kind", "reverses")
        }
        try:
            amount = decimal_of(before.get("amount", "")) + decimal_of(entry.fields.get("amount", ""))
        except ValueError:
            self.found.append(issues.undoes_nothing(entry.origin.pointer("amount"), original.number or original.key))
            return
        out, again = f"{entry.key}-out", f"{entry.key}-in"
        undone = {"quantity": _negative(before.get("quantity", "")), "amount": _negative(before.get("amount", ""))}
        booked = {"amount": f"{amount:f}", "price": entry.fields.get("price", "")}
        self._row(entry, out, {**before, **undone}, reverses=current, kind="adjustment")
        self._row(entry, again, {**before, **booked}, kind="adjustment")
        self.now[original.key] = again

    # -- payments ------------------------------------------------------------------------------------------------------

    def _give_back(self, entry: Entry, payment: Entry) -> None:
        """A payment that is voided or given back in full counts no more; a part of it is a negative payment."""
        amount = entry.fields.get("amount", "")
        if entry.kind is EntryKind.VOID or not amount or _same(amount, payment.fields.get("amount", "")):
            payment.void = True
            return
        entry.fields["amount"] = _negative(amount)
        self.payments.append(entry)

    def _pair_refunds(self) -> None:
        """Negative payments without a link undo the latest earlier payment of that amount; both count no more."""
        for refund in [each for each in self.payments if each.kind is EntryKind.PAYMENT and not each.void]:
            amount = refund.fields.get("amount", "")
            if not amount.startswith("-"):
                continue
            taken = (each for each in self.payments if not each.void and each.order <= refund.order)
            fitting = [each for each in taken if _same(amount, f"-{each.fields.get('amount', '')}")]
            if fitting:
                original = max(fitting, key=lambda each: (each.order, each.key))
                original.void = refund.void = True
            else:
                self.found.append(issues.unmatched_refund(refund.origin.pointer("amount")))

    # -- prices --------------------------------------------------------------------------------------------------------

    def _price(self, entry: Entry, at: str) -> None:
        """Unit price and amount by the item master of the day."""
        fields = entry.fields
        day = _day(at)
        item, unit = fields.get("item", ""), fields.get("unit", "")
        known = self.prices.price(item, day) if self.prices is not None and day is not None and item else None
        if known is None:
            shown = day.isoformat() if day is not None else "?"
            self.found.append(issues.no_price(entry.origin.pointer("item"), item, shown))
            return
        if unit and known.unit and unit != known.unit:
            self.found.append(issues.unit_differs(entry.origin.pointer("unit"), unit, known.unit))
            return
        try:
            quantity = decimal_of(fields.get("quantity", ""))
        except ValueError:
            return  # the mapping reports the quantity itself
        fields["price"] = _text(half_up(*_scaled(known.price, known.pack, 10_000)), 4)
        top, below = (known.price * quantity).as_integer_ratio()
        pack = known.pack.as_integer_ratio()
        fields["amount"] = Money(half_up(top * pack[1] * 100, below * pack[0])).text

    def _priced_part(self, original: Entry, quantity: str) -> str:
        """The amount of a part of a charge that the item master priced; nothing where the HIS gave the amount."""
        if not original.rules.priced:
            return ""
        part = Entry(
            original.key, "", original.kind, "", original.order, {**original.fields}, original.origin, original.rules
        )
        part.fields.update(quantity=quantity.lstrip("+-"), amount="")
        self._price(part, original.fields.get("at", ""))
        return part.fields["amount"]


def check_currency(entry: Entry, currency: str | None) -> Issue | None:
    """SRC-131 for an amount that is not in yuan."""
    if not currency or not entry.rules.yuan or currency in entry.rules.yuan:
        return None
    return issues.foreign_currency(entry.origin.pointer("amount"), currency)


def is_undoing(kind: EntryKind) -> bool:
    """Whether an entry of this kind changes another one."""
    return kind in UNDOING


def _negative(text: str) -> str:
    """The amount or quantity with a minus sign; nothing stays nothing."""
    bare = text.lstrip("+-")
    return f"-{bare}" if bare else ""


def _same(one: str, other: str) -> bool:
    """Whether two numbers are equal whatever their sign of plus and trailing zeros."""
    try:
        return decimal_of(one) == decimal_of(other)
    except ValueError:
        return one == other


def _day(text: str) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None


def _scaled(price: Decimal, pack: Decimal, scale: int) -> tuple[int, int]:
    top, below = price.as_integer_ratio()
    of_pack = pack.as_integer_ratio()
    return top * of_pack[1] * scale, below * of_pack[0]


def _text(scaled: int, places: int) -> str:
    return f"{Decimal(scaled).scaleb(-places):f}"
