"""A search in R5's names is put to the index in R4's; what R5 does not have is refused."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.fhir.metadata import RELEASED
from adapter.fhir.r5.metadata import SERVED_IN_R5, capability_statement_r5
from adapter.fhir.r5.searching import NOT_IN_R5, RENAMED, in_r4, parameters_in_r5
from adapter.fhir.schema.compiled import problems
from adapter.fhir.search.parameters import parameters_of
from adapter.fhir.search.query import parse
from adapter.model.issues import AdapterError


def statement() -> dict[str, Any]:
    return capability_statement_r5(version="1.0", released=RELEASED, base="https://hospital.example/fhir/r5")


def test_the_statement_is_whole_r5() -> None:
    assert problems("CapabilityStatement", statement(), "x", "R5") == []


@pytest.mark.parametrize("kind", SERVED_IN_R5)
def test_every_parameter_and_include_of_the_statement_is_understood(kind: str) -> None:
    [rest] = statement()["rest"]
    [told] = [each for each in rest["resource"] if each["type"] == kind]
    names = [each["name"] for each in told["searchParam"]]
    assert names == sorted(parameters_in_r5(kind))
    asked = [(f"{name}:missing", "true") for name in names]
    asked += [("_include", name) for name in told["searchInclude"]]
    asked += [("_revinclude", name) for name in told.get("searchRevInclude", ())]
    query = parse(kind, in_r4(kind, asked), in_address=False)
    assert len(query.criteria) == len(names)
    assert len(query.includes) == len(told["searchInclude"])
    assert len(query.revincludes) == len(told.get("searchRevInclude", ()))


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, names in NOT_IN_R5.items() for name in sorted(names)]
)
def test_a_name_of_r4_alone_is_refused(kind: str, name: str) -> None:
    assert name in parameters_of(kind), "it is one of R4's"
    with pytest.raises(AdapterError) as refused:
        parse(kind, in_r4(kind, [(name, "x")]))
    assert [issue.code for issue in refused.value.issues] == ["FHIR-202"]


def test_every_new_name_stands_for_one_of_r4s() -> None:
    assert all(old in parameters_of(kind) for kind, names in RENAMED.items() for old in names.values())


@pytest.mark.parametrize(
    ("kind", "asked", "expected"),
    [
        ("ChargeItem", ("encounter:missing", "true"), ("context:missing", "true")),
        ("ChargeItem", ("_include", "ChargeItem:encounter:Encounter"), ("_include", "ChargeItem:context:Encounter")),
        ("Encounter", ("_revinclude", "ChargeItem:encounter"), ("_revinclude", "ChargeItem:context")),
        ("Encounter", ("status", "completed,planned"), ("status", "finished,planned")),
        ("Encounter", ("status:not", "completed"), ("status:not", "finished")),
        ("Encounter", ("status", "http://s|completed"), ("status", "http://s|finished")),
        ("Encounter", ("_elements", "actualPeriod,reason"), ("_elements", "period,reasonCode,reasonReference")),
        ("ChargeItem", ("_elements", "totalPriceComponent"), ("_elements", "factorOverride,priceOverride")),
        ("ChargeItem", ("_elements", "product"), ("_elements", "product")),
        ("Coverage", ("_elements", "insurer"), ("_elements", "payor,type")),
        ("Invoice", ("status", "issued"), ("status", "issued")),
        ("Patient", ("name", "x"), ("name", "x")),
    ],
)
def test_names_and_codes(kind: str, asked: tuple[str, str], expected: tuple[str, str]) -> None:
    assert in_r4(kind, [asked]) == [expected]
