"""Reading a programme file's text into Terms; refuses what no rule understands (读取条款)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import NoReturn, TypeVar

from adapter.model.case import DepositState, EntitlementState
from adapter.model.issues import AdapterError, Issue, SettingMissing
from adapter.model.reference import Cause, DocumentKind, ItemKind
from adapter.model.window import CheckStep
from adapter.rules.policy.parameters import Raw
from adapter.rules.policy.scheme import Programme
from adapter.rules.programme import issues
from adapter.rules.programme.conditions import CHECKS
from adapter.rules.programme.terms import (
    QUALIFIERS,
    AmountExclusion,
    CauseExclusion,
    Condition,
    DepositRule,
    ItemExclusion,
    Paperwork,
    Proof,
    Setting,
    Terms,
    Text,
)

_Enum = TypeVar("_Enum", bound=StrEnum)

Node = Mapping[str, Raw]

_WORDS = frozenset({"zh", "en", "cite"})
_CLAUSE = _WORDS | {"rule", "not_met", "unknown", "emergency"}
_HEAD = frozenset({"programme", "title", "document", "settings", "switches"})
_TOP = _HEAD | {"emergency", "conditions", "documents", "papers_returned", "exclusions", "deposit"}
_TOP |= {"collection", "notices", "consent", "checks", "warnings"}
_PROOF_KEYS = frozenset({"kind", "form", "keep", "this_year", "two_step", "switch"})


class Reader:
    """One programme file, with the settings of a scheme laid over it. Every scalar is text."""

    def __init__(self, programme: Programme, settings: Node) -> None:
        self.document = programme.document
        self.settings = settings
        self.name = programme.name

    def refuse(self, where: str, zh: str, en: str) -> NoReturn:
        raise AdapterError(issues.clause_unreadable(self.name, where, zh, en))

    def node(self, parent: Node, key: str, where: str) -> Node:
        value = parent.get(key, {})
        if not isinstance(value, Mapping):
            self.refuse(f"{where}/{key}".lstrip("/"), "应为键值表", "a mapping is wanted")
        return value

    def nodes(self, parent: Node, key: str, where: str) -> Iterable[tuple[str, Node]]:
        """A mapping of mappings, in the file's order."""
        inside = self.node(parent, key, where)
        return [(name, self.node(inside, name, f"{where}/{key}".lstrip("/"))) for name in inside]

    def rows(self, parent: Node, key: str) -> Iterable[Node]:
        """A list of mappings."""
        value = parent.get(key, ())
        if not isinstance(value, tuple):
            self.refuse(key, "应为列表", "a list is wanted")
        for row in value:
            if not isinstance(row, Mapping):
                self.refuse(key, "应为键值表的列表", "a list of mappings is wanted")
            self.known(row, _PROOF_KEYS, key)
            yield row

    def text(self, node: Node, where: str) -> Text:
        missing = [key for key in ("zh", "en", "cite") if not node.get(key)]
        if missing:
            self.refuse(where, f"缺少 {'、'.join(missing)}", f"{', '.join(missing)} missing")
        return Text(zh=str(node["zh"]), en=str(node["en"]), cite=str(node["cite"]))

    def member(self, kind: type[_Enum], value: object, where: str) -> _Enum:
        try:
            return kind(str(value))
        except ValueError:
            known = ", ".join(kind)
            self.refuse(where, f"“{value}”不在 {known} 之中", f"'{value}' is none of {known}")

    def known(self, found: Iterable[str], words: Iterable[str], where: str) -> None:
        """Refuse a mistyped word: it would silently be no rule at all."""
        strange = sorted(set(found) - set(words))
        if strange:
            self.refuse(where, f"不认识 {'、'.join(strange)}", f"unknown: {', '.join(strange)}")

    def state(self, node: Node, key: str, where: str) -> EntitlementState:
        return self.member(EntitlementState, node.get(key, ""), f"{where}/{key}")

    def excused(self, node: Node, where: str) -> EntitlementState | None:
        return self.state(node, "emergency", where) if "emergency" in node else None


def many(value: Raw | None) -> tuple[str, ...]:
    """A list, or a single text, as a tuple; nothing is empty."""
    if not value:
        return ()
    return tuple(str(each) for each in value) if isinstance(value, tuple) else (str(value),)


def settings_of(programme: Programme) -> tuple[Setting, ...]:
    """Every blank of the source, in the file's order."""
    reader = Reader(programme, {})
    return tuple(
        Setting(name, str(node.get("needed_for", "")), reader.text(node, f"settings/{name}"))
        for name, node in reader.nodes(programme.document, "settings", "")
    )


def missing_settings(programme: Programme, settings: Node, purpose: str | None = None) -> tuple[Issue, ...]:
    """What still has to be filled in, each with its article.

    Args:
        purpose: look at the settings of one purpose only (``admission`` …); None: at all of them.
            Those needed for admission stop the work (error); the others are warnings.
    """
    return tuple(
        issues.setting_unset(
            programme.name,
            each.name,
            each.text.zh,
            each.text.en,
            each.text.cite,
            stops=each.needed_for == "admission",
        )
        for each in settings_of(programme)
        if not many(settings.get(each.name)) and purpose in (None, each.needed_for)
    )


def read_terms(programme: Programme, settings: Node) -> Terms:
    """The programme of a region, ready to be applied.

    Raises:
        SettingMissing: PRG-201 for everything unset, as soon as something that admission needs is among it.
        AdapterError: PRG-202 for a clause that no rule understands, PRG-203 for an unreadable setting.
    """
    if missing_settings(programme, settings, "admission"):
        raise SettingMissing(*missing_settings(programme, settings))
    reader, document = Reader(programme, settings), programme.document
    reader.known(document, _TOP, "")
    exclusions = reader.node(document, "exclusions", "")
    deposit = reader.node(document, "deposit", "")
    emergency = reader.node(document, "emergency", "")
    switches = _switches(reader)
    return Terms(
        programme=programme.name,
        version=programme.version,
        effective_from=_effective_from(reader),
        facilities=frozenset(many(settings.get("facilities"))),
        switches=switches,
        conditions=tuple(_condition(reader, *each, switches) for each in reader.nodes(document, "conditions", "")),
        paperwork=tuple(_paperwork(reader, *each, switches) for each in reader.nodes(document, "documents", "")),
        causes=tuple(_cause(reader, *each) for each in reader.nodes(exclusions, "causes", "exclusions")),
        items=tuple(
            _items(reader, reader.nodes(exclusions, "items", "exclusions"), switches.get("own_pay_groups", ()))
        ),
        amount=_amount(reader, reader.node(exclusions, "amount", "exclusions")),
        deposit_entitled=_deposit(reader, deposit, "entitled"),
        deposit_refused=_deposit(reader, deposit, "refused"),
        papers_returned=reader.text(reader.node(document, "papers_returned", ""), "papers_returned"),
        emergency=reader.text(emergency, "emergency") if emergency else None,
        emergency_rule=str(emergency.get("rule", "")),
        consent=_consent(reader),
        checks=_checks(reader),
    )


def _consent(reader: Reader) -> dict[ItemKind, Text]:
    """Kinds of items outside the catalogue that want a consent before use."""
    found = {}
    for kind, node in reader.nodes(reader.document, "consent", ""):
        reader.known(node, _WORDS | {"rule"}, f"consent/{kind}")
        found[reader.member(ItemKind, kind, "consent")] = reader.text(node, f"consent/{kind}")
    return found


def _checks(reader: Reader) -> dict[str, Text]:
    """Steps that want a named person."""
    found = {}
    for step, node in reader.nodes(reader.document, "checks", ""):
        reader.known([step], CheckStep, "checks")
        reader.known(node, _WORDS | {"rule"}, f"checks/{step}")
        found[step] = reader.text(node, f"checks/{step}")
    return found


def _effective_from(reader: Reader) -> date:
    value = many(reader.settings.get("effective_from"))
    try:
        return date.fromisoformat(value[0])
    except ValueError:
        issue = issues.setting_unreadable(reader.name, "effective_from", "日期(2017-11-01)", "a date like 2017-11-01")
        raise AdapterError(issue) from None


def _switches(reader: Reader) -> dict[str, tuple[str, ...]]:
    """The adapter's defaults for what the words leave open, or the region's own choice from its settings."""
    chosen = {}
    blanks = reader.node(reader.document, "settings", "")
    for name in reader.settings.keys() - blanks.keys() - reader.node(reader.document, "switches", "").keys():
        raise AdapterError(issues.setting_unknown(reader.name, name))
    for name, node in reader.nodes(reader.document, "switches", ""):
        reader.text(node, f"switches/{name}")
        value = many(reader.settings.get(name)) or many(node.get("value"))
        allowed = many(node.get("one_of"))
        if not value or not set(value) <= set(allowed):
            wanted = ", ".join(allowed)
            raise AdapterError(issues.setting_unreadable(reader.name, name, f"{wanted} 之一", f"one of {wanted}"))
        chosen[name] = value
    return chosen


def _condition(reader: Reader, code: str, node: Node, switches: Mapping[str, tuple[str, ...]]) -> Condition:
    where = f"conditions/{code}"
    reader.known(node, _CLAUSE | {"check", "needs"}, where)
    reader.known([str(node.get("check"))], CHECKS, f"{where}/check")
    check = CHECKS[str(node["check"])]
    needs = node.get("needs")
    values = _switched(reader, needs, switches, f"{where}/needs") if isinstance(needs, Mapping) else many(needs)
    reader.known(values, check.needs, f"{where}/needs")
    return Condition(
        code=code,
        check=check.look,
        rule=str(node.get("rule", "")),
        text=reader.text(node, where),
        not_met=reader.state(node, "not_met", where),
        unknown=reader.state(node, "unknown", where),
        excused=reader.excused(node, where),
        needs=values,
    )


def _switched(reader: Reader, node: Node, switches: Mapping[str, tuple[str, ...]], where: str) -> tuple[str, ...]:
    """The value of the switch that a clause points to."""
    name = str(node.get("switch"))
    reader.known([name], switches, where)
    return switches[name]


def _paperwork(reader: Reader, name: str, node: Node, switches: Mapping[str, tuple[str, ...]]) -> Paperwork:
    where = f"documents/{name}"
    reader.known(node, _CLAUSE | {"custody_cite", "any_of", "declined"}, where)
    return Paperwork(
        name=name,
        rule=str(node.get("rule", "")),
        text=reader.text(node, where),
        proofs=tuple(_proof(reader, proof, where) for proof in _accepted(reader, node, switches)),
        custody_cite=str(node.get("custody_cite", node["cite"])),
        not_met=reader.state(node, "not_met", where),
        unknown=reader.state(node, "unknown", where),
        excused=reader.excused(node, where),
        declined=reader.state(node, "declined", where) if "declined" in node else None,
    )


def _accepted(reader: Reader, node: Node, switches: Mapping[str, tuple[str, ...]]) -> Iterable[Node]:
    """The proofs of a requirement, without those that a switch leaves out."""
    for proof in reader.rows(node, "any_of"):
        if "switch" not in proof or _switched(reader, proof, switches, "any_of/switch") == ("yes",):
            yield proof


def _proof(reader: Reader, node: Node, where: str) -> Proof:
    form, keep = str(node.get("form", "original")), str(node.get("keep", "none"))
    if form not in ("original", "copy") or keep not in ("original", "copy", "none"):
        reader.refuse(where, "form 或 keep 应为 original、copy(keep 可为 none)", "form and keep are original or copy")
    return Proof(
        kind=reader.member(DocumentKind, node.get("kind", ""), where),
        form=form,
        keep=keep,
        this_year=node.get("this_year") == "yes",
        two_step=node.get("two_step") == "yes",
    )


def _cause(reader: Reader, code: str, node: Node) -> CauseExclusion:
    where = f"exclusions/causes/{code}"
    reader.known(node, _CLAUSE - {"not_met", "emergency"} | {"causes", "only_if", "review_if"}, where)
    reader.known(many(node.get("only_if")), ("non-emergency", "third-party"), f"{where}/only_if")
    reader.known(many(node.get("review_if")), ("emergency",), f"{where}/review_if")
    return CauseExclusion(
        code=code,
        rule=str(node.get("rule", "")),
        text=reader.text(node, where),
        causes=frozenset(reader.member(Cause, cause, where) for cause in many(node.get("causes"))),
        only_if=many(node.get("only_if")),
        review_if=many(node.get("review_if")),
        unknown=reader.state(node, "unknown", where),
    )


def _items(reader: Reader, clauses: Iterable[tuple[str, Node]], own_pay: tuple[str, ...]) -> Iterable[ItemExclusion]:
    """Clauses to one exclusion per group."""
    for name, node in clauses:
        where = f"exclusions/items/{name}"
        reader.known(node, _WORDS | {"rule", "codes", "groups"}, where)
        cite = reader.text(node, where).cite
        reader.known(reader.node(node, "groups", where), many(node.get("codes")), f"{where}/groups")
        for group in many(node.get("codes")):
            detail = reader.node(reader.node(node, "groups", where), group, f"{where}/groups")
            words = reader.text({"cite": cite, **detail}, f"{where}/groups/{group}")
            unless = str(detail["unless"]) if "unless" in detail else None
            reader.known(detail, _WORDS | {"unless"}, f"{where}/groups/{group}")
            reader.known(many(unless), QUALIFIERS, f"{where}/groups/{group}")
            yield ItemExclusion(group, str(node.get("rule", "")), words, unless, group in own_pay)


def _amount(reader: Reader, node: Node) -> AmountExclusion | None:
    if not node:
        return None
    where = "exclusions/amount"
    reader.known(node, _WORDS | {"rule", "causes", "unknown"}, where)
    return AmountExclusion(
        rule=str(node.get("rule", "")),
        text=reader.text(node, where),
        causes=frozenset(reader.member(Cause, cause, where) for cause in many(node.get("causes"))),
        unknown=reader.state(node, "unknown", where),
    )


def _deposit(reader: Reader, node: Node, key: str) -> DepositRule:
    rule = reader.node(node, key, "deposit")
    where = f"deposit/{key}"
    return DepositRule(reader.member(DepositState, rule.get("state", ""), where), reader.text(rule, where))
