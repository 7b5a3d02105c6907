"""What waits for a person: list, show, replay."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from adapter.cases import parked, served
from adapter.cases.recording import Fate
from adapter.doors.web.answers import exact, issues_json
from adapter.doors.web.context import ActorNow, ServiceNow, Why, act
from adapter.doors.web.models import ParkedOut, ParkedPage, Problem, StayOut

router = APIRouter(tags=["parked 暂存"])


@router.get("/parked", summary="List what waits for a person", response_model=ParkedPage)
def list_(service: ServiceNow, source: str | None = None) -> Response:
    """The oldest thousand, oldest first. Rows of the export stay in the store."""
    return exact({"parked": [_shown(row) for row in parked.parked_stays(service.tools, source=source)]})


@router.get("/parked/{parked_id}", summary="Show one", response_model=ParkedOut, responses={404: {"model": Problem}})
def show(parked_id: str, service: ServiceNow) -> Response:
    """One parked stay with its issues."""
    return exact(_shown(parked.parked_one(parked_id, service.tools)))


@router.post(
    "/parked/{parked_id}/replay",
    summary="Replay 重放",
    response_model=StayOut,
    responses={404: {"model": Problem}, 409: {"model": StayOut, "description": "It still cannot be taken in."}},
)
def replay(parked_id: str, service: ServiceNow, actor: ActorNow, reason: Why = None) -> Response:
    """Take the rows in again under today's mapping and facts."""
    stay = parked.replay(parked_id, service.tools, act(service, actor, reason, "cause fixed"))
    source = parked.parked_one(parked_id, service.tools).source
    still = served.parked_ids(service.tools, source, [stay.stay_key])
    shown = {
        "stay_key": stay.stay_key,
        "case_id": stay.case_id,
        "fate": str(stay.fate),
        "parked": still[stay.stay_key],
        "issues": issues_json(stay.issues),
    }
    return exact(shown, 409 if stay.fate is Fate.PARKED else 200)


def _shown(row: parked.ParkedRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "source": row.source,
        "stay_key": row.stay_key,
        "place": row.place,
        "parked_at": row.parked_at.isoformat(),
        "resolved_at": row.resolved_at.isoformat() if row.resolved_at else None,
        "issues": issues_json(row.issues),
    }
