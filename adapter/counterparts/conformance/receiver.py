"""Telling a HIS vendor's receiver what docs/way-back.md tells it, and judging how it answers. 检测 HIS 接收端。"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx

from adapter.counterparts.conformance.dialects import FOLDER, milliseconds
from adapter.counterparts.conformance.issues import secret_missing
from adapter.counterparts.conformance.masking import Mask
from adapter.counterparts.conformance.notices import DIFFICULT, sample
from adapter.counterparts.conformance.play import Exchange, Finding, Result, play
from adapter.counterparts.conformance.scenario import Scenario, Step, chosen, load_scenarios
from adapter.model.issues import AdapterError
from adapter.model.messages import Outcome, Receipt
from adapter.model.notice import FolderForm, Notice, NoticeKind, TableForm, WayBack, WebhookForm

_IMPATIENT_SECONDS = 0.05
_STALE_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Vendor:
    """The receiver under test.

    Attributes:
        way: how its source says that it wants to be told.
        compose: a notice → the bytes that travel.
        deliver: sends a notice once, as it is sent in earnest.
        secret: gives the value of an environment variable, or None.
        now: the moment.
        client: how a webhook is reached for what is wrong on purpose; None: over the network.
    """

    way: WayBack
    compose: Callable[[Notice], bytes]
    deliver: Callable[[Notice], Receipt]
    secret: Callable[[str], str | None] = field(repr=False)
    now: Callable[[], datetime]
    client: httpx.Client | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """One notice and what became of it. ``heard``: taken, refused or open."""

    notice: Notice
    exchange: Exchange
    heard: str


@dataclass(frozen=True, slots=True)
class Teller:
    """One scenario's player."""

    vendor: Vendor
    run: str
    mask: Mask = field(default_factory=lambda: Mask(()))

    def play(self, step: Step, said: Mapping[str, Told]) -> Told:
        return SENDS[step.send](self, step, said)

    def check(self, step: Step, now: Told, said: Mapping[str, Told]) -> Sequence[Finding]:
        wanted = str(step.expect.get("answer", ""))
        if not wanted or now.heard in ANSWERS[wanted]:
            return []
        got = now.exchange.status or now.exchange.failure
        return [Finding(f"应为 {wanted},实为 {now.heard}({got})", f"wanted {wanted}, got {now.heard} ({got})")]

    def exchanges(self, now: Told) -> Sequence[Exchange]:
        return [self.mask.exchange(now.exchange)]

    def tidy(self) -> None:
        """Nothing is left behind: every notice is marked as a test."""

    # -- the words of a scenario ----------------------------------------------------------------------------------

    def tell(self, step: Step, said: Mapping[str, Told]) -> Told:
        """``kind``, ``number`` (1), ``text: difficult``."""
        return self._delivered(self._notice(step))

    def repeat(self, step: Step, said: Mapping[str, Told]) -> Told:
        """``of``: the same notice again, the same to the byte."""
        return self._delivered(said[step.given["of"]].notice)

    def forge(self, step: Step, said: Mapping[str, Told]) -> Told:
        """Webhook: a notice whose signature is no good; ``how``: wrong-secret, stale or unsigned."""
        notice, form = self._notice(step), self._webhook()
        body, at = self.vendor.compose(notice), int(self.vendor.now().timestamp())
        secret = self._secret(form)
        how = step.given["how"]
        if how == "stale":
            at -= _STALE_SECONDS
        if how == "wrong-secret":
            secret = f"not-{secret}"
        signed = {} if how == "unsigned" else {"Adapter-Signature": f"t={at},v1={_signature(secret, at, body)}"}
        return self._posted(notice, body, signed, form.timeout)

    def hang_up(self, step: Step, said: Mapping[str, Told]) -> Told:
        """Webhook: a genuine notice whose sender does not wait for the answer."""
        notice, form = self._notice(step), self._webhook()
        body, at = self.vendor.compose(notice), int(self.vendor.now().timestamp())
        signed = {"Adapter-Signature": f"t={at},v1={_signature(self._secret(form), at, body)}"}
        return self._posted(notice, body, signed, _IMPATIENT_SECONDS)

    # -- small things ---------------------------------------------------------------------------------------------

    def _notice(self, step: Step) -> Notice:
        return sample(
            NoticeKind(step.given.get("kind", "issues")),
            self.vendor.way,
            self.vendor.now(),
            run=self.run,
            number=int(step.given.get("number", "1")),
            text=DIFFICULT if step.given.get("text") == "difficult" else "",
        )

    def _delivered(self, notice: Notice) -> Told:
        body = self.vendor.compose(notice)
        receipt = self.vendor.deliver(notice)
        heard = _HEARD.get(receipt.outcome, "open")
        why = "; ".join(issue.en for issue in receipt.issues)
        status = receipt.reference or "refused" if heard != "open" else ""
        return Told(notice, Exchange(notice.key, body, status, receipt.body, failure=why), heard)

    def _posted(self, notice: Notice, body: bytes, signed: Mapping[str, str], seconds: float) -> Told:
        form = self._webhook()
        headers = {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": notice.key, **signed}
        if form.token_env:
            headers["Authorization"] = f"Bearer {self.vendor.secret(form.token_env) or ''}"
        try:
            client = self.vendor.client
            answer = (client.post if client else httpx.post)(form.url, content=body, headers=headers, timeout=seconds)
        except httpx.HTTPError as error:
            return Told(notice, Exchange(notice.key, body, failure=type(error).__name__), "open")
        refused = 400 <= answer.status_code < 500 and answer.status_code not in (408, 409, 425, 429)
        heard = "taken" if answer.is_success else "refused" if refused else "open"
        return Told(notice, Exchange(notice.key, body, f"HTTP {answer.status_code}", answer.content), heard)

    def _webhook(self) -> WebhookForm:
        form = self.vendor.way.form
        if not isinstance(form, WebhookForm):
            raise ValueError("only a webhook can be told something that is wrong on purpose")
        return form

    def _secret(self, form: WebhookForm) -> str:
        value = self.vendor.secret(form.secret_env)
        if not value:
            raise AdapterError(secret_missing(form.secret_env, "secret_env"))
        return value


SENDS: Mapping[str, Callable[[Teller, Step, Mapping[str, Told]], Told]] = {
    "tell": Teller.tell,
    "repeat": Teller.repeat,
    "forge": Teller.forge,
    "hang-up": Teller.hang_up,
}

#: The word behind ``answer:`` → what may have been heard.
ANSWERS: Mapping[str, frozenset[str]] = {
    "taken": frozenset({"taken"}),
    "refused": frozenset({"refused"}),
    "definite": frozenset({"taken", "refused"}),
}

_HEARD = {Outcome.ACCEPTED: "taken", Outcome.REJECTED: "refused"}


def receiver_scenarios(way: WayBack, mappings: Path, names: Sequence[str] = ()) -> tuple[Scenario, ...]:
    """The scenarios that fit a source's form and the kinds that it is told. Raises AdapterError CNF-901, CNF-903."""
    path = mappings / FOLDER / "his" / "receiver.yaml"
    told = {str(kind) for kind in way.send}
    fitting = [
        each
        for each in load_scenarios(path, sends=SENDS, checks=("answer",))
        if (not each.forms or form_of(way) in each.forms)
        and all(step.given.get("kind", "issues") in told for step in each.steps if "of" not in step.given)
    ]
    return chosen(fitting, names)


def conform_receiver(vendor: Vendor, scenarios: Sequence[Scenario]) -> Iterator[Result]:
    """Play scenarios against a receiver. Raises AdapterError CNF-905."""
    run = uuid.uuid4().hex[:8]
    for number, scenario in enumerate(scenarios, start=1):
        yield play(scenario, Teller(vendor, f"{run}-{number}"), milliseconds)


def form_of(way: WayBack) -> str:
    """``webhook``, ``folder``, ``table`` or ``hl7v2``, as the source file says."""
    match way.form:
        case WebhookForm():
            return "webhook"
        case FolderForm():
            return "folder"
        case TableForm():
            return "table"
        case _:
            return "hl7v2"


def _signature(secret: str, at: int, body: bytes) -> str:
    return hmac.new(secret.encode(), str(at).encode() + b"." + body, hashlib.sha256).hexdigest()
