"""An invented office for ledger tests: cases, settlements, messages, receipts. All names are made up."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TypedDict

from adapter.ledger.ledger import Ledger, Transaction
from adapter.ledger.rows import Posting, ResourceIn
from adapter.ledger.session import digest_of
from adapter.model.case import Actor, BillState, CallState, ClearingState, EntitlementState, StayState
from adapter.model.claim import LineSplit, YearToDate
from adapter.model.issues import Issue, Severity
from adapter.model.message import KeptMessage
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Stage
from adapter.model.money import Money
from adapter.model.settlement import (
    Accrual,
    Authority,
    Explanation,
    PatientParts,
    Payer,
    PayerAnswer,
    Settlement,
    Share,
    Step,
)
from adapter.model.source import KeptRow

START = datetime(2021, 3, 1, 8, 0, tzinfo=UTC)
CLERK = Actor("clerk-01", "clerk")
SOURCE = "qingshi_county"


class Because(TypedDict):
    at: datetime
    actor: Actor
    reason: str


def after(seconds: float = 0) -> datetime:
    return START + timedelta(seconds=seconds)


def by(seconds: float = 0, reason: str = "测试 test") -> Because:
    """At a moment, by the clerk, for a reason."""
    return {"at": after(seconds), "actor": CLERK, "reason": reason}


def open_case(tx: Transaction, number: int = 1, *, person: str = "P-1", source: str = SOURCE) -> str:
    case_id = f"{source}-{number}"
    tx.open_case(
        case_id,
        source=source,
        stay_key=str(number),
        person_key=person,
        scheme="test_hunan_two_calls",
        facility="999901001",
        admitted=date(2021, 2, 20),
        **by(),
    )
    return case_id


def some_issue(code: str = "MAP-104") -> Issue:
    return Issue(code, Severity.ERROR, "ZY_FYMX.xml#3/XMDM", "没有对照关系", "has no mapping", "补充一行", "add a row")


def resource(type_: str = "Patient", id_: str = "p-1", text: str = "甲") -> ResourceIn:
    body = f'{{"id":"{id_}","resourceType":"{type_}","text":"{text}"}}'.encode()
    return ResourceIn(type_, id_, body, digest_of(body))


def settlement(case_id: str, version: int = 1, basic: str = "2460.00", patient: str = "2540.00") -> Settlement:
    fund, own = Money.yuan(basic), Money.yuan(patient)
    because = Explanation("起付标准500.00元", "deductible 500.00", "测试办法 第六条")
    return Settlement(
        case_id=case_id,
        version=version,
        scheme="test_hunan_two_calls",
        on=date(2021, 3, 1),
        total=fund + own,
        shares=(
            Share(Payer.BASIC, fund, Authority.PAYER, "basic", "第七条", expected=fund, reference="S-1"),
            Share(Payer.PATIENT, own, Authority.ADAPTER, "basic", "第七条"),
        ),
        steps=(Step(Payer.BASIC, "deductible", Money.yuan("500.00"), fund, because, (("level", "secondary"),)),),
        patient=PatientParts(deductible=Money.yuan("500.00"), coinsurance=own - Money.yuan("500.00")),
        splits=(("line-1", LineSplit(in_scope=fund + own)),),
        accrued=YearToDate(2021),
        accruals=accruals(),
        rules=("test/basic@1",),
        basis="b" * 64,
        complete=True,
        test_profile=True,
    )


def accruals(deductible: str = "500.00", person: str = "P-1") -> tuple[Accrual, ...]:
    return (
        Accrual(person, 2021, "basic.deductible", Money.yuan(deductible)),
        Accrual(person, 2021, "basic.paid", Money.yuan("2460.00")),
    )


def entries() -> list[Posting]:
    return [
        Posting("receivable/basic", debit=Money.yuan("2460.00"), payer=Payer.BASIC, cite="第七条", reference="S-1"),
        Posting("receivable/patient", debit=Money.yuan("2540.00"), payer=Payer.PATIENT),
        Posting("charges", credit=Money.yuan("5000.00"), line="line-1"),
    ]


def prepaid(amount: str = "9000.00") -> list[Posting]:
    """Money that the fund pays before anything is settled."""
    return [
        Posting("cash/transfer", debit=Money.yuan(amount), cite="四(一)", reference="R-1"),
        Posting("prepaid/bureau", credit=Money.yuan(amount), cite="四(一)", reference="R-1"),
    ]


def message(case_id: str, name: str = "insurance.settle", **other: object) -> OutboundMessage:
    given: dict[str, object] = {
        "key": f"{case_id}.v1.{name}",
        "case_id": case_id,
        "version": 1,
        "endpoint": "bureau",
        "call": "insurance",
        "stage": Stage.SETTLE,
        "operation": "claim-submit",
        "composed": f'{{"message":"{name}"}}'.encode(),
        "content_type": "application/fhir+json",
    }
    return OutboundMessage(**(given | other))  # type: ignore[arg-type]


def receipt(outcome: Outcome = Outcome.ACCEPTED, seconds: float = 0) -> Receipt:
    if outcome is not Outcome.ACCEPTED:
        return Receipt(outcome, after(seconds), body=b"\x00\xff raw", issues=(some_issue("DEL-501"),))
    answer = PayerAnswer(
        Payer.BASIC,
        Money.yuan("2460.00"),
        "S-1",
        amounts=(("deductible", Money.yuan("500.00")),),
        lines=(("line-1", LineSplit(in_scope=Money.yuan("5000.00"))),),
        steps=("步骤一",),
    )
    asked = YearToDate(2021, (("basic.paid", Money.yuan("1.00")),), "payer", after(seconds), None)
    return Receipt(outcome, after(seconds), "S-1", (answer,), asked, body=b'{"ok":true}')


def kept(identity: str = "m-1", *keys: str, text: str = "MSH|^~\\&|HIS\rPID|1||5001||测试甲") -> KeptMessage:
    return KeptMessage(identity, keys or ("stay:1", "person:P-1"), "adt.hl7", 1, text, "0001")


def row(key: str = "1", *, stay: str = "1", arrived: str = "1", **fields: str) -> KeptRow:
    """A content of a row; ``arrived`` is its file too."""
    return KeptRow("LINES", key, stay, {"LINE": key, "STAY": stay, **fields}, f"{arrived}.csv", 1, arrived)


def everything(ledger: Ledger) -> None:
    """A day at the office in which every kind of event happens."""
    with ledger.transaction() as tx:
        case_id = open_case(tx)
        open_case(tx, 2)
        tx.amend_case(case_id, discharged=date(2021, 3, 1), person_key="P-1b", **by(1))
        tx.set_held(case_id, [some_issue()], **by(2))
        tx.file_paper(case_id, "assessment", {"state": "granted", "reasons": [{"met": True, "n": 1}]}, **by(3))
        tx.file_paper(case_id, "assessment", {"state": "refused"}, **by(4))
        tx.note(case_id, "viewed", {"screen": "bill"}, **by(5))
        tx.put_resources(SOURCE, case_id, [resource(), resource("Encounter", "e-1")], **by(6))
        tx.put_resources(SOURCE, case_id, [resource(text="乙")], **by(7))
        tx.put_resources(SOURCE, f"{SOURCE}-2", [resource(text="乙")], **by(8))
        tx.delete_resources(SOURCE, case_id, [("Encounter", "e-1")], **by(9))
        tx.withdraw_resources(SOURCE, f"{SOURCE}-2", [("Patient", "p-1")], **by(9))
        tx.receive(SOURCE, "ZY_BRRY.xml", digest_of(b"raw"), 3, b"raw", **by(10))
        tx.mark_processed(SOURCE, digest_of(b"raw"), **by(11))
        tx.receive(SOURCE, "ZY_FYMX.xml", "d" * 64, 10**10, **by(11))
        for name, minute in (("ZY_BRRY.xml", 10), ("ZY_FYMX.xml", 11), ("ZY_BRRY.xml", 12)):
            number = tx.begin_arrival(SOURCE, [(name, "d" * 64)], **by(minute))
        tx.finish_arrival(SOURCE, number, **by(13))
        tx.keep_message(SOURCE, kept(), **by(11))
        tx.keep_rows(SOURCE, [row(), row("2", stay="7")], **by(11))
        parked_id = tx.park(SOURCE, "9", [some_issue()], b"<row/>", "ZY_FYMX.xml#3", **by(12))
        tx.park(SOURCE, "9", [some_issue("MAP-105")], b"<row/>", "ZY_FYMX.xml#7", **by(13))
        tx.resolve_parked(parked_id, **by(14))
        tx.park(SOURCE, None, [some_issue()], b"<broken", "ZY_FYMX.xml#4", **by(15))
    with ledger.transaction() as tx:
        tx.clear_held(case_id, **by(20))
        tx.start(case_id, "stay", StayState.IN_PROGRESS, **by(21))
        tx.move(case_id, "stay", StayState.WARD_DISCHARGED, **by(22))
        tx.start(case_id, "entitlement", EntitlementState.UNASSESSED, **by(23))
        version = tx.new_version(case_id, **by(24))
        tx.start(case_id, "bill", BillState.DRAFT, subject="1", **by(25))
        tx.move(case_id, "bill", BillState.PREVIEWED, subject="1", data={"basis": "b"}, **by(26))
        tx.start(case_id, "call", CallState.EXPECTED, subject="1/insurance", **by(27))
        tx.save_settlement(case_id, version, settlement(case_id), **by(28))
        tx.post(case_id, version, entries(), **by(29))
        tx.accumulate(accruals(), case_id, version, **by(30))
        tx.reverse_postings(case_id, version, **by(31))
        tx.reverse_accruals(case_id, version, **by(32))
        tx.new_version(case_id, **by(33))
        asked = YearToDate(2021, (("basic.paid", Money.yuan("1.00")),), "payer", after(34))
        tx.record_asked(SOURCE, "P-1", asked, endpoint="bureau", case_id=case_id, **by(34))
        for name in ("a", "b", "c", "d", "e"):
            tx.enqueue(message(case_id, name, order_key="P-1/2021" if name in "ab" else None), **by(40))
        tx.pause("civil-affairs", after(3600), **by(41))
        tx.pause("civil-affairs", None, **by(42))
        tx.open_book("bureau/H1/2021/clearing/03", **by(43))
        tx.move_book("bureau/H1/2021/clearing/03", ClearingState.DECLARED, **by(44))
        tx.book_entries("bureau/H1/2021/prepayment", prepaid(), **by(45))
    with ledger.transaction() as tx:
        leased = tx.lease("w1", now=after(50), lease_seconds=30, limit=3)
        first, second, third = (one.key for one in leased)
        tx.renew(first, "w1", now=after(51), lease_seconds=60)
        tx.record(first, receipt(Outcome.UNKNOWN, 52), worker="w1", next_attempt_at=after(60))
        tx.record(second, receipt(Outcome.REJECTED, 53), worker="w1")
        tx.release(third, "w1", now=after(54))
        tx.park_message(third, **by(55))
        tx.retry(second, **by(56))
    with ledger.transaction() as tx:
        (given,) = tx.lease("w1", now=after(57), lease_seconds=30, limit=1)
        tx.record(given.key, receipt(Outcome.UNKNOWN, 58), worker="w1", parked=True)
        tx.never_arrived(given.key, **by(59))
    with ledger.transaction() as tx:
        for one in tx.lease("w2", now=after(70), lease_seconds=30):
            tx.record(one.key, receipt(seconds=71), worker="w2")
