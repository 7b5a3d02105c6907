"""Issues: what is wrong, where, and what to do now, in Chinese and English."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """FHIR's issue severities; ``fatal`` and ``error`` hold the case."""

    FATAL = "fatal"
    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding. It becomes a console line, a CLI line and an OperationOutcome alike.

    Attributes:
        code: stable, ``MAP-104``; docs/issues.md lists every one of them.
        pointer: file, row and field (``ZY_FYMX.xml#12/FYXH``), FHIR path, or setting name.
        zh, en: the finding; never personal data, never free text of the source unmasked.
        hint_zh, hint_en: what a person can do now.
    """

    code: str
    severity: Severity
    pointer: str
    zh: str
    en: str
    hint_zh: str = ""
    hint_en: str = ""

    @property
    def stops(self) -> bool:
        """Whether the case must wait for a person."""
        return self.severity in (Severity.FATAL, Severity.ERROR)

    def __str__(self) -> str:
        return f"{self.code} {self.severity} {self.pointer}: {self.zh} / {self.en}"


class AdapterError(Exception):
    """Work stopped, with the issues that say why. Never raised without one."""

    def __init__(self, *issues: Issue) -> None:
        if not issues:
            raise ValueError("an AdapterError carries at least one issue")
        self.issues: tuple[Issue, ...] = issues
        super().__init__("; ".join(map(str, issues)))


class PolicyNotInForce(AdapterError):
    """No document covers the date: a zero would look like an answer."""


class NotPublished(AdapterError):
    """The source prints no such value (来源未公布): nothing may be computed with it, and it is never 0."""


class SettingMissing(AdapterError):
    """A required setting (a parameter that the source masks or leaves out) is unset."""


class MoveRefused(AdapterError):
    """A state machine does not allow the move (CASE-301)."""


def stopping(issues: Iterable[Issue]) -> tuple[Issue, ...]:
    """Those that hold the case."""
    return tuple(issue for issue in issues if issue.stops)
