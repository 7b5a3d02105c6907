"""What goes back to the HIS, and how a source says that it wants to hear of it (回传)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from adapter.model.dates import HOSPITAL_ZONE


class NoticeKind(StrEnum):
    """What a notice is about."""

    ELIGIBILITY = "eligibility"  # 资格与押金指示
    ESTIMATE = "estimate"  # 测算、预结算
    SETTLEMENT = "settlement"  # 结算
    REVERSAL = "reversal"  # 冲销
    ISSUES = "issues"  # 暂存、挂起与恢复
    NOTICE = "notice"  # 费用告知与预警


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that the HIS is told.

    Attributes:
        key: ``<case>.back.<kind>.<sequence>``; unique for ever, and what the HIS knows a repetition by.
        sequence: counts the notices of a stay from 1; a later one comes after an earlier one.
        stay_key: the HIS's own key of the stay.
        facility: the hospital's code, as the source file says.
        at: when it was decided, in the source's zone.
        told: the content by its kind (docs/way-back.md); plain JSON values, amounts as text in yuan.
        test: a sample that concerns no stay.
    """

    key: str
    kind: NoticeKind
    sequence: int
    at: datetime
    source: str
    case_id: str
    stay_key: str
    facility: str
    told: Mapping[str, object]
    test_profile: bool = False
    test: bool = False


@dataclass(frozen=True, slots=True)
class WebhookForm:
    """``POST`` of JSON to an address of the HIS.

    Attributes:
        secret_env: name of the environment variable with the signing secret.
        token_env: name of the one with a bearer token, for receivers that ask for one.
        ca: file with the certificates to trust; empty: those of the machine.
    """

    url: str
    secret_env: str
    token_env: str = ""
    timeout: int = 10
    ca: str = ""


@dataclass(frozen=True, slots=True)
class FolderForm:
    """One file per notice in a folder.

    Attributes:
        checksums: write a ``.sha256`` beside each file, after it.
    """

    folder: str
    checksums: bool = False


@dataclass(frozen=True, slots=True)
class TableForm:
    """One row per notice in an intermediate table (中间表) of the HIS.

    Attributes:
        database_env: name of the environment variable with the SQLAlchemy address.
    """

    database_env: str
    table: str = "adapter_notice"
    timeout: int = 10


@dataclass(frozen=True, slots=True)
class Hl7Form:
    """HL7 v2 messages over MLLP.

    Attributes:
        encoding: ``utf-8`` or ``gb18030``.
        events: MSH-9 by kind, where the receiver wants others than ours.
        certificate, key: ours, for receivers that ask for one.
    """

    host: str
    port: int
    encoding: str = "utf-8"
    version: str = "2.4"
    application: str = "ADAPTER"
    receiver: str = "HIS"
    events: Mapping[NoticeKind, str] = field(default_factory=dict)
    tls: bool = True
    ca: str = ""
    certificate: str = ""
    key: str = ""
    timeout: int = 10


@dataclass(frozen=True, slots=True)
class WayBack:
    """How one source hears of what was decided.

    Attributes:
        facility: the hospital's code, as the source file says.
        zone: of the source's local times.
        send: what it wants to hear.
        estimate_at_admission: an estimate is made and told when the case is opened, without anybody asking.
    """

    source: str
    facility: str
    form: WebhookForm | FolderForm | TableForm | Hl7Form
    send: frozenset[NoticeKind]
    zone: ZoneInfo = HOSPITAL_ZONE
    estimate_at_admission: bool = False

    @property
    def endpoint(self) -> str:
        """Name under which the outbox knows the way."""
        return f"{HIS}{self.source}"


#: What the names of these endpoints begin with; no scheme's call may be called so.
HIS = "his:"
