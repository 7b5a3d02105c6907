"""One hospital with everything that can be killed, and started again: two workers, a service, its counterparts."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from adapter.cases.tools import Tools
from adapter.settings import load_settings
from adapter.wiring import open_tools
from bench.chaos.dialects import TIMEOUT, Dialect, Payer, write_settings
from bench.chaos.nursery import Nursery
from bench.chaos.steps import ARM, NOTES

#: Twice as long as answers are awaited, as the product's settings have it.
LEASE_SECONDS = 2 * TIMEOUT
WORKERS = ("worker-a", "worker-b")
SERVICE = "service"


@dataclass
class Hospital:
    """A running hospital; ``alive`` is who runs under which process number."""

    dialect: Dialect
    folder: Path
    url: str
    mappings: Path
    nursery: Nursery
    aid_seed: Path
    ports: dict[str, int] = field(default_factory=dict)
    alive: dict[str, int] = field(default_factory=dict)

    @property
    def settings(self) -> Path:
        return self.folder / "settings.toml"

    @property
    def names(self) -> tuple[str, ...]:
        return (*WORKERS, SERVICE, *(payer.name for payer in self.dialect.payers))

    @property
    def payers(self) -> Mapping[str, Payer]:
        return {payer.name: payer for payer in self.dialect.payers}

    def store(self, payer: str) -> Path:
        return self.folder / f"{payer}.sqlite"

    def base(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def open(self) -> None:
        """Start everybody; each step that somebody comes to is noted."""
        self.folder.mkdir(parents=True)
        (self.folder / NOTES).touch()
        wanted = [SERVICE, *(payer.name for payer in self.dialect.payers if payer.kind != "folder")]
        self.ports = dict(zip(wanted, _free_ports(len(wanted)), strict=True))
        addresses = {
            payer.name: str(self.folder / "exchange" / payer.name)
            if payer.kind == "folder"
            else self.base(payer.name) + payer.base
            for payer in self.dialect.payers
        }
        write_settings(
            self.dialect,
            self.settings,
            url=self.url,
            mappings=self.mappings,
            lease_seconds=LEASE_SECONDS,
            addresses=addresses,
        )
        for name in (*(payer.name for payer in self.dialect.payers), *WORKERS, SERVICE):
            self.start(name)
        self._wait_for_all()

    def start(self, name: str) -> None:
        """Start one of them, again on its old store and port."""
        payer = self.payers.get(name)
        if payer is None:
            words = ["serve", "--port", str(self.ports[SERVICE])] if name == SERVICE else ["deliver", "--watch"]
            env = {"ADAPTER_SETTINGS": str(self.settings)}
            self.alive[name] = self.nursery.start("adapter", words, name=name, folder=self.folder, env=env)
            return
        words = [*payer.words, "--store", str(self.store(name))]
        words += ["--root", str(self.folder / "exchange" / name)] if payer.kind == "folder" else []
        words += ["--port", str(self.ports[name])] if payer.kind != "folder" else []
        words += ["--seed", str(self.aid_seed)] if payer.kind == "aid-xml" else []
        self.alive[name] = self.nursery.start("counterparts", words, name=name, folder=self.folder)

    def dead(self) -> list[str]:
        """Who is not alive."""
        return [name for name, pid in self.alive.items() if not _is_alive(pid)]

    def at_work(self) -> int:
        """How many workers, the service's among them, have come as far as looking for something to send."""
        return sum(self._is_at_work(name) for name in (*WORKERS, SERVICE))

    def kill(self, name: str) -> None:
        """``kill -9``, and wait until it is gone."""
        with suppress(ProcessLookupError):
            os.kill(self.alive[name], signal.SIGKILL)
        until = time.monotonic() + 10
        while _is_alive(self.alive[name]) and time.monotonic() < until:
            time.sleep(0.002)

    def close(self) -> None:
        for name in self.alive:
            self.kill(name)

    # -- asking for a death ------------------------------------------------------------------------------------

    def arm(self, number: int, steps: Sequence[str], victim: str) -> None:
        """Whoever bears the victim's name and comes to one of the steps first dies there."""
        beside = self.folder / f"{ARM}.part"
        beside.write_text(json.dumps({"number": number, "steps": list(steps), "victim": victim}), "utf-8")
        beside.replace(self.folder / ARM)

    def disarm(self) -> bool:
        """Call it off; False when somebody has taken it already."""
        try:
            (self.folder / ARM).unlink()
        except FileNotFoundError:
            return False
        return True

    def fired(self, number: int) -> Mapping[str, Any] | None:
        """Who died at the step that was armed under a number, for which message, and when."""
        file = self.folder / f"fired-{number}.json"
        return dict(json.loads(file.read_text("utf-8"))) if file.exists() else None

    def died_at_step(self, pid: int) -> bool:
        """Whether a process died at a step that was armed, however late that was noticed."""
        told = (json.loads(file.read_text("utf-8")) for file in self.folder.glob("fired-*.json"))
        return any(int(each["pid"]) == pid for each in told)

    def script(self, payer: str, *faults: Mapping[str, Any]) -> bool:
        """Script a counterpart's faults; False when it cannot be reached."""
        with suppress(httpx.HTTPError):
            return httpx.post(f"{self.base(payer)}/control/faults", json=list(faults), timeout=5).is_success
        return False

    def met(self, payer: str) -> Sequence[Mapping[str, str]]:
        """The requests that scripted faults have met."""
        with suppress(httpx.HTTPError):
            told = httpx.get(f"{self.base(payer)}/control/state", timeout=5)
            return list(told.json()["faults"]["fired"]) if told.is_success else []
        return []

    @contextmanager
    def office(self) -> Iterator[Tools]:
        """Tools of a clerk of this hospital; nothing is delivered with them."""
        settings = load_settings(**_toml(self.settings))
        with open_tools(settings, worker="clerk") as tools:
            yield tools

    def _is_at_work(self, name: str) -> bool:
        file = self.folder / f"{name}.ready"
        return file.exists() and file.read_text("utf-8") == str(self.alive[name]) and _is_alive(self.alive[name])

    def _wait_for_all(self, seconds: float = 180) -> None:
        until = time.monotonic() + seconds
        for port in self.ports.values():
            while not _answers(port):
                if time.monotonic() > until or self.dead():
                    raise RuntimeError(f"{self.dialect.name}: did not start: {self.dead()}; see {self.folder}")
                time.sleep(0.02)


def _toml(file: Path) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(file.read_text("utf-8"))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


_ports = count(20_000 + os.getpid() % 4_000)


def _free_ports(number: int) -> list[int]:
    """Ports that nobody has, below those that the system gives to callers: they are free again after each death."""
    found: list[int] = []
    while len(found) < number:
        port = next(_ports)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
    return found
