"""``python -m adapter.counterparts nhsa-bureau``: the bureau as a process of its own."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from adapter.counterparts.catalogue import ItemLists, load_catalogue
from adapter.counterparts.faults import Faults
from adapter.counterparts.nhsa.bureau import Bureau
from adapter.counterparts.nhsa.faults import wire_of
from adapter.counterparts.nhsa.fields import load_fields
from adapter.counterparts.nhsa.office import Office
from adapter.counterparts.nhsa.region import load_region
from adapter.counterparts.nhsa.seed import Plans, load_seed
from adapter.counterparts.nhsa.store import Store
from adapter.counterparts.nhsa.web import build
from adapter.counterparts.server import hang_up, serve
from adapter.model.issues import AdapterError


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m adapter.counterparts nhsa-bureau", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 chooses a free one (default)")
    parser.add_argument("--store", type=Path, required=True, help="SQLite file, made when it is not there")
    parser.add_argument("--region", type=Path, required=True, help="fixtures/endpoints/nhsa/regions/<name>.yaml")
    parser.add_argument("--seed-file", type=Path, required=True, help="fixtures/endpoints/nhsa/seed.yaml")
    parser.add_argument("--plan", type=Path, nargs="+", required=True, help="plan files, or folders of them")
    parser.add_argument("--fields", type=Path, help="field table; fields.yaml beside the seed file")
    parser.add_argument("--clock", choices=("claim", "system"), default="system", help="day of settlement")
    return parser.parse_args(argv)


def bureau_of(
    *,
    store: Path,
    region: Path,
    seed_file: Path,
    plan: Sequence[Path],
    fields: Path | None = None,
    clock: str = "system",
) -> Bureau:
    """A bureau on its store.

    Raises:
        AdapterError, OSError, ValueError: a file cannot be used; the text names it.
    """
    seed = load_seed(seed_file)
    rules, plans = load_region(region), Plans.load(plan, seed)
    lists = ItemLists({code: load_catalogue(hospital.items) for code, hospital in seed.hospitals.items()})
    definitions = load_fields(fields or seed_file.parent / "fields.yaml")
    store.parent.mkdir(parents=True, exist_ok=True)
    return Bureau(Office(rules, seed, plans, lists, Store(store), clock == "claim"), definitions)


def main(argv: Sequence[str]) -> int:
    """Run until stopped. Exit code 2 when a file or the port cannot be used."""
    given = arguments(argv)
    try:
        bureau = bureau_of(
            store=given.store,
            region=given.region,
            seed_file=given.seed_file,
            plan=given.plan,
            fields=given.fields,
            clock=given.clock,
        )
    except (OSError, ValueError, AdapterError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    faults = Faults(wire=wire_of(bureau.office.region.gateway))
    try:
        serve(faults.around(build(bureau, faults), hang_up), host=given.host, port=given.port)
    except OSError as error:
        sys.stderr.write(f"{given.host}:{given.port}: {error}\n")
        return 2
    finally:
        bureau.office.store.close()
    return 0
