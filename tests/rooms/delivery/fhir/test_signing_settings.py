"""Settings of an OAuth client: who gives the tokens, what is refused before anything is sent, what may be shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapter.model.issues import AdapterError
from adapter.settings import EndpointSettings, OAuthSettings, Settings
from adapter.wiring import open_tools, public_key
from tests.support.signing_in import CLIENT, SCOPE, key_file


def settings(
    folder: Path, *, base: str = "https://insurer.example/fhir", token_url: str | None = None, **more: Any
) -> Settings:
    own = OAuthSettings(client_id=CLIENT, key=key_file(folder), kid="k1", alg="ES384", scope=SCOPE, token_url=token_url)
    insurer = EndpointSettings(base_url=base, oauth=own, **more)
    return Settings(database_url=f"sqlite:///{folder / 'a.db'}", endpoints={"insurer": insurer})


def refused(found: Settings) -> list[str]:
    with pytest.raises(AdapterError) as caught, open_tools(found):
        pass
    return [each.code for each in caught.value.issues]


def test_an_endpoint_signs_in_as_its_settings_say(tmp_path: Path) -> None:
    with open_tools(settings(tmp_path, token_url="https://login.example/token")) as tools:
        wire = tools.endpoints["insurer"]._wire  # type: ignore[attr-defined]
        assert wire.bearer is not None
        assert "authorization" not in wire._client.headers
    with open_tools(Settings(database_url=f"sqlite:///{tmp_path / 'b.db'}")) as tools:
        assert "insurer" not in tools.endpoints


def test_where_oauth_cannot_be_used(tmp_path: Path) -> None:
    assert refused(settings(tmp_path, token="fixed")) == ["CFG-751"]
    assert refused(settings(tmp_path, dialect="folder")) == ["CFG-751"]
    assert refused(settings(tmp_path, token_url="http://login.example/token")) == ["CFG-751"]
    lost = settings(tmp_path)
    (tmp_path / "key.pem").unlink()
    assert refused(lost) == ["CFG-750"]


def test_the_public_key_is_shown_and_nothing_else(tmp_path: Path) -> None:
    found = settings(tmp_path)
    jwk = public_key("insurer", found)
    assert {"kty", "crv", "x", "y", "kid", "alg", "use"} == set(jwk)
    with pytest.raises(AdapterError) as caught:
        public_key("nobody", found)
    assert caught.value.issues[0].code == "CFG-751"
