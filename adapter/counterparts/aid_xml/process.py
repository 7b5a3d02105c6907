"""``python -m adapter.counterparts aid-xml``: the simulated aid service as a process of its own."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from adapter.counterparts.aid_xml.seed import load_seed
from adapter.counterparts.aid_xml.service import Service
from adapter.counterparts.aid_xml.store import AidStore
from adapter.counterparts.aid_xml.web import build, soap_wire
from adapter.counterparts.faults import Faults
from adapter.counterparts.seed import SeedError
from adapter.counterparts.server import hang_up, serve


def main(argv: Sequence[str]) -> int:
    """Run until stopped. Exit code 2 when the seed or the port cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m adapter.counterparts aid-xml", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 chooses a free one (default)")
    parser.add_argument("--store", type=Path, required=True, help="SQLite file, made when it is not there")
    parser.add_argument("--seed", type=Path, required=True, help="fixtures/endpoints/aid-xml.yaml")
    given = parser.parse_args(argv)
    try:
        seed = load_seed(given.seed)
    except SeedError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    given.store.parent.mkdir(parents=True, exist_ok=True)
    store = AidStore(given.store)
    faults = Faults(wire=soap_wire())
    try:
        serve(faults.around(build(Service(seed, store), faults), hang_up), host=given.host, port=given.port)
    except OSError as error:
        sys.stderr.write(f"{given.host}:{given.port}: {error}\n")
        return 2
    finally:
        store.close()
    return 0
