"""Clear a month with a payer: declare, hear the answer, book what came in (月度清算)."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from adapter.cases import clearing_issues as said
from adapter.cases.clearing_books import came_in, clearing_book, hospital_books, prepaid_left
from adapter.cases.prepayment import expected_parts
from adapter.cases.reading import OURS, as_rows, call_state, calls_version
from adapter.cases.reconcile import hospital_of
from adapter.cases.tools import Act, Tools
from adapter.fhir.clearing import money_received
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow
from adapter.model.case import CLEARING_MOVES, BillState, CallState, ClearingState
from adapter.model.issues import AdapterError, Issue
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Authority, Payer
from adapter.payers.reconciliation.clearing import ClearingLine, Key, LineKind, Received, Stands, by_payer, declaration
from adapter.rules.programme.collection import require_person

_STANDING = (BillState.SETTLED, BillState.SETTLED_ADVANCED, BillState.REVERSING)


@dataclass(frozen=True, slots=True)
class Batch:
    """A month with one counterpart for one hospital, as it stands.

    Attributes:
        paper: what is on record, as plain JSON.
        issues: where the payer's figures are not what the prepayment clause gives; nothing is held for them.
        again: it was on record before; nothing was booked now.
    """

    book: str
    state: ClearingState
    paper: Mapping[str, Any]
    issues: tuple[Issue, ...] = ()
    again: bool = False

    def as_json(self, *, lines: bool = True) -> dict[str, Any]:
        shown = {key: value for key, value in self.paper.items() if lines or key != "lines"}
        codes = [issue.code for issue in self.issues]
        return {"batch": self.book, "state": str(self.state), **shown, "again": self.again, "issues": codes}


def declare(endpoint: str, facility: str, month: date, tools: Tools, act: Act) -> Batch:
    """Declare a month: what stands in the books and was not declared before, and what was taken back since.

    A disputed month may be declared anew; the declaration before it stays in the ledger.

    Args:
        facility: the hospital's code as the payer knows it (national code where it has one).
        month: any day of it.

    Raises:
        AdapterError: CASE-390, CASE-391 when there is nothing to declare, CASE-502 once it was declared and until it is
            disputed, PRG-282 by the service itself.
    """
    _require_called(endpoint, tools)
    book = clearing_book(endpoint, facility, month)
    require_person(book, act.actor, "declare", "申报")
    first, last = month.replace(day=1), month.replace(day=monthrange(month.year, month.month)[1])
    with tools.ledger.transaction() as tx:
        if tx.book_state(book) is None:
            tx.open_book(book, **act.said)
        _refuse_declared(tx, book)
        tx.move_book(book, ClearingState.DECLARED, **act.said)
        stands, test_profile = standing_of(tx, endpoint, facility, tools)
        before = declared_before(tx, endpoint, facility, leaving_out=book)
        lines = declaration(stands, before, first=first, last=last)
        if not lines:
            raise AdapterError(said.nothing_to_show(book, "本月没有可申报的结算", "there is nothing to declare"))
        paper: dict[str, Any] = {
            "endpoint": endpoint,
            "facility": facility,
            "month": f"{first:%Y-%m}",
            "gross": Money.total(line.amount for line in lines).text,
            "payers": {str(payer): amount.text for payer, amount in by_payer(lines).items()},
            "declared": {"at": act.at.isoformat(), "by": act.actor.id},
            "answer": None,
            "received": None,
            "test_profile": test_profile,
            "lines": [_line_json(line) for line in lines],
        }
        tx.file_paper("", _paper(book), paper, **act.said)
        return Batch(book, ClearingState.DECLARED, paper)


def agree(endpoint: str, facility: str, month: date, reference: str, tools: Tools, act: Act) -> Batch:
    """The payer confirms the declared amount. Raises AdapterError CASE-391, CASE-503, PRG-282."""
    return _answered(endpoint, facility, month, ClearingState.AGREED, {"reference": reference}, tools, act)


def dispute(endpoint: str, facility: str, month: date, recognised: Money, why: str, tools: Tools, act: Act) -> Batch:
    """The payer recognises another amount.

    Args:
        why: its reasons, without personal data: the lines are named by case.

    Raises AdapterError CASE-391, CASE-392 without a reason or for the very amount declared, CASE-503, PRG-282.
    """
    told = {"recognised": recognised.text, "why": why}
    return _answered(endpoint, facility, month, ClearingState.DISPUTED, told, tools, act)


def receive(
    endpoint: str,
    facility: str,
    month: date,
    reference: str,
    tools: Tools,
    act: Act,
    *,
    cash: Money,
    offset: Money = ZERO,
    retained: Money = ZERO,
    deducted: Money = ZERO,
    why_deducted: str = "",
) -> Batch:
    """Book how a month was met. The same payment again books nothing.

    A deduction is the hospital's loss: no bill changes and no patient is asked for it.

    Args:
        reference: number of the payment, or of the paper that says how nothing came.
        cash, offset, retained, deducted: as the payer says; they add up to what was declared.

    Raises:
        AdapterError: CASE-391, CASE-392 when the parts do not add up, a deduction has no reason, or more is offset
            than was prepaid; CASE-393, CASE-503 before the payer answered, PRG-282.
    """
    book = clearing_book(endpoint, facility, month)
    require_person(book, act.actor, "receive", "登记到账")
    with tools.ledger.transaction() as tx:
        state, paper = _on_record(tx, book)
        received = Received(Money.yuan(paper["gross"]), cash, offset, retained, deducted)
        told = _received_json(received, reference, why_deducted)
        if (again := _known(book, paper, told)) is not None:
            return Batch(book, state, again, again=True)
        _check_received(book, received, reference, why_deducted, prepaid_left(tx, endpoint, facility))
        found = expected_parts(tx, endpoint, facility, month.year, book, received, tools)
        _move(tx, book, state, ClearingState.RECEIVED, act)
        payers = {Payer(name): Money.yuan(amount) for name, amount in paper["payers"].items()}
        entries = came_in(endpoint, payers, received, reference)
        if entries:
            tx.book_entries(book, entries, **act.said)
        after = {**paper, "received": {"at": act.at.isoformat(), "by": act.actor.id, **told}}
        tx.file_paper("", _paper(book), after, **act.said)
        resource = money_received(
            book=book,
            endpoint=endpoint,
            facility=facility,
            month=month,
            reference=reference,
            cash=received.cash,
            parts=_fhir_parts(payers, received),
            at=act.at,
            test_profile=bool(paper["test_profile"]),
        )
        tx.put_resources(OURS, None, as_rows([resource]), **act.said)
        return Batch(book, ClearingState.RECEIVED, after, found)


def batch_of(endpoint: str, facility: str, month: date, tools: Tools) -> Batch:
    """A month as it stands. Raises AdapterError CASE-391."""
    book = clearing_book(endpoint, facility, month)
    with tools.ledger.reading() as tx:
        state, paper = _on_record(tx, book)
        return Batch(book, state, paper)


def batches(tools: Tools, endpoint: str = "") -> list[Batch]:
    """Every month that was declared, by counterpart, hospital and month."""
    with tools.ledger.reading() as tx:
        found = tx.book_states(f"{endpoint}/" if endpoint else "")
        return [Batch(each.book, each.state, tx.paper("", _paper(each.book)) or {}) for each in found]


def standing_of(tx: Transaction, endpoint: str, facility: str, tools: Tools) -> tuple[dict[Key, Stands], bool]:
    """Every payer's part that the endpoint accepted from a hospital and that stands; whether any is a test profile."""
    found: dict[Key, Stands] = {}
    test_profile = False
    for row in _settled_rows(tx):
        if hospital_of(row.source, tools) != facility:
            continue
        here = _parts_of(tx, row, endpoint, tools)
        found.update(here)
        test_profile = test_profile or (bool(here) and tools.book.scheme(row.scheme).test_profile)
    return found, test_profile


def declared_before(tx: Transaction, endpoint: str, facility: str, *, leaving_out: str = "") -> dict[Key, Money]:
    """What every other month declared, net, line by line."""
    found: dict[Key, Money] = {}
    for each in tx.book_states(hospital_books(endpoint, facility)):
        if each.book == leaving_out:
            continue
        _, paper = _on_record(tx, each.book)
        for line in map(_line, paper["lines"]):
            found[line.key] = found.get(line.key, ZERO) + line.amount
    return found


def _settled_rows(tx: Transaction) -> Iterator[CaseRow]:
    after = ""
    while page := tx.cases(in_states={"bill": _STANDING}, after=after, limit=500):
        yield from page
        after = page[-1].case_id


def _parts_of(tx: Transaction, row: CaseRow, endpoint: str, tools: Tools) -> dict[Key, Stands]:
    asked = calls_version(tx, row.case_id, row.version)  # what came late was paid outside this exchange
    settlement = tx.settlement(row.case_id, asked)
    if settlement is None:
        return {}
    return {
        (row.case_id, call.name, share.payer): Stands(settlement.on, share.amount, share.reference or "")
        for call in tools.book.scheme(row.scheme).calls
        if call.endpoint == endpoint and call_state(tx, row.case_id, asked, call) is CallState.ACCEPTED
        for share in settlement.shares
        if share.payer in call.payers and share.amount and share.authority is not Authority.EXPECTED
    }


def _answered(
    endpoint: str, facility: str, month: date, state: ClearingState, told: Mapping[str, str], tools: Tools, act: Act
) -> Batch:
    book = clearing_book(endpoint, facility, month)
    require_person(book, act.actor, str(state), "登记付款方答复")
    with tools.ledger.transaction() as tx:
        before, paper = _on_record(tx, book)
        if not all(value.strip() for value in told.values()) or told.get("recognised") == paper["gross"]:
            zh, en = (
                "异议须写明理由和认可金额,确认须写明文号",
                "an answer names its paper; a dispute its reason and amount",
            )
            raise AdapterError(said.receipt_wrong(book, zh, en))
        _move(tx, book, before, state, act)
        after = {**paper, "answer": {"state": str(state), "at": act.at.isoformat(), "by": act.actor.id, **told}}
        tx.file_paper("", _paper(book), after, **act.said)
        return Batch(book, state, after)


def _refuse_declared(tx: Transaction, book: str) -> None:
    state = tx.book_state(book)
    paper: Mapping[str, Any] | None = tx.paper("", _paper(book))
    if state is not None and paper is not None and ClearingState.DECLARED not in CLEARING_MOVES.get(state, ()):
        first = paper["declared"]
        raise AdapterError(said.declared_already(book, state, first["at"], first["by"]))


def _move(tx: Transaction, book: str, before: ClearingState, after: ClearingState, act: Act) -> None:
    if after not in CLEARING_MOVES.get(before, ()):
        raise AdapterError(said.not_now(book, before, after))
    tx.move_book(book, after, **act.said)


def _check_received(book: str, received: Received, reference: str, why: str, left: Money) -> None:
    if not reference.strip():
        raise AdapterError(said.reference_used(book, reference))
    if received.difference:
        gross, rest = received.gross, received.difference
        zh, en = f"各项合计与申报额{gross}元相差{rest}元", f"the parts and the declared {gross} differ by {rest}"
        raise AdapterError(said.receipt_wrong(book, zh, en))
    if received.offset > left:
        zh = f"冲抵{received.offset}元超过尚存的预付{left}元"
        raise AdapterError(said.receipt_wrong(book, zh, f"{received.offset} offset is more than the {left} prepaid"))
    if received.deducted < ZERO or (received.deducted and not why.strip()):
        zh, en = "扣减不得小于零,且须写明理由", "a deduction is not below zero and has a reason"
        raise AdapterError(said.receipt_wrong(book, zh, en))


def _known(book: str, paper: Mapping[str, Any], told: Mapping[str, str]) -> Mapping[str, Any] | None:
    """The paper, when this very payment is on record. Raises AdapterError CASE-393 for another under its number."""
    before = paper["received"]
    if before is None or before["reference"] != told["reference"]:
        return None
    if any(before[name] != value for name, value in told.items()):
        raise AdapterError(said.reference_used(book, told["reference"]))
    return paper


def _on_record(tx: Transaction, book: str) -> tuple[ClearingState, dict[str, Any]]:
    state, paper = tx.book_state(book), tx.paper("", _paper(book))
    if state is None or paper is None:
        raise AdapterError(said.nothing_to_show(book, "该月尚未申报", "this month was not declared"))
    return state, dict(paper)


def _require_called(endpoint: str, tools: Tools) -> None:
    if not any(call.endpoint == endpoint for scheme in tools.book.schemes.values() for call in scheme.calls):
        raise AdapterError(said.endpoint_uncalled(endpoint))


def _paper(book: str) -> str:
    return f"clearing/{book}"


def _received_json(received: Received, reference: str, why: str) -> dict[str, str]:
    amounts = {name: getattr(received, name).text for name in ("gross", "cash", "offset", "retained", "deducted")}
    return {**amounts, "reference": reference, "why_deducted": why}


def _fhir_parts(payers: Mapping[Payer, Money], received: Received) -> list[tuple[str, Money]]:
    """What was declared of each payer, and what of it did not come as money."""
    less = (("offset", received.offset), ("retained", received.retained), ("deducted", received.deducted))
    return [*((str(payer), amount) for payer, amount in payers.items()), *((name, -amount) for name, amount in less)]


def _line_json(line: ClearingLine) -> dict[str, str]:
    return {
        "case_id": line.case_id,
        "call": line.call,
        "payer": str(line.payer),
        "kind": str(line.kind),
        "amount": line.amount.text,
        "reference": line.reference,
    }


def _line(row: Mapping[str, str]) -> ClearingLine:
    return ClearingLine(
        row["case_id"],
        row["call"],
        Payer(row["payer"]),
        LineKind(row["kind"]),
        Money.yuan(row["amount"]),
        row["reference"],
    )
