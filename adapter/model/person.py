"""Persons: hospital keys, register categories, and text that must not be printed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


def masked(text: str) -> str:
    """First and last character, stars between; short text is all stars.

    >>> masked("999999198001010011"), masked("测试甲")
    ('9****************1', '***')
    """
    if len(text) < 6:
        return "*" * len(text)
    return text[0] + "*" * (len(text) - 2) + text[-1]


_ID_NUMBER = re.compile(r"(?<![0-9])[0-9]{17}[0-9Xx](?![0-9A-Za-z])")


def without_id_numbers(text: str) -> str:
    """What somebody typed, with stars where an ID card number stands.

    >>> without_id_numbers("a_county-300010002, 999999198001010011")
    'a_county-300010002, ***'
    """
    return _ID_NUMBER.sub("***", text)


@dataclass(frozen=True, slots=True)
class Private:
    """Personal data (个人信息): prints masked; ``reveal()`` is the one way to the value."""

    _value: str

    def reveal(self) -> str:
        """The value itself, for storage and for endpoints that are due it."""
        return self._value

    def __str__(self) -> str:
        return masked(self._value)

    def __repr__(self) -> str:
        return f"Private({masked(self._value)})"


class Insurance(StrEnum):
    """Which basic insurance covers a person."""

    RESIDENTS = "residents"  # 城乡居民基本医疗保险
    EMPLOYEES = "employees"  # 职工基本医疗保险
    NONE = "none"  # 未参保


class Category(StrEnum):
    """Register categories (身份类别). Names of their time are kept, not renamed (trap 22)."""

    REGISTERED_POOR = "registered-poor"  # 建档立卡贫困人口
    SUBSISTENCE = "subsistence-allowance"  # 低保对象
    SUBSISTENCE_FRINGE = "subsistence-fringe"  # 低保边缘
    EXTREME_POVERTY = "extreme-poverty"  # 特困供养人员
    ORPHAN = "orphan"  # 孤儿
    RETURNED_POVERTY = "returned-to-poverty"  # 返贫致贫人口
    EXPENSE_POVERTY = "expense-poverty"  # 支出型贫困 / 因病致贫
    SEVERE_DISABILITY = "severe-disability"  # 重度残疾
    MONITORED = "monitored"  # 监测对象(脱贫不稳定、边缘易致贫、突发严重困难)


@dataclass(frozen=True, slots=True)
class Person:
    """Who is treated, as settlement sees it.

    Attributes:
        key: the hospital's person key within its source; safe in URLs and references.
        insurance: basic insurance on the rule date.
        insured_area: six-digit division of the insurer (参保地), or None when unknown.
        home_area: six-digit division of the domicile (户籍地), or None when unknown.
        categories: register categories in force on the evaluation date.
    """

    key: str
    insurance: Insurance
    insured_area: str | None = None
    home_area: str | None = None
    categories: frozenset[Category] = frozenset()


@dataclass(frozen=True, slots=True)
class Demographics:
    """Who somebody is, as one party has it on record. Printed masked, compared in memory, kept nowhere.

    Attributes:
        sex: ``male`` | ``female`` | ``other``, or None when it is not said.
    """

    name: Private | None = None
    id_number: Private | None = None
    insurance_number: Private | None = None
    sex: str | None = None
    born: Private | None = None
