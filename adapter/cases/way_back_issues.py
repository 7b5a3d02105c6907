"""Issues of the way back that a person meets at a command. Codes CASE-340 to CASE-342."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def no_way_back(source: str) -> Issue:
    """The source file names no way back."""
    return Issue(
        code="CASE-340",
        severity=Severity.ERROR,
        pointer=f"sources/{source}.yaml",
        zh=f"来源 {source} 未配置回传(way_back)",
        en=f"source {source} names no way back",
        hint_zh="请按 docs/way-back.md 在来源文件中填写 way_back",
        hint_en="add way_back to the source file, as docs/way-back.md shows",
    )


def no_table(source: str) -> Issue:
    """A table was asked for where the way back is of another form."""
    return Issue(
        code="CASE-341",
        severity=Severity.ERROR,
        pointer=f"sources/{source}.yaml",
        zh=f"来源 {source} 的回传不是中间表形式,没有建表语句",
        en=f"the way back of source {source} is no table; there is nothing to create",
        hint_zh="form: table 时才需要建表;数据库名为 sqlite、postgresql、oracle、mssql 之一",
        hint_en="only form: table needs one; the database is sqlite, postgresql, oracle or mssql",
    )


def not_a_parked_notice(key: str) -> Issue:
    """Only a notice that waits for a person can be let go."""
    return Issue(
        code="CASE-342",
        severity=Severity.ERROR,
        pointer=key,
        zh="该报文不是等待人工处理的回传通知",
        en="that message is no notice to the HIS that waits for a person",
        hint_zh="用 adapter way-back show 查看该病例的通知及其状态",
        hint_en="adapter way-back show lists the notices of a case and where they stand",
    )
