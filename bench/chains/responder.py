"""A counterpart that does no work: it answers each message with the words that were recorded for it.

``python -m bench.chains.responder BOOK`` prints ``ready <base>`` and answers until it is stopped. BOOK holds answers by
message key. A request is known by its case, which stands in its path or its body, by the call, which is the first part
of the path, and by its method: what is fetched is what became of a message.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CASE = re.compile(rb"(?:%7C)?([\w-]+\.v1)\.")


class _Answering(asyncio.Protocol):
    """One connection, kept open; requests one after the other."""

    def __init__(self, book: Mapping[bytes, bytes]) -> None:
        self._book = book
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._got += data
        end = self._got.find(b"\r\n\r\n")
        while end >= 0:
            length = _LENGTH.search(self._got, 0, end)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._got) < whole:
                return
            self._answer(self._got[:whole])
            self._got = self._got[whole:]
            end = self._got.find(b"\r\n\r\n")

    def _answer(self, request: bytes) -> None:
        method, path, _ = request.split(b" ", 2)
        case = _CASE.search(request)
        key = b"" if case is None else b"%s.%s.settle" % (case[1], path.split(b"/")[1])
        body = self._book.get(key + b".answer" if method == b"GET" else key)
        status = b"404 Not Found" if body is None else b"200 OK"
        head = b"HTTP/1.1 %s\r\ncontent-type: application/fhir+json\r\ncontent-length: %d\r\n\r\n"
        self._transport.write(head % (status, len(body or b"")) + (body or b""))


@contextmanager
def responder(book: Mapping[str, bytes], folder: Path) -> Iterator[str]:
    """A responder as a process of its own; gives the address that it listens on."""
    place = folder / "answers.json"
    place.write_text(json.dumps({key: body.decode() for key, body in book.items()}), encoding="utf-8")
    command = [sys.executable, "-m", "bench.chains.responder", str(place)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ready = process.stdout.readline().split()
        if ready[:1] != ["ready"]:
            raise ValueError("the responder did not start")
        yield ready[1]
    finally:
        process.terminate()
        process.communicate()


async def _serve(book: Mapping[bytes, bytes]) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: _Answering(book), "127.0.0.1", 0)
    print(f"ready http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    told: dict[str, str] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    asyncio.run(_serve({key.encode(): body.encode() for key, body in told.items()}))
