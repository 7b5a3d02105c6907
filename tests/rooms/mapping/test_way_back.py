"""``way_back`` of a source file: every form is read, every mistake is refused with its line, secrets are only named."""

from __future__ import annotations

from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from adapter.intake.mapping.issues import MappingRefused
from adapter.intake.mapping.load import load_mapping
from adapter.intake.mapping.way_back import COMMON_KEYS, FORM_KEYS, load_way_back
from adapter.intake.mapping.way_back_schema import way_back_schema
from adapter.model.notice import FolderForm, Hl7Form, NoticeKind, TableForm, WayBack, WebhookForm
from tests.support.intake import MAPPINGS

HEAD = "source: here\nshape: bsoft_phis\nzone: Asia/Shanghai\nfacility: {code: H1}\ninsurer: {code: X}\n"
SCHEMA = jsonschema_rs.Draft7Validator(way_back_schema())

WEBHOOK = "{form: webhook, send: settlement, url: 'https://his.example/back', secret_env: ADAPTER_S}"
GOOD = {
    WEBHOOK: WebhookForm("https://his.example/back", "ADAPTER_S"),
    "{form: webhook, send: settlement, url: 'http://[::1]:8080/x', secret_env: ADAPTER_S, timeout: '5'}": WebhookForm(
        "http://[::1]:8080/x", "ADAPTER_S", timeout=5
    ),
    "{form: webhook, send: settlement, url: 'http://10.1.2.3/x?method=back', secret_env: ADAPTER_S, "
    "token_env: ADAPTER_T, ca: ca.pem, plain: yes}": WebhookForm(
        "http://10.1.2.3/x?method=back", "ADAPTER_S", token_env="ADAPTER_T", ca="ca.pem"
    ),
    "{form: folder, send: settlement, folder: /var/spool/his}": FolderForm("/var/spool/his"),
    "{form: folder, send: settlement, folder: back, checksums: yes}": FolderForm("back", checksums=True),
    "{form: table, send: settlement, database_env: ADAPTER_DB}": TableForm("ADAPTER_DB"),
    "{form: table, send: settlement, database_env: ADAPTER_DB, table: HIS.ADAPTER_BACK, timeout: '3'}": TableForm(
        "ADAPTER_DB", "HIS.ADAPTER_BACK", timeout=3
    ),
    "{form: hl7v2, send: settlement, host: his.example, port: '2575'}": Hl7Form("his.example", 2575),
    "{form: hl7v2, send: settlement, host: his.example, port: '2575', encoding: gb18030, version: '2.5.1', "
    "application: PAC, receiver: WINNING, events: {settlement: 'BAR^P06'}, plain: yes, timeout: '20'}": Hl7Form(
        "his.example",
        2575,
        "gb18030",
        "2.5.1",
        "PAC",
        "WINNING",
        {NoticeKind.SETTLEMENT: "BAR^P06"},
        tls=False,
        timeout=20,
    ),
}

WRONG = [
    ("{send: settlement}", "MAP-160"),
    ("{form: pigeon, send: settlement}", "MAP-160"),
    ("{form: folder, folder: back}", "MAP-160"),
    ("{form: folder, send: [], folder: back}", "MAP-160"),
    ("{form: folder, send: [settlement, gossip], folder: back}", "MAP-160"),
    ("{form: folder, send: settlement}", "MAP-160"),
    ("{form: folder, send: settlement, folder: back, url: 'https://x'}", "MAP-160"),
    ("{form: folder, send: settlement, folder: back, estimate: daily}", "MAP-160"),
    ("{form: folder, send: settlement, folder: back, checksums: perhaps}", "MAP-101"),
    ("{form: webhook, send: settlement, url: 'ftp://x/y', secret_env: ADAPTER_S}", "MAP-160"),
    ("{form: webhook, send: settlement, url: 'https://', secret_env: ADAPTER_S}", "MAP-160"),
    ("{form: webhook, send: settlement, url: 'https://x:99999/', secret_env: ADAPTER_S}", "MAP-160"),
    ("{form: webhook, send: settlement, url: 'http://his.example/', secret_env: ADAPTER_S}", "MAP-161"),
    ("{form: webhook, send: settlement, url: 'http://127.0.0.1.evil.example/', secret_env: ADAPTER_S}", "MAP-161"),
    ("{form: webhook, send: settlement, url: 'https://u:p@his.example/', secret_env: ADAPTER_S}", "MAP-162"),
    ("{form: webhook, send: settlement, url: 'https://his.example/', secret_env: hunter2}", "MAP-162"),
    ("{form: webhook, send: settlement, url: 'https://his.example/'}", "MAP-160"),
    ("{form: webhook, send: settlement, url: 'https://x/', secret_env: ADAPTER_S, timeout: '601'}", "MAP-160"),
    ("{form: table, send: settlement, database_env: 'postgresql://u:p@h/d'}", "MAP-162"),
    ("{form: table, send: settlement, database_env: ADAPTER_DB, table: 'a; drop table b'}", "MAP-160"),
    ("{form: hl7v2, send: settlement, host: h, port: '70000'}", "MAP-160"),
    ("{form: hl7v2, send: settlement, host: h, port: '1', encoding: big5}", "MAP-160"),
    ("{form: hl7v2, send: settlement, host: h, port: '1', version: '3'}", "MAP-160"),
    ("{form: hl7v2, send: settlement, host: h, port: '1', receiver: 'A|B'}", "MAP-160"),
    ("{form: hl7v2, send: settlement, host: h, port: '1', certificate: c.pem}", "MAP-160"),
    ("{form: hl7v2, send: settlement, host: h, port: '1', events: {gossip: 'BAR^P06'}}", "MAP-160"),
    ("{form: hl7v2, send: settlement, host: h, port: '1', events: {settlement: 'BAR P06'}}", "MAP-160"),
]

#: What only the loader can tell: the schema lets it pass.
LOADER_ONLY = ("MAP-161", "ftp://", "'https://'", ":99999", "u:p@his", "'601'", "'70000'", "certificate")


def read(folder: Path, way_back: str, head: str = HEAD) -> WayBack | None:
    (folder / "sources").mkdir(exist_ok=True)
    (folder / "sources" / "here.yaml").write_text(f"{head}way_back: {way_back}\n", "utf-8")
    return load_way_back(folder, "here")


@pytest.mark.parametrize("text", GOOD, ids=range(len(GOOD)))
def test_each_form_is_read(tmp_path: Path, text: str) -> None:
    way = read(tmp_path, text)
    assert way is not None
    assert (way.form, way.send, way.endpoint) == (GOOD[text], {NoticeKind.SETTLEMENT}, "his:here")
    assert (way.facility, way.zone.key, way.estimate_at_admission) == ("H1", "Asia/Shanghai", False)
    assert SCHEMA.is_valid(yaml.load(text, yaml.BaseLoader))


@pytest.mark.parametrize(("text", "code"), WRONG, ids=range(len(WRONG)))
def test_a_mistake_is_refused_with_its_line(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(MappingRefused) as caught:
        read(tmp_path, text)
    (issue,) = caught.value.issues
    assert (issue.code, issue.pointer) == (code, "sources/here.yaml:6")
    assert "hunter2" not in str(issue) and "u:p" not in str(issue)
    if code != "MAP-161" and not any(part in text for part in LOADER_ONLY):
        assert not SCHEMA.is_valid(yaml.load(text, yaml.BaseLoader)), "an editor marks it too"


def test_several_kinds_and_the_estimate_at_admission(tmp_path: Path) -> None:
    way = read(tmp_path, "{form: folder, folder: x, send: [issues, reversal], estimate: at-admission}")
    assert way is not None
    assert way.send == {NoticeKind.ISSUES, NoticeKind.REVERSAL}
    assert way.estimate_at_admission


def test_a_source_without_it_has_no_way_back() -> None:
    assert load_way_back(MAPPINGS, "qingshi_county") is None


def test_no_shipped_source_names_an_address() -> None:
    assert [p.name for p in (MAPPINGS / "sources").glob("*.yaml") if load_way_back(MAPPINGS, p.stem)] == []


def test_a_source_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MappingRefused) as caught:
        load_way_back(tmp_path, "nobody")
    assert [issue.code for issue in caught.value.issues] == ["MAP-112"]


def test_the_mapping_refuses_a_wrong_way_back_too(tmp_path: Path) -> None:
    for name in ("his", "sources"):
        (tmp_path / name).symlink_to(MAPPINGS / name) if name == "his" else (tmp_path / name).mkdir()
    text = (MAPPINGS / "sources" / "qingshi_county.yaml").read_text("utf-8")
    file = tmp_path / "sources" / "qingshi_county.yaml"
    (tmp_path / "sources" / "qingshi_county").symlink_to(MAPPINGS / "sources" / "qingshi_county")
    file.write_text(f"{text}\nway_back: {WEBHOOK}\n", "utf-8")
    assert load_mapping(tmp_path, "qingshi_county").source == "qingshi_county"
    file.write_text(f"{text}\nway_back: {{form: folder}}\n", "utf-8")
    with pytest.raises(MappingRefused) as caught:
        load_mapping(tmp_path, "qingshi_county")
    assert [issue.code for issue in caught.value.issues] == ["MAP-160"]


@pytest.mark.parametrize("form", FORM_KEYS)
def test_the_schema_knows_every_key_of_a_form(form: str) -> None:
    (found,) = [each for each in way_back_schema()["oneOf"] if each["properties"]["form"]["const"] == form]
    assert set(found["properties"]) == {*COMMON_KEYS, *FORM_KEYS[form]}
