"""``way_back`` of a source file: what the HIS wants to hear, and in which form (回传设置)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adapter.intake.mapping.issues import MappingRefused, no_such_file
from adapter.intake.mapping.nodes import Node, read_nodes
from adapter.intake.mapping.spec import Where
from adapter.intake.mapping.way_back_issues import way_back_secret, way_back_unencrypted, way_back_wrong
from adapter.model.dates import HOSPITAL_ZONE
from adapter.model.notice import FolderForm, Hl7Form, NoticeKind, TableForm, WayBack, WebhookForm

#: Keys of every form, and of each.
COMMON_KEYS = ("form", "send", "estimate")
FORM_KEYS: Mapping[str, tuple[str, ...]] = {
    "webhook": ("url", "secret_env", "token_env", "ca", "timeout", "plain"),
    "folder": ("folder", "checksums"),
    "table": ("database_env", "table", "timeout"),
    "hl7v2": (
        *("host", "port", "encoding", "version", "application", "receiver", "events"),
        *("plain", "ca", "certificate", "key", "timeout"),
    ),
}
ESTIMATES = ("on-request", "at-admission")
ENCODINGS = ("utf-8", "gb18030")

#: Patterns of texts, for the loader and for the JSON Schema alike.
ENV_NAME = r"^ADAPTER_[A-Z0-9_]{1,80}$"
TABLE_NAME = r"^[A-Za-z][A-Za-z0-9_]{0,29}(\.[A-Za-z][A-Za-z0-9_]{0,29})?$"
EVENT = r"^[A-Z0-9]{3}\^[A-Z0-9]{3}(\^[A-Z0-9_]{3,7})?$"
NUMBER = r"^[1-9][0-9]{0,4}$"
VERSION = r"^2\.[1-8](\.[0-9])?$"
NAME = r"^[A-Za-z0-9_.-]{1,60}$"

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def load_way_back(mappings_dir: Path, source_name: str) -> WayBack | None:
    """How a source hears of decisions; None when its file does not say. Nothing else of the file is looked at.

    Raises:
        MappingRefused: MAP-160 to -162 with file:line, MAP-101 and -102 for a file that is no YAML, MAP-112 for a
            name that has no file.
    """
    file = f"sources/{source_name}.yaml"
    path = mappings_dir / file
    if not path.is_file():
        raise MappingRefused(no_such_file(file, "来源文件", "source file"))
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        Node("", Where(file, 1)).fail("文件须为 UTF-8 编码", "the file must be UTF-8")
    return way_back_of(read_nodes(text, file), source_name)


def way_back_of(source: Node, source_name: str) -> WayBack | None:
    """The source file's ``way_back``. Raises MappingRefused MAP-160 to -162."""
    node = source.get("way_back")
    if node is None:
        return None
    form = _text(node, "form", among=tuple(FORM_KEYS))
    _known_keys(node, (*COMMON_KEYS, *FORM_KEYS[form]))
    build: Mapping[str, Callable[[Node], WebhookForm | FolderForm | TableForm | Hl7Form]]
    build = {"webhook": _webhook, "folder": _folder, "table": _table, "hl7v2": _hl7v2}
    facility = source.get("facility")
    return WayBack(
        source=source_name,
        facility="" if facility is None else facility.text_of("code", ""),
        form=build[form](node),
        send=_send(node),
        zone=_zone(source),
        estimate_at_admission=_text(node, "estimate", "on-request", among=ESTIMATES) == "at-admission",
    )


def _webhook(node: Node) -> WebhookForm:
    url = _need(node, "url")
    try:
        parts = urlsplit(url.text())
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if host is None or parts.scheme not in ("http", "https") or parts.fragment or port == 0:
        _wrong(url, "应为 https:// 开头的地址", "an address that begins with https:// is expected")
    if parts.username or parts.password:
        raise MappingRefused(way_back_secret(str(url.where)))
    if parts.scheme == "http" and host not in _LOOPBACK and not _flag(node, "plain"):
        raise MappingRefused(way_back_unencrypted(str(url.where)))
    return WebhookForm(
        url=url.text(),
        secret_env=_env(node, "secret_env"),
        token_env=_env(node, "token_env") if node.get("token_env") is not None else "",
        timeout=_number(node, "timeout", 10),
        ca=_text(node, "ca", ""),
    )


def _folder(node: Node) -> FolderForm:
    return FolderForm(folder=_text(node, "folder"), checksums=_flag(node, "checksums"))


def _table(node: Node) -> TableForm:
    return TableForm(
        database_env=_env(node, "database_env"),
        table=_text(node, "table", "adapter_notice", like=TABLE_NAME),
        timeout=_number(node, "timeout", 10),
    )


def _hl7v2(node: Node) -> Hl7Form:
    host, plain = _text(node, "host"), _flag(node, "plain")
    if (node.get("certificate") is None) != (node.get("key") is None):
        _wrong(node, "certificate 与 key 须同时给出", "certificate and key come together")
    return Hl7Form(
        host=host,
        port=_number(node, "port", None, most=65535),
        encoding=_text(node, "encoding", "utf-8", among=ENCODINGS),
        version=_text(node, "version", "2.4", like=VERSION),
        application=_text(node, "application", "ADAPTER", like=NAME),
        receiver=_text(node, "receiver", "HIS", like=NAME),
        events=_events(node),
        tls=not plain,
        ca=_text(node, "ca", ""),
        certificate=_text(node, "certificate", ""),
        key=_text(node, "key", ""),
        timeout=_number(node, "timeout", 10),
    )


def _events(node: Node) -> dict[NoticeKind, str]:
    given = node.get("events")
    if given is None:
        return {}
    for name, each in given.items():
        if name not in tuple(NoticeKind):
            _wrong(each, f"没有 {name} 这种通知", f"there is no notice {name}")
    return {NoticeKind(name): _text(given, name, like=EVENT) for name, _ in given.items()}


def _send(node: Node) -> frozenset[NoticeKind]:
    kinds = ", ".join(NoticeKind)
    given = _need(node, "send")
    if not given.texts() or not set(given.texts()) <= set(NoticeKind):
        _wrong(given, f"应为其中一项或几项:{kinds}", f"one or more of {kinds} are expected")
    return frozenset(map(NoticeKind, given.texts()))


def _zone(source: Node) -> ZoneInfo:
    try:
        return ZoneInfo(source.text_of("zone", HOSPITAL_ZONE.key))
    except (ZoneInfoNotFoundError, ValueError):
        return HOSPITAL_ZONE  # the loader of the mapping names the fault


def _known_keys(node: Node, keys: tuple[str, ...]) -> None:
    for key, each in node.items():
        if key not in keys:
            known = ", ".join(keys)
            _wrong(each, f"不认识的键 {key}(可用:{known})", f"unknown key {key} (known: {known})")


def _need(node: Node, key: str) -> Node:
    found = node.get(key)
    if found is None:
        _wrong(node, f"缺少键 {key}", f"key {key} is missing")
    return found


def _text(
    node: Node, key: str, default: str | None = None, *, among: tuple[str, ...] = (), like: str | None = None
) -> str:
    found = node.get(key)
    if found is None and default is not None:
        return default
    each = _need(node, key)
    text = each.text()
    if among and text not in among:
        _wrong(each, f"应为其中之一:{', '.join(among)}", f"one of {', '.join(among)} is expected")
    if not text or (like is not None and not re.fullmatch(like, text, re.ASCII)):
        _wrong(each, f"{key} 的写法不对", f"{key} is not written as it should be")
    return text


def _env(node: Node, key: str) -> str:
    each = _need(node, key)
    if not re.fullmatch(ENV_NAME, each.text(), re.ASCII):
        raise MappingRefused(way_back_secret(str(each.where)))
    return each.text()


def _number(node: Node, key: str, default: int | None, *, most: int = 600) -> int:
    if node.get(key) is None and default is not None:
        return default
    number = int(_text(node, key, like=NUMBER))
    if number > most:
        _wrong(_need(node, key), f"{key} 最大为 {most}", f"{key} is at most {most}")
    return number


def _flag(node: Node, key: str) -> bool:
    found = node.get(key)
    return found is not None and found.flag()


def _wrong(node: Node, zh: str, en: str) -> NoReturn:
    raise MappingRefused(way_back_wrong(str(node.where), zh, en))
