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
from adapter.model.messages import DifferenceKind
from adapter.model.money import Money
from adapter.model.settlement import Payer
from adapter.payers.delivery.endpoints.nhsa.reconcile import SettledAtBureau, Statement, result_rows, settled_at_bureau
from adapter.payers.reconciliation.matching import Settled, compare
from tests.support.nhsa import Answers, dialect, friendly, ok, stay_facts, talk
from tests.support.office import codes

DAY = date(2026, 3, 2)


def settled(number: int, fund: str = "300.00", *, refunded: bool = False, agency: str = "") -> SettledAtBureau:
    amount = Money.yuan(fund)
    return SettledAtBureau(
        key=f"case-{number}.v1.insurance.settle",
        setl_id=f"SETL{number}",
        mdtrt_id=f"M{number}",
        psn_no=f"P{number}",
        msgid=f"H9999010000120260302090000{number:04d}",
        insutype="390",
        agency=agency,
        total=amount + amount,
        fund=amount,
        account=Money(0),
        cash=amount,
        shares=((Payer.BASIC, amount - Money(100)), (Payer.CRITICAL_ILLNESS, Money(100))),
        refunded=refunded,
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

    def compared(self, *ours: SettledAtBureau) -> Statement:
        with talk(self, spoken=dialect(self.region)) as said:
            return said.endpoint.compare(DAY, ours)


def books(*ours: SettledAtBureau) -> list[Settled]:
    return [Settled(each.key, payer, amount) for each in ours if not each.refunded for payer, amount in each.shares]


def test_a_day_that_balances_needs_no_file() -> None:
    bureau, ours = Bureau("0"), (settled(1), settled(2, "50.00"), settled(3, refunded=True))
    statement = bureau.compared(*ours)
    assert bureau.numbers() == ["3201"]
    asked = bureau.asked[0]["input"]["data"]
    assert (asked["fund_pay_sumamt"], asked["fixmedins_setl_cnt"]) == (Money.yuan("350.00").decimal, 4)
    assert compare(books(*ours), statement.remittance).agrees
    assert statement.surplus == ()


def test_agencies_are_asked_one_by_one() -> None:
    bureau = Bureau("0")
    bureau.compared(settled(1, agency="999901"), settled(2, agency="999902"), settled(3))
    assert [each["input"]["data"]["setl_optins"] for each in bureau.asked] == ["999901", "999902"]


def test_a_region_that_wants_it_is_signed_in_to_first() -> None:
    bureau = Bureau("0", region="test_coastal")
    bureau.compared(settled(1))
    assert bureau.numbers() == ["9001", "3201"]
    assert bureau.asked[1]["sign_no"] == "S7"


def test_details_name_what_differs() -> None:
    """One agrees and is not named, one differs, one is missing there, one is only there."""
    ours = (settled(1), settled(2), settled(3))
    bureau = Bureau(
        "1",
        f"P2\tM2\tSETL2\t{ours[1].msgid}\t1\t0\tnull\t600.00\t299.00\t0.00",
        f"P3\tM3\tSETL3\t{ours[2].msgid}\t1\t0\t本方无\tnull\tnull\tnull",
        "P9\tnull\tnull\tH99990100001202603020900009999\t1\t0\tnull\t80.00\t20.00\t0.00",
    )
    statement = bureau.compared(*ours)
    found = {(each.kind, each.key, each.payer) for each in compare(books(*ours), statement.remittance).differences}
    missing = {(DifferenceKind.MISSING, ours[2].key, payer) for payer in (Payer.BASIC, Payer.CRITICAL_ILLNESS)}
    assert found == missing | {
        (DifferenceKind.AMOUNT, ours[1].key, Payer.BASIC),
        (DifferenceKind.UNEXPECTED, "msgid:H99990100001202603020900009999", Payer.BASIC),
    }
    assert statement.surplus == ("H99990100001202603020900009999",)


def test_the_file_has_the_documented_columns_and_a_cancelled_one_twice() -> None:
    bureau = Bureau("1")
    bureau.compared(settled(1), settled(2, refunded=True))
    with zipfile.ZipFile(BytesIO(bureau.uploaded)) as archive:
        (name,) = archive.namelist()
        lines = archive.read(name).decode().splitlines()
    assert lines == [
        "SETL1\tM1\tP1\t600.00\t300.00\t0.00\t0",
        "SETL2\tM2\tP2\t600.00\t300.00\t0.00\t0",
        "SETL2\tM2\tP2\t-600.00\t-300.00\t0.00\t1",
    ]
    assert bureau.asked[2]["input"]["data"]["file_qury_no"] == "F1"
    assert bureau.numbers() == ["3201", "9101", "3202", "9102"]


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
        found = settled_at_bureau(said.said[-1], dialect().definitions)
        message = said.said[-1].message
    assert (found.key, found.setl_id, found.mdtrt_id) == (message.key, "SETL1", "M1")
    assert found.msgid == decode(message.composed)["msgid"]
    assert (found.total, found.fund) == (Money.yuan("1006.95"), Money.yuan("300.00"))
    assert dict(found.shares)[Payer.BASIC] == Money.yuan("300.00")


def test_the_platform_lists_nothing_by_itself() -> None:
    with talk(friendly(stay_facts())) as said, pytest.raises(AdapterError) as caught:
        said.endpoint.remittance(DAY, "H99990100001")
    assert codes(caught.value) == ["DEL-566"]
