"""What was made before, by what it was made of: bills bring the same amounts, days and rows again and again (备查).

Only for values that never change and follow from their key alone. Asked by index (``said[fen]``), which costs less
than a call: there are hundreds to a case.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class Kept(dict[_Key, _Value]):
    """A table that makes what it does not have yet, and begins anew when it is full.

    Args:
        make: gives the value of a key; the same one whenever it is asked.
        most: how many are kept.
    """

    def __init__(self, make: Callable[[_Key], _Value], most: int) -> None:
        super().__init__()
        self._make, self._most = make, most

    def __missing__(self, key: _Key) -> _Value:
        if len(self) >= self._most:
            self.clear()
        made = self[key] = self._make(key)
        return made
