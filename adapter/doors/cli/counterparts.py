"""Commands of the simulated payers beside those that listen: one behind a folder, and seeds for a hospital. 模拟端点"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapter.doors.cli.context import settings
from adapter.doors.cli.delivery import counterparts
from adapter.doors.cli.output import out
from adapter.settings import data_folder


@counterparts.command("folder")
def counterparts_folder(
    role: Annotated[str, typer.Argument(metavar="ROLE", help="bureau or aid")],
    root: Annotated[Path, typer.Argument(metavar="DIR", help="The exchange folder: base_url of the endpoint. 目录")],
    store: Annotated[Path | None, typer.Option(help="SQLite file; made when it is not there.")] = None,
    seed: Annotated[Path | None, typer.Option(help="Who is insured and what was used already.")] = None,
    every: Annotated[float, typer.Option(min=0.05, help="Seconds between two rounds of the courier.")] = 1.0,
    clock: Annotated[str, typer.Option(help="Day of record: claim or system.")] = "system",
) -> None:
    """Run a simulated payer that is reached by files: take, decide, lay receipts and statements down. 模拟文件交换

    Bad days (a file left lying, a receipt lost, late, torn) are handed over with adapter counterparts play --dir.

    Example:  adapter counterparts folder bureau out/exchange/bureau
    """
    from adapter.counterparts.folder.process import main as behind_a_folder  # here: no other command needs it

    if role not in ("bureau", "aid") or clock not in ("claim", "system"):
        raise typer.BadParameter("ROLE is bureau or aid, --clock is claim or system")
    given = [role, "--root", str(root), "--clock", clock, "--every", str(every)]
    given += ["--mappings", str(settings().mappings_folder), "--store", str(store or Path(f"folder-{role}.sqlite"))]
    given += ["--seed", str(seed or data_folder("fixtures") / "endpoints" / f"{role}.yaml")]
    raise typer.Exit(behind_a_folder(given))


@counterparts.command("seed")
def counterparts_seed(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The source whose persons are to be known. 来源")],
    converted: Annotated[Path, typer.Argument(metavar="DIR", help="What adapter convert wrote of its export.")],
    role: Annotated[str, typer.Option(help="bureau, aid, nhsa-bureau or aid-xml")],
    to: Annotated[Path, typer.Option("--out", help="The seed file to write.")],
    like: Annotated[Path | None, typer.Option(help="A seed of that role; the fixture's.")] = None,
) -> None:
    """Write the seed of a simulated payer that knows a hospital's persons and items; give it with --seed. 生成模拟数据

    The file holds the persons of the export, names and ID numbers included: for invented exports, or keep it safe.

    Example:  adapter counterparts seed yunxi_county out/fhir --role nhsa-bureau --out out/yunxi-bureau.yaml
    """
    from adapter.counterparts.seed import SeedError  # here: no other command needs it
    from adapter.counterparts.seeding import ROLES, write_seed

    if role not in ROLES:
        raise typer.BadParameter(f"--role is one of {', '.join(ROLES)}")
    places = {"nhsa-bureau": "nhsa/seed.yaml"}
    given = like or data_folder("fixtures") / "endpoints" / places.get(role, f"{role}.yaml")
    reference = settings().reference_folder / source
    try:
        number = write_seed(role, like=given, converted=converted, reference=reference, source=source, out=to)
    except SeedError as error:
        raise typer.BadParameter(str(error)) from error
    out.print(f"{number} persons in {to}", markup=False)


__all__ = ["counterparts"]
