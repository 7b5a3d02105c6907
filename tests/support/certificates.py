"""Certificates and sheets of fixtures/settlement. ``python -m tests.support.certificates --write`` makes new ones."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapter.model.settlement import Payer, Settlement
from adapter.rules.policy.load import read_plain
from adapter.rules.policy.scheme import ResolvedLayer
from adapter.rules.settlement.adjudicate import adjudicate
from adapter.rules.settlement.certificate import certificate
from adapter.rules.settlement.facts import read_facts
from adapter.rules.settlement.printed import EN, ZH, sheet
from tests.support.settlement import ROOT, book

CERTIFICATES = ROOT / "fixtures/settlement/certificates"
SHEETS = ROOT / "fixtures/settlement/sheets"
Story = Mapping[str, Any]


def stories() -> list[Story]:
    found: list[Story] = list(read_plain(CERTIFICATES / "stories.yaml"))
    return found


def certificate_file(story: Story) -> Path:
    return CERTIFICATES / f"{story['name']}.json"


def sheet_file(story: Story, language: str) -> Path:
    return SHEETS / f"{story['name']}.{language}.txt"


def settle(story: Story) -> Settlement:
    """The story under the plan files of today, at its own day."""
    if "scheme" in story:
        layers: tuple[ResolvedLayer, ...] = book().layers(story["scheme"])
    else:
        plans = [book().plan(name) for name in story["plans"]]
        layers = tuple(ResolvedLayer(Payer(str(plan.payer)), plan) for plan in plans)
    read = read_facts(story["facts"])
    name = str(story.get("scheme", "plans"))
    return adjudicate(read.claim, read.accrued, layers, scheme=name, test_profile=False, answers=read.answers)


def printed(story: Story, language: str) -> str:
    return "\n".join(sheet(settle(story), language)) + "\n"


def main() -> int:
    if sys.argv[1:] != ["--write"]:
        print(__doc__)
        return 2
    for story in stories():
        path = certificate_file(story)
        if not path.exists():  # kept for ever: never written over
            text = json.dumps(certificate(settle(story)), ensure_ascii=False, indent=1)
            path.write_text(f"{text}\n", encoding="utf-8")
        for language in (ZH, EN):
            sheet_file(story, language).write_text(printed(story, language), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
