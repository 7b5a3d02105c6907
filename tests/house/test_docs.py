"""The pages against the code: commands, settings, links, the import table, nothing of any one machine."""

from __future__ import annotations

import ast
import re
import shlex
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel, SecretStr

from adapter.doors.cli.app import app
from adapter.settings import (
    AidXmlSettings,
    EndpointSettings,
    FolderSettings,
    MllpSettings,
    NhsaSettings,
    OAuthSettings,
    Settings,
)
from tests.house.recipe import ROOT, Step, at_a_terminal, blocks, environment, missing, run, steps
from tests.house.test_imports import FILES, MAY_IMPORT, OUTSIDE

DOCS = ROOT / "docs"
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/*.md", "fixtures/**/*.md", "mappings/**/*.md", "bench/*.md", "tests/**/*.md")
    for page in ROOT.glob(pattern)
    if "node_modules" not in page.parts
)
README, README_ZH, GUIDE = ROOT / "README.md", ROOT / "README.zh.md", DOCS / "user-guide.md"


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


# -- commands ----------------------------------------------------------------------------------------------------------


def commands() -> dict[str, set[str]]:
    """Every command with its options. The root is the empty name."""
    found: dict[str, set[str]] = {}

    def walk(command: object, name: str) -> None:
        params = getattr(command, "params", ())
        options = {option for param in params for option in param.opts if option.startswith("--")}
        below = getattr(command, "commands", {})
        if not below or not name:
            found[name] = options
        for word, each in below.items():
            walk(each, f"{name} {word}".strip())

    walk(typer.main.get_command(app), "")
    return found


COMMANDS = commands()


def wrong_with(line: str) -> str | None:
    """What is wrong with a printed ``adapter …`` command, or None."""
    words = shlex.split(line, comments=True)
    while words and ("=" in words[0] or words[0] == "env"):
        words.pop(0)
    if not words or Path(words[0]).name != "adapter":
        return None
    words = words[1:]
    for stop in ("|", "&", ">", "2>", "2>&1", "&&", ";"):
        if stop in words:
            words = words[: words.index(stop)]
    name = next((" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in COMMANDS), "")
    if not name and not (words and words[0].startswith("--")):
        return f"no such command: {line}"
    given = [word.partition("=")[0] for word in words if word.startswith("--")]
    unknown = [option for option in given if option not in {*COMMANDS[name], "--help"}]
    return f"no such option {unknown}: {line}" if unknown else None


def printed_commands(page: Path) -> Iterator[str]:
    for block in blocks(page):
        if block.language == "console":
            for step in steps(block):
                yield from (part.rstrip(";") for part in step.command.split(" && "))


def sections() -> dict[str, str]:
    """The user guide's section of each command."""
    parts = re.split(r"^### `adapter ([a-z -]+)`$", GUIDE.read_text("utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_user_guide_has_every_command_and_no_other() -> None:
    assert set(sections()) == {name for name in COMMANDS if name}


@pytest.mark.parametrize("name", [name for name in COMMANDS if name])
def test_the_user_guide_has_every_option_and_an_example(name: str) -> None:
    section = sections()[name]
    listed = set(re.findall(r"^\| `(--[a-z-]+)", section, flags=re.MULTILINE))
    assert listed == COMMANDS[name] - {"--help"}
    assert f"$ adapter {name}" in section


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_printed_commands_exist(page: Path) -> None:
    assert [wrong for line in printed_commands(page) if (wrong := wrong_with(line))] == []


def test_a_wrong_command_is_seen() -> None:
    assert wrong_with("adapter case list --held | wc -l") is None
    assert wrong_with("A=b adapter --version") is None
    assert wrong_with("adapter case lists") and wrong_with("adapter case list --hold") and wrong_with("adapter")


@pytest.mark.parametrize("page", [README, README_ZH], ids=name_of)
def test_make_targets_in_the_readme_exist(page: Path) -> None:
    named = re.findall(r"\bmake ([a-z]+)\b", "\n".join(re.findall(r"`[^`]+`|^\$.*$", page.read_text("utf-8"), re.M)))
    known = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE))
    assert named and set(named) <= known


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
def test_the_first_settlement_of_both_readmes_works(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """They give the same commands, which run once; the output is what each page shows."""
    (block,), (same,) = ([block for block in blocks(page) if block.info == "run"] for page in (README, README_ZH))
    assert [step.command for step in steps(block)] == [step.command for step in steps(same)]
    text = block.body.replace("out/first", str(tmp_path))
    terminal = tmp_path_factory.mktemp("terminal")
    for printed in ("9001", "9002"):
        text = text.replace(printed, str(free_port()))
    lines = [line[2:] for line in text.splitlines() if line.startswith("$ ") and "activate" not in line]
    output = run("\n".join([*lines, "wait"]), ROOT, at_a_terminal(terminal), seconds=240)
    for page in (block, same):
        shown_lines = [line for step in steps(page) for line in step.shown]
        assert len(shown_lines) >= 5
        assert missing(Step("the whole block", tuple(shown_lines)), output) is None, output


# -- settings ----------------------------------------------------------------------------------------------------------


def tables(page: Path, head: str) -> dict[str, str]:
    """First column (without backticks) → second column of the table whose head begins so."""
    lines = iter(page.read_text("utf-8").splitlines())
    for line in lines:
        if line.startswith(head):
            next(lines)
            break
    rows = {}
    for line in lines:
        if not line.startswith("|"):
            break
        first, second = re.split(r"(?<!\\)\|", line)[1:3]
        rows[first.strip().strip("`")] = second.strip().strip("`")
    return rows


def shown(default: object) -> str:
    if default is None or isinstance(default, SecretStr):
        return "–"
    return str(default).lower() if isinstance(default, bool) else str(default)


def settings_of(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str]]:
    """Every variable with its default; of a part with settings of its own, each of those."""
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            yield from settings_of(type(default), f"{prefix}{name.upper()}__")
        else:
            yield f"{prefix}{name.upper()}", shown(default)


def test_every_setting_is_documented_with_its_default() -> None:
    wanted = dict(settings_of(Settings, "ADAPTER_"))
    assert tables(DOCS / "operations.md", "| variable |") == {"ADAPTER_SETTINGS": "–", **wanted}


@pytest.mark.parametrize(
    ("head", "model"),
    [
        ("| key |", EndpointSettings),
        ("| key of endpoints.NAME.oauth |", OAuthSettings),
        ("| key of endpoints.NAME.nhsa |", NhsaSettings),
        ("| key of endpoints.NAME.aid_xml |", AidXmlSettings),
        ("| key of listen.mllp |", MllpSettings),
        ("| key of listen.folder |", FolderSettings),
    ],
)
def test_every_key_of_a_group_is_documented_with_its_default(head: str, model: type[BaseModel]) -> None:
    wanted = {
        name: "required" if field.is_required() else shown(field.default) for name, field in model.model_fields.items()
    }
    assert tables(DOCS / "operations.md", head) == wanted


def test_the_settings_file_of_the_page_is_accepted(tmp_path: Path) -> None:
    example = "\n".join(block.body for block in blocks(DOCS / "operations.md") if block.language == "toml")
    file = tmp_path / "adapter.toml"
    file.write_text(example, encoding="utf-8")
    said = run(
        "python -c 'from adapter.settings import load_settings; print(load_settings())'",
        ROOT,
        environment(ADAPTER_SETTINGS=str(file), ADAPTER_ENDPOINTS='{"civil-affairs": {"token": "kept-secret"}}'),
    )
    assert "longest_delay=900" in said and "form='transaction'" in said and "kept-secret" not in said
    assert "port=2575" in said and "group='all'" in said


def test_verify_and_rebuild_work_as_printed(tmp_path: Path) -> None:
    (snippet,) = [block.body for block in blocks(DOCS / "operations.md") if block.info == "run"]
    file = tmp_path / "snippet.py"
    file.write_text(snippet, encoding="utf-8")
    said = run(f"python {file}", ROOT, environment(ADAPTER_DATABASE_URL=f"sqlite:///{tmp_path}/adapter.db"))
    assert said == "0 issues\n0 lines replayed\n"


# -- architecture ------------------------------------------------------------------------------------------------------


def test_the_import_table_is_that_of_the_code() -> None:
    page = tables(DOCS / "architecture.md", "| room | may import |")
    told = {room: set(re.findall(r"[a-z_.]+", rooms)) for room, rooms in page.items()}
    wanted = {room: set(rooms) for room, rooms in MAY_IMPORT.items()}
    assert told == wanted


def test_the_outside_world_of_the_page_is_that_of_the_code() -> None:
    page = tables(DOCS / "architecture.md", "| module |")
    assert {name: set(re.findall(r"[a-z_.]+", rooms)) for name, rooms in page.items()} == {
        name: set(rooms) for name, rooms in OUTSIDE.items()
    }


# -- links, words, docstrings ------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken(page: Path) -> list[str]:
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            wrong.append(target)
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_between_pages_resolves(page: Path) -> None:
    assert broken(page) == []


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=name_of)
def test_the_readme_leads_to_every_page(page: Path) -> None:
    assert f"docs/{page.name}" in README.read_text("utf-8")
    assert f"docs/{page.name}" in README_ZH.read_text("utf-8")


def test_both_readmes_lead_to_the_same_places() -> None:
    def targets(page: Path) -> set[str]:
        return set(re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8"))) - {"README.md", "README.zh.md"}

    assert targets(README) == targets(README_ZH)


#: Folders of one machine and papers that are not part of the project; written so that this file does not name them.
FOREIGN = re.compile(r"(?<![\w.])/(?:" + "|".join(("work", "root", "home", "tmp", "Users")) + r")/|\.\./sha" "red")


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_one_machine() -> None:
    found = []
    for path in tracked():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # exports in GB18030 and the like
        found += [f"{name_of(path)}:{n}" for n, line in enumerate(text.splitlines(), 1) if FOREIGN.search(line)]
    assert found == []


def test_every_module_says_what_it_is() -> None:
    assert [name_of(path) for path in FILES if not ast.get_docstring(ast.parse(path.read_text("utf-8")))] == []
