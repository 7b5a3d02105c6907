"""The seed of a counterpart: whom it insures or aids, what it answers for, how slow and how strict it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from adapter.model.dates import Period
from adapter.model.money import decimal_of


class SeedError(ValueError):
    """The seed file cannot be used; the text names the place."""


@dataclass(frozen=True, slots=True)
class Insured:
    """One person as this counterpart knows him (参保人 / 救助对象).

    Attributes:
        in_force: when the person is covered here.
        categories: register categories that this counterpart has; None takes the claim's word for them.
        used: by year, amounts used at other hospitals, by ``<payer>.<accumulator>``.
    """

    in_force: Period
    categories: frozenset[str] | None = None
    used: Mapping[int, Mapping[str, Decimal]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Responsibility:
    """A payer that this counterpart answers for.

    Attributes:
        plan: the plan's name, used unless ``--scheme`` names it.
        admitted: stays admitted in this period are answered here; other stays go to somebody else.
    """

    payer: str
    plan: str
    admitted: Period


@dataclass(frozen=True, slots=True)
class Seed:
    """Everything that a seed file says.

    Attributes:
        prefix: first letters of the settlement ids.
        identifier_system: system of ``ClaimResponse.identifier``.
        longest_delay: seconds after which the look-up is authoritative.
        after_lookups, after_seconds: an aid claim is adjudicated once it was asked about so often and is so old.
        closed_through: settlements up to this day cannot be reversed; None: no closed period.
        refuse_if_later: refuse to reverse while a later settlement of the same person and year stands.
        token: bearer token that every request must carry; None: none is asked for.
        items: the item list of each hospital by its facility code (``""``: of every hospital that has none of its own);
            empty for a counterpart that splits no lines.
        plan_files: plans of its own beside those of the mappings: files, or folders of them.
    """

    name: str
    title: str
    prefix: str
    identifier_system: str
    responsibilities: tuple[Responsibility, ...]
    persons: Mapping[str, Insured]
    longest_delay: int = 5
    after_lookups: int = 0
    after_seconds: Decimal = Decimal(0)
    closed_through: date | None = None
    refuse_if_later: bool = False
    token: str | None = None
    items: Mapping[str, Path] = field(default_factory=dict)
    plan_files: tuple[Path, ...] = ()

    def used(self, subscriber: str, year: int) -> Mapping[str, Decimal]:
        """What the person used elsewhere in a year."""
        person = self.persons.get(subscriber)
        return person.used.get(year, {}) if person else {}


class _Text(yaml.SafeLoader):
    """YAML with every scalar as text and no key twice."""


_Text.yaml_implicit_resolvers = {}


def _mapping(loader: _Text, node: yaml.MappingNode) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node)
        if key in found:
            raise SeedError(f"line {key_node.start_mark.line + 1}: {key} is given twice")
        found[key] = loader.construct_object(value_node, deep=True)
    return found


_Text.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load_seed(path: Path) -> Seed:
    """Read a seed file.

    Raises:
        SeedError: unreadable, or a value does not fit; the text names it.
    """
    try:
        # every tag but plain text, lists and tables is unknown to this loader
        content = yaml.load(path.read_text("utf-8"), _Text)  # noqa: S506
        return _seed(content, path.parent)
    except (OSError, yaml.YAMLError, KeyError, AttributeError, TypeError, ValueError) as error:
        raise SeedError(f"{path.name}: {error}") from error


def _seed(content: dict[str, Any], folder: Path) -> Seed:
    reversal = content.get("reversal", {})
    adjudication = content.get("adjudication", {})
    return Seed(
        name=content["name"],
        title=content["title"],
        prefix=content["settlement_ids"]["prefix"],
        identifier_system=content["settlement_ids"]["system"],
        responsibilities=tuple(
            Responsibility(payer, row["plan"], _period(row.get("admitted", {"from": "1900-01-01"})))
            for payer, row in content["answers_for"].items()
        ),
        persons={key: _insured(row) for key, row in content["persons"].items()},
        longest_delay=int(content.get("longest_delay_seconds", "5")),
        after_lookups=int(adjudication.get("after_lookups", "0")),
        after_seconds=decimal_of(adjudication.get("after_seconds", "0")),
        closed_through=date.fromisoformat(reversal["closed_through"]) if "closed_through" in reversal else None,
        refuse_if_later=reversal.get("refuse_if_later_settled", "no") == "yes",
        token=content.get("token"),
        items={code: (folder / file).resolve() for code, file in _items(content.get("items", {})).items()},
        plan_files=tuple((folder / file).resolve() for file in content.get("plan_files", ())),
    )


def _items(given: str | dict[str, str]) -> dict[str, str]:
    """One list for everybody, or one per hospital: two hospitals may use the same code for different things."""
    return {"": given} if isinstance(given, str) else given


def _insured(row: dict[str, Any]) -> Insured:
    return Insured(
        in_force=_period(row["in_force"]),
        categories=frozenset(row["categories"]) if "categories" in row else None,
        used={
            int(year): {name: decimal_of(amount) for name, amount in amounts.items()}
            for year, amounts in row.get("used", {}).items()
        },
    )


def _period(row: dict[str, str]) -> Period:
    return Period(date.fromisoformat(row["from"]), date.fromisoformat(row["to"]) if "to" in row else None)
