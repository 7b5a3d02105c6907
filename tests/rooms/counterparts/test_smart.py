"""The token endpoint of a simulator: a proof is good once, here, for five minutes, signed by a registered key."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from adapter.counterparts.assess import Assessor
from adapter.counterparts.catalogue import load_lists
from adapter.counterparts.desk import Desk
from adapter.counterparts.faults import Faults
from adapter.counterparts.seed import load_seed
from adapter.counterparts.smart import ASSERTION_TYPE, Client, NotGiven, TokenDesk, load_clients
from adapter.counterparts.smart_web import sign_in
from adapter.counterparts.store import Store
from adapter.counterparts.terms import PlanBook
from adapter.counterparts.web import build
from tests.support.counterparts import ROOT
from tests.support.signing_in import CLIENT, clients_file

BASE = "http://counterpart:8080"
URL = f"{BASE}/fhir/auth/token"
NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
KEY = ECKey.generate_key("P-384")
OTHER = ECKey.generate_key("P-384")
GOOD: dict[str, Any] = {
    "iss": CLIENT,
    "sub": CLIENT,
    "aud": URL,
    "exp": int((NOW + timedelta(minutes=5)).timestamp()),
    "jti": "once",
}


def desk(tmp_path: Path, **more: Any) -> TokenDesk:
    public = {**KEY.as_dict(private=False), "kid": "k1"}
    found = load_clients(clients_file(tmp_path, public, **more))
    found.now = lambda: NOW.timestamp()
    return found


def form(claims: dict[str, Any], *, key: ECKey = KEY, kid: str = "k1", **more: str) -> bytes:
    proof = jwt.encode({"alg": "ES384", "kid": kid}, claims, key, algorithms=["ES384"])
    said = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "scope": "system/*.cruds"}
    return urlencode({**said, "client_assertion": proof, **more}).encode()


def error_of(asked: TokenDesk, body: bytes) -> str:
    with pytest.raises(NotGiven) as caught:
        asked.token(body, URL)
    assert caught.value.status == (401 if caught.value.error == "invalid_client" else 400)
    return caught.value.error


def test_a_good_proof_is_good_once(tmp_path: Path) -> None:
    asked = desk(tmp_path, token_seconds=60)
    told = asked.token(form(GOOD), URL)
    assert (told["token_type"], told["expires_in"], told["scope"]) == ("bearer", 60, "system/*.cruds")
    asked.admit(f"Bearer {told['access_token']}", "Claim", "c")
    assert error_of(asked, form(GOOD)) == "invalid_client", "replayed"
    assert asked.token(form({**GOOD, "jti": "twice"}), URL)["access_token"] != told["access_token"]
    assert asked.given == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "https://elsewhere.example/token"},
        {"aud": []},
        {"sub": "somebody"},
        {"iss": "somebody"},
        {"exp": int(NOW.timestamp())},
        {"exp": int((NOW + timedelta(minutes=5, seconds=1)).timestamp())},
        {"exp": "tomorrow"},
        {"jti": ""},
        {"jti": 7},
    ],
    ids=str,
)
def test_a_proof_that_is_not_good(tmp_path: Path, changed: dict[str, Any]) -> None:
    assert error_of(desk(tmp_path), form({**GOOD, **changed})) == "invalid_client"


def test_a_proof_without_one_of_its_claims(tmp_path: Path) -> None:
    for name in GOOD:
        assert error_of(desk(tmp_path), form({k: v for k, v in GOOD.items() if k != name})) == "invalid_client"


def test_a_proof_by_another_hand(tmp_path: Path) -> None:
    asked = desk(tmp_path)
    plain = ECKey.generate_key("P-256")
    weak = jwt.encode({"alg": "ES256", "kid": "k1"}, GOOD, plain, algorithms=["ES256"])
    none = "eyJhbGciOiJub25lIiwia2lkIjoiazEifQ." + weak.split(".")[1] + "."
    for body in (
        form(GOOD, key=OTHER),
        form(GOOD, kid="k2"),
        form(GOOD, client_assertion=weak),
        form(GOOD, client_assertion=none),
        form(GOOD, client_assertion="x.y.z"),
        form(GOOD, client_assertion_type="urn:other"),
    ):
        assert error_of(asked, body) == "invalid_client"
    assert asked.token(form(GOOD), URL)


def test_what_else_is_refused(tmp_path: Path) -> None:
    asked = desk(tmp_path, scope="system/Claim.c")
    assert error_of(asked, form(GOOD, grant_type="password")) == "unsupported_grant_type"
    assert error_of(asked, form(GOOD)) == "invalid_scope"
    assert error_of(asked, form({**GOOD, "jti": "2"}, scope="")) == "invalid_scope"
    assert error_of(asked, form(GOOD) + b"&grant_type=client_credentials") == "invalid_request"
    assert error_of(asked, b"\xff") == "invalid_request"


@pytest.mark.parametrize("spoil", ["", "[]", '{"clients": {"a": {}}}', "private", "nameless"])
def test_a_client_file_that_cannot_be_used(tmp_path: Path, spoil: str) -> None:
    public = {**KEY.as_dict(private=spoil == "private"), **({} if spoil == "nameless" else {"kid": "k"})}
    file = clients_file(tmp_path, public)
    if spoil not in ("private", "nameless"):
        file.write_text(spoil, "utf-8")
    with pytest.raises(ValueError, match=r"clients\.json"):
        load_clients(file)


Ask = Callable[..., httpx.Response]


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Ask]:
    seed = load_seed(ROOT / "fixtures/endpoints/bureau.yaml")
    store = Store(tmp_path / "store.sqlite")
    plans = PlanBook.load(ROOT / "mappings", seed, [])
    own = desk(tmp_path)
    bureau = Desk("bureau", store, Assessor(seed, plans, load_lists(seed.items)))
    app = build(bureau, Faults(), own)
    sign_in(app, own)

    async def ask(method: str, path: str, **more: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as client:
            return await client.request(method, path, **more)

    yield lambda *words, **more: asyncio.run(ask(*words, **more))
    store.close()


SEARCH = "/fhir/ClaimResponse?request:identifier=https://pay-after-care.example/fhir/sid/claim|k"


def test_nobody_comes_in_without_a_token_that_is_good_now(web: Ask) -> None:
    found = web("GET", "/fhir/.well-known/smart-configuration").json()
    assert (found["token_endpoint"], found["token_endpoint_auth_methods_supported"]) == (URL, ["private_key_jwt"])
    told = web("POST", "/fhir/auth/token", content=form(GOOD))
    assert (told.status_code, told.headers["cache-control"]) == (200, "no-store")
    shown = {"Authorization": f"Bearer {told.json()['access_token']}"}
    assert web("GET", SEARCH, headers=shown).status_code == 200
    for headers, challenge in (({}, "Bearer"), ({"Authorization": "Bearer x"}, 'Bearer error="invalid_token"')):
        refused = web("GET", SEARCH, headers=headers)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, challenge)
        assert refused.json()["resourceType"] == "OperationOutcome"
    web("POST", "/control/forget-tokens")
    assert web("GET", SEARCH, headers=shown).status_code == 401
    assert web("GET", "/control/state").json()["tokens"] == 1
    assert web("POST", "/fhir/auth/token", content=form(GOOD)).json()["error"] == "invalid_client"


def test_a_scope_reaches_as_far_as_it_says() -> None:
    own = TokenDesk({"a": Client(keys=None, scope=frozenset())})  # type: ignore[arg-type]
    own._tokens["t"] = (own.now() + 60, frozenset({"system/Claim.c", "system/ClaimResponse.rs", "patient/*.cruds"}))
    own.admit("bearer t", "Claim", "c")
    own.admit("Bearer t", "ClaimResponse", "s")
    for kind, letter in (("Claim", "s"), ("CoverageEligibilityRequest", "c")):
        with pytest.raises(Exception, match="not in scope"):
            own.admit("Bearer t", kind, letter)
    assert json.dumps(NotGiven("invalid_scope", "w").told()) == '{"error": "invalid_scope", "error_description": "w"}'
