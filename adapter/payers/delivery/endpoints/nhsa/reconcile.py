"""A day with the bureau: totals (3201), and details by file (3202 with 9101 and 9102) where they differ (对账).

The platform lists nothing by itself: it compares what the hospital sends. Its word becomes a ``Remittance`` all the
same, so that a day with this bureau is compared as with any other.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any, Protocol

from adapter.fhir.canonical import decode
from adapter.model.dates import local_day
from adapter.model.issues import AdapterError
from adapter.model.messages import Remittance, RemittanceLine
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Payer
from adapter.payers.delivery.endpoint import Booked, Exchange
from adapter.payers.delivery.endpoints.nhsa import money_issues
from adapter.payers.delivery.endpoints.nhsa.definitions import Definitions, Node
from adapter.payers.delivery.endpoints.nhsa.envelope import Answer
from adapter.payers.delivery.endpoints.nhsa.history import answer_of, message_id, sent_input
from adapter.payers.delivery.endpoints.nhsa.region import Region, StatementResult
from adapter.payers.delivery.endpoints.nhsa.shares import amounts_of
from adapter.payers.delivery.endpoints.nhsa.values import amount_of, text_of

#: What a result file may unpack to, in bytes: far beyond any day of any hospital.
MOST_BYTES = 64 * 1024 * 1024
#: Settlements and their cancellations are asked for apart: refd_setl_flag.
SETTLED, REFUNDED = "0", "1"


@dataclass(frozen=True, slots=True)
class SettledAtBureau:
    """One settlement of ours, as the bureau numbers it.

    Attributes:
        key: key of the 2304 message; msgid: its message id, by which the bureau knows what we do not.
        on: day of the settlement by the bureau's clock; ``refunded_on`` that of its cancellation.
        refund_id: the bureau's id of the cancellation, and the message id of our 2305.
        agency: clr_optins of the answer, or empty: the hospital's own division.
        shares: what each payer bears.
    """

    key: str
    setl_id: str
    mdtrt_id: str
    psn_no: str = field(repr=False)
    msgid: str
    insutype: str
    agency: str
    on: date
    total: Money
    fund: Money
    account: Money
    cash: Money
    shares: tuple[tuple[Payer, Money], ...]
    refunded_on: date | None = None
    refund_id: str = ""
    refund_msgid: str = ""

    def flags(self, day: date) -> tuple[str, ...]:
        """Its rows on a day: the settlement, its cancellation, both or none."""
        rows = ((self.on, SETTLED), (self.refunded_on, REFUNDED))
        return tuple(flag for on, flag in rows if on == day)

    def id_of(self, flag: str) -> str:
        return self.setl_id if flag == SETTLED else self.refund_id or self.setl_id


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the day as we send it."""

    each: SettledAtBureau
    flag: str

    def of(self, amount: Money) -> Money:
        """An amount with the row's sign."""
        return amount if self.flag == SETTLED else -amount


class Desk(Protocol):
    """Where reconciliation is asked for. Each raises AdapterError DEL-504 when no answer can be had."""

    division: str

    def ask(self, number: str, node: Mapping[str, Any]) -> Answer: ...

    def upload(self, filename: str, content: bytes) -> str:
        """9101; returns file_qury_no."""
        ...

    def download(self, file_qury_no: str, filename: str) -> bytes:
        """9102; returns the ZIP."""
        ...


def settled_at_bureau(booked: Booked, definitions: Definitions) -> SettledAtBureau:
    """A settlement of ours from its stored message and answer; what a person told of it has no answer to read."""
    exchange, sent = booked.exchange, sent_input(booked.exchange.message)["data"]
    row = answer_of(exchange, definitions).first("setlinfo")
    if row:
        read = amounts_of(exchange.message.key, row)
        amounts = (read.total, read.fund, read.account, read.cash)
    else:
        funds = Money.total(amount for payer, amount in booked.shares if payer not in _NO_FUND)
        amounts = (booked.total, funds, ZERO, booked.total - funds)
    undone = booked.undone
    back = answer_of(undone, definitions).first("setlinfo") if undone is not None else {}
    return SettledAtBureau(
        key=booked.key,
        setl_id=text_of(row.get("setl_id")) or (exchange.receipt.reference or ""),
        mdtrt_id=str(sent["mdtrt_id"]),
        psn_no=str(sent["psn_no"]),
        msgid=message_id(exchange.message),
        insutype=str(sent["insutype"]),
        agency=text_of(row.get("clr_optins")),
        on=_day_of(row, exchange),
        total=amounts[0],
        fund=amounts[1],
        account=amounts[2],
        cash=amounts[3],
        shares=booked.shares,
        refunded_on=None if undone is None else _day_of(back, undone),
        refund_id=text_of(back.get("setl_id")),
        refund_msgid=message_id(undone.message) if undone is not None else "",
    )


#: Parts of a call that no fund pays.
_NO_FUND = (Payer.PERSONAL_ACCOUNT, Payer.HOSPITAL)


def _day_of(row: Mapping[str, Any], exchange: Exchange) -> date:
    """The bureau's day, where it tells one; else the day of its answer, or of the sending that a person told of."""
    told = text_of(row.get("setl_time"))
    if exchange.receipt.told_by is not None:
        told = text_of(decode(exchange.message.composed).get("inf_time"))
    try:
        return date.fromisoformat(told[:10])
    except ValueError:
        return local_day(exchange.receipt.at)


def compare_day(
    day: date,
    near: Sequence[SettledAtBureau],
    unsure: Mapping[str, str],
    endpoint: str,
    region: Region,
    desk: Desk,
    columns: Definitions,
) -> Remittance:
    """Ask for totals by scheme, agency and flag; where some differ, for the details of the agency.

    Args:
        near: settlements of ours of the day and around it.
        unsure: by message id, keys of our settlements whose effect we do not know.

    Raises:
        AdapterError: DEL-504, DEL-567.
    """
    rows = [Row(each, flag) for each in near for flag in each.flags(day)]
    agencies = {each.agency or desk.division for each in near} or {desk.division}
    lines: list[RemittanceLine] = []
    differing: list[str] = []
    for agency in sorted(agencies):
        mine = [row for row in rows if (row.each.agency or desk.division) == agency]
        # what only the bureau has may stand under a scheme that we had nobody of
        schemes = {row.each.insutype for row in mine} | set(region.insutypes.values())
        asked = [
            desk.ask("3201", _totals(day, mine, insutype, flag, agency, region))
            for insutype in sorted(schemes)
            for flag in (SETTLED, REFUNDED)
        ]
        results = [region.statement.get(text_of(told.first("stmtinfo").get("stmt_rslt"))) for told in asked]
        if all(result is StatementResult.BALANCED for result in results):
            lines += [line for row in mine for line in _as_ours(row)]
            continue
        told = _Told(_details(day, mine, agency, region, desk, columns), region)
        for row in mine:
            found, unnamed = told.of_row(row)
            lines += found
            differing += unnamed
        lines += told.beyond(mine, near, unsure)
    standing = [line for line in lines if not line.reversed]
    return Remittance(
        endpoint=endpoint,
        day=day,
        count=len({line.key for line in standing}),
        total=Money.total(line.amount for line in standing),
        lines=tuple(lines),
        differing=tuple(differing),
    )


def _sums(rows: Iterable[Row]) -> dict[str, Decimal]:
    rows = list(rows)
    return {
        "medfee_sumamt": Money.total(row.of(row.each.total) for row in rows).decimal,
        "fund_pay_sumamt": Money.total(row.of(row.each.fund) for row in rows).decimal,
    }


def _totals(day: date, rows: Sequence[Row], insutype: str, flag: str, agency: str, region: Region) -> dict[str, Any]:
    mine = [row for row in rows if row.each.insutype == insutype and row.flag == flag]
    return {
        "insutype": insutype,
        "clr_type": region.clr_type,
        "setl_optins": agency,
        "stmt_begndate": day.isoformat(),
        "stmt_enddate": day.isoformat(),
        **_sums(mine),
        "acct_pay": Money.total(row.of(row.each.account) for row in mine).decimal,
        "fixmedins_setl_cnt": len(mine),
        "fixmedins_refd_setl_flag": flag,
    }


def _details(
    day: date, rows: Sequence[Row], agency: str, region: Region, desk: Desk, columns: Definitions
) -> list[dict[str, str]]:
    transaction = columns.transactions["3202"]
    name = f"{day:%Y%m%d}.txt"
    number = desk.upload(f"{name}.zip", detail_file(name, rows, _columns(transaction.file_out)))
    answer = desk.ask(
        "3202",
        {
            "setl_optins": agency,
            "file_qury_no": number,
            "stmt_begndate": day.isoformat(),
            "stmt_enddate": day.isoformat(),
            **_sums(rows),
            "cash_payamt": Money.total(row.of(row.each.cash) for row in rows).decimal,
            "fixmedins_setl_cnt": len(rows),
            "clr_type": region.clr_type,
            "fixmedins_refd_setl_flag": SETTLED,
        },
    )
    told = answer.first("fileinfo")
    packed = desk.download(text_of(told.get("file_qury_no")), text_of(told.get("filename")))
    return result_rows(packed, _columns(transaction.file_in), f"3202/{day.isoformat()}")


def _columns(node: Node | None) -> tuple[str, ...]:
    if node is None:
        raise LookupError("3202 has no file in the definitions")
    return tuple(node.fields)


def detail_file(name: str, rows: Iterable[Row], columns: Sequence[str]) -> bytes:
    """ZIP with one UTF-8 TXT: TAB between columns, ``null`` for nothing, a line a settlement or cancellation."""
    lines = []
    for row in rows:
        each = row.each
        values = {
            "setl_id": each.id_of(row.flag),
            "mdtrt_id": each.mdtrt_id,
            "psn_no": each.psn_no,
            "medfee_sumamt": row.of(each.total).text,
            "fund_pay_sumamt": row.of(each.fund).text,
            "acct_pay": row.of(each.account).text,
            "refd_setl_flag": row.flag,
        }
        lines.append("\t".join(values.get(column) or "null" for column in columns))
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), "".join(f"{line}\n" for line in lines))
    return packed.getvalue()


def result_rows(packed: bytes, columns: Sequence[str], pointer: str) -> list[dict[str, str]]:
    """The rows of a result file, by column. A row may leave out the last columns, which not every bureau gives.

    Raises:
        AdapterError: DEL-567 for what is no ZIP of one text, is too large, or has a row of other columns.
    """
    try:
        with zipfile.ZipFile(BytesIO(packed)) as archive:
            files = [info for info in archive.infolist() if not info.is_dir()]
            if len(files) != 1 or files[0].file_size > MOST_BYTES:
                raise AdapterError(money_issues.file_unreadable(pointer, f"{len(files)} files"))
            text = archive.read(files[0]).decode("utf-8-sig")
    except (zipfile.BadZipFile, UnicodeDecodeError, RuntimeError, NotImplementedError) as error:
        raise AdapterError(money_issues.file_unreadable(pointer, type(error).__name__)) from error
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        values = [text_of(value) for value in line.split("\t")]
        if not 6 <= len(values) <= len(columns):
            raise AdapterError(money_issues.file_unreadable(f"{pointer}#{number}", f"{len(values)} columns"))
        found.append(dict(zip(columns, values, strict=False)))
    return found


def _as_ours(row: Row) -> list[RemittanceLine]:
    """Lines of a row that agrees; a settlement that was cancelled, whenever, counts for nothing."""
    each = row.each
    undone = each.refunded_on is not None
    return [RemittanceLine(each.key, each.id_of(row.flag), payer, amount, undone) for payer, amount in each.shares]


@dataclass(frozen=True, slots=True)
class _Told:
    """A result file. What it does not name agrees."""

    rows: Sequence[Mapping[str, str]]
    region: Region

    def of_row(self, row: Row) -> tuple[list[RemittanceLine], list[str]]:
        """Lines of a row of ours as the bureau has it, and its key where it only says that the amounts differ."""
        each = row.each
        found = [told for told in self.rows if self._is(told, each.id_of(row.flag), row.flag)]
        if not found or self._result(found[0]) is StatementResult.BALANCED:
            return _as_ours(row), []
        theirs, result = amount_of(found[0].get("fund_pay_sumamt")), self._result(found[0])
        absent = result is StatementResult.HOSPITAL_MORE or (theirs is None and not found[0].get("msgid"))
        if row.flag == REFUNDED:  # the bureau has not cancelled it: it stands there, and no more here
            standing = [RemittanceLine(each.key, each.setl_id, payer, amount) for payer, amount in each.shares]
            return (standing if absent else _as_ours(row)), []
        if absent or each.refunded_on is not None:
            return [], []
        return ([], [each.key]) if theirs is None else (_with_total(each, theirs), [])

    def beyond(
        self, mine: Sequence[Row], near: Sequence[SettledAtBureau], unsure: Mapping[str, str]
    ) -> list[RemittanceLine]:
        """What only the bureau has on this day, under our key where its message id is ours, else under that id."""
        listed = {(row.each.id_of(row.flag), row.flag) for row in mine}
        by_msgid = {each.msgid: each for each in near}
        refunds = {each.refund_msgid for each in near} - {""}
        sent = {row.each.msgid for row in mine if row.flag == SETTLED}
        lines: list[RemittanceLine] = []
        for told in self.rows:
            msgid, setl_id, flag = told.get("msgid", ""), told.get("setl_id", ""), told.get("refd_setl_flag", SETTLED)
            if not msgid or msgid in sent or msgid in refunds or (setl_id, flag) in listed:
                continue
            theirs = amount_of(told.get("fund_pay_sumamt"))
            if flag != REFUNDED and msgid in by_msgid:
                each = by_msgid[msgid]
                if each.refunded_on is None:  # ours, on another day
                    lines += _with_total(each, each.fund if theirs is None else theirs)
                continue
            key = unsure.get(msgid, f"msgid:{msgid}")
            lines.append(RemittanceLine(key, setl_id, Payer.BASIC, theirs or ZERO))
        return lines

    def _result(self, told: Mapping[str, str]) -> StatementResult | None:
        return self.region.statement.get(told.get("stmt_rslt", ""))

    def _is(self, told: Mapping[str, str], setl_id: str, flag: str) -> bool:
        cancels = told.get("refd_setl_flag") == REFUNDED
        return told.get("setl_id") == setl_id and cancels is (flag == REFUNDED)


def _with_total(each: SettledAtBureau, theirs: Money) -> list[RemittanceLine]:
    """The bureau names the funds' total only: what differs is set down against the first payer."""
    difference = theirs - each.fund
    first = each.shares[0][0] if each.shares else Payer.BASIC
    return [
        RemittanceLine(each.key, each.setl_id, payer, amount + (difference if payer is first else ZERO))
        for payer, amount in each.shares
    ]
