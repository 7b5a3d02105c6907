"""Bulk conversion: the same files whatever the number of processes, whole or not at all, nothing lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from adapter.cases import bulk_workers
from adapter.cases.bulk import Converted, Progress, convert
from adapter.fhir.canonical import encode
from adapter.fhir.validation import validate
from adapter.intake.mapping import compile_mapping, load_mapping
from adapter.intake.readers import shards, stage
from adapter.model.issues import AdapterError, stopping
from bench.synthetic.hospital import Plan, write_hospital
from tests.support.intake import FIXTURES, MAPPINGS

SOURCE = "qingshi_county"
EXPORT = FIXTURES / "his/bsoft_phis/qingshi_county/export"
BAD = FIXTURES / "his/bsoft_phis/bad"
SHARED = ("Organization",)


def converted(export: Path, out: Path, *, source: str = SOURCE, jobs: int = 0, keep_going: bool = False) -> Converted:
    return convert(
        source,
        [export],
        out,
        mappings=MAPPINGS,
        reference=FIXTURES / "reference",
        jobs=jobs,
        keep_going=keep_going,
    )


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def lines_of(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line, parse_float=str) for line in (folder / name).read_text("utf-8").splitlines()]


def expected(export: Path) -> tuple[dict[str, bytes], list[str]]:
    """Files of NDJSON as mapping stay after stay gives them, and the stays that stop."""
    mapping = load_mapping(MAPPINGS, SOURCE)
    mapper = compile_mapping(mapping)
    found: dict[str, list[bytes]] = {}
    held = []
    with stage([export], mapping.shape, SOURCE) as staged:
        for stay in staged.stays():
            mapped = mapper.map(stay)
            if stopping((*mapped.issues, *validate(mapped.resources))):
                held.append(stay.stay_key)
                continue
            for each in mapped.resources:
                bodies = found.setdefault(f"{each['resourceType']}.ndjson", [])
                body = encode(each) + b"\n"
                if each["resourceType"] not in SHARED or body not in bodies:
                    bodies.append(body)
    return {name: b"".join(bodies) for name, bodies in found.items()}, held


def test_files_hold_what_ingest_would_take(tmp_path: Path) -> None:
    done = converted(EXPORT, tmp_path / "out")
    files, held = expected(EXPORT)
    written = files_in(tmp_path / "out")
    assert {name: body for name, body in written.items() if name[0].isupper()} == files
    assert [each["stay"] for each in lines_of(tmp_path / "out", "rejected.ndjson")] == held != []
    assert done.stopped and done.published
    assert json.loads(written["summary.json"]) == json.loads(json.dumps(done.summary))


def test_a_stay_that_stops_is_kept_with_its_rows_and_issues(tmp_path: Path) -> None:
    converted(EXPORT, tmp_path / "out")
    (rejected,) = lines_of(tmp_path / "out", "rejected.ndjson")
    mapping = load_mapping(MAPPINGS, SOURCE)
    with stage([EXPORT], mapping.shape, SOURCE) as staged:
        stay = next(each for each in staged.stays() if each.stay_key == rejected["stay"])
    rows = [(row.origin.file, row.origin.row, dict(row.fields)) for rows in stay.tables.values() for row in rows]
    assert [(row["file"], row["row"], row["fields"]) for row in rejected["rows"]] == rows
    told = {issue["code"] for issue in lines_of(tmp_path / "out", "issues.ndjson") if issue["stay"] == rejected["stay"]}
    assert set(rejected["codes"]) <= told and rejected["codes"]


@pytest.mark.parametrize(
    "source",
    [
        "linjiang_county",
        "baihe_county",
        "songquan_county",
        "yunxi_county",
        "liuxi_county",
        "fenglin_county",
        "tianhu_county",
    ],
)
def test_every_way_in_can_be_converted(tmp_path: Path, source: str) -> None:
    """Rows, messages, several feeds together, and FHIR itself."""
    export = next((FIXTURES / "his").glob(f"*/{source}/export"))
    done = converted(export, tmp_path / "out", source=source)
    assert done.published and done.written.stays and not done.written.held
    assert done.written.lines["ChargeItem"] == len(lines_of(tmp_path / "out", "ChargeItem.ndjson")) > 5


@pytest.fixture
def hospital(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An export that makes a dozen shards in this process and in any other."""
    write_hospital(Plan(seed=3, stays=30, lines=60), tmp_path / "hospital")
    export = tmp_path / "hospital/export"
    monkeypatch.setattr(shards, "_OF_MARKUP", 64 << 10)
    return export


@pytest.mark.slow
def test_any_number_of_processes_gives_the_same_files(tmp_path: Path, hospital: Path) -> None:
    """In this process the export is cut into many shards, in the others into one: the result is the same."""
    moved: list[Progress] = []
    for jobs in (0, 1, 3):
        convert(SOURCE, [hospital], tmp_path / f"{jobs}", mappings=MAPPINGS, jobs=jobs, told=moved.append)
    alone, one, three = (files_in(tmp_path / f"{jobs}") for jobs in (0, 1, 3))
    assert alone == one == three and len(alone["ChargeItem.ndjson"].splitlines()) > 1000
    last = moved[-1]
    assert last.step == "converting" and last.stays == 30 and last.done == last.total


def test_stays_come_in_the_order_of_their_keys(tmp_path: Path, hospital: Path) -> None:
    converted(hospital, tmp_path / "out")
    stays = [each["identifier"][0]["value"] for each in lines_of(tmp_path / "out", "Encounter.ndjson")]
    assert stays == sorted(stays) and len(stays) == 30


@pytest.mark.parametrize("damage", ["cut_in_the_middle", "missing_table", "malformed_xml"])
def test_an_export_that_is_not_whole_writes_nothing(tmp_path: Path, damage: str) -> None:
    out = tmp_path / "out"
    done = converted(BAD / damage / "export", out)
    assert not done.published and done.stopped and done.issues[-1].code == "API-842"
    assert files_in(out) == {}


def test_keep_going_converts_what_can_be_read(tmp_path: Path) -> None:
    done = converted(BAD / "cut_in_the_middle/export", tmp_path / "out", keep_going=True)
    assert done.published and done.stopped
    assert {each["code"] for each in lines_of(tmp_path / "out", "issues.ndjson")} >= set(done.summary["issues"])


def test_what_an_earlier_conversion_wrote_is_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    converted(EXPORT, out)
    assert "Location.ndjson" in files_in(out)
    (out / ".convert-killed").mkdir()
    converted(BAD / "amount_mismatch/export", out)
    assert "Location.ndjson" not in files_in(out)


def test_a_folder_with_anything_else_is_left_alone(tmp_path: Path) -> None:
    for name in ("notes.txt", "mine.ndjson"):
        out = tmp_path / name.partition(".")[0]
        out.mkdir()
        (out / name).write_text("kept", encoding="utf-8")
        with pytest.raises(AdapterError) as raised:
            converted(EXPORT, out)
        assert raised.value.issues[0].code == "API-840"
        assert files_in(out) == {name: b"kept"}


@pytest.mark.slow
def test_a_lost_process_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed in the middle of its work, as by a machine that runs out of memory."""
    started = []

    class Watched(bulk_workers.subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(bulk_workers.subprocess, "Popen", Watched)

    def kill(now: Progress) -> None:
        if now.step == "converting" and started[0].poll() is None:
            os.kill(started[0].pid, signal.SIGKILL)

    out = tmp_path / "out"
    with pytest.raises(AdapterError) as raised:
        convert(SOURCE, [EXPORT], out, mappings=MAPPINGS, jobs=1, told=kill)
    assert raised.value.issues[0].code == "API-841"
    assert files_in(out) == {} and all(process.poll() is not None for process in started)


@pytest.mark.slow
def test_an_interrupt_ends_the_processes_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    class Watched(bulk_workers.subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(bulk_workers.subprocess, "Popen", Watched)

    def interrupt(now: Progress) -> None:
        if now.rows:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(SOURCE, [EXPORT], tmp_path / "out", mappings=MAPPINGS, jobs=2, told=interrupt)
    assert files_in(tmp_path / "out") == {}
    assert len(started) == 2 and all(process.poll() is not None for process in started)


def test_a_wrong_mapping_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    mappings = tmp_path / "mappings"
    shutil.copytree(MAPPINGS, mappings)
    (mappings / "his/bsoft_phis/charge_item.yaml").write_text("to: 1\n", encoding="utf-8")
    with pytest.raises(AdapterError):
        convert(SOURCE, [EXPORT], tmp_path / "out", mappings=mappings)
    assert not (tmp_path / "out").exists()
