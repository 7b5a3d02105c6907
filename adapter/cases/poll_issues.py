"""Issues of polling a hospital's database. Codes CASE-335."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def no_database(source: str) -> Issue:
    """The source file says nothing about a database."""
    return Issue(
        code="CASE-335",
        severity=Severity.ERROR,
        pointer=f"sources/{source}.yaml",
        zh=f"来源“{source}”没有 database 一节,不能从数据库读取",
        en=f"source '{source}' has no database section, so there is no database to read",
        hint_zh="在来源文件中加上 database(见 docs/database-views.md),或用 adapter ingest 导入文件",
        hint_en="add a database section to the source file (docs/database-views.md), or use adapter ingest for files",
    )
