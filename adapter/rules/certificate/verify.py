"""Work a certificate out again (核验结算证明). ``python -m adapter verify FILE`` prints what this finds.

What is checked, by the name of the promise:

``FORM``      amounts are text with two decimals, formulas are formulas, nothing is missing;
``DIGEST``    nothing was changed since it was written;
``LINES``     the four parts of all lines add up to the bill;
``SHARES``    the payers' amounts, the third party's and the patient's add up to the bill;
``ORDER``     each payer begins where the one before it left off;
``BOUNDS``    no payer bears less than nothing or more than was left; what it bears outside the range is part of it;
``STEP``      every step's figures follow from its inputs by its formulas, rounded half up to the fen;
``SOURCE``    an input that stands elsewhere stands there with the same value;
``EXPECTED``  a payer's expected amount is what its steps come to, and a derived amount is the expected one;
``PATIENT``   the patient's parts add up to the patient's amount;
``ACCRUED``   what counts for the year is what was borne.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from adapter.rules.certificate.arithmetic import Unreadable, amount, number, worked_out

PARTS = ("full_self_pay", "over_limit", "pre_self_pay", "in_scope")
_ZERO = Fraction(0)
_PARTS_OF_A_PAYER = ("part", "waiver-part")
_PAYING = ("ratio", "bands", "deductible-paid", "floor", "household")
#: Steps that say what a payer bears altogether, whatever its bands or parts came to.
_WHOLE = ("this-stay", "parts", "waiver")
_NOT_DERIVED = ("payer", "observed")


@dataclass(frozen=True, slots=True)
class Finding:
    """A promise that does not hold, where, and what was found instead."""

    promise: str
    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.promise} {self.place}: {self.what}"


def verify(document: Mapping[str, Any]) -> list[Finding]:
    """Everything that does not hold; an empty list when all of it does."""
    try:
        return _Checker(document).findings()
    except Unreadable as error:
        return [Finding("FORM", "certificate", str(error))]
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        return [Finding("FORM", "certificate", f"cannot be read: {type(error).__name__} {error}")]


class _Checker:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.total = amount(document["bill"]["total"])
        self.third_party = amount(document["bill"]["third_party"])
        self.standings = {each["payer"]: _Standing(each) for each in document["standings"]}
        self.shares = {each["payer"]: each for each in document["shares"]}
        self.steps: Sequence[Mapping[str, Any]] = document["steps"]
        self.found: list[Finding] = []

    def findings(self) -> list[Finding]:
        self._digest()
        self._lines()
        self._shares()
        self._order()
        for place, step in enumerate(self.steps):
            self._step(place, step)
        for payer, standing in self.standings.items():
            self._payer(payer, standing)
        self._patient()
        self._accrued()
        return self.found

    def _note(self, promise: str, place: str, what: str) -> None:
        self.found.append(Finding(promise, place, what))

    def _same(self, promise: str, place: str, said: Fraction, right: Fraction) -> None:
        if said != right:
            self._note(promise, place, f"{_text(said)} stands there, {_text(right)} is right")

    def _digest(self) -> None:
        rest = {name: value for name, value in self.document.items() if name != "digest"}
        text = json.dumps(rest, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        if hashlib.sha256(text.encode()).hexdigest() != self.document["digest"]:
            self._note("DIGEST", "digest", "the certificate was changed after it was written")

    def _lines(self) -> None:
        sums = {part: sum((amount(line[part]) for line in self.document["lines"]), _ZERO) for part in PARTS}
        self._same("LINES", "lines", sum(sums.values(), _ZERO), self.total)
        first = next(iter(self.standings.values()), None)
        split_by_payer = any(self._answered(payer) for payer in self.standings)  # whose parts the lines then show
        if first is not None and not self.third_party and not split_by_payer:
            for part in PARTS:
                self._same("LINES", f"standings[0].sums.{part}", first.sums[part], sums[part])

    def _shares(self) -> None:
        if len(self.shares) != len(self.document["shares"]):
            self._note("SHARES", "shares", "a payer stands there twice")
        paid = sum((amount(each["amount"]) for each in self.document["shares"]), _ZERO)
        self._same("SHARES", "shares", paid, self.total)
        others = {"third-party": self.third_party} if self.third_party else {}
        for payer, share in self.shares.items():
            if payer == "patient":
                continue
            pays = others.get(payer, self.standings[payer].pays if payer in self.standings else _ZERO)
            self._same("SHARES", f"shares.{payer}", amount(share["amount"]), pays)

    def _order(self) -> None:
        """Each payer finds what the one before it left."""
        paid, outside = _ZERO, _ZERO
        for payer, standing in self.standings.items():
            place = f"standings.{payer}"
            self._same("ORDER", f"{place}.total", standing.total, self.total - self.third_party)
            self._same("ORDER", f"{place}.sums", sum(standing.sums.values(), _ZERO), standing.total)
            self._same("ORDER", f"{place}.paid", standing.paid, paid)
            self._same("ORDER", f"{place}.paid_outside", standing.paid_outside, outside)
            if not _ZERO <= standing.pays <= max(standing.left, _ZERO):
                self._note("BOUNDS", place, f"pays {_text(standing.pays)}, {_text(standing.left)} was left")
            if not _ZERO <= standing.outside <= max(standing.pays, _ZERO):
                self._note("BOUNDS", place, f"{_text(standing.outside)} outside the range of {_text(standing.pays)}")
            parted = any(each["name"] in _PARTS_OF_A_PAYER for each in self._steps_of(payer))
            if not parted and not self._answered(payer):
                beyond = max(standing.pays - (standing.get("in_scope_left") or _ZERO), _ZERO)
                self._same("ORDER", f"{place}.outside", standing.outside, beyond)
            paid, outside = paid + standing.pays, outside + standing.outside
        self._carried()

    def _carried(self) -> None:
        """What basic insurance left with the patient, and the four parts, go on unchanged unless a payer says else."""
        order = list(self.standings.items())
        for payer, opening in order[:1]:
            self._same("ORDER", f"standings.{payer}.deductible", opening.deductible, _ZERO)
            self._same("ORDER", f"standings.{payer}.over_cap", opening.over_cap, _ZERO)
        for (payer, before), (later, after) in pairwise(order):
            if self._answered(payer):
                continue
            steps = self._steps_of(payer)
            first = _sum_of(steps, "first-share")
            moved = {**before.sums, "in_scope": before.sums["in_scope"] - first}
            moved["pre_self_pay"] += first
            for part in PARTS:
                self._same("ORDER", f"standings.{later}.sums.{part}", after.sums[part], moved[part])
            taken, over = before.deductible, before.over_cap
            if payer == "basic":
                room = max(after.sums["in_scope"] - before.pays, _ZERO)
                taken = min(_sum_of(steps, "deductible"), room)
                over = min(_sum_of(steps, "cap"), room - taken)
            self._same("ORDER", f"standings.{later}.deductible", after.deductible, taken)
            self._same("ORDER", f"standings.{later}.over_cap", after.over_cap, over)

    def _step(self, place: int, step: Mapping[str, Any]) -> None:
        where = f"steps[{place}] {step['payer']} {step['name']}"
        names = {"amount": amount(step["amount"]), "left": amount(step["left"])}
        for name, text in step["inputs"].items():
            if name in names:
                raise Unreadable(f"{where}: an input is called {name}")
            if _numeric(text):
                names[name] = number(text)
        if "left" not in step["checks"]:
            self._note("STEP", where, "nothing says how it comes about")
        for name, formula in step["checks"].items():
            try:
                right = worked_out(formula, names)
            except Unreadable as error:
                self._note("FORM", where, str(error))
                continue
            if name not in names:
                self._note("FORM", where, f"there is no {name}")
                continue
            self._same("STEP", f"{where}: {name} = {formula}", names[name], right)
        for name, source in step["sources"].items():
            there = self._source(place, step, source)
            if there is None or name not in names:
                self._note("FORM", where, f"nobody knows {source}")
                continue
            self._same("SOURCE", f"{where}: {name} is {source}", names[name], there)

    def _source(self, place: int, step: Mapping[str, Any], source: str) -> Fraction | None:
        """What stands at a source, or None."""
        kind, _, name = source.partition(".")
        mine = [each for each in self.steps[:place] if each["payer"] == step["payer"]]
        standing = self.standings.get(step["payer"])
        if source == "previous.left" and mine:
            return amount(mine[-1]["left"])
        if source == "so far.pay":
            whole = [amount(each["amount"]) for each in mine if each["name"] in _WHOLE]
            paid = sum((amount(each["amount"]) for each in mine if each["name"] in _PAYING), _ZERO)
            return whole[-1] if whole else paid
        if kind == "part":
            parts = [each for each in mine if each["name"] in _PARTS_OF_A_PAYER]
            return amount(parts[int(name) - 1]["amount"]) if 0 < int(name) <= len(parts) else None
        if kind == "accrued":
            return amount(self.document["year_to_date"]["amounts"].get(f"{step['payer']}.{name}", "0.00"))
        if kind == "paid":
            return self.standings[name].pays if name in self.standings else None
        if source == "bill.total":
            return self.total
        if source == "bill.paid":
            return sum((each.pays for each in self.standings.values()), _ZERO)
        return standing.get(name) if kind == "standing" and standing is not None else None

    def _payer(self, payer: str, standing: _Standing) -> None:
        share, steps = self.shares.get(payer), self._steps_of(payer)
        if share is None:
            self._note("SHARES", f"shares.{payer}", "it has no share")
            return
        expected = None if share["expected"] is None else amount(share["expected"])
        if expected is not None and not steps:
            self._note("EXPECTED", f"shares.{payer}", "no step says how it comes about")
        elif expected is not None:
            last = steps[-1]
            right = amount(last["left"]) if last["name"] not in _PAYING else _sum_of(steps, *_PAYING)
            self._same("EXPECTED", f"shares.{payer}.expected", expected, right)
        if share["authority"] in _NOT_DERIVED:
            if not share["reference"] or not self._answered(payer):
                self._note("EXPECTED", f"shares.{payer}", "a payer's answer without a settlement id or its step")
            return
        self._same("EXPECTED", f"shares.{payer}.amount", standing.pays, expected or _ZERO)

    def _patient(self) -> None:
        parts = sum((amount(each) for each in self.document["patient"].values()), _ZERO)
        pays = amount(self.shares["patient"]["amount"])
        self._same("PATIENT", "patient", parts, pays)
        if min(self.total, _ZERO) > pays or pays > max(self.total, _ZERO):
            self._note("BOUNDS", "shares.patient", f"{_text(pays)} of a bill of {_text(self.total)}")

    def _accrued(self) -> None:
        for name, text in self.document["accruals"].items():
            payer, _, kind = name.partition(".")
            if kind == "paid" and payer in self.standings:
                self._same("ACCRUED", f"accruals.{name}", amount(text), self.standings[payer].pays)
            elif kind == "deductible" and not self._answered(payer):
                self._same("ACCRUED", f"accruals.{name}", amount(text), _sum_of(self._steps_of(payer), "deductible"))
            elif kind == "base" and not self._answered(payer):
                self._same("ACCRUED", f"accruals.{name}", amount(text), _sum_of(self._steps_of(payer), "base"))

    def _answered(self, payer: str) -> bool:
        return any(each["payer"] == payer and each["name"] == "payer-answer" for each in self.steps)

    def _steps_of(self, payer: str) -> list[Mapping[str, Any]]:
        """The payer's own calculation, without its answer."""
        return [each for each in self.steps if each["payer"] == payer and each["name"] != "payer-answer"]


class _Standing:
    """One entry of ``standings``, with what follows from it."""

    def __init__(self, entry: Mapping[str, Any]) -> None:
        self.total = amount(entry["total"])
        self.sums = {part: amount(entry["sums"][part]) for part in PARTS}
        self.paid, self.paid_outside = amount(entry["paid"]), amount(entry["paid_outside"])
        self.deductible, self.over_cap = amount(entry["deductible"]), amount(entry["over_cap"])
        self.pays, self.outside = amount(entry["pays"]), amount(entry["outside"])

    @property
    def left(self) -> Fraction:
        return max(self.total - self.paid, _ZERO)

    def get(self, name: str) -> Fraction | None:
        """A figure by the name that sources use."""
        outside = self.total - self.sums["in_scope"]
        derived = {
            "left": self.left,
            "paid_in_scope": self.paid - self.paid_outside,
            "in_scope_left": min(max(self.sums["in_scope"] - self.paid + self.paid_outside, _ZERO), self.left),
            "outside_left": min(max(outside - self.paid_outside, _ZERO), self.left),
            "total": self.total,
            "deductible": self.deductible,
            "over_cap": self.over_cap,
        }
        return derived.get(name, self.sums.get(name))


def _sum_of(steps: Sequence[Mapping[str, Any]], *names: str) -> Fraction:
    return sum((amount(each["amount"]) for each in steps if each["name"] in names), _ZERO)


def _numeric(text: object) -> bool:
    try:
        number(text)
    except Unreadable:
        return False
    return True


def _text(value: Fraction) -> str:
    """With two decimals where two are enough."""
    fen = value * 100
    if fen.denominator != 1:
        return str(value)
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen.numerator) // 100}.{abs(fen.numerator) % 100:02d}"
