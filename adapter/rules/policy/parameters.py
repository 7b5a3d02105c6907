"""Dated parameters and the policy that holds them: ``Policy.at(name, on, key)`` (政策参数取值)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from types import MappingProxyType
from typing import Any, TypeVar

from adapter.model.dates import Period
from adapter.model.issues import AdapterError, Issue, NotPublished, PolicyNotInForce, SettingMissing
from adapter.model.money import Money, decimal_of
from adapter.rules.policy import issues
from adapter.rules.policy.document import Document, SourceNote, Title

#: A value as the file has it: text, a list, or a table by name. Nothing else exists.
Raw = str | tuple["Raw", ...] | Mapping[str, "Raw"]

#: The word for "expressly no such rule" (明确不设); ``find`` turns it into None.
NONE = "none"
#: The word for "there is such a rule and the source does not print it" (来源未公布); ``at`` raises NotPublished.
NOT_PUBLISHED = "not-published"
#: The key that serves every other key of its dimension.
DEFAULT = "default"

#: Looked-up values that a policy remembers.
_KEPT = 10_000
_Made = TypeVar("_Made")

_YES_NO = MappingProxyType({"yes": True, "no": False})


@dataclass(frozen=True, slots=True)
class Value:
    """A parameter's value on a day, and the article that says so.

    Attributes:
        value: text, list or table, exactly as written.
        cite: article of the document, for people (依据).
        since: first day of this value.
    """

    policy: str
    name: str
    value: Raw
    cite: str
    since: date
    _made: dict[object, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, make: Callable[[Value], _Made]) -> _Made:
        """What a function makes of this value, made when it is first asked for: a value never changes."""
        if make not in self._made:
            self._made[make] = make(self)
        made: _Made = self._made[make]
        return made

    @property
    def text(self) -> str:
        """The value as text. Raises AdapterError POL-204 when it is a list or a table."""
        if not isinstance(self.value, str):
            raise self.unfit("text")
        return self.value

    @property
    def is_none(self) -> bool:
        """Whether the document says expressly that there is no such rule."""
        return self.value == NONE

    @property
    def money(self) -> Money:
        """CNY, whole fen. Raises AdapterError POL-204."""
        return self.once(_money)

    @property
    def decimal(self) -> Decimal:
        """A plain decimal number, built from text. Raises AdapterError POL-204."""
        return self.once(_decimal)

    @property
    def whole(self) -> int:
        """A whole number. Raises AdapterError POL-204."""
        number = self.decimal
        if number != number.to_integral_value():
            raise self.unfit("whole number")
        return int(number)

    @property
    def flag(self) -> bool:
        """``yes`` or ``no``. Raises AdapterError POL-204."""
        if self.text not in _YES_NO:
            raise self.unfit("yes or no")
        return _YES_NO[self.text]

    @property
    def texts(self) -> tuple[str, ...]:
        """A list of texts. Raises AdapterError POL-204."""
        if not isinstance(self.value, tuple) or not all(isinstance(item, str) for item in self.value):
            raise self.unfit("list of texts")
        return tuple(item for item in self.value if isinstance(item, str))

    @property
    def rows(self) -> tuple[Mapping[str, Raw], ...]:
        """A list of tables. Raises AdapterError POL-204."""
        if not isinstance(self.value, tuple) or not all(isinstance(item, Mapping) for item in self.value):
            raise self.unfit("list of tables")
        return tuple(item for item in self.value if isinstance(item, Mapping))

    @property
    def table(self) -> Mapping[str, Raw]:
        """A table by name. Raises AdapterError POL-204."""
        if not isinstance(self.value, Mapping):
            raise self.unfit("table")
        return self.value

    def part(self, row: Mapping[str, Raw], key: str) -> Value:
        """What a row of this value says under a key. Raises AdapterError POL-204 where it says nothing."""
        if key not in row:
            raise self.unfit(f"row with '{key}'")
        return Value(self.policy, f"{self.name}.{key}", row[key], self.cite, self.since)

    def unfit(self, wanted: str) -> AdapterError:
        """The error for a value that is not what its reader needs: POL-204."""
        return AdapterError(issues.value_unfit(self.policy, self.name, wanted))


def _money(value: Value) -> Money:
    try:
        return Money.yuan(value.text)
    except ValueError as error:
        raise value.unfit("money") from error


def _decimal(value: Value) -> Decimal:
    try:
        return decimal_of(value.text)
    except ValueError as error:
        raise value.unfit("number") from error


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a parameter's history: a value from a day on, or its end.

    Attributes:
        value: None when the parameter ends on that day.
    """

    since: date
    cite: str
    value: Raw | None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named, dated value (参数).

    Attributes:
        unit: for people (``CNY per admission``).
        varies_by: dimensions of the value's nesting, outermost first (``hospital_level``, ``person_category`` …).
        history: oldest first; an amendment adds a line and changes none.
        required: the source masks or leaves out this value; a setting must give it.
        not_published: the source prints no such value; the layer is not modelled until a setting gives it.
        cite: for a required or not published parameter, the article that masks it or where one looked.
    """

    name: str
    zh: str
    en: str
    unit: str = ""
    varies_by: tuple[str, ...] = ()
    history: tuple[Entry, ...] = ()
    required: bool = False
    cite: str = ""
    not_published: bool = False

    @property
    def unset(self) -> bool:
        """A required setting that nobody has given."""
        return self.required and not self.history

    def keys_of(self, dimension: str) -> frozenset[str]:
        """All keys that the history uses in a dimension, without ``default``."""
        if dimension not in self.varies_by:
            return frozenset()
        depth = self.varies_by.index(dimension)
        level: list[Raw] = [entry.value for entry in self.history if entry.value is not None]
        for _ in range(depth):
            level = [inner for value in level if isinstance(value, Mapping) for inner in value.values()]
        return frozenset(key for value in level if isinstance(value, Mapping) for key in value) - {DEFAULT}


@dataclass(frozen=True, slots=True)
class Setting:
    """A value that an owner gives for a required parameter, with where the owner took it from."""

    value: Raw
    cite: str


@dataclass(frozen=True, slots=True)
class Known:
    """What a policy says on one day for one set of keys, as far as somebody has asked.

    Attributes:
        values: what ``Policy.find`` gave, by name.
        made: what readers made of such values alone, by whatever they call it.
    """

    values: dict[str, Value | None]
    made: dict[object, Any]


@dataclass(frozen=True)
class Policy:
    """One document's parameters: a payer's plan, or a programme.

    Attributes:
        name: ``<place>/<payer>`` for a plan, the programme's name for a programme.
        payer: the layer a plan is for (``basic`` …), or None for a programme.
        steps: for a plan, the kinds of step in order.
        not_modelled: nobody published the parameters: nothing is computed, and never 0.
        test_profile: no place's rule; every output carries the tag.
        version: hash of the content, so that an old settlement names exactly what it used.
        covers, does_not_cover: what the file is good for and what not, for people.
        place, year: whose rules and of when, as the source prints them.
        historical: the rules of that time, not current ones; shown wherever the plan is shown.
        valid: days of settlement that the file speaks for; None: as its parameters say.
        valid_cite: where the period is written.
        undated: the source prints no period at all, so no day can be said to be covered.
    """

    name: str
    title: Title
    document: Document
    version: str
    payer: str | None = None
    steps: tuple[str, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    sources: tuple[SourceNote, ...] = ()
    covers: Title | None = None
    does_not_cover: Title | None = None
    test_profile: bool = False
    not_modelled: bool = False
    place: Title | None = None
    year: str = ""
    historical: bool = False
    valid: Period | None = None
    valid_cite: str = ""
    undated: bool = False

    def at(self, name: str, on: date, key: str | Mapping[str, str] | None = None) -> Value:
        """The value in force on a day.

        Args:
            name: the parameter.
            on: the rule date.
            key: for a value that varies, the key of its one dimension, or all known keys by dimension.

        Raises:
            PolicyNotInForce: POL-201, no document covers the day (or the parameter has ended).
            NotPublished: POL-220, the source prints no value, or no period.
            SettingMissing: POL-205, a required setting is unset; one issue for each that is.
            AdapterError: POL-202 no value for the key; POL-203 the policy has no such parameter.
        """
        parameter = self.parameters.get(name)
        if parameter is None:
            raise AdapterError(issues.parameter_unknown(self.name, name))
        if type(key) is not dict:
            return self._at(parameter, on, key)
        asked = (name, on, *[key.get(dimension) for dimension in parameter.varies_by])
        found = self._found.get(asked)
        if found is None:
            found = self._at(parameter, on, key)
            if len(self._found) >= _KEPT:
                self._found.clear()
            self._found[asked] = found
        return found

    @cached_property
    def _found(self) -> dict[tuple[object, ...], Value]:
        """Values looked up before: a policy never changes, so what it says stays as it is."""
        return {}

    def _at(self, parameter: Parameter, on: date, key: str | Mapping[str, str] | None) -> Value:
        name = parameter.name
        if parameter.unset:
            raise SettingMissing(*self.missing())
        if self.undated:
            raise NotPublished(issues.not_published(self.name, "valid"))
        if parameter.not_published and not parameter.history:
            raise NotPublished(issues.not_published(self.name, name))
        if self.valid is not None and on not in self.valid:
            raise PolicyNotInForce(issues.not_in_force(self.name, name, on))
        entry = next((entry for entry in reversed(parameter.history) if entry.since <= on), None)
        if entry is None or entry.value is None:
            raise PolicyNotInForce(issues.not_in_force(self.name, name, on))
        value = self._pick(parameter, entry.value, key)
        if value == NOT_PUBLISHED:
            raise NotPublished(issues.not_published(self.name, name))
        return Value(self.name, name, value, entry.cite, entry.since)

    def find(self, name: str, on: date, key: str | Mapping[str, str] | None = None) -> Value | None:
        """As ``at``, but None where the policy has no such parameter or says ``none``."""
        if name not in self.parameters:
            return None
        value = self.at(name, on, key)
        return None if value.is_none else value

    def known(self, on: date, keys: Mapping[str, str]) -> Known:
        """What was read before for a day and these keys: readers look here first and add to it.

        A policy never changes, so what it says stays as it is; keys that nothing varies by make no difference.
        """
        asked = (on, *map(keys.get, self._dimensions))
        found = self._known.get(asked)
        if found is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            found = self._known[asked] = Known({}, {})
        return found

    @cached_property
    def _known(self) -> dict[tuple[object, ...], Known]:
        return {}

    @cached_property
    def _dimensions(self) -> tuple[str, ...]:
        """Everything that any parameter varies by."""
        return tuple(dict.fromkeys(name for each in self.parameters.values() for name in each.varies_by))

    def missing(self) -> tuple[Issue, ...]:
        """One issue, with its article, for each required setting that is unset."""
        return tuple(
            issues.setting_missing(self.name, parameter.name, parameter.zh, parameter.en, parameter.cite)
            for parameter in self.parameters.values()
            if parameter.unset
        )

    def with_settings(self, settings: Mapping[str, Setting]) -> Policy:
        """This policy with an owner's values in place of those that the source masks or does not print.

        Raises:
            AdapterError: POL-203 for a name that is not a parameter; POL-209 for one that is not a required setting.
        """
        filled = dict(self.parameters)
        for name, setting in settings.items():
            parameter = filled.get(name)
            if parameter is None:
                raise AdapterError(issues.parameter_unknown(self.name, name))
            if not (parameter.required or parameter.not_published):
                raise AdapterError(issues.not_a_setting(self.name, name))
            cite = f"{parameter.cite};{setting.cite}" if parameter.cite else setting.cite
            filled[name] = replace(parameter, history=(Entry(date.min, cite, setting.value),))
        marks = ";".join(sorted(f"{name}={plain(each.value)}({each.cite})" for name, each in settings.items()))
        return replace(self, parameters=filled, version=f"{self.version}+{short_hash(marks)}")

    def keys_of(self, dimension: str) -> frozenset[str]:
        """All keys that any parameter uses in a dimension, without ``default``."""
        found = self._keys.get(dimension)
        if found is None:
            found = frozenset().union(*(parameter.keys_of(dimension) for parameter in self.parameters.values()))
            self._keys[dimension] = found
        return found

    @cached_property
    def _keys(self) -> dict[str, frozenset[str]]:
        return {}

    def _pick(self, parameter: Parameter, value: Raw, key: str | Mapping[str, str] | None) -> Raw:
        for dimension in parameter.varies_by:
            wanted = key.get(dimension, DEFAULT) if isinstance(key, Mapping) else (key or DEFAULT)
            if not isinstance(value, Mapping):
                raise AdapterError(issues.value_unfit(self.name, parameter.name, f"table by {dimension}"))
            if wanted not in value and DEFAULT not in value:
                raise AdapterError(issues.key_unknown(self.name, parameter.name, dimension, wanted))
            value = value[wanted] if wanted in value else value[DEFAULT]
        return value


def short_hash(text: str) -> str:
    """Twelve hex digits that change whenever the text does."""
    return sha256(text.encode()).hexdigest()[:12]


def plain(value: Raw) -> str:
    """One stable text of a value, for hashing and for showing."""
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return "[" + ", ".join(plain(item) for item in value) + "]"
    return "{" + ", ".join(f"{key}: {plain(value[key])}" for key in value) + "}"
