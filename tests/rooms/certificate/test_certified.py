"""The certificate as bytes: its digest stands in its place, its keys are sorted, and repeated work changes nothing."""

from __future__ import annotations

import hashlib
import json

import pytest

from adapter.rules.certificate.verify import verify
from adapter.rules.settlement.certificate import certificate, certified, digest_of
from tests.support.certificates import Story, settle, stories
from tests.support.settlement import by_name


@pytest.mark.parametrize("story", stories(), ids=by_name)
def test_the_bytes_are_sorted_json_and_the_digest_is_theirs(story: Story) -> None:
    settlement = settle(story)
    made = certified(settlement)
    document = json.loads(made.body)
    assert made.body == _canonical(document)
    assert document == certificate(settlement)
    assert document.pop("digest") == made.digest == hashlib.sha256(_canonical(document)).hexdigest()
    assert digest_of(document) == made.digest
    assert verify(json.loads(made.body)) == []


@pytest.mark.parametrize("story", stories(), ids=by_name)
def test_settling_again_gives_the_same_bytes(story: Story) -> None:
    assert certified(settle(story)) == certified(settle(story))


def _canonical(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
