"""Issues of ``adapter policy check``: POL-221 … POL-229. The pointer is ``file:line``."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def step_unknown(place: str, step: str, known: str) -> Issue:
    return Issue(
        code="POL-221",
        severity=Severity.ERROR,
        pointer=place,
        zh=f"不认识的步骤“{step}”",
        en=f"unknown step '{step}'",
        hint_zh=f"可用:{known}",
        hint_en=f"known: {known}",
    )


def parameter_missing(place: str, step: str, wanted: str) -> Issue:
    return Issue(
        code="POL-222",
        severity=Severity.ERROR,
        pointer=place,
        zh=f"“{step}”需要“{wanted}”,文件中没有",
        en=f"'{step}' needs '{wanted}', which the file does not have",
        hint_zh="请补充并注明依据;来源没有公布的,写 not_published: true",
        hint_en="add it with its article; where the source prints none, write not_published: true",
    )


def parameter_unread(place: str, name: str) -> Issue:
    return Issue(
        code="POL-223",
        severity=Severity.WARNING,
        pointer=place,
        zh=f"没有步骤使用参数“{name}”",
        en=f"no step reads the parameter '{name}'",
        hint_zh="请核对拼写,或在 steps 中补充使用它的步骤",
        hint_en="check the spelling, or list the step that reads it",
    )


def bands_overlap(place: str, before: str, start: str) -> Issue:
    return Issue(
        code="POL-224",
        severity=Severity.ERROR,
        pointer=place,
        zh=f"分段重叠:上一段到{before},本段从{start}起",
        en=f"bands overlap: the one before runs to {before}, this one begins at {start}",
        hint_zh="每一元只能落在一段内;请按原文更正",
        hint_en="every yuan falls into one band only; correct it by the document",
    )


def bands_gap(place: str, before: str, start: str) -> Issue:
    return Issue(
        code="POL-225",
        severity=Severity.ERROR,
        pointer=place,
        zh=f"分段有空档:{before}至{start}之间没有比例",
        en=f"the bands leave a gap: nothing is said between {before} and {start}",
        hint_zh="请补充该段;确不支付的,写比例 0 并注明依据",
        hint_en="add the band; where nothing is paid there, write the ratio 0 with its article",
    )


def band_unreachable(place: str, band: str, why: str) -> Issue:
    return Issue(
        code="POL-226",
        severity=Severity.WARNING,
        pointer=place,
        zh=f"没有病例会落到“{band}”({why})",
        en=f"no case ever reaches '{band}' ({why})",
        hint_zh="请核对该段、起付线和封顶线",
        hint_en="check the band against the deductible and the ceiling",
    )


def band_impossible(place: str, band: str) -> Issue:
    return Issue(
        code="POL-227",
        severity=Severity.ERROR,
        pointer=place,
        zh=f"不可能的分段“{band}”",
        en=f"impossible band '{band}'",
        hint_zh="下限不低于 0、上限高于下限、比例在 0 到 1 之间",
        hint_en="the lower end is at least 0, the upper end above it, the ratio from 0 to 1",
    )


def days_uncovered(place: str, name: str, since: str, until: str) -> Issue:
    return Issue(
        code="POL-228",
        severity=Severity.WARNING,
        pointer=place,
        zh=f"“{name}”在{since}至{until}(不含)没有数值,这些日期将无法结算",
        en=f"'{name}' has no value from {since} until {until}: no bill can be settled on those days",
        hint_zh="请补充该期间的数值及依据,或用 ends 同时结束其他参数",
        hint_en="add the value of those days with its article, or end the other parameters on the same day",
    )


def key_unreachable(place: str, dimension: str, key: str, known: str) -> Issue:
    return Issue(
        code="POL-229",
        severity=Severity.ERROR,
        pointer=place,
        zh=f"{dimension} 没有“{key}”这一项,没有病例会用到该数值",
        en=f"{dimension} knows no '{key}': no case ever uses that value",
        hint_zh=f"可用:{known}、default",
        hint_en=f"known: {known}, default",
    )
