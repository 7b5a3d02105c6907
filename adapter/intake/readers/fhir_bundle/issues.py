"""Issues of reading resources of a hospital that speaks FHIR. Codes SRC-170 … SRC-178."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity

_RESEND_ZH = "请让医院的 FHIR 服务更正后重新发送"
_RESEND_EN = "have the hospital's FHIR server correct it and send it again"


def unreadable(pointer: str, reason_zh: str, reason_en: str) -> Issue:
    """No JSON, no resource, too large or too deep."""
    return Issue(
        code="SRC-170",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"该条目不能作为 FHIR 资源读取:{reason_zh};其余条目不受影响",
        en=f"the entry cannot be read as a FHIR resource: {reason_en}; the others are not affected",
        hint_zh=_RESEND_ZH,
        hint_en=_RESEND_EN,
    )


def strange_type(pointer: str, kind: str) -> Issue:
    return Issue(
        code="SRC-171",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"资源类型 {kind} 既未使用也未说明忽略理由,已单独暂存",
        en=f"resource type {kind} is neither used nor ignored for a stated reason; it was set aside by itself",
        hint_zh="确与结算无关的,请在 shape.yaml 的 ignored 中登记该类型及理由后重新导入",
        hint_en="if settlement does not need it, list the type with a reason under ignored in shape.yaml, import again",
    )


def nameless(pointer: str) -> Issue:
    return Issue(
        code="SRC-172",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="资源既没有 id,也没有业务标识(identifier),无法稳定识别",
        en="the resource has neither an id nor an identifier, so it cannot be told from others",
        hint_zh=_RESEND_ZH,
        hint_en=_RESEND_EN,
    )


def without_stay(pointer: str) -> Issue:
    return Issue(
        code="SRC-173",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="费用没有 context,也没有 account,无法归入任何一次住院",
        en="the charge has neither a context nor an account, so it belongs to no stay",
        hint_zh=_RESEND_ZH,
        hint_en=_RESEND_EN,
    )


def conflict(pointer: str, other: str) -> Issue:
    return Issue(
        code="SRC-174",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"与 {other} 的版本和时间相同,但内容不同,无法判断以哪一条为准",
        en=f"it has the same version and time as {other} but says something else; nobody can tell which one counts",
        hint_zh="请在医院的 FHIR 服务中核对后发送更新的版本",
        hint_en="check the resource on the hospital's server, then send a newer version",
    )


def stay_awaited(pointer: str, stay: str) -> Issue:
    return Issue(
        code="SRC-175",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"所指的 {stay} 尚未收到,暂存等待",
        en=f"it refers to {stay}, which nobody has sent yet; it waits",
        hint_zh="收到后自动继续;久未收到请让医院补发",
        hint_en="it goes on by itself when that arrives; if it does not, have the hospital send it",
    )


def other_encounters(file: str, count: int) -> Issue:
    return Issue(
        code="SRC-176",
        severity=Severity.INFORMATION,
        pointer=file,
        zh=f"{count} 个就诊不是住院(class 不在 inpatient 之列),不生成病例",
        en=f"{count} encounter(s) are no inpatient stays (class is not among inpatient); no case is made of them",
        hint_zh="如有误,请修改 shape.yaml 的 inpatient",
        hint_en="if that is wrong, correct inpatient in shape.yaml",
    )


def ignored_types(file: str, counts: str) -> Issue:
    return Issue(
        code="SRC-177",
        severity=Severity.INFORMATION,
        pointer=file,
        zh=f"按 shape.yaml 所列理由未使用:{counts}",
        en=f"left out for the reasons given in shape.yaml: {counts}",
        hint_zh="无需处理",
        hint_en="nothing to do",
    )


def stay_deleted(pointer: str) -> Issue:
    return Issue(
        code="SRC-178",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="该次住院已在医院的 FHIR 服务中删除,须人工核对",
        en="the stay was deleted on the hospital's server, which a person must look at",
        hint_zh="如确已取消,请让医院发送 status 为 cancelled 或 entered-in-error 的 Encounter",
        hint_en="if it was cancelled, have the hospital send the Encounter as cancelled or entered-in-error",
    )
