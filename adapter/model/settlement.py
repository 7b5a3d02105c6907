"""Settlement: who pays how much of a claim, step by step, and why (结算结果)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from adapter.model.built import quickly_built
from adapter.model.claim import LineSplit, YearToDate
from adapter.model.issues import Issue
from adapter.model.money import ZERO, Money


class Payer(StrEnum):
    """Who may bear a part of the bill. The order here means nothing; a scheme gives the order."""

    BASIC = "basic"  # 基本医疗保险统筹基金
    CRITICAL_ILLNESS = "critical-illness"  # 大病保险
    COMMERCIAL = "commercial"  # 商业补充保险 (人保财险、特惠保 …)
    MEDICAL_AID = "medical-aid"  # 医疗救助
    AID_TOP_UP = "aid-top-up"  # 倾斜救助 / 二次救助
    HOSPITAL = "hospital"  # 医院减免 (hospital-borne)
    GOVERNMENT = "government"  # 财政 / 政府兜底
    HOUSEHOLD_TOP_UP = "household-top-up"  # 按家庭年度负担的补助
    EMERGENCY_FUND = "emergency-fund"  # 疾病应急救助基金
    PERSONAL_ACCOUNT = "personal-account"  # 个人账户
    THIRD_PARTY = "third-party"  # 第三人负担
    PATIENT = "patient"  # 个人自付


class Authority(StrEnum):
    """Who decided an amount."""

    PAYER = "payer"  # the payer's answer counts
    ADAPTER = "adapter"  # computed here; the payer only receives it
    OBSERVED = "observed"  # the HIS settled with the bureau itself; imported
    EXPECTED = "expected"  # our expectation; the payer has not answered yet


@quickly_built
@dataclass(frozen=True, slots=True)
class Explanation:
    """A reason in both languages with its article (依据)."""

    zh: str
    en: str
    cite: str


@quickly_built
@dataclass(frozen=True, slots=True)
class Step:
    """One amount and where it came from.

    Attributes:
        payer: whose calculation this step belongs to.
        name: stable step name: ``line-split``, ``deductible``, ``ratio``, ``cap``, ``bands``, ``payer-answer`` …
        amount: what the step takes, grants or leaves out, as ``because`` says.
        left: what goes on to the next step of the same payer.
        inputs: named values that the formula used, as printed.
        checks: formulas over the inputs, by what they give: ``amount``, ``left`` or an input that was worked out
            itself. Only ``+ - * min max round`` stand in them; ``round`` is half up to the fen. The certificate's
            checker works them out again.
        sources: where an input stands elsewhere in the certificate: ``previous.left``, ``standing.in_scope``,
            ``accrued.paid`` (the payer's own), ``paid.commercial`` (what that payer bore), ``bill.total``.
    """

    payer: Payer
    name: str
    amount: Money
    left: Money
    because: Explanation
    inputs: tuple[tuple[str, str], ...] = ()
    checks: tuple[tuple[str, str], ...] = ()
    sources: tuple[tuple[str, str], ...] = ()


@quickly_built
@dataclass(frozen=True, slots=True)
class Standing:
    """The bill as a payer found it at its turn, and what it took (轮到该支付方时的账).

    Attributes:
        sums: the four parts of all lines, as they stood.
        paid: what earlier payers bear together; ``paid_outside`` of it goes to costs outside the policy range.
        deductible, over_cap: what basic insurance left with the patient under these names.
        pays: what this payer bears; ``outside`` of it goes to costs outside the policy range.
    """

    payer: Payer
    total: Money
    sums: LineSplit
    paid: Money
    paid_outside: Money
    deductible: Money
    over_cap: Money
    pays: Money
    outside: Money


@quickly_built
@dataclass(frozen=True, slots=True)
class Share:
    """One payer's part of the bill.

    Attributes:
        expected: what our rules gave, where they could say; differs from ``amount`` when the payer decided otherwise.
        reference: the payer's settlement id when it answered.
    """

    payer: Payer
    amount: Money
    authority: Authority
    plan: str
    cite: str
    expected: Money | None = None
    reference: str | None = None

    @property
    def variance(self) -> Money:
        """Payer's amount less our expectation; ¥0.00 where there was none."""
        return ZERO if self.expected is None else self.amount - self.expected


@quickly_built
@dataclass(frozen=True, slots=True)
class PatientParts:
    """What makes up the patient's part; they add up to it. 个人负担构成."""

    full_self_pay: Money = ZERO  # 全自费
    over_limit: Money = ZERO  # 超限价
    pre_self_pay: Money = ZERO  # 先行自付
    deductible: Money = ZERO  # 起付线
    coinsurance: Money = ZERO  # 按比例自付
    over_cap: Money = ZERO  # 超封顶线
    relieved: Money = ZERO  # less: borne by later payers (critical illness, aid …), <= 0

    @property
    def total(self) -> Money:
        return Money.total(
            (
                self.full_self_pay,
                self.over_limit,
                self.pre_self_pay,
                self.deductible,
                self.coinsurance,
                self.over_cap,
                self.relieved,
            )
        )


@quickly_built
@dataclass(frozen=True, slots=True)
class Accrual:
    """An addition to a year-to-date amount (年度累计增量). A reversal adds the opposite."""

    person_key: str
    year: int
    name: str
    amount: Money


@dataclass(frozen=True, slots=True)
class PayerAnswer:
    """What a payer said it bears, from its receipt.

    Attributes:
        amounts: named figures of its answer (``deductible``, ``in-scope``, ``full-self-pay`` …), by wire code.
        lines: its own split by ChargeItem id, where it gave one.
        steps: its own calculation in words, where it gave one.
        line_terms: how it classes a line, in its own codes, by ChargeItem id (``chrgitm_lv 02, selfpay_prop 0.1``).
        doubts: what of its answer was not used, and why.
    """

    payer: Payer
    amount: Money
    reference: str
    amounts: tuple[tuple[str, Money], ...] = ()
    lines: tuple[tuple[str, LineSplit], ...] = ()
    steps: tuple[str, ...] = ()
    line_terms: tuple[tuple[str, str], ...] = ()
    doubts: tuple[Issue, ...] = ()


@quickly_built
@dataclass(frozen=True, slots=True)
class LineDifference:
    """A line that a payer split otherwise than our rules (明细拆分差异). Its split stands in ``Settlement.splits``.

    Attributes:
        line: ChargeItem id.
        ours: what our rules made of the line.
        terms: how the payer classes it, in its own codes, or empty.
    """

    payer: Payer
    line: str
    ours: LineSplit
    terms: str = ""


@quickly_built
@dataclass(frozen=True, slots=True)
class Settlement:
    """A bill, divided. Built only when every fen is accounted for.

    Attributes:
        shares: payers in the scheme's order, then the patient last; they add up to ``total``.
        splits: per line id.
        rules: policy file and version that each layer used.
        not_modelled: payers whose layer nobody published; nothing was computed for them.
        complete: every call has answered (or the adapter decides); False for estimates and open walks.
        test_profile: carries the tag ``TEST PROFILE – no place's rule`` everywhere.
        basis: hash of claim, year-to-date amounts and rule versions; a preview and its settlement share it.
        standings: per payer, in order, the bill as it found it; the certificate shows the cascade by them.
        line_differences: lines whose split is a payer's and not ours, with what ours was.
    """

    case_id: str
    version: int
    scheme: str
    on: date
    total: Money
    shares: tuple[Share, ...]
    steps: tuple[Step, ...]
    patient: PatientParts
    splits: tuple[tuple[str, LineSplit], ...]
    accrued: YearToDate
    accruals: tuple[Accrual, ...]
    rules: tuple[str, ...]
    basis: str
    complete: bool
    test_profile: bool
    not_modelled: tuple[Payer, ...] = ()
    issues: tuple[Issue, ...] = ()
    standings: tuple[Standing, ...] = ()
    line_differences: tuple[LineDifference, ...] = ()

    def __post_init__(self) -> None:
        paid = Money.total([share.amount for share in self.shares])
        if paid.fen != self.total.fen:
            raise ValueError(f"shares {paid} do not add up to the bill {self.total}")

    def share_of(self, payer: Payer) -> Money:
        """What a payer bears; ¥0.00 when it is not part of this bill."""
        return Money.total([share.amount for share in self.shares if share.payer is payer])

    @property
    def patient_pays(self) -> Money:
        return self.share_of(Payer.PATIENT)
