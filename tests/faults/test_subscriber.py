"""A subscriber whose service is killed while it tells him something, and who falls silent, then refuses: he hears all.

Real processes: a notice may come twice under one key, none is lost, and the versions of a resource come in order.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapter.cases.subscriptions import subscribe, try_again
from adapter.cases.tools import SubscriberRules, Tools
from adapter.fhir.canonical import canonical, decode, digest_of
from adapter.ledger.rows import MessageState, ResourceIn
from tests.faults.rig import LEASE_SECONDS, until
from tests.support.office import act, office
from tests.support.subscriber import HANGS, Receiver, receiving
from tests.support.terminal import started

pytestmark = pytest.mark.slow

WAITING = (MessageState.PENDING, MessageState.LEASED, MessageState.PARKED)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    with office(tmp_path, {}) as opened:
        yield opened


@contextmanager
def service(folder: Path, receiver: Receiver) -> Iterator[None]:
    """``adapter serve`` over the folder's ledger, killed at the end of the block."""
    settings = folder / "settings.toml"
    settings.write_text(
        f'database_url = "sqlite:///{folder / "adapter.db"}"\nlease_seconds = {LEASE_SECONDS}\nnotices_at = "off"\n'
        f"retry_first_seconds = 0.1\nretry_most_seconds = 0.5\nretry_limit = 2\n"
        f'[subscriptions]\naddresses = ["{receiver.base}"]\ntimeout = 1\n',
        "utf-8",
    )
    with started("serve", "--port", "0", env=os.environ | {"ADAPTER_SETTINGS": str(settings)}):
        yield


def change(tools: Tools, *names: str) -> None:
    """The next version of each resource, in a transaction of its own."""
    for name in names:
        with tools.ledger.transaction() as tx:
            there = tx.resource("Account", name)
            number = 1 if there is None else there.version + 1
            body = canonical({"resourceType": "Account", "id": name, "status": "active", "name": f"version {number}"})
            tx.put_resources("test", None, [ResourceIn("Account", name, body, digest_of(body))], **act(tools).said)


def standing(tools: Tools) -> tuple[str, str]:
    """R4's status of the subscription, and the code of its error."""
    with tools.ledger.reading() as tx:
        row = tx.resource("Subscription", "s1")
    assert row is not None
    resource: dict[str, Any] = decode(row.body)
    return resource["status"], resource.get("error", "").partition(":")[0]


def waiting(tools: Tools) -> int:
    with tools.ledger.reading() as tx:
        return len(tx.outbox(endpoint="subscription:s1", states=WAITING))


def check_heard(tools: Tools, receiver: Receiver) -> None:
    """Every version came, a repetition is the same to the byte, none came after a later one of its resource."""
    versions: defaultdict[str, list[int]] = defaultdict(list)
    bodies: defaultdict[str, set[bytes]] = defaultdict(set)
    for each in receiver.told():
        told = decode(each.body)
        versions[told["id"]].append(int(told["meta"]["versionId"]))
        bodies[each.headers["idempotency-key"]].add(each.body)
    with tools.ledger.reading() as tx:
        written = {name: [row.version for row in tx.history("Account", name)] for name in ("a", "b", "c")}
    assert {name: sorted(set(heard)) for name, heard in versions.items()} == written
    assert all(heard == sorted(heard) for heard in versions.values()), versions
    assert all(len(same) == 1 for same in bodies.values())
    assert len(receiver.told()) > len(bodies), "nothing came twice: no kill met a notice under way"


def test_kills_silence_and_a_refusal_lose_nothing(tmp_path: Path, tools: Tools, receiver: Receiver) -> None:
    channel = {"type": "rest-hook", "endpoint": f"{receiver.base}/hook", "payload": "application/fhir+json"}
    wanted = {"status": "requested", "reason": "test", "criteria": "Account?status=active", "channel": channel}
    allowing = SubscriberRules((receiver.base,))
    told = replace(tools, subscribers=allowing)
    subscribe({"resourceType": "Subscription", **wanted}, told, act(tools), "s1")

    for answers in ([200, HANGS], [200, 200, HANGS]):
        receiver.hanging.clear()
        with service(tmp_path, receiver):
            until(lambda: standing(tools) == ("active", ""), "the receiver is known")
            receiver.answers = answers
            change(tools, "a", "b", "a", "c")
            assert receiver.hanging.wait(30), "a notice is under way"
        change(tools, "b", "a")  # nobody follows them now

    with service(tmp_path, receiver):
        until(lambda: waiting(tools) == 0 and len(_versions(receiver)) == 12, "what was left is told")
        receiver.always = 500
        change(tools, "c", "a")
        until(lambda: standing(tools) == ("error", "DEL-621"), "its silence is said")
        receiver.always = 200
        until(lambda: standing(tools) == ("active", "") and waiting(tools) == 0, "it is tried on, and heard")
        receiver.always = 410
        change(tools, "b")
        until(lambda: standing(tools) == ("error", "DEL-620"), "its refusal is said")
        asked = len(receiver.came)
        change(tools, "b", "c")
        until(lambda: waiting(tools) == 3, "what changes meanwhile waits")
        receiver.always = 200
        assert len(receiver.came) == asked, "nothing is sent to who refused"
        try_again("s1", told, act(tools))
        until(lambda: standing(tools) == ("active", "") and waiting(tools) == 0, "all that waited is told")
    check_heard(tools, receiver)


def _versions(receiver: Receiver) -> set[str]:
    return {each.headers["idempotency-key"] for each in receiver.told()}
