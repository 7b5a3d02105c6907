"""A query string → what is searched, how it is ordered and what is shown of it (检索请求).

An unknown parameter is refused, not ignored: an answer that is wider than the question looks like an answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from adapter.fhir.search import issues
from adapter.fhir.search.criteria import Criterion, criterion
from adapter.fhir.search.parameters import OWN_TIME, PERSONAL, parameters_of
from adapter.model.issues import AdapterError, Issue
from adapter.model.search import OrderBy

#: Resources of a page where nothing is asked for, and at most.
COUNT, MOST = 50, 1000

#: Values of all parameters of a question, at most.
MOST_IN_ALL = 500

#: What references may lead to, at most: a bare id may be of each type that R4 has.
_MOST_PLACES = 20_000

#: Places in the order of a search fit into 64 bits.
_LAST_PLACE = 2**63

#: Identifier systems whose values are a person's own, by what stands in them.
_ID_CARD = re.compile(r"\d{17}[\dXx]|\d{15}", re.ASCII)

_PAGE = re.compile(r"(?P<posted>p?)(?P<time>-?\d{1,16})\.(?P<number>-?\d{1,19})", re.ASCII)

#: Controls that a link to a page does not carry; ``reason`` is why somebody looks, for the journal.
_NOT_OF_THE_PAGE = frozenset({"_page", "_format", "_pretty", "reason"})

Summary = Literal["true", "false", "text", "data", "count"]
_SUMMARIES: frozenset[str] = frozenset({"true", "false", "text", "data", "count"})

#: Parameters that say how to answer; the doors read _format and _pretty themselves.
CONTROLS = frozenset(
    {
        *("_count", "_elements", "_format", "_include", "_page", "_pretty", "_revinclude", "_sort", "_summary"),
        *("_total", "_include:iterate", "_revinclude:iterate", "reason"),
    }
)


@dataclass(frozen=True, slots=True)
class Include:
    """Resources that come along: of ``type`` those that ``parameter`` points to, or that point here with it.

    Attributes:
        parameter: ``*`` for every reference.
        target: only resources of this type; None: all.
        again: also for what came along.
    """

    type: str
    parameter: str
    target: str | None
    again: bool


@dataclass(frozen=True, slots=True)
class Query:
    """One search as it was understood.

    Attributes:
        order, descending: by the resource's own time, newest first, where nothing is asked for.
        after: the place after which the page begins.
        posted: the pages are of what hospitals posted, of which the cases had nothing when the first one was given.
        total: whether the number of all that match is asked for.
        left_out: unknown parameters that were ignored, since the asker said so; ``?`` for what is no plain name.
        said: the parameters that were used, as they came, for the link of this page.
        personal: a person's data is searched for, so no link may carry the parameters.
    """

    type: str
    criteria: tuple[Criterion, ...] = ()
    order: OrderBy = OrderBy.TIME
    descending: bool = True
    count: int = COUNT
    after: tuple[int, int] | None = None
    posted: bool = False
    includes: tuple[Include, ...] = ()
    revincludes: tuple[Include, ...] = ()
    summary: Summary = "false"
    elements: tuple[str, ...] = ()
    total: bool = False
    left_out: tuple[str, ...] = ()
    said: tuple[tuple[str, str], ...] = ()
    personal: bool = False


def parse(
    kind: str, asked: Sequence[tuple[str, str]], *, base: str = "", lenient: bool = False, in_address: bool = True
) -> Query:
    """Understand a search over one type.

    Args:
        asked: names and values in the order in which they came, percent signs undone.
        base: our own FHIR address; references that begin with it are ours.
        lenient: unknown parameters are left out instead of refused.
        in_address: the values stood in the address, where a person's data must not be.

    Raises:
        AdapterError: FHIR-201 to -205, -207 to -209; all that is wrong at once.
    """
    known = parameters_of(kind)
    if not known:
        raise AdapterError(issues.type_not_searched(kind))
    wrong: list[Issue] = []
    criteria: list[Criterion] = []
    left_out: list[str] = []
    said: list[tuple[str, str]] = []
    personal = False
    for name, value in asked:
        if name in CONTROLS:
            said += [(name, value)] if value and name not in _NOT_OF_THE_PAGE else []
            continue
        plain, _, modifier = name.partition(":")
        parameter = known.get(plain)
        if parameter is None:
            if lenient:
                left_out.append(_shown(name))
            else:
                wrong.append(issues.unknown_parameter(kind, _shown(name)))
            continue
        if not value:
            continue  # R4: what is left empty is not asked for
        if _personal(kind, plain, modifier, value):
            personal = True
            if in_address:
                wrong.append(issues.personal_in_address(kind, plain))
                continue
        read = criterion(parameter, modifier, value, base)
        if isinstance(read, Issue):
            wrong.append(read)
        else:
            criteria.append(read)
            said.append((name, value))
    if sum(each.weight for each in criteria) > MOST_IN_ALL or sum(len(each.places) for each in criteria) > _MOST_PLACES:
        wrong.append(issues.too_many_in_all(kind, MOST_IN_ALL))
    controls = _controls(kind, asked, wrong)
    if wrong:
        raise AdapterError(*dict.fromkeys(wrong))
    return Query(
        type=kind, criteria=tuple(criteria), left_out=tuple(left_out), said=tuple(said), personal=personal, **controls
    )


def page_mark(place: tuple[int, int], *, posted: bool = False) -> str:
    """How the place after which the next page begins is written in a link."""
    return f"{'p' if posted else ''}{place[0]}.{place[1]}"


def _personal(kind: str, name: str, modifier: str, value: str) -> bool:
    if name in PERSONAL.get(kind, ()):
        return True
    return "identifier" in (name, modifier) and any(
        _ID_CARD.fullmatch(each.rpartition("|")[2]) is not None for each in value.split(",")
    )


def _shown(name: str) -> str:
    """A parameter's name as it may be repeated: what is not a plain name is not."""
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}", name) else "?"


def _controls(kind: str, asked: Sequence[tuple[str, str]], wrong: list[Issue]) -> dict[str, Any]:
    """How the answer is to look; what is wrong with it is added to ``wrong``."""
    found: dict[str, Any] = {}
    includes: dict[str, list[Include]] = {"_include": [], "_revinclude": []}
    for name, value in asked:
        if name not in CONTROLS or not value:
            continue
        plain, _, modifier = name.partition(":")
        match plain:
            case "_count":
                if not re.fullmatch(r"\d{1,9}", value, re.ASCII):
                    wrong.append(issues.bad_value(kind, plain, "0 … 1000"))
                else:
                    found["count"] = min(int(value), MOST)
            case "_page":
                mark = _PAGE.fullmatch(value)
                if mark is None or not -_LAST_PLACE <= int(mark["number"]) < _LAST_PLACE:
                    wrong.append(issues.bad_page(kind))
                else:
                    found["after"] = (int(mark["time"]), int(mark["number"]))
                    found["posted"] = bool(mark["posted"])
            case "_sort":
                _sorted_by(kind, value, found, wrong)
            case "_summary":
                if value not in _SUMMARIES:
                    wrong.append(issues.bad_value(kind, plain, "true, false, text, data, count"))
                else:
                    found["summary"] = value
            case "_total":
                if value not in ("none", "estimate", "accurate"):
                    wrong.append(issues.bad_value(kind, plain, "none, estimate, accurate"))
                found["total"] = value != "none"
            case "_elements":
                found["elements"] = tuple(each.strip() for each in value.split(",") if each.strip())
            case "_include" | "_revinclude":
                read = _include(kind, plain, value, again=modifier == "iterate")
                if isinstance(read, Issue):
                    wrong.append(read)
                else:
                    includes[plain].append(read)
            case _:
                pass
    if found.get("count") == 0:
        found["summary"] = "count"  # R4: shall be treated the same
    if found.get("summary") == "count":
        found["total"] = True
    return found | {"includes": tuple(includes["_include"]), "revincludes": tuple(includes["_revinclude"])}


def _sorted_by(kind: str, value: str, found: dict[str, Any], wrong: list[Issue]) -> None:
    descending = value.startswith("-")
    name = value.removeprefix("-")
    own = OWN_TIME.get(kind, "")
    # R4 calls a charge's time "occurrence"; those who ask for "date" of any type mean its own time
    if name in {own, "date"} and name:
        found["order"] = OrderBy.TIME
    elif name == "_lastUpdated":
        found["order"] = OrderBy.UPDATED
    else:
        wrong.append(issues.not_sorted_by(kind, _shown(name), own))
        return
    found["descending"] = descending


def _include(kind: str, name: str, value: str, *, again: bool) -> Include | Issue:
    if value == "*" and name == "_include":
        return Include(kind, "*", None, again)
    of_type, _, rest = value.partition(":")
    parameter, _, target = rest.partition(":")
    known = parameters_of(of_type).get(parameter)
    if parameter == "*" and parameters_of(of_type):
        return Include(of_type, "*", target or None, again)
    if known is None or known.kind != "reference":
        return issues.bad_value(kind, name, "Type:parameter[:Type]")
    return Include(of_type, parameter, target or None, again)
