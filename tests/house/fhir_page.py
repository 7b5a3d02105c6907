"""docs/wire-fhir.md: words of ``wire_fhir.txt``, tables and examples of the code.

``python -m tests.house.pages --write`` makes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adapter.fhir.answers import ACCUMULATORS
from adapter.fhir.canonical import decode, encode
from adapter.fhir.coverage import PAYER_NAMES
from adapter.fhir.transaction import in_parts
from adapter.model.call import CallFacts
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Stage
from adapter.model.money import Money
from adapter.model.settlement import Authority, Payer
from adapter.payers.delivery import assertion, http, tokens
from adapter.payers.delivery.endpoint import EndpointConfig, Exchange
from adapter.payers.delivery.endpoints.fhir import definitions as dialect
from adapter.payers.delivery.endpoints.fhir.dialogue import next_message
from adapter.payers.delivery.retry import RetryPolicy
from tests.support.cases import make_aid_call, make_answer, make_call, make_claim

ROOT = Path(__file__).resolve().parents[2]
FHIR_PAGE = ROOT / "docs" / "wire-fhir.md"
WORDS = Path(__file__).with_name("wire_fhir.txt")
MOMENT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
BASE = "https://payer.example/fhir"
NEVER_TRIED = (
    "**No bureau is known to accept this dialect yet; it was tried against our own simulators, and the aid office's "
    "part against a FHIR server of others (HAPI's, with an office of ours behind it).**"
)

#: A stay of which a third party bears a part, told to one who need not answer, after another payer's answer.
TOLD = make_call(
    (Payer.CRITICAL_ILLNESS,),
    authority=Authority.ADAPTER,
    earlier=(make_answer(Payer.BASIC, "300.00"),),
    claim=replace(make_claim(), third_party=Money.yuan("10.00")),
)
#: By receiver: how its messages travel, what it is told of an ordinary stay, and of one with everything.
RECEIVERS: Mapping[str, tuple[str, CallFacts, CallFacts]] = {
    "insurance": ("submit", make_call(), TOLD),
    "aid office": ("transaction", make_aid_call(), make_aid_call(authority=Authority.ADAPTER)),
}
STAGES = {
    Stage.ELIGIBILITY: "待遇资格与年度累计; it may be repeated",
    Stage.TRIAL: "预结算; nothing is kept, it may be repeated",
    Stage.SETTLE: "结算; the Claim counts once",
    Stage.REVERSE: "冲销; counts once",
}
_NO_PAYERS = (Payer.THIRD_PARTY, Payer.PATIENT)
_NOT_CONTENT = frozenset({"resourceType", "id", "meta"})


def fhir_page(issues: Iterable[tuple[str, str]]) -> str:
    """The page. ``issues``: (code, words) of what the dialect may say, in order."""
    made = {
        "never tried": [NEVER_TRIED],
        "statuses": _statuses(),
        "stages": _stages(),
        "operations": _operations(),
        "payers": [", ".join(f"`{payer}`" for payer in PAYER_NAMES if payer not in _NO_PAYERS)],
        "elements": _elements(),
        "signing": _signing(),
        "duties": _duties(),
        "examples": _examples(),
        "issues": ["| code | finding |", "| --- | --- |", *(f"| {code} | {words} |" for code, words in issues)],
    }
    page = WORDS.read_text("utf-8")
    assert set(re.findall(r"<<([a-z ]+)>>", page)) == made.keys()
    missing = [code for code in ACCUMULATORS if f"| `{code}` |" not in page]
    assert not missing, f"section 2 says nothing of {missing}"
    return re.sub(r"<<([a-z ]+)>>", lambda found: "\n".join(made[found[1]]), page).rstrip() + "\n"


def _statuses() -> Iterator[str]:
    yield "| HTTP status | the message |"
    yield "| --- | --- |"
    for each in dialect.STATUSES:
        yield f"| {each.shown} | {each.en} |"


def _stages() -> Iterator[str]:
    yield f"| stage | {' | '.join(RECEIVERS)} | |"
    yield f"| --- | {'--- | ' * len(RECEIVERS)}--- |"
    for stage, words in STAGES.items():
        said = (_said(stage, form, facts) for form, facts, _ in RECEIVERS.values())
        cells = [" → ".join(f"`{each.operation}`" for each in messages) or "–" for messages in said]
        yield f"| {stage} | {' | '.join(cells)} | {words} |"
    yield ""
    parts = " → ".join(f"`{each.operation}`" for each in _said(Stage.SETTLE, "transaction", make_aid_call(), 4))
    yield "`admit` and `charges` need nothing of their own: the Claim carries the stay and its lines. Where a server"
    yield f"takes only so many entries (`max_entries`), `settle` at the aid office is, with 4 at a time: {parts}."


def _operations() -> Iterator[str]:
    yield "| message | request | carries | |"
    yield "| --- | --- | --- | --- |"
    for each in (*dialect.OPERATIONS.values(), dialect.LOOK_UP, dialect.DAY_TOTAL, dialect.DAY_DETAILS):
        yield f"| `{each.name}` | `{each.method} [base]{each.path}` | {each.body} | {each.zh}: {each.en} |"


def _said(stage: Stage, form: str, facts: CallFacts, max_entries: int | None = None) -> list[OutboundMessage]:
    """Every message of a stage, each accepted; a payer that is asked later has not answered yet."""
    config = EndpointConfig("payer", "fhir", BASE, form=form, simulator=True, max_entries=max_entries)
    said: list[Exchange] = []
    while True:
        following = next_message(config, stage, facts, said, MOMENT)
        if not isinstance(following, OutboundMessage) or (
            said and said[-1].message.operation == following.operation == "ask-answer"
        ):
            return [each.message for each in said]
        answer = Receipt(Outcome.ACCEPTED, MOMENT, body=_stored(following, len(said)))
        said.append(Exchange(following, answer))


def _stored(message: OutboundMessage, number: int) -> bytes:
    """A server's answer to a transaction."""
    kinds = [each["resource"]["resourceType"] for each in decode(message.composed).get("entry", ())]
    entries = [
        {"response": {"status": "201", "location": f"{kind}/{kind.lower()}-{number}{place}"}}
        for place, kind in enumerate(kinds)
    ]
    return encode({"resourceType": "Bundle", "type": "transaction-response", "entry": entries})


def columns() -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """By message: the elements that it always has, and those that it may have."""
    found = {}
    for receiver, (form, plain, told) in RECEIVERS.items():
        for stage in STAGES:
            if said := _said(stage, form, plain):
                always = elements_of(decode(said[0].composed))
                more = elements_of(decode(_said(stage, form, told)[0].composed))
                found[f"{receiver}: {stage}"] = (always & more, always | more)
    return found


def elements_of(bundle: Any) -> frozenset[str]:
    """``Type.element`` of a Bundle's entries; a Claim's supportingInfo by category."""
    found = set()
    for entry in bundle["entry"]:
        resource = entry["resource"]
        kind = resource["resourceType"]
        found |= {f"{kind}.{name}" for name in resource.keys() - _NOT_CONTENT}
        for info in resource.get("supportingInfo", ()):
            found.add(f"{kind}.supportingInfo `{info['category']['coding'][0]['code']}`")
    return frozenset(found)


def _elements() -> Iterator[str]:
    messages = columns()
    yield f"| element | {' | '.join(messages)} |"
    yield f"| --- | {' | '.join('---' for _ in messages)} |"
    for element in sorted(set[str]().union(*(may for _, may in messages.values()))):
        marks = ["●" if element in always else "○" if element in may else "" for always, may in messages.values()]
        yield f"| {element} | {' | '.join(marks)} |"


def _signing() -> Iterator[str]:
    algorithms = " or ".join(f"`{alg}`" for alg in assertion.ALGORITHMS)
    yield f"""\
- The token endpoint is `token_url`, or `token_endpoint` of `[base]{tokens.DISCOVERY}`; under an https base it must be https.
- Request: a form with `grant_type=client_credentials`, `scope`, `client_assertion_type={tokens.ASSERTION_TYPE}`, `client_assertion`.
- The assertion: `alg` {algorithms}, `kid`, `typ` `JWT`; `iss` = `sub` = the client id, `aud` = the token endpoint, `exp` {assertion.LIFE.seconds} s ahead, a new
  `jti` each time. `adapter endpoint jwk NAME` prints the public key to be registered.
- A token is kept in memory only, and renewed {tokens.EARLY_SECONDS} s (or a tenth of its life) before it ends, and once when it is not taken (401). One without
  `expires_in` is kept for {tokens.UNSAID_SECONDS} s.
- No token: nothing was sent, no claim is refused. A token endpoint that does not answer, or answers 408, 425, 429 or 5xx, counts as an endpoint that does
  not answer; so does a token that takes longer than {http.TOKEN_SECONDS} s. Any other refusal is DEL-598, and is not asked again for {tokens.PAUSE_SECONDS} s."""  # noqa: E501 - lines of a page


def _duties() -> Iterator[str]:
    policy, config = RetryPolicy(), EndpointConfig("payer", "fhir", BASE)
    yield f"""\
| what | how long | setting |
| --- | --- | --- |
| an answer is waited for | {config.timeout} s | `timeout` |
| second attempt | after {policy.first:g} s, spread by up to half; each next one twice as late | `ADAPTER_RETRY_FIRST_SECONDS` |
| longest pause between attempts | {policy.most:g} s, or what `Retry-After` asks for, {http.DAY} s at most | `ADAPTER_RETRY_MOST_SECONDS` |
| set aside for a person | after {policy.limit} attempts; at once when it is rejected or answered twice | `ADAPTER_RETRY_LIMIT` |
| an empty look-up proves that nothing arrived | {config.longest_delay} s and the time of an answer after the last sending | `longest_delay`, `timeout` |

- Nothing that counts is sent again before a look-up (section 4) has shown that it was not received. Year-to-date questions, trials and parts of a transaction have
  no effect and are repeated as they are.
- A receiver answers a repeat of a claim key as section 3 has it: the same content with the stored answer, other content with 409."""  # noqa: E501 - lines of a page


def _examples() -> Iterator[str]:
    whole = _said(Stage.SETTLE, "transaction", make_aid_call())[0]
    first = in_parts(decode(whole.composed), 2)[0]
    shown: Sequence[tuple[str, Any]] = (
        ("Year-to-date question (section 2)", decode(_said(Stage.ELIGIBILITY, "submit", make_call())[0].composed)),
        ("Reversal (section 5), the Claim of it", _resource(_said(Stage.REVERSE, "submit", make_call())[0], "Claim")),
        ("First part of a transaction, two entries at a time (section 6)", first),
        ("The aid office's Claim (section 6)", _resource(whole, "Claim")),
    )
    for title, body in shown:
        yield f"{title}:"
        yield ""
        yield "```json"
        yield from json.dumps(json.loads(encode(body)), ensure_ascii=False, indent=1).splitlines()
        yield "```"
        yield ""


def _resource(message: OutboundMessage, kind: str) -> Any:
    return next(
        each["resource"] for each in decode(message.composed)["entry"] if each["resource"]["resourceType"] == kind
    )
