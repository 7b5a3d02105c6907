"""HL7 v2 messages for tests: the two fixture hospitals, and small messages written on the spot.

Run as a program with ``--write`` it writes the goldens of both hospitals anew.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from adapter.fhir.canonical import canonical
from adapter.fhir.identity import full_url
from adapter.intake.mapping import Mapper, compile_mapping, load_mapping
from adapter.intake.mapping.messages import load_messages
from adapter.intake.readers.folding import Folder
from adapter.intake.readers.hl7v2 import Message, MessageParser
from adapter.intake.readers.messages import StagedMessages, stage_messages
from adapter.intake.reference import Prices, load_prices
from adapter.model.message import MessageShape
from adapter.model.source import StayRecords

ROOT = Path(__file__).resolve().parents[2]
MAPPINGS = ROOT / "mappings"
NEUSOFT, WINNING = "chiling_county", "liuxi_county"
VENDORS = {NEUSOFT: "hl7v2_neusoft", WINNING: "hl7v2_winning"}


def home(source: str) -> Path:
    return ROOT / "fixtures" / "his" / VENDORS[source] / source


@cache
def mapper(source: str) -> Mapper:
    return compile_mapping(load_mapping(MAPPINGS, source))


@cache
def shape(source: str) -> MessageShape:
    return load_messages(MAPPINGS, mapper(source).mapping)


@cache
def prices(source: str) -> Prices | None:
    path = ROOT / "fixtures" / "reference" / source / "prices.csv"
    return load_prices(path) if path.is_file() else None


def staged(source: str, *paths: Path, workdir: Path | None = None) -> StagedMessages:
    """The hospital's fixture export, or other files, staged; use it in a ``with``."""
    files = paths or (home(source) / "export",)
    return stage_messages(files, shape(source), source, prices=prices(source), workdir=workdir)


def fixture_messages(source: str) -> list[Message]:
    """Every message of the fixture export."""
    parser = MessageParser(shape(source))
    with staged(source) as found:
        return [parser.parse(each.text, each.file, each.number, each.arrived) for each in found.messages()]


def parsed(source: str, text: str, number: int = 1, file: str = "test.hl7") -> Message:
    """One message given as lines."""
    return MessageParser(shape(source)).parse("\r".join(text.strip().splitlines()), file, number)


def folded(source: str, messages: Sequence[Message]) -> dict[str, StayRecords]:
    """The stays that these messages make, by key."""
    folder = Folder(shape(source), source, prices(source))
    return {each.stay_key: each for each in folder.fold(messages).stays}


def bundle(resources: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the mapping made of a stay, as one valid resource."""
    entries = [{"fullUrl": full_url(each["resourceType"], each["id"]), "resource": each} for each in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def golden(resources: Sequence[dict[str, Any]]) -> bytes:
    """The bundle as a golden holds it: canonical, one resource a line, so that a change shows as a few lines."""
    return canonical(bundle(resources)).replace(b'{"fullUrl":', b'\n{"fullUrl":') + b"\n"


def write_goldens() -> None:
    for source in VENDORS:
        folder = home(source) / "expected"
        folder.mkdir(exist_ok=True)
        with staged(source) as found:
            for stay in found.stays():
                (folder / f"{stay.stay_key}.json").write_bytes(golden(mapper(source).map(stay).resources))


if __name__ == "__main__" and "--write" in sys.argv:
    write_goldens()
