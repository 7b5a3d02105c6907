"""``adapter counterparts play``: hand a part of a scenario to a running simulator. 演练"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.doors.cli.output import out, table
from adapter.model.issues import AdapterError
from adapter.settings import data_folder

if TYPE_CHECKING:
    from adapter.counterparts.scenarios import Part, Scenario


def counterparts_play(
    scenario: Annotated[str | None, typer.Argument(metavar="[SCENARIO]", help="Without it they are listed.")] = None,
    part: Annotated[str | None, typer.Option("--part", help="Which part of it. 环节")] = None,
    url: Annotated[str, typer.Option("--url", help="Where the simulator listens. 模拟端点地址")] = "",
    root: Annotated[Path | None, typer.Option("--dir", help="The folder of one that is reached by files.")] = None,
) -> None:
    """Give a running simulator the faults of a part of a scenario; without a name, list the scenarios. 演练真实情形

    One behind a folder (adapter counterparts folder) is given them with --dir in place of --url.

    Example:  adapter counterparts play endpoint-down --part down --url http://127.0.0.1:9002
    """
    from adapter.counterparts.issues import unknown_scenario  # here: no other command needs it
    from adapter.counterparts.scenarios import load_scenario

    files = sorted((data_folder("fixtures") / "endpoints" / "scenarios").glob("*.yaml"))
    known = {path.stem: load_scenario(path) for path in files}
    if scenario is None:
        _list(known)
        return
    if scenario not in known:
        raise AdapterError(unknown_scenario(scenario, known))
    chosen = known[scenario]
    if part is None or part not in chosen.parts:
        raise AdapterError(unknown_scenario(part or scenario, chosen.parts))
    if root is not None and url:
        raise typer.BadParameter("give either --url or --dir")
    told = chosen.parts[part]
    if root is None:
        _tell(told, url.rstrip("/"))
    else:
        _lay_down(told, root)
    out.print(f"{told.at}: {len(told.faults)} · {told.zh} {told.en}", markup=False)


def _list(known: dict[str, Scenario]) -> None:
    rows = [
        (name, "\n".join(f"{part}: {each.at}" for part, each in one.parts.items()), f"{one.zh}\n{one.en}", one.ends_zh)
        for name, one in known.items()
    ]
    table("scenarios 场景", ("name 名称", "parts 环节", "story 情形", "ends 结果"), rows)


def _lay_down(part: Part, root: Path) -> None:
    from adapter.counterparts.folder.control import NotHandedOver, hand_over  # here: nobody else needs it
    from adapter.counterparts.issues import not_played

    try:
        hand_over(root, part.faults)
    except NotHandedOver as error:
        raise AdapterError(not_played(str(root), str(error))) from error


def _tell(part: Part, url: str) -> None:
    import httpx  # here: no other command of this file needs it

    from adapter.counterparts.issues import not_played

    try:
        answer = httpx.post(f"{url}/control/faults", json=list(part.faults), timeout=10)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise AdapterError(not_played(url or "--url", type(error).__name__)) from error
    if answer.status_code != httpx.codes.OK:
        raise AdapterError(not_played(url, f"HTTP {answer.status_code} {answer.text[:200]}"))
