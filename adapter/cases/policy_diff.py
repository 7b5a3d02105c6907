"""The same cases under two sets of rules: who gains, who loses, and the totals (两套政策对比)."""

from __future__ import annotations

import csv
import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from itertools import islice
from operator import add
from pathlib import Path
from typing import Any, Protocol

from adapter.cases.line_sums import LineSums, read_line_sums
from adapter.cases.settlers import Divided, Settler, settler_for
from adapter.model.issues import Issue
from adapter.model.money import Money
from adapter.model.person import Category
from adapter.model.settlement import Payer
from adapter.rules.policy.book import PolicyBook
from adapter.rules.policy.load import load_layers
from adapter.rules.policy.scheme import ResolvedLayer

CHUNK = 5_000
_SHOWN = 10
_ISSUES_KEPT = 20


class Writer(Protocol):
    """What a csv writer does."""

    def writerow(self, row: Sequence[Any], /) -> Any: ...


@dataclass(frozen=True)
class Side:
    """One set of rules.

    Attributes:
        order: its payers, in the order in which they bear.
    """

    name: str
    layers: tuple[ResolvedLayer, ...]
    settle: Settler

    @cached_property
    def order(self) -> tuple[Payer, ...]:
        return tuple(layer.payer for layer in self.layers)

    @property
    def historical(self) -> tuple[str, ...]:
        """Plans of another time."""
        return tuple(layer.policy.name for layer in self.layers if layer.policy.historical)


@dataclass
class Group:
    """Cases of one kind: how many gain, lose, stay as they are, and by how much in all, in fen."""

    gain: int = 0
    lose: int = 0
    same: int = 0
    gained: int = 0
    lost: int = 0

    def take(self, change: int) -> None:
        """Count a case whose patient pays ``change`` more under B."""
        if change < 0:
            self.gain, self.gained = self.gain + 1, self.gained - change
        elif change > 0:
            self.lose, self.lost = self.lose + 1, self.lost + change
        else:
            self.same += 1

    def as_json(self) -> dict[str, Any]:
        return {
            "gain": self.gain,
            "lose": self.lose,
            "same": self.same,
            "gained": Money(self.gained).text,
            "lost": Money(self.lost).text,
        }


@dataclass
class Difference:
    """What came of it. The patient gains where he pays less under B.

    Attributes:
        compared: cases that both sides could divide; only they count in totals and groups.
        sums: by side, what each payer bears in all, the patients last, in fen.
        uncomputed: (side, code) → cases that it kept from being divided.
        unreadable: lines that could not be read; the first of their issues are in ``issues``.
    """

    a: Side
    b: Side
    compared: int = 0
    total: int = 0
    whole: Group = field(default_factory=Group)
    by_level: defaultdict[str, Group] = field(default_factory=lambda: defaultdict(Group))
    by_category: defaultdict[str, Group] = field(default_factory=lambda: defaultdict(Group))
    sums: dict[str, list[int]] = field(init=False)
    uncomputed: Counter[tuple[str, str]] = field(default_factory=Counter)
    kept_out: int = 0
    unreadable: int = 0
    issues: list[Issue] = field(default_factory=list)
    most_gained: list[tuple[int, str]] = field(default_factory=list)
    most_lost: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sums = {"a": [0] * (len(self.a.order) + 1), "b": [0] * (len(self.b.order) + 1)}

    def take(self, case: LineSums, a: Divided, b: Divided) -> int | None:
        """Count one case; the change of the patient's part in fen, or None where it cannot be compared."""
        if a.codes or b.codes:
            self.kept_out += 1
            self.uncomputed.update([*(("a", code) for code in a.codes), *(("b", code) for code in b.codes)])
            return None
        change = b.patient - a.patient
        self.compared += 1
        self.total += a.patient + sum(a.pays)
        self.whole.take(change)
        self.by_level[case.keys["hospital_level"]].take(change)
        for category in _names(case.categories):
            self.by_category[category].take(change)
        self.sums["a"] = [*map(add, self.sums["a"], (*a.pays, a.patient))]
        self.sums["b"] = [*map(add, self.sums["b"], (*b.pays, b.patient))]
        if change < 0:
            _keep(self.most_gained, (-change, case.case))
        elif change > 0:
            _keep(self.most_lost, (change, case.case))
        return change

    @property
    def pays(self) -> dict[str, Counter[str]]:
        """What each payer bears in all, by side, in fen; the patients among them."""
        return {
            side: Counter(dict(zip((*order, Payer.PATIENT), self.sums[side], strict=True)))
            for side, order in (("a", self.a.order), ("b", self.b.order))
        }

    def refuse(self, issue: Issue) -> None:
        """Count a line that could not be read."""
        self.unreadable += 1
        if len(self.issues) < _ISSUES_KEPT:
            self.issues.append(issue)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values; amounts are text in yuan."""
        pays = self.pays
        payers = [*dict.fromkeys([*self.a.order, *self.b.order]), Payer.PATIENT]
        return {
            "a": self.a.name,
            "b": self.b.name,
            "historical": list(dict.fromkeys([*self.a.historical, *self.b.historical])),
            "compared": self.compared,
            "not_compared": self.kept_out,
            "unreadable": self.unreadable,
            "why_not": [
                {"side": side, "code": code, "cases": cases} for (side, code), cases in sorted(self.uncomputed.items())
            ],
            "total": Money(self.total).text,
            "payers": {
                str(payer): {
                    "a": Money(pays["a"][payer]).text,
                    "b": Money(pays["b"][payer]).text,
                    "difference": Money(pays["b"][payer] - pays["a"][payer]).text,
                }
                for payer in payers
            },
            "patients": self.whole.as_json(),
            "by_hospital_level": {name: group.as_json() for name, group in sorted(self.by_level.items())},
            "by_category": {name: group.as_json() for name, group in sorted(self.by_category.items())},
            "most_gained": [{"case": case, "amount": Money(fen).text} for fen, case in _largest(self.most_gained)],
            "most_lost": [{"case": case, "amount": Money(fen).text} for fen, case in _largest(self.most_lost)],
        }


def layers_named(name: str, book: PolicyBook) -> tuple[ResolvedLayer, ...]:
    """The layers of a scheme, of one plan, or of a file with a plan or ``layers:``.

    Raises:
        AdapterError: POL-208 for a name that is none of them; POL-21x for a file that cannot be read.
    """
    if name in book.plans:
        policy = book.plans[name]
        return (ResolvedLayer(Payer(str(policy.payer)), policy),)
    path = Path(name)
    if name not in book.schemes and path.is_file():
        return load_layers(path)
    return book.layers(name)


def side(name: str, book: PolicyBook, on: date | None = None) -> Side:
    """One set of rules by name, divided the fastest way that knows it.

    Args:
        on: rule date for all cases; left out, each case's own day of settlement.

    Raises:
        AdapterError: as ``layers_named``; SET-307, SET-308 for layers that no calculation understands.
    """
    layers = layers_named(name, book)
    return Side(name, layers, settler_for(layers, on))


def compare(
    a: Side,
    b: Side,
    cases: Path,
    *,
    to: Path | None = None,
    told: Callable[[int, int], None] | None = None,
) -> Difference:
    """Divide every case of a file under both sides, chunk by chunk; memory does not grow with the file.

    Args:
        to: CSV file for each case's amounts under both.
        told: hears bytes read and cases done.

    Raises:
        AdapterError: POL-232, POL-233 for columns that cannot be used.
    """
    found = Difference(a, b)
    done = 0
    with ExitStack() as stack:
        writer: Writer | None = None
        if to is not None:
            writer = csv.writer(stack.enter_context(to.open("w", encoding="utf-8", newline="")))
            writer.writerow(("case", "total", "a_patient", "b_patient", "difference", "why_not"))

        def heard(size: int) -> None:
            if told is not None:
                told(size, done)

        for chunk in _chunks(read_line_sums(cases, heard), found):
            for case, one, other in zip(chunk, a.settle(chunk), b.settle(chunk), strict=True):
                change = found.take(case, one, other)
                if writer is not None:
                    writer.writerow(_row(case, one, other, change))
            done += len(chunk)
    return found


def _chunks(rows: Iterator[LineSums | Issue], found: Difference) -> Iterator[list[LineSums]]:
    while batch := list(islice(rows, CHUNK)):
        for row in batch:
            if isinstance(row, Issue):
                found.refuse(row)
        yield [row for row in batch if isinstance(row, LineSums)]


def _row(case: LineSums, a: Divided, b: Divided, change: int | None) -> tuple[str, ...]:
    if change is None:
        return case.case, case.total.text, "", "", "", " ".join(dict.fromkeys((*a.codes, *b.codes)))
    return case.case, case.total.text, Money(a.patient).text, Money(b.patient).text, Money(change).text, ""


@lru_cache(maxsize=256)
def _names(categories: frozenset[Category]) -> tuple[str, ...]:
    return tuple(sorted(map(str, categories))) or ("–",)


def _keep(kept: list[tuple[int, str]], row: tuple[int, str]) -> None:
    """Keep the largest few."""
    if len(kept) < _SHOWN:
        heapq.heappush(kept, row)
    else:
        heapq.heappushpop(kept, row)


def _largest(kept: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    return sorted(kept, key=lambda row: (-row[0], row[1]))
