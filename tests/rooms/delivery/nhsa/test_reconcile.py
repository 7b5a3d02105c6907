"""A day with the bureau: totals first, details by file where they differ, and a remittance as from any other payer."""

from __future__ import annotations

import zipfile
from datetime import date
from io import BytesIO
from typing import Any

import httpx
import pytest

from adapter.fhir.canonical import decode
from adapter.model.issues import AdapterError
from adapter.model.messages import DifferenceKind, Remittance
from adapter.model.money import Money
from adapter.model.settlement import Payer
from adapter.payers.delivery.endpoint import Booked
from adapter.payers.delivery.endpoints.nhsa.desk import BureauDesk
from adapter.payers.delivery.endpoints.nhsa.reconcile import (
    SettledAtBureau,
    compare_day,
    result_rows,
    settled_at_bureau,
)
from adapter.payers.reconciliation.matching import Settled, compare
from tests.support.nhsa import Answers, dialect, friendly, ok, stay_facts, talk
from tests.support.office import codes

DAY = date(2026, 3, 2)


def settled(
    number: int, fund: str = "300.00", *, refunded: date | None = None, agency: str = "", on: date = DAY
) -> SettledAtBureau:
    amount = Money.yuan(fund)
    return SettledAtBureau(
        key=f"case-{number}.v1.insurance.settle",
        setl_id=f"SETL{number}",
        mdtrt_id=f"M{number}",
        psn_no=f"P{number}",
        msgid=f"H9999010000120260302090000{number:04d}",
        insutype="390",
        agency=agency,
        on=on,
        total=amount + amount,
        fund=amount,
        account=Money(0),
        cash=amount,
        shares=((Payer.BASIC, amount - Money(100)), (Payer.CRITICAL_ILLNESS, Money(100))),
        refunded_on=refunded,
        refund_id=f"BACK{number}" if refunded else "",
        refund_msgid=f"H9999010000120260302100000{number:04d}" if refunded else "",
    )


def zipped(*rows: str) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("result.txt", "\n".join(rows))
    return packed.getvalue()


class Bureau(Answers):
    """Totals with this result; the details of this file."""

    def __init__(self, result: str, *rows: str, region: str = "test_inland") -> None:
        files = {"file_qury_no": "F2", "filename": "r.zip", "dld_endtime": ""}
        super().__init__(
            {
                "9001": lambda body: ok(signinoutb={"sign_no": "S7", "sign_time": ""}),
                "3201": lambda body: ok(stmtinfo={"stmt_rslt": result}),
                "3202": lambda body: ok(fileinfo=files),
                "9101": lambda body: ok() | {"output": {"file_qury_no": "F1", "filename": "x", "fixmedins_code": "H"}},
                "9102": lambda body: httpx.Response(200, content=zipped(*rows)),
            }
        )
        self.region = region
        self.uploaded = b""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.headers["content-type"].startswith("multipart/"):
            _, _, rest = request.content.partition(b'name="jsonStr"\r\n\r\n')
            text, _, rest = rest.partition(b"\r\n--")
            self.uploaded = rest.partition(b"zip\r\n\r\n")[2].partition(b"\r\n--")[0]
            request = httpx.Request("POST", request.url, content=text)
        return super().__call__(request)

    def compared(self, *ours: SettledAtBureau, unsure: dict[str, str] | None = None) -> Remittance:
        with talk(self, spoken=dialect(self.region)) as said:
            at = said.endpoint
            desk = BureauDesk("bureau", DAY, at.dialogue, said.clock, at._send, at._judge_only)
            spoken = at.dialogue.dialect
            return compare_day(DAY, ours, unsure or {}, "bureau", spoken.region, desk, spoken.definitions)

    def question(self, number: str, **wanted: str) -> dict[str, Any]:
        """The data of the first question of a number with these fields."""
        asked = [each["input"]["data"] for each in self.asked if each["infno"] == number]
        return next(each for each in asked if wanted.items() <= each.items())


def books(*ours: SettledAtBureau) -> list[Settled]:
    standing = [each for each in ours if each.refunded_on is None and each.on == DAY]
    return [Settled(each.key, payer, amount) for each in standing for payer, amount in each.shares]


def test_a_day_that_balances_needs_no_file() -> None:
    """Settlements and cancellations are asked for apart, and so is a scheme that we had nobody of."""
    bureau, ours = Bureau("0"), (settled(1), settled(2, "50.00"), settled(3, refunded=DAY))
    statement = bureau.compared(*ours)
    assert bureau.numbers() == ["3201"] * 4
    plus = bureau.question("3201", insutype="390", fixmedins_refd_setl_flag="0")
    assert (plus["fund_pay_sumamt"], plus["fixmedins_setl_cnt"]) == (Money.yuan("650.00").decimal, 3)
    minus = bureau.question("3201", insutype="390", fixmedins_refd_setl_flag="1")
    assert (minus["fund_pay_sumamt"], minus["fixmedins_setl_cnt"]) == (Money.yuan("-300.00").decimal, 1)
    assert bureau.question("3201", insutype="310", fixmedins_refd_setl_flag="0")["fixmedins_setl_cnt"] == 0
    assert compare(books(*ours), statement).agrees


def test_agencies_are_asked_one_by_one() -> None:
    bureau = Bureau("0")
    bureau.compared(settled(1, agency="999901"), settled(2, agency="999902"), settled(3))
    asked = [each["input"]["data"]["setl_optins"] for each in bureau.asked]
    assert asked == ["999901"] * 4 + ["999902"] * 4  # 999901 is the hospital's own


def test_a_region_that_wants_it_is_signed_in_to_first() -> None:
    bureau = Bureau("0", region="test_coastal")
    bureau.compared(settled(1))
    assert bureau.numbers() == ["9001", *["3201"] * 4]
    assert bureau.asked[1]["sign_no"] == "S7"


LOST = "H99990100001202603020900009999"


def test_details_name_what_differs() -> None:
    """One agrees and is not named, one is short, one is missing there, one is only there, one has no amount."""
    ours = (settled(1), settled(2), settled(3), settled(4))
    bureau = Bureau(
        "1",
        f"P2\tM2\tSETL2\t{ours[1].msgid}\t1\t0\tnull\t600.00\t299.00\t0.00",
        "P3\tM3\tSETL3\tnull\t1\t0\t本方无\tnull\tnull\tnull",
        f"P9\tnull\tnull\t{LOST}\t1\t0\tnull\t80.00\t20.00\t0.00",
        f"P4\tM4\tSETL4\t{ours[3].msgid}\t1\t0\t不一致\tnull\tnull\tnull",
    )
    statement = bureau.compared(*ours)
    found = {(each.kind, each.key, each.payer) for each in compare(books(*ours), statement).differences}
    both = (Payer.BASIC, Payer.CRITICAL_ILLNESS)
    assert found == {(DifferenceKind.MISSING, ours[2].key, payer) for payer in both} | {
        (DifferenceKind.SHORT, ours[1].key, Payer.BASIC),
        (DifferenceKind.UNEXPECTED, f"msgid:{LOST}", Payer.BASIC),
        *((DifferenceKind.AMOUNT, ours[3].key, payer) for payer in both),
    }


def test_what_only_the_bureau_has_stands_under_the_key_of_a_lost_message() -> None:
    bureau = Bureau("1", f"P9\tnull\tnull\t{LOST}\t1\t0\tnull\t80.00\t20.00\t0.00")
    statement = bureau.compared(settled(1), unsure={LOST: "case-9.v1.insurance.settle"})
    (found,) = compare(books(settled(1)), statement).differences
    assert (found.kind, found.key) == (DifferenceKind.UNEXPECTED, "case-9.v1.insurance.settle")


def test_what_the_bureau_has_on_this_day_and_we_on_another_bears_our_key() -> None:
    other = settled(2, on=date(2026, 3, 1))
    bureau = Bureau("1", f"P2\tnull\tnull\t{other.msgid}\t1\t0\tnull\t600.00\t300.00\t0.00")
    statement = bureau.compared(settled(1), other)
    near = {other.on: [Settled(other.key, payer, amount) for payer, amount in other.shares]}
    found = compare(books(settled(1), other), statement, ours_elsewhere=near).differences
    assert {(each.kind, each.key, each.other_day) for each in found} == {
        (DifferenceKind.WRONG_DAY, other.key, other.on)
    }


def test_a_cancellation_that_the_bureau_does_not_have_leaves_the_settlement_standing_there() -> None:
    ours = settled(1, refunded=DAY)
    bureau = Bureau("1", "P1\tM1\tBACK1\tnull\t1\t1\tnull\tnull\tnull\tnull")
    found = compare(books(ours), bureau.compared(ours)).differences
    assert {(each.kind, each.key) for each in found} == {(DifferenceKind.UNEXPECTED, ours.key)}


def test_the_file_has_the_documented_columns_and_a_cancelled_one_twice() -> None:
    bureau = Bureau("1")
    bureau.compared(settled(1), settled(2, refunded=DAY), settled(3, refunded=date(2026, 3, 3)))
    with zipfile.ZipFile(BytesIO(bureau.uploaded)) as archive:
        (name,) = archive.namelist()
        lines = archive.read(name).decode().splitlines()
    assert lines == [
        "SETL1\tM1\tP1\t600.00\t300.00\t0.00\t0",
        "SETL2\tM2\tP2\t600.00\t300.00\t0.00\t0",
        "BACK2\tM2\tP2\t-600.00\t-300.00\t0.00\t1",
        "SETL3\tM3\tP3\t600.00\t300.00\t0.00\t0",
    ]
    assert bureau.question("3202")["file_qury_no"] == "F1"
    assert bureau.numbers() == [*["3201"] * 4, "9101", "3202", "9102"]


@pytest.mark.parametrize(
    ("number", "reply"),
    [
        ("3201", {"infcode": -1, "err_msg": "日期错误"}),
        ("9101", {"infcode": -1, "err_msg": "文件错误"}),
        ("9102", {"infcode": -1, "err_msg": "FSI-文件查询号不能为空[fileBO_156]"}),
        ("3201", httpx.ConnectError("down")),
    ],
)
def test_what_cannot_be_had_is_said(number: str, reply: Any) -> None:
    bureau = Bureau("1")
    bureau.by_number[number] = lambda body: reply
    with pytest.raises(AdapterError) as caught:
        bureau.compared(settled(1))
    assert codes(caught.value) == ["DEL-504"]


@pytest.mark.parametrize("packed", [b"no zip", zipped("a\tb"), zipped("\t".join("abcdefghijk"))])
def test_a_file_that_cannot_be_read_is_refused(packed: bytes) -> None:
    columns = tuple(dialect().definitions.transactions["3202"].file_in.fields)  # type: ignore[union-attr]
    with pytest.raises(AdapterError) as caught:
        result_rows(packed, columns, "3202")
    assert codes(caught.value) == ["DEL-567"]


def test_our_side_comes_from_the_stored_messages() -> None:
    answers = friendly(stay_facts())
    with talk(answers) as said:
        said.settled()
        exchange = said.said[-1]
        shares = tuple((each.payer, each.amount) for each in exchange.receipt.answers)
        found = settled_at_bureau(Booked(exchange, DAY, Money(0), shares), dialect().definitions)
        message = exchange.message
    assert (found.key, found.setl_id, found.mdtrt_id) == (message.key, "SETL1", "M1")
    assert found.msgid == decode(message.composed)["msgid"]
    assert (found.total, found.fund) == (Money.yuan("1006.95"), Money.yuan("300.00"))
    assert dict(found.shares)[Payer.BASIC] == Money.yuan("300.00")


def test_the_platform_lists_nothing_by_itself() -> None:
    with talk(friendly(stay_facts())) as said, pytest.raises(AdapterError) as caught:
        said.endpoint.remittance(DAY, "H99990100001")
    assert codes(caught.value) == ["DEL-566"]
