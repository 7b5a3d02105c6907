"""``adapter poll``: a hospital's database instead of files."""

from __future__ import annotations

from typing import Annotated

import typer

from adapter.cases.poll import Polled, poll, seconds_between
from adapter.cases.tools import Tools
from adapter.doors.cli.context import AsJson, Reason, actor, tools
from adapter.doors.cli.intake import Source, progress_bar, report_taken
from adapter.doors.cli.output import finish, out, print_issues
from adapter.doors.listeners.database import DatabasePoller
from adapter.model.issues import AdapterError


def poll_(
    source: Source,
    full: Annotated[
        bool, typer.Option("--full", help="Read everything again, for rows that changed outside of the overlap.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Map and validate everything, write nothing, move no watermark.")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on for ever, as often as the source file says.")] = False,
    json: AsJson = False,
    reason: Reason = "poll",
) -> None:
    """Read a hospital's database by the views of its source file, from where the last read ended. 数据库轮询

    Example:  adapter poll my_county --dry-run
    """
    if watch and (full or dry_run):
        raise typer.BadParameter("--watch goes with neither --full nor --dry-run")
    with tools() as t:
        if watch:
            _watch(source, t, reason, json=json)
            return
        taken = _once(source, t, reason, full=full, dry_run=dry_run)
    _report(taken, json=json)
    finish([*taken.issues, *(issue for stay in taken.stays for issue in stay.issues)])


def _once(source: str, t: Tools, reason: str, *, full: bool = False, dry_run: bool = False) -> Polled:
    with progress_bar() as bar:
        rows = bar.add_task("rows 行", total=None)
        stays = bar.add_task("stays 病例", total=None)
        return poll(
            source,
            t,
            t.act(actor(), reason),
            full=full,
            dry_run=dry_run,
            taken_one=lambda _: bar.advance(stays),
            progress=lambda view, count: bar.update(rows, completed=count, description=f"{view} 行"),
        )


def _watch(source: str, t: Tools, reason: str, *, json: bool) -> None:
    """Poll until somebody stops it; what went wrong is printed and tried again."""

    def once() -> None:
        try:
            _report(_once(source, t, reason), json=json)
        except AdapterError as error:
            print_issues(error.issues)
            raise

    with DatabasePoller(source, once, seconds_between(source, t)) as poller:
        poller.wait()


def _report(taken: Polled, *, json: bool) -> None:
    """What was read and what became of it; exit codes are the caller's."""
    read = f"{taken.files} views, {sum(taken.rows.values())} rows"
    report_taken(taken, read, {"rows": dict(taken.rows), "watermarks": dict(taken.watermarks)}, json=json)
    if not json and taken.watermarks:
        out.print("\n".join(f"  {table} → {mark}" for table, mark in sorted(taken.watermarks.items())), markup=False)
