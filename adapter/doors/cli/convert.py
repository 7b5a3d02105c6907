"""``adapter convert``: a whole export to FHIR files on all cores, with a progress bar; nothing is recorded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from adapter.cases.bulk import Converted, Progress, convert
from adapter.doors.cli.context import AsJson, settings
from adapter.doors.cli.intake import Paths, Source
from adapter.doors.cli.output import HAS_ISSUES, err, out, print_issues, print_json, table
from adapter.wiring import row_limits

_INTERRUPTED = 130
_STEPS = {"reading": "reading 读取", "converting": "converting 转换"}


def convert_(
    source: Source,
    paths: Paths,
    to: Annotated[Path, typer.Option("--out", file_okay=False, help="Folder for the files; new, empty or its own.")],
    jobs: Annotated[
        int,
        typer.Option(min=1, show_default=False, help="Processes that share the work; one per processor if left out."),
    ] = os.cpu_count() or 1,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Convert the rest when a file cannot be read to its end.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Convert an export of any size to FHIR NDJSON, a file per resource type, recording nothing. 批量转换

    Stays that stop are not written: rejected.ndjson holds their rows, issues.ndjson says why; exit 1 then.

    Example:  adapter convert qingshi_county fixtures/his/bsoft_phis/qingshi_county/export --out out/fhir
    """
    with_ = settings()
    try:
        with _bar() as bar:
            done = convert(
                source,
                paths,
                to,
                mappings=with_.mappings_folder,
                reference=with_.reference_folder,
                limits=row_limits(with_),
                jobs=jobs,
                keep_going=keep_going,
                told=_Shown(bar).tell,
            )
    except KeyboardInterrupt:
        err.print("stopped; nothing was written 已中断,未写出任何结果")
        raise typer.Exit(_INTERRUPTED) from None
    if json:
        print_json({"published": done.published, **done.summary})
    else:
        _print(done, to)
    print_issues(done.issues)
    if done.stopped:
        raise typer.Exit(HAS_ISSUES)


def _print(done: Converted, to: Path) -> None:
    summary = done.summary
    rows = [(kind, f"{count:,}") for kind, count in summary["resources"].items()]
    if done.published:
        table("", ("resource 资源", "lines 行"), rows, right=("lines 行",))
    codes = ", ".join(f"{code} × {count:,}" for code, count in summary["issues"].items())
    where = f"in {to}" if done.published else "nothing written"
    out.print(
        f"{summary['written']:,} stays written, {summary['held']:,} held; {where}  issues: {codes or 'none'}",
        markup=False,
    )


class _Shown:
    """A task of the bar for each step."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._step = ""
        self._task = bar.add_task("…", total=None, told="")

    def tell(self, now: Progress) -> None:
        if now.step != self._step:
            self._bar.reset(self._task, description=_STEPS[now.step], total=now.total or None)
            self._step = now.step
        told = f"{now.rows:,} rows 行" if now.step == "reading" else f"{now.stays:,} stays 病例"
        self._bar.update(self._task, completed=now.done, told=told)


def _bar() -> Bar:
    """On stderr, where somebody looks at it."""
    return Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[told]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
