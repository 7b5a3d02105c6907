"""Rules of Bundles (bdl-1 … bdl-12) and of sets: ids are unique, references find their target."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from adapter.fhir import issues
from adapter.fhir.rules_base import pointer_to, references
from adapter.fhir.rules_insurance import insurance_findings
from adapter.fhir.rules_targets import target_findings
from adapter.fhir.rules_versions import history_findings
from adapter.fhir.schema.compiled import path_text
from adapter.model.issues import Issue, Severity

Resource = Mapping[str, Any]

_WITH_REQUEST = {"batch", "transaction", "history"}
_WITH_RESPONSE = {"batch-response", "transaction-response", "history"}
#: Bundles that carry all that they speak of: the receiver holds nothing of ours (docs/wire-fhir.md).
_SELF_CONTAINED = {"collection", "transaction"}


def bundle_findings(bundle: Resource, where: str, *, sending: bool) -> Iterator[Issue]:
    """Issues of a sound Bundle as a whole; its entries' resources are checked by themselves."""
    kind, entries = bundle["type"], bundle.get("entry", [])
    yield from _head(bundle, kind, entries, where)
    seen: set[tuple[str, str]] = set()
    for index, entry in enumerate(entries):
        place = f"{where}.entry[{index}]"
        if ("request" in entry) != (kind in _WITH_REQUEST):
            yield issues.invariant(place, "bdl-3")
        if ("response" in entry) != (kind in _WITH_RESPONSE):
            yield issues.invariant(place, "bdl-4")
        if "search" in entry and kind != "searchset":
            yield issues.invariant(place, "bdl-2")
        if "resource" in entry and "fullUrl" not in entry and entry.get("request", {}).get("method") != "POST":
            yield issues.no_address(place, Severity.ERROR if sending else Severity.WARNING)
        if "fullUrl" in entry:
            key = (entry["fullUrl"], _version(entry.get("resource", {})))
            if key in seen and kind != "history":
                yield issues.invariant(f"{place}.fullUrl", "bdl-7")
            seen.add(key)
    prose = Severity.ERROR if sending else Severity.WARNING
    if kind == "history":
        yield from history_findings(entries, prose)
    if kind not in _SELF_CONTAINED:
        return
    resources = [entry["resource"] for entry in entries if "resource" in entry]
    yield from _ids(resources)
    addressed = [(entry.get("fullUrl", ""), entry["resource"]) for entry in entries if "resource" in entry]
    yield from insurance_findings(addressed, prose)
    types = {address: str(resource.get("resourceType")) for address, resource in addressed if address}
    for resource in resources:
        yield from target_findings(resource, pointer_to(resource), types)
    if sending:
        yield from unresolved(resources, {entry.get("fullUrl", "") for entry in entries})


def _version(resource: Resource) -> str:
    meta = resource.get("meta")
    return str(meta.get("versionId", "")) if isinstance(meta, dict) else ""


def _head(bundle: Resource, kind: str, entries: Sequence[Resource], where: str) -> Iterator[Issue]:
    if "total" in bundle and kind not in ("searchset", "history"):
        yield issues.invariant(f"{where}.total", "bdl-1")
    if kind not in ("document", "message"):
        return
    first = entries[0].get("resource", {}).get("resourceType") if entries else None
    if kind == "message" and first != "MessageHeader":
        yield issues.invariant(f"{where}.entry", "bdl-12")
    if kind == "document":
        identifier = bundle.get("identifier", {})
        if "system" not in identifier or "value" not in identifier:
            yield issues.invariant(f"{where}.identifier", "bdl-9")
        if "timestamp" not in bundle:
            yield issues.invariant(f"{where}.timestamp", "bdl-10")
        if first != "Composition":
            yield issues.invariant(f"{where}.entry", "bdl-11")


def set_findings(resources: Iterable[Resource], *, complete: bool, prose: Severity) -> Iterator[Issue]:
    """Issues between resources: two with one id, payers that contradict each other, references to nothing.

    Args:
        complete: the resources are a whole record; a relative reference must find its target among them.
        prose: severity of the rules that stand in the words of R4 only.
    """
    known = list(resources)
    yield from _ids(known)
    yield from insurance_findings((("", each) for each in known), prose)
    if complete:
        yield from unresolved(known, set())


def _ids(resources: Iterable[Resource]) -> Iterator[Issue]:
    seen: set[tuple[str, str]] = set()
    for resource in resources:
        kind, identity = resource.get("resourceType"), resource.get("id")
        if isinstance(kind, str) and isinstance(identity, str):
            if (kind, identity) in seen:
                yield issues.repeated_id(pointer_to(resource))
            seen.add((kind, identity))


def unresolved(resources: Sequence[Resource], addresses: set[str]) -> Iterator[Issue]:
    """References to what is neither among the resources nor among the entries' addresses.

    Fragments, conditional references (``Type?…``) and absolute addresses of other servers are left alone.
    """
    ids = {f"{resource.get('resourceType')}/{resource.get('id')}" for resource in resources}
    for resource in resources:
        for path, target in references(resource):
            relative = target.partition("/_history/")[0]
            away = target.startswith(("#", "http:", "https:")) or "?" in target
            if not away and relative not in ids and target not in addresses:
                yield issues.dangling(pointer_to(resource) + path_text(path), relative)
