"""Issues of the ``database`` section of a source file. Codes MAP-150 to -154."""

from __future__ import annotations

from collections.abc import Sequence

from adapter.model.issues import Issue, Severity


def password_in_url(pointer: str) -> Issue:
    """A password stands in a mapping file, which people read and copy."""
    return Issue(
        code="MAP-150",
        severity=Severity.FATAL,
        pointer=pointer,
        zh="database.url 中含有密码",
        en="database.url holds a password",
        hint_zh="请从 url 中删去密码,写 password_env: HIS_DB_PASSWORD,并在该环境变量中给出密码;已写入文件的密码应更换",
        hint_en="take it out of the url, write password_env: HIS_DB_PASSWORD and set that environment variable; "
        "change the password that stood in the file",
    )


def no_such_driver(pointer: str, drivers: Sequence[str]) -> Issue:
    """The URL is none, or names a driver that nobody knows here."""
    listed = ", ".join(drivers)
    return Issue(
        code="MAP-151",
        severity=Severity.FATAL,
        pointer=pointer,
        zh=f"database.url 不是数据库地址,或驱动不认识(可用:{listed})",
        en=f"database.url is no database address, or its driver is not known (known: {listed})",
        hint_zh="例如 postgresql+psycopg://his_reader@db.example/his",
        hint_en="for example postgresql+psycopg://his_reader@db.example/his",
    )


def query_wrong(pointer: str, table: str, incremental: bool) -> Issue:
    """A query that is not one SELECT, or whose parameters are not what its watermark needs."""
    return Issue(
        code="MAP-152",
        severity=Severity.FATAL,
        pointer=pointer,
        zh=f"{table} 的查询应为一条 SELECT(或 WITH),不含分号,"
        + ("且以命名参数 :since 限定水位" if incremental else "没有 watermark 时不含命名参数"),
        en=f"the query of {table} is one SELECT (or WITH) without a semicolon "
        + ("that narrows the watermark with the parameter :since" if incremental else "and without named parameters"),
        hint_zh="例如 SELECT … FROM V_ZY_FYMX WHERE GXSJ >= :since;文字中的冒号写作 \\:",
        hint_en="for example SELECT … FROM V_ZY_FYMX WHERE GXSJ >= :since; write \\: for a colon inside a text",
    )


def tables_do_not_fit(pointer: str, unknown: Sequence[str], missing: Sequence[str]) -> Issue:
    """The section names tables that the shape does not have, or lacks those that it needs."""
    return Issue(
        code="MAP-153",
        severity=Severity.FATAL,
        pointer=pointer,
        zh=f"database.tables 与厂商形态不符;多出:{', '.join(unknown) or '—'};缺少:{', '.join(missing) or '—'}",
        en=f"database.tables does not fit the shape; not in it: {', '.join(unknown) or '—'}; "
        f"missing: {', '.join(missing) or '—'}",
        hint_zh="表名与 shape.yaml 的 tables 一致;needed: yes 的表必须有查询",
        hint_en="names are those of tables in shape.yaml; a table with needed: yes must have a query",
    )


def watermark_with_whole(pointer: str, table: str) -> Issue:
    """Where a row that is not read counts as taken back, reading only new rows would undo all others."""
    return Issue(
        code="MAP-154",
        severity=Severity.FATAL,
        pointer=pointer,
        zh=f"{table} 有 watermark,但 delivery 为 whole:未读到的行会被当作 HIS 已撤回",
        en=f"{table} has a watermark but delivery is whole: every row that is not read would count as taken back",
        hint_zh="写 delivery: changes,或去掉 watermark,每次整份读取",
        hint_en="write delivery: changes, or leave the watermark out and read everything each time",
    )
