"""``adapter demo``: the main job on the fixture hospital, with both counterparts as processes of their own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from adapter.cases import dispatch, outgoing, parked, reconcile, settle, views
from adapter.cases.intake import ingest
from adapter.cases.shown import settlement_json
from adapter.cases.tools import Tools
from adapter.doors.cli.cases import case_table
from adapter.doors.cli.output import HAS_ISSUES, err, out, print_issues, table
from adapter.fhir.canonical import encode
from adapter.model.case import Actor, StayState
from adapter.model.issues import AdapterError, Issue
from adapter.settings import data_folder, load_settings
from adapter.wiring import open_tools

SOURCE = "qingshi_county"
FACILITY = "H99990100001"
ROLES = {"bureau": "bureau", "civil-affairs": "aid"}
_ACTOR = Actor("demo", "operator")


def demo(
    out_dir: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the results go.")] = Path("out"),
) -> None:
    """Run the main job on the fixture hospital: read, map, validate, settle, deliver, reconcile.

    Starts a simulated insurance bureau and aid office as processes on loopback, and stops them again.

    Example:  adapter demo --out out
    """
    _clear(out_dir)
    store = out_dir / "store"
    with _counterparts(store) as addresses:
        settings = load_settings(
            database_url=f"sqlite:///{store / 'adapter.db'}",
            endpoints={
                name: {
                    "base_url": f"{address}/fhir",
                    "form": "transaction" if name == "civil-affairs" else "submit",
                    "simulator": True,
                    "longest_delay": 2,
                    "timeout": 10,
                }
                for name, address in addresses.items()
            },
        )
        with open_tools(settings) as t, _progress() as bar:
            failed = _run(t, bar)
            days = _reconcile(t, bar)
            lines = views.list_cases(t)
            waiting = parked.parked_stays(t)
            _write(out_dir, lines, t)
    case_table(lines)
    table("\nreconciliation 对账", ("endpoint 端点", "day 日期", "ours 本院", "theirs 对方", ""), days)
    rows = [
        (row.id[:12], row.stay_key or "—", ", ".join(sorted({i.code for i in row.issues if i.stops})))
        for row in waiting
    ]
    table(
        "\nwait for a person, as the stories of fixtures/README.md mean them to 待处理",
        ("parked", "stay", "issues"),
        rows,
    )
    out.print("adapter parked show ID says what is wrong and what to do.\n")
    for place in ("fhir/<case>.json", "settlements/<case>.json", "messages.ndjson", "cases.json"):
        out.print(f"{out_dir}/{place}", markup=False)
    if failed or not all(row[-1].startswith("agrees") for row in days):
        print_issues(failed)
        raise typer.Exit(HAS_ISSUES)


def _run(t: Tools, bar: Progress) -> list[Issue]:
    """Take the export in, then settle stay after stay in the order of their rule dates."""
    task = bar.add_task("read, map, validate 读取对照校验", total=None)
    export = data_folder("fixtures") / "his" / "bsoft_phis" / SOURCE / "export"
    ingest(SOURCE, [export], t, t.act(_ACTOR, "demo"), taken_one=lambda _: bar.advance(task))
    bar.update(task, total=1, completed=1)
    ready = [
        line.row
        for line in views.list_cases(t)
        if line.row.stay in (StayState.WARD_DISCHARGED, StayState.CLOSED) and not line.row.held
    ]
    ready.sort(key=lambda row: (_rule_date(t, row.source, row.stay_key, row.discharged), row.case_id))
    task = bar.add_task("settle, deliver 结算送达", total=len(ready))
    failed: list[Issue] = []
    for row in ready:
        failed += _settle(row.case_id, t)
        bar.advance(task)
    return failed


def _settle(case_id: str, t: Tools) -> list[Issue]:
    try:
        settle.start_trial(case_id, t, t.act(_ACTOR, "demo trial"))
        _work(t)
        settle.start_settlement(case_id, t, t.act(_ACTOR, "demo settlement"))
        _work(t)
    except AdapterError as error:
        return list(error.issues)
    return []


def _work(t: Tools) -> None:
    dispatch.work_until_idle(t, wait=time.sleep, give_up_at=t.clock.now() + timedelta(seconds=30))


def _rule_date(t: Tools, source: str, stay_key: str, discharged: date | None) -> date:
    window = t.feed(source).windows.get(stay_key)
    settled_on = window.settled_on if window is not None else None
    return settled_on or discharged or date.max


def _reconcile(t: Tools, bar: Progress) -> list[tuple[str, ...]]:
    """Every day on which something was settled, with every endpoint that had a part in it."""
    wanted = reconcile.settled_days(t)
    task = bar.add_task("reconcile 对账", total=len(wanted))
    rows: list[tuple[str, ...]] = []
    for endpoint, day in wanted:
        result = reconcile.reconcile_day(endpoint, day, FACILITY, t, t.act(_ACTOR, "demo"))
        verdict = "agrees 一致" if result.agrees else "differs 不一致"
        rows.append((endpoint, day.isoformat(), str(result.ours_total), str(result.theirs_total), verdict))
        bar.advance(task)
    return rows


def _write(out_dir: Path, lines: list[views.CaseLine], t: Tools) -> None:
    """The files that the README names."""
    for folder in ("fhir", "settlements"):
        (out_dir / folder).mkdir(parents=True, exist_ok=True)
    for line in lines:
        case_id = line.row.case_id
        (out_dir / "fhir" / f"{case_id}.json").write_bytes(encode(views.full_record(case_id, t)) + b"\n")
        if line.settlement is not None:
            _dump(out_dir / "settlements" / f"{case_id}.json", settlement_json(line.settlement))
    with (out_dir / "messages.ndjson").open("wb") as stream:
        for message in outgoing.wire_log(t):
            stream.write(encode(message) + b"\n")
    _dump(out_dir / "cases.json", [line.as_json() for line in lines])


def _dump(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _clear(out_dir: Path) -> None:
    """A demo starts afresh; only what a demo writes is removed."""
    for name in ("fhir", "settlements", "store"):
        shutil.rmtree(out_dir / name, ignore_errors=True)
    for name in ("messages.ndjson", "cases.json"):
        (out_dir / name).unlink(missing_ok=True)
    (out_dir / "store").mkdir(parents=True)


@contextmanager
def _counterparts(store: Path) -> Iterator[dict[str, str]]:
    """Both simulators, up and ready; stopped again whatever happens."""
    processes: dict[str, subprocess.Popen[str]] = {}
    try:
        for name, role in ROLES.items():
            processes[name] = _start(role, store)
        yield {name: _address(name, process) for name, process in processes.items()}
    finally:
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _start(role: str, store: Path) -> subprocess.Popen[str]:
    fixtures, mappings = data_folder("fixtures"), data_folder("mappings")
    command = [sys.executable, "-m", "adapter.counterparts", role, "--port", "0", "--clock", "claim"]
    command += ["--store", str(store / f"{role}.sqlite"), "--mappings", str(mappings)]
    command += ["--seed", str(fixtures / "endpoints" / f"{role}.yaml")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")  # noqa: S603 - own program


def _address(name: str, process: subprocess.Popen[str]) -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line.startswith("ready "):
        raise LookupError(f"the simulated {name} did not start: {line!r}")
    return line.split()[1]


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}"), TimeElapsedColumn(), console=err
    )
