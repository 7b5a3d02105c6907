r"""Paths into HL7 v2 segments and the texts they find (字段路径).

``PV1-19`` a field; ``PV1-3.4`` its fourth component; ``PID-3[2].4.2`` a sub-component of its second repetition;
``PID-3[IdentifyNO].1`` a component of the repetition of that type. Without ``[ ]`` the first repetition is meant. A
field that the shape declares as not repeating is whole: ``~`` is part of its value (``02~普通病员``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from adapter.model.message import Path

#: The usual separators; a message that uses others is brought to these while it is parsed.
FIELD, COMPONENT, REPETITION, ESCAPE, SUBCOMPONENT = "|", "^", "~", "\\", "&"

_ESCAPED = re.compile(r"\\([^\\]*)\\")
_LETTERS = {"F": FIELD, "S": COMPONENT, "T": SUBCOMPONENT, "R": REPETITION, "E": ESCAPE, ".br": "\n", "H": "", "N": ""}
_HEX = re.compile(r"X(?:[0-9A-Fa-f]{2})+\Z")

#: Raw text → the text at a path; None: absent; ``""``: the sender says explicitly that there is nothing.
Getter = Callable[[str], str | None]

NULL = '""'


def getter(path: Path, typed: Mapping[str, tuple[int, int]], whole: frozenset[str]) -> Getter:
    """A closure that finds the path's text in the raw field.

    Args:
        typed: by field, component and sub-component with the type of a repetition; component 5 where none is given,
            as the standard has it for identifiers.
        whole: fields that do not repeat.
    """
    component, sub, which = path.component, path.sub, path.which
    of_type = typed.get(path.of_field, (5, 0))
    splits = path.of_field not in whole

    def get(raw: str) -> str | None:
        if not raw:
            return None
        if raw == NULL:
            return ""
        text: str | None = raw
        if splits and (which is not None or REPETITION in raw):
            text = _repetition(raw, which, of_type)
        text = _part(text, component, COMPONENT)
        text = _part(text, sub, SUBCOMPONENT)
        if not text:
            return None
        return "" if text == NULL else unescaped(text) if ESCAPE in text else text

    return get


def _repetition(raw: str, which: int | str | None, of_type: tuple[int, int]) -> str | None:
    every = raw.split(REPETITION)
    if which is None:
        return every[0]
    if isinstance(which, int):
        return every[which - 1] if which <= len(every) else None
    for each in every:
        if _part(_part(each, of_type[0], COMPONENT), of_type[1], SUBCOMPONENT) == which:
            return each
    return None


def _part(text: str | None, place: int, separator: str) -> str | None:
    """The part at a place; a text without the separator is its own first part."""
    if not place or text is None:
        return text
    if place == 1 and separator not in text:
        return text
    parts = text.split(separator, place)
    return parts[place - 1] if place <= len(parts) else None


def unescaped(text: str) -> str:
    r"""``\F\``, ``\S\``, ``\T\``, ``\R\``, ``\E\`` and ``\Xdd\`` as what they stand for; an unknown one stays.

    >>> unescaped(r"5\S\10 \T\ \X41\ \Z1\ ")
    '5^10 & A \\Z1\\ '
    """
    return _ESCAPED.sub(_letter, text)


def _letter(match: re.Match[str]) -> str:
    name = match[1]
    if name in _LETTERS:
        return _LETTERS[name]
    if _HEX.match(name):
        data = bytes.fromhex(name[1:])
        for encoding in ("utf-8", "gb18030"):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                continue
    return match[0]
