"""Periods, persons, settlements and state tables refuse what cannot be."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from adapter.model.case import MACHINES, BillState, StayState, check_move
from adapter.model.claim import YearToDate
from adapter.model.dates import Period, local_day
from adapter.model.issues import AdapterError, MoveRefused
from adapter.model.money import Money
from adapter.model.person import Private
from adapter.model.settlement import Authority, PatientParts, Payer, Settlement, Share


def test_a_period_includes_its_first_and_last_day() -> None:
    period = Period(date(2020, 1, 1), date(2020, 12, 31))
    assert date(2020, 1, 1) in period and date(2020, 12, 31) in period
    assert date(2019, 12, 31) not in period and date(2021, 1, 1) not in period
    assert date(2999, 1, 1) in Period(date(2020, 1, 1))


def test_a_period_does_not_end_before_it_starts() -> None:
    with pytest.raises(ValueError):
        Period(date(2020, 1, 2), date(2020, 1, 1))


def test_the_hospital_day_is_not_the_utc_day() -> None:
    assert local_day(datetime(2020, 12, 31, 16, 30, tzinfo=UTC)) == date(2021, 1, 1)
    with pytest.raises(ValueError):
        local_day(datetime(2020, 12, 31, 16, 30))  # noqa: DTZ001 - the missing zone is the point


def test_personal_data_prints_masked() -> None:
    secret = Private("999999198001010011")
    assert "99999919800101" not in f"{secret} {secret!r}"
    assert secret.reveal() == "999999198001010011"


def _settlement(patient: str) -> Settlement:
    return Settlement(
        case_id="c",
        version=1,
        scheme="s",
        on=date(2020, 1, 1),
        total=Money.yuan("10.00"),
        shares=(
            Share(Payer.BASIC, Money.yuan("6.00"), Authority.EXPECTED, "p", "第一条"),
            Share(Payer.PATIENT, Money.yuan(patient), Authority.EXPECTED, "p", "第一条"),
        ),
        steps=(),
        patient=PatientParts(),
        splits=(),
        accrued=YearToDate(2020),
        accruals=(),
        rules=(),
        basis="",
        complete=False,
        test_profile=True,
    )


def test_a_settlement_that_loses_a_fen_cannot_be_built() -> None:
    assert _settlement("4.00").patient_pays == Money.yuan("4.00")
    for wrong in ("3.99", "4.01"):
        with pytest.raises(ValueError):
            _settlement(wrong)


def test_every_move_table_only_names_states_of_its_own_machine() -> None:
    for moves in MACHINES.values():
        kinds = {type(state) for state in moves} | {type(after) for to in moves.values() for after in to}
        assert len(kinds) == 1


def test_a_listed_move_passes_and_any_other_is_refused() -> None:
    check_move("bill", "c", BillState.DRAFT, BillState.PREVIEWED)
    with pytest.raises(MoveRefused) as refused:
        check_move("bill", "c", BillState.DRAFT, BillState.SETTLED)
    assert refused.value.issues[0].code == "CASE-301"
    with pytest.raises(MoveRefused):
        check_move("stay", "c", StayState.ENTERED_IN_ERROR, StayState.IN_PROGRESS)


def test_an_error_carries_at_least_one_issue() -> None:
    with pytest.raises(ValueError):
        AdapterError()
