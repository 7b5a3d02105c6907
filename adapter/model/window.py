"""What people do at the one-stop window: papers, agreements, consents, checks, facts (窗口登记的词汇)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from adapter.model.case import AgreementState, DocumentState
from adapter.model.money import Money
from adapter.model.reference import Cause, DocumentFact, DocumentKind, ItemKind


class Relation(StrEnum):
    """Who signs or fetches, as the patient's … (与患者的关系)."""

    PATIENT = "patient"  # 本人
    SPOUSE = "spouse"  # 配偶
    PARENT = "parent"  # 父母
    CHILD = "child"  # 子女
    SIBLING = "sibling"  # 兄弟姐妹
    GUARDIAN = "guardian"  # 监护人
    RELATIVE = "relative"  # 其他家属
    AGENT = "agent"  # 受托人


@dataclass(frozen=True, slots=True)
class Signer:
    """A signature. No name: the hospital's paper has it, and nothing here needs it.

    Attributes:
        authority: on what ground somebody signs for the patient: a mandate's number, guardianship …
    """

    relation: Relation
    authority: str = ""


@dataclass(frozen=True, slots=True)
class HeldDocument:
    """One paper of a case and what became of it. Its moves are those of the machine ``documents``.

    Attributes:
        id: unique in the case: the kind, from the second of a kind on with a number (``id-card-2``).
        name: the requirement of the programme that it serves.
        original: what was shown.
        keep: what the hospital holds: ``original`` | ``copy`` | ``none``.
        taken_by, ended_by: staff ids.
        to: to whom it was returned, as the patient's …; None while it is held.
    """

    id: str
    name: str
    kind: DocumentKind
    original: bool
    keep: str
    state: DocumentState
    taken_by: str
    taken_at: datetime
    cite: str
    issuer: str | None = None
    confirmed_by: str | None = None
    year: int | None = None
    ended_by: str = ""
    ended_at: datetime | None = None
    to: Relation | None = None

    @property
    def fact(self) -> DocumentFact:
        """What the entitlement reads."""
        return DocumentFact(self.kind, self.original, self.issuer, self.confirmed_by, self.year)


class AgreementKind(StrEnum):
    """Four instruments (X-08). An undertaking is the patient's alone, an agreement has two parties."""

    SETTLEMENT_AGREEMENT = "settlement-agreement"  # 住院治疗费用结算协议书 (A)
    SETTLEMENT_UNDERTAKING = "settlement-undertaking"  # 住院费用结算承诺书 (B)
    REPAYMENT_UNDERTAKING = "repayment-undertaking"  # 延期(分期)还款承诺书 (B)
    STAGING_AGREEMENT = "staging-agreement"  # 分阶段结算还款协议书 (B)

    @property
    def two_parties(self) -> bool:
        """Whether the hospital signs too."""
        return self in (AgreementKind.SETTLEMENT_AGREEMENT, AgreementKind.STAGING_AGREEMENT)


@dataclass(frozen=True, slots=True)
class Agreement:
    """One instrument of a case. Nothing in it is edited: a new version replaces it.

    Attributes:
        number: 1 for the first of the case; it is also the subject of its machine ``agreement``.
        version: of the printed text (``2021-1``).
        signer: the patient's side; the hospital's side is ``offered_by``.
        ended_by: who recorded its end: fulfilled, breached, refused or replaced.
    """

    number: int
    kind: AgreementKind
    version: str
    state: AgreementState
    offered_by: str
    offered_at: datetime
    zh: str
    en: str
    cite: str
    signer: Signer | None = None
    signed_at: datetime | None = None
    ended_by: str = ""
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """A signature under the use of items that no insurer bears.

    Attributes:
        items: local item codes; ``kinds``: whole kinds of items. At least one of the two.
        explained_by: the doctor who explained, by staff id.
        ended_at: when it was withdrawn (撤回), or None.
    """

    number: int
    items: tuple[str, ...]
    kinds: tuple[ItemKind, ...]
    signer: Signer
    signed_at: datetime
    explained_by: str
    cite: str
    ended_by: str = ""
    ended_at: datetime | None = None


class CheckStep(StrEnum):
    """Steps that want a named person."""

    IDENTITY = "identity"  # 身份核查
    INSURANCE = "insurance"  # 参保核查
    PAPERS = "papers"  # 证件审查
    EXPLANATION = "explanation"  # 首诊医师告知流程和要求


@dataclass(frozen=True, slots=True)
class Checked:
    """One step and who answers for it.

    Attributes:
        by: whoever checked or explained, by staff id; ``recorded_by`` wrote it down.
    """

    step: CheckStep
    by: str
    at: datetime
    recorded_by: str
    zh: str
    en: str
    cite: str


@dataclass(frozen=True, slots=True)
class StayFacts:
    """What acts established; ``None`` means that no act did.

    Attributes:
        emergency_decided_by: the deciding doctor, by staff id.
        aid_certificate: number of the household's 健康扶贫医疗救助证 (B-31); shown masked.
        excluded: a person's decision whether an excluded cause governs the stay, with ``decided_by``.
    """

    cause: Cause | None = None
    other_causes: tuple[Cause, ...] | None = None
    emergency: bool | None = None
    emergency_decided_by: str | None = None
    third_party: bool | None = None
    third_party_amount: Money | None = None
    admission_order: str | None = None
    aid_certificate: str | None = None
    excluded: bool | None = None
    decided_by: str | None = None


@dataclass(frozen=True, slots=True)
class DepositOverride:
    """A named person lets a deposit be taken that is not allowed (X-18): how much, by whom, why."""

    amount: Money
    by: str
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class ItemFinding:
    """The doctor's answer to the exception of an excluded item: functional, or with medical need.

    Attributes:
        line: the HIS's own key of the fee line.
        by: the doctor, by staff id; ``recorded_by`` wrote it down.
    """

    line: str
    excepted: bool
    by: str
    at: datetime
    recorded_by: str
