"""Elements that the other version does not have, as HL7's cross-version extensions, and back (跨版本扩展).

An element stands in an extension named after its path in its own version
(``http://hl7.org/fhir/4.0/StructureDefinition/extension-Encounter.classHistory``), on what its parent has become. A
list gives one extension an entry; what has elements of its own gives an extension of extensions, named by the
elements' names; a data type that the other version does not have names itself in ``_datatype``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from adapter.fhir.r5.plan import Kind, members, stem
from adapter.fhir.r5.tables import CARRIES
from adapter.fhir.schema.compiled import Version, definition

Json = dict[str, Any]

#: A value and what stands beside it where it is a primitive (``_birthDate``); either may be None.
Item = tuple[Any, Any]

#: Says which data type an extension of extensions is.
_DATA_TYPE = "_datatype"


class Converting(Protocol):
    """A walk from one version to the other, as far as it is needed here."""

    towards: Version

    def complex(self, value: Mapping[str, Any], here: str, there: str, path: str) -> Json:
        """A data type said in the other version."""
        ...

    def beside(self, value: Any, path: str) -> Any:
        """What stands beside a primitive, said in the other version."""
        ...


def items(value: Any, beside: Any) -> list[Item]:
    """The entries of a member with what stands beside each."""
    if isinstance(value, list) or isinstance(beside, list):
        values = value if isinstance(value, list) else []
        others = beside if isinstance(beside, list) else []
        longest = max(len(values), len(others))
        return [
            (values[at] if at < len(values) else None, others[at] if at < len(others) else None)
            for at in range(longest)
        ]
    return [] if value is None and beside is None else [(value, beside)]


def put(out: Json, name: str, found: Sequence[Item], repeats: bool) -> None:
    """Write entries as a member, what stands beside them in step."""
    if not found:
        return
    if not repeats:
        value, beside = found[0]
        if value is not None:
            out[name] = value
        if beside is not None:
            out[f"_{name}"] = beside
        return
    if any(value is not None for value, _ in found):
        out[name] = [value for value, _ in found]
    if any(beside is not None for _, beside in found):
        out[f"_{name}"] = [beside for _, beside in found]


# -- writing ----------------------------------------------------------------------------------------------------------


def url_of(element: str, version: Version) -> str:
    """Address of the extension that carries an element, choices by the name that their members share."""
    here, _, member = element.rpartition(".")
    return f"{CARRIES[version]}{here}.{stem(here, member, version)}"


def written(walk: Converting, url: str, kind: Kind, found: Sequence[Item], source: Version, path: str) -> list[Json]:
    """Extensions that carry the entries of an element; empty where no extension can."""
    made = [_one(walk, url, kind.name, value, beside, source, path) for value, beside in found]
    return [each for each in made if each is not None]


def _one(walk: Converting, url: str, kind: str, value: Any, beside: Any, source: Version, path: str) -> Json | None:
    member = _value_of(kind)
    if member in definition("Extension", walk.towards)["properties"] and kind in _typed(source):
        extension: Json = {"url": url}
        if isinstance(value, dict):
            said = walk.complex(value, kind, kind, path)
            return {**extension, member: said} if said else None
        put(extension, member, [(value, walk.beside(beside, path))], repeats=False)
        return extension if len(extension) > 1 else None
    if not isinstance(value, dict) or "resourceType" in value:
        return None
    inner: list[Json] = [] if "." in kind else [{"url": _DATA_TYPE, "valueString": kind}]
    for name, each in members(kind, source).items():
        if name == "extension":
            inner += [walk.complex(one, "Extension", "Extension", f"{path}.extension") for one in value.get(name, ())]
        elif name in value or f"_{name}" in value:
            parts = items(value.get(name), value.get(f"_{name}"))
            shared = stem(kind, name, source)
            inner += written(walk, shared, each, parts, source, f"{path}.{name}")
    return {"url": url, "extension": inner} if inner else None


def _value_of(kind: str) -> str:
    """The member of an extension that holds a value of the kind."""
    name = "Quantity" if kind == "SimpleQuantity" else kind
    return f"value{name[:1].upper()}{name[1:]}"


def _typed(version: Version) -> frozenset[str]:
    """Data types that an extension of the version can hold."""
    return frozenset(
        kind.name for name, kind in members("Extension", version).items() if name.startswith("value")
    ) | frozenset({"SimpleQuantity"})


# -- reading ----------------------------------------------------------------------------------------------------------


def carried_element(url: str, version: Version, there: str) -> str | None:
    """The element of a type that an extension carries; None for every other extension."""
    if not url.startswith(CARRIES[version]):
        return None
    parent, _, name = url.removeprefix(CARRIES[version]).rpartition(".")
    return name if parent == there and name in _stems(there, version) else None


def _stems(name: str, version: Version) -> frozenset[str]:
    return frozenset(stem(name, member, version) for member in members(name, version))


def read_back(walk: Converting, there: str, element: str, found: Sequence[Json], path: str) -> dict[str, list[Item]]:
    """The members of a type that extensions carry, as they were.

    Args:
        there: the type that they belong to, in the version that the walk goes to.
        element: its element, choices by their shared name.
    """
    out: dict[str, list[Item]] = {}
    for extension in found:
        for member, kind in members(there, walk.towards).items():
            if stem(there, member, walk.towards) == element and (item := _item(walk, kind, extension, path)):
                out.setdefault(member, []).append(item)
                break
    return out


def _item(walk: Converting, kind: Kind, extension: Json, path: str) -> Item | None:
    """The value of an extension as an entry of the kind, or None where it is another one."""
    name = kind.name
    member = _value_of(name)
    if member in extension or f"_{member}" in extension:
        value = extension.get(member)
        if isinstance(value, dict):
            return walk.complex(value, name, name, path), None
        return value, walk.beside(extension.get(f"_{member}"), path)
    inner = extension.get("extension")
    if inner is None or not members(name, walk.towards):
        return None
    named = [each["valueString"] for each in inner if each.get("url") == _DATA_TYPE]
    if named and named[0] != name:
        return None
    out: Json = {}
    by_url: dict[str, list[Json]] = {}
    for each in inner:
        by_url.setdefault(str(each.get("url")), []).append(each)
    known = _stems(name, walk.towards)
    for url, several in by_url.items():
        if url in known:
            for one, entries in read_back(walk, name, url, several, path).items():
                put(out, one, entries, members(name, walk.towards)[one].repeats)
        elif url != _DATA_TYPE:
            out.setdefault("extension", []).extend(
                walk.complex(each, "Extension", "Extension", path) for each in several
            )
    return (out, None) if out else None
