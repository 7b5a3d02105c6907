"""docs/mapping-tutorial.md works as it is printed: its files are written, its commands run, its output appears."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.house.recipe import ROOT, Step, at_a_terminal, blocks, missing, run, steps

PAGE = ROOT / "docs" / "mapping-tutorial.md"


@pytest.mark.slow
def test_the_tutorial_works_step_by_step(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "mappings", tmp_path / "mappings")
    (tmp_path / "bin").mkdir()
    env = at_a_terminal(tmp_path / "bin")
    ran = 0
    for block in blocks(PAGE):
        if block.info == "run":
            for step in steps(block):
                if step.command.startswith("export "):
                    env |= dict(each.split("=", 1) for each in step.command.split()[1:])
                    continue
                output = run(step.command, tmp_path, env)
                assert missing(step, output) is None, f"$ {step.command}\n{output}"
                ran += 1
        elif block.info:
            file = tmp_path / block.info
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.body, encoding="utf-8")
    assert ran >= 10


def test_output_that_does_not_appear_is_seen() -> None:
    assert missing(Step("x", ("a 1", "b 2")), "│a │ 1 │\n│b │ 2 │") is None
    assert missing(Step("x", ("b 2", "a 1")), "a 1\nb 2") == "a 1"
    assert missing(Step("x", ("c",)), "a\nb") == "c"
