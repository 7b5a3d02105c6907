"""Issues of reading: files, encodings, rows and keys. Codes SRC-1xx."""

from __future__ import annotations

from collections.abc import Iterable

from adapter.model.issues import Issue, Severity

_RESEND_ZH = "请让 HIS 重新导出该文件后再次导入"
_RESEND_EN = "have the HIS export this file again, then import it once more"


def broken_file(file: str, line: int, rows: int) -> Issue:
    """Malformed XML, or a file cut in the middle."""
    return Issue(
        code="SRC-101",
        severity=Severity.ERROR,
        pointer=f"{file}:{line}",
        zh=f"文件在第 {line} 行附近损坏或被截断;此前读到的 {rows} 行保留,但相关住院病例暂停处理",
        en=f"the file is malformed or cut off near line {line}; the {rows} rows before it are kept, but the stays that "
        "depend on it are held",
        hint_zh=_RESEND_ZH,
        hint_en=_RESEND_EN,
    )


def doctype_refused(file: str) -> Issue:
    return Issue(
        code="SRC-102",
        severity=Severity.ERROR,
        pointer=file,
        zh="文件含有 DOCTYPE 声明,出于安全原因拒绝读取",
        en="the file carries a DOCTYPE and is refused for safety",
        hint_zh="请让 HIS 导出不带 DOCTYPE 和实体定义的 XML",
        hint_en="have the HIS export XML without a DOCTYPE or entities",
    )


def unreadable_encoding(file: str, offset: int) -> Issue:
    return Issue(
        code="SRC-103",
        severity=Severity.ERROR,
        pointer=f"{file}@{offset}",
        zh=f"文件既不是合法的 UTF-8,也不是合法的 GB18030(第 {offset} 字节起无法解码);未替换任何字符",
        en=f"the file is neither valid UTF-8 nor valid GB18030 (from byte {offset} on); no character was replaced",
        hint_zh=_RESEND_ZH,
        hint_en=_RESEND_EN,
    )


def label_contradicts(file: str, declared: str, found: str) -> Issue:
    return Issue(
        code="SRC-104",
        severity=Severity.INFORMATION,
        pointer=file,
        zh=f"文件声明编码为 {declared},实际内容为 {found};已按实际编码读取",
        en=f"the file is labelled {declared} but its bytes are {found}; read as {found}",
        hint_zh="无需处理;可提醒 HIS 厂商更正声明,或修改来源文件的 encodings",
        hint_en="nothing to do; the HIS vendor may correct the label, or encodings in the source file",
    )


def no_join_key(pointer: str, column: str) -> Issue:
    return Issue(
        code="SRC-105",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"该行没有住院关联键 {column},无法归入任何一次住院",
        en=f"the row has no {column}, so it belongs to no stay",
        hint_zh=f"请在 HIS 中补全 {column} 后重新导出",
        hint_en=f"complete {column} in the HIS, then export again",
    )


def no_row_key(pointer: str, column: str) -> Issue:
    return Issue(
        code="SRC-106",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"该行缺少行主键 {column},无法稳定识别",
        en=f"the row lacks its key column {column} and cannot be told from others",
        hint_zh=f"请在 HIS 中补全 {column} 后重新导出",
        hint_en=f"complete {column} in the HIS, then export again",
    )


def row_refused(pointer: str, reason_zh: str, reason_en: str) -> Issue:
    """A row of the wrong form: too large, nested, a column standing twice."""
    return Issue(
        code="SRC-107",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"该行无法读取:{reason_zh}",
        en=f"the row was refused: {reason_en}",
        hint_zh=_RESEND_ZH,
        hint_en=_RESEND_EN,
    )


def repeated_row(pointer: str, first: str) -> Issue:
    return Issue(
        code="SRC-108",
        severity=Severity.WARNING,
        pointer=pointer,
        zh=f"该行与 {first} 完全相同,只计一次",
        en=f"the row is the same as {first}; it counts once",
        hint_zh="请检查导出条件是否重复取数",
        hint_en="check whether the export selects rows twice",
    )


def conflicting_row(pointer: str, first: str) -> Issue:
    return Issue(
        code="SRC-109",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"该行与 {first} 主键相同而内容不同,无法判断以哪一行为准",
        en=f"the row has the same key as {first} but other content; nobody can tell which one counts",
        hint_zh="请在 HIS 中核对该记录后重新导出",
        hint_en="check the record in the HIS, then export again",
    )


def orphan_rows(pointer: str, table: str, count: int, stay_key: str, stay_table: str) -> Issue:
    return Issue(
        code="SRC-110",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"{table} 有 {count} 行属于住院 {stay_key},但 {stay_table} 中没有该次住院",
        en=f"{count} row(s) of {table} belong to stay {stay_key}, which {stay_table} does not hold",
        hint_zh=f"请把 {stay_table} 中的该次住院一并导出",
        hint_en=f"export the stay's row of {stay_table} as well",
    )


def unknown_table(file: str, tables: Iterable[str]) -> Issue:
    known = ", ".join(tables)
    return Issue(
        code="SRC-111",
        severity=Severity.ERROR,
        pointer=file,
        zh=f"文件名不对应任何一张表(应为:{known})",
        en=f"the file name tells no table (expected one of: {known})",
        hint_zh="请按表名命名文件,例如 ZY_FYMX.xml;或在 shape.yaml 中登记该表",
        hint_en="name the file after its table, as in ZY_FYMX.xml, or list the table in shape.yaml",
    )


def table_missing(table: str) -> Issue:
    return Issue(
        code="SRC-112",
        severity=Severity.ERROR,
        pointer=table,
        zh=f"本批次没有 {table} 的文件,住院病例不完整",
        en=f"this batch holds no file of {table}, so its stays are incomplete",
        hint_zh=f"请连同 {table} 一起导出并导入",
        hint_en=f"export and import {table} together with the others",
    )


def incomplete_table(file: str, table: str) -> Issue:
    """Laid on each stay that a broken or refused file may concern."""
    return Issue(
        code="SRC-113",
        severity=Severity.ERROR,
        pointer=file,
        zh=f"{table} 的文件未能完整读取,该次住院可能缺少记录,暂停结算",
        en=f"a file of {table} could not be read to its end; this stay may lack rows and is held",
        hint_zh=_RESEND_ZH,
        hint_en=_RESEND_EN,
    )


def file_too_large(file: str, size: int, limit: int) -> Issue:
    return Issue(
        code="SRC-114",
        severity=Severity.ERROR,
        pointer=file,
        zh=f"文件大小 {size} 字节,超过上限 {limit} 字节",
        en=f"the file has {size} bytes, more than the limit of {limit}",
        hint_zh="请分批导出;或由运维调高 ADAPTER_LIMITS__FILE_BYTES",
        hint_en="export in smaller batches, or have the operator raise ADAPTER_LIMITS__FILE_BYTES",
    )


def more_issues(file: str, count: int) -> Issue:
    return Issue(
        code="SRC-115",
        severity=Severity.WARNING,
        pointer=file,
        zh=f"该文件另有 {count} 条问题未逐条列出;受影响的病例均已暂停",
        en=f"{count} more issues of this file are not listed one by one; every stay concerned is held",
        hint_zh="先处理已列出的问题,再重新导入",
        hint_en="deal with the listed issues first, then import again",
    )


def file_unreadable(file: str, reason: str) -> Issue:
    return Issue(
        code="SRC-116",
        severity=Severity.ERROR,
        pointer=file,
        zh=f"文件无法打开:{reason}",
        en=f"the file cannot be opened: {reason}",
        hint_zh="请检查文件是否存在、是否有读取权限",
        hint_en="check that the file exists and may be read",
    )


def no_rows_at_path(file: str, path: str) -> Issue:
    return Issue(
        code="SRC-117",
        severity=Severity.ERROR,
        pointer=file,
        zh=f"文件在 {path} 处没有数据行,可能是 HIS 返回了错误信息",
        en=f"the document holds no rows at {path}; it may be an error answer of the HIS",
        hint_zh="请查看文件内容;如数据在别处,请修改 shape.yaml 中该表的 rows",
        hint_en="look at the file; when the rows stand elsewhere, correct the table's rows in shape.yaml",
    )


def header_missing(file: str) -> Issue:
    return Issue(
        code="SRC-118",
        severity=Severity.ERROR,
        pointer=f"{file}:1",
        zh="文件没有列名行",
        en="the file has no line that names its columns",
        hint_zh="请连同列名一起导出;或在 shape.yaml 中声明 columns 并写 header: no",
        hint_en="export it with its column names, or declare columns in shape.yaml with header: no",
    )


def header_wrong(file: str, columns: str) -> Issue:
    """A column stands twice, a key column is missing, or there are too many."""
    return Issue(
        code="SRC-119",
        severity=Severity.ERROR,
        pointer=f"{file}:1",
        zh=f"列名行有误(重复、缺少主键列或列数过多):{columns}",
        en=f"the header is wrong (a name twice, a key column missing, or too many columns): {columns}",
        hint_zh="请检查分隔符和列名后重新导出;或修改 shape.yaml",
        hint_en="check separator and column names and export again, or correct shape.yaml",
    )


def too_many_rows(file: str, limit: int) -> Issue:
    """More rows, or more messages, than one file may hold."""
    return Issue(
        code="SRC-160",
        severity=Severity.ERROR,
        pointer=file,
        zh=f"文件超过 {limit} 行(条)的上限,其后的内容未读取;可能缺少记录的病例暂停处理",
        en=f"the file holds more than {limit} rows or messages; what comes after is not read, and stays that may lack "
        "some of it are held",
        hint_zh="请分批导出;或由运维调高 ADAPTER_LIMITS__ROWS",
        hint_en="export in smaller batches, or have the operator raise ADAPTER_LIMITS__ROWS",
    )


def time_over(file: str, seconds: float) -> Issue:
    """Reading took longer than it may."""
    return Issue(
        code="SRC-161",
        severity=Severity.ERROR,
        pointer=file,
        zh=f"读取超过 {seconds:g} 秒的上限,该文件未读完;可能缺少记录的病例暂停处理",
        en=f"reading took longer than {seconds:g} seconds, so the file was not read to its end; stays that may lack "
        "some of it are held",
        hint_zh="请分批导出后再次导入;或由运维调高 ADAPTER_LIMITS__SECONDS",
        hint_en="export in smaller batches and import again, or have the operator raise ADAPTER_LIMITS__SECONDS",
    )
