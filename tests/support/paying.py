"""``python -m adapter.counterparts`` as a program of the nursery: simulated payers by the dozen."""

from __future__ import annotations

import sys

import adapter.counterparts.aid_xml.process
import adapter.counterparts.folder.process
import adapter.counterparts.nhsa.process
import adapter.counterparts.smart_web  # noqa: F401  imported once, before the children are forked
from adapter.counterparts import __main__ as program


def main() -> None:
    """Words: those of ``python -m adapter.counterparts``."""
    sys.exit(program.main(sys.argv[1:]))
