"""All listeners of one process, as one value: started together, stopped together (接收入口)."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address
from pathlib import Path

import structlog

from adapter.cases.arrivals import suffixes_of
from adapter.cases.intake import ingest
from adapter.cases.poll import poll
from adapter.cases.tools import Tools
from adapter.doors.listeners import issues
from adapter.doors.listeners.database import DatabasePoller
from adapter.doors.listeners.folder import WatchedFolder
from adapter.doors.listeners.groups import Rules
from adapter.doors.listeners.mllp import MllpLimits, MllpListener, server_context
from adapter.doors.listeners.receiver import Receiver
from adapter.doors.listeners.taker import Taker
from adapter.model.case import Actor
from adapter.model.issues import AdapterError
from adapter.model.listening import Standing

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Mllp:
    """One address for the messages of one source.

    Attributes:
        certificate, key: ours; None for plain connections.
        senders: certificates of those who may connect; None: whoever can.
        plain: plain connections are meant, although others than this machine can reach the address.
        answer_seconds: how long an answer waits for the stay to be taken.
    """

    source: str
    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None
    senders: Path | None = None
    plain: bool = False
    answer_seconds: float = 1.0
    limits: MllpLimits = field(default_factory=MllpLimits)


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder for the files of one source; see ``groups.Rules``."""

    source: str
    path: Path
    group: str = "all"
    wait_for: str = "quiet"
    manifest: str = "*.manifest"
    quiet_seconds: float = 10.0
    every_seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What one process listens to; ``poll`` names sources that have a database."""

    mllp: Sequence[Mllp] = ()
    folders: Sequence[Folder] = ()
    poll: Sequence[str] = ()


class Listeners:
    """Listeners that run. Made by ``listening``."""

    def __init__(self) -> None:
        self.mllp: list[tuple[Receiver, MllpListener, str]] = []
        self.folders: list[tuple[str, WatchedFolder]] = []
        self.pollers: list[tuple[str, DatabasePoller]] = []
        self.polls: dict[str, int] = {}

    def addresses(self) -> dict[str, tuple[str, int]]:
        """Where messages of each source are awaited."""
        return {source: listener.address for _, listener, source in self.mllp}

    def standing(self) -> list[Standing]:
        """How each of them is."""
        return [
            *(Standing("mllp", source, each.alive, "", got.arrived) for got, each, source in self.mllp),
            *(Standing("folder", source, each.alive, each.trouble, each.arrived) for source, each in self.folders),
            *(
                Standing("database", source, each.alive, " ".join(each.failing), self.polls.get(source, 0))
                for source, each in self.pollers
            ),
        ]


@contextmanager
def listening(plan: Plan, tools: Tools, actor: Actor) -> Iterator[Listeners]:
    """Start everything that the plan names; at the end take no more, finish what is at hand, and stop.

    Raises:
        AdapterError: CFG-720 … CFG-724, SRC-165, or the mapping of a source is wrong; then nothing runs.
    """
    listeners = Listeners()
    with ExitStack() as stack:
        taker = Taker(tools, actor)
        stack.callback(taker.stop)
        for wanted in plan.mllp:
            receiver = Receiver(wanted.source, tools, taker, actor, wanted.answer_seconds)
            listener = _mllp(wanted, receiver, tools)
            stack.callback(listener.stop)
            listeners.mllp.append((receiver, listener, wanted.source))
        for folder in plan.folders:
            watched = _folder(folder, tools, actor)
            stack.callback(watched.stop)
            listeners.folders.append((folder.source, watched))
        for source in plan.poll:
            poller = _poller(source, tools, actor, listeners)
            stack.callback(poller.stop)
            listeners.pollers.append((source, poller))
        taker.start()
        for _, listener, source in listeners.mllp:
            listener.start()
            host, port = listener.address
            log.info("listening", kind="mllp", source=source, host=host, port=port)
        for source, watched in listeners.folders:
            watched.start()
            log.info("listening", kind="folder", source=source)
        for source, poller in listeners.pollers:
            poller.start()
            log.info("listening", kind="database", source=source)
        yield listeners


def _mllp(wanted: Mllp, receiver: Receiver, tools: Tools) -> MllpListener:
    receiver.check()
    tls = _tls(wanted)
    if tls is None and not wanted.plain and not _loopback(wanted.host):
        raise AdapterError(issues.plain_beyond_this_machine(wanted.source, wanted.host))
    try:
        return MllpListener(wanted.host, wanted.port, receiver.accept, tls=tls, limits=wanted.limits, clock=tools.clock)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise AdapterError(issues.cannot_listen(wanted.source, wanted.host, wanted.port, reason)) from error


def _tls(wanted: Mllp) -> ssl.SSLContext | None:
    if wanted.certificate is None and wanted.key is None and wanted.senders is None:
        return None
    if wanted.certificate is None or wanted.key is None:
        raise AdapterError(issues.certificate_not_usable(wanted.source, "cert, key"))
    try:
        return server_context(wanted.certificate, wanted.key, senders=wanted.senders)
    except OSError as error:  # ssl.SSLError is one
        raise AdapterError(issues.certificate_not_usable(wanted.source, type(error).__name__)) from error


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _folder(wanted: Folder, tools: Tools, actor: Actor) -> WatchedFolder:
    suffixes = suffixes_of(tools.feed(wanted.source))
    if not wanted.path.is_dir():
        raise AdapterError(issues.folder_not_usable(wanted.source, "no such folder"))
    if not os.access(wanted.path, os.R_OK | os.W_OK | os.X_OK):
        raise AdapterError(issues.folder_not_usable(wanted.source, "no right to read and write"))
    rules = Rules(wanted.group, wanted.wait_for, wanted.manifest, wanted.quiet_seconds, suffixes)
    return WatchedFolder(
        wanted.source,
        wanted.path,
        rules,
        lambda paths: ingest(wanted.source, paths, tools, tools.act(actor, "watched folder")),
        every_seconds=wanted.every_seconds,
        clock=tools.clock,
    )


def _poller(source: str, tools: Tools, actor: Actor, listeners: Listeners) -> DatabasePoller:
    database = tools.feed(source).mapper.mapping.database
    if database is None:
        raise AdapterError(issues.nothing_to_listen_to(f"listen.poll.{source}"))
    return DatabasePoller(source, partial(_poll, source, tools, actor, listeners), database.every)


def _poll(source: str, tools: Tools, actor: Actor, listeners: Listeners) -> None:
    taken = poll(source, tools, tools.act(actor, "database poll"))
    listeners.polls[source] = listeners.polls.get(source, 0) + 1
    log.info("poll", source=source, rows=sum(taken.rows.values()), stays=len(taken.stays), parked=taken.parked)
