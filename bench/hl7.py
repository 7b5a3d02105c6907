"""HL7 v2 DFT to validated FHIR, against python-hl7 only parsing the same messages."""

from __future__ import annotations

import gc
import io
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import hl7  # type: ignore[import-untyped]

from adapter.fhir.canonical import encode
from adapter.fhir.validation import validate
from adapter.intake.mapping import Mapper, compile_mapping, load_mapping
from adapter.intake.mapping.messages import load_messages
from adapter.intake.readers.folding import Folder
from adapter.intake.readers.hl7v2 import MessageParser
from adapter.intake.readers.hl7v2_files import RawMessage, split
from adapter.model.message import MessageShape
from bench.report import Bench, Figure, load_now

SOURCE = "liuxi_county"
STAYS, MESSAGES, LINES = 20, 25, 8  # 20 stays of 25 DFT with 8 FT1 each: 4,000 fee lines
ROUNDS = 7
BAR = 3  # ours may take at most three times as long as their parsing
AIM = 10_000  # fee lines a second on one core

_ITEMS = (
    ("1101", "普通病房床位费(三人间)", "1", "20.00", "20.00"),
    ("1201", "二级护理", "1", "18.00", "18.00"),
    ("1302", "静脉输液", "2", "10.00", "5.00"),
    ("3102", "阿莫西林胶囊", "6", "8.39", "1.3975"),
    ("3105", "注射用奥美拉唑钠", "3", "85.95", "28.65"),
)


def written() -> bytes:
    """An export of one day's feed: each stay registered, and its charges."""
    found: list[str] = []
    for stay in range(STAYS):
        key, person = f"{20_000 + stay}", f"{70_000 + stay}"
        pid = f"PID|1||{person}^^^&PATID~{person}00^^^&BLH~0^^^&YEXH||测试{stay:02d}||19620818|F"
        visit = (
            f"PV1|1|I|627^外一科|||||||||||||||02~普通病员|{key}|||||||||||||||||||||||||20210412083000|19000101000000"
        )
        found.append(
            _message("ADT^A01", "20210412083000", pid, visit, "IN1|1|2000^城乡居民医保||||||||||20210101|20211231")
        )
        for number in range(MESSAGES):
            at = f"202104{12 + number // 12:02d}{8 + number % 12:02d}0500"
            lines = (_line(stay, number, place, at) for place in range(LINES))
            found.append(_message("DFT^P03", at, pid, visit, *lines))
    return "".join(found).encode()


def _message(event: str, at: str, *segments: str) -> str:
    header = rf"MSH|^~\&|HIS|999907001|ADAPTER|999907001|{at}||{event}|{at}|P|2.4|||||CHN|UNICODE UTF-8"
    return "\r".join((header, f"EVN|{event.partition('^')[2]}|{at}", *segments)) + "\r"


def _line(stay: int, number: int, place: int, at: str) -> str:
    code, name, quantity, amount, price = _ITEMS[(stay + number + place) % len(_ITEMS)]
    key = f"T{stay:04d}{number:03d}{place:02d}"
    return f"FT1|{place + 1}|{key}||{at}|{at}|CG|{code}^{name}|||{quantity}|{amount}&CNY|{price}&CNY|627|||||I"


def ours(data: bytes, shape: MessageShape, mapper: Mapper) -> int:
    """The measured work: bytes to messages to rows to resources, every one validated, then bytes again."""
    parser = MessageParser(shape)
    raws = (each for each in split(io.BytesIO(data), shape.limits.message_bytes) if isinstance(each, RawMessage))
    messages = [parser.read(each, "feed.hl7").message for each in raws]
    lines = 0
    for stay in Folder(shape, SOURCE).fold(messages).stays:
        mapped = mapper.map(stay)
        stopping = [issue for issue in (*mapped.issues, *validate(mapped.resources)) if issue.stops]
        if stopping:
            raise ValueError("; ".join(map(str, stopping)))
        for resource in mapped.resources:
            encode(resource)
            lines += resource["resourceType"] == "ChargeItem"
    return lines


def theirs(messages: Sequence[str]) -> int:
    """python-hl7 parsing the same messages, already cut and decoded for it."""
    return sum(len(hl7.parse(each)) for each in messages)


def _seconds(work: Callable[[], int]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def run() -> Bench:
    """Processor time, medians of rounds that take turns."""
    load = load_now()
    mappings = Path(__file__).resolve().parents[1] / "mappings"
    mapping = load_mapping(mappings, SOURCE)
    shape, mapper, data = load_messages(mappings, mapping), compile_mapping(mapping), written()
    texts = [each.data.decode() + "\r" for each in split(io.BytesIO(data), 1 << 20) if isinstance(each, RawMessage)]
    expected = STAYS * MESSAGES * LINES
    if ours(data, shape, mapper) != expected:
        raise ValueError("a fee line was lost")
    theirs(texts[:10])
    gc.collect()
    gc.freeze()
    mine, other = [], []
    for _ in range(ROUNDS):
        mine.append(_seconds(lambda: ours(data, shape, mapper)))
        other.append(_seconds(lambda: theirs(texts)))
    gc.unfreeze()
    spent, parsing = statistics.median(mine), statistics.median(other)
    ratio, speed = spent / parsing, expected / spent
    return Bench(
        name="HL7 v2 DFT → FHIR",
        command="python -m bench hl7",
        how=f"{len(texts):,} messages ({len(data) / 1e6:.1f} MB) of {STAYS} stays with {expected:,} FT1 in all, "
        f"{ROUNDS} rounds in turn; processor time of one thread. Ours: bytes → parsed → folded → mapped → schema, own "
        "rules → JSON. Theirs: python-hl7 `hl7.parse` of the same messages, already cut and decoded.",
        figures=(
            Figure("ours", f"{speed:,.0f} FT1/s", f"aim {AIM:,}", speed >= AIM),
            Figure("python-hl7, parsing only", f"{expected / parsing:,.0f} FT1/s"),
            Figure("ours ÷ theirs", f"{ratio:.2f}", f"at most {BAR}", ratio <= BAR),
        ),
        load=load,
    )
