"""What our builders write: every bundle of the wire, and the hospital's record in its states."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from adapter.fhir.metadata import capability_statement
from adapter.fhir.record import RecordFacts, record_bundle
from adapter.model.settlement import Authority, Payer
from tests.rooms.fhir.test_wire_claim import BUILDERS
from tests.support.cases import CASE, CREATED, ORDER, SOURCE, ids, make_answer, make_claim, make_resources
from tests.support.cases import make_settlement as settled

_CALLS = {"insurance": (Payer.BASIC, Payer.CRITICAL_ILLNESS), "aid": (Payer.MEDICAL_AID,)}
_COMPUTED_HERE = dict.fromkeys(ORDER, Authority.ADAPTER)


def on_the_wire() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every bundle of docs/wire-fhir.md that we send."""
    for name, build in BUILDERS.items():
        yield name.replace(" ", "-"), build()


def in_the_record() -> Iterator[tuple[str, dict[str, Any]]]:
    """The record before a settlement, settled, reversed, and computed by the hospital; and the metadata."""
    answers = (
        make_answer(Payer.BASIC, "300.00", eligible="500.00", deductible="200.00"),
        make_answer(Payer.CRITICAL_ILLNESS, "0.00"),
        make_answer(Payer.MEDICAL_AID, "150.00"),
    )
    bare = RecordFacts(source=SOURCE, case_id=CASE, order=ORDER, calls={}, created=CREATED)
    yield "record-bare", record_bundle(make_resources(), None, facts=bare)
    yield "record-settled", record_bundle(make_resources(), settled(), answers, facts=_facts(undone=False))
    yield "record-reversed", record_bundle(make_resources(), settled(), answers, facts=_facts(undone=True))
    computed = settled(authorities=_COMPUTED_HERE)
    yield "record-computed", record_bundle(make_resources(), computed, facts=_facts(undone=False))
    yield "metadata", capability_statement(version="0.1.0", released=date(2025, 1, 1), base="https://x.example/fhir")


def _facts(*, undone: bool) -> RecordFacts:
    return RecordFacts(
        source=SOURCE,
        case_id=CASE,
        order=ORDER,
        calls=_CALLS,
        created=CREATED,
        claim=make_claim(),
        undone=undone,
        origins={f"Patient/{ids('Patient', '88001')}": "ZY_BRRY.xml#1"},
    )
