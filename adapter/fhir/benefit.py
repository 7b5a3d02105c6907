"""ClaimResponse and ExplanationOfBenefit as the hospital keeps them: who bears what, by which article. 待遇说明。"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapter.fhir.claim_elements import product
from adapter.fhir.coverage import coverage_id, patient_reference, payer_organization_id
from adapter.fhir.elements import Held, Resource, moment, money, tagged
from adapter.fhir.identity import CLAIM_TYPE, concept, identifier, reference, resource_id
from adapter.fhir.least import provider_id
from adapter.fhir.responses import (
    adjudication_concept,
    focal_insurance,
    header_figures,
    payment,
    response_head,
    totals,
)
from adapter.model.claim import ChargeLine, Claim, LineSplit
from adapter.model.settlement import Authority, PayerAnswer, Settlement, Share

#: How an amount came to be, as ``disposition`` says it.
DISPOSITIONS = {
    Authority.PAYER: "付款方应答 (answered by the payer)",
    Authority.ADAPTER: "医院代为计算 (computed by the hospital)",
    Authority.OBSERVED: "HIS 已与付款方直接结算,仅导入 (settled by the HIS itself, imported)",
}


@dataclass(frozen=True, slots=True)
class Borne:
    """One payer's part, ready to be written down.

    Attributes:
        sequence: the payer's place in the scheme's order.
        claim_id: id of the Claim that the answer replies to.
        answer: what the payer said, or None where the hospital computed it or only imports it.
        lines: the Claim's lines, in the order in which they were sent.
    """

    source: str
    sequence: int
    claim_id: str
    share: Share
    answer: PayerAnswer | None
    claim: Claim
    lines: tuple[ChargeLine, ...]
    settlement: Settlement
    held: Held
    created: datetime
    status: str

    @property
    def key(self) -> str:
        """``<case>.v<version>.<payer>``."""
        return f"{self.settlement.case_id}.v{self.settlement.version}.{self.share.payer}"


def claim_response(borne: Borne) -> Resource:
    """The payer's answer; one that the hospital computed in its place says so and has no settlement id of a payer."""
    given = borne.answer or PayerAnswer(borne.share.payer, borne.share.amount, borne.share.reference or borne.key)
    built = {
        **response_head(
            borne.source, borne.settlement.case_id, borne.settlement.version, borne.share.payer, given.reference
        ),
        **_common(borne),
        "request": {**reference("Claim", borne.claim_id), "identifier": identifier("payer-claim", borne.key)},
        "outcome": "complete",
        "disposition": DISPOSITIONS[borne.share.authority],
        "insurance": [focal_insurance(borne.sequence, _coverage(borne))],
    }
    built["requestor"] = built.pop("provider")
    if items := _response_items(borne.lines, dict(given.lines)):
        built["item"] = items
    built["total"] = totals(header_figures(given, borne.claim.total))
    built["payment"] = payment(borne.share.amount)
    if given.steps:
        built["processNote"] = _notes(given.steps)
    return tagged(built, borne.settlement.test_profile)


def explanation_of_benefit(
    borne: Borne, response: Resource, insurances: Sequence[Resource], split_items: list[Resource]
) -> Resource:
    """The patient's copy: the split of every line, and each step of this payer with its article."""
    given = borne.answer or PayerAnswer(borne.share.payer, borne.share.amount, "")
    steps = [
        f"{step.because.zh} / {step.because.en} [{step.because.cite}]"
        for step in borne.settlement.steps
        if step.payer is borne.share.payer
    ]
    built = {
        "resourceType": "ExplanationOfBenefit",
        "id": resource_id(borne.source, "ExplanationOfBenefit", borne.key),
        "identifier": [identifier("benefit", borne.key)],
        **_common(borne),
        "claim": reference("Claim", borne.claim_id),
        "claimResponse": reference("ClaimResponse", response["id"]),
        "outcome": "complete",
        "disposition": DISPOSITIONS[borne.share.authority],
        "precedence": borne.sequence,
        "insurance": [{"focal": each["focal"], "coverage": each["coverage"]} for each in insurances],
    }
    if split_items:
        built["item"] = split_items
    built["total"] = totals(header_figures(given, borne.claim.total))
    built["payment"] = payment(borne.share.amount)
    if steps:
        built["processNote"] = _notes(steps)
    return tagged(built, borne.settlement.test_profile)


def _common(borne: Borne) -> dict[str, Any]:
    return {
        "status": borne.status,
        "type": concept(CLAIM_TYPE, "institutional"),
        "use": "claim",
        "patient": patient_reference(borne.source, borne.claim.person, borne.held),
        "created": moment(borne.created),
        "insurer": reference("Organization", payer_organization_id(borne.source, borne.share.payer, borne.held)),
        "provider": reference("Organization", provider_id(borne.source, borne.claim.stay.facility, borne.held)),
    }


def _coverage(borne: Borne) -> str:
    return coverage_id(borne.source, borne.share.payer, borne.claim.person, borne.held)


def _response_items(lines: Sequence[ChargeLine], given: Mapping[str, LineSplit]) -> list[Resource]:
    return [
        {"itemSequence": number, "adjudication": _adjudications(given[line.id])}
        for number, line in enumerate(lines, start=1)
        if line.id in given
    ]


def benefit_items(
    source: str, lines: Sequence[ChargeLine], splits: Mapping[str, LineSplit], ours: Mapping[str, LineSplit]
) -> list[Resource]:
    """Every line with its split, the same for all payers of a bill version; where a payer split it otherwise than our

    rules, ``ours`` stands beside it under codes that begin with ``expected-``.
    """
    items = []
    for number, line in enumerate(lines, start=1):
        item: Resource = {
            "sequence": number,
            "productOrService": product(source, line),
            "servicedDate": line.service_date.isoformat(),
            "quantity": {"value": line.quantity},
            "net": money(line.amount),
        }
        if line.id in splits:
            item["adjudication"] = _adjudications(splits[line.id])
        if line.id in ours:
            item["adjudication"] += _adjudications(ours[line.id], "expected-")
        items.append(item)
    return items


def _adjudications(split: LineSplit, prefix: str = "") -> list[Resource]:
    """The parts of a line that are anything; what is in scope is always told."""
    parts = (
        ("full-self-pay", split.full_self_pay),
        ("over-limit", split.over_limit),
        ("pre-self-pay", split.pre_self_pay),
        ("eligible", split.in_scope),
    )
    return [
        {"category": adjudication_concept(f"{prefix}{code}"), "amount": money(amount)}
        for code, amount in parts
        if amount or code == "eligible"
    ]


def _notes(texts: Iterable[str]) -> list[Resource]:
    return [{"number": number, "type": "display", "text": text} for number, text in enumerate(texts, start=1)]
