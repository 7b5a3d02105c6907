"""Registration against the insurer's record: which parts differ, never what they say (登记信息比对)."""

from __future__ import annotations

from collections.abc import Mapping

from adapter.model.person import Demographics, Private

#: The parts that are compared, in the order in which a clerk checks them.
PARTS: Mapping[str, tuple[str, str]] = {
    "name": ("姓名", "name"),
    "id_number": ("身份证号", "ID number"),
    "insurance_number": ("医保编号", "insurance number"),
    "sex": ("性别", "sex"),
    "born": ("出生日期", "date of birth"),
}


def differing(registered: Demographics, insured: Demographics) -> tuple[str, ...]:
    """Names of the parts that both sides hold and that differ; what one side does not hold says nothing.

    Case and blanks do not count: 999999198001010 01x is 99999919800101001X.

    Source: 县区方案2021 三(三).
    """
    return tuple(part for part in PARTS if _differ(getattr(registered, part), getattr(insured, part)))


def _differ(ours: Private | str | None, theirs: Private | str | None) -> bool:
    if ours is None or theirs is None:
        return False
    return _plain(ours) != _plain(theirs)


def _plain(value: Private | str) -> str:
    text = value.reveal() if isinstance(value, Private) else value
    return "".join(text.split()).casefold()
