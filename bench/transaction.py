"""A FHIR transaction of 206 entries over HTTP, on SQLite: what a hospital waits for its answer (事务写入)."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from adapter.doors.web.app import create_app
from adapter.fhir.canonical import encode
from adapter.settings import Settings
from bench.report import Bench, Figure, load_now, percentile

SOURCE = "tianhu_county"
LINES = 200
ROUNDS, WARM = 60, 5
AIM = 40.0  # ms, p50

_HOSPITAL = "https://fhir.tianhu.example"
_SAID = {"content-type": "application/fhir+json", "X-Source": SOURCE}

Json = dict[str, Any]


def stay(number: int) -> bytes:
    """One stay as a transaction: six resources and its charges, under the hospital's own ids."""
    patient, encounter, account = f"P{number}", f"E{number}", f"A{number}"
    of = {"reference": f"Patient/{patient}"}
    found: list[Json] = [
        {
            "resourceType": "Patient",
            "id": patient,
            "identifier": [{"system": f"{_HOSPITAL}/sid/person", "value": f"K{number}"}],
            "name": [{"text": "测试某"}],
            "gender": "male",
            "birthDate": "1970-05-06",
        },
        {
            "resourceType": "Encounter",
            "id": encounter,
            "identifier": [{"system": f"{_HOSPITAL}/sid/visit", "value": f"V{number}"}],
            "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
            "subject": of,
            "account": [{"reference": f"Account/{account}"}],
            "serviceProvider": {"reference": "Organization/O1"},
            "period": {"start": "2021-03-05T14:30:00+08:00", "end": "2021-03-08T10:05:00+08:00"},
        },
        {
            "resourceType": "Coverage",
            "id": f"K{number}",
            "status": "active",
            "type": {"coding": [{"system": f"{_HOSPITAL}/cs/insurance-type", "code": "20"}]},
            "subscriberId": f"T{number:08d}",
            "beneficiary": of,
            "payor": [{"display": "医保"}],
        },
        {
            "resourceType": "Account",
            "id": account,
            "status": "active",
            "subject": [of],
            "coverage": [{"coverage": {"reference": f"Coverage/K{number}"}}],
        },
        {
            "resourceType": "Organization",
            "id": "O1",
            "identifier": [{"system": f"{_HOSPITAL}/sid/organization", "value": "TH001"}],
            "name": "天湖县人民医院",
        },
        {
            "resourceType": "Condition",
            "id": f"D{number}",
            "code": {"coding": [{"system": f"{_HOSPITAL}/cs/diagnosis", "code": "T-J18"}]},
            "subject": of,
            "encounter": {"reference": f"Encounter/{encounter}"},
        },
    ]
    found += [_charge(number, line, of, encounter) for line in range(LINES)]
    entries = [
        {"resource": each, "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"}}
        for each in found
    ]
    return encode({"resourceType": "Bundle", "type": "transaction", "entry": entries})


def _charge(number: int, line: int, of: Json, encounter: str) -> Json:
    return {
        "resourceType": "ChargeItem",
        "id": f"C{number}-{line}",
        "status": "billable",
        "code": {"coding": [{"system": f"{_HOSPITAL}/cs/charge-item", "code": "T2101"}], "text": "血常规"},
        "subject": of,
        "context": {"reference": f"Encounter/{encounter}"},
        "occurrenceDateTime": f"2021-03-06T08:{line % 60:02d}:00+08:00",
        "quantity": {"value": 1},
        "priceOverride": {"value": Decimal("20.00"), "currency": "CNY"},
    }


@contextmanager
def _serving(folder: Path) -> Iterator[tuple[FastAPI, httpx.Client]]:
    settings = Settings(database_url=f"sqlite:///{folder / 'adapter.db'}", notices_at="off", log_level="ERROR")
    app = create_app(settings)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    thread = Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=120) as http:
            while not server.started:
                time.sleep(0.01)
            yield app, http
    finally:
        server.should_exit = True
        thread.join()


def _times(app: FastAPI, http: httpx.Client, first: int, prefer: str) -> list[float]:
    """Milliseconds until each answer; the next one is sent when the stay of the one before was taken in."""
    times = []
    for number in range(first, first + ROUNDS + WARM):
        body = stay(number)
        started = time.perf_counter()
        answer = http.post("/fhir", content=body, headers={**_SAID, "Prefer": prefer})
        times.append((time.perf_counter() - started) * 1000)
        assert answer.status_code == 200, answer.text
        while _under_way(app):
            time.sleep(0.02)
    return times[WARM:]


def _under_way(app: FastAPI) -> bool:
    with app.state.service.tools.ledger.reading() as tx:
        return bool(tx.arrivals_open())


def run() -> Bench:
    """Both ways of answering: when everything is kept, and when the stay was taken in."""
    with TemporaryDirectory() as folder, _serving(Path(folder)) as (app, http):
        kept = _times(app, http, 0, "return=minimal")
        taken = _times(app, http, 1_000, "return=OperationOutcome")
    return Bench(
        "transaction",
        "python -m bench transaction",
        f"Transactions of {LINES + 6} entries (patient, stay, insurance, account, hospital, diagnosis, {LINES} "
        f"charges), {ROUNDS} stays each way, one after the other, by one client over HTTP on loopback; SQLite with "
        "every commit on disk. Before either answer every resource is validated, kept under its own version, indexed "
        "for search and written into the journal.",
        (
            _figure("answered as soon as it is kept (`Prefer: return=minimal`)", kept, aimed=True),
            _figure("answered with what was found about the stay: mapped, validated, assessed", taken, aimed=False),
        ),
        load_now(),
    )


def _figure(what: str, times: list[float], *, aimed: bool) -> Figure:
    p50, p99 = percentile(times, 0.5), percentile(times, 0.99)
    value = f"p50 {p50:.1f} ms, p99 {p99:.1f} ms"
    return Figure(what, value, f"aim: p50 under {AIM:.0f} ms", p50 < AIM) if aimed else Figure(what, value)
