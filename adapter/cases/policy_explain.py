"""What a plan, a scheme or a programme says on a day: every value with its article, and what nobody published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from adapter.model.issues import AdapterError
from adapter.rules.policy import issues
from adapter.rules.policy.book import PolicyBook
from adapter.rules.policy.document import Title
from adapter.rules.policy.parameters import NONE, NOT_PUBLISHED, Entry, Parameter, Policy, Raw, plain
from adapter.rules.programme import settings_of

#: What stands on a plan of another time.
HISTORICAL = "历史参数,不是现行规定 · historical, not current"


def explain(book: PolicyBook, name: str, on: date) -> dict[str, Any]:
    """A scheme, a plan or a programme by name, on a day.

    Returns:
        ``settings`` of the programme (a scheme's values beside them), and ``plans``, one for each layer.

    Raises:
        AdapterError: POL-208 for a name that is none of them.
    """
    if name in book.schemes:
        scheme = book.schemes[name]
        return {
            "name": name,
            "kind": "scheme",
            "valid": str(scheme.valid),
            "settings": _settings(book, scheme.programme, scheme.settings),
            "plans": [plan_on(layer.policy, on) for layer in book.layers(scheme)],
        }
    if name in book.programmes:
        return {"name": name, "kind": "programme", "settings": _settings(book, name, {}), "plans": []}
    if name in book.plans:
        return {"name": name, "kind": "plan", "settings": [], "plans": [plan_on(book.plans[name], on)]}
    raise AdapterError(
        issues.name_unknown("policy", name, tuple(sorted({*book.schemes, *book.plans, *book.programmes})))
    )


def _settings(book: PolicyBook, programme: str, given: Mapping[str, Raw]) -> list[dict[str, Any]]:
    return [
        {
            "name": each.name,
            "value": given.get(each.name),
            "zh": each.text.zh,
            "en": each.text.en,
            "cite": each.text.cite,
        }
        for each in settings_of(book.programme(programme))
    ]


def plan_on(policy: Policy, on: date) -> dict[str, Any]:
    """One plan on a day: head, values in force with their articles, values not in force, what is not modelled."""
    in_force, elsewhere, gaps = [], [], []
    for name, parameter in policy.parameters.items():
        if parameter.unset or (parameter.not_published and not parameter.history):
            gaps.append({"parameter": name, "for": "", "zh": parameter.zh, "en": parameter.en, "cite": parameter.cite})
            continue
        entry = _entry(policy, parameter, on)
        if entry is None or entry.value is None:
            since = entry.since if entry is not None else parameter.history[0].since
            elsewhere.append({"parameter": name, "zh": parameter.zh, "en": parameter.en, "from": since.isoformat()})
            continue
        for key, value in _each(entry.value, len(parameter.varies_by)):
            line = {"parameter": name, "for": key, "zh": parameter.zh, "en": parameter.en, "cite": entry.cite}
            if value == NOT_PUBLISHED:
                gaps.append(line)
            else:
                in_force.append({**line, "value": _said(value), "unit": parameter.unit})
    return {
        "plan": policy.name,
        "payer": policy.payer,
        "zh": policy.title.zh,
        "en": policy.title.en,
        "place": _both(policy.place),
        "year": policy.year,
        "on": on.isoformat(),
        "covered": not policy.undated and (policy.valid is None or on in policy.valid),
        "valid": "not-published" if policy.undated else None if policy.valid is None else str(policy.valid),
        "valid_cite": policy.valid_cite,
        "historical": HISTORICAL if policy.historical else None,
        "test_profile": policy.test_profile,
        "not_modelled": policy.not_modelled or policy.undated,
        "document": policy.document.id,
        "covers": _both(policy.covers),
        "does_not_cover": _both(policy.does_not_cover),
        "sources": [
            {"key": each.key, "title": each.title, "address": each.address, "grade": each.grade}
            for each in policy.sources
        ],
        "steps": list(policy.steps),
        "values": in_force,
        "not_in_force": elsewhere,
        "not_published": gaps,
    }


def _entry(policy: Policy, parameter: Parameter, on: date) -> Entry | None:
    """The line of a history in force on a day; of a plan whose source prints no period, the only one there is."""
    if policy.undated:
        return parameter.history[-1]
    if policy.valid is not None and on not in policy.valid:
        return None
    return next((entry for entry in reversed(parameter.history) if entry.since <= on), None)


def _each(value: Raw, depth: int) -> Iterator[tuple[str, Raw]]:
    """Values with the keys that lead to them: ``tertiary``, ``out-of-city/registered``."""
    if not depth or not isinstance(value, Mapping):
        yield "", value
        return
    for key, inner in value.items():
        for below, leaf in _each(inner, depth - 1):
            yield f"{key}/{below}" if below else key, leaf


def _said(value: Raw) -> str:
    return "不设 none" if value == NONE else plain(value)


def _both(title: Title | None) -> dict[str, str] | None:
    return None if title is None else {"zh": title.zh, "en": title.en}
