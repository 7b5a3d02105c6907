"""A plan file's tree → Policy; refuses what is uncited, unknown, undated or of the wrong kind (计划文件)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from adapter.model.dates import Period
from adapter.model.money import Money, decimal_of
from adapter.model.settlement import Payer
from adapter.rules.policy import issues
from adapter.rules.policy.document import Document, SourceNote, Title
from adapter.rules.policy.parameters import NONE, NOT_PUBLISHED, Entry, Parameter, Policy, plain, short_hash
from adapter.rules.policy.tree import Page, Tree

_NEEDS = ("policy", "payer", "title", "document")
_WHAT_IF_NEEDS = ("policy", "payer")
_MAY = (
    "title",
    "document",
    "steps",
    "parameters",
    "sources",
    "covers",
    "does_not_cover",
    "test_profile",
    "not_modelled",
    "place",
    "year",
    "historical",
    "valid",
)
_PARAMETER_MAY = (
    "zh",
    "en",
    "unit",
    "as",
    "one_of",
    "varies_by",
    "values",
    "value",
    "cite",
    "required",
    "not_published",
)

_YES_NO = {"yes": True, "no": False}


def _ratio(text: str) -> Decimal:
    ratio = decimal_of(text)
    if not 0 <= ratio <= 1:
        raise ValueError(text)
    return ratio


#: What ``as:`` promises about every leaf of a value, checked when the file is read.
_CHECKS: Mapping[str, tuple[Callable[[str], object], str, str]] = {
    "money": (Money.yuan, "金额,最多两位小数", "an amount with at most two decimals"),
    "number": (decimal_of, "数字", "a plain number"),
    "ratio": (_ratio, "0 到 1 之间的比例,如 0.75", "a ratio from 0 to 1 such as 0.75"),
    "flag": (_YES_NO.__getitem__, "yes 或 no", "yes or no"),
    "text": (str, "文本", "text"),
}


def policy_of(tree: Tree, *, name: str | None = None, undated: bool = False) -> Policy:
    """Read one plan.

    Args:
        name: the name that the file's place demands; None where the plan stands in no folder.
        undated: a what-if plan: title and document may be left out, and a parameter may be ``{value, cite}``
            without a date, valid always.

    Raises:
        AdapterError: POL-21x for everything that is wrong, each with file and line.
    """
    page = Page()
    top = page.table(tree, "plan", needs=_WHAT_IF_NEEDS if undated else _NEEDS, may=_MAY)
    found = page.text(top.get("policy"), "policy")
    if name is not None and found and found != name:
        page.issues.append(issues.name_differs(top["policy"].place, found, name))
    valid, valid_cite, period_not_published = _valid(page, top.get("valid"))
    parameters = _parameters(page, top.get("parameters"), undated or period_not_published)
    steps = page.texts(top.get("steps"), "steps")
    not_modelled = page.flag(top.get("not_modelled"), "not_modelled")
    if not steps and not not_modelled:
        page.issues.append(issues.key_absent(tree.place, "steps"))
    policy = Policy(
        name=found,
        title=page.title(top["title"], "title") if "title" in top else Title(found, found),
        document=_document(page, top.get("document")),
        version=short_hash(plain(tree.plain())),
        payer=_payer(page, top.get("payer")),
        steps=steps,
        parameters=parameters,
        sources=_sources(page, top.get("sources")),
        covers=page.title(top["covers"], "covers") if "covers" in top else None,
        does_not_cover=page.title(top["does_not_cover"], "does_not_cover") if "does_not_cover" in top else None,
        test_profile=page.flag(top.get("test_profile"), "test_profile"),
        not_modelled=not_modelled,
        place=page.title(top["place"], "place") if "place" in top else None,
        year=page.text(top["year"], "year") if "year" in top else "",
        historical=page.flag(top.get("historical"), "historical"),
        valid=valid,
        valid_cite=valid_cite,
        undated=period_not_published,
    )
    page.finish()
    return policy


def _valid(page: Page, tree: Tree | None) -> tuple[Period | None, str, bool]:
    """``{from, to, cite}``, or ``not-published``: the period, where it is written, whether the source prints none."""
    if tree is None:
        return None, "", False
    if tree.value == NOT_PUBLISHED:
        return None, "", True
    found = page.table(tree, "valid", needs=("from", "cite"), may=("to",))
    start = page.day(found.get("from"), "from")
    end = page.day(found["to"], "to") if "to" in found else None
    if end is not None and end < start:
        page.refuse(tree, "valid", "起日不晚于止日", "a first day that is not after the last")
        end = None
    return Period(start, end), page.text(found.get("cite"), "cite"), False


def _payer(page: Page, tree: Tree | None) -> str:
    text = page.text(tree, "payer")
    if tree is not None and text not in tuple(Payer):
        page.refuse(tree, "payer", "支付方之一", f"one of {', '.join(Payer)}")
    return text


def _document(page: Page, tree: Tree | None) -> Document:
    if tree is None:
        return Document("what-if")
    found = page.table(tree, "document", needs=("id",), may=("issued",))
    issued = page.day(found["issued"], "issued") if "issued" in found else None
    return Document(page.text(found.get("id"), "id"), issued)


def _sources(page: Page, tree: Tree | None) -> tuple[SourceNote, ...]:
    if tree is None:
        return ()
    notes = []
    for key, node in page.any_table(tree, "sources").items():
        found = page.table(node, key, needs=("title",), may=("address", "grade"))
        notes.append(
            SourceNote(
                key=key,
                title=page.text(found.get("title"), "title"),
                address=page.text(found["address"], "address") if "address" in found else None,
                grade=page.text(found["grade"], "grade") if "grade" in found else None,
            )
        )
    return tuple(notes)


def _parameters(page: Page, tree: Tree | None, undated: bool) -> dict[str, Parameter]:
    if tree is None:
        return {}
    return {name: _parameter(page, name, node, undated) for name, node in page.any_table(tree, "parameters").items()}


def _parameter(page: Page, name: str, tree: Tree, undated: bool) -> Parameter:
    found = page.table(tree, name, may=_PARAMETER_MAY)
    required = page.flag(found.get("required"), "required")
    not_published = page.flag(found.get("not_published"), "not_published")
    if (required or not_published) and "cite" not in found:
        page.issues.append(issues.uncited(tree.place, name))
    if not_published and ("value" in found or "values" in found):
        page.refuse(tree, name, "not_published 或数值二者之一", "either not_published or a value")
    varies = found.get("varies_by")
    dimensions: tuple[str, ...] = ()
    if varies is not None:
        dimensions = (varies.value,) if isinstance(varies.value, str) else page.texts(varies, "varies_by")
    return Parameter(
        name=name,
        zh=page.text(found["zh"], "zh") if "zh" in found else name,
        en=page.text(found["en"], "en") if "en" in found else name,
        unit=page.text(found["unit"], "unit") if "unit" in found else "",
        varies_by=dimensions,
        history=() if required or not_published else _history(page, name, tree, found, len(dimensions), undated),
        required=required,
        cite=page.text(found["cite"], "cite") if "cite" in found else "",
        not_published=not_published,
    )


def _history(
    page: Page, name: str, tree: Tree, found: Mapping[str, Tree], depth: int, undated: bool
) -> tuple[Entry, ...]:
    if undated and "value" in found:
        if "cite" not in found:
            page.issues.append(issues.uncited(tree.place, name))
            return ()
        _check_value(page, name, found["value"], found, depth)
        return (Entry(date.min, page.text(found["cite"], "cite"), found["value"].plain()),)
    if "values" not in found:
        page.issues.append(issues.key_absent(tree.place, f"{name}.values"))
        return ()
    entries = [
        _entry(page, name, page.date_of(day, node, name), node, found, depth)
        for day, node in page.any_table(found["values"], "values").items()
    ]
    days = [entry.since for entry in entries]
    if days != sorted(set(days)):
        page.issues.append(issues.history_disordered(found["values"].place, name))
    return tuple(entries)


def _entry(page: Page, name: str, since: date, tree: Tree, found: Mapping[str, Tree], depth: int) -> Entry:
    line = page.table(tree, name, may=("cite", "value", "ends"))
    if "cite" not in line:
        page.issues.append(issues.uncited(tree.place, name))
    ends = page.flag(line.get("ends"), "ends")
    if ends == ("value" in line):
        page.refuse(tree, name, "value 或 ends: true 二者之一", "either a value or ends: true")
    cite = page.text(line.get("cite"), "cite")
    if "value" not in line:
        return Entry(since, cite, None)
    _check_value(page, name, line["value"], found, depth)
    return Entry(since, cite, line["value"].plain())


def _check_value(page: Page, name: str, value: Tree, found: Mapping[str, Tree], depth: int) -> None:
    """Every leaf below the dimensions must be what ``as`` or ``one_of`` promises, ``none`` or ``not-published``."""
    leaves = [value]
    for _ in range(depth):
        leaves = [leaf for node in leaves for leaf in page.any_table(node, name).values()]
    allowed = page.texts(found["one_of"], "one_of") if "one_of" in found else ()
    kind = page.text(found["as"], "as") if "as" in found else ""
    for leaf in leaves:
        if leaf.value == NOT_PUBLISHED:
            continue
        if allowed and leaf.value not in allowed:
            page.refuse(leaf, name, f"{'、'.join(allowed)} 之一", f"one of {', '.join(allowed)}")
        if kind and leaf.value != NONE:
            _check_leaf(page, name, leaf, kind, found["as"])


def _check_leaf(page: Page, name: str, leaf: Tree, kind: str, declared: Tree) -> None:
    if kind == "bands":
        _check_bands(page, name, leaf)
    elif kind in ("texts", "rows"):
        page.items(leaf, name)
    elif kind in _CHECKS:
        check, zh, en = _CHECKS[kind]
        try:
            check(page.text(leaf, name))
        except (ValueError, KeyError):
            page.refuse(leaf, name, zh, en)
    else:
        page.refuse(
            declared,
            "as",
            f"{'、'.join(_CHECKS)}、bands、texts、rows 之一",
            f"one of {', '.join(_CHECKS)}, bands, texts, rows",
        )


def _check_bands(page: Page, name: str, leaf: Tree) -> None:
    """Bands run upward from their ``over``, each with its ratio."""
    starts = []
    for row in page.items(leaf, name):
        band = page.table(row, name, needs=("over", "ratio"), may=("upto",))
        for key, kind in (("over", "money"), ("upto", "money"), ("ratio", "ratio")):
            if key in band:
                _check_leaf(page, f"{name}.{key}", band[key], kind, band[key])
        if "over" in band and isinstance(band["over"].value, str):
            starts.append(band["over"].value)
    if not page.issues and [Money.yuan(start) for start in starts] != sorted({Money.yuan(start) for start in starts}):
        page.refuse(leaf, name, "由低到高的分段", "bands from low to high")
