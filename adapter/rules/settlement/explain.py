"""A settlement as rows for people and as plain JSON for programs (结算说明)."""

from __future__ import annotations

from dataclasses import dataclass

from adapter.model.claim import LineSplit
from adapter.model.issues import Issue
from adapter.model.money import Money
from adapter.model.settlement import Authority, PatientParts, Payer, Settlement, Share

#: What stands on everything that came from a test profile.
TEST_PROFILE_TAG = "TEST PROFILE – no place's rule"

#: Names of the payers, in Chinese and English.
PAYERS: dict[Payer, tuple[str, str]] = {
    Payer.BASIC: ("基本医保统筹", "basic insurance"),
    Payer.CRITICAL_ILLNESS: ("大病保险", "critical-illness insurance"),
    Payer.COMMERCIAL: ("商业补充保险", "commercial insurance"),
    Payer.MEDICAL_AID: ("医疗救助", "medical aid"),
    Payer.AID_TOP_UP: ("倾斜救助", "aid top-up"),
    Payer.HOSPITAL: ("医院减免", "hospital waiver"),
    Payer.GOVERNMENT: ("政府兜底", "government"),
    Payer.HOUSEHOLD_TOP_UP: ("家庭补助", "household top-up"),
    Payer.EMERGENCY_FUND: ("疾病应急救助基金", "emergency aid fund"),
    Payer.PERSONAL_ACCOUNT: ("个人账户", "personal account"),
    Payer.THIRD_PARTY: ("第三人负担", "third party"),
    Payer.PATIENT: ("个人负担", "patient"),
}

#: Names of the steps, in Chinese and English.
STEPS: dict[str, tuple[str, str]] = {
    "third-party": ("先行扣除", "taken out first"),
    "line-split": ("政策范围内费用", "eligible amount"),
    "first-share": ("转外先自付", "borne first"),
    "cap": ("超封顶线", "over the ceiling"),
    "deductible": ("起付标准", "deductible"),
    "ratio": ("按比例支付", "share"),
    "bands": ("分段计算", "by bands"),
    "base": ("计算基数", "base"),
    "this-stay": ("本次应付", "for this stay"),
    "part": ("分项", "part"),
    "parts": ("分项合计", "parts together"),
    "waiver-part": ("减免分项", "waiver part"),
    "waiver": ("减免合计", "waiver"),
    "aid-threshold": ("救助起点", "threshold of aid"),
    "deductible-paid": ("代付起付线", "deductible paid"),
    "floor": ("兜底", "floor"),
    "household": ("家庭补助", "household top-up"),
    "not-covered": ("不属待遇对象", "not entitled"),
    "not-modelled": ("未公布,未测算", "not modelled"),
    "payer-answer": ("支付方答复", "payer's answer"),
    "patient": ("个人负担", "patient pays"),
}

PARTS: dict[str, tuple[str, str]] = {
    "full_self_pay": ("全自费", "full self-pay"),
    "over_limit": ("超限价", "over limit"),
    "pre_self_pay": ("先行自付", "pre-self-pay"),
    "deductible": ("起付线", "deductible"),
    "coinsurance": ("按比例自付", "coinsurance"),
    "over_cap": ("超封顶线", "over the ceiling"),
    "relieved": ("后序支付方承担", "borne by later payers"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One printed line: whose, what, how much, how it was calculated, under which article.

    Attributes:
        kind: ``step``, ``share`` or ``part``.
        open: nothing is known of this amount: its layer is not modelled or waits; never to be shown as 0.
    """

    kind: str
    payer: Payer
    zh: str
    en: str
    amount: Money
    formula_zh: str
    formula_en: str
    cite: str
    open: bool = False

    @property
    def said(self) -> str:
        """The amount as it may be shown."""
        return "—" if self.open else str(self.amount)


def rows(settlement: Settlement) -> tuple[Row, ...]:
    """Every step in order, then the shares, then what makes up the patient's part (without zeros)."""
    found = []
    for step in settlement.steps:
        zh, en = STEPS.get(step.name, (step.name, step.name))
        because = step.because
        nothing = step.name == "not-modelled"
        found.append(Row("step", step.payer, zh, en, step.amount, because.zh, because.en, because.cite, nothing))
    for share in settlement.shares:
        zh, en = PAYERS[share.payer]
        note_zh, note_en = f"{share.authority}", f"{share.authority}"
        if share.variance:
            note_zh = f"{note_zh},与本方测算相差{share.variance}"
            note_en = f"{note_en}, differs from our expectation by {share.variance}"
        open_ = is_open(share)
        if open_:
            note_zh, note_en = "未测算,以其答复为准", "not computed, its own answer decides"
        found.append(Row("share", share.payer, zh, en, share.amount, note_zh, note_en, share.cite, open_))
    for name, amount in patient_amounts(settlement.patient):
        if amount:
            zh, en = PARTS[name]
            found.append(Row("part", Payer.PATIENT, zh, en, amount, "", "", ""))
    return tuple(found)


def is_open(share: Share) -> bool:
    """Whether nothing is known of a payer's part: its layer is not modelled, or waits for one that is not."""
    whose = share.payer not in (Payer.PATIENT, Payer.THIRD_PARTY)
    return whose and share.authority is Authority.EXPECTED and share.expected is None


def as_json(settlement: Settlement) -> dict[str, object]:
    """A settlement as plain JSON values: amounts are text with two decimals, in yuan.

    A line that a payer split otherwise than our rules has ours under ``expected``, and how the payer classes it.
    """
    accrued = settlement.accrued
    ours = {
        each.line: {"expected": split_json(each.ours), **({"terms": each.terms} if each.terms else {})}
        for each in settlement.line_differences
    }
    return {
        "tag": TEST_PROFILE_TAG if settlement.test_profile else None,
        "case_id": settlement.case_id,
        "version": settlement.version,
        "scheme": settlement.scheme,
        "settled_on": settlement.on.isoformat(),
        "complete": settlement.complete,
        "test_profile": settlement.test_profile,
        "total": settlement.total.text,
        "patient_pays": settlement.patient_pays.text,
        "shares": [
            {
                "payer": str(share.payer),
                "zh": PAYERS[share.payer][0],
                "en": PAYERS[share.payer][1],
                "amount": share.amount.text,
                "authority": str(share.authority),
                "expected": None if share.expected is None else share.expected.text,
                "variance": share.variance.text,
                "plan": share.plan,
                "cite": share.cite,
                "reference": share.reference,
            }
            for share in settlement.shares
        ],
        "patient": {name: amount.text for name, amount in patient_amounts(settlement.patient)},
        "steps": [
            {
                "payer": str(step.payer),
                "name": step.name,
                "amount": step.amount.text,
                "left": step.left.text,
                "zh": step.because.zh,
                "en": step.because.en,
                "cite": step.because.cite,
                "inputs": dict(step.inputs),
            }
            for step in settlement.steps
        ],
        "splits": {
            line: {**split_json(split), "basis": str(split.basis), **ours.get(line, {})}
            for line, split in settlement.splits
        },
        "year_to_date": {
            "year": accrued.year,
            "source": accrued.source,
            "excludes_case": accrued.excludes_case,
            "amounts": {name: amount.text for name, amount in accrued.amounts},
        },
        "accruals": {accrual.name: accrual.amount.text for accrual in settlement.accruals},
        "not_modelled": [str(payer) for payer in settlement.not_modelled],
        "rules": list(settlement.rules),
        "basis": settlement.basis,
        "issues": [issue_json(issue) for issue in settlement.issues],
    }


def split_json(split: LineSplit) -> dict[str, str]:
    """The four parts of a line."""
    return {
        "full_self_pay": split.full_self_pay.text,
        "over_limit": split.over_limit.text,
        "pre_self_pay": split.pre_self_pay.text,
        "in_scope": split.in_scope.text,
    }


def issue_json(issue: Issue) -> dict[str, str]:
    """An issue as plain JSON values."""
    return {
        "code": issue.code,
        "severity": str(issue.severity),
        "pointer": issue.pointer,
        "zh": issue.zh,
        "en": issue.en,
        "hint_zh": issue.hint_zh,
        "hint_en": issue.hint_en,
    }


def patient_amounts(parts: PatientParts) -> tuple[tuple[str, Money], ...]:
    """The patient's parts by name, in printing order."""
    return tuple([(name, getattr(parts, name)) for name in PARTS])
