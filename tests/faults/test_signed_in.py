"""A whole stay by the commands of a terminal, past two payers that let in only who shows a certificate and a token."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from adapter.model.settlement import Payer
from adapter.payers.delivery.http import mutual_tls
from bench.synthetic.story import write_export
from tests.faults.rig import TWO_CALLS
from tests.support import terminal
from tests.support.counterparts import Counterpart, counterpart
from tests.support.office import FACILITY, SOURCE, case_id, office, shares_of, story
from tests.support.signing_in import CLIENT, SCOPE, Papers, clients_file, key_file, papers_for, signer_of

pytestmark = pytest.mark.slow

CASE = case_id(TWO_CALLS)
DAY = "2021-05-17"
#: What each bears past open doors too.
BORNE = {Payer.BASIC: "423.61", Payer.CRITICAL_ILLNESS: "0.00", Payer.MEDICAL_AID: "402.33", Payer.PATIENT: "181.01"}
#: By endpoint: the simulator, how we sign, what its server is like.
PAYERS: Mapping[str, tuple[str, Literal["RS384", "ES384"], list[str], str]] = {
    "bureau": ("bureau", "RS384", [], ""),
    "civil-affairs": (
        "aid",
        "ES384",
        ["--max-entries", "3"],
        'form = "transaction"\nmax_entries = 3\nconditional = "update"\n',
    ),
}


@pytest.fixture
def papers(tmp_path: Path) -> Papers:
    return papers_for(tmp_path, "server", "hospital")


@pytest.fixture
def payers(tmp_path: Path, papers: Papers) -> Iterator[dict[str, Counterpart]]:
    """Both payers behind mutual TLS and a token endpoint; the settings file that reaches them."""
    (cert, key), (own, own_key) = papers["server"], papers["hospital"]
    tls = mutual_tls("test", cert=own, key=own_key, ca=cert)
    settings = [f'database_url = "sqlite:///{tmp_path / "adapter.db"}"', "retry_first_seconds = 0.1"]
    with ExitStack() as stack:
        found = {}
        for name, (role, alg, more, extra) in PAYERS.items():
            home = tmp_path / role
            home.mkdir()
            signing = key_file(home, alg)
            clients = clients_file(home, signer_of(signing, alg).public())
            more = [*more, "--oauth", str(clients), "--cert", str(cert), "--key", str(key), "--client-ca", str(own)]
            found[name] = stack.enter_context(counterpart(role, store=home / "store.sqlite", more=more, tls=tls))
            settings += [f"[endpoints.{name}]", f'base_url = "{found[name].fhir}"', "simulator = true"]
            settings += ["longest_delay = 1", f'client_cert = "{own}"', f'client_key = "{own_key}"', f'ca = "{cert}"']
            settings += [extra, f"[endpoints.{name}.oauth]", f'client_id = "{CLIENT}"', f'key = "{signing}"']
            settings += ['kid = "k1"', f'alg = "{alg}"', f'scope = "{SCOPE}"']
        (tmp_path / "adapter.toml").write_text("\n".join(settings), "utf-8")
        yield found


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {
        **os.environ,
        "ADAPTER_SETTINGS": str(folder / "adapter.toml"),
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    return terminal.run(*words, env=env)


def done(folder: Path, *words: str) -> Any:
    found = run(folder, *words, "--json")
    assert found.returncode == 0, found.stdout + found.stderr
    return json.loads(found.stdout)


def test_a_stay_is_settled_reversed_and_reconciled_past_closed_doors(
    payers: dict[str, Counterpart], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    bureau, aid = payers["bureau"], payers["civil-affairs"]
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"{bureau.fhir}/ClaimResponse", verify=False)
    assert httpx.get(f"{bureau.fhir}/ClaimResponse", verify=bureau.tls or True).status_code == 401

    export = tmp_path / "export"
    write_export(story(TWO_CALLS), export)
    assert run(tmp_path, "ingest", SOURCE, str(export)).returncode == 0
    aid.script({"match": {"path": "auth/token"}, "do": "status", "status": 503, "times": 1})
    told = done(tmp_path, "settle", CASE)
    assert bureau.state()["settled"] == aid.state()["settled"] == 1
    with office(tmp_path, {}) as tools:
        assert shares_of(TWO_CALLS, tools) == BORNE
        with tools.ledger.reading() as tx:
            sent = [row.message for row in tx.messages_of_case(CASE)]
    assert told["patient_pays"] == BORNE[Payer.PATIENT]
    parts = [each for each in sent if each.operation in ("transaction-part", "transaction")]
    assert len(parts) >= 3, "the aid office takes three entries at a time"

    shown = json.loads(run(tmp_path, "endpoint", "jwk", "civil-affairs").stdout)
    assert shown == signer_of(tmp_path / "aid" / "key.pem").public() and "d" not in shown

    for payer in payers.values():
        payer.forget_tokens()
    asked = bureau.state()["tokens"]
    assert done(tmp_path, "reconcile", "bureau", DAY, "--facility", FACILITY)
    assert bureau.state()["tokens"] > asked
    done(tmp_path, "reverse", CASE, "--reason", "test")
    for payer in payers.values():
        state = payer.state()
        assert (state["settled"], state["duplicates"], state["repeats"]) == (0, {}, {})
        assert state["least_data_breaches"] == {}

    tried = run(tmp_path, "conform", "insurance", "--endpoint", "bureau", "--scenario", "look-up")
    assert (tried.returncode, "1 / 1" in tried.stdout) == (0, True), tried.stdout + tried.stderr

    kept = (tmp_path / "adapter.db").read_bytes()
    assert [secret for secret in (b"eyJ", b"Bearer ", b"PRIVATE KEY") if secret in kept] == []


def test_a_client_that_is_not_registered_loses_no_claim(payers: dict[str, Counterpart], tmp_path: Path) -> None:
    file = tmp_path / "adapter.toml"
    good = file.read_text("utf-8")
    file.write_text(good.replace('kid = "k1"', 'kid = "old"', 1) + "\n", "utf-8")
    export = tmp_path / "export"
    write_export(story(TWO_CALLS), export)
    run(tmp_path, "ingest", SOURCE, str(export))
    waits = run(tmp_path, "settle", CASE, "--wait", "3")
    assert waits.returncode == 1
    with office(tmp_path, {}) as tools, tools.ledger.reading() as tx:
        (first, *_) = tx.messages_of_case(CASE)
        assert {each.outcome for each in tx.receipts(first.message.key)} == {"not-seen"}
        assert tx.receipts(first.message.key)[-1].issues[0].code == "DEL-598"
    file.write_text(good, "utf-8")
    assert run(tmp_path, "settle", CASE).returncode == 0
    assert payers["civil-affairs"].state()["settled"] == 1
