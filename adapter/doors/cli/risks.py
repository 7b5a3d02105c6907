"""Commands about risk: risks, responsible, accountability. 风险预警与责任到人"""

from __future__ import annotations

from typing import Annotated

import typer

from adapter.cases.window.risks import Risks, acts_on, put_in_charge, risks_of, risky_stays
from adapter.doors.cli.context import AsJson, CaseId, Reason, actor, tools
from adapter.doors.cli.output import out, print_issues, print_json, table


def risks(
    case_id: Annotated[str, typer.Argument(metavar="[CASE]", help="One case; all that have a sign if left out.")] = "",
    facility: Annotated[str, typer.Option(help="Only this hospital, by its national code.")] = "",
    json: AsJson = False,
) -> None:
    """Signs that a bill may stay unpaid, each with its article and what to do; they decide nothing. 风险预警

    Example:  adapter risks qingshi_county-300010002
    """
    with tools() as t:
        found = [risks_of(case_id, t)] if case_id else list(risky_stays(t, facility))
    if json:
        print_json(found[0].as_json() if case_id else [each.as_json() for each in found if each.signals])
    else:
        _print(found)
    print_issues(dict.fromkeys(issue for each in found for issue in each.issues))


def responsible(
    case_id: CaseId,
    department: Annotated[str, typer.Option(help="The department's code. 科室")],
    person: Annotated[str, typer.Option(help="Staff number of who answers for the stay; no name. 责任人工号")],
    reason: Reason = "put in charge",
    json: AsJson = False,
) -> None:
    """Record the department and the person who answer for a stay. 责任到科室、到人员

    Example:  adapter responsible qingshi_county-300010002 --department NK01 --person D002
    """
    with tools() as t:
        found = put_in_charge(case_id, department, person, t, t.act(actor(), reason))
    if json:
        print_json(found.as_json())
    else:
        out.print(f"{case_id}: {found.department} / {found.responsible}", markup=False)


def accountability(case_id: CaseId, json: AsJson = False) -> None:
    """Who answers for a stay, who checked what, and every act of a person with time and reason. 责任追溯

    Example:  adapter accountability qingshi_county-300010002
    """
    with tools() as t:
        found = acts_on(case_id, t)
    if json:
        print_json(found)
        return
    out.print(f"responsible 责任 {found['department'] or '—'} / {found['person'] or '—'}", markup=False)
    rows = [(each["at"], each["by"], f"check {each['step']}", "") for each in found["checks"]]
    rows += [(each["at"], each["by"], each["what"], each["reason"]) for each in found["acts"]]
    table("", ("at 时间", "by 人员", "what 事项", "reason 原因"), rows)


def _print(found: list[Risks]) -> None:
    rows = [
        (
            each.case_id,
            each.department or "—",
            f"{sign.zh} ({', '.join(f'{name} {value}' for name, value in sign.evidence)})",
            sign.cite,
            sign.todo_zh,
        )
        for each in found
        for sign in each.signals
    ]
    table("", ("case 病例", "department 科室", "sign 预警", "article 依据", "what to do 处理"), rows)
