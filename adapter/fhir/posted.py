"""Resources that a hospital writes to our server: where they are kept, what they are called (医院写入的资源). Pure.

**How posted ids relate to the case's.** A resource that a hospital posts exists twice, on purpose. As *posted* it is
what the hospital wrote, with an id, a version and our ``meta``; whoever reads its address gets that. As *the case's* it
is what settlement goes by, taken over by the mapping exactly as from a Bundle file. Both come from one key, the
hospital's own:

- the key of a resource is the id that the hospital gave it, be it in the address of a PUT or in the body of a POST;
  where a POST gives none, a new one is drawn. So a charge that is posted today and stands in a Bundle file tomorrow is
  one charge.
- the case's id derives from source, type and key (``resource_id``), as ever.
- a POST is answered with that very id: address and case agree. A PUT keeps the id that the hospital chose, and the
  case's id is another; a search by reference understands both (``case_id_of``).

The posted ones stand in a space of their own (``space_of``), so that no export and no sum meets a charge twice. The key
stands in a tag of ``meta``, so that a version says by itself what it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from adapter.fhir.canonical import encode, reread
from adapter.fhir.identity import CANON, resource_id
from adapter.fhir.names import identifiers

Resource = Mapping[str, Any]

#: What a hospital may write: what a stay is made of. Everything else is made here, or is not needed.
WRITABLE = (
    *("Account", "ChargeItem", "Condition", "Coverage", "Encounter", "Organization", "Patient"),
    "PaymentReconciliation",
)

_SPACE = "posted/"
_TAG = re.compile(re.escape(CANON) + r"/sid/(?P<source>[^/]+)/posted\Z")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}\Z")
_LOCAL = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?\Z")
_REFERENCE = re.compile(rb'"reference":("(?:[^"\\]|\\.)*")')
_WITHIN = re.compile(r"urn:(?:uuid|oid):[A-Za-z0-9.\-]+")
_LINK = re.compile(r"""(?P<before>\b(?:href|src)=["'])(?P<url>urn:(?:uuid|oid):[A-Za-z0-9.\-]+)(?=["'])""")
_CONDITIONAL = re.compile(r"([A-Z][A-Za-z]+)\?(.+)\Z", re.DOTALL)


def space_of(kind: str) -> str:
    """The type under which posted resources of a type are kept.

    >>> space_of("Patient")
    'posted/Patient'
    """
    return f"{_SPACE}{kind}"


def kind_of(space: str) -> str:
    """The type of what is kept under a name, posted or not."""
    return space.removeprefix(_SPACE)


def key_in(resource: Resource) -> str:
    """The id that a hospital wrote into a resource; empty where there is none that can be one."""
    own = resource.get("id")
    return own if isinstance(own, str) and _ID.match(own) else ""


def case_id_of(kept: Resource) -> str:
    """Under which id the case has a posted resource.

    Args:
        kept: one that ``as_kept`` made.
    """
    source, key = _said_by(kept)
    return resource_id(source, str(kept["resourceType"]), key) if key else str(kept["id"])


def key_of_kept(kept: Resource) -> str:
    """The hospital's own key of a posted resource."""
    return _said_by(kept)[1] or str(kept["id"])


def as_kept(
    resource: Resource, identity: str, source: str, key: str, place: Callable[[str], str] | None
) -> dict[str, Any]:
    """A resource as its address shows it: what was posted, under its id.

    What only a server says, version and time, is left out; the ledger knows both.

    Args:
        place: where a reference leads, by its text; None where each leads where it says.
    """
    said = resource.get("meta")
    meta = {name: value for name, value in said.items() if name not in ("versionId", "lastUpdated")} if said else {}
    tags = [tag for tag in meta.get("tag", ()) if not _TAG.match(str(tag.get("system", "")))]
    meta["tag"] = [*tags, {"system": f"{CANON}/sid/{source}/posted", "code": key}]
    rest = {name: value for name, value in resource.items() if name not in ("resourceType", "id", "meta")}
    moved = rest if place is None else referring(rest, place)
    return {"resourceType": resource["resourceType"], "id": identity, "meta": meta, **moved}


def as_fed(kept: Resource, version: int, at: datetime, name: Callable[[str], str] | None) -> dict[str, Any]:
    """A posted resource as if it had come in a file of the hospital's: under its own key, versions in order.

    Args:
        name: what the hospital itself calls what a reference leads to, by its text; None where it says so already.
    """
    meta = {"versionId": str(version), "lastUpdated": at.isoformat(timespec="microseconds")}
    rest = {name: value for name, value in kept.items() if name not in ("resourceType", "id", "meta")}
    said = rest if name is None else referring(rest, name)
    return {"resourceType": kept["resourceType"], "id": key_of_kept(kept), "meta": meta, **said}


def referring(node: Any, place: Callable[[str], str]) -> Any:
    """The same with every reference led to where ``place`` says."""
    if isinstance(node, dict):
        return {
            name: place(each) if name == "reference" and isinstance(each, str) else referring(each, place)
            for name, each in node.items()
        }
    return [referring(each, place) for each in node] if isinstance(node, list) else node


def within_bundle(text: str) -> bool:
    """Whether a reference names a resource of its own Bundle, and nothing outside of it."""
    return text.startswith(("urn:uuid:", "urn:oid:"))


def addressed(kept: dict[str, Any], called: Mapping[str, str]) -> dict[str, Any]:
    """The same with ``urn:uuid:…`` of its own Bundle led to where they stand, also where they are no references.

    R4, transaction rules: in elements of type uri, url, oid, uuid, and in links and images of the narrative. The value
    of an identifier is text and stays.

    Args:
        called: ``Type/id`` by ``fullUrl``.
    """
    if not called:
        return kept
    said = set(_WITHIN.findall(encode(kept).decode()))
    return _addressed(kept, "", called) if said & called.keys() else kept


def _addressed(node: Any, name: str, called: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _addressed(each, key, called) for key, each in node.items()}
    if isinstance(node, list):
        return [_addressed(each, name, called) for each in node]
    if not isinstance(node, str) or name == "value":
        return node
    if name == "div":
        return _LINK.sub(lambda link: link["before"] + called.get(link["url"], link["url"]), node)
    return called.get(node, node)


def local_name(text: str) -> tuple[str, str] | None:
    """Type and id of what a reference leads to on this server, where a hospital may write it; else None."""
    match = _LOCAL.match(text)
    return (match[1], match[2]) if match is not None and match[1] in WRITABLE else None


def references_in(resources: Iterable[Resource]) -> list[str]:
    """The texts of all references, each once, in order. Text that looks like one inside a string may come along."""
    found = dict.fromkeys(_REFERENCE.findall(encode(list(resources))))
    return [str(reread(each)) for each in found]


def condition_in(text: str) -> tuple[str, str] | None:
    """Type and query of a conditional reference; None where it is none."""
    match = _CONDITIONAL.match(text)
    return (match[1], match[2]) if match is not None else None


def called_in_files(kind: str, theirs: Resource) -> str:
    """How a hospital's file can refer to what the case has of it: by its own identifier; empty where it has none."""
    for system, value in identifiers(theirs):
        if not system.startswith(CANON) and "&" not in system + value:
            return f"{kind}?identifier={system}|{value}"
    return ""


def tags_of(resource: Resource) -> list[Resource]:
    """The tags of a resource whose form nobody has looked at yet."""
    meta = resource.get("meta")
    tags = meta.get("tag") if isinstance(meta, dict) else None
    return [tag for tag in tags if isinstance(tag, dict)] if isinstance(tags, list) else []


def deeper_than(value: Any, most: int) -> bool:
    """Whether a value is nested deeper than so many levels, itself the first."""
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return most < 1 or any(deeper_than(each, most - 1) for each in inner)


def _said_by(kept: Resource) -> tuple[str, str]:
    """Source and key, as the tag of a posted resource has them."""
    for tag in kept.get("meta", {}).get("tag", ()):
        if match := _TAG.match(str(tag.get("system", ""))):
            return match["source"], str(tag.get("code", ""))
    return "", ""
