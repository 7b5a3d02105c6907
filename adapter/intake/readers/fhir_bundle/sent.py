"""One resource as a hospital sent it, and the text in which it is kept for good (收到的资源)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from adapter.fhir.canonical import canonical, decode, encode
from adapter.fhir.names import aliases, references, target, type_of
from adapter.model.message import KeptMessage

#: Types that many stays share: naming one ties no stays together.
SHARED = ("Organization",)

#: Types whose own names tie them to others; a charge line or diagnosis is found through its stay.
TIED_BY_NAME = ("Patient", "Encounter", "Account", "Coverage", "Organization")

_TIES = ("Encounter", "Patient", "Account", "Coverage", "Condition")

#: Where each type says which others it belongs with.
_BELONGS = {
    "Encounter": ("subject", "account", "partOf", "diagnosis"),
    "ChargeItem": ("context", "account"),
    "Condition": ("encounter",),
    "Account": ("subject", "coverage"),
    "Coverage": ("beneficiary",),
    "PaymentReconciliation": ("extension",),
}


@dataclass(frozen=True, slots=True)
class Sent:
    """One resource.

    Attributes:
        name: ``Type/id``, or by identifier; ``key`` is the hospital's own key in it.
        links: names by reference text, for references that cannot be read without their Bundle.
        at: when it was last changed as its Bundle has it, for resources that do not say so themselves.
        number: its entry in the Bundle, or its line; 1-based.
        arrived: orders resources that give no time and no version.
    """

    name: str
    key: str
    resource: Mapping[str, Any]
    links: Mapping[str, str]
    file: str
    number: int
    at: str = ""
    arrived: str = ""
    deleted: bool = False

    @property
    def kind(self) -> str:
        return type_of(self.resource)

    @property
    def rank(self) -> tuple[str, int, str, str]:
        """The order key: time of the last change, then version; arrival only where there is neither."""
        meta = self.resource.get("meta")
        said = meta if isinstance(meta, dict) else {}
        changed, version = _moment(said.get("lastUpdated")) or _moment(self.at), str(said.get("versionId", ""))
        return changed, len(version), version, "" if changed or version else self.arrived

    def content(self) -> bytes:
        """What it says, apart from when it was said."""
        said = {name: value for name, value in self.resource.items() if name != "meta"}
        return canonical([_led(said, self.links), self.deleted])

    def tie_keys(self) -> Iterator[str]:
        """Keys of everything that belongs with it."""
        if self.kind in TIED_BY_NAME:
            yield from map(tie_key, (self.name, *aliases(self.resource)))
        for element in _BELONGS.get(self.kind, ()):
            for reference in references(self.resource.get(element)):
                named = target(reference, self.links)
                if named.startswith(_TIES):
                    yield tie_key(named)
        if self.kind == "Condition" and "encounter" not in self.resource:
            yield tie_key(self.name)

    def shared(self) -> Iterator[str]:
        """Keys of what it names and many stays share."""
        for reference in references(dict(self.resource)):
            named = target(reference, self.links)
            if named.startswith(SHARED):
                yield tie_key(named)

    def line(self) -> dict[str, object]:
        """As it is kept."""
        found: dict[str, object] = {"n": self.number, "name": self.name, "key": self.key}
        more = {"at": self.at, "links": dict(self.links), "deleted": self.deleted}
        return {**found, **{name: value for name, value in more.items() if value}, "resource": self.resource}


def part(together: list[Sent], digest: str, stay_keys: Iterable[str]) -> KeptMessage:
    """Resources that belong together, as one part that is kept for good.

    Args:
        digest: of their file; it tells apart what was sent twice by a hospital that gives neither times nor versions.
        stay_keys: the hospital's own keys of the stays among them.
    """
    ranked = all(each.rank[0] or each.rank[2] for each in together)
    told = sorted(each.content() + canonical([list(each.rank[:3]), each.name]) for each in together)
    identity = sha256(b"\n".join(told) + (b"" if ranked else digest.encode())).hexdigest()
    keys = dict.fromkeys(key for each in together for key in each.tie_keys())
    keys |= dict.fromkeys(f"stay:{key}" for key in stay_keys)
    first = together[0]
    text = b"\n".join(encode(each.line()) for each in together).decode()
    return KeptMessage(identity, tuple(keys), first.file, first.number, text, first.arrived)


def unpacked(kept: KeptMessage) -> Iterator[Sent]:
    """The resources of a kept part."""
    for place, line in enumerate(kept.text.split("\n")):
        said = decode(line.encode())
        yield Sent(
            name=said["name"],
            key=said["key"],
            resource=said["resource"],
            links=said.get("links", {}),
            file=kept.file,
            number=said["n"],
            at=said.get("at", ""),
            arrived=f"{kept.arrived}-{place:06d}",
            deleted=said.get("deleted", False),
        )


def _led(node: Any, links: Mapping[str, str]) -> Any:
    """The same with names in place of references, so that it does not matter how a server writes them."""
    if isinstance(node, list):
        return [_led(each, links) for each in node]
    if not isinstance(node, dict):
        return node
    led = {name: _led(each, links) for name, each in node.items()}
    named = target(node, links) if isinstance(node.get("reference"), str) else ""
    return {**led, "reference": named} if named else led


def _moment(text: Any) -> str:
    """A moment as text that compares, or an empty one."""
    try:
        at = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return ""
    return "" if at.tzinfo is None else at.astimezone(UTC).isoformat(timespec="microseconds")


def tie_key(name: str) -> str:
    """The key under which everything that names this is found together."""
    if name.startswith("Encounter"):
        return f"stay:{name}"
    return f"shared:{name}" if name.startswith(SHARED) else f"ref:{name}"
