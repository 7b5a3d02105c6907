"""What is typed at a desk by mistake or malice: refused in words, with nothing kept and no traceback."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapter.doors.cli.app import app, main
from tests.support.service import EXPORT

CASE = "qingshi_county-300010002"
LONG = "x" * 5000

#: Command, its words with one hole, what fills the hole.
TABLE = [
    ("window check {case} identity --by", ["", "   ", LONG, "a\nb", "a\0b", "\x1b[2J"]),
    ("window facts {case} --doctor", ["", "   ", LONG, "a\nb"]),
    ("window facts {case} --admission-order", ["", LONG, "a\0b"]),
    ("window facts {case} --aid-certificate", ["", LONG]),
    ("window facts {case} --by", [" ", LONG]),
    ("window facts {case} --third-party-amount", ["99999999999999999999", "1.005", "1e9", "¥10", "１０"]),
    ("window let-deposit {case} 10.00 --reason", ["", "   ", LONG]),
    ("window let-deposit {case} --reason why", ["99999999999999999999", "10,00", "NaN"]),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("hostile") / "adapter.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ADAPTER_DATABASE_URL", f"sqlite:///{file}")
        assert adapter("ingest", "qingshi_county", *(str(path) for path in sorted(EXPORT.iterdir()))).exit_code in (
            0,
            1,
        )
    return file


@pytest.fixture(autouse=True)
def here(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADAPTER_DATABASE_URL", f"sqlite:///{store}")


def adapter(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def journal() -> int:
    return len(json.loads(adapter("case", "show", CASE, "--json").stdout)["journal"])


@pytest.mark.parametrize(("words", "fillings"), TABLE, ids=[words for words, _ in TABLE])
def test_it_is_refused_and_nothing_is_kept(words: str, fillings: list[str]) -> None:
    before = journal()
    for filling in fillings:
        done = adapter(*words.format(case=CASE).split(), filling)
        assert done.exit_code == 2, (filling, done.output)
        assert isinstance(done.exception, SystemExit), done.exception
    assert journal() == before


def test_the_first_day_of_all_is_a_day_with_nothing_due() -> None:
    done = adapter("notices", "run", "--on", "0001-01-01", "--dry-run", "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (0, [])


@pytest.mark.parametrize(
    "words",
    [
        ("case", "show", "\udcb2\udca1"),
        ("clearing", "show", "\udcb2\udca1"),
        ("window", "check", CASE, "identity", "--by", "W1", "--reason", "\udcb2\udca1"),
    ],
    ids=["id", "endpoint", "reason"],
)
def test_bytes_of_another_encoding_are_named(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """GBK typed at a terminal that is set to UTF-8 reaches Python as surrogates."""
    before = journal()
    monkeypatch.setattr(sys, "argv", ["adapter", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code not in (0, None)
    said = capsys.readouterr()
    assert "CASE-504" in said.err + said.out and "UTF-8" in said.err + said.out
    assert journal() == before


def test_a_full_disk_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["adapter", "statistics", "--month", "2021-05", "--csv", "/dev/full"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    said = capsys.readouterr()
    assert "CASE-491" in said.err + said.out
