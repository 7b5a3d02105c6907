"""Certificates written once hold for ever, and their bills settle again to the fen; sheets read as they did."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapter.rules.certificate.compare import changes
from adapter.rules.certificate.verify import verify
from adapter.rules.settlement.certificate import certificate
from adapter.rules.settlement.printed import EN, ZH
from tests.support.certificates import CERTIFICATES, Story, certificate_file, printed, settle, sheet_file, stories
from tests.support.settlement import by_name

STORIES = stories()


def kept(story: Story) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(certificate_file(story).read_text(encoding="utf-8"))
    return found


def test_every_certificate_has_its_story_and_every_story_its_certificate() -> None:
    assert {path.stem for path in CERTIFICATES.glob("*.json")} == {story["name"] for story in STORIES}


@pytest.mark.parametrize("story", STORIES, ids=by_name)
def test_an_old_certificate_still_verifies(story: Story) -> None:
    assert verify(kept(story)) == []


@pytest.mark.parametrize("story", STORIES, ids=by_name)
def test_the_same_facts_give_the_same_fen_today(story: Story) -> None:
    assert changes(kept(story), certificate(settle(story))) == []


@pytest.mark.parametrize("language", [ZH, EN])
@pytest.mark.parametrize("story", STORIES, ids=by_name)
def test_the_sheet_reads_as_it_did(story: Story, language: str) -> None:
    assert printed(story, language) == sheet_file(story, language).read_text(encoding="utf-8")


@pytest.mark.parametrize("story", STORIES, ids=by_name)
def test_a_sheet_shows_every_amount_and_article_in_both_languages(story: Story) -> None:
    settlement = settle(story)
    for language in (ZH, EN):
        text = printed(story, language)
        for share in settlement.shares:
            assert str(share.amount) in text or share.payer in settlement.not_modelled
        assert all(step.because.cite in text for step in settlement.steps if step.payer != "patient")
