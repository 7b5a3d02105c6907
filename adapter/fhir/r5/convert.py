"""The two ways: R4 → R5 and R5 → R4 (版本转换)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapter.fhir.r5 import issues
from adapter.fhir.r5.losses import Loss
from adapter.fhir.r5.tables import SPOKEN
from adapter.fhir.r5.walk import Walk
from adapter.fhir.schema.compiled import Version
from adapter.model.issues import AdapterError

Resource = Mapping[str, Any]


def to_r5(resource: Resource) -> tuple[dict[str, Any], tuple[Loss, ...]]:
    """An R4 resource said in R5.

    Args:
        resource: of a type in ``SPOKEN``, sound R4, amounts as Decimal. It is not changed. Bundles, contained resources
            and parameters are opened.

    Returns:
        The R5 resource, and what R5 could not say. ``to_r4`` of the result is the resource again, but for losses that
        nothing carries.

    Raises:
        AdapterError: FHIR-260, a type that is not spoken.
    """
    return _converted(resource, "R5")


def to_r4(resource: Resource) -> tuple[dict[str, Any], tuple[Loss, ...]]:
    """As ``to_r5``, the other way."""
    return _converted(resource, "R4")


def _converted(resource: Resource, towards: Version) -> tuple[dict[str, Any], tuple[Loss, ...]]:
    kind = str(resource.get("resourceType"))
    if kind not in SPOKEN:
        raise AdapterError(issues.type_not_spoken(kind if kind.isascii() and kind.isalpha() else "?"))
    walk = Walk(towards)
    out = walk.resource(resource, kind)
    return out, tuple(walk.losses)
