"""Custody, agreements and consents as pure rules: what is asked, what is kept, when it goes back, who may sign."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from adapter.model.case import AgreementState, DocumentState, EntitlementState, PatientPartState, StayState
from adapter.model.issues import AdapterError
from adapter.model.money import ZERO, Money
from adapter.model.reference import DocumentFact, DocumentKind
from adapter.model.window import Agreement, AgreementKind, Checked, CheckStep, HeldDocument, Relation, Signer
from adapter.rules.programme import agreements, custody, signing
from adapter.rules.programme.checks import last_by
from adapter.rules.programme.collection import read_collection
from adapter.rules.programme.custody import Standing
from adapter.rules.programme.reading import read_terms
from adapter.rules.programme.terms import Terms
from tests.support.programme import PROGRAMMES, answer, settings

A, B = "county-plan-2021", "yongzhou-2017-67"
NOON = datetime(2021, 3, 5, 4, 0, tzinfo=UTC)
ADULT, CHILD_ = date(1980, 1, 1), date(2010, 1, 1)


def terms(name: str, **extra: Any) -> Terms:
    return read_terms(PROGRAMMES[name], settings(name, extra))


def take(name: str, kind: str, *before: HeldDocument, keep: str | None = None, **shown: Any) -> HeldDocument:
    fact = DocumentFact(DocumentKind(kind), **shown)
    return custody.take("C", before, fact, terms(name), keep=keep, by="W1", at=NOON)


def codes(caught: pytest.ExceptionInfo[AdapterError]) -> list[str]:
    return [issue.code for issue in caught.value.issues]


@pytest.mark.rule("A-14")
@pytest.mark.rule("X-07")
@pytest.mark.parametrize(
    ("name", "kind", "original", "keep", "state", "cite"),
    [
        (A, "insurance-card", True, "original", "held", "县区方案2021 三(三)"),
        (A, "premium-receipt", True, "none", "presented", "县区方案2021 三(三)"),
        (A, "electronic-credential", True, "none", "presented", "县区方案2021 三(三)"),
        (A, "id-card", True, "copy", "held", "县区方案2021 三(三)"),
        (B, "id-card", False, "copy", "held", "永卫计发〔2017〕67号 三(一)"),
        (B, "household-book", False, "copy", "held", "永卫计发〔2017〕67号 三(一)"),
    ],
)
def test_what_is_kept_and_under_which_article(
    name: str, kind: str, original: bool, keep: str, state: str, cite: str
) -> None:
    held = take(name, kind, original=original)
    assert (held.keep, held.state, held.cite) == (keep, state, cite)


@pytest.mark.parametrize(
    ("name", "kind", "shown", "keep", "code"),
    [
        (B, "premium-receipt", {}, None, "PRG-240"),  # a receipt replaces the card under A only
        (A, "poverty-proof", {}, None, "PRG-240"),
        (A, "settlement-agreement", {}, None, "PRG-240"),  # offered and signed, never taken over the counter
        (A, "id-card", {}, "original", "PRG-241"),  # no pledge
        (A, "insurance-card", {"original": False}, None, "PRG-241"),
        (A, "household-book", {}, "gold", "PRG-241"),
        (B, "poverty-proof", {"issuer": "示例村民委员会"}, None, "PRG-242"),
        (B, "poverty-proof", {"confirmed_by": "示例镇人民政府"}, None, "PRG-242"),
    ],
)
@pytest.mark.rule("B-17")
def test_what_is_not_taken(name: str, kind: str, shown: dict[str, Any], keep: str | None, code: str) -> None:
    with pytest.raises(AdapterError) as caught:
        take(name, kind, keep=keep, **shown)
    assert codes(caught) == [code]


@pytest.mark.rule("B-17")
def test_a_two_step_proof_is_taken_whole() -> None:
    held = take(B, "poverty-proof", issuer="示例村民委员会", confirmed_by="示例镇人民政府")
    assert held.fact == DocumentFact(DocumentKind.POVERTY_PROOF, issuer="示例村民委员会", confirmed_by="示例镇人民政府")


OVER = Standing(StayState.WARD_DISCHARGED, EntitlementState.GRANTED, PatientPartState.OPEN, Money.yuan("0.01"))


@pytest.mark.rule("A-16")
@pytest.mark.rule("B-19")
@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ({}, False),  # a fen is owed
        ({"patient_pays": ZERO}, True),
        ({"patient_pays": None}, False),  # no bill yet
        ({"part": PatientPartState.PAID}, True),
        ({"part": PatientPartState.PAID, "stay": StayState.IN_PROGRESS}, False),
        ({"part": PatientPartState.PART_PAID}, False),
        ({"part": PatientPartState.OVERDUE}, False),
        ({"part": PatientPartState.REFUND_DUE}, True),
        ({"part": PatientPartState.WRITTEN_OFF}, True),
        ({"part": PatientPartState.ON_PLAN}, True),
        ({"stay": StayState.IN_PROGRESS, "entitlement": EntitlementState.REFUSED}, True),
        ({"stay": StayState.IN_PROGRESS, "entitlement": EntitlementState.REVOKED}, False),  # what was deferred stays so
        ({"stay": StayState.CANCELLED}, True),
    ],
)
def test_when_papers_go_back(change: dict[str, Any], allowed: bool) -> None:
    said = custody.return_answer(replace(OVER, **change), terms(B))
    assert said.allowed is allowed and said.zh and said.en and said.cite


@pytest.mark.rule("X-11")
@pytest.mark.rule("Q-03")
def test_under_a_plan_the_region_decides_and_a_knows_no_plan() -> None:
    on_plan = replace(OVER, part=PatientPartState.ON_PLAN)
    at_the_end = custody.return_answer(on_plan, terms(B, papers_under_plan="last-instalment"))
    assert not at_the_end.allowed and "Q-03" in at_the_end.cite
    assert not custody.return_answer(on_plan, terms(A)).allowed


@pytest.mark.rule("X-07")
def test_nothing_is_waived_unless_the_region_says_so() -> None:
    with pytest.raises(AdapterError) as caught:
        custody.waive("C", (), "id-card", terms(B), by="W1", at=NOON)
    assert codes(caught) == ["PRG-244"]
    waived = custody.waive("C", (), "id-card", terms(B, waivable_papers=("id-card",)), by="W1", at=NOON)
    assert (waived.state, waived.keep) == (DocumentState.WAIVED, "none")


# -- agreements -------------------------------------------------------------------------------------------------------


def known(name: str) -> dict[AgreementKind, Any]:
    return agreements.instruments(terms(name), read_collection(PROGRAMMES[name], settings(name)))


@pytest.mark.rule("A-15")
@pytest.mark.rule("B-15")
@pytest.mark.rule("X-08")
def test_each_programme_has_its_own_instruments() -> None:
    assert list(known(A)) == [AgreementKind.SETTLEMENT_AGREEMENT]
    assert list(known(B)) == [
        AgreementKind.SETTLEMENT_UNDERTAKING,
        AgreementKind.REPAYMENT_UNDERTAKING,
        AgreementKind.STAGING_AGREEMENT,
    ]
    assert AgreementKind.SETTLEMENT_AGREEMENT.two_parties and not AgreementKind.SETTLEMENT_UNDERTAKING.two_parties


def offered(name: str, *before: Agreement, **more: Any) -> tuple[Agreement, Agreement | None]:
    asked = {"kind": None, "version": "1", "replacing": False, **more}
    return agreements.offer("C", before, known(name), programme=name, by="W1", at=NOON, **asked)


def test_one_instrument_of_a_kind_stands_at_a_time() -> None:
    first, nothing = offered(B)
    assert nothing is None and first.cite == "永卫计发〔2017〕67号 三(一)"
    for wrong, code in (({}, "PRG-248"), ({"kind": AgreementKind.SETTLEMENT_AGREEMENT}, "PRG-247")):
        with pytest.raises(AdapterError) as caught:
            offered(B, first, **wrong)
        assert codes(caught) == [code]
    with pytest.raises(AdapterError) as caught:
        offered(B, version=" ")
    assert codes(caught) == ["PRG-254"]
    second, old = offered(B, first, replacing=True)
    assert second.number == 2 and old is not None and old.state is AgreementState.REPLACED
    other, _ = offered(B, first, kind=AgreementKind.REPAYMENT_UNDERTAKING)
    assert other.number == 2


def test_what_the_checklist_hears_of_instruments() -> None:
    first, _ = offered(B)
    signed = agreements.sign("C", first, Signer(Relation.PATIENT), born=ADULT, at=NOON, on=date(2021, 3, 5))
    assert agreements.signed_kinds([first]) == frozenset()
    assert agreements.signed_kinds([signed]) == {DocumentKind.SETTLEMENT_UNDERTAKING}
    broken = agreements.end(signed, AgreementState.BREACHED, by="W1", at=NOON)
    assert agreements.declined_kinds([broken]) == {DocumentKind.SETTLEMENT_UNDERTAKING}
    repay = replace(signed, number=2, kind=AgreementKind.REPAYMENT_UNDERTAKING)
    assert agreements.signed_kinds([repay]) == frozenset()  # not an admission paper
    anew = replace(signed, number=2)
    assert agreements.declined_kinds([broken, anew]) == frozenset()


@pytest.mark.parametrize(
    ("signer", "born", "on", "may"),
    [
        (Signer(Relation.PATIENT), ADULT, date(2021, 3, 5), True),
        (Signer(Relation.PATIENT), None, date(2021, 3, 5), True),
        (Signer(Relation.PATIENT), CHILD_, date(2027, 12, 31), False),  # the day before the eighteenth birthday
        (Signer(Relation.PATIENT), CHILD_, date(2028, 1, 1), True),
        (Signer(Relation.PARENT), CHILD_, date(2021, 3, 5), True),
        (Signer(Relation.GUARDIAN), CHILD_, date(2021, 3, 5), True),
        (Signer(Relation.SIBLING), CHILD_, date(2021, 3, 5), False),
        (Signer(Relation.PARENT), ADULT, date(2021, 3, 5), False),
        (Signer(Relation.PARENT, "授权委托书 3"), ADULT, date(2021, 3, 5), True),
        (Signer(Relation.AGENT, " "), ADULT, date(2021, 3, 5), False),
    ],
)
def test_who_may_sign(signer: Signer, born: date | None, on: date, may: bool) -> None:
    found = signing.signer_issues("C", "agreements/1", signer, born, on)
    assert [issue.code for issue in found] == ([] if may else ["PRG-249"])


# -- what the entitlement makes of it ---------------------------------------------------------------------------------


@pytest.mark.rule("A-15")
def test_the_last_check_counts() -> None:
    def by(who: str, step: CheckStep = CheckStep.IDENTITY) -> Checked:
        return Checked(step, who, NOON, "W1", "核查", "check", "cite")

    assert last_by((by("W2"), by("W3"), by("D1", CheckStep.EXPLANATION)), CheckStep.IDENTITY) == "W3"
    assert last_by((), CheckStep.IDENTITY) is None


@pytest.mark.rule("Q-06")
def test_a_lapsed_identity_counts_on_the_day_that_the_region_names() -> None:
    lapsed = {
        "registers": [
            {"category": "registered-poor", "issuer": "示例县扶贫办", "from": "2014-06-01", "to": "2020-03-02"}
        ]
    }
    assert answer(B, lapsed, on="2020-03-05").state is EntitlementState.GRANTED
    later = answer(B, lapsed, on="2020-03-05", settings={"identity_date": "assessment"})
    assert later.state is EntitlementState.REFUSED and later.against[0].code == "register"
