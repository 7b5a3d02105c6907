"""What a hospital that speaks FHIR posts: its resources one by one, as changes of the use case.

post(tools, *resources())                 # one after the other, each taken in before the next
put(tools, charge(1, "30.00"), version=1)
"""

from __future__ import annotations

from typing import Any

from adapter.cases.resources_in import Placed, take, write
from adapter.cases.resources_in_plan import Change
from adapter.cases.tools import Tools
from adapter.fhir.canonical import canonical, reread
from adapter.fhir.posted import space_of
from tests.support.native import SOURCE, Resource
from tests.support.office import act

CASE = f"{SOURCE}-V1"


def post(tools: Tools, *resources: Resource, condition: str = "") -> list[Placed]:
    """Create them, one request each."""
    return [write_one(tools, Change(each["resourceType"], each, condition=condition)) for each in resources]


def put(tools: Tools, *resources: Resource, version: int | None = None, condition: str = "") -> list[Placed]:
    """Update them, one request each, under the hospital's own ids or where the condition says."""
    identity = "" if condition else "id"
    return [
        write_one(
            tools,
            Change(
                each["resourceType"],
                each,
                create=False,
                identity=str(each.get(identity, "")),
                condition=condition,
                version=version,
            ),
        )
        for each in resources
    ]


def write_one(tools: Tools, change: Change) -> Placed:
    written = write(SOURCE, [change], tools, act(tools))
    take([written], tools, act(tools))
    return written.placed[0]


def entries(*resources: Resource, **more: Any) -> list[Change]:
    """As the POST entries of a transaction; each is called ``urn:uuid:<id>`` by the others."""
    return [
        Change(
            kind=each["resourceType"],
            resource=each,
            full_url=f"urn:uuid:{each['id']}",
            place=f"Bundle.entry[{number}].resource",
            **more,
        )
        for number, each in enumerate(resources)
    ]


def case_resources(tools: Tools, case_id: str = CASE) -> dict[tuple[str, str], bytes]:
    """What the case has of the hospital's, by type and id."""
    with tools.ledger.reading() as tx:
        rows = tx.kept_of_case(case_id)
    return {(row.type, row.id): canonical(reread(row.body)) for row in rows if row.source == SOURCE}


def posted(tools: Tools, kind: str, identity: str) -> dict[str, Any] | None:
    """What stands at an address, as it is kept."""
    with tools.ledger.reading() as tx:
        row = tx.resource(space_of(kind), identity)
    found: dict[str, Any] | None = None if row is None else reread(row.body)
    return found
