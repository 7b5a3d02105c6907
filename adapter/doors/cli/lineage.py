"""How lineage looks at a terminal, as JSON and as FHIR Provenance."""

from __future__ import annotations

from pathlib import Path

from adapter.cases.lineage import CaseLineage
from adapter.cases.masking import Shown
from adapter.doors.cli.output import out, print_issues, print_json, table
from adapter.fhir.provenance import provenance_bundle


def print_lineage(found: CaseLineage, *, json: bool, provenance: bool, reveal: bool, to: Path | None = None) -> None:
    """Every element with its cells and its rule; with ``provenance`` a Bundle of FHIR Provenances.

    Args:
        to: a file for the JSON, in place of stdout.
    """
    shown = Shown(found.personal, reveal)
    if provenance:
        print_json(provenance_bundle(found.provenances()), to=to)
    elif json:
        print_json(found.as_json(shown), to=to)
    else:
        out.print(f"{found.case_id}  {found.version}", style="bold", markup=False)
        rows = [
            (
                f"{each.line.element.rpartition('/')[2][:8]} {each.line.path}",
                shown.value(each.line) + ("" if each.as_stored else " (settled otherwise 结算后另有值)"),
                " ".join(place.pointer for place in (*each.line.sources, *each.line.conditions)) or "—",
                each.line.rule,
                each.line.via,
            )
            for each in found.elements
        ]
        table("", ("element 元素", "value 值", "source 来源", "rule 规则", "via 经由"), rows)
        for use in found.uses:
            out.print(f"  {use.rule}  {use.what}  {use.target}", style="dim", markup=False)
    print_issues(found.issues)
