"""Map, validate and encode a 200-line stay, against ``fhir.resources`` validating and dumping the same resources."""

from __future__ import annotations

import gc
import json
import statistics
import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

from fhir.resources.R4B import get_fhir_model_class

from adapter.fhir.canonical import encode
from adapter.fhir.validation import validate
from adapter.intake.mapping import MappedStay, Mapper
from adapter.model.source import StayRecords
from bench.prepared import prepared
from bench.report import Bench, Figure, load_now, percentile

LINES = 200
STAYS = 40
ROUNDS = 5
BAR = 25  # our time may be at most 1/25 of theirs
AIM = 3.0  # milliseconds of processor time


def ours(mapper: Mapper, records: StayRecords) -> tuple[MappedStay, list[bytes]]:
    """The measured work: rows to resources, every one of them validated, then bytes."""
    mapped = mapper.map(records)
    issues = [issue for issue in (*mapped.issues, *validate(mapped.resources)) if issue.stops]
    if issues:
        raise ValueError("; ".join(map(str, issues)))
    return mapped, _encode_all(mapped)


def theirs(resources: Sequence[dict[str, Any]]) -> list[str]:
    """The same resources through ``fhir.resources``: models built with validation, then dumped."""
    return [_model(each["resourceType"]).model_validate(each).model_dump_json() for each in resources]


@cache
def _model(resource_type: str) -> Any:
    """Their model class, found once: looking it up is no part of the comparison."""
    return get_fhir_model_class(resource_type)


def cpu_milliseconds(work: Callable[[], object]) -> float:
    before = time.process_time_ns()
    work()
    return (time.process_time_ns() - before) / 1e6


def _parts(mapper: Mapper, stays: Sequence[StayRecords]) -> tuple[tuple[str, float], ...]:
    """Median processor time of each part on its own, in milliseconds."""
    mapped = [mapper.map(records) for records in stays]
    works: Sequence[tuple[str, Sequence[Callable[[], object]]]] = (
        ("map", [partial(mapper.map, records) for records in stays]),
        ("validate", [partial(validate, stay.resources) for stay in mapped]),
        ("encode", [partial(_encode_all, stay) for stay in mapped]),
    )
    return tuple((name, statistics.median(map(cpu_milliseconds, each))) for name, each in works)


def _encode_all(stay: MappedStay) -> list[bytes]:
    return [encode(resource) for resource in stay.resources]


def run() -> Bench:
    """Processor time per stay; the median over stays and rounds, with the 99th percentile beside it."""
    load = load_now()
    with prepared(STAYS, LINES) as ready:
        encoded = [ours(ready.mapper, records)[1] for records in ready.records]  # warm, and shown to be right
        gc.collect()
        gc.freeze()  # as the service does after its start
        mine = [
            cpu_milliseconds(partial(ours, ready.mapper, records)) for _ in range(ROUNDS) for records in ready.records
        ]
        parts = _parts(ready.mapper, ready.records)
        plain = [[json.loads(each) for each in stay] for stay in encoded[:5]]
        for stay in plain:
            theirs(stay)
        other = [cpu_milliseconds(partial(theirs, stay)) for stay in plain for _ in range(3)]
        gc.unfreeze()
    typical, ratio = statistics.median(mine), statistics.median(other) / statistics.median(mine)
    resources = statistics.mean(map(len, encoded))
    return Bench(
        name="map + validate + encode",
        command="python -m bench map_encode",
        how=f"{STAYS} synthetic stays of {LINES} fee lines ({resources:.0f} resources each), {ROUNDS} rounds; "
        "processor time of one thread. Ours: rows → resources → schema and own rules → JSON. Theirs: `fhir.resources` "
        "(R4B) `model_validate` + `model_dump_json` of the same resources, already decoded.",
        figures=(
            Figure("ours, median of a stay", f"{typical:.2f} ms", f"aim under {AIM:.0f} ms", typical < AIM),
            *(Figure(f"of that: {name}", f"{spent:.2f} ms") for name, spent in parts),
            Figure("ours, 99th percentile", f"{percentile(mine, 0.99):.2f} ms"),
            Figure("fhir.resources, median of a stay", f"{statistics.median(other):.1f} ms"),
            Figure("theirs ÷ ours", f"{ratio:.0f}", f"at least {BAR}", ratio >= BAR),
        ),
        load=load,
    )
