"""Issues of the simulators' scenarios. Codes DEL-615 and DEL-616."""

from __future__ import annotations

from collections.abc import Iterable

from adapter.model.issues import Issue, Severity


def unknown_scenario(name: str, known: Iterable[str]) -> Issue:
    """There is no scenario, or no part of a scenario, of this name."""
    names = ", ".join(known)
    return Issue(
        code="DEL-615",
        severity=Severity.ERROR,
        pointer=name,
        zh=f"没有名为 {name} 的场景或环节;现有:{names}",
        en=f"no scenario or part is called {name}; there are: {names}",
        hint_zh="用 adapter counterparts play 查看全部场景和环节",
        hint_en="adapter counterparts play lists the scenarios and their parts",
    )


def not_played(url: str, what: str) -> Issue:
    """A simulator could not be told what to act out."""
    return Issue(
        code="DEL-616",
        severity=Severity.ERROR,
        pointer=url,
        zh=f"无法把故障脚本交给模拟端点:{what}",
        en=f"the simulator could not be given the script: {what}",
        hint_zh="请核对 --url 或 --dir 是否为该环节所属的模拟端点(启动时 ready 一行的地址或目录)",
        hint_en="--url or --dir is where the simulator runs that the part is for, as its ready line says",
    )
