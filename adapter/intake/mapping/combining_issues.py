"""Issues of sources that combine feeds. Codes MAP-140 to MAP-145."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def shape_named_twice(pointer: str, vendor: str) -> Issue:
    return Issue(
        code="MAP-140",
        severity=Severity.FATAL,
        pointer=pointer,
        zh=f"形态 {vendor} 出现两次",
        en=f"shape {vendor} is named twice",
        hint_zh="shape 和 with 中每个形态只写一次",
        hint_en="name each shape once, in shape or in with",
    )


def has_its_own_stays(pointer: str, vendor: str, stay_table: str) -> Issue:
    return Issue(
        code="MAP-141",
        severity=Severity.FATAL,
        pointer=pointer,
        zh=f"形态 {vendor} 自有住院表,不能作为补充形态;补充形态的住院表是第一个形态的 {stay_table}",
        en=f"shape {vendor} has its own stay table and cannot complete another; the stays are those of {stay_table}",
        hint_zh="补充形态的 shape.yaml 中 stay 只写 key",
        hint_en="in the shape.yaml of a shape that completes another, stay holds only key",
    )


def table_claimed_twice(pointer: str, table: str, other: str) -> Issue:
    return Issue(
        code="MAP-142",
        severity=Severity.FATAL,
        pointer=pointer,
        zh=f"表 {table} 已由 {other} 定义",
        en=f"table {table} is defined at {other} already",
        hint_zh="请给其中一张表改名,用 file 指明它的文件名",
        hint_en="give one of the tables another name, and its file's name under file",
    )


def messages_cannot_complete(pointer: str, vendor: str) -> Issue:
    return Issue(
        code="MAP-143",
        severity=Severity.FATAL,
        pointer=pointer,
        zh=f"形态 {vendor} 读取消息,不能作为补充形态",
        en=f"shape {vendor} reads messages and cannot complete another",
        hint_zh="请把消息形态写在 shape,把视图形态写在 with",
        hint_en="name the shape of the messages under shape and that of the views under with",
    )


def combined_needs_changes(pointer: str) -> Issue:
    return Issue(
        code="MAP-144",
        severity=Severity.FATAL,
        pointer=pointer,
        zh="组合来源(with)须写 delivery: changes:各路数据分别到达,行要逐行保留",
        en="a source that combines feeds (with) needs delivery: changes; its feeds come apart, so each row is kept",
        hint_zh="请在来源文件中加上 delivery: changes",
        hint_en="add delivery: changes to the source file",
    )


def resource_claimed_twice(pointer: str, name: str, other: str) -> Issue:
    return Issue(
        code="MAP-145",
        severity=Severity.FATAL,
        pointer=pointer,
        zh=f"映射文件名 {name} 已由 {other} 使用",
        en=f"a mapping file {name} is listed at {other} already",
        hint_zh="请给其中一个映射文件改名",
        hint_en="give one of the mapping files another name",
    )
