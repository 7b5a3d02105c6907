"""结算证明: a settlement as a document that anybody can work out again, without this program.

It proves the arithmetic: sums, products, the order of payers and every rounding. It does not prove that the facts are
true, nor that a payer's own answer is right: such amounts say "payer's answer, not derived".

The tables below are written straight to JSON: their fields stand in the order of the alphabet, as the digest wants.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from adapter.model.claim import LineSplit, SplitBasis
from adapter.model.money import TEXTS
from adapter.model.settlement import Authority, Payer, Settlement, Share, Standing, Step
from adapter.rules.settlement.explain import TEST_PROFILE_TAG, patient_amounts

KIND = "pay-after-care settlement certificate 结算证明"
FORMAT = "1"
NOT_DERIVED = "payer's answer, not derived 支付方答复,非本方推算"
DERIVED = "derived 本方推算"
SCOPE = "arithmetic only: sums, products, order of payers, rounding 仅证明算术"

_DECIDED_ELSEWHERE = (Authority.PAYER, Authority.OBSERVED)
_SORTED = msgspec.json.Encoder(order="deterministic")


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate as it is kept and handed out.

    Attributes:
        body: JSON with sorted keys, no blanks, UTF-8; amounts are text in yuan with two decimals.
        digest: SHA-256, hex, over the body without its own digest.
    """

    body: bytes
    digest: str


def certificate(settlement: Settlement) -> dict[str, object]:
    """The certificate of a settlement as plain JSON values, with its ``digest``."""
    found: dict[str, object] = msgspec.json.decode(certified(settlement).body)
    return found


def certified(settlement: Settlement) -> Certified:
    """The certificate of a settlement; the digest stands among the keys where the alphabet puts it."""
    before = _SORTED.encode(_opening(settlement))[:-1] + b","
    after = memoryview(_SORTED.encode(_account(settlement)))[1:]  # long: looked at, not copied
    hashed = hashlib.sha256(before)
    hashed.update(after)
    digest = hashed.hexdigest()
    return Certified(b"".join((before, b'"digest":"%b",' % digest.encode(), after)), digest)


def digest_of(document: dict[str, object]) -> str:
    """SHA-256 over the document without its own digest."""
    rest = {name: value for name, value in document.items() if name != "digest"}
    return hashlib.sha256(_SORTED.encode(rest)).hexdigest()


class _Bill(msgspec.Struct, frozen=True, gc=False):
    third_party: str
    total: str


class _Opening(msgspec.Struct, frozen=True, gc=False):
    """What stands before the digest."""

    accruals: dict[str, str]
    basis: str
    bill: _Bill
    case_id: str
    complete: bool


class _Line(msgspec.Struct, frozen=True, gc=False):
    basis: SplitBasis
    full_self_pay: str
    id: str
    in_scope: str
    over_limit: str
    pre_self_pay: str


class _Share(msgspec.Struct, frozen=True, gc=False):
    amount: str
    authority: Authority
    cite: str
    expected: str | None
    origin: str
    payer: Payer
    plan: str
    reference: str | None


class _Sums(msgspec.Struct, frozen=True, gc=False):
    full_self_pay: str
    in_scope: str
    over_limit: str
    pre_self_pay: str


class _Standing(msgspec.Struct, frozen=True, gc=False):
    deductible: str
    outside: str
    over_cap: str
    paid: str
    paid_outside: str
    payer: Payer
    pays: str
    sums: _Sums
    total: str


class _Step(msgspec.Struct, frozen=True, gc=False):
    amount: str
    checks: msgspec.Raw
    cite: str
    en: str
    inputs: dict[str, str]
    left: str
    name: str
    payer: Payer
    sources: msgspec.Raw
    zh: str


class _YearToDate(msgspec.Struct, frozen=True, gc=False):
    amounts: dict[str, str]
    source: str
    year: int


class _Account(msgspec.Struct, frozen=True, gc=False):
    """What stands after the digest."""

    format: str
    kind: str
    lines: list[_Line]
    not_modelled: tuple[Payer, ...]
    patient: dict[str, str]
    proves: str
    rules: tuple[str, ...]
    scheme: str
    settled_on: str
    shares: list[_Share]
    standings: list[_Standing]
    steps: list[_Step]
    tag: str | None
    version: int
    year_to_date: _YearToDate


def _opening(settlement: Settlement) -> _Opening:
    return _Opening(
        {accrual.name: accrual.amount.text for accrual in settlement.accruals},
        settlement.basis,
        _Bill(settlement.share_of(Payer.THIRD_PARTY).text, settlement.total.text),
        settlement.case_id,
        settlement.complete,
    )


def _account(settlement: Settlement) -> _Account:
    accrued = settlement.accrued
    amounts = {name: amount.text for name, amount in accrued.amounts}
    return _Account(
        format=FORMAT,
        kind=KIND,
        lines=_lines(settlement.splits),
        not_modelled=settlement.not_modelled,
        patient={name: amount.text for name, amount in patient_amounts(settlement.patient)},
        proves=SCOPE,
        rules=settlement.rules,
        scheme=settlement.scheme,
        settled_on=settlement.on.isoformat(),
        shares=[_share(each) for each in settlement.shares],
        standings=[_standing(each) for each in settlement.standings],
        steps=[_step(each) for each in settlement.steps],
        tag=TEST_PROFILE_TAG if settlement.test_profile else None,
        version=settlement.version,
        year_to_date=_YearToDate(amounts, accrued.source, accrued.year),
    )


def _lines(splits: Sequence[tuple[str, LineSplit]]) -> list[_Line]:
    """A bill has more lines than anything else: one loop, without a call for each of their amounts."""
    text = TEXTS
    return [
        _Line(
            split.basis,
            text[split.full_self_pay.fen],
            line,
            text[split.in_scope.fen],
            text[split.over_limit.fen],
            text[split.pre_self_pay.fen],
        )
        for line, split in splits
    ]


def _standing(each: Standing) -> _Standing:
    sums = each.sums
    return _Standing(
        TEXTS[each.deductible.fen],
        TEXTS[each.outside.fen],
        TEXTS[each.over_cap.fen],
        TEXTS[each.paid.fen],
        TEXTS[each.paid_outside.fen],
        each.payer,
        TEXTS[each.pays.fen],
        _Sums(
            TEXTS[sums.full_self_pay.fen],
            TEXTS[sums.in_scope.fen],
            TEXTS[sums.over_limit.fen],
            TEXTS[sums.pre_self_pay.fen],
        ),
        TEXTS[each.total.fen],
    )


def _step(step: Step) -> _Step:
    because = step.because
    return _Step(
        TEXTS[step.amount.fen],
        _formulas(step.checks),
        because.cite,
        because.en,
        dict(step.inputs),
        TEXTS[step.left.fen],
        step.name,
        step.payer,
        _formulas(step.sources),
        because.zh,
    )


@lru_cache(maxsize=4096)
def _formulas(pairs: tuple[tuple[str, str], ...]) -> msgspec.Raw:
    """Checks or sources: the same few words on every bill, so they are written once."""
    named: dict[str, Any] = dict(pairs)
    return msgspec.Raw(_SORTED.encode(named))


def _share(share: Share) -> _Share:
    return _Share(
        TEXTS[share.amount.fen],
        share.authority,
        share.cite,
        None if share.expected is None else TEXTS[share.expected.fen],
        NOT_DERIVED if share.authority in _DECIDED_ELSEWHERE else DERIVED,
        share.payer,
        share.plan,
        share.reference,
    )
