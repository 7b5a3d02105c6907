"""3201, 3202, 9101, 9102: the bureau's book against the hospital's, by totals and by file."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from adapter.counterparts.nhsa.books import packed
from tests.support.nhsa_window import A, B, Window, line

DAY = {"setl_optins": "999900", "clr_type": "21", "stmt_begndate": "2021-06-20", "stmt_enddate": "2021-06-20"}


def settled(window: Window, psn_no: str, total: str, ipt_no: str) -> dict[str, Any]:
    visit = window.stay(psn_no, [line("1", "2201", "1", total)], ipt_no)
    return dict(window.good("2304", window.bill(visit, psn_no, total))["setlinfo"])


def totals(*sheets: dict[str, Any], flag: str = "") -> dict[str, Any]:
    """3201 as a hospital with these settlements would ask."""
    names = ("medfee_sumamt", "fund_pay_sumamt", "acct_pay")
    sums = {name: str(sum(sheet[name] for sheet in sheets)) for name in names}
    count = {"fixmedins_setl_cnt": str(len(sheets)), "fixmedins_refd_setl_flag": flag or "2"}
    return {"data": {**DAY, **sums, **count, "insutype": "390"}}


def row(sheet: dict[str, Any], psn_no: str, flag: str = "0", **more: str) -> tuple[str, ...]:
    """A line of the hospital's file."""
    names = ("setl_id", "mdtrt_id", "psn_no", "medfee_sumamt", "fund_pay_sumamt", "acct_pay", "refd_setl_flag")
    found = {**sheet, "psn_no": psn_no, "refd_setl_flag": flag, **more}
    return tuple(str(found[name]) for name in names)


def compared(window: Window, *rows: tuple[str, ...]) -> list[list[str]]:
    """Upload a file, compare, fetch the result."""
    number = uploaded(window, packed(rows, "mine.txt"))
    given = {**DAY, "file_qury_no": number, "fixmedins_setl_cnt": str(len(rows)), "fixmedins_refd_setl_flag": "0"}
    amounts = dict.fromkeys(("medfee_sumamt", "fund_pay_sumamt", "cash_payamt"), "0.00")
    info = window.good("3202", {"data": given | amounts})["fileinfo"]
    answer = window.post("9102", {"fsDownloadIn": {**info, "fixmedins_code": window.facility}})
    assert answer.headers["content-type"] == "application/octet-stream"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        (name,) = archive.namelist()
        return [text.split("\t") for text in archive.read(name).decode("utf-8").splitlines()]


def uploaded(window: Window, content: bytes) -> str:
    """9101: multipart, the envelope as text part jsonStr."""
    given = {"fsUploadIn": {"filename": "mine.zip", "fixmedins_code": window.facility}}
    envelope, headers = window.signed(window.envelope("9101", given))
    answer = window.client.post(
        "/nhsa/9101", data={"jsonStr": json.dumps(envelope)}, files={"file": ("mine.zip", content)}, headers=headers
    )
    return str(answer.json()["output"]["file_qury_no"])


def result(window: Window, given: dict[str, Any]) -> str:
    return str(window.good("3201", given)["stmtinfo"]["stmt_rslt"])


def test_totals_that_agree_and_totals_that_do_not(window: Window) -> None:
    one, two = settled(window, A, "9000.00", "Z1"), settled(window, B, "1000.00", "Z2")
    assert result(window, totals(one, two)) == "0"
    assert result(window, totals(one)) == "1"
    given = totals(one, two)
    given["data"]["fund_pay_sumamt"] = "0.01"
    assert result(window, given) == "1"
    assert result(window, {"data": totals(one, two)["data"] | {"stmt_enddate": "2021-06-19"}}) == "1"
    assert result(window, {"data": totals(one, two)["data"] | {"insutype": "310"}}) == "1"


def test_a_refund_is_a_row_of_its_own(window: Window) -> None:
    one = settled(window, A, "9000.00", "Z1")
    undone = window.good("2305", {"data": {"mdtrt_id": one["mdtrt_id"], "setl_id": one["setl_id"], "psn_no": A}})
    back = undone["setlinfo"]
    assert result(window, totals(one, back)) == "0"
    assert result(window, totals(one, flag="0")) == "0"
    assert result(window, totals(back, flag="1")) == "0"
    rows = compared(window, row(one, A), row(back, A, "1"))
    assert [(cells[4], cells[5]) for cells in rows] == [("0", "0"), ("0", "1")]


def test_a_reversed_settlement_is_in_no_book(window: Window) -> None:
    settled(window, A, "9000.00", "Z1")
    window.good("2601", {"data": {"psn_no": A, "omsgid": window.last_msgid, "oinfno": "2304"}})
    assert compared(window) == []


@pytest.mark.parametrize(("region", "codes"), [("plain", "0 1 1 1"), ("lake", "0 1 2 3")])
def test_details_name_what_is_missing_on_either_side(region: str, codes: str) -> None:
    with Window.at(region) as window:
        window.sign_in()
        sheets, msgids = [], []
        for number, psn_no in enumerate((A, B, "999900000003")):
            sheets.append(settled(window, psn_no, "9000.00", f"Z{number}"))
            msgids.append(window.last_msgid)
        unknown = row(sheets[0], A, setl_id="7", mdtrt_id="8")
        differs = row(sheets[2], "999900000003", fund_pay_sumamt="1.00")
        rows = compared(window, row(sheets[0], A), differs, unknown)
        found = {cells[2]: cells for cells in rows}
        same, more, less, other = codes.split()
        assert found[sheets[0]["setl_id"]][4] == same
        # what only the bureau holds has no ids, but the msgid that 2601 needs
        assert found["null"][:5] == [B, "null", "null", msgids[1], more]
        assert found["7"][3:5] == ["null", less]
        assert found[sheets[2]["setl_id"]][4] == other
        assert {len(cells) for cells in rows} == ({7} if region == "lake" else {10})


def test_files_that_cannot_be_read(window: Window) -> None:
    given = {**DAY, "fixmedins_setl_cnt": "0", "fixmedins_refd_setl_flag": "0"}
    given |= dict.fromkeys(("medfee_sumamt", "fund_pay_sumamt", "cash_payamt"), "0.00")
    two_files = io.BytesIO()
    with zipfile.ZipFile(two_files, "w") as archive:
        archive.writestr("a.txt", "")
        archive.writestr("b.txt", "")
    latin = io.BytesIO()
    with zipfile.ZipFile(latin, "w") as archive:
        archive.writestr("a.txt", "编号".encode("gb18030"))
    for content, text in (
        (b"no zip", "格式错误"),
        (two_files.getvalue(), "只有一个文件"),
        (latin.getvalue(), "格式错误"),
        (packed([("1", "2")], "a.txt"), "第1行列数"),
    ):
        number = uploaded(window, content)
        assert text in window.refused("3202", {"data": given | {"file_qury_no": number}})
    assert "文件查询号" in window.refused("3202", {"data": given | {"file_qury_no": "7"}})


def test_another_hospitals_file_is_not_given_out(window: Window) -> None:
    number = uploaded(window, packed([], "a.txt"))
    window.facility = "H99990200001"
    asked = {"fsDownloadIn": {"file_qury_no": number, "filename": "a.zip", "fixmedins_code": window.facility}}
    assert "不存在" in window.refused("9102", asked)
    assert "不能为空" in window.refused("9101", {"fsUploadIn": {"filename": "a", "fixmedins_code": window.facility}})
