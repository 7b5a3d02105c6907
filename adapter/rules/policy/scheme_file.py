"""A scheme file's tree → Scheme; refuses one whose calls and layers do not fit together (方案文件)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from adapter.model.dates import Period
from adapter.model.settlement import Authority, Payer
from adapter.rules.policy import issues
from adapter.rules.policy.document import Title
from adapter.rules.policy.parameters import Policy, Setting, plain, short_hash
from adapter.rules.policy.scheme import Call, Layer, Programme, Scheme
from adapter.rules.policy.tree import Page, Tree

_Enum = TypeVar("_Enum", bound=StrEnum)

_NEEDS = ("scheme", "title", "region", "valid", "programme", "sources", "layers", "calls")
_MAY = ("test_profile", "settings", "plan_settings")


def scheme_of(tree: Tree, name: str, plans: Mapping[str, Policy], programmes: Mapping[str, Programme]) -> Scheme:
    """Read one scheme and hold it against the plans and programmes that it names.

    Raises:
        AdapterError: POL-21x, each with file and line.
    """
    page = Page()
    top = page.table(tree, "scheme", needs=_NEEDS, may=_MAY)
    found = page.text(top.get("scheme"), "scheme")
    if found and found != name:
        page.issues.append(issues.name_differs(top["scheme"].place, found, name))
    settings = _settings(page, top.get("settings"))
    scheme = Scheme(
        name=name,
        title=page.title(top.get("title"), "title"),
        region=page.text(top.get("region"), "region"),
        valid=_valid(page, top.get("valid")),
        programme=page.text(top.get("programme"), "programme"),
        sources=page.texts(top.get("sources"), "sources"),
        layers=tuple(_layer(page, node) for node in page.items(top.get("layers"), "layers")),
        calls=tuple(_call(page, node) for node in page.items(top.get("calls"), "calls")),
        test_profile=page.flag(top.get("test_profile"), "test_profile"),
        settings={key: setting.value for key, setting in settings.items()},
        setting_cites={key: setting.cite for key, setting in settings.items()},
        plan_settings=_plan_settings(page, top.get("plan_settings")),
    )
    page.finish()
    for zh, en in _contradictions(scheme, plans, programmes):
        page.issues.append(issues.scheme_inconsistent(tree.place, zh, en))
    page.finish()
    return scheme


def programme_of(tree: Tree, name: str) -> Programme:
    """Take a programme file as text; the programme room reads its clauses.

    Raises:
        AdapterError: POL-21x when the head is not there.
    """
    page = Page()
    top = page.any_table(tree, "programme")
    page.issues += [issues.key_absent(tree.place, key) for key in ("programme", "title") if key not in top]
    found = page.text(top.get("programme"), "programme")
    if found and found != name:
        page.issues.append(issues.name_differs(top["programme"].place, found, name))
    title = page.title(top["title"], "title") if "title" in top else Title("", "")
    page.finish()
    document = tree.plain()
    assert isinstance(document, Mapping)
    return Programme(name=name, title=title, version=short_hash(plain(document)), document=document)


def _valid(page: Page, tree: Tree | None) -> Period:
    if tree is None:
        return Period(start=page.day(None, "from"))
    found = page.table(tree, "valid", needs=("from",), may=("to",))
    start = page.day(found.get("from"), "from")
    end = page.day(found["to"], "to") if "to" in found else None
    if end is not None and end < start:
        page.refuse(tree, "valid", "起日不晚于止日", "a first day that is not after the last")
        end = None
    return Period(start, end)


def _layer(page: Page, tree: Tree) -> Layer:
    found = page.table(tree, "layer", needs=("payer", "plan"))
    return Layer(_member(page, Payer, found.get("payer"), "payer"), page.text(found.get("plan"), "plan"))


def _call(page: Page, tree: Tree) -> Call:
    found = page.table(tree, "call", needs=("name", "payers", "authority"), may=("endpoint",))
    return Call(
        name=page.text(found.get("name"), "name"),
        endpoint=page.text(found["endpoint"], "endpoint") if "endpoint" in found else "",
        payers=tuple(_member(page, Payer, node, "payers") for node in page.items(found.get("payers"), "payers")),
        authority=_member(page, Authority, found.get("authority"), "authority"),
    )


def _member(page: Page, kind: type[_Enum], tree: Tree | None, what: str) -> _Enum:
    text = page.text(tree, what)
    if text in tuple(kind):
        return kind(text)
    if tree is not None:
        page.refuse(tree, what, f"{'、'.join(kind)} 之一", f"one of {', '.join(kind)}")
    return next(iter(kind))


def _settings(page: Page, tree: Tree | None) -> dict[str, Setting]:
    """``name: {value, cite}``: whoever fills in a blank says where the value comes from."""
    if tree is None:
        return {}
    settings = {}
    for name, node in page.any_table(tree, "settings").items():
        found = page.table(node, name, may=("value", "cite"))
        if "cite" not in found:
            page.issues.append(issues.uncited(node.place, name))
        if "value" not in found:
            page.issues.append(issues.key_absent(node.place, f"{name}.value"))
            continue
        settings[name] = Setting(found["value"].plain(), page.text(found.get("cite"), "cite"))
    return settings


def _plan_settings(page: Page, tree: Tree | None) -> dict[str, dict[str, Setting]]:
    if tree is None:
        return {}
    return {name: _settings(page, node) for name, node in page.any_table(tree, "plan_settings").items()}


def _contradictions(
    scheme: Scheme, plans: Mapping[str, Policy], programmes: Mapping[str, Programme]
) -> list[tuple[str, str]]:
    found = []
    if scheme.programme not in programmes:
        found.append((f"没有项目“{scheme.programme}”", f"there is no programme '{scheme.programme}'"))
    for layer in scheme.layers:
        plan = plans.get(layer.plan)
        if plan is None:
            found.append((f"没有计划“{layer.plan}”", f"there is no plan '{layer.plan}'"))
        elif plan.payer != layer.payer:
            found.append(
                (f"计划“{layer.plan}”不是 {layer.payer} 的", f"plan '{layer.plan}' is not one of {layer.payer}")
            )
        elif plan.test_profile and not scheme.test_profile:
            found.append(
                (
                    f"计划“{layer.plan}”是测试参数,方案须标 test_profile",
                    f"plan '{layer.plan}' is a test profile, the scheme is not",
                )
            )
    for call in scheme.calls:
        if not call.is_sent and call.authority is not Authority.ADAPTER:
            zh = f"调用“{call.name}”没有 endpoint,只有 authority: adapter 可以没有"
            en = f"call '{call.name}' has no endpoint, which only authority: adapter may lack"
            found.append((zh, en))
    asked = [payer for call in scheme.calls for payer in call.payers]
    if sorted(asked) != sorted(scheme.order) or len(set(asked)) != len(asked):
        found.append(("每个支付方须且只须由一次调用答复", "every layer's payer must stand in exactly one call"))
    return found
