"""``python -m adapter.counterparts bureau|aid|nhsa-bureau|aid-xml|folder``: a simulated counterpart as a process."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from adapter.counterparts.assess import Assessor
from adapter.counterparts.catalogue import load_lists
from adapter.counterparts.desk import Desk
from adapter.counterparts.faults import Faults
from adapter.counterparts.seed import load_seed
from adapter.counterparts.server import add_tls, hang_up, serve, tls_of
from adapter.counterparts.store import Store
from adapter.counterparts.terms import PlanBook
from adapter.counterparts.web import build
from adapter.model.issues import AdapterError

if TYPE_CHECKING:
    from adapter.counterparts.smart import TokenDesk


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m adapter.counterparts", description=__doc__)
    parser.add_argument("role", choices=("bureau", "aid", "commercial"), help="the others have options of their own")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 chooses a free one (default)")
    parser.add_argument("--store", type=Path, required=True, help="SQLite file, made when it is not there")
    parser.add_argument("--seed", type=Path, required=True, help="fixtures/endpoints/bureau.yaml or aid.yaml")
    parser.add_argument("--mappings", type=Path, required=True, help="folder of the plan files")
    parser.add_argument("--scheme", nargs="+", default=[], help="take the plans from these schemes")
    parser.add_argument("--ignore-keys", action="store_true", help="count every submission")
    parser.add_argument("--clock", choices=("claim", "system"), default="system", help="day of record")
    parser.add_argument("--max-entries", type=int, help="refuse a transaction of more entries")
    parser.add_argument("--oauth", type=Path, help="JSON file of clients: nobody comes in without a token")
    add_tls(parser)
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> int:
    """Run until stopped. Exit code 2 when the seed or the plans cannot be used."""
    if argv and argv[0] == "nhsa-bureau":
        from adapter.counterparts.nhsa.process import main as nhsa_bureau  # here: its options are its own

        return nhsa_bureau(argv[1:])
    if argv and argv[0] == "aid-xml":
        from adapter.counterparts.aid_xml.process import main as aid_service  # here: its options are its own

        return aid_service(argv[1:])
    if argv and argv[0] == "folder":
        from adapter.counterparts.folder.process import main as behind_a_folder  # here: its options are its own

        return behind_a_folder(argv[1:])
    given = arguments(argv)
    try:
        seed = load_seed(given.seed)
        lists = load_lists(seed.items)
        plans = PlanBook.load(given.mappings, seed, given.scheme)
        tokens = _tokens(given.oauth)
    except (OSError, ValueError, AdapterError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    given.store.parent.mkdir(parents=True, exist_ok=True)
    store = Store(given.store)
    desk = Desk(
        role=given.role,
        store=store,
        assessor=Assessor(seed, plans, lists),
        ignore_keys=given.ignore_keys,
        claim_clock=given.clock == "claim",
        by_transaction=given.role == "aid",
        max_entries=given.max_entries,
    )
    faults = Faults()
    app = build(desk, faults, tokens)
    if tokens is not None:
        from adapter.counterparts.smart_web import sign_in  # here: its library is slow to load, and few need it

        sign_in(app, tokens)
    try:
        serve(faults.around(app, hang_up), host=given.host, port=given.port, tls=tls_of(given))
    except OSError as error:
        sys.stderr.write(f"{given.host}:{given.port}: {error}\n")
        return 2
    finally:
        store.close()
    return 0


def _tokens(clients: Path | None) -> TokenDesk | None:
    if clients is None:
        return None
    from adapter.counterparts.smart import load_clients  # here, for the same reason

    return load_clients(clients)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
