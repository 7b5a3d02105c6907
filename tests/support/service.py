"""The service on a real socket, in this process, for any test.

with serving(settings) as service:
    service.http.get("/health")
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import httpx
import uvicorn
from fastapi import FastAPI

from adapter.doors.web.app import Beside, create_app
from adapter.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
SOURCE = "qingshi_county"
EXPORT = ROOT / "fixtures" / "his" / "bsoft_phis" / SOURCE / "export"
BAD = ROOT / "fixtures" / "his" / "bsoft_phis" / "bad"


@dataclass
class Running:
    """A service that listens; ``http`` speaks to it."""

    app: FastAPI
    base: str
    http: httpx.Client

    def take_in(self, folder: Path, **params: str) -> httpx.Response:
        """Send an export's folder as one ZIP."""
        return self.http.post(f"/his/{SOURCE}", params=params, content=zipped(folder))


def settings_for(folder: Path, **more: Any) -> Settings:
    """Settings of a test alone: its own SQLite store, the fixture hospital's facts, no endpoint."""
    given = {"notices_at": "off", **more}  # a test that wants the morning run says so
    return Settings(database_url=f"sqlite:///{folder / 'adapter.db'}", **given)


@contextmanager
def serving(settings: Settings, beside: Beside | None = None) -> Iterator[Running]:
    """Start the service on a free port of loopback, and stop it again."""
    app = create_app(settings, beside=beside)
    listener = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    thread = Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        with httpx.Client(base_url=base, timeout=90) as http:
            while not server.started:
                assert thread.is_alive(), "the service did not start"
                thread.join(0.01)
            yield Running(app, base, http)
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()
        assert not thread.is_alive(), "the service did not stop"


def zipped(folder: Path, prefix: str = "") -> bytes:
    """A folder's XML files as a ZIP."""
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for path in sorted(folder.glob("*.xml")):
            archive.write(path, f"{prefix}{path.name}")
    return out.getvalue()
