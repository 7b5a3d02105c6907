"""A bureau's own words, fit to be shown: whoever they are about is masked (应答文字脱敏)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from adapter.model.person import masked

#: Numbers of persons, cards and telephones; shorter ones are codes and amounts.
_LONG_NUMBER = re.compile(r"\d{11,}[\dXx]?")
#: Fields of an input that say who somebody is.
_PERSONAL = ("psn_name", "certno", "mdtrt_cert_no", "psn_no", "coner_name", "tel", "coner_tel", "coner_addr")


def shown(words: str, secrets: Iterable[str] = ()) -> str:
    """The words with these texts, and every long number, masked."""
    for secret in sorted({each for each in secrets if len(each) > 1}, key=len, reverse=True):
        words = words.replace(secret, masked(secret))
    return _LONG_NUMBER.sub(lambda match: masked(match[0]), words)


def personal_texts(message_input: Any) -> set[str]:
    """What an input says of a person."""
    if isinstance(message_input, Mapping):
        own = {str(message_input[name]) for name in _PERSONAL if message_input.get(name)}
        return own.union(*(personal_texts(each) for each in message_input.values()))
    if isinstance(message_input, list):
        return set().union(*(personal_texts(each) for each in message_input))
    return set()
