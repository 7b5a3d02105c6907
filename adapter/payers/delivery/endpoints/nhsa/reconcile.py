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

from adapter.model.issues import AdapterError
from adapter.model.messages import Remittance, RemittanceLine
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Payer
from adapter.payers.delivery.endpoint import Exchange
from adapter.payers.delivery.endpoints.nhsa import money_issues
from adapter.payers.delivery.endpoints.nhsa.definitions import Definitions, Node
from adapter.payers.delivery.endpoints.nhsa.envelope import Answer, read_answer
from adapter.payers.delivery.endpoints.nhsa.history import message_id, sent_input
from adapter.payers.delivery.endpoints.nhsa.region import Region, StatementResult
from adapter.payers.delivery.endpoints.nhsa.shares import amounts_of
from adapter.payers.delivery.endpoints.nhsa.values import amount_of, text_of

#: What a result file may unpack to, in bytes: far beyond any day of any hospital.
MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SettledAtBureau:
    """One settlement of ours, as the bureau numbers it.

    Attributes:
        key: key of the 2304 message; msgid: its message id, by which the bureau knows what we do not.
        agency: clr_optins of the answer, or empty: the hospital's own division.
        shares: what each payer bears.
        refunded: cancelled since: it stands there twice, plus and minus.
    """

    key: str
    setl_id: str
    mdtrt_id: str
    psn_no: str = field(repr=False)
    msgid: str
    insutype: str
    agency: str
    total: Money
    fund: Money
    account: Money
    cash: Money
    shares: tuple[tuple[Payer, Money], ...]
    refunded: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """The bureau's word on a day.

    Attributes:
        surplus: message ids that the bureau holds settlements for and we do not: what 2601 is for.
    """

    remittance: Remittance
    surplus: tuple[str, ...] = ()


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


def settled_at_bureau(exchange: Exchange, definitions: Definitions, *, refunded: bool = False) -> SettledAtBureau:
    """A settlement of ours from its stored message and answer."""
    answer = read_answer(exchange.receipt.body, definitions)
    row, sent = answer.first("setlinfo"), sent_input(exchange.message)["data"]
    amounts = amounts_of(exchange.message.key, row)
    return SettledAtBureau(
        key=exchange.message.key,
        setl_id=text_of(row.get("setl_id")),
        mdtrt_id=str(sent["mdtrt_id"]),
        psn_no=str(sent["psn_no"]),
        msgid=message_id(exchange.message),
        insutype=str(sent["insutype"]),
        agency=text_of(row.get("clr_optins")),
        total=amounts.total,
        fund=amounts.fund,
        account=amounts.account,
        cash=amounts.cash,
        shares=tuple((each.payer, each.amount) for each in exchange.receipt.answers),
        refunded=refunded,
    )


def compare_day(
    day: date, ours: Sequence[SettledAtBureau], endpoint: str, region: Region, desk: Desk, columns: Definitions
) -> Statement:
    """Ask for totals by scheme and agency; where they differ, for the details.

    Raises:
        AdapterError: DEL-504, DEL-567.
    """
    lines: list[RemittanceLine] = []
    surplus: list[str] = []
    groups: dict[tuple[str, str], list[SettledAtBureau]] = {}
    for each in ours:
        groups.setdefault((each.insutype, each.agency or desk.division), []).append(each)
    for (insutype, agency), group in sorted(groups.items()):
        told = desk.ask("3201", _totals(day, group, insutype, agency, region))
        code = text_of(told.first("stmtinfo").get("stmt_rslt"))
        if region.statement.get(code) is StatementResult.BALANCED:
            lines += [line for each in group for line in _as_ours(each)]
            continue
        rows = _details(day, group, agency, region, desk, columns)
        listed, more = _as_told(group, rows, region)
        lines += listed
        surplus += more
    standing = [line for line in lines if not line.reversed]
    remittance = Remittance(
        endpoint=endpoint,
        day=day,
        count=len({line.key for line in standing}),
        total=Money.total(line.amount for line in standing),
        lines=tuple(lines),
    )
    return Statement(remittance, tuple(surplus))


def _rows_of(group: Iterable[SettledAtBureau]) -> list[tuple[SettledAtBureau, int]]:
    """Each settlement with its sign; a cancelled one is two rows."""
    return [(each, sign) for each in group for sign in ((1, -1) if each.refunded else (1,))]


def _sums(group: Sequence[SettledAtBureau]) -> dict[str, Decimal]:
    standing = [each for each in group if not each.refunded]
    return {
        "medfee_sumamt": Money.total(each.total for each in standing).decimal,
        "fund_pay_sumamt": Money.total(each.fund for each in standing).decimal,
    }


def _totals(day: date, group: Sequence[SettledAtBureau], insutype: str, agency: str, region: Region) -> dict[str, Any]:
    account = Money.total(each.account for each in group if not each.refunded)
    return {
        "insutype": insutype,
        "clr_type": region.clr_type,
        "setl_optins": agency,
        "stmt_begndate": day.isoformat(),
        "stmt_enddate": day.isoformat(),
        **_sums(group),
        "acct_pay": account.decimal,
        "fixmedins_setl_cnt": len(_rows_of(group)),
        "fixmedins_refd_setl_flag": "0",
    }


def _details(
    day: date, group: Sequence[SettledAtBureau], agency: str, region: Region, desk: Desk, columns: Definitions
) -> list[dict[str, str]]:
    transaction = columns.transactions["3202"]
    name = f"{day:%Y%m%d}.txt"
    number = desk.upload(f"{name}.zip", detail_file(name, group, _columns(transaction.file_out)))
    cash = Money.total(each.cash for each in group if not each.refunded)
    answer = desk.ask(
        "3202",
        {
            "setl_optins": agency,
            "file_qury_no": number,
            "stmt_begndate": day.isoformat(),
            "stmt_enddate": day.isoformat(),
            **_sums(group),
            "cash_payamt": cash.decimal,
            "fixmedins_setl_cnt": len(_rows_of(group)),
            "clr_type": region.clr_type,
            "fixmedins_refd_setl_flag": "0",
        },
    )
    told = answer.first("fileinfo")
    packed = desk.download(text_of(told.get("file_qury_no")), text_of(told.get("filename")))
    return result_rows(packed, _columns(transaction.file_in), f"3202/{day.isoformat()}")


def _columns(node: Node | None) -> tuple[str, ...]:
    if node is None:
        raise LookupError("3202 has no file in the definitions")
    return tuple(node.fields)


def detail_file(name: str, group: Iterable[SettledAtBureau], columns: Sequence[str]) -> bytes:
    """ZIP with one UTF-8 TXT: TAB between columns, ``null`` for nothing, a line a settlement."""
    lines = []
    for each, sign in _rows_of(group):
        values = {
            "setl_id": each.setl_id,
            "mdtrt_id": each.mdtrt_id,
            "psn_no": each.psn_no,
            "medfee_sumamt": _signed(each.total, sign),
            "fund_pay_sumamt": _signed(each.fund, sign),
            "acct_pay": _signed(each.account, sign),
            "refd_setl_flag": "1" if sign < 0 else "0",
        }
        lines.append("\t".join(values.get(column) or "null" for column in columns))
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), "\n".join(lines) + "\n")
    return packed.getvalue()


def _signed(amount: Money, sign: int) -> str:
    return (amount if sign > 0 else -amount).text


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


def _as_ours(each: SettledAtBureau) -> list[RemittanceLine]:
    return [RemittanceLine(each.key, each.setl_id, payer, amount, each.refunded) for payer, amount in each.shares]


def _as_told(
    group: Sequence[SettledAtBureau], rows: Sequence[Mapping[str, str]], region: Region
) -> tuple[list[RemittanceLine], list[str]]:
    """Lines by the result file: what it does not name agrees; what only the bureau has stands under its message id."""
    told = {row.get("setl_id", ""): row for row in rows if row.get("refd_setl_flag") != "1"}
    lines: list[RemittanceLine] = []
    for each in group:
        row = told.get(each.setl_id)
        result = StatementResult.BALANCED if row is None else region.statement.get(row.get("stmt_rslt", ""))
        if row is None or result is StatementResult.BALANCED or each.refunded:
            lines += _as_ours(each)
        elif (theirs := amount_of(row.get("fund_pay_sumamt"))) is not None:
            lines += _with_total(each, theirs)
    known = {each.setl_id for each in group} | {each.msgid for each in group}
    surplus = [
        row["msgid"]
        for row in rows
        if row.get("msgid") and row["msgid"] not in known and row.get("setl_id", "") not in known
    ]
    for row in rows:
        if row.get("msgid") in surplus:
            amount = amount_of(row.get("fund_pay_sumamt")) or ZERO
            lines.append(RemittanceLine(f"msgid:{row['msgid']}", row.get("setl_id", ""), Payer.BASIC, amount))
    return lines, surplus


def _with_total(each: SettledAtBureau, theirs: Money) -> list[RemittanceLine]:
    """The bureau names the funds' total only: what differs is set down against the first payer."""
    difference = theirs - each.fund
    first = each.shares[0][0] if each.shares else Payer.BASIC
    return [
        RemittanceLine(each.key, each.setl_id, payer, amount + (difference if payer is first else ZERO))
        for payer, amount in each.shares
    ]
