"""``kill -9`` of the whole service in the middle of an export: the next one goes on, and serves no half page."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from adapter.cases.export import ExportState, export_now
from adapter.cases.tools import Tools
from adapter.fhir.canonical import canonical, decode, digest_of
from adapter.ledger.rows import ResourceIn
from tests.faults.rig import kill
from tests.support.office import act, office
from tests.support.terminal import Process, start

pytestmark = pytest.mark.slow

TOKEN = "a-token-of-this-test"
ACCOUNTS, A_FILE = 12_000, 1_500
NAMES = [f"a{number:05}" for number in range(ACCOUNTS)]
#: Kills of one export, and services that are started for them: one may be quicker than whoever kills it.
KILLS, TRIES = 2, 8


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    """A ledger with so much in it that an export takes a moment."""
    with office(tmp_path, {}) as opened:
        bodies = [
            canonical({"resourceType": "Account", "id": name, "status": "active", "description": name * 150})
            for name in NAMES
        ]
        items = [ResourceIn("Account", *each) for each in zip(NAMES, bodies, map(digest_of, bodies), strict=True)]
        with opened.ledger.transaction() as tx:
            tx.put_resources("test", None, items, **act(opened).said)
        yield opened


@contextmanager
def service(folder: Path) -> Iterator[tuple[Process, httpx.Client]]:
    """``adapter serve`` over the folder's ledger, as soon as it answers; whoever lives at the end is killed."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ours = {
        "ADAPTER_DATABASE_URL": f"sqlite:///{folder / 'adapter.db'}",
        "ADAPTER_API_TOKEN": TOKEN,
        "ADAPTER_NOTICES_AT": "off",
        "ADAPTER_LEASE_SECONDS": "1",
        "ADAPTER_EXPORTS__FOLDER": str(folder / "out"),
        "ADAPTER_EXPORTS__FILE_LINES": str(A_FILE),
    }
    process = start("serve", "--port", str(port), env=os.environ | ours)
    said = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/fhir+json", "Prefer": "respond-async"}
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=said, timeout=30) as http:
            _until_it_answers(process, http)
            yield process, http
    finally:
        process.kill()
        process.wait(10)


def _until_it_answers(process: Process, http: httpx.Client) -> None:
    end = time.monotonic() + 60
    while True:
        assert process.poll() is None and time.monotonic() < end, "the service did not start"
        try:
            http.get("/health")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return


def half(folder: Path) -> list[Path]:
    """Files of which a part is written."""
    found = []
    for each in folder.glob("*.part"):
        with suppress(FileNotFoundError):  # it has just become whole
            if each.stat().st_size:
                found.append(each)
    return found


def test_a_service_that_is_killed_leaves_no_half_page_and_the_next_one_goes_on(tools: Tools, tmp_path: Path) -> None:
    identity, whole, kills = "", set[str](), 0
    for _ in range(TRIES):
        with service(tmp_path) as (process, http):
            identity = identity or started(http)
            if wait_for_a_half(tmp_path / "out" / identity, beside=whole):
                kill(process)
        known = export_now(identity, tools)
        reached = {file.name for file in known.mark.files}
        if known.state is not ExportState.RUNNING:  # it was quicker: another one
            identity, whole, kills = "", set(), 0
        elif reached > whole and half(tmp_path / "out" / identity):
            assert known.mark.count < ACCOUNTS
            whole, kills = reached, kills + 1
        if kills == KILLS:
            break
    assert kills == KILLS, "every export ended before it was killed"
    lost = half(tmp_path / "out" / identity)
    with service(tmp_path) as (_, http):
        place = f"/fhir/$export/{identity}"
        seen = http.get(place)
        if seen.status_code == 202:  # nothing of it can be had before it is whole
            for name in (*whole, *(each.name for each in lost)):
                assert http.get(f"{place}/{name}").status_code in (404, 422)
        end = time.monotonic() + 60
        while (seen := http.get(place)).status_code == 202 and time.monotonic() < end:
            time.sleep(0.05)
        assert seen.status_code == 200, seen.text
        listed = decode(seen.content)["output"]
        files = {each["url"].rpartition("/")[2]: http.get(each["url"]).content for each in listed}
        for each in lost:
            assert http.get(f"{place}/{each.name}").status_code in (404, 422)
    assert whole < files.keys() and not any(each.exists() for each in lost)
    found = [decode(line)["id"] for name in sorted(files) for line in files[name].splitlines()]
    assert found == NAMES, "each once, in order"
    assert [each["count"] for each in listed] == [A_FILE] * (ACCOUNTS // A_FILE)


def started(http: httpx.Client) -> str:
    answer = http.get("/fhir/$export?_type=Account")
    assert answer.status_code == 202, answer.text
    return str(answer.headers["content-location"]).rpartition("/")[2]


def wait_for_a_half(folder: Path, beside: set[str]) -> bool:
    """Until one more file is whole and the next one half written; False where nothing of it is seen in time."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if half(folder) and {each.name for each in folder.glob("*.ndjson")} > beside:
            return True
        time.sleep(0.001)
    return False
