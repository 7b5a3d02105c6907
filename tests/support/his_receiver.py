"""A HIS's webhook receiver as a process: stores what comes (one JSON line each, synced), then answers.

python his_receiver.py STORE PORT        # prints the port; 0 chooses a free one
"""

from __future__ import annotations

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SCRIPT: list[Any] = []


class Handler(BaseHTTPRequestHandler):
    """POST /notices stores and answers; POST /script says what to do with the next ones."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/script":
            SCRIPT[:] = json.loads(body)
            self.answer(204, b"")
            return
        what = SCRIPT.pop(0) if SCRIPT else 200
        if what in ("drop-before", "hang"):
            time.sleep(30 if what == "hang" else 0)
            self.close_connection = True
            return
        if what in (200, "drop-after"):
            self.store(body)
        if what == "drop-after":
            self.close_connection = True
            return
        self.answer(what, json.dumps({"code": "E12", "message": f"answer {what} for 202100011"}).encode())

    def store(self, body: bytes) -> None:
        line = json.dumps({"headers": dict(self.headers), "raw": body.decode(), "body": json.loads(body)})
        with Path(sys.argv[1]).open("a", encoding="utf-8") as stream:
            stream.write(f"{line}\n")
            stream.flush()
            os.fsync(stream.fileno())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        if status in (429, 503):
            self.send_header("Retry-After", "7")
        if 300 <= status < 400:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is printed: the first line of stdout is the port."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler)
    server.daemon_threads = True
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()
