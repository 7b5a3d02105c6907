"""How the resources link, as SVG: drawn from the references of the examples, not from what could be. 资源关系图。"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

from adapter.fhir.package.site.markup import Html

#: Where each type stands, row by row; a type that is not named here is told in the table alone.
_GRID = (
    ("RelatedPerson", "Patient", "Organization", ""),
    ("Condition", "Encounter", "Account", "Coverage"),
    ("Task", "ChargeItem", "Invoice", "Claim"),
    ("PaymentNotice", "PaymentReconciliation", "ExplanationOfBenefit", "ClaimResponse"),
    ("Contract", "Consent", "Flag", "Provenance"),
    ("Communication", "CommunicationRequest", "CoverageEligibilityRequest", "CoverageEligibilityResponse"),
)
_PLACES = {kind: (column, row) for row, kinds in enumerate(_GRID) for column, kind in enumerate(kinds) if kind}
_WIDTH, _HEIGHT, _STEP_X, _STEP_Y = 200, 40, 270, 110


def links(examples: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], list[str]]:
    """Elements by the two types that they link, sorted."""
    found: dict[tuple[str, str], set[str]] = {}
    for resource in _opened(examples):
        kind = resource["resourceType"]
        for path, target in references(resource):
            found.setdefault((kind, target.partition("/")[0]), set()).add(path.removeprefix(f"{kind}."))
    return {pair: sorted(paths) for pair, paths in sorted(found.items())}


def drawing(found: Mapping[tuple[str, str], list[str]]) -> Html:
    """The diagram; hovering over a line tells its elements."""
    kinds = sorted({kind for pair in found for kind in pair} & _PLACES.keys())
    columns = 1 + max(_PLACES[kind][0] for kind in kinds)
    rows = 1 + max(_PLACES[kind][1] for kind in kinds)
    size = f"0 0 {columns * _STEP_X} {rows * _STEP_Y}"
    lines = "".join(_line(a, b, paths) for (a, b), paths in found.items() if a != b and {a, b} <= _PLACES.keys())
    boxes = "".join(_box(kind) for kind in kinds)
    arrow = '<marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    arrow += '<path d="M0 0 8 4 0 8" /></marker>'
    label = "资源之间的引用 References between the resources"
    return Html(f'<svg viewBox="{size}" role="img" aria-label="{label}"><defs>{arrow}</defs>{lines}{boxes}</svg>')


def _opened(resources: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for each in resources:
        if each["resourceType"] == "Bundle":
            yield from _opened(entry["resource"] for entry in each["entry"] if "resource" in entry)
        else:
            yield each


def references(resource: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every reference of a resource, as (path, ``Type/id``)."""
    yield from _references(resource, str(resource["resourceType"]))


def _references(node: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, Mapping):
        said = node.get("reference")
        if isinstance(said, str) and "/" in said:
            yield path, "/".join(said.split("/")[-2:])
        for key, value in node.items():
            yield from _references(value, f"{path}.{key}")
    elif isinstance(node, list):
        for each in node:
            yield from _references(each, path)


def _corner(kind: str) -> tuple[int, int]:
    column, row = _PLACES[kind]
    return column * _STEP_X + 30, row * _STEP_Y + 30


def _box(kind: str) -> str:
    x, y = _corner(kind)
    middle = f'x="{x + _WIDTH // 2}" y="{y + 25}"'
    return (
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6" />'
        f'<text {middle} text-anchor="middle">{escape(kind)}</text>'
    )


def _line(a: str, b: str, paths: list[str]) -> str:
    (ax, ay), (bx, by) = _corner(a), _corner(b)
    if ay == by:
        start = (ax + (_WIDTH if bx > ax else 0), ay + _HEIGHT // 2)
        end = (bx + (0 if bx > ax else _WIDTH), by + _HEIGHT // 2)
    else:
        start = (ax + _WIDTH // 2, ay + (_HEIGHT if by > ay else 0))
        end = (bx + _WIDTH // 2, by + (0 if by > ay else _HEIGHT))
    bend = (start[1] + end[1]) // 2
    curve = f"M{start[0]} {start[1]} C{start[0]} {bend} {end[0]} {bend} {end[0]} {end[1]}"
    told = escape(f"{a} → {b}: {', '.join(paths)}")
    return f'<path d="{curve}" marker-end="url(#tip)"><title>{told}</title></path>'
