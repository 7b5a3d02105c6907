"""Typed settings from environment and file; secrets never print; knows where ``mappings/`` is.

``ADAPTER_DATABASE_URL=… adapter serve``, or a TOML file named by ``ADAPTER_SETTINGS`` with the same names in lower
case. The environment wins over the file. docs/operations.md lists every setting.
"""

from __future__ import annotations

import os
from datetime import datetime, time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from adapter.model.dates import HOSPITAL_ZONE
from adapter.model.issues import AdapterError, Issue, Severity


def data_folder(name: str) -> Path:
    """``mappings`` or ``fixtures``: beside the package in a checkout, inside it in an installed wheel."""
    package = Path(__file__).resolve().parent
    for candidate in (package / "_data" / name, package.parent / name):
        if candidate.is_dir():
            return candidate
    raise AdapterError(
        Issue(
            code="CFG-701",
            severity=Severity.FATAL,
            pointer=name,
            zh=f"找不到 {name} 目录",
            en=f"the folder {name}/ cannot be found",
            hint_zh="请重新安装,或用 ADAPTER_MAPPINGS 指明位置",
            hint_en="install again, or name the place with ADAPTER_MAPPINGS",
        )
    )


def _hours(text: object) -> tuple[time, time]:
    start, _, end = str(text).partition("-")
    found = time.fromisoformat(start.strip()), time.fromisoformat(end.strip())
    if found[0] == found[1]:
        raise ValueError("quiet hours end when they begin")
    if any(each.tzinfo for each in found):
        raise ValueError("quiet hours are hospital time and name no zone")
    return found


def _window(text: object) -> tuple[datetime, datetime]:
    start, _, end = str(text).partition("/")
    found = (datetime.fromisoformat(start.strip()), datetime.fromisoformat(end.strip()))
    from_, to = (each if each.tzinfo else each.replace(tzinfo=HOSPITAL_ZONE) for each in found)
    if to <= from_:
        raise ValueError("a maintenance window ends after it begins")
    return from_, to


#: ``22:00-06:30`` in the hospitals' time.
QuietHours = Annotated[tuple[time, time], BeforeValidator(_hours)]
#: ``2026-03-02T01:00/2026-03-02T03:00``, in the hospitals' time where no other is given.
Window = Annotated[tuple[datetime, datetime], BeforeValidator(_window)]


class NhsaSettings(BaseModel):
    """Who speaks with a bureau of the national platform, and by which region's rules (``mappings/nhsa``)."""

    model_config = ConfigDict(extra="forbid")

    region: str = "national"
    fixmedins_code: str = Field(min_length=1, max_length=30)
    fixmedins_name: str = Field(min_length=1)
    division: str = Field(pattern=r"^[0-9]{6}$")
    opter: str = Field(min_length=1)
    opter_name: str = Field(min_length=1)
    opter_type: str = Field(default="1", pattern="^[123]$")
    mac: str = ""
    ip: str = ""
    keys: dict[str, SecretStr] = {}


class AidXmlSettings(BaseModel):
    """Who signs in at a civil-affairs aid service, and how that office wants to be spoken to."""

    model_config = ConfigDict(extra="forbid")

    user_name: str = Field(min_length=1)
    password: SecretStr | None = None
    namespace: str = Field(min_length=1)
    hospital_id: str = ""
    also: tuple[Literal["insuranceNo", "disease", "diseaseName", "hospitalArea"], ...] = ()
    details: bool = True
    session_seconds: int = Field(default=600, ge=1)


class OAuthSettings(BaseModel):
    """How we sign in at a counterpart that speaks FHIR: SMART Backend Services."""

    model_config = ConfigDict(extra="forbid")

    client_id: str = Field(min_length=1)
    key: Path
    kid: str | None = None
    alg: str = Field(default="RS384", pattern="^(RS384|ES384)$")
    scope: str = Field(min_length=1)
    token_url: str | None = None


class EndpointSettings(BaseModel):
    """One counterpart. Names are those of the schemes' calls (``bureau``, ``civil-affairs``)."""

    model_config = ConfigDict(extra="forbid")

    base_url: str
    dialect: str = Field(default="fhir", pattern="^(fhir|nhsa|aid-xml|folder)$")
    form: str = Field(default="submit", pattern="^(submit|transaction)$")
    simulator: bool = False
    longest_delay: int = Field(default=300, ge=0)
    timeout: int = Field(default=30, ge=1)
    token: SecretStr | None = None
    oauth: OAuthSettings | None = None
    nhsa: NhsaSettings | None = None
    aid_xml: AidXmlSettings | None = None
    collect_seconds: int = Field(default=3600, ge=1)
    client_cert: Path | None = None
    client_key: Path | None = None
    ca: Path | None = None
    max_entries: int | None = Field(default=None, ge=1)
    conditional: str = Field(default="create", pattern="^(create|update)$")
    claim_profiles: bool = False
    look_up: str = Field(default="identifier", pattern="^(identifier|chained)$")
    quiet_hours: tuple[QuietHours, ...] = ()
    maintenance: tuple[Window, ...] = ()
    per_second: float | None = Field(default=None, gt=0)
    breaker_failures: int = Field(default=5, ge=0)
    breaker_seconds: int = Field(default=5, ge=1)


class LimitSettings(BaseModel):
    """What the ways in accept: files, uploads, messages. What is beyond is refused with an issue, never half taken."""

    model_config = ConfigDict(extra="forbid")

    file_bytes: int = Field(default=2 * 1024**3, gt=0)
    row_bytes: int = Field(default=64 * 1024, gt=0)
    rows: int = Field(default=50_000_000, gt=0)
    columns: int = Field(default=256, gt=0)
    depth: int = Field(default=3, ge=3)
    nesting: int = Field(default=16, ge=1)
    seconds: float = Field(default=3600.0, gt=0)
    message_bytes: int = Field(default=4 * 1024**2, gt=0)
    segments: int = Field(default=20_000, gt=0)
    fields: int = Field(default=200, gt=0)
    parts: int = Field(default=10_000, gt=0)
    listed: int = Field(default=1000, ge=1)
    upload_files: int = Field(default=200, gt=0)
    unpacked_factor: int = Field(default=8, ge=1)


class MllpSettings(BaseModel):
    """One MLLP listener. Its name is that of the source whose messages come there."""

    model_config = ConfigDict(extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(ge=0, le=65535)
    cert: Path | None = None
    key: Path | None = None
    client_ca: Path | None = None
    plain: bool = False
    answer_seconds: float = Field(default=1.0, ge=0)
    connections: int = Field(default=64, gt=0)
    idle_seconds: float = Field(default=600.0, gt=0)
    frame_seconds: float = Field(default=30.0, gt=0)


class FolderSettings(BaseModel):
    """One watched folder. Its name is that of the source whose files come there."""

    model_config = ConfigDict(extra="forbid")

    path: Path
    group: str = Field(default="all", pattern="^(file|folder|all)$")
    wait_for: str = Field(default="quiet", pattern="^(quiet|marker|manifest)$")
    manifest: str = "*.manifest"
    quiet_seconds: float = Field(default=10.0, gt=0)
    every_seconds: float = Field(default=2.0, gt=0)


class ListenSettings(BaseModel):
    """Ways in that wait: by source, where its messages and files come."""

    model_config = ConfigDict(extra="forbid")

    mllp: dict[str, MllpSettings] = Field(default_factory=dict)
    folder: dict[str, FolderSettings] = Field(default_factory=dict)
    poll: tuple[str, ...] = ()


class SubscriptionSettings(BaseModel):
    """Whom subscriptions may tell: addresses begin with one of ``addresses``; none may while it is empty."""

    model_config = ConfigDict(extra="forbid")

    addresses: tuple[str, ...] = ()
    ca: Path | None = None
    timeout: int = Field(default=10, ge=1)


class ExportSettings(BaseModel):
    """Where bulk exports are written, how long they are kept, and how many resources one file holds at most."""

    model_config = ConfigDict(extra="forbid")

    folder: Path = Path("exports")
    hours: int = Field(default=24, ge=1)
    file_lines: int = Field(default=250_000, ge=1)
    unfinished: int = Field(default=10, ge=1)


class Settings(BaseSettings):
    """Everything that differs from one installation to the next."""

    model_config = SettingsConfigDict(env_prefix="ADAPTER_", env_nested_delimiter="__", extra="ignore")

    database_url: str = "sqlite:///adapter.db"
    mappings: Path | None = None
    reference: Path | None = None
    endpoints: dict[str, EndpointSettings] = Field(default_factory=dict)
    api_token: SecretStr | None = None
    actor: str = "service"
    fhir_source: str | None = None
    r5_identifiers: Literal["ours", "hl7-china"] = "ours"
    max_body_bytes: int = Field(default=256 * 1024 * 1024, gt=0)
    limits: LimitSettings = Field(default_factory=LimitSettings)
    listen: ListenSettings = Field(default_factory=ListenSettings)
    subscriptions: SubscriptionSettings = Field(default_factory=SubscriptionSettings)
    exports: ExportSettings = Field(default_factory=ExportSettings)
    lease_seconds: int = Field(default=60, ge=1)
    retry_first_seconds: float = Field(default=1.0, gt=0)
    retry_most_seconds: float = Field(default=300.0, gt=0)
    retry_limit: int = Field(default=12, ge=1)
    advance_difference: str | None = Field(default=None, pattern="^(hospital|patient)$")
    reverse_declared: str = Field(default="allow", pattern="^(allow|refuse)$")
    reverse_before_later: str = Field(default="mark", pattern="^(mark|refuse)$")
    reconcile_days: int = Field(default=1, ge=0, le=31)
    notices_at: str = Field(default="06:00", pattern=r"^(off|([01]\d|2[0-3]):[0-5]\d)$")
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")

    @property
    def mappings_folder(self) -> Path:
        return self.mappings or data_folder("mappings")

    @property
    def reference_folder(self) -> Path:
        """Folder with one sub-folder of dated facts per source."""
        return self.reference or data_folder("fixtures") / "reference"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then environment, then the file that ``ADAPTER_SETTINGS`` names."""
        sources: tuple[PydanticBaseSettingsSource, ...] = (init_settings, env_settings)
        if (file := _SettingsFile().settings) is not None:
            if not file.is_file():
                raise AdapterError(_no_such_file(file))
            sources += (TomlConfigSettingsSource(settings_cls, toml_file=file),)
        return sources


class _SettingsFile(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="ADAPTER_", extra="ignore")
    settings: Path | None = None


def load_settings(**overrides: object) -> Settings:
    """Settings, or an AdapterError naming each setting that is wrong (CFG-702); values are not repeated."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        raise AdapterError(*(_wrong(".".join(map(str, e["loc"])), e["msg"]) for e in error.errors())) from None


def secret(name: str) -> str:
    """A secret that a source file names by its environment variable. Raises AdapterError CFG-710 when it is unset."""
    found = os.environ.get(name)
    if not found:
        raise AdapterError(_no_secret(name))
    return found


def _no_secret(name: str) -> Issue:
    return Issue(
        code="CFG-710",
        severity=Severity.ERROR,
        pointer=name,
        zh=f"来源文件所指的环境变量 {name} 未设置",
        en=f"the environment variable {name}, which a source file names, is not set",
        hint_zh="请在运行本程序的环境中设置该变量(数据库只读用户的密码)",
        hint_en="set it where this program runs: it is the password of the database's read-only user",
    )


def _wrong(name: str, message: str) -> Issue:
    return Issue(
        code="CFG-702",
        severity=Severity.FATAL,
        pointer=name,
        zh=f"设置 {name} 不正确:{message}",
        en=f"setting {name} is wrong: {message}",
        hint_zh="各项设置见 docs/operations.md",
        hint_en="docs/operations.md lists every setting",
    )


def _no_such_file(file: Path) -> Issue:
    return Issue(
        code="CFG-703",
        severity=Severity.FATAL,
        pointer="ADAPTER_SETTINGS",
        zh=f"设置文件不存在:{file.name}",
        en=f"the settings file does not exist: {file.name}",
        hint_zh="请检查 ADAPTER_SETTINGS 的路径",
        hint_en="check the path in ADAPTER_SETTINGS",
    )
