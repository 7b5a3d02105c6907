"""Issues of rows that are kept and seen together with those that came before. Codes SRC-140 to SRC-144."""

from __future__ import annotations

from collections.abc import Sequence

from adapter.model.issues import Issue, Severity


def conflicting_versions(pointer: str, others: Sequence[str]) -> Issue:
    listed = ", ".join(others)
    return Issue(
        code="SRC-140",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"该行与 {listed} 主键和次序键都相同而内容不同,无法判断以哪一行为准",
        en=f"the row has the key and the order key of {listed} but other content; nobody can tell which counts",
        hint_zh="请在 HIS 中核对该记录;之后送来次序更高的一行即以其为准",
        hint_en="check the record in the HIS; a row with a higher order key, sent later, decides",
    )


def waits_for_stay(stay_key: str, rows: int, stay_table: str) -> Issue:
    return Issue(
        code="SRC-141",
        severity=Severity.WARNING,
        pointer=f"{stay_table}/{stay_key}",
        zh=f"已收存住院 {stay_key} 的 {rows} 行,但该次住院的 {stay_table} 尚未到达;行已保留,到达后自动接收",
        en=f"{rows} row(s) of stay {stay_key} are kept and wait for its {stay_table}; they are taken when it comes",
        hint_zh="通常无需处理;若长期未到,请检查该次住院是否已导出",
        hint_en="usually nothing to do; if it does not come, check whether the stay is exported",
    )


def charges_left_behind(pointer: str, stay_key: str, into: str, rows: int) -> Issue:
    return Issue(
        code="SRC-142",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"住院 {stay_key} 已并入 {into},但仍有 {rows} 行费用等记录挂在 {stay_key} 名下",
        en=f"stay {stay_key} was merged into {into}, but {rows} row(s) still stand at {stay_key}",
        hint_zh=f"请确认 HIS 已把这些记录转到 {into},并重新送出",
        hint_en=f"make sure that the HIS moves these rows to {into} and sends them again",
    )
