"""Commands about what comes in: ingest, parked, mapping."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from adapter.cases import parked as parking
from adapter.cases.intake import Taken, ingest
from adapter.cases.mappings import check_sample, check_views
from adapter.cases.parked import ParkedRow
from adapter.cases.rows_in import rows_that_wait
from adapter.doors.cli.checked import check_json, print_check
from adapter.doors.cli.context import AsJson, Reason, actor, settings, tools
from adapter.doors.cli.output import err, finish, issue_json, out, print_issues, print_json, table
from adapter.model.dates import SystemClock
from adapter.wiring import database_password

parked = typer.Typer(no_args_is_help=True, help="Stays that wait for a person: list, show, replay. 暂存记录")
mapping = typer.Typer(no_args_is_help=True, help="Look at a source's mapping. 对照文件")

Source = Annotated[str, typer.Argument(metavar="SOURCE", help="A feed under mappings/sources/, e.g. qingshi_county.")]
Paths = Annotated[list[Path], typer.Argument(metavar="PATH…", exists=True, help="Export files, or folders of them.")]


def ingest_(
    source: Source,
    paths: Paths,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Map and validate everything, write nothing.")] = False,
    json: AsJson = False,
    reason: Reason = "import",
) -> None:
    """Take an export in: read, map, validate, record. Bad stays are parked, good ones go on. 导入

    Example:  adapter ingest qingshi_county fixtures/his/bsoft_phis/qingshi_county/export --dry-run
    """
    with tools() as t, progress_bar() as bar:
        task = bar.add_task("stays 病例", total=None)
        taken = ingest(
            source,
            paths,
            t,
            t.act(actor(), reason),
            dry_run=dry_run,
            taken_one=lambda _: bar.advance(task),
        )
    _report(taken, json=json)


def _report(taken: Taken, *, json: bool) -> None:
    files = {"files": taken.files, "known_files": taken.known_files}
    report_taken(taken, f"{taken.files} files ({taken.known_files} known before)", files, json=json)
    finish([*taken.issues, *(issue for stay in taken.stays for issue in stay.issues)])


def report_taken(taken: Taken, read: str, counts_read: Mapping[str, object], *, json: bool) -> None:
    """What was read, in words or for a pipe, and what became of each stay; issues on stderr."""
    if json:
        print_json(
            {
                **counts_read,
                "stays": [
                    {
                        "stay_key": stay.stay_key,
                        "case_id": stay.case_id,
                        "fate": stay.fate,
                        "issues": [issue_json(issue) for issue in stay.issues],
                    }
                    for stay in taken.stays
                ],
                "issues": [issue_json(issue) for issue in taken.issues],
            }
        )
    else:
        fates = [stay.fate for stay in taken.stays]
        counts = ", ".join(f"{fates.count(fate)} {fate}" for fate in dict.fromkeys(fates))
        out.print(f"{read}, {len(fates)} stays: {counts or 'none'}", markup=False)
    print_issues(dict.fromkeys([*taken.issues, *(issue for stay in taken.stays for issue in stay.issues)]))


@parked.command("list")
def parked_list(
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None, json: AsJson = False
) -> None:
    """What waits for a person, oldest first.

    Example:  adapter parked list
    """
    with tools() as t:
        rows = parking.parked_stays(t, source=source)
    if json:
        print_json([_parked_json(row) for row in rows])
        return
    shown = [
        (row.id, row.source, row.stay_key or "—", row.place, ",".join(i.code for i in row.issues if i.stops))
        for row in rows
    ]
    table("", ("id", "source", "stay 住院", "place 位置", "issues 问题"), shown)


@parked.command("waiting")
def parked_waiting(source: Source, json: AsJson = False) -> None:
    """Rows whose stay has not come yet; they are taken in by themselves when it does. 等待住院登记的明细

    Example:  adapter parked waiting yunxi_county
    """
    with tools() as t:
        found = rows_that_wait(t.feed(source), t)
    if json:
        print_json([issue_json(issue) for issue in found])
        return
    print_issues(found)
    out.print(f"{len(found)} stays are waited for 待到住院登记 {len(found)}", markup=False)


@parked.command("show")
def parked_show(parked_id: Annotated[str, typer.Argument(metavar="ID")], json: AsJson = False) -> None:
    """One parked stay with its issues; its rows stay in the store.

    Example:  adapter parked show P-3507a82370b43b4c
    """
    with tools() as t:
        row = parking.parked_one(parked_id, t)
    if json:
        print_json(_parked_json(row))
        return
    out.print(f"{row.id}  {row.source}  {row.stay_key or '—'}  {row.place}", markup=False)
    print_issues(row.issues)


@parked.command("replay")
def parked_replay(
    parked_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="Leave out to replay everything.")] = None,
    json: AsJson = False,
    reason: Reason = "cause fixed",
) -> None:
    """Take parked stays in again, under today's mapping and facts. 重放

    Example:  adapter parked replay
    """
    with tools() as t:
        ids = [parked_id] if parked_id else [row.id for row in parking.parked_stays(t) if row.stay_key]
        stays = [parking.replay(each, t, t.act(actor(), reason)) for each in ids]
    _report(Taken(stays=stays), json=json)


@mapping.command("check")
def mapping_check(
    source: Source,
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH…]", exists=True, help="Sample files, or folders of them.")
    ] = None,
    database: Annotated[
        bool, typer.Option("--database", help="Look at the views of the source's database instead of files.")
    ] = False,
    rows: Annotated[int, typer.Option(min=1, help="With --database: at most so many rows of each view.")] = 1000,
    json: AsJson = False,
) -> None:
    """Show which columns of a sample are mapped, ignored with a reason, or unclaimed, and which codes have no table.

    Example:  adapter mapping check qingshi_county fixtures/his/bsoft_phis/qingshi_county/export
    """
    if database is bool(paths):
        raise typer.BadParameter("give either the PATH of a sample or --database")
    ours = settings()
    if database:
        report, seen, issues = check_views(
            source, ours.mappings_folder, SystemClock().now(), database_password, most=rows
        )
    else:
        report, seen, issues = check_sample(source, paths or [], ours.mappings_folder, ours.reference_folder)
    found = (*issues, *report.issues)
    if json:
        print_json(check_json(report, seen, found))
    else:
        print_check(report, seen)
    print_issues(found)
    finish(found)


def _parked_json(row: ParkedRow) -> dict[str, object]:
    return {
        "id": row.id,
        "source": row.source,
        "stay_key": row.stay_key,
        "place": row.place,
        "parked_at": row.parked_at.isoformat(),
        "issues": [issue_json(issue) for issue in row.issues],
    }


def progress_bar() -> Progress:
    """A progress bar on stderr; it leaves nothing behind in a pipe."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description} {task.completed}"),
        TimeElapsedColumn(),
        console=err,
        transient=True,
    )
