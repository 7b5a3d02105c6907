"""A programme as a reader sees it: every blank of its source with the article, and what a scheme fills in (办法)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapter.model.issues import AdapterError
from adapter.rules.policy.book import PolicyBook
from adapter.rules.policy.parameters import Raw
from adapter.rules.policy.scheme import Scheme
from adapter.rules.programme.oversight_issues import scheme_of_another
from adapter.rules.programme.reading import Reader, many, settings_of


def programme_shown(book: PolicyBook, name: str, scheme_name: str = "") -> dict[str, Any]:
    """Every blank and every switch of a programme.

    Args:
        scheme_name: whose settings are laid over it; empty: none, so every blank is open.

    Raises:
        AdapterError: POL codes for an unknown programme or scheme, PRG-305 for a scheme of another programme.
    """
    programme = book.programme(name)
    scheme = book.scheme(scheme_name) if scheme_name else None
    if scheme is not None and scheme.programme != name:
        raise AdapterError(scheme_of_another(scheme.name, scheme.programme, name))
    filled: Mapping[str, Raw] = scheme.settings if scheme is not None else {}
    reader = Reader(programme, filled)
    blanks = [
        {
            "name": each.name,
            "needed_for": each.needed_for,
            "zh": each.text.zh,
            "en": each.text.en,
            "cite": each.text.cite,
            "value": _shown(filled.get(each.name)),
            "set_by": _set_by(scheme, each.name),
        }
        for each in settings_of(programme)
    ]
    switches = [
        {
            "name": switch,
            "zh": str(node["zh"]),
            "en": str(node["en"]),
            "cite": str(node["cite"]),
            "one_of": list(many(node.get("one_of"))),
            "value": _shown(filled.get(switch)) or _shown(node.get("value")),
            "set_by": _set_by(scheme, switch),
        }
        for switch, node in reader.nodes(programme.document, "switches", "")
    ]
    return {
        "programme": name,
        "zh": programme.title.zh,
        "en": programme.title.en,
        "version": programme.version,
        "scheme": scheme_name,
        "open": sum(each["value"] is None for each in blanks),
        "settings": blanks,
        "switches": switches,
    }


def _shown(value: Raw | None) -> str | None:
    """A setting as one line; None while nobody filled it in."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_shown(each)}" for key, each in value.items()) or None
    return ", ".join(many(value)) or None


def _set_by(scheme: Scheme | None, name: str) -> str:
    """Where the owner took the value from; empty where nobody set it."""
    return scheme.setting_cites.get(name, "") if scheme is not None else ""
