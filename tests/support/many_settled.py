"""Hundreds of settled stays, made of one that was settled for real: in our ledger, and in a simulator's own books."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import respx

from adapter.cases.tools import Tools
from adapter.counterparts.assess import Assessor
from adapter.counterparts.catalogue import load_lists
from adapter.counterparts.desk import Desk
from adapter.counterparts.faults import Faults
from adapter.counterparts.nhsa.store import Bill
from adapter.counterparts.seed import load_seed
from adapter.counterparts.store import Kept, Store
from adapter.counterparts.terms import PlanBook
from adapter.counterparts.web import build
from adapter.fhir.canonical import decode, encode
from adapter.model.case import BillState, CallState
from adapter.model.messages import Outcome
from adapter.payers.delivery.endpoint import EndpointConfig
from adapter.payers.delivery.endpoints.fhir.endpoint import FhirEndpoint
from tests.support.nhsa import STAY
from tests.support.nhsa_window import Wire, _loop
from tests.support.office import ROOT, SOURCE, TestClock, act, case_id, office, take_in
from tests.support.payers import fake_payers

CASE = case_id(STAY)
KEY = f"{CASE}.v1.insurance.settle"
FHIR_ADDRESS = "http://bureau.example/fhir"
_BILL = (BillState.PREVIEWED, BillState.SETTLING, BillState.SETTLED)
_CALL = (CallState.SUBMITTED, CallState.ACCEPTED)


def key_of(number: int) -> str:
    return f"{SOURCE}-9{number:08}.v1.insurance.settle"


def copy_into_ledger(tools: Tools, numbers: Iterable[int], changed: Mapping[str, str]) -> None:
    """Cases like the one that was settled, each with a message, an answer and ids of its own.

    Args:
        changed: what is replaced in message and answer, by the text that stands there; ``{n}`` is the number.
    """
    said = act(tools, "copied").said
    with tools.ledger.transaction() as tx:
        row, settlement, sent = tx.case(CASE), tx.settlement(CASE, 1), tx.message(KEY)
        assert row is not None and settlement is not None and sent is not None
        (receipt,) = [each for each in tx.receipts(KEY) if each.outcome is Outcome.ACCEPTED]
    for number in numbers:
        new, key = f"{SOURCE}-9{number:08}", key_of(number)
        swap = {CASE: new} | {old: text.format(n=number) for old, text in changed.items()}
        message = replace(sent.message, key=key, case_id=new, order_key=None, attempts=0, last_attempt=None)
        message = replace(message, composed=swapped(sent.message.composed, swap))
        with tools.ledger.transaction() as tx:
            common = {
                "source": row.source,
                "scheme": row.scheme,
                "facility": row.facility,
                "person_key": row.person_key,
            }
            tx.open_case(
                new, stay_key=f"9{number:08}", admitted=row.admitted, discharged=row.discharged, **common, **said
            )
            tx.new_version(new, **said)
            tx.start(new, "bill", BillState.DRAFT, subject="1", **said)
            for bill in _BILL:
                tx.move(new, "bill", bill, subject="1", **said)
            tx.start(new, "call", CallState.EXPECTED, subject="1/insurance", **said)
            for call in _CALL:
                tx.move(new, "call", call, subject="1/insurance", **said)
            tx.save_settlement(new, 1, replace(settlement, case_id=new), **said)
            tx.enqueue(message, **said)
            tx.lease("copier", now=tools.clock.now(), lease_seconds=60)
            answer = replace(receipt, body=swapped(receipt.body, swap), reference=swap_text(receipt.reference, swap))
            tx.record(key, answer, worker="copier")


def swapped(body: bytes, swap: Mapping[str, str]) -> bytes:
    text = body.decode()
    for old, new in swap.items():
        text = text.replace(old, new)
    return text.encode()


def swap_text(text: str | None, swap: Mapping[str, str]) -> str | None:
    return None if text is None else swapped(text.encode(), swap).decode()


# -- the FHIR bureau -------------------------------------------------------------------------------------------------


@dataclass
class FhirBureau:
    tools: Tools
    store: Store

    def copy(self, numbers: Iterable[int]) -> None:
        """The same settlements in the bureau's own books."""
        (kept,) = self.store.by_key(KEY)
        with self.store.transaction():
            for number in numbers:
                self.keep(kept, number)

    def keep(self, kept: Kept, number: int, *, off: str = "0.00", **more: Any) -> None:
        swap = {CASE: f"{SOURCE}-9{number:08}"}
        answers = [replace(one, body=swapped(one.body, swap)) for one in kept.answers]
        paid = answers[0].benefit + Decimal(off)
        answers[0] = replace(answers[0], body=_paid_otherwise(answers[0].body, off), benefit=paid)
        seq = self.store.next_seq()
        self.store.keep(replace(kept, seq=seq, key=key_of(number), answers=tuple(answers), **more), {})

    def drop(self, number: int) -> Kept:
        (kept,) = self.store.by_key(key_of(number))
        self.store._db.execute("DELETE FROM answers WHERE seq = ?", (kept.seq,))
        self.store._db.execute("DELETE FROM submissions WHERE seq = ?", (kept.seq,))
        return kept


def _paid_otherwise(body: bytes, off: str) -> bytes:
    found = decode(body)
    amounts = [found["payment"]["amount"]]
    amounts += [
        each["amount"]
        for each in found.get("total", ())
        if any(code.get("code") == "benefit" for code in each["category"]["coding"])
    ]
    for amount in amounts:
        amount["value"] += Decimal(off)
    return encode(found)


@contextmanager
def fhir_office(folder: Path) -> Iterator[FhirBureau]:
    """An office whose bureau is the simulated FHIR one, in this process."""
    clock = TestClock()
    seed = load_seed(ROOT / "fixtures" / "endpoints" / "bureau.yaml")
    store = Store(folder / "bureau.sqlite")
    assessor = Assessor(seed, PlanBook.load(ROOT / "mappings", seed, []), load_lists(seed.items))
    wire = Wire(build(Desk("bureau", store, assessor, seconds=lambda: clock.moment.timestamp()), Faults()))
    config = EndpointConfig("bureau", "fhir", FHIR_ADDRESS, simulator=True, longest_delay=5, timeout=1)
    endpoints = {"bureau": FhirEndpoint(config, clock), "civil-affairs": fake_payers(clock).aid}

    def answer(request: httpx.Request) -> httpx.Response:
        url = str(request.url).replace("http://bureau.example", "http://bureau")
        sent = wire._client.request(request.method, url, content=request.content, headers=dict(request.headers))
        given = _loop().run_until_complete(sent)
        return httpx.Response(given.status_code, content=given.content, headers=given.headers)

    with respx.mock(assert_all_called=False) as mocked:
        mocked.route(url__startswith="http://bureau.example").mock(side_effect=answer)
        with office(folder, endpoints, clock=clock) as tools:
            assert not take_in(tools, folder, STAY).stopped
            yield FhirBureau(tools, store)
    endpoints["bureau"].close()  # type: ignore[attr-defined]
    wire.close()
    store.close()


def fund_changed(bill: Bill, off: str) -> Bill:
    """A bureau's bill with another fund total; the rest of it stays."""
    body = json.loads(json.dumps(bill.body, default=str))
    info = body["sheet"]["setlinfo"]
    info["fund_pay_sumamt"] = str(Decimal(str(info["fund_pay_sumamt"])) + Decimal(off))
    return replace(bill, body=body)
