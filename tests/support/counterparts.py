"""Start and stop a simulated counterpart as a process of its own, for any test.

with counterpart("bureau", store=tmp_path / "bureau.sqlite") as bureau:
    httpx.post(f"{bureau.fhir}/Claim/$submit", content=..., headers=...)
    bureau.script({"match": {"path": "Claim/$submit", "stage": "settle"}, "do": "drop-after"})
    assert bureau.state()["settled"] == 1
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext
from typing import Any

import httpx

from tests.support.terminal import PAYER, Process, start_talking

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Counterpart:
    """A running counterpart; ``base`` is where it listens, ``fhir`` the FHIR base that endpoints are pointed at.

    ``command``: the words that start one of ours, or, where it is ``foreign``, a whole command line.
    """

    role: str
    command: Sequence[str]
    base: str = ""
    tls: SSLContext | None = field(default=None, repr=False)
    foreign: bool = False
    process: Process | subprocess.Popen[str] | None = field(default=None, repr=False)

    @property
    def fhir(self) -> str:
        return f"{self.base}/fhir"

    @property
    def port(self) -> int:
        return int(self.base.rpartition(":")[2])

    def start(self, port: int = 0) -> Counterpart:
        """Start the process and wait for its ``ready`` line."""
        words = (*self.command, "--port", str(port))
        self.process = (
            subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, encoding="utf-8")
            if self.foreign
            else start_talking(*words, program=PAYER)
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line.startswith("ready "):
            self.process.wait(10)
            raise AssertionError(f"counterpart {self.role} did not start: {line!r}, exit {self.process.returncode}")
        self.base = line.split()[1]
        return self

    def stop(self) -> int:
        """Ask it to stop (SIGTERM) and give its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        return self._reap()

    def kill(self) -> None:
        """``kill -9``: what it had committed stays in its store."""
        assert self.process is not None
        self.process.kill()
        self._reap()

    def restart(self) -> Counterpart:
        """Start again on the same store and the same port."""
        return self.start(self.port)

    def script(self, *faults: dict[str, Any]) -> None:
        """Replace the scripted faults."""
        self._control("POST", "faults", json=list(faults))

    def state(self) -> dict[str, Any]:
        """Counts, duplicates, year-to-date amounts: ``GET /control/state``."""
        return dict(self._control("GET", "state").json())

    def reset(self) -> None:
        """Empty the store and forget the faults."""
        self._control("POST", "reset")

    def forget_tokens(self) -> None:
        """Take back every token that was given."""
        self._control("POST", "forget-tokens")

    def _control(self, method: str, what: str, **more: Any) -> httpx.Response:
        trust = self.tls if self.tls is not None else True
        return httpx.request(method, f"{self.base}/control/{what}", verify=trust, **more).raise_for_status()

    def _reap(self) -> int:
        assert self.process is not None
        code = self.process.wait(15)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


@contextmanager
def counterpart(
    role: str,
    *,
    store: Path,
    seed: Path | None = None,
    mappings: Path | None = None,
    ignore_keys: bool = False,
    clock: str = "claim",
    scheme: Sequence[str] = (),
    more: Sequence[str] = (),
    tls: SSLContext | None = None,
) -> Iterator[Counterpart]:
    """A counterpart for the length of a ``with`` block; ``role`` is ``bureau`` or ``aid``.

    ``more``: further options; ``tls``: how a test speaks to one that listens with TLS.
    """
    command = [role, "--store", str(store), "--clock", clock]
    command += ["--seed", str(seed or ROOT / "fixtures" / "endpoints" / f"{role}.yaml")]
    command += ["--mappings", str(mappings or ROOT / "mappings")]
    command += ["--ignore-keys"] if ignore_keys else []
    command += ["--scheme", *scheme] if scheme else []
    running = Counterpart(role, [*command, *more], tls=tls).start()
    try:
        yield running
    finally:
        running.stop()
