"""A counterpart as a process: listens on loopback, says ``ready``, stops cleanly on SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
import ssl
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

#: Open connections by the caller's address, so that a fault can hang up on one.
_OPEN: dict[tuple[str, int], asyncio.Transport] = {}


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files: what the counterpart shows, and who alone may call (None: anybody)."""

    cert: Path
    key: Path
    client_ca: Path | None = None


def add_tls(parser: argparse.ArgumentParser) -> None:
    """The options of ``tls_of``."""
    parser.add_argument("--cert", type=Path, help="PEM: listen with TLS and show this")
    parser.add_argument("--key", type=Path, help="PEM: its key")
    parser.add_argument("--client-ca", type=Path, help="PEM: let in only who shows a certificate of these")


def tls_of(given: argparse.Namespace) -> Tls | None:
    """What the options say; None listens in the clear. Raises OSError when they do not go together."""
    if given.cert is None and given.key is None and given.client_ca is None:
        return None
    if given.cert is None or given.key is None:
        raise OSError("--cert and --key go together, --client-ca with both")
    return Tls(given.cert, given.key, given.client_ca)


class _Connection(H11Protocol):
    """Uvicorn's HTTP/1.1 connection, which also notes where it can be hung up."""

    _caller: tuple[str, int]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._caller = transport.get_extra_info("peername")[:2]
        _OPEN[self._caller] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        _OPEN.pop(self._caller, None)
        super().connection_lost(exc)


def hang_up(scope: Scope) -> None:
    """Close the connection of a request without another byte."""
    transport = _OPEN.get(tuple(scope["client"]))
    if transport is not None:
        transport.close()


class _Server(uvicorn.Server):
    """Says where it listens once it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port = (sockets or [])[0].getsockname()[:2]
        sys.stdout.write(f"ready {'https' if self.config.is_ssl else 'http'}://{host}:{port}\n")
        sys.stdout.flush()


def serve(app: ASGIApp, *, host: str, port: int, tls: Tls | None = None) -> None:
    """Listen until SIGTERM or SIGINT; port 0 chooses a free one. Raises OSError."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    config = uvicorn.Config(
        app,
        http=_Connection,
        loop="asyncio",
        lifespan="off",
        access_log=False,
        log_level="error",
        timeout_graceful_shutdown=1,
        ssl_certfile=tls.cert if tls else None,
        ssl_keyfile=tls.key if tls else None,
        ssl_ca_certs=str(tls.client_ca) if tls and tls.client_ca else None,
        ssl_cert_reqs=ssl.CERT_REQUIRED if tls and tls.client_ca else ssl.CERT_NONE,
    )
    server = _Server(config)

    def stop(number: int, frame: Any) -> None:
        """Before the server listens; and uvicorn raises the signal again after its clean stop, which is then enough."""
        server.should_exit = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        server.run(sockets=[listening])
    finally:
        listening.close()
