"""Lets schemathesis, which this project did not write, ask every address of a served OpenAPI document.

It is told ids that exist, so that it gets past "not found", and which of its checks are not ours to keep:

- ``positive_data_acceptance``: a request of the right form is refused (422) where the case's data or the rules do not
  allow it; no schema can say that a stay was settled already.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.conformance.hospital import CHANGED, WRITES, Hospital
from tests.support.service import SOURCE

_COUNTED = re.compile(r"API Operations:\s+Selected: (\d+)/(\d+).*?Test cases:\s+(\d+) generated", re.DOTALL)
_FOUND = re.compile(r"=+ FAILURES =+.*", re.DOTALL)
_FIRST_WORDS_OF_A_FINDING = 8000


@dataclass(frozen=True, slots=True)
class Explored:
    """What one run asked, and what it found; ``told`` is empty when there is nothing."""

    operations: int
    requests: int
    told: str


def explore(served: Hospital, folder: Path, options: Sequence[str], *, brief: bool) -> Explored:
    """Run schemathesis against the service.

    Args:
        folder: where its settings and its notes are put.
        options: of ``schemathesis run``: phases, examples, seed.
        brief: fewer wrong methods; the R5 base, whose routes are those of the R4 base, only with random requests.
    """
    settings = folder / "schemathesis.toml"
    settings.write_text(_settings(_known(served), brief=brief), "utf-8")
    run = subprocess.run(
        [
            *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
            *("--config-file", str(settings), "run", f"{served.base}/openapi.json"),
            *("--no-color", "--continue-on-failure", "--warnings", "off"),
            *("--header", f"Authorization: {served.headers['Authorization']}"),
            *options,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    counted = _COUNTED.search(run.stdout)
    if counted is None:
        raise AssertionError(f"schemathesis broke: {run.stdout[-2000:]}{run.stderr[-2000:]}")
    found = _FOUND.search(run.stdout)
    told = "" if run.returncode == 0 else (found.group() if found else run.stdout[-2000:])
    assert counted[1] == counted[2], "addresses were left out"
    return Explored(int(counted[1]), int(counted[3]), told[:_FIRST_WORDS_OF_A_FINDING])


def _known(served: Hospital) -> Mapping[str, Sequence[str]]:
    """Ids that exist, by the parameter that takes them."""
    with httpx.Client(base_url=served.base, headers=served.headers) as http:
        stay = http.get("/fhir/Encounter", params={"identifier": CHANGED}).raise_for_status().json()
        parked = http.get("/parked").raise_for_status().json()
    return {
        "path.case_id": [f"{SOURCE}-{number}" for number in (CHANGED, "300010002", "300010016")],
        "path.source": [SOURCE],
        "header.x-source": [WRITES],
        "path.parked_id": [each["id"] for each in parked["parked"]],
        "path.kind": ["Encounter"],
        "path.identity": [stay["entry"][0]["resource"]["id"]],
    }


def _settings(known: Mapping[str, Sequence[str]], *, brief: bool) -> str:
    lines = []
    for number, (parameter, values) in enumerate(known.items()):
        lines += [f"[dictionaries.known{number}]", f"values = {json.dumps(values)}"]
        lines += [f'[parameters."{parameter}"]', f'dictionary = "known{number}"', "probability = 0.7"]
    lines += ["[checks.positive_data_acceptance]", "enabled = false"]
    if brief:
        lines += ["[phases.coverage]", 'unexpected-methods = ["OPTIONS", "DELETE"]']
        lines += ["[[operations]]", "include-path-regex = '^/fhir/r5/'", "phases.coverage.enabled = false"]
    return "\n".join([*lines, ""])
