"""结算证明: a settlement as a document that anybody can work out again, without this program.

It proves the arithmetic: sums, products, the order of payers and every rounding. It does not prove that the facts are
true, nor that a payer's own answer is right: such amounts say "payer's answer, not derived".
"""

from __future__ import annotations

import hashlib
import json

from adapter.model.claim import LineSplit
from adapter.model.money import Money
from adapter.model.settlement import Authority, Payer, Settlement, Share, Standing, Step
from adapter.rules.settlement.explain import TEST_PROFILE_TAG, patient_amounts

KIND = "pay-after-care settlement certificate 结算证明"
FORMAT = "1"
NOT_DERIVED = "payer's answer, not derived 支付方答复,非本方推算"
DERIVED = "derived 本方推算"
SCOPE = "arithmetic only: sums, products, order of payers, rounding 仅证明算术"

_DECIDED_ELSEWHERE = (Authority.PAYER, Authority.OBSERVED)


def certificate(settlement: Settlement) -> dict[str, object]:
    """The certificate of a settlement: plain JSON values, amounts as text in yuan with two decimals.

    ``digest`` is the SHA-256, hex, over everything else as JSON with sorted keys, no blanks, UTF-8.
    """
    accrued = settlement.accrued
    document: dict[str, object] = {
        "kind": KIND,
        "format": FORMAT,
        "proves": SCOPE,
        "tag": TEST_PROFILE_TAG if settlement.test_profile else None,
        "case_id": settlement.case_id,
        "version": settlement.version,
        "scheme": settlement.scheme,
        "settled_on": settlement.on.isoformat(),
        "complete": settlement.complete,
        "rules": list(settlement.rules),
        "basis": settlement.basis,
        "not_modelled": [str(payer) for payer in settlement.not_modelled],
        "bill": {"total": settlement.total.text, "third_party": settlement.share_of(Payer.THIRD_PARTY).text},
        "lines": [{"id": line, "basis": str(split.basis), **_parts(split)} for line, split in settlement.splits],
        "year_to_date": {
            "year": accrued.year,
            "source": accrued.source,
            "amounts": {name: amount.text for name, amount in accrued.amounts},
        },
        "standings": [_standing(each) for each in settlement.standings],
        "steps": [_step(each) for each in settlement.steps],
        "shares": [_share(each) for each in settlement.shares],
        "patient": {name: amount.text for name, amount in patient_amounts(settlement.patient)},
        "accruals": {accrual.name: accrual.amount.text for accrual in settlement.accruals},
    }
    return {**document, "digest": digest_of(document)}


def digest_of(document: dict[str, object]) -> str:
    """SHA-256 over the document without its own digest."""
    rest = {name: value for name, value in document.items() if name != "digest"}
    text = json.dumps(rest, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _parts(split: LineSplit) -> dict[str, str]:
    return {
        "full_self_pay": split.full_self_pay.text,
        "over_limit": split.over_limit.text,
        "pre_self_pay": split.pre_self_pay.text,
        "in_scope": split.in_scope.text,
    }


def _standing(each: Standing) -> dict[str, object]:
    amounts: dict[str, Money] = {
        "paid": each.paid,
        "paid_outside": each.paid_outside,
        "deductible": each.deductible,
        "over_cap": each.over_cap,
        "pays": each.pays,
        "outside": each.outside,
    }
    named = {name: amount.text for name, amount in amounts.items()}
    return {"payer": str(each.payer), "total": each.total.text, "sums": _parts(each.sums), **named}


def _step(step: Step) -> dict[str, object]:
    return {
        "payer": str(step.payer),
        "name": step.name,
        "amount": step.amount.text,
        "left": step.left.text,
        "inputs": dict(step.inputs),
        "checks": dict(step.checks),
        "sources": dict(step.sources),
        "zh": step.because.zh,
        "en": step.because.en,
        "cite": step.because.cite,
    }


def _share(share: Share) -> dict[str, object]:
    return {
        "payer": str(share.payer),
        "amount": share.amount.text,
        "authority": str(share.authority),
        "origin": NOT_DERIVED if share.authority in _DECIDED_ELSEWHERE else DERIVED,
        "expected": None if share.expected is None else share.expected.text,
        "plan": share.plan,
        "cite": share.cite,
        "reference": share.reference,
    }
