"""Issues of reference data: files, columns, cells, periods. Codes REF-101 to REF-112."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity

_HINT_ZH = "请按 docs/reference-data.md 修改后重新载入"
_HINT_EN = "correct it after docs/reference-data.md, then load it again"


def table_missing(file: str) -> Issue:
    return Issue(
        code="REF-101",
        severity=Severity.ERROR,
        pointer=file,
        zh="缺少该参考数据文件",
        en="this reference file is missing",
        hint_zh="请提供该文件;暂无内容时也应保留表头",
        hint_en="provide the file; with nothing to say it still needs its header",
    )


def columns_wrong(file: str, missing: str, unknown: str) -> Issue:
    return Issue(
        code="REF-102",
        severity=Severity.ERROR,
        pointer=f"{file}#0",
        zh=f"表头不符:缺少 [{missing}],多出 [{unknown}]",
        en=f"the header does not fit: missing [{missing}], unknown [{unknown}]",
        hint_zh=_HINT_ZH,
        hint_en=_HINT_EN,
    )


def cell_wrong(pointer: str, expected_zh: str, expected_en: str) -> Issue:
    return Issue(
        code="REF-103",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"内容有误:应为{expected_zh};该行未采用",
        en=f"{expected_en} is expected here; the row was left out",
        hint_zh=_HINT_ZH,
        hint_en=_HINT_EN,
    )


def row_wrong(pointer: str, cells: int, columns: int) -> Issue:
    return Issue(
        code="REF-104",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"该行有 {cells} 列,表头有 {columns} 列;该行未采用",
        en=f"the row has {cells} cells and the header {columns}; the row was left out",
        hint_zh=_HINT_ZH,
        hint_en=_HINT_EN,
    )


def periods_overlap(pointer: str, first: str) -> Issue:
    return Issue(
        code="REF-105",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"有效期与 {first} 重叠;该行未采用",
        en=f"its period overlaps that of {first}; the row was left out",
        hint_zh="请先为前一行填写 valid_to",
        hint_en="give the earlier row its valid_to first",
    )


def person_unknown(pointer: str) -> Issue:
    return Issue(
        code="REF-106",
        severity=Severity.WARNING,
        pointer=pointer,
        zh="该行没有 person_key,也无法按身份证号对应到本院患者;未采用",
        en="the row has no person_key and its ID number matches no person of this hospital; left out",
        hint_zh="如该人员在本院就诊,请填写 person_key",
        hint_en="if the person is treated here, fill in person_key",
    )


def encoding_wrong(file: str) -> Issue:
    return Issue(
        code="REF-107",
        severity=Severity.ERROR,
        pointer=file,
        zh="文件不是 UTF-8 编码",
        en="the file is not UTF-8",
        hint_zh="请另存为 UTF-8",
        hint_en="save it as UTF-8",
    )


def window_unreadable(pointer: str) -> Issue:
    return Issue(
        code="REF-110",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="不是合法的窗口登记文件(应为“住院键: 内容”的 YAML)",
        en="not a file of window facts (YAML of stay keys is expected)",
        hint_zh=_HINT_ZH,
        hint_en=_HINT_EN,
    )


def window_entry_wrong(pointer: str, expected_zh: str, expected_en: str) -> Issue:
    return Issue(
        code="REF-111",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"窗口登记有误:应为{expected_zh};该次住院的登记未采用",
        en=f"{expected_en} is expected here; the stay's window facts were left out",
        hint_zh=_HINT_ZH,
        hint_en=_HINT_EN,
    )


def window_key_repeated(pointer: str, first_line: int) -> Issue:
    return Issue(
        code="REF-112",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"键重复(第 {first_line} 行已出现);该次住院的登记未采用",
        en=f"the key stands twice (first on line {first_line}); the stay's window facts were left out",
        hint_zh="请合并为一处",
        hint_en="make it one entry",
    )
