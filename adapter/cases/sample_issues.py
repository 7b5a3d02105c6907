"""Issues of looking at a sample: what to draft, explain or compare (样本问题). Codes MAP-12x, MAP-18x."""

from __future__ import annotations

from collections.abc import Sequence

from adapter.model.issues import Issue, Severity


def no_sample_files(pointer: str) -> Issue:
    return Issue(
        code="MAP-120",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="没有可识别格式的样本文件(.xml、.csv、.tsv、.txt、.json、.ndjson、.jsonl)",
        en="there is no sample file of a known format (.xml, .csv, .tsv, .txt, .json, .ndjson, .jsonl)",
        hint_zh="请给出导出文件或其文件夹;定长文件另以 --layout 给出列说明",
        hint_en="name export files or their folder; describe the columns of fixed width with --layout",
    )


def several_formats(pointer: str) -> Issue:
    return Issue(
        code="MAP-121",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="样本中有多种格式的文件;一个映射只读一种",
        en="the sample holds files of several formats; a mapping reads one",
        hint_zh="请分开存放,逐个格式起草",
        hint_en="keep them apart and draft one format at a time",
    )


def sample_unreadable(pointer: str, reason: str) -> Issue:
    return Issue(
        code="MAP-122",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"样本文件无法读取({reason})",
        en=f"the sample file cannot be read ({reason})",
        hint_zh="请让 HIS 重新导出该文件",
        hint_en="have the HIS export this file again",
    )


def sample_without_rows(pointer: str) -> Issue:
    return Issue(
        code="MAP-123",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="样本中没有任何行",
        en="the sample holds no row",
        hint_zh="请导出至少一次住院的数据",
        hint_en="export at least one stay",
    )


def no_stay_key(pointer: str) -> Issue:
    return Issue(
        code="MAP-124",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="没有一列可作住院键(每行必填且不重复)",
        en="no column could be the stay key (always there, never twice)",
        hint_zh="请确认样本中包含住院表,且每次住院一行",
        hint_en="check that the sample has the table of stays, one row each",
    )


def draft_exists(pointer: str, count: int) -> Issue:
    return Issue(
        code="MAP-125",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"初稿中有 {count} 个文件已存在;初稿不覆盖任何文件",
        en=f"{count} files of the draft are already there; it overwrites nothing",
        hint_zh="请换一个来源或厂商名,或用 --out 写到别处",
        hint_en="choose another source or vendor name, or write elsewhere with --out",
    )


def bad_name(pointer: str) -> Issue:
    return Issue(
        code="MAP-126",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="来源名和厂商名只能用小写字母、数字和下划线,且以字母开头",
        en="names of sources and vendors are lower case letters, digits and underlines, a letter first",
        hint_zh="例如 liuhe_town",
        hint_en="for example liuhe_town",
    )


def no_such_row(pointer: str, table: str) -> Issue:
    return Issue(
        code="MAP-127",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"{table} 的样本中没有这一行,或该行不属于任何住院",
        en=f"the sample of {table} has no such row, or it belongs to no stay",
        hint_zh="行号从 1 起,按文件计;表由多个文件组成时写作 文件名#行号",
        hint_en="rows count from 1 within their file; of several files write FILE#ROW",
    )


def mapped_with_another_version(pointer: str, then: str, now: str) -> Issue:
    return Issue(
        code="MAP-128",
        severity=Severity.WARNING,
        pointer=pointer,
        zh=f"该病例由映射版本 {then} 生成,现按 {now} 展开;行和规则可能有出入",
        en=f"the case was made by mapping {then} and is expanded with {now}; rows and rules may differ",
        hint_zh="重新导入后即按现行映射生成",
        hint_en="import again to make it with the mapping of today",
    )


def no_rows_kept(pointer: str) -> Issue:
    return Issue(
        code="MAP-129",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="该病例没有保存原始行(导入时尚无此功能)",
        en="no source rows are kept of this case (it was taken in before they were)",
        hint_zh="重新导入后即可展开来源",
        hint_en="import it again, then its lineage can be expanded",
    )


def not_from_the_his(pointer: str) -> Issue:
    return Issue(
        code="MAP-130",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="该资源由结算生成,不来自 HIS 的行",
        en="this resource was made by a settlement, not from a row of the HIS",
        hint_zh="用 adapter settle 病例 --explain 查看其计算步骤",
        hint_en="adapter settle CASE --explain shows the steps that made it",
    )


def nothing_at_path(pointer: str) -> Issue:
    return Issue(
        code="MAP-131",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="该病例的资源在此路径上没有内容",
        en="no resource of this case holds anything at this path",
        hint_zh="路径如 ChargeItem.quantity.value 或 ChargeItem/<id>.quantity.value",
        hint_en="a path is written ChargeItem.quantity.value or ChargeItem/<id>.quantity.value",
    )


def layout_wrong(pointer: str, expected: str) -> Issue:
    return Issue(
        code="MAP-180",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"列说明的这一行不能用(应为 {expected})",
        en=f"this line of the column description cannot be used ({expected} is expected)",
        hint_zh="列说明为 UTF-8 的 CSV,首行 table,column,start,width;start 从 1 起,同一表内列名不重复",
        hint_en="a UTF-8 CSV file, first line table,column,start,width; start counts from 1, no column twice",
    )


def layout_does_not_fit(pointer: str, needed: int, found: Sequence[int]) -> Issue:
    lengths = ", ".join(str(each) for each in found[:3])
    return Issue(
        code="MAP-181",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"按列说明每行应有 {needed} 位(字符或字节),样本中有 {lengths} 位的行",
        en=f"a line should have {needed} places (characters or bytes) as described; the sample has lines of {lengths}",
        hint_zh="请核对列说明的起始位和位数,以及行尾空格是否被截去",
        hint_en="check starts and widths, and whether blanks at the end of lines were cut off",
    )


def layout_misses_table(pointer: str, described: str) -> Issue:
    return Issue(
        code="MAP-182",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"列说明中没有这个文件的表(有:{described})",
        en=f"the column description does not have the table of this file (it has: {described})",
        hint_zh="表名是文件名去掉日期和后缀;请补充其各列,或把该文件移开",
        hint_en="a table is called like its file without date and suffix; describe its columns, or take the file away",
    )


def lines_without_separator(pointer: str) -> Issue:
    return Issue(
        code="MAP-183",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="该文件的行没有分隔符,列的位置无从得知",
        en="the lines of this file have no separator, so nothing tells where columns stand",
        hint_zh="请用 --layout 给出列说明(table,column,start,width)",
        hint_en="describe the columns with --layout (table,column,start,width)",
    )


def speaks_fhir(pointer: str) -> Issue:
    return Issue(
        code="MAP-184",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="该样本已是 FHIR 资源,不需要映射初稿",
        en="the sample holds FHIR resources already; it needs no draft of a mapping",
        hint_zh="在来源文件中写 shape: fhir_r4,见 docs/mapping-files.md",
        hint_en="write shape: fhir_r4 in the source file, see docs/mapping-files.md",
    )
