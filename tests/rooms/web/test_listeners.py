"""Listeners beside the service: started and stopped with it, seen in its figures and its readiness."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapter.cases.tools import Tools
from adapter.doors.cli.listen import listening_beside
from adapter.model.listening import Standing
from tests.rooms.cases.test_frames import frames_of
from tests.support.messages import WINNING
from tests.support.office import SOURCE
from tests.support.service import serving, settings_for


class Some:
    """Listeners that a test makes up."""

    def __init__(self, *standing: Standing) -> None:
        self.now = list(standing)
        self.ended = False

    def standing(self) -> list[Standing]:
        return self.now

    @contextmanager
    def beside(self, _: Tools) -> Iterator[Some]:
        yield self
        self.ended = True


def test_a_listener_that_is_down_shows(tmp_path: Path) -> None:
    some = Some(Standing("mllp", WINNING, True, "", 7), Standing("folder", SOURCE, True, "FileNotFoundError", 0))
    with serving(settings_for(tmp_path), some.beside) as service:
        assert service.http.get("/ready").status_code == 200, "a share that is away keeps nobody from using the service"
        text = service.http.get("/metrics").text
        assert f'adapter_listener_up{{kind="mllp",source="{WINNING}"}} 1.0' in text
        assert f'adapter_listener_up{{kind="folder",source="{SOURCE}"}} 0.0' in text
        assert f'adapter_listener_arrived_total{{kind="mllp",source="{WINNING}"}} 7.0' in text
        some.now = [Standing("mllp", WINNING, False, "", 7)]
        down = service.http.get("/ready")
        assert (down.status_code, [issue["pointer"] for issue in down.json()["issues"]]) == (
            503,
            [f"listen.mllp.{WINNING}"],
        )
    assert some.ended


def test_the_service_listens_to_what_the_settings_name(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    now = settings_for(tmp_path, listen={"mllp": {WINNING: {"port": port, "answer_seconds": 20}}})
    with serving(now, lambda opened: listening_beside(now, opened)) as service:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(b"\x0b" + frames_of("adt.hl7")[0] + b"\x1c\r")
            assert b"MSA|AA" in connection.recv(4096)
        assert [case["source"] for case in service.http.get("/cases").json()["cases"]] == [WINNING]
    with socket.socket() as again:
        assert again.connect_ex(("127.0.0.1", port)) != 0, "it is stopped with the service"


def test_a_service_without_listeners(tmp_path: Path) -> None:
    now = settings_for(tmp_path)
    with serving(now, lambda opened: listening_beside(now, opened)) as service:
        assert service.http.get("/ready").status_code == 200
        assert "adapter_listener_up{" not in service.http.get("/metrics").text
