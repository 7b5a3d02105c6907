"""Issues of the programme room: PRG-201 … PRG-204, PRG-210, PRG-220 … PRG-222, PRG-230, PRG-231."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity
from adapter.model.money import Money


def setting_unset(programme: str, name: str, zh: str, en: str, cite: str, *, stops: bool) -> Issue:
    """The source leaves this blank and nobody has filled it in yet."""
    return Issue(
        code="PRG-201",
        severity=Severity.ERROR if stops else Severity.WARNING,
        pointer=f"programmes/{programme}.yaml#settings/{name}",
        zh=f"必填设置“{name}”未填写:{zh}(依据 {cite})",
        en=f"required setting '{name}' is not filled in: {en} (article {cite})",
        hint_zh=f"请在方案文件的 settings 中填写 {name};文件本身未给出该值,系统不作默认",
        hint_en=f"fill in {name} under settings of the scheme file; the source gives no value and none is assumed",
    )


def clause_unreadable(programme: str, where: str, zh: str, en: str) -> Issue:
    """The programme file says something that no rule understands."""
    return Issue(
        code="PRG-202",
        severity=Severity.FATAL,
        pointer=f"programmes/{programme}.yaml#{where}",
        zh=f"条款无法读取:{zh}",
        en=f"clause cannot be read: {en}",
        hint_zh="请对照 mappings/programmes/README.md 的写法更正该条款",
        hint_en="correct the clause; mappings/programmes/README.md shows how one is written",
    )


def setting_unreadable(programme: str, name: str, wanted_zh: str, wanted_en: str) -> Issue:
    """A setting is filled in, but not with what it needs; the value itself is not repeated."""
    return Issue(
        code="PRG-203",
        severity=Severity.FATAL,
        pointer=f"programmes/{programme}.yaml#settings/{name}",
        zh=f"设置“{name}”的值无效,应为{wanted_zh}",
        en=f"setting '{name}' is not valid: {wanted_en} is wanted",
        hint_zh="请在方案文件的 settings 中更正",
        hint_en="correct it under settings of the scheme file",
    )


def setting_unknown(programme: str, name: str) -> Issue:
    """A setting that the programme does not have would silently do nothing."""
    return Issue(
        code="PRG-204",
        severity=Severity.FATAL,
        pointer=f"programmes/{programme}.yaml#settings/{name}",
        zh=f"该规定没有名为“{name}”的设置或选项",
        en=f"the programme has no setting or switch named '{name}'",
        hint_zh="请核对方案文件 settings 中的名称",
        hint_en="check the name under settings of the scheme file",
    )


def deposit_not_allowed(stay_key: str, amount: Money, cite: str) -> Issue:
    """A deposit came in for a patient who owes none; it goes back (X-18)."""
    return Issue(
        code="PRG-210",
        severity=Severity.WARNING,
        pointer=f"{stay_key}/deposit",
        zh=f"该患者免交押金,但已收取{amount}元,应予退还(依据 {cite})",
        en=f"no deposit may be taken from this patient, yet {amount} was; it must be refunded (article {cite})",
        hint_zh="已生成退还任务,请住院处退款并登记",
        hint_en="a refund task was made; return the money and record it",
    )


def fact_missing(stay_key: str, reason: str, zh: str, en: str, todo_zh: str, todo_en: str) -> Issue:
    """A fact that the programme asks about was never established."""
    return Issue(
        code="PRG-220",
        severity=Severity.WARNING,
        pointer=f"{stay_key}/entitlement/{reason}",
        zh=zh,
        en=en,
        hint_zh=todo_zh,
        hint_en=todo_en,
    )


def review_needed(stay_key: str, reason: str, zh: str, en: str) -> Issue:
    """A rule may not decide this alone."""
    return Issue(
        code="PRG-221",
        severity=Severity.WARNING,
        pointer=f"{stay_key}/entitlement/{reason}",
        zh=f"需人工认定:{zh}",
        en=f"a person must decide: {en}",
        hint_zh="请由责任医师或医保办人员认定并登记",
        hint_en="let the responsible doctor or the insurance office decide, and record it",
    )


def third_party_pending(stay_key: str, cite: str) -> Issue:
    """Whether or how much a third party must bear is not known yet (X-06)."""
    return Issue(
        code="PRG-222",
        severity=Severity.WARNING,
        pointer=f"{stay_key}/third-party",
        zh=f"第三人责任待定,暂不拒绝先诊疗后付费(依据 {cite})",
        en=f"third-party liability is pending; deferral is not denied for that alone (article {cite})",
        hint_zh="请登记有无责任第三方及其应负担金额",
        hint_en="record whether a third party is liable and for how much",
    )


def item_not_deferred(line_id: str, group: str, cite: str) -> Issue:
    """An excluded item inside an eligible stay: payable on use, the stay stays in."""
    return Issue(
        code="PRG-230",
        severity=Severity.INFORMATION,
        pointer=f"ChargeItem/{line_id}",
        zh=f"该项目属不享受先诊疗后付费的项目组“{group}”,使用时支付(依据 {cite})",
        en=f"the item belongs to the excluded group '{group}': payable on use (article {cite})",
        hint_zh="请向患者说明并在使用时收取该项费用",
        hint_en="tell the patient and collect this item's cost on use",
    )


def item_qualifier_missing(line_id: str, group: str, needed_zh: str, needed_en: str, cite: str) -> Issue:
    """Whether the exception of an excluded group applies was not recorded."""
    return Issue(
        code="PRG-231",
        severity=Severity.WARNING,
        pointer=f"ChargeItem/{line_id}",
        zh=f"项目组“{group}”须查明:{needed_zh}(依据 {cite})",
        en=f"for the group '{group}' it must be established: {needed_en} (article {cite})",
        hint_zh="请由责任医师登记后重新判断;查明前不作排除",
        hint_en="let the responsible doctor record it; until then the item is not excluded",
    )
