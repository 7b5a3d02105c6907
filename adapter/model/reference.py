"""Dated facts that a HIS export does not carry: facilities, items, diagnoses, registers, window facts.

A missing fact is an issue for a person, never a default. File formats: docs/reference-data.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from adapter.model.dates import Period
from adapter.model.money import Money
from adapter.model.person import Category


class Level(StrEnum):
    """Hospital level for deductibles and ratios (医院级别)."""

    TOWNSHIP = "township"  # 乡镇卫生院、社区卫生服务中心
    PRIMARY = "primary"  # 一级
    SECONDARY = "secondary"  # 二级 / 县级
    TERTIARY = "tertiary"  # 三级 / 市级
    PROVINCIAL = "provincial"  # 省级


class FacilityKind(StrEnum):
    """Kinds that the programmes name (policy B 二(一))."""

    COUNTY_GENERAL = "county-general"  # 县级人民医院
    COUNTY_TCM = "county-tcm"  # 县级中医医院
    MATERNAL_CHILD = "maternal-child"  # 妇幼保健院
    TOWNSHIP_CENTRE = "township-centre"  # 乡镇卫生院
    COMMUNITY_CENTRE = "community-centre"  # 社区卫生服务中心
    MUNICIPAL = "municipal"  # 市级医院
    OTHER = "other"


class Ownership(StrEnum):
    PUBLIC = "public"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Facility:
    """A hospital as the policies see it, for a period.

    Attributes:
        code: the hospital's own key in its HIS (JGID).
        national_code: 12 characters, ``H`` + division + serial, or None.
        county: six-digit division.
        programme_start: first day on which the facility takes part in pay-after-care, or None.
    """

    code: str
    name: str
    kind: FacilityKind
    level: Level
    ownership: Ownership
    county: str
    valid: Period
    national_code: str | None = None
    programme_start: date | None = None


class ItemClass(StrEnum):
    """Catalogue class 甲/乙/丙; 丙 and items outside the catalogue are all full self-pay."""

    A = "A"  # 甲类
    B = "B"  # 乙类
    C = "C"  # 丙类 / 目录外


class ItemKind(StrEnum):
    """What kind of thing a charge line is."""

    DRUG = "drug"
    CONSUMABLE = "consumable"
    SERVICE = "service"
    BED = "bed"


class ItemMark(StrEnum):
    """What cost control counts apart (控费指标)."""

    ESSENTIAL = "essential"  # 基本药物
    ANTIMICROBIAL = "antimicrobial"  # 抗菌药物
    EXAMINATION = "examination"  # 检查检验


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """One row of the dated item catalogue: local code → class, share, limit.

    Attributes:
        self_share: share that the patient pays first (先行自付比例); required for class B, an item's own share
            wins over any class default.
        price_limit: highest unit price in scope, by hospital level; None where there is no limit.
        restricted: restricted-use item (限制用药); the line's flag decides whether it is in scope.
        programme_group: exclusion group of a programme (``vision-correction`` …), or None.
        marks: what cost control counts apart; no rule of settlement reads them.
    """

    code: str
    name: str
    kind: ItemKind
    item_class: ItemClass
    valid: Period
    national_code: str | None = None
    self_share: Decimal | None = None
    price_limits: tuple[tuple[Level, Decimal], ...] = ()
    restricted: bool = False
    programme_group: str | None = None
    marks: frozenset[ItemMark] = frozenset()

    def price_limit(self, level: Level) -> Decimal | None:
        """The limit in yuan per unit at a hospital level, or None."""
        for at, limit in self.price_limits:
            if at is level:
                return limit
        return None


@dataclass(frozen=True, slots=True)
class DiagnosisEntry:
    """Local diagnosis key → ICD-10, with the edition named."""

    code: str
    name: str
    icd10: str
    edition: str
    valid: Period


@dataclass(frozen=True, slots=True)
class EstimateEntry:
    """What a stay of a diagnosis group usually costs, from somebody's table (费用参考).

    Attributes:
        group: three-character category of ICD-10.
        median, p80: of the whole bill, CNY.
        cite: where the figures are from.
    """

    group: str
    median: Money
    p80: Money
    cite: str
    valid: Period


@dataclass(frozen=True, slots=True)
class RegisterEntry:
    """One entry of a register of persons: personal data, kept in the store only.

    ``person_key`` is the hospital's person key; the loader matches it from the ID number and drops the number.
    """

    person_key: str
    category: Category
    issuer: str
    valid: Period


class Cause(StrEnum):
    """Cause of the stay as taken at the window (policy A 三(一), policy B 二(二))."""

    ILLNESS = "illness"  # 疾病
    TRAFFIC_ACCIDENT = "traffic-accident"  # 交通事故
    ACCIDENTAL_INJURY = "accidental-injury"  # 意外伤害
    MEDICAL_ACCIDENT = "medical-accident"  # 医疗事故
    FIGHTING = "fighting"  # 打架、斗殴
    DRUNKENNESS = "drunkenness"  # 酗酒
    DRUG_USE = "drug-use"  # 吸毒
    POISONING = "self-poisoning"  # 服毒
    SELF_HARM = "self-harm"  # 自残
    SUICIDE = "suicide"  # 自杀
    CRIME = "crime"  # 违法、犯罪
    ABORTION = "abortion"  # 人流、引产(无医学需要)
    CHILDBIRTH = "childbirth"  # 生育


class DocumentKind(StrEnum):
    """Papers of the two programmes (证件与文书)."""

    INSURANCE_CARD = "insurance-card"  # 医保卡 / 医保证(原件)
    ELECTRONIC_CREDENTIAL = "electronic-credential"  # 医保电子凭证
    PREMIUM_RECEIPT = "premium-receipt"  # 当年缴费发票
    ID_CARD = "id-card"  # 身份证
    HOUSEHOLD_BOOK = "household-book"  # 户口本
    POVERTY_PROOF = "poverty-proof"  # 建档立卡贫困户证明
    SETTLEMENT_AGREEMENT = "settlement-agreement"  # 住院治疗费用结算协议书 (A)
    SETTLEMENT_UNDERTAKING = "settlement-undertaking"  # 住院费用结算承诺书 (B)
    HARDSHIP_CERTIFICATE = "hardship-certificate"  # 困难证明 (B)


@dataclass(frozen=True, slots=True)
class DocumentFact:
    """A paper shown at the window.

    Attributes:
        original: True for the original, False for a copy.
        confirmed_by: second party of a two-step proof (township seal), or None.
        year: year of a premium receipt.
    """

    kind: DocumentKind
    original: bool = True
    issuer: str | None = None
    confirmed_by: str | None = None
    year: int | None = None


@dataclass(frozen=True, slots=True)
class WindowFacts:
    """What the clerk, doctor or verifier established for one stay (窗口登记). ``None`` means not established.

    Attributes:
        emergency: severe and in need of emergency measures (急救), with the deciding doctor.
        third_party: a liable third party exists.
        third_party_amount: what the third party must bear, once known.
        settled_on: day of the discharge settlement; None: the day of discharge.
    """

    stay_key: str
    cause: Cause | None = None
    emergency: bool | None = None
    emergency_decided_by: str | None = None
    third_party: bool | None = None
    third_party_amount: Money | None = None
    documents: tuple[DocumentFact, ...] = ()
    verifier: str | None = None
    admission_order: str | None = None
    consents: tuple[str, ...] = field(default=())
    settled_on: date | None = None


class ReferenceBook(Protocol):
    """Where the dated facts are looked up; ``None`` or nothing means that the fact is missing."""

    def facility(self, code: str, on: date) -> Facility | None: ...

    def item(self, code: str, on: date) -> CatalogueItem | None: ...

    def diagnosis(self, code: str, on: date) -> DiagnosisEntry | None: ...

    def registers(self, person_key: str, on: date) -> tuple[RegisterEntry, ...]: ...
