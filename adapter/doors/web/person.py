"""A named person: acts about somebody's credit or debt are refused without X-Actor (API-855)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from adapter.doors.web import collection_issues
from adapter.doors.web.context import ActorNow
from adapter.model.case import Actor
from adapter.model.issues import AdapterError


def named(request: Request, actor: ActorNow) -> Actor:
    """Who acts, by name. Raises AdapterError API-855 where only the service itself would."""
    if "x-actor" not in request.headers:
        raise AdapterError(collection_issues.nobody_named())
    return actor


PersonNow = Annotated[Actor, Depends(named)]
