"""Coverage-guided: libFuzzer by way of Atheris changes bytes so that new code of the readers is reached.

``python -m bench.fuzz.guided READER CORPUS [libFuzzer options]``; it ends with 0 when nothing was found.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["adapter.intake.readers"]):
    from bench.fuzz.targets import TARGETS


def main(arguments: list[str]) -> None:
    """Never returns: libFuzzer ends the process."""
    name, corpus, *options = arguments
    target = TARGETS[name]
    folder = Path(corpus)
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (folder / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], str(folder), *options], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
