"""The contract of a signing scheme and the registry by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from adapter.fhir.canonical import encode
from adapter.model.issues import AdapterError
from adapter.payers.delivery.endpoints.nhsa import setting_issues
from adapter.payers.delivery.endpoints.nhsa.hospital import Credential, Keys


@dataclass(frozen=True, slots=True)
class Sealed:
    """What travels. Neither part prints: headers and bodies hold signatures and persons."""

    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class Scheme(Protocol):
    """Seals a stored envelope for the wire and opens the answer. Keys are checked when the scheme is made."""

    def seal(self, envelope: Mapping[str, Any], *, at: datetime, credential: Credential | None) -> Sealed: ...

    def open(self, body: bytes) -> bytes:
        """The answer as plain JSON; one that was not sealed is given back as it came."""
        ...


class Plain:
    """No signature: many samples carry none (signtype and cainfo empty)."""

    def __init__(self, keys: Keys) -> None:
        pass

    def seal(self, envelope: Mapping[str, Any], *, at: datetime, credential: Credential | None) -> Sealed:
        return Sealed(encode(dict(envelope)))

    def open(self, body: bytes) -> bytes:
        return body


_SCHEMES: dict[str, Callable[[Keys], Scheme]] = {"none": Plain}


def register(name: str, make: Callable[[Keys], Scheme]) -> None:
    """Add a scheme. Raises ValueError for a name that is taken."""
    if name in _SCHEMES:
        raise ValueError(f"signing scheme {name} is registered already")
    _SCHEMES[name] = make


def scheme_names() -> tuple[str, ...]:
    """The schemes there are, in order."""
    _load_own()
    return tuple(sorted(_SCHEMES))


def open_scheme(name: str, keys: Keys) -> Scheme:
    """A scheme with its keys.

    Raises:
        AdapterError: CFG-734 unknown, CFG-731 a key is unset, CFG-732 a key is unusable, CFG-733 a library is missing.
    """
    _load_own()
    make = _SCHEMES.get(name)
    if make is None:
        raise AdapterError(setting_issues.scheme_unknown(name, ", ".join(sorted(_SCHEMES))))
    return make(keys)


def library(module: str, package: str, scheme: str) -> Any:
    """A module of an optional library, or AdapterError CFG-733."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise AdapterError(setting_issues.library_missing(package, scheme)) from error


#: Modules of this room that register schemes when they are imported.
_OWN = ("digests", "ciphers")


def _load_own() -> None:
    for module in _OWN:
        importlib.import_module(f"{__package__}.{module}")
