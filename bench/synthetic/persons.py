"""Invented persons: identity numbers with a right check digit, names, phones, insurance numbers."""

from __future__ import annotations

from datetime import date

#: A region that does not exist (GB/T 2260 has no 999999), so no number here can be anybody's.
NOWHERE = "999999"

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_NAMES = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"


def check_digit(first_17: str) -> str:
    """The eighteenth character of an identity number (GB 11643).

    >>> check_digit("99999919800101001")
    '1'
    """
    return _CHECK[sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_17, strict=True)) % 11]


def identity_number(birth: date, order: int) -> str:
    """An identity number of nowhere; ``order`` 1–999, odd for a male.

    >>> identity_number(date(1955, 10, 12), 2)
    '999999195510120020'
    """
    stem = f"{NOWHERE}{birth:%Y%m%d}{order:03d}"
    return stem + check_digit(stem)


def invented_name(number: int) -> str:
    """测试甲, 测试乙 … and, past the twenty-second person, two signs: 测试甲乙.

    >>> invented_name(0), invented_name(21), invented_name(22)
    ('测试甲', '测试亥', '测试甲甲')
    """
    signs = _NAMES[number % len(_NAMES)]
    number //= len(_NAMES)
    while number:
        number -= 1
        signs = _NAMES[number % len(_NAMES)] + signs
        number //= len(_NAMES)
    return f"测试{signs}"


def phone(number: int) -> str:
    """A phone number that is not given out: 1380000 and four digits.

    >>> phone(12)
    '13800000012'
    """
    return f"1380000{number % 10000:04d}"
