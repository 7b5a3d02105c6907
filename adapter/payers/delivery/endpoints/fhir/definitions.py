"""What the dialect says and how it reads HTTP: one table each, used by dialogue and endpoint, printed in the guide.

docs/wire-fhir.md is made from these tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

CONTENT_TYPE = "application/fhir+json; fhirVersion=4.0"


@dataclass(frozen=True, slots=True)
class Operation:
    """One request of the dialect.

    Attributes:
        name: as the outbox has it.
        path: below the FHIR base; empty: the base itself.
        body: what is sent, or the query.
        zh, en: what it is for.
    """

    name: str
    method: str
    path: str
    body: str
    zh: str
    en: str


#: What is sent from the outbox, by name.
OPERATIONS = {
    each.name: each
    for each in (
        Operation(
            "eligibility",
            "POST",
            "/CoverageEligibilityRequest/$submit",
            "Bundle `collection`",
            "年度累计查询",
            "year-to-date amounts",
        ),
        Operation("claim-submit", "POST", "/Claim/$submit", "Bundle `collection`", "申请", "trial, claim or reversal"),
        Operation(
            "transaction-part", "POST", "", "Bundle `transaction`", "事务分批", "what the Claim refers to, in parts"
        ),
        Operation("transaction", "POST", "", "Bundle `transaction`", "事务", "the Claim, with what it refers to"),
        Operation(
            "ask-answer", "GET", "/ClaimResponse", "`request:identifier`", "查询结果", "has it been adjudicated?"
        ),
    )
}
LOOK_UP = Operation(
    "look-up", "GET", "/ClaimResponse", "`request:identifier`", "查询", "what became of a message that may have arrived"
)
DAY_TOTAL = Operation("day-total", "GET", "/Claim/$day-total", "`date`, `provider`", "日汇总", "totals of a day")
DAY_DETAILS = Operation(
    "day-details", "GET", "/ClaimResponse", "`created`, `requestor:identifier`", "日明细", "details of a day"
)

#: How a search names the request, and the hospital, that it asks about, by the setting ``look_up``.
SEARCHED = {
    "identifier": ("request:identifier", "requestor:identifier"),
    "chained": ("request.identifier", "requestor:Organization.identifier"),
}


class Verdict(StrEnum):
    """What an HTTP status says of the message."""

    READ = "read"  # the body decides
    SHUT_OUT = "shut out"  # it was not looked at: not sent
    REFUSED = "rejected"  # nothing was done, and no retry helps
    TELLS_NOTHING = "unknown"  # look up before sending again


@dataclass(frozen=True, slots=True)
class Status:
    """Some HTTP statuses and what they say; the first row that fits counts.

    Attributes:
        shown: as the guide lists them.
        codes: the statuses.
        challenge: what ``WWW-Authenticate`` must hold as well; empty: nothing.
    """

    shown: str
    codes: range | frozenset[int]
    verdict: Verdict
    en: str
    challenge: str = ""


STATUSES = (
    Status("401", frozenset({401}), Verdict.SHUT_OUT, "token not taken: renewed once; then not sent, DEL-599"),
    Status(
        "403, `WWW-Authenticate` with `insufficient_scope`",
        frozenset({403}),
        Verdict.SHUT_OUT,
        "the token does not reach: not sent, DEL-599",
        "insufficient_scope",
    ),
    Status(
        "408, 425, 429",
        frozenset({408, 425, 429}),
        Verdict.TELLS_NOTHING,
        "unknown: looked up before it is sent again; `Retry-After` is kept",
    ),
    Status("200 to 299", range(200, 300), Verdict.READ, "the body decides; one that cannot be read: unknown, DEL-502"),
    Status("300 to 399", range(300, 400), Verdict.TELLS_NOTHING, "unknown: a redirect is not followed"),
    Status(
        "400 to 499, else",
        range(400, 500),
        Verdict.REFUSED,
        "rejected, DEL-501 and a DEL-610 for each issue: a person must change something. 409: the key is known with "
        "another body",
    ),
    Status("any other", range(1000), Verdict.TELLS_NOTHING, "unknown; `Retry-After` is kept"),
)


def verdict(status: int, challenge: str = "") -> Verdict:
    """What a status says; ``challenge`` is the answer's ``WWW-Authenticate``."""
    return next(each.verdict for each in STATUSES if status in each.codes and each.challenge in challenge)
