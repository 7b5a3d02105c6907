"""What one version of FHIR cannot say of the other: path, reason, and whether an extension carries it (表述差异)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from adapter.fhir.r5 import issues
from adapter.fhir.schema.compiled import Version
from adapter.model.issues import Issue


class Why(StrEnum):
    """Why something could not be said as it was."""

    GONE = "gone"  # 对方版本没有这个元素
    NARROWER = "narrower"  # 对方版本的元素装不下全部
    UNKNOWN = "unknown"  # 原资源里的元素不属于其版本
    NEEDED = "needed"  # 对方版本必填而原资源没有
    FOREIGN = "foreign"  # 不换版本的资源类型


@dataclass(frozen=True, slots=True)
class Loss:
    """One thing that the other version cannot say.

    Attributes:
        path: where it stood (``Encounter.classHistory[0]``).
        element: the element of the definition (``Encounter.classHistory``).
        towards: the version that cannot say it.
        carried: address of the extension that carries it; None when it is not in the result at all.
    """

    path: str
    element: str
    towards: Version
    why: Why
    carried: str | None = None

    @property
    def zh(self) -> str:
        return _ZH[self.why].format(version=self.towards)

    @property
    def en(self) -> str:
        return _EN[self.why].format(version=self.towards)

    def issue(self) -> Issue:
        """The loss as an issue: information where an extension carries it, a warning where it is gone."""
        if self.carried is not None:
            return issues.carried(self.path, self.zh, self.en, self.carried)
        return issues.not_said(self.path, self.zh, self.en)


_ZH = {
    Why.GONE: "{version} 没有这个元素",
    Why.NARROWER: "{version} 的这个元素装不下原来的全部内容",
    Why.UNKNOWN: "原资源所用版本没有这个元素,无从转换到 {version}",
    Why.NEEDED: "{version} 要求这个元素,原资源没有",
    Why.FOREIGN: "这种资源不转换到 {version},原样保留",
}
_EN = {
    Why.GONE: "{version} has no such element",
    Why.NARROWER: "{version} has less room in this element",
    Why.UNKNOWN: "the resource's own version has no such element; there is no way to {version}",
    Why.NEEDED: "{version} requires this element and the resource does not have it",
    Why.FOREIGN: "this type is not converted to {version} and stays as it is",
}


def told(losses: Iterable[Loss]) -> list[Issue]:
    """The losses as issues, each once."""
    return list(dict.fromkeys(loss.issue() for loss in losses))
