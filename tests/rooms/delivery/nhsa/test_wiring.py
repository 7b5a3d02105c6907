"""An endpoint of the platform comes from the settings, and says what they lack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapter.model.issues import AdapterError
from adapter.payers.delivery.endpoints.nhsa.endpoint import NhsaEndpoint
from adapter.settings import load_settings
from adapter.wiring import open_tools
from tests.support.office import codes

OWN = {
    "region": "test_coastal",
    "fixmedins_code": "H99990100001",
    "fixmedins_name": "清石县人民医院",
    "division": "999901",
    "opter": "901",
    "opter_name": "医保办",
    "mac": "00-00-5E-00-53-01",
    "ip": "192.0.2.1",
    "keys": {"paasid": "p", "secret": "hush-hush"},
}


def opened(folder: Path, **changed: Any) -> NhsaEndpoint:
    """The endpoint of these settings; a setting changed to None is left out."""
    own = {name: value for name, value in {**OWN, **changed}.items() if value is not None}
    city = {"base_url": "https://bureau.example/fsi/api/", "dialect": "nhsa", "simulator": True, "nhsa": own}
    settings = load_settings(database_url=f"sqlite:///{folder}/adapter.db", endpoints={"city": city})
    assert "hush-hush" not in repr(settings)
    with open_tools(settings) as tools:
        found = tools.endpoints["city"]
    assert isinstance(found, NhsaEndpoint)
    return found


def test_an_endpoint_of_the_settings(tmp_path: Path) -> None:
    endpoint = opened(tmp_path)
    assert endpoint.config.base_url == "https://bureau.example/fsi/api"
    assert endpoint.config.longest_delay == 300
    assert [str(stage) for stage in endpoint.stages] == ["admit", "charges"]
    assert opened(tmp_path, region="national").config.longest_delay == 600


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"region": "atlantis"}, "CFG-730"),
        ({"keys": {}}, "CFG-731"),
        ({"mac": ""}, "CFG-735"),
        ({"division": "99"}, "CFG-702"),
        ({"opter": None}, "CFG-702"),
        ({"regoin": "x"}, "CFG-702"),
    ],
)
def test_settings_that_do_not_do(changed: dict[str, Any], code: str, tmp_path: Path) -> None:
    with pytest.raises(AdapterError) as caught:
        opened(tmp_path, **changed)
    assert codes(caught.value) == [code]


def test_a_dialect_without_its_settings_is_refused(tmp_path: Path) -> None:
    city = {"base_url": "https://bureau.example", "dialect": "nhsa"}
    settings = load_settings(database_url=f"sqlite:///{tmp_path}/adapter.db", endpoints={"city": city})
    with pytest.raises(AdapterError) as caught, open_tools(settings):
        pass
    assert codes(caught.value) == ["CFG-735"]


def test_keys_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADAPTER_ENDPOINTS__CITY__BASE_URL", "https://bureau.example")
    for name, value in OWN.items():
        if isinstance(value, str):
            monkeypatch.setenv(f"ADAPTER_ENDPOINTS__CITY__NHSA__{name.upper()}", value)
    monkeypatch.setenv("ADAPTER_ENDPOINTS__CITY__NHSA__KEYS", '{"secret": "hush-hush"}')
    own = load_settings().endpoints["city"].nhsa
    assert own is not None
    assert own.keys["secret"].get_secret_value() == "hush-hush"
    assert "hush-hush" not in repr(own)
