"""Papers of the patient's part: stages that were asked and plans that were signed (阶段收取单、还款承诺书)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from adapter.cases.reading import OURS, as_rows, his_resources
from adapter.cases.tools import Act
from adapter.fhir.collection import plan_contract
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow
from adapter.model.case import PlanState
from adapter.model.money import Money
from adapter.rules.programme.instalments import Instalment, Plan
from adapter.rules.programme.staging import Stage

STAGES = "stages"

_RUNNING = frozenset({PlanState.SIGNED, PlanState.OVERDUE})


def plan_paper(version: int) -> str:
    """Name of the paper that keeps a plan."""
    return f"plan v{version}"


def file_plan(tx: Transaction, plan: Plan, batch: int, act: Act) -> None:
    """Keep a plan that was signed.

    Args:
        batch: number of the last batch of the case; payments booked after it count for the plan.
    """
    paper: dict[str, object] = {
        "signed": plan.signed.isoformat(),
        "first_signed": plan.first_signed.isoformat(),
        "signed_by": plan.signed_by,
        "cite": plan.cite,
        "batch": str(batch),
        "rows": rows_json(plan),
    }
    tx.file_paper(plan.case_id, plan_paper(plan.version), paper, **act.said)


def rows_json(plan: Plan) -> list[dict[str, str]]:
    """A plan's rows as JSON."""
    return [{"number": str(row.number), "due": row.due.isoformat(), "amount": row.amount.text} for row in plan.rows]


def running_plan(tx: Transaction, case_id: str) -> tuple[Plan | None, int]:
    """The plan that runs, and the batch after which payments count for it."""
    for state in tx.states(case_id, "plan"):
        if state.state in _RUNNING:
            return _plan(tx, case_id, int(state.subject))
    return None, 0


def last_plan(tx: Transaction, case_id: str) -> Plan | None:
    """The newest plan, whatever became of it."""
    versions = [int(state.subject) for state in tx.states(case_id, "plan")]
    return _plan(tx, case_id, max(versions))[0] if versions else None


def publish_plan(tx: Transaction, row: CaseRow, plan: Plan, state: PlanState, act: Act) -> None:
    """The plan as a Contract, as it stands now."""
    settled = tx.settlement(row.case_id)
    made = plan_contract(
        his_resources(tx, row.case_id),
        source=row.source,
        case_id=row.case_id,
        version=plan.version,
        state=state,
        signed=plan.signed,
        rows=[(each.due, each.amount) for each in plan.rows],
        cite=plan.cite,
        test_profile=settled is not None and settled.test_profile,
    )
    tx.put_resources(OURS, row.case_id, as_rows([made]), **act.said)


def stage_papers(tx: Transaction, case_id: str) -> list[Mapping[str, object]]:
    """Stages asked so far, oldest first."""
    return listed(tx.paper(case_id, STAGES), STAGES)


def stages_of(tx: Transaction, case_id: str) -> tuple[Stage, ...]:
    """The same as values."""
    return tuple(
        Stage(
            number=int(str(each["number"])),
            on=date.fromisoformat(str(each["on"])),
            incurred=money_in(each, "incurred"),
            amount=money_in(each, "amount"),
            zh=str(each["zh"]),
            en=str(each["en"]),
            cite=str(each["cite"]),
        )
        for each in stage_papers(tx, case_id)
    )


def stage_json(stage: Stage) -> dict[str, str]:
    """A stage as JSON."""
    return {
        "number": str(stage.number),
        "on": stage.on.isoformat(),
        "incurred": stage.incurred.text,
        "amount": stage.amount.text,
        "zh": stage.zh,
        "en": stage.en,
        "cite": stage.cite,
    }


def listed(paper: Mapping[str, object] | None, name: str) -> list[Mapping[str, object]]:
    """The list of objects under a name of a paper; empty where there is no paper."""
    found = (paper or {}).get(name)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def money_in(paper: Mapping[str, object], name: str) -> Money:
    """An amount of a paper."""
    return Money.yuan(str(paper[name]))


def _plan(tx: Transaction, case_id: str, version: int) -> tuple[Plan | None, int]:
    paper = tx.paper(case_id, plan_paper(version))
    if paper is None:
        return None, 0
    rows = tuple(
        Instalment(int(str(row["number"])), date.fromisoformat(str(row["due"])), money_in(row, "amount"))
        for row in listed(paper, "rows")
    )
    signed, first = (date.fromisoformat(str(paper[name])) for name in ("signed", "first_signed"))
    plan = Plan(case_id, version, signed, first, str(paper["signed_by"]), rows, str(paper["cite"]))
    return plan, int(str(paper["batch"]))
