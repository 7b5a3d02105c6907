"""Message ids: institution (12) + local time (14) + four digits, 30 characters, given once (发送方报文ID)."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from hashlib import sha256
from threading import Lock

from adapter.model.dates import HOSPITAL_ZONE

#: How many seconds' numbers are remembered; older ones cannot come again.
_KEPT = 4096


class MessageIds:
    """Gives each message key of a second its own number; the same key in the same second the same one.

    A message is composed and stored in one transaction, so its id is on record before it is sent. Where the counter
    starts follows from the key: two processes that compose in one second do not both begin at 0.
    """

    def __init__(self, fixmedins_code: str) -> None:
        self._code = fixmedins_code[:12]
        self._seconds: OrderedDict[str, dict[str, int]] = OrderedDict()
        self._lock = Lock()

    def of(self, key: str, at: datetime) -> str:
        """The id of a message that is composed at a moment.

        Raises:
            OverflowError: ten thousand messages in one second.
        """
        second = at.astimezone(HOSPITAL_ZONE).strftime("%Y%m%d%H%M%S")
        with self._lock:
            given = self._seconds.setdefault(second, {})
            while len(self._seconds) > _KEPT:
                self._seconds.popitem(last=False)
            number = given.get(key)
            if number is None:
                number = given[key] = _free(key, set(given.values()))
        return f"{self._code}{second}{number:04d}"


def _free(key: str, taken: set[int]) -> int:
    start = int.from_bytes(sha256(key.encode()).digest()[:4], "big") % 10_000
    for step in range(10_000):
        if (start + step) % 10_000 not in taken:
            return (start + step) % 10_000
    raise OverflowError("ten thousand messages of one hospital in one second")
