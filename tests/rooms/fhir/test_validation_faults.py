"""Every seeded fault is refused by our own validation, with the code that the row names."""

import pytest

from adapter.fhir.canonical import decode
from adapter.fhir.validation import validate
from adapter.model.issues import AdapterError, Issue
from tests.conformance.faults import Fault, all_faults, base

FAULTS = all_faults()


def issues_of(written: bytes) -> list[Issue]:
    try:
        return validate([decode(written)])
    except AdapterError as error:
        return list(error.issues)


def test_the_base_has_no_fault() -> None:
    assert validate([base()], complete=True) == []


def test_there_are_enough_faults() -> None:
    assert len(FAULTS) >= 30
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_fault_is_refused(fault: Fault) -> None:
    found = issues_of(fault.written)
    assert fault.ours in {issue.code for issue in found if issue.stops}, [str(issue) for issue in found]
