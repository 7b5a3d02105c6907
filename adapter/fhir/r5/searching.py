"""A search in R5's names as the same search in R4's: what is kept is found by R4's parameters (R5 检索参数)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType

from adapter.fhir.r5.plan import members, stem, steps
from adapter.fhir.r5.special import specials
from adapter.fhir.r5.tables import CODES
from adapter.fhir.schema.compiled import definition
from adapter.fhir.search.parameters import Parameter, parameters_of

Pair = tuple[str, str]

#: R5's parameter → R4's of the same meaning, by type.
RENAMED: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "ChargeItem": {"encounter": "context"},
        "CommunicationRequest": {"information-provider": "sender"},
        "Consent": {"manager": "organization", "subject": "patient"},
        "Coverage": {"insurer": "payor"},
        "Encounter": {"diagnosis-reference": "diagnosis"},
        "PaymentNotice": {"reporter": "provider"},
    }
)

#: Parameters of R4 that R5 does not have, or has for something else.
NOT_IN_R5: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "ChargeItem": frozenset({"context"}),
        "CommunicationRequest": frozenset({"sender"}),
        "Condition": frozenset({"asserter"}),
        "Consent": frozenset({"consentor", "organization", "scope"}),
        "Coverage": frozenset({"class-value", "payor"}),
        "Encounter": frozenset({"diagnosis", "location-period"}),
        "PaymentNotice": frozenset({"provider"}),
    }
)

#: Added to a name that R4 alone knows, so that the search refuses it as it refuses every unknown one.
_ONLY_R4 = ".R4"


@cache
def parameters_in_r5(kind: str) -> Mapping[str, Parameter]:
    """The parameters of a type by R5's names, each as R4 reads it."""
    known = parameters_of(kind)
    kept = {name: each for name, each in known.items() if name not in NOT_IN_R5.get(kind, ())}
    renamed = {new: known[old] for new, old in RENAMED.get(kind, {}).items()}
    return MappingProxyType(dict(sorted((kept | renamed).items())))


def in_r4(kind: str, asked: Sequence[Pair]) -> list[Pair]:
    """Names and values of a search over R5 as R4 has them; pair for pair, in the same order."""
    return [_pair(kind, name, value) for name, value in asked]


def _pair(kind: str, name: str, value: str) -> Pair:
    plain, colon, modifier = name.partition(":")
    match plain:
        case "_include" | "_revinclude":
            return name, _include(value)
        case "_elements":
            wanted = dict.fromkeys(old for new in value.split(",") for old in _elements(kind, new.strip()))
            wanted |= {"type": None} if kind == "Coverage" else {}  # its kind, which R5 requires, follows from it
            return name, ",".join(wanted)
        case "status":
            return name, ",".join(code for each in value.split(",") for code in _codes(kind, each))
    old = _parameter(kind, plain)
    return f"{old}{colon}{modifier}", value


def _parameter(kind: str, name: str) -> str:
    old = RENAMED.get(kind, {}).get(name)
    return old if old is not None else f"{name}{_ONLY_R4}" if name in NOT_IN_R5.get(kind, ()) else name


def _include(value: str) -> str:
    of_type, colon, rest = value.partition(":")
    name, more, target = rest.partition(":")
    return f"{of_type}{colon}{_parameter(of_type, name)}{more}{target}"


def _codes(kind: str, value: str) -> Iterator[str]:
    """The R4 codes that R5 says with one; the code itself where it is the same."""
    system, bar, code = value.rpartition("|")
    changed = CODES.get(f"{kind}.status", {})
    known = members(kind, "R4").get("status")
    if known is not None and code in known.codes and code not in changed:
        yield value
    elif code in changed:  # R4's own code, which is none of R5's
        yield f"{system}{bar}{code}{_ONLY_R4}"
    same = [old for old, new in changed.items() if new == code]
    yield from (f"{system}{bar}{old}" for old in same)
    if not same and (known is None or code not in known.codes):
        yield value


def _elements(kind: str, name: str) -> Iterator[str]:
    """The R4 elements that one of R5 is made of."""
    found = [
        stem(kind, old, "R4")
        for old, step in steps(kind, kind, "R5").items()
        if step.to is not None and stem(kind, step.to, "R5") == name
    ]
    for special in specials(kind, "R5"):
        if name in {stem(kind, each, "R5") for each in special.gives}:
            found += [stem(kind, each, "R4") for each in sorted(special.takes)]
    yield from found if found or name not in definition(kind, "R4").get("properties", {}) else [name]
