"""A policy text as a tree that knows its lines; every scalar is text (原文树)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from adapter.model.issues import AdapterError, Issue
from adapter.rules.policy import issues
from adapter.rules.policy.document import Title
from adapter.rules.policy.parameters import Raw


@dataclass(frozen=True, slots=True)
class Tree:
    """One node: text, a list, or a table, and where it stands (``file:line``)."""

    place: str
    value: str | tuple[Tree, ...] | dict[str, Tree]

    def plain(self) -> Raw:
        """The value without its places."""
        if isinstance(self.value, str):
            return self.value
        if isinstance(self.value, tuple):
            return tuple(item.plain() for item in self.value)
        return {key: item.plain() for key, item in self.value.items()}


def tree_of(value: object, place: str) -> Tree:
    """A tree from plain Python values, as a program hands them over.

    Raises:
        AdapterError: POL-216 for a float, a truth value or anything else that is not text in disguise.
    """
    if isinstance(value, str):
        return Tree(place, value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Tree(place, format(value, "f") if isinstance(value, Decimal) else str(value))
    if isinstance(value, Mapping):
        return Tree(place, {str(key): tree_of(item, f"{place}/{key}") for key, item in value.items()})
    if isinstance(value, Iterable):
        return Tree(place, tuple(tree_of(item, f"{place}[{index}]") for index, item in enumerate(value)))
    raise AdapterError(
        issues.bad_value(place, type(value).__name__, "文本(不得用浮点数或真假值)", "text, no float or bool")
    )


class Page:
    """Reads a tree key by key and gathers what is wrong, so that a person mends a file in one go."""

    def __init__(self) -> None:
        self.issues: list[Issue] = []

    def table(self, tree: Tree, what: str, *, needs: Iterable[str] = (), may: Iterable[str] = ()) -> dict[str, Tree]:
        """A table whose keys are all known and whose needed keys are there."""
        found = self.any_table(tree, what)
        known = {*needs, *may}
        self.issues += [issues.key_not_allowed(item.place, key) for key, item in found.items() if key not in known]
        self.issues += [issues.key_absent(tree.place, key) for key in needs if key not in found]
        return found

    def any_table(self, tree: Tree, what: str) -> dict[str, Tree]:
        """A table with free keys."""
        if isinstance(tree.value, dict):
            return tree.value
        self.refuse(tree, what, "键值表", "a table of keys and values")
        return {}

    def text(self, tree: Tree | None, what: str) -> str:
        """A text that is not empty; an absent one was reported by ``table`` already."""
        if tree is None:
            return ""
        if isinstance(tree.value, str) and tree.value.strip():
            return tree.value
        self.refuse(tree, what, "非空文本", "text that is not empty")
        return ""

    def title(self, tree: Tree | None, what: str) -> Title:
        """``{zh: …, en: …}``."""
        if tree is None:
            return Title("", "")
        found = self.table(tree, what, needs=("zh", "en"))
        return Title(self.text(found.get("zh"), "zh"), self.text(found.get("en"), "en"))

    def texts(self, tree: Tree | None, what: str) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(self.text(item, what) for item in self.items(tree, what))

    def items(self, tree: Tree | None, what: str) -> tuple[Tree, ...]:
        """A list."""
        if tree is None:
            return ()
        if isinstance(tree.value, tuple):
            return tree.value
        self.refuse(tree, what, "列表", "a list")
        return ()

    def flag(self, tree: Tree | None, what: str) -> bool:
        """``true`` or ``false``; absent is false."""
        if tree is None:
            return False
        if tree.value in ("true", "false"):
            return tree.value == "true"
        self.refuse(tree, what, "true 或 false", "true or false")
        return False

    def day(self, tree: Tree | None, what: str) -> date:
        """A date written YYYY-MM-DD."""
        if tree is None:
            return date.min
        return self.date_of(self.text(tree, what), tree, what)

    def date_of(self, text: str, tree: Tree, what: str) -> date:
        """A date from a text that stands at ``tree``."""
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.refuse(tree, what, "日期 2024-03-01", "a date like 2024-03-01")
            return date.min

    def refuse(self, tree: Tree, what: str, zh: str, en: str) -> None:
        """Remember that something else was wanted here."""
        self.issues.append(issues.bad_value(tree.place, what, zh, en))

    def finish(self) -> None:
        """Raise AdapterError with everything that was found, if anything was."""
        if self.issues:
            raise AdapterError(*self.issues)
