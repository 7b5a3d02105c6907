"""The conformance kit at a party that lets in only who signs in: it does so as the product does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import respx
from typer.testing import CliRunner

from adapter.counterparts.conformance.dialects import Target, conform, scenarios_for
from adapter.counterparts.conformance.play import Result
from adapter.counterparts.smart import TokenDesk, load_clients
from adapter.doors.cli.app import app
from adapter.model.issues import AdapterError
from adapter.settings import EndpointSettings, OAuthSettings, Settings
from adapter.wiring import Reached, reached
from tests.support.conformance import MAPPINGS, Here, counterpart_here, site
from tests.support.office import codes
from tests.support.signing_in import CLIENT, SCOPE, clients_file, key_file, signer_of

BASE = "http://here.example/fhir"
SCENARIOS = scenarios_for("fhir", "insurance", MAPPINGS, ["look-up", "reversal"])


@pytest.fixture
def signing(tmp_path: Path) -> OAuthSettings:
    return OAuthSettings(client_id=CLIENT, key=key_file(tmp_path), kid="k1", alg="ES384", scope=SCOPE)


@pytest.fixture
def tokens(tmp_path: Path, signing: OAuthSettings) -> TokenDesk:
    return load_clients(clients_file(tmp_path, signer_of(signing.key).public()))


@pytest.fixture
def closed(tmp_path: Path, tokens: TokenDesk) -> Iterator[Here]:
    """A bureau that wants a token, reached at its address by whoever speaks HTTP."""
    with counterpart_here("bureau", tmp_path / "bureau.sqlite", tokens=tokens) as here, respx.mock as mocked:
        mocked.route(url__startswith=BASE).mock(side_effect=here.wire.handle_request)
        yield here


def settings_with(**more: object) -> Settings:
    return Settings(endpoints={"bureau": EndpointSettings(base_url=BASE, **more)})  # type: ignore[arg-type]


def played(party: Reached) -> list[Result]:
    target = Target(party.url, site(), token=party.token, tls=party.tls)
    return list(conform("fhir", "insurance", target, SCENARIOS))


def test_it_signs_in_and_signs_in_anew(closed: Here, tokens: TokenDesk, signing: OAuthSettings) -> None:
    with reached("bureau", settings_with(oauth=signing)) as party:
        assert all(result.passed for result in played(party))
        assert tokens.given == 1
        tokens.forget()
        results = played(party)
        assert all(result.passed for result in results) and tokens.given == 2
        shown = str(party.token and party.token(None))
        assert shown not in repr((results, party)), "no report shows a token"
        assert not any(result.passed for result in played(replace(party, token=None)))


def test_an_answer_that_repeats_the_token_loses_it(closed: Here, signing: OAuthSettings) -> None:
    closed.wire.change = lambda request, answer: type(answer)(
        400, content=request.headers.get("authorization", "").encode(), request=request
    )
    with reached("bureau", settings_with(token="not-a-real-token")) as party:
        results = played(party)
    assert "Bearer ***" in repr(results) and "not-a-real-token" not in repr((results, party))


def test_who_is_not_registered_plays_nothing(closed: Here, signing: OAuthSettings) -> None:
    stranger = signing.model_copy(update={"client_id": "somebody"})
    with reached("bureau", settings_with(oauth=stranger)) as party, pytest.raises(AdapterError) as caught:
        assert party.token is not None
        party.token(None)
    assert codes(caught.value) == ["DEL-598"]
    closed.script({"match": {"path": "auth/token", "times": 0}, "do": "status", "status": 503})
    with reached("bureau", settings_with(oauth=signing)) as party:
        results = played(party)
    assert not any(result.passed for result in results) and "DEL-632" in repr(results)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--endpoint", "nobody"], "CASE-315"),
        (["--endpoint", "bureau"], "DEL-633"),
        (["--endpoint", "bureau", "--url", BASE], None),
        ([], None),
        (["--endpoint", "tests", "--dialect", "nhsa"], None),
    ],
)
def test_what_the_command_refuses(
    words: list[str], code: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "adapter.toml"
    real, tests = (f'[endpoints.{name}]\nbase_url = "{BASE}"\n' for name in ("bureau", "tests"))
    file.write_text(f"{real}{tests}simulator = true\n", "utf-8")
    monkeypatch.setenv("ADAPTER_SETTINGS", str(file))
    done = CliRunner().invoke(app, ["conform", "insurance", *words])
    if code is None:
        assert done.exit_code == 2
    else:
        assert isinstance(done.exception, AdapterError) and codes(done.exception) == [code]
