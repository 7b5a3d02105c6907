"""``adapter listen``: what options and settings come to, and limits as settings."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from adapter.cases.intake import ingest
from adapter.cases.tools import Tools
from adapter.doors.cli.app import app
from adapter.doors.cli.listen import plan_of
from adapter.doors.listeners.listen import Folder
from adapter.model.case import Actor
from adapter.model.issues import AdapterError
from adapter.settings import Settings, load_settings
from adapter.wiring import open_tools
from tests.support.messages import WINNING, home
from tests.support.office import SOURCE
from tests.support.service import EXPORT

SET = {
    "listen": {
        "mllp": {
            WINNING: {"host": "0.0.0.0", "port": 2575, "cert": "c.pem", "key": "k.pem", "client_ca": "ca.pem"},
            "chiling_county": {"port": 2576, "answer_seconds": 0},
        },
        "folder": {SOURCE: {"path": "in", "group": "folder", "wait_for": "marker"}},
        "poll": ["baihe_county"],
    },
    "limits": {"message_bytes": 1000},
}


def settings(**more: object) -> Settings:
    return load_settings(**{**SET, **more})


def names(only: list[str] | None, **options: list[str]) -> tuple[list[str], list[str], list[str]]:
    plan = plan_of(settings(), only=only, **options)  # type: ignore[arg-type]
    return [each.source for each in plan.mllp], [each.source for each in plan.folders], list(plan.poll)


def test_everything_that_the_settings_name() -> None:
    assert names(None) == ([WINNING, "chiling_county"], [SOURCE], ["baihe_county"])
    first, second = plan_of(settings()).mllp
    assert (first.host, first.port, first.certificate, first.senders) == (
        "0.0.0.0",
        2575,
        Path("c.pem"),
        Path("ca.pem"),
    )
    assert (second.host, second.certificate, second.answer_seconds) == ("127.0.0.1", None, 0)
    assert first.limits.message_bytes == second.limits.message_bytes == 1000


def test_only_what_was_asked_for() -> None:
    assert names([WINNING]) == ([WINNING], [], [])
    assert names(None, mllp=["x=127.0.0.1:1"]) == (["x"], [], [])
    assert names([SOURCE], poll=["y"]) == ([], [SOURCE], ["y"])


def test_an_option_keeps_what_the_settings_say_of_its_source() -> None:
    (mllp,) = plan_of(settings(), mllp=[f"{WINNING}=127.0.0.1:7"]).mllp
    assert (mllp.host, mllp.port, mllp.certificate) == ("127.0.0.1", 7, Path("c.pem"))
    (folder,) = plan_of(settings(), folders=[f"{SOURCE}=/else"]).folders
    assert (folder.path, folder.group, folder.wait_for) == (Path("/else"), "folder", "marker")
    assert plan_of(Settings(), folders=["a=b"]).folders == (Folder("a", Path("b")),)
    (six,) = plan_of(Settings(), mllp=["a=[::1]:2575"]).mllp
    assert (six.host, six.port) == ("::1", 2575)


@pytest.mark.parametrize("text", ["a", "a=", "=b:1", "a=host", "a=host:x", "a=host:70000"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        plan_of(Settings(), mllp=[text])


def test_nothing_to_listen_to(tmp_path: Path) -> None:
    database = {"ADAPTER_DATABASE_URL": f"sqlite:///{tmp_path / 'adapter.db'}"}
    for words in ([], ["--source", "nowhere"]):
        done = CliRunner().invoke(app, ["listen", *words], env=database)
        assert isinstance(done.exception, AdapterError)
        assert [issue.code for issue in done.exception.issues] == ["CFG-724"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"listen": {"mllp": {"x": {"port": 70000}}}},
        {"listen": {"mllp": {"x": {"port": 1, "certificate": "c"}}}},
        {"listen": {"folder": {"x": {"path": "p", "group": "some"}}}},
        {"listen": {"ftp": {}}},
        {"limits": {"rows": 0}},
        {"limits": {"lines": 1}},
    ],
)
def test_settings_that_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(AdapterError) as error:
        load_settings(**wrong)
    assert {issue.code for issue in error.value.issues} == {"CFG-702"}


# -- limits ------------------------------------------------------------------------------------------------------------


def found(tmp_path: Path, source: str, export: Path, **limits: object) -> set[str]:
    def codes(tools: Tools) -> set[str]:
        taken = ingest(source, [export], tools, tools.act(Actor("test", "operator"), "test"), dry_run=True)
        return {issue.code for issue in (*taken.issues, *(issue for stay in taken.stays for issue in stay.issues))}

    now = load_settings(database_url=f"sqlite:///{tmp_path / 'adapter.db'}", limits=limits)
    with open_tools(now) as tools:
        return codes(tools)


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"file_bytes": 1000}, "SRC-114"),
        ({"rows": 5}, "SRC-160"),
        ({"row_bytes": 100}, "SRC-107"),
        ({"columns": 3}, "SRC-107"),
        ({"seconds": 1e-9}, "SRC-161"),
    ],
    ids=str,
)
def test_limits_of_files_are_settings(tmp_path: Path, limits: dict[str, object], code: str) -> None:
    assert code not in found(tmp_path, SOURCE, EXPORT)
    assert code in found(tmp_path, SOURCE, EXPORT, **limits)


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"file_bytes": 1000}, "SRC-114"),
        ({"rows": 5}, "SRC-160"),
        ({"message_bytes": 300}, "SRC-120"),
        ({"segments": 3}, "SRC-120"),
        ({"fields": 5}, "SRC-120"),
        ({"seconds": 1e-9}, "SRC-161"),
    ],
    ids=str,
)
def test_limits_of_messages_are_settings(tmp_path: Path, limits: dict[str, object], code: str) -> None:
    export = home(WINNING) / "export"
    assert code not in found(tmp_path, WINNING, export)
    assert code in found(tmp_path, WINNING, export, **limits)
