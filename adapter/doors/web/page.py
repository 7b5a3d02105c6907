"""The OpenAPI document as one plain page: a hospital's network reaches no script server outside."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "code{background:#eee;padding:.1rem .3rem}h3{margin-bottom:.2rem}li{margin:.1rem 0}"
)


def page(document: Mapping[str, Any]) -> str:
    """HTML with a section per address: method, purpose, parameters, statuses."""
    head, about = escape(document["info"]["title"]), escape(document["info"]["description"])
    sections = "".join(
        _section(path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{head}</title><style>{_STYLE}</style>"
        f"<h1>{head}</h1><p>{about}</p><p>OpenAPI: <a href=openapi.json>openapi.json</a></p>{sections}</html>"
    )


def _section(path: str, method: str, operation: Mapping[str, Any]) -> str:
    parameters = "".join(
        f"<li><code>{escape(each['name'])}</code> ({escape(each['in'])}) {escape(each.get('description', ''))}</li>"
        for each in operation.get("parameters", ())
    )
    statuses = ", ".join(operation["responses"])
    return (
        f"<h3><code>{method.upper()} {escape(path)}</code> {escape(operation.get('summary', ''))}</h3>"
        f"<p>{escape(operation.get('description', ''))}</p><ul>{parameters}</ul><p>{escape(statuses)}</p>"
    )
