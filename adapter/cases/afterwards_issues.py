"""Issues of settlement lists (结算清单)."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def no_list_wanted(case_id: str) -> Issue:
    """Nothing of the case is settled with a payer that wants a list."""
    return Issue(
        code="CASE-445",
        severity=Severity.ERROR,
        pointer=case_id,
        zh="该病例没有需要上传结算清单的结算",
        en="no settlement of this case stands with a payer that wants a settlement list",
        hint_zh="先结算;需上传清单的地区在 mappings/nhsa/<地区>/region.yaml 中设 settlement_list: yes",
        hint_en="settle first; where they are wanted mappings/nhsa/<region>/region.yaml has settlement_list: yes",
    )
