"""Code systems of the package that stand in the rules: settlement steps, the programmes' clauses. 规则中的代码。"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from adapter.fhir.package.terms import Table, code_system, value_set
from adapter.rules.policy.book import PolicyBook
from adapter.rules.programme.entitlement import EMERGENCY
from adapter.rules.programme.exclusions import THIRD_PARTY
from adapter.rules.settlement.explain import STEPS

Json = dict[str, Any]

#: The code system of the reasons of an entitlement decision; its file in ``mappings/profiles`` lists no code.
REASONS = "CodeSystem-entitlement-reason.json"


def settlement_steps() -> list[Json]:
    """The steps of a settlement, as every plan names them, and the set of them all."""
    table = Table("settlement-step", "结算步骤", "Steps of a settlement", STEPS)
    told = "Steps of a settlement, the same in every plan; each payer's plan takes its own ones in its own order."
    return [code_system(table, told), value_set(table, told)]


def with_reasons(written: Mapping[str, Json], book: PolicyBook) -> dict[str, Json]:
    """The definitions with the clauses of our programmes put into the code system of reasons.

    A clause that two programmes have has the words of the first; what each of them says stands in the decision itself.
    """
    concepts = {code: (zh, en) for name in sorted(book.programmes, reverse=True) for code, zh, en in _of(book, name)}
    listed = [{"code": code, "display": zh, "definition": en} for code, (zh, en) in sorted(concepts.items())]
    return {**written, REASONS: {**written[REASONS], "content": "fragment", "concept": listed}}


def _of(book: PolicyBook, name: str) -> Iterator[tuple[str, str, str]]:
    """Code and words of every clause that can be a reason."""
    document: Mapping[str, Any] = book.programme(name).document
    exclusions: Mapping[str, Any] = document.get("exclusions", {})
    groups = ("", document.get("conditions", {})), ("document:", document.get("documents", {}))
    for start, clauses in (*groups, ("", exclusions.get("causes", {}))):
        for code, clause in clauses.items():
            yield f"{start}{code}", str(clause["zh"]), str(clause["en"])
    for code, clause in ((EMERGENCY, document.get("emergency")), (THIRD_PARTY, exclusions.get("amount"))):
        if clause:
            yield code, str(clause["zh"]), str(clause["en"])
