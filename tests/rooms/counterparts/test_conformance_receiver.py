"""The kit against a HIS's receiver: one that keeps docs/way-back.md passes, each bad habit fails what it breaks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import jsonschema_rs
import pytest

from adapter.counterparts.conformance.notices import DIFFICULT, sample
from adapter.counterparts.conformance.receiver import Vendor, conform_receiver, receiver_scenarios
from adapter.model.issues import AdapterError
from adapter.model.notice import FolderForm, Hl7Form, NoticeKind, WayBack, WebhookForm
from adapter.payers.delivery.endpoints.his.compose import message_for
from adapter.payers.delivery.endpoints.his.content import notice_json
from adapter.payers.delivery.endpoints.his.endpoint import open_way
from adapter.payers.delivery.endpoints.his.schema import NOTICE_SCHEMA
from tests.support.conformance import MAPPINGS
from tests.support.way_back import NOW, SECRET, SECRET_ENV, clock, secrets_of, way_of

WEBHOOK = WebhookForm("https://his.example/notices", SECRET_ENV)
SECRETS = secrets_of({SECRET_ENV: SECRET})
#: Refuses what is not signed as the page says; its text is the page's own example.
SNIPPET = (Path(MAPPINGS).parent / "docs" / "way-back.md").read_text("utf-8").split("```python\n")[1].split("```")[0]


class Receiver:
    """A HIS that does as the page says; habits change that."""

    def __init__(self, **habits: Callable[[httpx.Request], int | None]) -> None:
        self.habits = habits
        self.taken: dict[str, bytes] = {}
        page: dict[str, Callable[[str, bytes, str], bool]] = {}
        exec(SNIPPET.replace("time.time()", str(NOW.timestamp())), page)
        self.genuine = page["genuine"]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        for habit in self.habits.values():
            status = habit(request)
            if status == 0:
                raise httpx.ReadTimeout("no answer", request=request)
            if status:
                return httpx.Response(status)
        signed = request.headers.get("Adapter-Signature", "")
        if not signed or not self.genuine(signed, request.content, SECRET):
            return httpx.Response(401)
        self.taken[request.headers["Idempotency-Key"]] = request.content
        if request.extensions["timeout"]["read"] < 1:
            raise httpx.ReadTimeout("the sender hung up", request=request)
        return httpx.Response(204)


@contextmanager
def vendor(form: WebhookForm | FolderForm | Hl7Form, receiver: Receiver | None = None) -> Iterator[Vendor]:
    way = way_of(form)
    endpoint = open_way(way, clock(), SECRETS)
    client = httpx.Client(transport=httpx.MockTransport(receiver)) if receiver else None
    if client is not None:
        endpoint._client = client  # type: ignore[attr-defined]
    yield Vendor(
        way,
        compose=lambda notice: message_for(notice, way).composed,
        deliver=lambda notice: endpoint.deliver(message_for(notice, way)),
        secret=SECRETS,
        now=lambda: NOW,
        client=client,
    )


def failed(tried: Vendor) -> set[str]:
    scenarios = receiver_scenarios(tried.way, MAPPINGS)
    return {one.scenario.name for one in conform_receiver(tried, scenarios) if not one.passed}


def about(request: httpx.Request, *words: str) -> bool:
    return any(word in request.content.decode() for word in words)


def repeated() -> Callable[[httpx.Request], int | None]:
    """Refuses what it has seen: a habit of receivers with a plain unique key."""
    seen: set[str] = set()

    def habit(request: httpx.Request) -> int | None:
        key = request.headers["Idempotency-Key"]
        known = key in seen
        seen.add(key)
        return 422 if known else None

    return habit


def gapless() -> Callable[[httpx.Request], int | None]:
    """Wants sequences without a gap."""
    last: dict[str, int] = {}

    def habit(request: httpx.Request) -> int | None:
        notice = json.loads(request.content)
        before = last.get(notice["stay"], 0)
        last[notice["stay"]] = max(before, notice["sequence"])
        return 422 if notice["sequence"] > before + 1 and before else None

    return habit


def silent_about_the_past() -> Callable[[httpx.Request], int | None]:
    """Says nothing to a notice that comes after a later one."""
    last: dict[str, int] = {}

    def habit(request: httpx.Request) -> int | None:
        notice = json.loads(request.content)
        before = last.get(notice["stay"], 0)
        last[notice["stay"]] = max(before, notice["sequence"])
        return 0 if notice["sequence"] < before else None

    return habit


FORGED = {"forged-signature", "unsigned", "stale-signature"}


def everything() -> set[str]:
    return {one.name for one in receiver_scenarios(way_of(WEBHOOK), MAPPINGS)}


def test_a_receiver_that_behaves_passes_all() -> None:
    receiver = Receiver()
    with vendor(WEBHOOK, receiver) as tried:
        assert failed(tried) == set()
    assert len(receiver.taken) >= 12
    assert all(json.loads(body)["test"] for body in receiver.taken.values())


@pytest.mark.parametrize(
    ("habit", "wanted"),
    [
        (lambda request: 204, FORGED),
        (lambda request: 204 if "Adapter-Signature" in request.headers else None, FORGED - {"unsigned"}),
        (lambda request: 401, everything() - FORGED),
        (lambda request: 503, everything()),
        (lambda request: 0, everything()),
        (lambda request: 422 if about(request, '"eligibility":{') else None, {"eligibility"}),
        (lambda request: 422 if about(request, '"estimate":{') else None, {"estimate"}),
        (lambda request: 422 if about(request, '"-750.08"') else None, {"settlement-and-reversal"}),
        (lambda request: 422 if about(request, '"figures":{') else None, {"notice"}),
        (lambda request: 500 if about(request, "䶮") else None, {"difficult-text"}),
        (repeated(), {"same-notice-twice", "sender-hangs-up"}),
        (gapless(), {"gap-in-sequence"}),
        (silent_about_the_past(), {"earlier-after-later"}),
    ],
    ids=[
        *("checks nothing", "takes unsigned ones", "takes nothing", "is always busy", "never answers"),
        *("no eligibility", "no estimate", "no reversal", "no notice", "no rare characters"),
        *("refuses repetitions", "wants no gap", "silent out of order"),
    ],
)
def test_a_bad_habit_fails_what_it_breaks(habit: Callable[[httpx.Request], int | None], wanted: set[str]) -> None:
    with vendor(WEBHOOK, Receiver(habit=habit)) as tried:
        assert failed(tried) == wanted


def test_a_folder_is_told_too(tmp_path: Path) -> None:
    with vendor(FolderForm(str(tmp_path))) as tried:
        assert failed(tried) == set()
    assert len(list(tmp_path.glob("*.json"))) >= 12
    with vendor(FolderForm(str(tmp_path / "away"))) as tried:
        assert failed(tried) == everything() - FORGED - {"sender-hangs-up"}


def test_a_source_is_told_only_what_it_asked_for() -> None:
    way = WayBack("s", "F1", FolderForm("x"), send=frozenset({NoticeKind.SETTLEMENT}))
    assert receiver_scenarios(way, MAPPINGS) == ()
    both = WayBack("s", "F1", FolderForm("x"), send=frozenset({NoticeKind.SETTLEMENT, NoticeKind.REVERSAL}))
    assert [one.name for one in receiver_scenarios(both, MAPPINGS)] == ["settlement-and-reversal"]
    with pytest.raises(AdapterError, match="CNF-903"):
        receiver_scenarios(both, MAPPINGS, ["forged-signature"])


def test_a_webhook_without_its_secret_cannot_be_tried() -> None:
    with vendor(WEBHOOK, Receiver()) as tried:
        without = Vendor(tried.way, tried.compose, tried.deliver, lambda _: None, tried.now, tried.client)
        with pytest.raises(AdapterError, match="CNF-905"):
            failed(without)


@pytest.mark.parametrize("kind", NoticeKind)
def test_sample_notices_are_as_the_page_says(kind: NoticeKind) -> None:
    notice = sample(kind, way_of(WEBHOOK), NOW, run="r", number=1, text=DIFFICULT)
    jsonschema_rs.Draft7Validator(NOTICE_SCHEMA).validate(notice_json(notice))
    assert notice.test and "CONF-r" in notice.key
    assert message_for(notice, way_of(Hl7Form("his", 2575, encoding="gb18030"))).composed.startswith(b"MSH")
