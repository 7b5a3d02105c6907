"""``adapter export`` and ``adapter subscription`` as an operator types them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from adapter.fhir.canonical import canonical, decode, digest_of
from adapter.ledger.rows import ResourceIn
from tests.support.office import act, office
from tests.support.subscriber import receiving
from tests.support.terminal import run as run_command


def run(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    settings = {"ADAPTER_DATABASE_URL": f"sqlite:///{folder / 'adapter.db'}", **env}
    return run_command(*words, cwd=folder, env=os.environ | settings)


def test_an_export_is_written_here_and_now(tmp_path: Path) -> None:
    with office(tmp_path, {}) as tools, tools.ledger.transaction() as tx:
        named = [(kind, f"{kind}-{number}") for kind in ("Coverage", "Encounter", "Patient") for number in range(3)]
        bodies = [canonical({"resourceType": kind, "id": name}) for kind, name in named]
        items = [ResourceIn(*name, body, digest_of(body)) for name, body in zip(named, bodies, strict=True)]
        tx.put_resources("test", None, items, **act(tools).said)
    done = run(tmp_path, "export", "run", "out", "--type", "Encounter", "--type", "Coverage", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [each["name"] for each in told["files"]] == ["Coverage-1.ndjson", "Encounter-1.ndjson"]
    lines = (tmp_path / "out" / "Encounter-1.ndjson").read_bytes().splitlines()
    assert len({decode(line)["id"] for line in lines}) == told["files"][1]["count"] == len(lines) == 3
    one = ("--type", "Encounter", "--filter", "Encounter?_id=Encounter-1", "--element", "status")
    some = run(tmp_path, "export", "run", "some", *one, "--json")
    assert [each["count"] for each in json.loads(some.stdout)["files"]] == [1]
    (line,) = (tmp_path / "some" / "Encounter-1.ndjson").read_bytes().splitlines()
    assert (decode(line)["id"], decode(line)["meta"]["tag"][0]["code"]) == ("Encounter-1", "SUBSETTED")
    refused = run(tmp_path, "export", "run", "none", "--filter", "Encounter?colour=red")
    assert (refused.returncode, "FHIR-202" in refused.stderr, (tmp_path / "none").exists()) == (1, True, False)
    for words in (("out",), ("other", "--patients", "--type", "Organization")):
        assert run(tmp_path, "export", "run", *words).returncode == 2
    refused = run(tmp_path, "export", "run", "adapter.db/out")
    assert (refused.returncode, "CASE-467" in refused.stderr, "ENOTDIR" in refused.stderr) == (1, True, True)
    later = run(tmp_path, "export", "run", "later", "--since", told["at"], "--patients")
    assert later.returncode == 0 and "0 as of" in later.stdout and later.stderr == ""
    assert run(tmp_path, "export", "list", "--json").stdout == "[]\n"
    assert "CASE-469" in run(tmp_path, "export", "cancel", "nothing").stderr


def test_a_subscription_is_seen_and_tried_again(tmp_path: Path) -> None:
    with receiving() as receiver:
        allowed = {"ADAPTER_SUBSCRIPTIONS__ADDRESSES": json.dumps([receiver.base])}
        assert run(tmp_path, "subscription", "list", "--json").stdout == "[]\n"
        unknown = run(tmp_path, "subscription", "retry", "nobody", **allowed)
        assert (unknown.returncode, "CASE-465" in unknown.stderr) == (1, True)
        refused = run(tmp_path, "subscription", "skip", "nothing", "--reason", "test")
        assert (refused.returncode, "CASE-342" in refused.stderr) == (1, True)
        assert run(tmp_path, "deliver", "--json", **allowed).returncode == 0
