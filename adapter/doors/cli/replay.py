"""``adapter replay``: settle stored bills again under the rules of their day, and fail on any fen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from typing import Annotated

import typer

from adapter.cases.replay import Replayed, replay, settled_cases
from adapter.cases.replay_issues import nothing_settled
from adapter.doors.cli.context import AsJson, settings, tools
from adapter.doors.cli.output import err, finish, issue_json, out, print_issues, print_json
from adapter.wiring import open_tools

#: Cases that a process takes at a time.
_CHUNK = 50


def replay_(
    case_id: Annotated[
        str | None, typer.Argument(metavar="CASE", help="Case id, as in adapter case list; or --all.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every settled bill of the ledger. 全部")] = False,
    source: Annotated[str | None, typer.Option(help="With --all: only this source.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="With --all: so many processes.")] = 1,
    json: AsJson = False,
) -> None:
    """Settle stored bills again, from their stored facts under the rules of that day; any fen of difference fails. 重算

    Nothing is written and nothing is sent. Run it after an upgrade, or after an edit of the plan files.

    Example:  adapter replay --all --jobs 2
    """
    if (case_id is None) == (not all_):
        raise typer.BadParameter("give either a CASE or --all")
    if case_id is not None:
        with tools() as t:
            found = list(replay(case_id, t))
        if not found:
            print_issues([nothing_settled(case_id)])
    else:
        found = list(_progress(_all(source, jobs)))
    issues = [issue for each in found for issue in each.issues]
    differing = sum(1 for each in found if any(issue.code != "CASE-411" for issue in each.issues))
    if json:
        print_json([_json(each) for each in found])
    else:
        out.print(
            f"{len(found)} 份账单重算,{differing} 份不一致  bills settled again, {differing} differ", markup=False
        )
    print_issues(issues)
    finish(issues)


def _all(source: str | None, jobs: int) -> Iterator[Replayed]:
    with tools() as t:
        ids = settled_cases(t, source=source)
        if jobs == 1:
            for each in ids:
                yield from replay(each, t)
            return
        chunks = list(_chunks(ids))
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for done in pool.map(_some, chunks):
            yield from done


def _some(case_ids: Sequence[str]) -> list[Replayed]:
    """A chunk, in a process of its own with tools of its own."""
    with open_tools(settings()) as t:
        return [each for case_id in case_ids for each in replay(case_id, t)]


def _chunks(ids: Iterator[str]) -> Iterator[list[str]]:
    while chunk := list(islice(ids, _CHUNK)):
        yield chunk


def _progress(found: Iterable[Replayed]) -> Iterator[Replayed]:
    """Pass on, and say how far it is where somebody watches."""
    if not err.is_terminal:
        yield from found
        return
    with err.status("重算 settling again …") as status:
        for number, each in enumerate(found, 1):
            status.update(f"重算 settling again … {number}")
            yield each


def _json(each: Replayed) -> dict[str, object]:
    return {"case_id": each.case_id, "version": each.version, "issues": [issue_json(issue) for issue in each.issues]}
