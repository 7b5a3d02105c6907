"""``adapter listen``: ways in that wait, from the settings and from options; and the same beside ``adapter serve``."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from adapter.cases.tools import Tools
from adapter.doors.cli.context import settings, tools
from adapter.doors.cli.output import err
from adapter.doors.listeners.issues import nothing_to_listen_to
from adapter.doors.listeners.listen import Folder, Listeners, Mllp, Plan, listening
from adapter.doors.listeners.mllp import MllpLimits
from adapter.doors.web import logs
from adapter.doors.web.continuing import going_on
from adapter.model.case import Actor
from adapter.model.issues import AdapterError
from adapter.settings import FolderSettings, MllpSettings, Settings

_LOOK_SECONDS = 1.0


def listen(
    source: Annotated[
        list[str] | None, typer.Option("--source", metavar="SOURCE", help="Of the settings, only this one; repeatable.")
    ] = None,
    mllp: Annotated[
        list[str] | None, typer.Option("--mllp", metavar="SOURCE=HOST:PORT", help="Await HL7 v2 messages there.")
    ] = None,
    folder: Annotated[
        list[str] | None, typer.Option("--folder", metavar="SOURCE=PATH", help="Watch this folder for files.")
    ] = None,
    poll: Annotated[
        list[str] | None, typer.Option("--poll", metavar="SOURCE", help="Read this source's database now and again.")
    ] = None,
) -> None:
    """Wait for messages, files and database rows until it is told to stop. 接收消息、文件、数据库

    Without options it does what the settings name under listen; adapter serve does the same beside the service.

    Example:  adapter listen --mllp liuxi_county=127.0.0.1:2575 --folder qingshi_county=/srv/his/qingshi
    """
    now = settings()
    plan = plan_of(now, only=source, mllp=mllp or (), folders=folder or (), poll=poll or ())
    if not (plan.mllp or plan.folders or plan.poll):
        raise AdapterError(nothing_to_listen_to("listen" if not source else f"listen: {', '.join(source)}"))
    logs.configure(now.log_level)
    told_to_stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_stop.set())
    with (
        tools() as opened,
        listening(plan, opened, Actor(now.actor, "service")) as listeners,
        going_on(opened, now.actor),
    ):
        for name, (host, port) in listeners.addresses().items():
            err.print(f"{name}: awaiting messages on {host}:{port}", markup=False)
        while not told_to_stop.wait(_LOOK_SECONDS):
            pass


@contextmanager
def listening_beside(now: Settings, opened: Tools) -> Iterator[Listeners | None]:
    """What the settings name under listen, for the time of a service; None when they name nothing."""
    plan = plan_of(now)
    if not (plan.mllp or plan.folders or plan.poll):
        yield None
        return
    with listening(plan, opened, Actor(now.actor, "service")) as listeners:
        yield listeners


def plan_of(
    now: Settings,
    *,
    only: Sequence[str] | None = None,
    mllp: Iterable[str] = (),
    folders: Iterable[str] = (),
    poll: Iterable[str] = (),
) -> Plan:
    """What is to be listened to. Options come instead of the settings, unless ``only`` asks for those as well."""
    of_options = Plan(
        tuple(_mllp(name, _address(text, now.listen.mllp.get(name)), now) for name, text in map(_pair, mllp)),
        tuple(_folder(name, now.listen.folder.get(name), Path(text)) for name, text in map(_pair, folders)),
        tuple(poll),
    )
    if only is None and (of_options.mllp or of_options.folders or of_options.poll):
        return of_options
    wanted = now.listen
    of_settings = [name for name in (*wanted.mllp, *wanted.folder, *wanted.poll) if only is None or name in only]
    return Plan(
        (*(_mllp(name, each, now) for name, each in wanted.mllp.items() if name in of_settings), *of_options.mllp),
        (*(_folder(name, each) for name, each in wanted.folder.items() if name in of_settings), *of_options.folders),
        tuple(dict.fromkeys((*(name for name in wanted.poll if name in of_settings), *of_options.poll))),
    )


def _mllp(source: str, each: MllpSettings, now: Settings) -> Mllp:
    limits = MllpLimits(
        message_bytes=now.limits.message_bytes,
        connections=each.connections,
        idle_seconds=each.idle_seconds,
        frame_seconds=each.frame_seconds,
    )
    return Mllp(
        source, each.host, each.port, each.cert, each.key, each.client_ca, each.plain, each.answer_seconds, limits
    )


def _folder(source: str, each: FolderSettings | None, path: Path | None = None) -> Folder:
    found = each or FolderSettings(path=path or Path())
    return Folder(
        source,
        path or found.path,
        found.group,
        found.wait_for,
        found.manifest,
        found.quiet_seconds,
        found.every_seconds,
    )


def _pair(text: str) -> tuple[str, str]:
    name, given, value = text.partition("=")
    if not (name and given and value):
        raise typer.BadParameter(f"{text} is not SOURCE=VALUE")
    return name, value


def _address(text: str, known: MllpSettings | None) -> MllpSettings:
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise typer.BadParameter(f"{text} is not HOST:PORT")
    there = MllpSettings(host=host.strip("[]") or "127.0.0.1", port=int(port))
    return there if known is None else known.model_copy(update={"host": there.host, "port": there.port})
