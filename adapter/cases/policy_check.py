"""Hold policy files against themselves and against the others, with file and line (政策文件检查)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from adapter.model.issues import AdapterError, Issue, stopping
from adapter.rules.policy import issues
from adapter.rules.policy.check import check_plan, gaps_of
from adapter.rules.policy.load import load_book, survey_tree
from adapter.rules.policy.scheme import Scheme
from adapter.rules.policy.scheme_file import programme_of, scheme_of
from adapter.rules.policy.tree import Tree
from adapter.rules.programme import missing_settings, settings_of
from adapter.rules.settlement.switches import ALWAYS, READS


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in one file.

    Attributes:
        kind: ``plan``, ``layers`` (of a what-if), ``scheme``, ``programme``; ``unknown`` where it cannot be read.
        gaps: (place, parameter) that the source does not print: the layer is not modelled where it needs them.
    """

    file: str
    kind: str
    issues: tuple[Issue, ...]
    gaps: tuple[tuple[str, str], ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the file may be used."""
        return not stopping(self.issues)


def check_files(files: Sequence[Path], mappings: Path) -> list[Checked]:
    """Check each file by what it is; a scheme is held against the plans, programmes and schemes in ``mappings``."""
    return [_checked(file, mappings) for file in files]


def _checked(file: Path, mappings: Path) -> Checked:
    try:
        tree, found = survey_tree(file, str(file))
    except AdapterError as error:
        return Checked(str(file), "unknown", error.issues)
    top = tree.value if isinstance(tree.value, dict) else {}
    if "layers" in top and "scheme" not in top:
        layers = top["layers"].value
        nodes = layers if isinstance(layers, tuple) else ()
        found += [issue for node in nodes for issue in check_plan(node, READS, ALWAYS, undated=True)]
        return Checked(str(file), "layers", tuple(found), tuple(gap for node in nodes for gap in gaps_of(node)))
    if "policy" in top:
        found += check_plan(tree, READS, ALWAYS, name=_name_by_place(file))
        return Checked(str(file), "plan", _each_once(found), tuple(gaps_of(tree)))
    if "scheme" in top:
        return Checked(str(file), "scheme", _each_once([*found, *_scheme(tree, file, mappings)]))
    if "programme" in top:
        return Checked(str(file), "programme", _each_once([*found, *_programme(tree, file)]))
    wanted = "policy、scheme、programme 或 layers", "a policy, scheme, programme or layers file"
    return Checked(str(file), "unknown", (*found, issues.bad_value(tree.place, file.name, *wanted)))


def _name_by_place(file: Path) -> str | None:
    """``place/payer`` for a file below a ``plans`` folder; elsewhere a plan may be called as it likes."""
    folder = file.resolve().parent
    return f"{folder.name}/{file.stem}" if folder.parent.name == "plans" else None


def _scheme(tree: Tree, file: Path, mappings: Path) -> list[Issue]:
    try:
        book = load_book(mappings)
        scheme = scheme_of(tree, file.stem, book.plans, book.programmes)
    except AdapterError as error:
        return list(error.issues)
    top = tree.value
    place = top["valid"].place if isinstance(top, dict) else tree.place
    others = [other for name, other in book.schemes.items() if name != scheme.name]
    found = [
        issues.schemes_share_days(place, source, other.name, str(other.valid))
        for other in others
        for source in scheme.sources
        if source in other.sources and _share_a_day(scheme, other)
    ]
    found += missing_settings(book.programme(scheme.programme), scheme.settings)
    try:
        for layer in scheme.layers:
            plan = book.plan(layer.plan)
            settings = scheme.plan_settings.get(layer.plan, {})
            found += plan.with_settings(settings).missing()
    except AdapterError as error:
        found += error.issues
    return found


def _share_a_day(one: Scheme, other: Scheme) -> bool:
    first, last = (
        max(one.valid.start, other.valid.start),
        [scheme.valid.end for scheme in (one, other) if scheme.valid.end is not None],
    )
    return not last or first <= min(last)


def _programme(tree: Tree, file: Path) -> list[Issue]:
    try:
        settings_of(programme_of(tree, file.stem))
    except AdapterError as error:
        return list(error.issues)
    return []


def _each_once(found: Sequence[Issue]) -> tuple[Issue, ...]:
    return tuple(dict.fromkeys(found))
