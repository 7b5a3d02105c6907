"""A counterpart as a process: listens on loopback, says ``ready``, stops cleanly on SIGTERM."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

#: Open connections by the caller's address, so that a fault can hang up on one.
_OPEN: dict[tuple[str, int], asyncio.Transport] = {}


class _Connection(H11Protocol):
    """Uvicorn's HTTP/1.1 connection, which also notes where it can be hung up."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        _OPEN[transport.get_extra_info("peername")[:2]] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        _OPEN.pop(self.transport.get_extra_info("peername")[:2], None)
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
        sys.stdout.write(f"ready http://{host}:{port}\n")
        sys.stdout.flush()


def serve(app: ASGIApp, *, host: str, port: int) -> None:
    """Listen until SIGTERM or SIGINT; port 0 chooses a free one."""
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
