"""A line to a server that cannot be told to behave badly: it loses what a test asks it to lose.

with Line("http://127.0.0.1:8080") as line:
    line.next_post("drop-after")
    endpoint_to("fhir aid", f"{line.base}/fhir").deliver(message)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType

import httpx

#: What is not handed on: headers of one connection.
_OF_THE_CONNECTION = frozenset({"host", "connection", "content-length", "transfer-encoding", "content-encoding"})


class Line:
    """What comes in at ``base`` goes on to ``target``; the next POSTs as they were scripted.

    ``drop-before``: it never arrives; ``drop-after``: it arrives and the answer is lost; ``twice``: it arrives twice
    and the second answer is handed back; ``refused``: HTTP 503, and it never arrives.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        self._acts: dict[str, list[Callable[[], object]]] = {"arrived": [], "answered": []}
        self._faults: deque[str] = deque()
        self._client = httpx.Client(base_url=target, timeout=60)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def next_post(self, *faults: str) -> None:
        """What befalls the next POSTs, one each."""
        self._faults.extend(faults)

    def on(self, moment: str, act: Callable[[], object]) -> None:
        """Do this whenever a POST has ``arrived`` here and not been handed on, or when its answer is here."""
        self._acts[moment].append(act)

    def __enter__(self) -> Line:
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._client.close()

    def pass_on(self, method: str, path: str, headers: dict[str, str], body: bytes) -> httpx.Response | None:
        """The answer to one request; None: none is handed back."""
        posted = method == "POST"
        fault = self._faults.popleft() if posted and self._faults else ""
        self._act("arrived", posted)
        if fault == "drop-before":
            return None
        if fault == "refused":
            return httpx.Response(503)
        for _ in range(2 if fault == "twice" else 1):
            answer = self._client.request(method, path, headers=headers, content=body)
        self._act("answered", posted)
        return None if fault == "drop-after" else answer

    def _act(self, moment: str, posted: bool) -> None:
        for act in self._acts[moment] if posted else ():
            act()

    def _handler(line) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._pass_on()

            def do_POST(self) -> None:
                self._pass_on()

            def _pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                said = {name: value for name, value in self.headers.items() if name.lower() not in _OF_THE_CONNECTION}
                answer = line.pass_on(self.command, self.path, said, body)
                self.close_connection = True
                if answer is None:
                    return
                self.send_response(answer.status_code)
                for name, value in answer.headers.items():
                    if name not in _OF_THE_CONNECTION:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.content)))
                self.send_header("Connection", "close")  # unsaid, the next request could go out on it
                with suppress(OSError):  # who asked may be gone
                    self.end_headers()
                    self.wfile.write(answer.content)

            def log_message(self, format: str, *args: object) -> None:
                """A test that fails tells enough."""

        return Handler
