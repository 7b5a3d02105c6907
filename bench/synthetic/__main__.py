"""``python -m bench.synthetic``: write exports of invented hospitals."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.synthetic.damage import write_damaged
from bench.synthetic.hospital import Plan, write_hospital
from bench.synthetic.story import read_story, write_export

EXAMPLES = """examples:
  python -m bench.synthetic stays fixtures/his/bsoft_phis/qingshi_county/stays.yaml out/export
  python -m bench.synthetic bad fixtures/his/bsoft_phis/bad/base.yaml fixtures/his/bsoft_phis/bad
  python -m bench.synthetic hospital --seed 1 --stays 1000 --lines 200 --out out/hospital
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.synthetic",
        description="Write invented HIS exports of the bsoft_phis shape. The same command writes the same bytes.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    stays = commands.add_parser("stays", help="write the export that a clerk's stays.yaml describes")
    stays.add_argument("story", type=Path, metavar="STAYS.yaml")
    stays.add_argument("out", type=Path, metavar="OUT")
    bad = commands.add_parser("bad", help="write damaged exports, one folder for each kind of damage")
    bad.add_argument("base", type=Path, metavar="BASE.yaml")
    bad.add_argument("out", type=Path, metavar="OUT")
    hospital = commands.add_parser(
        "hospital",
        help="write a hospital from a seed: OUT/export/*.xml and OUT/reference/*",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    hospital.add_argument("--seed", type=int, default=1, help="the same seed writes the same hospital")
    hospital.add_argument("--stays", type=int, default=1000, help="how many stays")
    hospital.add_argument("--lines", type=int, default=200, help="mean number of fee lines of a stay, refunds included")
    hospital.add_argument("--spread", type=int, default=50, help="lines vary by this many percent around the mean")
    hospital.add_argument("--items", type=int, default=600, help="size of the item catalogue")
    hospital.add_argument("--out", type=Path, required=True, help="folder to write into")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit 0 when written, 2 on wrong usage."""
    chosen = _parser().parse_args(arguments)
    if chosen.command == "stays":
        print(f"{write_export(read_story(chosen.story), chosen.out)} rows written to {chosen.out}", file=sys.stderr)
    elif chosen.command == "bad":
        print(f"{write_damaged(read_story(chosen.base), chosen.out)} exports written to {chosen.out}", file=sys.stderr)
    else:
        plan = Plan(chosen.seed, chosen.stays, chosen.lines, chosen.spread, chosen.items)
        rows = write_hospital(plan, chosen.out, progress=_progress)
        print(f"{rows} rows written to {chosen.out}", file=sys.stderr)
    return 0


def _progress(done: int, total: int) -> None:
    """One line on stderr that is rewritten as the work goes on."""
    end = "\n" if done == total else "\r"
    print(f"  {done:,} of {total:,} stays", end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
