"""Scenarios as the files in ``mappings/conformance`` say them: steps, what each must bring, the clause behind it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapter.counterparts.conformance import texts
from adapter.counterparts.conformance.issues import unknown_scenario, unreadable_scenarios
from adapter.model.issues import AdapterError

_SCENARIO = frozenset({"zh", "en", "section", "rule", "steps", "catches", "forms"})
_STEP = frozenset({"send", "as", "with", "expect"})
#: Particulars that name an earlier step.
_EARLIER = ("of", "case_of", "key_of", "day_of", "without", "same_serials", "refund")


@dataclass(frozen=True, slots=True)
class Clause:
    """What a page demands.

    Attributes:
        page: file of the guide (``docs/wire-fhir.md``).
        section: the beginning of the heading under which it stands.
        zh, en: the demand in one sentence.
    """

    page: str
    section: str
    zh: str
    en: str

    @property
    def where(self) -> str:
        return f"{self.page} § {self.section}"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to send and what must come back.

    Attributes:
        send: what to send, a word of the dialect.
        name: under which later steps refer to this exchange; may be empty.
        given: particulars of what is sent.
        expect: check → what it wants; words of the dialect.
    """

    send: str
    name: str
    given: Mapping[str, Any]
    expect: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One rule of a page, tried out.

    Attributes:
        catches: scripted faults under which this scenario must fail (``fixtures/conformance/faults.yaml``).
        forms: only for these forms of the way back, or where the site has one of these; empty: for all.
    """

    name: str
    zh: str
    en: str
    clause: Clause
    steps: tuple[Step, ...]
    catches: frozenset[str] = frozenset()
    forms: frozenset[str] = frozenset()


def load_scenarios(path: Path, *, sends: Collection[str], checks: Collection[str]) -> tuple[Scenario, ...]:
    """The scenarios of one file, in its order.

    Args:
        sends, checks: the words that the dialect knows.

    Raises:
        AdapterError: CNF-901, naming the scenario and the word.
    """
    try:
        content = texts.read(path)
        page = str(content["page"])
        return tuple(_scenario(name, row, page, sends, checks) for name, row in content["scenarios"].items())
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise AdapterError(unreadable_scenarios(path.name, reason)) from error


def chosen(scenarios: Sequence[Scenario], names: Sequence[str]) -> tuple[Scenario, ...]:
    """Those that are named, all when none is. Raises AdapterError CNF-903."""
    known = {each.name: each for each in scenarios}
    for name in names:
        if name not in known:
            raise AdapterError(unknown_scenario(name, known))
    return tuple(known[name] for name in names) if names else tuple(scenarios)


def _scenario(
    name: str, row: Mapping[str, Any], page: str, sends: Collection[str], checks: Collection[str]
) -> Scenario:
    _known(row, _SCENARIO, name)
    steps = tuple(_step(name, each, sends, checks) for each in row["steps"])
    _references(name, steps)
    return Scenario(
        name=name,
        zh=row["zh"],
        en=row["en"],
        clause=Clause(page, row["section"], row["rule"]["zh"], row["rule"]["en"]),
        steps=steps,
        catches=frozenset(row.get("catches", ())),
        forms=frozenset(row.get("forms", ())),
    )


def _step(scenario: str, row: Mapping[str, Any], sends: Collection[str], checks: Collection[str]) -> Step:
    _known(row, _STEP, scenario)
    _known({row["send"]: ""}, sends, f"{scenario}: send")
    _known(row.get("expect", {}), checks, f"{scenario}: expect")
    return Step(row["send"], row.get("as", ""), row.get("with", {}), row.get("expect", {}))


def _references(scenario: str, steps: Sequence[Step]) -> None:
    """``of``, ``by``, ``since`` and the like name an earlier step."""
    named: set[str] = set()
    for step in steps:
        for name in _named(step):
            if name not in named:
                raise ValueError(f"{scenario}: no earlier step is called {name}")
        named.add(step.name)


def _named(step: Step) -> list[str]:
    found = [step.given[word] for word in _EARLIER if word in step.given]
    for word in ("same_as", "same_amounts_as", "opposite_of", "other_than", "lists", "lists_not"):
        found += _each(step.expect.get(word, []))
    for word in ("year_up_by", "year_as", "totals_up_by", "totals_as", "left_down_by", "left_as"):
        wanted = step.expect.get(word, {})
        found += [wanted] if isinstance(wanted, str) else [one for value in wanted.values() for one in _each(value)]
    return found


def _each(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _known(row: Mapping[str, Any], words: Collection[str], where: str) -> None:
    for word in row:
        if word not in words:
            raise ValueError(f"{where}: {word} is none of {', '.join(sorted(words))}")
