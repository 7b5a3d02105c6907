"""Map, validate and encode a 200-line stay, against ``fhir.resources`` validating and dumping the same resources."""

from __future__ import annotations

import gc
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

from fhir.resources.R4B import get_fhir_model_class

from adapter.fhir.canonical import encode
from adapter.fhir.validation import validate
from adapter.intake.mapping import MappedStay, Mapper
from adapter.model.source import StayRecords
from bench.prepared import Prepared, prepared
from bench.report import Bench, Figure, load_now, percentile

LINES = 200
STAYS = 40
ROUNDS = 5
EVERY = 8  # theirs once after so many of ours
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


def _in_turn(
    ready: Prepared, plain: Mapping[int, Sequence[dict[str, Any]]]
) -> tuple[dict[int, list[float]], dict[int, list[float]]]:
    """Processor time of ours and of theirs, by stay; by turns, so that other work on the machine falls on both alike.

    Args:
        plain: by number of the stay, its resources as theirs take them.
    """
    mine: dict[int, list[float]] = defaultdict(list)
    other: dict[int, list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        for number, records in enumerate(ready.read()):
            mine[number].append(cpu_milliseconds(partial(ours, ready.mapper, records)))
            if number in plain:
                other[number].append(cpu_milliseconds(partial(theirs, plain[number])))
    return mine, other


def _undisturbed(spent: Mapping[int, Sequence[float]]) -> float:
    """The median stay, each at its best of all rounds: what the work costs where nobody else crowds the caches."""
    return statistics.median(map(min, spent.values()))


def _middle(spent: Mapping[int, Sequence[float]]) -> float:
    return statistics.median(each for of_stay in spent.values() for each in of_stay)


def _parts(mapper: Mapper, stays: Sequence[StayRecords]) -> tuple[tuple[str, float], ...]:
    """Median processor time of each part on its own and at its best, in milliseconds."""
    mapped = [mapper.map(records) for records in stays]
    works: Sequence[tuple[str, Sequence[Callable[[], object]]]] = (
        ("map", [partial(mapper.map, records) for records in stays]),
        ("validate", [partial(validate, stay.resources) for stay in mapped]),
        ("encode", [partial(_encode_all, stay) for stay in mapped]),
    )
    return tuple(
        (
            name,
            _undisturbed({place: [cpu_milliseconds(work) for _ in range(ROUNDS)] for place, work in enumerate(each)}),
        )
        for name, each in works
    )


def _encode_all(stay: MappedStay) -> list[bytes]:
    return [encode(resource) for resource in stay.resources]


def run() -> Bench:
    """Processor time per stay, each at its best; beside it the medians of all runs, which other work raises."""
    load = load_now()
    with prepared(STAYS, LINES) as ready:
        encoded = [ours(ready.mapper, records)[1] for records in ready.records]  # warm, and shown to be right
        plain = {number: list(map(json.loads, encoded[number])) for number in range(0, STAYS, EVERY)}
        for stay in plain.values():
            theirs(stay)
        gc.collect()
        gc.freeze()  # as the service does after its start; both sides are warm by now
        mine, other = _in_turn(ready, plain)
        parts = _parts(ready.mapper, ready.records)
        gc.unfreeze()
    typical, ratio = _undisturbed(mine), _undisturbed(other) / _undisturbed(mine)
    runs = [each for of_stay in mine.values() for each in of_stay]
    resources = statistics.mean(map(len, encoded))
    return Bench(
        name="map + validate + encode",
        command="python -m bench map_encode",
        how=f"{STAYS} synthetic stays of {LINES} fee lines ({resources:.0f} resources each), {ROUNDS} rounds, ours and "
        "theirs by turns; processor time of one thread, of each stay its best round, on both sides. Ours: rows → "
        "resources → schema and own rules → JSON. Theirs: `fhir.resources` (R4B) `model_validate` + `model_dump_json` "
        "of the same resources, already decoded.",
        figures=(
            Figure("ours, median of the stays", f"{typical:.2f} ms", f"aim under {AIM:.0f} ms", typical < AIM),
            *(Figure(f"{name} alone, repeated on one stay", f"{spent:.2f} ms") for name, spent in parts),
            Figure("fhir.resources, median of the stays", f"{_undisturbed(other):.1f} ms"),
            Figure("theirs ÷ ours", f"{ratio:.0f}", f"at least {BAR}", ratio >= BAR),
            Figure(
                "all runs: ours, median and 99th percentile", f"{_middle(mine):.2f}, {percentile(runs, 0.99):.2f} ms"
            ),
            Figure("all runs: theirs, median", f"{_middle(other):.1f} ms"),
            Figure("all runs: theirs ÷ ours, medians", f"{_middle(other) / _middle(mine):.0f}"),
        ),
        load=load,
    )
