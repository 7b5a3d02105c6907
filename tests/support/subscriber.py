"""A subscriber's receiver in this process: keeps what comes and answers as it is told.

with receiving() as receiver:
    receiver.answers = [500, HANGS]   # then 200 for ever
    …
    receiver.came                     # [Came("PUT", "/hook/Patient/1", {…}, b"…")]
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

#: Instead of a status: no answer, until whoever asked is gone or the receiver ends.
HANGS = 0


@dataclass(frozen=True)
class Came:
    """One request; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What came so far, and what is answered next; 200 when nothing is said. ``hanging``: somebody waits for HANGS."""

    base: str
    came: list[Came] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    always: int = 200
    hanging: Event = field(default_factory=Event)
    ended: Event = field(default_factory=Event)

    def told(self, method: str = "PUT") -> list[Came]:
        """What came by this method."""
        return [each for each in self.came if each.method == method]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listen on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.came.append(Came(self.command, self.path, headers, body))
            status = receiver.answers.pop(0) if receiver.answers else receiver.always
            if status == HANGS:
                receiver.hanging.set()
                receiver.ended.wait(60)
                self.close_connection = True
                return
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{receiver.base}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_PUT = do_GET = answer

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver = Receiver(f"http://127.0.0.1:{server.server_address[1]}")
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.ended.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
