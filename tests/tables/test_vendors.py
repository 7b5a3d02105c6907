"""Every vendor's fixture hospital: read, mapped to its goldens, taken in as cases, estimated as worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapter.cases.intake import ingest
from adapter.cases.recording import Fate
from adapter.cases.settle import estimate
from adapter.cases.tools import Tools
from adapter.fhir.canonical import decode
from adapter.fhir.validation import validate
from adapter.model.issues import stopping
from adapter.model.settlement import Payer
from tests.support.office import act, office
from tests.support.vendors import HOSPITALS, Hospital, claim_of, golden_of, mapped
from tests.tables import decimal_oracle as oracle

STAYS = [(hospital, stay) for hospital in HOSPITALS for stay in hospital.by_hand]
GOLDENS = [(hospital, path) for hospital in HOSPITALS for path in hospital.goldens]


def by_source(value: object) -> str:
    return value.source if isinstance(value, Hospital) else value.stem if isinstance(value, Path) else str(value)


@pytest.mark.parametrize("hospital", HOSPITALS, ids=by_source)
def test_every_column_and_code_is_accounted_for(hospital: Hospital) -> None:
    """Mapped, or ignored for a stated reason; and no issue of reading but those that its page lists."""
    export = mapped(hospital)
    assert export.report.unclaimed == {}
    assert export.report.unmapped_codes == {}
    assert export.report.absent == {}
    assert {issue.pointer: issue.code for issue in export.issues} == hospital.set_aside


@pytest.mark.parametrize("hospital", HOSPITALS, ids=by_source)
def test_every_stay_has_its_golden(hospital: Hospital) -> None:
    assert len(hospital.by_hand) >= 3
    assert {path.stem for path in hospital.goldens} == set(mapped(hospital).stays)


@pytest.mark.parametrize(("hospital", "golden"), GOLDENS, ids=by_source)
def test_mapping_equals_the_golden(hospital: Hospital, golden: Path) -> None:
    """Byte for byte; ``python -m tests.support.vendors --write`` after a change that is meant."""
    stay = mapped(hospital).stays[golden.stem]
    assert golden_of(stay).decode() == golden.read_text("utf-8")
    assert decode(golden.read_bytes())["type"] == "collection"
    assert not stopping(validate(stay.resources))


@pytest.mark.parametrize(("hospital", "stay"), STAYS, ids=by_source)
def test_hand_figures_add_up(hospital: Hospital, stay: str) -> None:
    """The figures of the page agree with plain Decimal arithmetic that shares no code with the adapter."""
    expected: Any = hospital.by_hand[stay]
    split = oracle.Split(**{name: Decimal(text) for name, text in expected["split"].items()})
    bill = oracle.bill(split, poor=expected["registered_poor"] == "yes", insured=True, before={})
    assert str(split.total) == expected["total"]
    assert (str(bill.basic), str(bill.medical_aid), str(bill.patient)) == (
        expected["basic"]["paid"],
        expected["medical_aid"]["paid"],
        expected["patient"],
    )


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tools]:
    """One office that has taken every hospital's export in, as ``adapter ingest`` does."""
    with office(tmp_path_factory.mktemp("vendors"), {}) as opened:
        for hospital in HOSPITALS:
            ingest(hospital.source, [hospital.folder / "export"], opened, act(opened, "export"))
        yield opened


@pytest.mark.parametrize(("hospital", "stay"), STAYS, ids=by_source)
def test_the_case_is_estimated_as_by_hand(hospital: Hospital, stay: str, tools: Tools) -> None:
    """From the export to the case to the shares of every payer, to the fen."""
    expected: Any = hospital.by_hand[stay]
    settlement = estimate(f"{hospital.source}-{stay}", tools, act(tools, "estimate")).settlement
    parts = settlement.patient
    assert {
        "total": settlement.total.text,
        "full_self_pay": parts.full_self_pay.text,
        "over_limit": parts.over_limit.text,
        "pre_self_pay": parts.pre_self_pay.text,
        "deductible": parts.deductible.text,
        "basic": settlement.share_of(Payer.BASIC).text,
        "critical_illness": settlement.share_of(Payer.CRITICAL_ILLNESS).text,
        "medical_aid": settlement.share_of(Payer.MEDICAL_AID).text,
        "patient": settlement.patient_pays.text,
    } == {
        "total": expected["total"],
        "full_self_pay": expected["split"]["full_self_pay"],
        "over_limit": expected["split"]["over_limit"],
        "pre_self_pay": expected["split"]["pre_self_pay"],
        "deductible": expected["basic"]["deductible"],
        "basic": expected["basic"]["paid"],
        "critical_illness": expected["critical_illness"]["paid"],
        "medical_aid": expected["medical_aid"]["paid"],
        "patient": expected["patient"],
    }


@pytest.mark.parametrize("hospital", HOSPITALS, ids=by_source)
def test_the_same_export_again_changes_nothing(hospital: Hospital, tools: Tools) -> None:
    taken = ingest(hospital.source, [hospital.folder / "export"], tools, act(tools, "again"))
    assert {stay.fate for stay in taken.stays} == {Fate.UNCHANGED}


def test_one_stay_is_the_same_claim_at_every_vendor() -> None:
    """The first stay of every page is one and the same: dates, lines, links, amounts, catalogue rows, diagnosis."""
    claims = [facts_of(hospital, next(iter(hospital.by_hand))) for hospital in HOSPITALS]
    assert all(claim == claims[0] for claim in claims)


def facts_of(hospital: Hospital, stay: str) -> dict[str, object]:
    """What a claim says apart from anybody's keys and codes."""
    claim, issues = claim_of(hospital, stay)
    assert claim is not None, issues
    by_id = {line.id: line for line in claim.lines}
    lines = [
        (
            line.service_date,
            line.name,
            line.quantity.normalize(),
            line.unit_price,
            line.amount,
            replace(line.item, code="") if line.item is not None else None,
            by_id[line.reverses].name if line.reverses is not None else None,
        )
        for line in claim.lines
    ]
    return {
        "lines": sorted(lines, key=repr),
        "admitted": claim.stay.admitted,
        "discharged": claim.stay.discharged,
        "settled_on": claim.stay.settled_on,
        "diagnosis": claim.stay.principal_diagnosis,
        "level": claim.stay.facility.level,
        "insurance": claim.person.insurance,
        "categories": claim.person.categories,
    }
