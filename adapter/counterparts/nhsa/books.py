"""Reconciliation: 3201 compares totals, 3202 a file of details; 9101 and 9102 carry the files (ZIP, one TAB text)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from decimal import Decimal

from adapter.counterparts.nhsa.office import Call, Done, Office, amount_of
from adapter.counterparts.nhsa.refusals import Refused
from adapter.counterparts.nhsa.settling import opposite_sheet
from adapter.counterparts.nhsa.store import Bill

#: Compared amounts, in the order of the file.
_COMPARED = ("medfee_sumamt", "fund_pay_sumamt", "acct_pay")
_SENT = ("setl_id", "mdtrt_id", "psn_no", *_COMPARED, "refd_setl_flag")
_NULL = "null"

_EVEN, _BUREAU_MORE, _HOSPITAL_MORE, _DIFFERENT = range(4)
_MEANT = ("平", "中心多", "医药机构多", "数据不一致")


def totals(office: Office, call: Call) -> Done:
    """3201: one insurance, clearing type, agency and span of settlement days; opposites count as rows of their own."""
    given = call.one()
    rows = [row for row in _rows(office, call, given) if row[1]["insutype"] == given["insutype"]]
    flag = given.get("refd_setl_flag") or given.get("fixmedins_refd_setl_flag") or ""
    rows = [row for row in rows if flag not in ("0", "1") or _flag(row[0]) == flag]
    ours = [sum((row[1][name] for row in rows), Decimal("0.00")) for name in _COMPARED]
    theirs = [amount_of(given[name], name) for name in _COMPARED]
    counted = amount_of(given["fixmedins_setl_cnt"], "fixmedins_setl_cnt")
    verdict = _EVEN if ours == theirs and counted == len(rows) else _verdict(len(rows), counted)
    answer = {
        "setl_optins": given["setl_optins"],
        "stmt_rslt": _result(office, verdict),
        "stmt_rslt_dscr": None if verdict == _EVEN else _MEANT[verdict],
    }
    return Done({"stmtinfo": answer})


def _verdict(ours: int, theirs: Decimal) -> int:
    return _DIFFERENT if ours == theirs else _BUREAU_MORE if ours > theirs else _HOSPITAL_MORE


def _result(office: Office, verdict: int) -> str:
    return str(verdict if office.region.books.results == "four" else min(verdict, 1))


def _rows(office: Office, call: Call, given: dict[str, str]) -> list[tuple[Bill, dict[str, Decimal]]]:
    """What this hospital has in the bureau's book, each with its amounts; the opposite ones are negative."""
    if given["setl_optins"] != office.region.division:
        raise Refused("FSI-结算经办机构不正确")
    if given["clr_type"] != "21":
        return []
    book = office.store.book(call.facility, given["stmt_begndate"], given["stmt_enddate"])
    return [(bill, opposite_sheet(bill, 1)["setlinfo"]) for bill in book]


def _flag(bill: Bill) -> str:
    return "0" if bill.refund_of is None else "1"


def details(office: Office, call: Call) -> Done:
    """3202: every row with its result; where the bureau holds more, it carries the msgid for 2601, no ids."""
    given = call.one()
    stored = office.store.file(given["file_qury_no"])
    if stored is None or stored[1] != call.facility:
        raise Refused("FSI-文件查询号不存在")
    sent = {(row["setl_id"], row["refd_setl_flag"]): row for row in _unpacked(stored[2])}
    written = []
    for bill, info in _rows(office, call, given):
        theirs = sent.pop((bill.setl_id, _flag(bill)), None)
        verdict = _BUREAU_MORE if theirs is None else _EVEN if _same(theirs, info) else _DIFFERENT
        ids = ("", "") if theirs is None else (bill.mdtrt_id, bill.setl_id)
        written.append((bill.psn_no, *ids, bill.msgid, *_said(office, verdict, _flag(bill)), *_amounts(office, info)))
    for row in sent.values():
        said = _said(office, _HOSPITAL_MORE, row["refd_setl_flag"])
        own = tuple(row[name] for name in _COMPARED) if office.region.books.amounts_back else ()
        written.append((row["psn_no"], row["mdtrt_id"], row["setl_id"], "", *said, *own))
    number = _file_number(office, call)
    name = f"{number}.zip"
    office.store.keep_file(number, name, call.facility, packed(written, f"{number}.txt"))
    ends = f"{call.now.replace(hour=23, minute=59, second=59):%Y-%m-%d %H:%M:%S}"
    return Done({"fileinfo": {"file_qury_no": number, "filename": name, "dld_endtime": ends}})


def _said(office: Office, verdict: int, flag: str) -> tuple[str, str, str]:
    return _result(office, verdict), flag, "" if verdict == _EVEN else _MEANT[verdict]


def _amounts(office: Office, info: dict[str, Decimal]) -> tuple[str, ...]:
    return tuple(str(info[name]) for name in _COMPARED) if office.region.books.amounts_back else ()


def _same(theirs: dict[str, str], info: dict[str, Decimal]) -> bool:
    return all(amount_of(theirs[name] or "0", name) == info[name] for name in _COMPARED)


def _unpacked(body: bytes) -> list[dict[str, str]]:
    """The rows of an uploaded file. Raises Refused for anything but a ZIP with one UTF-8 text of seven columns."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            names = archive.namelist()
            if len(names) != 1:
                raise Refused("FSI-对账文件压缩包内应只有一个文件")
            text = archive.read(names[0]).decode("utf-8")
    except (zipfile.BadZipFile, UnicodeDecodeError, EOFError) as error:
        raise Refused("FSI-对账文件格式错误") from error
    rows = []
    for number, line in enumerate(text.splitlines(), start=1):
        cells = ["" if cell == _NULL else cell for cell in line.split("\t")]
        if len(cells) != len(_SENT):
            raise Refused(f"FSI-对账文件第{number}行列数不正确")
        rows.append(dict(zip(_SENT, cells, strict=True)))
    return rows


def packed(rows: Sequence[Sequence[str]], name: str) -> bytes:
    """A ZIP with one UTF-8 text: TAB between columns, ``null`` for empty ones."""
    text = "".join("\t".join(cell or _NULL for cell in row) + "\n" for row in rows)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text.encode("utf-8"))
    return content.getvalue()


def _file_number(office: Office, call: Call) -> str:
    return f"{office.region.division}{call.now:%Y%m%d}{office.store.count_files() + 1:08d}"


def upload(office: Office, call: Call) -> Done:
    """9101: keeps the file part; gives its number at the root of the output."""
    given = call.one("fsUploadIn")
    if not call.file:
        raise Refused("FSI-上传文件不能为空[file]")
    number = _file_number(office, call)
    office.store.keep_file(number, given["filename"], call.facility, call.file)
    said = {"file_qury_no": number, "filename": given["filename"], "fixmedins_code": call.facility}
    return Done({**said, "dld_endtime": None})


def download(office: Office, call: Call) -> Done:
    """9102: the ZIP itself; an error comes as an envelope."""
    given = call.one("fsDownloadIn")
    found = office.store.file(given["file_qury_no"])
    if found is None or found[1] != call.facility:
        raise Refused("FSI-文件不存在或已过期")
    return Done({}, file=(found[0], found[2]))
