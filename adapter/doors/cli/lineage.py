"""How lineage looks at a terminal, as JSON and as FHIR Provenance."""

from __future__ import annotations

from adapter.cases.lineage import CaseLineage
from adapter.cases.masking import Shown
from adapter.doors.cli.output import out, print_issues, print_json, table


def print_lineage(found: CaseLineage, *, json: bool, provenance: bool, reveal: bool) -> None:
    """Every element with its cells and its rule; with ``provenance`` a Bundle of FHIR Provenances."""
    shown = Shown(found.personal, reveal)
    if provenance:
        entries = [{"resource": each} for each in found.provenances()]
        print_json({"resourceType": "Bundle", "type": "collection", "entry": entries})
    elif json:
        print_json(
            {
                "case_id": found.case_id,
                "mapping": found.version,
                "elements": [{**shown.line_json(each.line), "as_stored": each.as_stored} for each in found.elements],
                "uses": [{"rule": each.rule, "what": each.what, "target": each.target} for each in found.uses],
            }
        )
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
