"""A resource against a profile: cardinalities, fixed values and patterns, bindings, types, slices, extensions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from adapter.fhir.canonical import canonical, encode
from adapter.fhir.identity import CANON
from adapter.fhir.profiles import issues
from adapter.fhir.profiles.constraints import holds
from adapter.fhir.profiles.load import Profiles
from adapter.fhir.profiles.tree import Node, Tree
from adapter.fhir.rules_base import objects
from adapter.fhir.schema.compiled import path_text
from adapter.model.issues import Issue

_HL7 = "http://hl7.org/fhir/StructureDefinition/"


def profile_findings(resource: Mapping[str, Any], profiles: Profiles, *, wanted: Tree | None = None) -> Iterator[Issue]:
    """Issues of one sound resource against the profile that is asked for, or else those that it claims itself.

    Args:
        wanted: a profile of the resource's type.
    """
    where = f"{resource['resourceType']}/{resource.get('id', '?')}"
    yield from _extensions(resource, where, profiles)
    if wanted is not None:
        yield from _against(resource, wanted, where, profiles)
        return
    for index, url in enumerate(resource.get("meta", {}).get("profile", ())):
        tree = profiles.tree(url)
        if tree is None and not url.startswith(_HL7):
            yield issues.profile_unknown(f"{where}.meta.profile[{index}]", url)
        elif tree is not None:
            yield from _against(resource, tree, where, profiles)


def _against(value: Any, tree: Tree, where: str, profiles: Profiles) -> Iterator[Issue]:
    if (base := profiles.tree(tree.base)) is not None:
        yield from _against(value, base, where, profiles)
    if isinstance(value, dict) and value.get("resourceType", tree.kind) != tree.kind:
        yield issues.wrong_kind(where, tree.kind, tree.name)
        return
    yield from _Check(tree, profiles).value(tree.root, value, where)


def unchecked(tree: Tree, profiles: Profiles) -> list[Issue]:
    """What a profile says that nobody checks here: said once for a run, not for every resource."""
    found = [issues.not_checked(element, what, tree.name) for element, what in tree.unchecked]
    for node in _nodes(tree.root):
        binding = node.said.get("binding", {})
        if binding.get("strength") == "required" and profiles.codes(str(binding.get("valueSet"))) is None:
            where = str(node.said["path"])
            found.append(issues.not_checked(where, f"binding to {binding.get('valueSet')}", tree.name))
    return found


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for below in (*node.children.values(), *node.slices.values()):
        yield from _nodes(below)


def _extensions(resource: Mapping[str, Any], where: str, profiles: Profiles) -> Iterator[Issue]:
    """Extensions of the project that nobody defined, and those that are not as they are defined."""
    for path, node in objects(resource):
        for name in ("extension", "modifierExtension"):
            for index, one in enumerate(node.get(name, ())):
                url = one.get("url", "")
                tree = profiles.tree(url)
                place = f"{where}{path_text(path)}.{name}[{index}]"
                if tree is not None:
                    yield from _against(one, tree, place, profiles)
                elif url.startswith(f"{CANON}/"):
                    yield issues.unknown_extension(place, CANON)


class _Check:
    """One profile, read along a value."""

    def __init__(self, tree: Tree, profiles: Profiles) -> None:
        self.profile, self.profiles = tree.name, profiles

    def value(self, node: Node, value: Any, where: str) -> Iterator[Issue]:
        """One value of an element, with everything below it."""
        if node.fixed is not None and canonical(value) != canonical(node.fixed):
            yield issues.not_fixed(where, encode(node.fixed).decode(), self.profile)
        if node.pattern is not None and not _holds(node.pattern, value):
            yield issues.not_fixed(where, encode(node.pattern).decode(), self.profile)
        yield from self._bound(node, value, where)
        yield from self._targets(node, value, where)
        if not isinstance(value, dict):
            return
        for constraint in node.said.get("constraint", ()):
            if not holds(constraint, value):
                yield issues.invariant_of(where, constraint["key"], constraint.get("human", ""), self.profile)
        for url in node.profiles():
            tree = self.profiles.tree(url)
            if tree is not None and tree.kind not in ("Extension", "Reference") and "resourceType" not in value:
                yield from _against(value, tree, where, self.profiles)
        for child in node.children.values():
            yield from self._element(child, value, where)

    def _element(self, node: Node, owner: Mapping[str, Any], where: str) -> Iterator[Issue]:
        """All values of an element in its owner."""
        values: list[tuple[str, Any]] = []
        for member in _members(node.name, owner):
            if not self._allowed(node, member):
                kinds = ", ".join(str(one["code"]) for one in node.types())
                yield issues.wrong_kind(f"{where}.{member}", kinds, self.profile)
            found = owner.get(member, owner.get(f"_{member}"))
            if isinstance(found, list):
                values += [(f"{where}.{member}[{index}]", one) for index, one in enumerate(found)]
            else:
                values.append((f"{where}.{member}", found))
        yield from self._counted(node, len(values), f"{where}.{node.name}", node.name)
        for place, value in values:
            yield from self.value(node, value, place)
        yield from self._sliced(node, values, f"{where}.{node.name}")

    def _counted(self, node: Node, count: int, where: str, name: str) -> Iterator[Issue]:
        if count < node.least:
            yield issues.too_few(where, name, node.least, self.profile)
        if node.most is not None and count > node.most:
            yield issues.too_many(where, name, node.most, self.profile)

    def _sliced(self, node: Node, values: list[tuple[str, Any]], where: str) -> Iterator[Issue]:
        """Each value goes to the slice that it belongs to; a closed slicing takes no other."""
        taken: set[str] = set()
        for name, each in node.slices.items():
            mine = [(place, value) for place, value in values if _belongs(value, node, each)]
            taken |= {place for place, _ in mine}
            yield from self._counted(each, len(mine), where, f"{node.name}:{name}")
            for place, value in mine:
                yield from self.value(each, value, place)
        if node.said.get("slicing", {}).get("rules") == "closed":
            for place, _ in values:
                if place not in taken:
                    yield issues.unknown_extension(place, self.profile)

    def _allowed(self, node: Node, member: str) -> bool:
        """Whether a choice has a type that the profile leaves."""
        kinds = [str(one["code"]) for one in node.types()]
        stem = node.name.removesuffix("[x]")
        return stem == node.name or not kinds or member in {f"{stem}{kind[0].upper()}{kind[1:]}" for kind in kinds}

    def _bound(self, node: Node, value: Any, where: str) -> Iterator[Issue]:
        binding = node.said.get("binding", {})
        if binding.get("strength") != "required":
            return
        codes = self.profiles.codes(str(binding.get("valueSet")))
        if codes is None:
            return
        if isinstance(value, str):
            inside = any(code in (None, value) for _, code in codes)
        elif isinstance(value, dict):
            codings = value.get("coding", ()) if "coding" in value or "text" in value else (value,)
            pairs = [(one.get("system", ""), one.get("code")) for one in codings]
            inside = any(pair in codes or (pair[0], None) in codes for pair in pairs)
        else:
            return
        if not inside:
            yield issues.not_bound(where, str(binding["valueSet"]), self.profile)

    def _targets(self, node: Node, value: Any, where: str) -> Iterator[Issue]:
        """A relative reference names one of the types that the profile leaves."""
        named = [url for one in node.types() if one["code"] == "Reference" for url in one.get("targetProfile", ())]
        target = value.get("reference") if isinstance(value, dict) else None
        if not named or not isinstance(target, str) or target.startswith(("#", "urn:", "http:", "https:")):
            return
        own = {url: self.profiles.tree(url) for url in named}
        kinds = sorted({tree.kind if tree is not None else url.rpartition("/")[2] for url, tree in own.items()})
        if "Resource" not in kinds and target.partition("/")[0].partition("?")[0] not in kinds:
            yield issues.wrong_kind(f"{where}.reference", ", ".join(kinds), self.profile)


def _members(name: str, owner: Mapping[str, Any]) -> list[str]:
    """Members of an object that are the element: itself, or of a choice every one that begins with its stem."""
    stem = name.removesuffix("[x]")
    plain = dict.fromkeys(member.removeprefix("_") for member in owner)
    if stem == name:
        return [name] if name in plain else []
    return [member for member in plain if member.startswith(stem) and member[len(stem) : len(stem) + 1].isupper()]


def _belongs(value: Any, node: Node, slice_: Node) -> bool:
    """Whether a value belongs to a slice: an extension by its address, others by the slicing's discriminators."""
    if node.name in ("extension", "modifierExtension") and slice_.profiles():
        return isinstance(value, dict) and value.get("url") in {url.partition("|")[0] for url in slice_.profiles()}
    paths = [one["path"] for one in node.said.get("slicing", {}).get("discriminator", ())]
    paths = paths or (["url"] if node.name in ("extension", "modifierExtension") else [])
    return bool(paths) and all(_distinguished(value, slice_, path) for path in paths)


def _distinguished(value: Any, slice_: Node, path: str) -> bool:
    """Whether a value has at a path what the slice fixes there."""
    node: Node | None = slice_
    if path != "$this":
        for step in path.split("."):
            node = node.children.get(step) if node is not None else None
            value = value.get(step) if isinstance(value, dict) else None
    if node is None:
        return False
    wanted = node.fixed if node.fixed is not None else node.pattern
    return wanted is not None and _holds(wanted, value)


def _holds(pattern: Any, value: Any) -> bool:
    """Whether a value holds everything that a pattern has: members of objects, and of lists each in any place."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            name in value and _holds(its, value[name]) for name, its in pattern.items()
        )
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(_holds(one, each) for each in value) for one in pattern)
    return canonical(pattern) == canonical(value)
