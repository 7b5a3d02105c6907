"""Every law of a settlement on some examples; ``python -m bench.properties`` takes 20,000 of each."""

from __future__ import annotations

import pytest

from bench.laws import LAWS
from bench.properties import checked, main


@pytest.mark.parametrize("name", LAWS)
def test_the_law_holds(name: str) -> None:
    checked(LAWS[name], 25)()


def test_a_broken_law_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def never(case: object) -> None:
        raise AssertionError("never holds")

    monkeypatch.setitem(LAWS, "never", never)  # type: ignore[arg-type]
    monkeypatch.setattr("bench.properties.checked", lambda law, examples: lambda: law(None))
    assert main(["--examples", "5", "never"]) == 1
    assert "never: BROKEN" in capsys.readouterr().out
    monkeypatch.setitem(LAWS, "never", lambda case: None)  # type: ignore[arg-type]
    assert main(["--examples", "5", "never"]) == 0
