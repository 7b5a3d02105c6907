"""Issues of oversight: PRG-304 who answers for a stay, PRG-305 whose settings are looked at (责任与设置)."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def nobody_named(case_id: str) -> Issue:
    """Responsibility goes down to a person."""
    return Issue(
        code="PRG-304",
        severity=Severity.ERROR,
        pointer=f"{case_id}/responsible",
        zh="责任须落实到科室和人员,二者缺一不可",
        en="a department and a person answer for a stay; one of them is missing",
        hint_zh="请填写科室代码和工号(不填姓名)",
        hint_en="give the department's code and the staff number, no names",
    )


def scheme_of_another(scheme: str, programme: str, asked: str) -> Issue:
    """A scheme fills in the blanks of its own programme only."""
    return Issue(
        code="PRG-305",
        severity=Severity.ERROR,
        pointer=f"schemes/{scheme}.yaml",
        zh=f"方案“{scheme}”适用的是“{programme}”,不是“{asked}”",
        en=f"scheme '{scheme}' is of '{programme}', not of '{asked}'",
        hint_zh="请用 adapter policy list 查看各方案适用的办法",
        hint_en="adapter policy list names the programme of each scheme",
    )
