"""Whom a subscription may tell: only who the settings name."""

from __future__ import annotations

import pytest

from adapter.cases.subscriptions_checked import allowed


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://hooks.example/a", True),
        ("https://HOOKS.example:443/a/b", True),
        ("https://hooks.example/ab", False),
        ("https://hooks.example/", False),
        ("http://hooks.example/a", False),
        ("https://hooks.example:8443/a", False),
        ("https://hooks.example/a/../secret", False),
        ("https://hooks.example/a/%2e%2e/secret", False),
        ("https://hooks.example/a?x=1", False),
        ("https://user@hooks.example/a", False),
        ("https://hooks.example.evil.example/a", False),
        ("https://hooks.example\\@evil.example/a", False),
        ("http://169.254.169.254/latest", False),
        ("ftp://hooks.example/a", False),
        ("https://hooks.example:99999/a", False),
    ],
)
def test_only_addresses_of_the_settings_may_be_told(url: str, may: bool) -> None:
    assert allowed(url, ("https://hooks.example/a",)) is may
    assert not allowed(url, ())
    assert not allowed("https://hooks.example/a/" + "b" * 70_000, ("https://hooks.example/a",))
