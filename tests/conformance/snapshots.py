"""Our snapshots against those of HAPI's generator, element by element; what may differ stands here with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

#: What decides whether a resource keeps a profile.
DECIDING = (
    *("path", "sliceName", "min", "max", "base", "type", "contentReference", "binding", "constraint", "slicing"),
    *("isModifier", "isSummary", "mustSupport"),
)

#: How one base writes an invariant about something that may be absent.
_GIVEN = re.compile(r"^fullUrl\.exists\(\) implies ")


def differences(name: str, ours: Json, theirs: Json) -> Iterator[str]:
    """What the two snapshots of a definition say differently."""
    own = {each["id"]: each for each in ours["snapshot"]["element"]}
    other = {each["id"]: each for each in theirs["snapshot"]["element"]}
    if list(own) != list(other):
        yield f"{name}: only ours {sorted(own.keys() - other.keys())}, only theirs {sorted(other.keys() - own.keys())}"
    for identity in own.keys() & other.keys():
        for key in sorted({*own[identity], *other[identity]}):
            said = _said(own[identity], key), _said(other[identity], key)
            if (key in DECIDING or key.startswith(("fixed", "pattern"))) and said[0] != said[1]:
                yield f"{name} {identity} {key}: ours {said[0]}, theirs {said[1]}"


def _said(element: Json, key: str) -> Any:
    """What an element says, without what the two write differently and mean alike.

    - ``constraint``: our bases leave the XPath out, which R4 has beside the FHIRPath; HAPI names the source of the
      root's. ``bdl-8``: HAPI's text takes for granted that there is a fullUrl; without one both hold.
    - ``binding``: HAPI drops the extension ``isCommonBinding``, which says something about the definitions and nothing
      about instances.
    - ``contentReference``: HAPI writes the address of the base before the ``#``, as R5 does; R4 has the fragment alone.
    - ``type`` of ``id``: one base calls it ``id``, the other ``string``; both are System.String, and an id's pattern is
      checked by its primitive type.
    """
    said = element.get(key)
    if key == "constraint":
        return sorted((each["key"], each["severity"], _GIVEN.sub("", each["expression"])) for each in said or ())
    if key == "binding" and said is not None:
        return said["strength"], said.get("valueSet")
    if key == "contentReference" and said is not None:
        return said.rpartition("#")[2]
    if key == "type" and element["path"].endswith(".id"):
        return [each["code"] for each in said or ()]
    return said
