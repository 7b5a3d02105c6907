"""Window facts by stay: what clerk, doctor and verifier established (窗口登记).

YAML is read with every scalar as text; a key that stands twice spoils its stay only, an unreadable file all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import yaml

from adapter.intake.reference import issues
from adapter.model.issues import Issue
from adapter.model.money import Money
from adapter.model.reference import Cause, DocumentFact, DocumentKind, WindowFacts

_E = TypeVar("_E", bound=StrEnum)
_FLAGS = {"yes": True, "no": False}
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_DOCUMENT_KEYS = frozenset({"kind", "original", "issuer", "confirmed_by", "year"})


class Window(dict[str, WindowFacts]):
    """Window facts by stay key; a dict that also knows what could not be read.

    Attributes:
        issues: REF-110 to REF-112, with file, stay and field.
    """

    def __init__(self, facts: Mapping[str, WindowFacts], found: tuple[Issue, ...]) -> None:
        super().__init__(facts)
        self.issues = found


def load_window(path: Path) -> Window:
    """Load ``window.yaml``. Nothing is raised: a stay whose entry cannot be read has an issue and no facts."""
    if not path.is_file():
        return Window({}, (issues.table_missing(path.name),))
    try:
        root = yaml.compose(path.read_bytes().decode("utf-8-sig"), Loader=yaml.BaseLoader)
    except UnicodeDecodeError:
        return Window({}, (issues.encoding_wrong(path.name),))
    except yaml.YAMLError:
        return Window({}, (issues.window_unreadable(path.name),))
    if root is None:
        return Window({}, ())
    if not isinstance(root, yaml.MappingNode):
        return Window({}, (issues.window_unreadable(path.name),))
    facts: dict[str, WindowFacts] = {}
    lines: dict[str, int] = {}
    found: list[Issue] = []
    for key_node, value_node in root.value:
        stay_key, line = str(key_node.value), key_node.start_mark.line + 1
        pointer = f"{path.name}#{stay_key}"
        if stay_key in lines:
            found.append(issues.window_key_repeated(pointer, lines[stay_key]))
            facts.pop(stay_key, None)
            continue
        lines[stay_key] = line
        try:
            facts[stay_key] = _facts(stay_key, _Entry(pointer, _mapping(value_node, pointer)))
        except _Unreadable as unreadable:
            found.append(unreadable.issue)
    return Window(facts, tuple(found))


class _Unreadable(Exception):
    """An entry that cannot be read; carries its issue."""

    def __init__(self, issue: Issue) -> None:
        self.issue = issue
        super().__init__(issue.en)


def _wrong(pointer: str, zh: str, en: str) -> _Unreadable:
    return _Unreadable(issues.window_entry_wrong(pointer, zh, en))


def _mapping(node: yaml.Node, pointer: str) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        raise _wrong(pointer, "键值对", "a mapping of keys")
    found: dict[str, yaml.Node] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        if key in found:
            raise _Unreadable(issues.window_key_repeated(f"{pointer}/{key}", found[key].start_mark.line + 1))
        found[key] = value_node
    return found


@dataclass(frozen=True, slots=True)
class _Entry:
    """One mapping of the file: typed access that names the field when it fails."""

    pointer: str
    nodes: dict[str, yaml.Node]

    def only(self, known: frozenset[str]) -> None:
        for key in self.nodes:
            if key not in known:
                listed = " · ".join(sorted(known))
                raise _wrong(f"{self.pointer}/{key}", f"已知的键({listed})", f"a known key ({listed})")

    def text(self, key: str) -> str | None:
        node = self.nodes.get(key)
        if node is None:
            return None
        if not isinstance(node, yaml.ScalarNode):
            raise _wrong(f"{self.pointer}/{key}", "文字", "text")
        return str(node.value).strip() or None

    def flag(self, key: str) -> bool | None:
        found = self.text(key)
        if found is not None and found not in _FLAGS:
            raise _wrong(f"{self.pointer}/{key}", "yes 或 no", "yes or no")
        return None if found is None else _FLAGS[found]

    def choice(self, key: str, kind: type[_E]) -> _E | None:
        found = self.text(key)
        if found is None:
            return None
        if found not in [each.value for each in kind]:
            listed = " · ".join(kind)
            raise _wrong(f"{self.pointer}/{key}", f"其中之一:{listed}", f"one of {listed}")
        return kind(found)

    def converted(self, key: str, convert: Callable[[str], object], zh: str, en: str) -> object | None:
        found = self.text(key)
        if found is None:
            return None
        try:
            return convert(found)
        except ValueError:
            raise _wrong(f"{self.pointer}/{key}", zh, en) from None

    def day(self, key: str) -> date | None:
        found = self.converted(key, _day, "日期 YYYY-MM-DD", "a date as YYYY-MM-DD")
        return found if isinstance(found, date) else None

    def money(self, key: str) -> Money | None:
        found = self.converted(key, Money.yuan, "金额(元,最多两位小数)", "an amount in yuan with at most two decimals")
        return found if isinstance(found, Money) else None

    def whole(self, key: str) -> int | None:
        found = self.converted(key, _year, "四位年份", "a four-digit year")
        return found if isinstance(found, int) else None

    def sequence(self, key: str) -> list[yaml.Node]:
        node = self.nodes.get(key)
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            raise _wrong(f"{self.pointer}/{key}", "列表", "a list")
        return list(node.value)


_WINDOW_KEYS = frozenset(
    {
        *("cause", "emergency", "emergency_decided_by", "third_party", "third_party_amount", "settled_on"),
        *("verifier", "admission_order", "consents", "documents"),
    }
)


def _facts(stay_key: str, entry: _Entry) -> WindowFacts:
    entry.only(_WINDOW_KEYS)
    amount = entry.money("third_party_amount")
    if amount is not None and amount.fen < 0:
        raise _wrong(f"{entry.pointer}/third_party_amount", "非负金额", "an amount that is not negative")
    return WindowFacts(
        stay_key=stay_key,
        cause=entry.choice("cause", Cause),
        emergency=entry.flag("emergency"),
        emergency_decided_by=entry.text("emergency_decided_by"),
        third_party=entry.flag("third_party"),
        third_party_amount=amount,
        documents=tuple(
            _document(node, f"{entry.pointer}/documents[{n}]") for n, node in _numbered(entry, "documents")
        ),
        verifier=entry.text("verifier"),
        admission_order=entry.text("admission_order"),
        consents=tuple(_scalar(node, f"{entry.pointer}/consents[{n}]") for n, node in _numbered(entry, "consents")),
        settled_on=entry.day("settled_on"),
    )


def _numbered(entry: _Entry, key: str) -> enumerate[yaml.Node]:
    return enumerate(entry.sequence(key))


def _document(node: yaml.Node, pointer: str) -> DocumentFact:
    entry = _Entry(pointer, _mapping(node, pointer))
    entry.only(_DOCUMENT_KEYS)
    kind = entry.choice("kind", DocumentKind)
    if kind is None:
        raise _wrong(f"{pointer}/kind", "证件种类", "a kind of document")
    return DocumentFact(
        kind=kind,
        original=entry.flag("original") is not False,
        issuer=entry.text("issuer"),
        confirmed_by=entry.text("confirmed_by"),
        year=entry.whole("year"),
    )


def _scalar(node: yaml.Node, pointer: str) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise _wrong(pointer, "文字", "text")
    return str(node.value)


def _day(text: str) -> date:
    if not _ISO_DAY.match(text):
        raise ValueError("not YYYY-MM-DD")
    return date.fromisoformat(text)


def _year(text: str) -> int:
    if not (len(text) == 4 and text.isascii() and text.isdigit()):
        raise ValueError("not a year")
    return int(text)
