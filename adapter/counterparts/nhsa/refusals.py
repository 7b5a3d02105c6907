"""The two ways of saying no: inside the envelope, and before it."""

from __future__ import annotations


class Refused(Exception):
    """The transaction is answered with a failure in the envelope and has no effect.

    Attributes:
        text: err_msg, free Chinese text as the platform's.
        system: the bureau's own trouble (-1 where the region tells it from -2).
    """

    def __init__(self, text: str, *, system: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.system = system


class TurnedAway(Exception):
    """The gateway answers outside the envelope; no transaction has begun.

    Attributes:
        status: HTTP status.
        code: of the gateway's own answer.
    """

    def __init__(self, status: int, code: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text
