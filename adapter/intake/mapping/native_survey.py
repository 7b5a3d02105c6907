"""What a sample of FHIR shows beyond its elements: examples, the work list of codes by money, coverage (样本概览)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from adapter.intake.mapping.draft.profile import picture, profile
from adapter.intake.mapping.native import NativeMapper, Worked
from adapter.intake.mapping.native_draft import Draft
from adapter.intake.mapping.survey import ResourceCoverage, Survey, UnmappedCode
from adapter.model.person import masked
from adapter.model.source import StayRecords

#: So many values of an element are looked at for its example.
_LOOKED_AT = 2000
_SHORT_CODE = 12
_LINE = "ChargeItem"


def survey_native(mapper: NativeMapper, stays: Iterable[StayRecords]) -> Survey:
    """Look through a sample once."""
    values: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    rows: Counter[str] = Counter()
    made: Counter[str] = Counter()
    codes: dict[tuple[str, str, str], tuple[int, Decimal]] = {}
    for stay in stays:
        rows.update({kind: len(records) for kind, records in stay.tables.items()})
        worked = mapper.work(stay)
        made.update(draft.kind for draft in worked.drafts if not draft.failed)
        for draft in worked.drafts:
            for path, text in _leaves(draft.sent, ""):
                if len(values[draft.kind, path]) < _LOOKED_AT:
                    values[draft.kind, path].append(text)
        for each in unknown_native(worked):
            count, money = codes.get((each.column, each.code, each.table), (0, Decimal(0)))
            codes[each.column, each.code, each.table] = (count + each.rows, money + each.money)
    examples: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for (kind, path), texts in values.items():
        private = kind == "Patient" or path == "subscriberId"
        examples[kind][path] = picture(max(texts, key=len)) if private else profile(path, texts).example
    work = (UnmappedCode(*key, *found) for key, found in codes.items())
    return Survey(
        examples=dict(examples),
        work=tuple(sorted(work, key=lambda each: (-each.money, -each.rows, each.column, each.code))),
        coverage=tuple(ResourceCoverage(kind, kind, rows[kind], made[kind], 0, ()) for kind in mapper.rules.shape.used),
    )


def unknown_native(worked: Worked) -> Iterator[UnmappedCode]:
    """The codes of one stay that their tables do not know, with the money that they stand on."""
    total = sum((abs(_amount(draft)) for draft in worked.drafts), Decimal(0))
    met: set[tuple[str, str]] = set()
    for draft in worked.drafts:
        for path, code, table in draft.unknown:
            column = f"{draft.kind}.{path}"
            money = abs(_amount(draft)) if draft.kind == _LINE else total if (column, code) not in met else Decimal(0)
            met.add((column, code))
            shown = code if len(code) <= _SHORT_CODE else masked(code)
            yield UnmappedCode(column, shown, table, 1, money)


def _amount(draft: Draft) -> Decimal:
    price = draft.sent.get("priceOverride") if draft.kind == _LINE else None
    value = price.get("value") if isinstance(price, dict) else None
    return Decimal(value) if isinstance(value, Decimal | int) else Decimal(0)


def _leaves(node: Any, path: str) -> Iterator[tuple[str, str]]:
    """Plain values by path, places in lists left out."""
    if isinstance(node, dict):
        for name, each in node.items():
            if name not in ("resourceType", "div", "contained"):
                yield from _leaves(each, f"{path}.{name}" if path else name)
    elif isinstance(node, list):
        for each in node:
            yield from _leaves(each, path)
    else:
        yield path, str(node)
