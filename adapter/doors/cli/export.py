"""Commands about bulk exports: write the files here and now, see what was asked for over HTTP, end one. 批量导出"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from adapter.cases.export import ask, cancel_export, exports_now, said_of
from adapter.cases.export_files import EXPORTED, OF_PATIENTS, Asked, Mark, write_files
from adapter.cases.export_issues import export_failed
from adapter.cases.export_narrowed import Narrowed, filters_in
from adapter.cases.tools import Tools
from adapter.doors.cli.context import AsJson, Reason, actor, tools
from adapter.doors.cli.output import err, out, print_json, table
from adapter.model.dates import HOSPITAL_ZONE
from adapter.model.issues import AdapterError

export = typer.Typer(no_args_is_help=True, help="Kept resources as NDJSON files: run, list, cancel. 批量导出")


@export.command("run")
def run(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", file_okay=False, help="New or empty.")],
    type_: Annotated[
        list[str] | None, typer.Option("--type", help="A resource type; may be repeated. All without.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"],
            help="Only what was written, or deleted, after this moment.",
        ),
    ] = None,
    patients: Annotated[bool, typer.Option("--patients", help="Only what belongs to patients.")] = False,
    filter_: Annotated[
        list[str] | None,
        typer.Option("--filter", help="A search over one type, as Encounter?status=finished; may be repeated."),
    ] = None,
    element: Annotated[
        list[str] | None,
        typer.Option("--element", help="Only this element, of one type (Type.element) or of all; may be repeated."),
    ] = None,
    json: AsJson = False,
    reason: Reason = "bulk export",
) -> None:
    """Write every kept resource of this moment into FOLDER, one a line, by type; the journal keeps who and why.

    The files hold personal data and are readable by you alone. What cannot be finished leaves no file. Of several
    filters over one type a resource answers one.

    Example:  adapter export run out/export --type Encounter --type ChargeItem
    """
    known = OF_PATIENTS if patients else EXPORTED
    if strange := [each for each in type_ or () if each not in known]:
        raise typer.BadParameter(f"{', '.join(strange)}: none of {', '.join(known)}")
    if folder.is_dir() and any(folder.iterdir()):
        raise typer.BadParameter(f"{folder} is not empty")
    from_ = since.replace(tzinfo=since.tzinfo or HOSPITAL_ZONE) if since is not None else None
    with tools() as t, _bar() as bar:
        with t.ledger.transaction() as tx:
            types = tuple(each for each in known if not type_ or each in type_)
            narrowed = Narrowed(filters_in(filter_ or ()), tuple(element or ()))
            asked = ask(tx, types, from_, "files", t.act(actor(), reason), narrowed=narrowed)
        task = bar.add_task("")

        def heard(mark: Mark, count: int) -> None:
            kind = asked.types[min(mark.number, len(asked.types) - 1)]
            bar.update(task, description=f"{kind} {count:,}")

        mark = _whole(asked, folder, t, heard)
    files = [
        {"name": each.name, "type": each.type, "count": each.count, "deleted": each.deleted} for each in mark.files
    ]
    if json:
        print_json({"at": asked.at.isoformat(), "count": mark.count, "files": files})
    else:
        table("", ("file 文件", "resources 资源数"), [(each.name, f"{each.count:,}") for each in mark.files])
        out.print(f"{mark.count:,} as of {asked.at.isoformat()}", markup=False)


@export.command("list")
def list_(json: AsJson = False) -> None:
    """Exports that were asked for over HTTP and whose files are, or will be, there. 导出列表

    Example:  adapter export list
    """
    with tools() as t:
        found = exports_now(t)
    rows = [
        (each.id, str(each.state), each.by, each.asked.at.isoformat(timespec="seconds"), each.count) for each in found
    ]
    if json:
        print_json([dict(zip(("id", "state", "by", "at", "count"), row, strict=True)) for row in rows])
        return
    heads = ("id", "state 状态", "by 申请人", "at 时点", "resources 资源数")
    table("", heads, [(*row[:4], f"{row[4]:,}") for row in rows])


@export.command("cancel")
def cancel(
    identity: Annotated[str, typer.Argument(metavar="ID", help="As in adapter export list.")],
    reason: Reason = "no longer needed",
) -> None:
    """End an export, finished or not, and delete its files. 取消导出

    Example:  adapter export cancel 5f0c2a9d8b7e4c6f9a1b2c3d4e5f6a7b
    """
    with tools() as t:
        cancel_export(identity, t, t.act(actor(), reason))
    out.print(f"{identity} is ended", markup=False)


def _whole(asked: Asked, folder: Path, tools: Tools, heard: Callable[[Mark, int], None]) -> Mark:
    """Write every file, or none: a folder that holds some of them looks like an export."""
    try:
        return write_files(asked, folder, tools.ledger, file_lines=tools.exports.file_lines, heard=heard)
    except BaseException as error:
        for each in folder.glob("*.ndjson"):
            each.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise AdapterError(export_failed("files", said_of(error))) from error
        raise


@contextmanager
def _bar() -> Iterator[Progress]:
    """How far it is, on stderr, so that stdout stays clean."""
    shown = (TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*shown, console=err, transient=True, disable=not err.is_terminal) as bar:
        yield bar
