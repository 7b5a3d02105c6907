"""The fixture hospital behind ``adapter serve``: a process of its own, as the clients of others meet it.

Its export came twice, the second time with another hour of discharge for one stay: so there are versions to read.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import httpx

from tests.support.service import EXPORT, SOURCE
from tests.support.terminal import Process, start

TOKEN = "a-token-of-this-test"
#: The hospital that writes FHIR where no other one is named.
WRITES = "tianhu_county"
#: The stay that changes, and how.
CHANGED = "300010001"
_BEFORE, _AFTER = (f"<CYRQ>2020-03-09 {minute}:00</CYRQ>".encode() for minute in ("10:05", "10:35"))
_START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Hospital:
    """A service that listens at ``base``; whoever comes in shows TOKEN."""

    base: str
    log: Path

    @property
    def fhir(self) -> str:
        return f"{self.base}/fhir"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {TOKEN}"}

    def said(self) -> str:
        """The end of the service's log."""
        return self.log.read_text("utf-8", "replace")[-4000:]


@contextmanager
def hospital(folder: Path) -> Iterator[Hospital]:
    """Start it with its store in ``folder``, take the export in, and stop it again."""
    port = _free_port()
    served = Hospital(f"http://127.0.0.1:{port}", folder / "service.log")
    ours = {
        "ADAPTER_DATABASE_URL": f"sqlite:///{folder / 'adapter.db'}",
        "ADAPTER_API_TOKEN": TOKEN,
        "ADAPTER_FHIR_SOURCE": WRITES,
        "ADAPTER_NOTICES_AT": "off",
        "ADAPTER_EXPORTS__FOLDER": str(folder / "exports"),
        "ADAPTER_LOG_LEVEL": "WARNING",
    }
    with served.log.open("wb") as log:
        words = ("serve", "--port", str(port))
        process = start(*words, env=os.environ | ours, out=log.fileno(), err=log.fileno())
        try:
            _wait(served, process)
            for written in (_BEFORE, _AFTER):
                answer = httpx.post(
                    f"{served.base}/his/{SOURCE}", content=_export(written), headers=served.headers, timeout=90
                )
                assert answer.status_code == 200, served.said()
            yield served
        finally:
            process.terminate()
            try:
                process.wait(30)
            except TimeoutError:
                process.kill()
                raise


def _wait(served: Hospital, process: Process) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, f"the service did not start: {served.said()}"
        try:
            if httpx.get(f"{served.base}/ready").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"the service is not ready: {served.said()}")


def _export(discharged: bytes) -> bytes:
    out = BytesIO()
    with ZipFile(out, "w") as archive:
        for path in sorted(EXPORT.glob("*.xml")):
            content = path.read_bytes()
            if path.name == "ZY_BRRY.xml":
                assert content.count(_BEFORE) == 1
                content = content.replace(_BEFORE, discharged)
            archive.writestr(path.name, content)
    return out.getvalue()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
