"""Look at the policies in force, and settle plain facts under them without any store (政策查询与假设测算)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from adapter.cases.policy_explain import HISTORICAL
from adapter.rules.policy.book import PolicyBook
from adapter.rules.policy.load import load_book, load_layers
from adapter.rules.policy.parameters import Policy
from adapter.rules.programme import missing_settings
from adapter.rules.settlement.whatif import whatif


def what_if(facts: Mapping[str, object], mappings: Path, *, scheme: str | None, plan: Path | None) -> dict[str, object]:
    """Settle plain facts under a scheme's layers, or under the layers of a file. The code of the real run."""
    if plan is not None:
        return whatif(facts, load_layers(plan))
    book = load_book(mappings)
    chosen = book.scheme(scheme or "")
    return whatif(
        facts,
        book.layers(chosen),
        scheme=chosen.name,
        test_profile=chosen.test_profile,
        authorities=chosen.authorities,
    )


def scheme_lines(book: PolicyBook) -> list[dict[str, Any]]:
    """Every scheme: what it is for, its order of payers, its calls, and what its programme still lacks."""
    return [
        {
            "scheme": scheme.name,
            "zh": scheme.title.zh,
            "en": scheme.title.en,
            "valid": str(scheme.valid),
            "programme": scheme.programme,
            "sources": list(scheme.sources),
            "order": [str(payer) for payer in scheme.order],
            "calls": [
                {
                    "call": call.name,
                    "endpoint": call.endpoint,
                    "payers": [str(payer) for payer in call.payers],
                    "authority": str(call.authority),
                }
                for call in scheme.calls
            ],
            "test_profile": scheme.test_profile,
            "settings_missing": [
                issue.pointer for issue in missing_settings(book.programme(scheme.programme), scheme.settings)
            ],
        }
        for scheme in book.schemes.values()
    ]


def plan_json(policy: Policy, on: date) -> dict[str, Any]:
    """A plan's parameters in force on a day, each with its article; what is not in force says so."""
    shown = [
        {
            "parameter": name,
            "from": entry.since.isoformat(),
            "value": str(entry.value),
            "cite": entry.cite,
            "in_force": entry is _in_force(policy, name, on),
        }
        for name, parameter in policy.parameters.items()
        for entry in parameter.history
    ]
    return {
        "plan": policy.name,
        "zh": policy.title.zh,
        "en": policy.title.en,
        "steps": list(policy.steps),
        "test_profile": policy.test_profile,
        "not_modelled": policy.not_modelled or policy.undated,
        "historical": HISTORICAL if policy.historical else None,
        "parameters": shown,
    }


def _in_force(policy: Policy, name: str, on: date) -> object:
    if policy.undated or (policy.valid is not None and on not in policy.valid):
        return None
    standing = [entry for entry in policy.parameters[name].history if entry.since <= on]
    return standing[-1] if standing else None


def explain(book: PolicyBook, name: str, on: date) -> dict[str, Any]:
    """A scheme or a plan, by name. Raises AdapterError POL-208."""
    if name in book.schemes:
        scheme = book.schemes[name]
        head = next(line for line in scheme_lines(book) if line["scheme"] == name)
        return {**head, "plans": [plan_json(layer.policy, on) for layer in book.layers(scheme)]}
    return plan_json(book.plan(name), on)


def book(mappings: Path) -> PolicyBook:
    """Every policy file under a mappings folder. Raises AdapterError POL-2xx with file and line."""
    return load_book(mappings)
