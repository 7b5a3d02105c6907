"""The validator's speed on one core, all rules, and the HL7 validator (HAPI) on the same files."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from adapter.fhir.canonical import encode
from adapter.fhir.validation import validate
from adapter.fhir.written import written
from bench.prepared import MAPPINGS, prepared
from bench.report import Bench, Figure, load_now

STAYS, LINES = 5, 200
FILE = STAYS * LINES
FILES = 20
WARM, COUNTED = 4, 3  # files of the HL7 validator: enough for its compiler to settle
BAR = 30_000
JAVA = Path(__file__).parents[1] / "tests" / "conformance" / "java"


def lines() -> list[bytes]:
    """ChargeItems as a hospital's export gives them, one JSON text each."""
    with prepared(STAYS, LINES) as stays:
        mapped = [stays.mapper.map(records) for records in stays.records]
    return [encode(each) for one in mapped for each in one.resources if each["resourceType"] == "ChargeItem"]


def ours(file: Path) -> int:
    """A file read, decoded and validated with all rules. Raises ValueError for an issue: the lines are sound."""
    count = 0
    with file.open("rb") as stream:
        for one in written(stream, lines=True):
            if one.resource is None or validate([one.resource]):
                raise ValueError("a line of the bench has an issue")
            count += 1
    return count


def checked_only(resources: Sequence[dict[str, object]]) -> int:
    """Resources at hand, validated with all rules."""
    for each in resources:
        if validate([each]):
            raise ValueError("a line of the bench has an issue")
    return len(resources)


def a_second(work: Callable[[], int], times: int = FILES) -> float:
    """ChargeItems a second of processor time, best of ``times`` after a first round that compiles the schema."""
    work()
    best = 0.0
    for _ in range(times):
        before = time.process_time()
        count = work()
        best = max(best, count / (time.process_time() - before))
    return best


def hapi(file: Path, home: Path) -> float | None:
    """ChargeItems a second of processor time of the HL7 validator, warm, in one process; None where it is not built."""
    classes, libraries = JAVA / "target" / "classes", JAVA / "target" / "lib"
    if shutil.which("java") is None or not (classes / "conformance" / "Validate.class").exists():
        return None
    copies = [home / f"charges-{number}.ndjson" for number in range(WARM + COUNTED)]
    for copy in copies:
        shutil.copyfile(file, copy)
    path = os.pathsep.join([str(classes), str(libraries / "*")])
    command = ["java", "-cp", path, "conformance.Validate", str(MAPPINGS / "profiles"), *map(str, copies)]
    used = list(_after_each(command))
    return FILE / statistics.median(
        later - earlier for earlier, later in zip(used[WARM - 1 :], used[WARM:], strict=False)
    )


def _after_each(command: Sequence[str]) -> Iterator[float]:
    """Processor seconds that a process has used after each line that it writes."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        stat = Path("/proc") / str(process.pid) / "stat"
        for line in process.stdout or ():
            if b'"errors":0' not in line:
                raise ValueError("the HL7 validator finds an error in a line of the bench")
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
            yield (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run() -> Bench:
    """Ours from resources at hand and from the file; HAPI from the same file, where Java is there."""
    load = load_now()
    with TemporaryDirectory(prefix="bench-") as folder:
        file = Path(folder) / "charges.ndjson"
        file.write_bytes(b"\n".join(lines()) + b"\n")
        with file.open("rb") as stream:
            resources = [one.resource for one in written(stream, lines=True) if one.resource is not None]
        alone = a_second(lambda: checked_only(resources))
        whole = a_second(lambda: ours(file))
        theirs = hapi(file, Path(folder))
    figures = [
        Figure("ChargeItems validated, all rules", f"{alone:,.0f} /s", f"at least {BAR:,}", alone >= BAR),
        Figure("from the file: read, decoded, validated", f"{whole:,.0f} /s", f"at least {BAR:,}", whole >= BAR),
    ]
    if theirs is not None:
        figures += [
            Figure("HL7 validator (HAPI), from the file", f"{theirs:,.0f} /s"),
            Figure("ours ÷ HAPI, both from the file", f"{whole / theirs:,.0f}"),
        ]
    return Bench(
        name="validator",
        command="python -m bench validator",
        how=f"one NDJSON file of {FILE:,} ChargeItems of synthetic stays. Ours: schema, invariants and the money rules "
        f"of the prose, one resource at a time, processor time of one process, best of {FILES} rounds. HAPI 8 with our "
        f"own definitions: one process, the same file {WARM + COUNTED} times, the first {WARM} not counted, median "
        "processor time of the others, its compiler and collector included; not measured where Java is not there.",
        figures=tuple(figures),
        load=load,
    )
