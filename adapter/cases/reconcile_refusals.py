"""What is not compared at all: a day that no calendar of ours has, a hospital that is none of ours."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

from adapter.cases import reconcile_issues as issues
from adapter.cases.our_side import hospital_of
from adapter.cases.tools import Tools
from adapter.model.issues import AdapterError

#: Outside these no settlement of the platform's age can lie, and a day has no neighbours to look at in the end.
_FIRST, _LAST = date(1990, 1, 1), date(2199, 12, 31)


def require_day(day: date) -> None:
    """Raises AdapterError CASE-492 for a day that cannot be meant."""
    if not _FIRST <= day <= _LAST:
        raise AdapterError(issues.no_such_day(day))


def require_hospital(facility: str, tools: Tools) -> None:
    """A code that is mistyped would agree: nothing here, nothing there. Raises AdapterError CASE-493."""
    known: dict[str, None] = {}
    for source in dict.fromkeys(name for scheme in tools.book.schemes.values() for name in scheme.sources):
        with suppress(AdapterError):  # a source that is not set up here is nobody's hospital
            known[hospital_of(source, tools)] = None
        if facility in known:
            return
    raise AdapterError(issues.unknown_hospital(facility, ", ".join(filter(None, known))))
