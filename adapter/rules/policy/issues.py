"""Issues of the policy room: POL-2xx. Pointers are ``file:line`` when a file is read, else ``policy#parameter``."""

from __future__ import annotations

from datetime import date

from adapter.model.issues import Issue, Severity

_EDIT_ZH = "请更正该文件后重新加载(adapter policy list)"
_EDIT_EN = "correct the file, then load it again (adapter policy list)"


def not_in_force(policy: str, parameter: str, on: date) -> Issue:
    return Issue(
        code="POL-201",
        severity=Severity.ERROR,
        pointer=f"{policy}#{parameter}",
        zh=f"{on}没有文件规定“{parameter}”",
        en=f"no document covers '{parameter}' on {on}",
        hint_zh="请核对结算日期;如该日另有文件,请在政策文件中补充其条款和生效日期",
        hint_en="check the settlement date; where a document covers that day, add its value with date and article",
    )


def key_unknown(policy: str, parameter: str, dimension: str, key: str) -> Issue:
    return Issue(
        code="POL-202",
        severity=Severity.ERROR,
        pointer=f"{policy}#{parameter}",
        zh=f"“{parameter}”没有规定 {dimension} 为“{key}”时的数值",
        en=f"'{parameter}' says nothing for {dimension} '{key}'",
        hint_zh="请核对该病例的医院级别、人员类别等;确有规定的,在政策文件中补充并注明条款",
        hint_en="check the case's level, category and so on; where a rule exists, add it with its article",
    )


def parameter_unknown(policy: str, parameter: str) -> Issue:
    return Issue(
        code="POL-203",
        severity=Severity.ERROR,
        pointer=f"{policy}#{parameter}",
        zh=f"政策文件中没有参数“{parameter}”",
        en=f"the policy file has no parameter '{parameter}'",
        hint_zh="请补充该参数,或从 steps 中去掉需要它的步骤",
        hint_en="add the parameter, or take the step that needs it out of 'steps'",
    )


def value_unfit(policy: str, parameter: str, wanted: str) -> Issue:
    return Issue(
        code="POL-204",
        severity=Severity.ERROR,
        pointer=f"{policy}#{parameter}",
        zh=f"“{parameter}”的数值不是所需形式({wanted})",
        en=f"the value of '{parameter}' is not a {wanted}",
        hint_zh=_EDIT_ZH,
        hint_en=_EDIT_EN,
    )


def setting_missing(policy: str, parameter: str, zh: str, en: str, cite: str) -> Issue:
    return Issue(
        code="POL-205",
        severity=Severity.ERROR,
        pointer=f"{policy}#{parameter}",
        zh=f"必填设置“{parameter}”({zh})未填写:原文隐去或未规定(依据 {cite})",
        en=f"required setting '{parameter}' ({en}) is unset: the source masks it or leaves it out (article {cite})",
        hint_zh="请在方案文件的 plan_settings 中填写数值并注明来源",
        hint_en="give a value and where it comes from under plan_settings of the scheme file",
    )


def scheme_missing(source: str, admitted: date) -> Issue:
    return Issue(
        code="POL-206",
        severity=Severity.ERROR,
        pointer=f"{source}@{admitted}",
        zh=f"来源“{source}”在{admitted}入院没有适用的方案",
        en=f"no scheme covers source '{source}' for admission on {admitted}",
        hint_zh="请在 mappings/schemes/ 中增加方案,或更正其 sources 和 valid",
        hint_en="add a scheme to mappings/schemes/, or correct its 'sources' and 'valid'",
    )


def schemes_overlap(source: str, admitted: date, names: tuple[str, ...]) -> Issue:
    return Issue(
        code="POL-207",
        severity=Severity.ERROR,
        pointer=f"{source}@{admitted}",
        zh=f"来源“{source}”在{admitted}入院有多个方案:{'、'.join(names)}",
        en=f"several schemes cover source '{source}' for admission on {admitted}: {', '.join(names)}",
        hint_zh="请调整这些方案的 valid,使期间不重叠",
        hint_en="change 'valid' of these schemes so that they do not overlap",
    )


def schemes_share_days(place: str, source: str, other: str, valid: str) -> Issue:
    return Issue(
        code="POL-230",
        severity=Severity.ERROR,
        pointer=place,
        zh=f"来源“{source}”在方案“{other}”的有效期({valid})内另有本方案,期间重叠",
        en=f"source '{source}' has another scheme, '{other}', on some of these days ({valid})",
        hint_zh="请调整其中一个方案的 valid,使入院日只有一个方案",
        hint_en="change 'valid' of one of them so that a day of admission has one scheme",
    )


def name_unknown(kind: str, name: str, known: tuple[str, ...]) -> Issue:
    return Issue(
        code="POL-208",
        severity=Severity.ERROR,
        pointer=f"{kind}/{name}",
        zh=f"没有名为“{name}”的{kind}",
        en=f"there is no {kind} named '{name}'",
        hint_zh=f"已有:{'、'.join(known) or '无'}",
        hint_en=f"known: {', '.join(known) or 'none'}",
    )


def not_a_setting(policy: str, parameter: str) -> Issue:
    return Issue(
        code="POL-209",
        severity=Severity.ERROR,
        pointer=f"{policy}#{parameter}",
        zh=f"“{parameter}”由文件规定,不能由设置改写",
        en=f"'{parameter}' is given by the document; a setting cannot change it",
        hint_zh="如政策有修订,请在政策文件中增加新日期的条款",
        hint_en="for an amendment add a dated line to the policy file",
    )


def not_published(policy: str, parameter: str) -> Issue:
    return Issue(
        code="POL-220",
        severity=Severity.ERROR,
        pointer=f"{policy}#{parameter}",
        zh=f"来源没有公布“{parameter}”,不作计算;这不表示为 0",
        en=f"the source prints no '{parameter}': nothing is computed with it, which is not the same as 0",
        hint_zh="以支付方答复为准;有正式文件的,在方案的 plan_settings 中填写并注明依据",
        hint_en="the payer's own answer decides; with a document in hand, give the value in the scheme's plan_settings",
    )


def unreadable(place: str, zh: str, en: str) -> Issue:
    return Issue(
        code="POL-211",
        severity=Severity.ERROR,
        pointer=place,
        zh=f"文件无法读取:{zh}",
        en=f"the file cannot be read: {en}",
        hint_zh=_EDIT_ZH,
        hint_en=_EDIT_EN,
    )


def key_repeated(place: str, key: str) -> Issue:
    return Issue(
        code="POL-212",
        severity=Severity.ERROR,
        pointer=place,
        zh=f"键“{key}”重复",
        en=f"the key '{key}' stands twice",
        hint_zh="同一键只能出现一次;请删去或改名",
        hint_en="a key may stand only once; remove or rename one of them",
    )


def key_not_allowed(place: str, key: str) -> Issue:
    return Issue(
        code="POL-213",
        severity=Severity.ERROR,
        pointer=place,
        zh=f"不认识的键“{key}”",
        en=f"unknown key '{key}'",
        hint_zh="请核对拼写;允许的键见 mappings/plans/README.md",
        hint_en="check the spelling; mappings/plans/README.md lists the keys",
    )


def key_absent(place: str, key: str) -> Issue:
    return Issue(
        code="POL-214",
        severity=Severity.ERROR,
        pointer=place,
        zh=f"缺少“{key}”",
        en=f"'{key}' is missing",
        hint_zh=_EDIT_ZH,
        hint_en=_EDIT_EN,
    )


def uncited(place: str, what: str) -> Issue:
    return Issue(
        code="POL-215",
        severity=Severity.ERROR,
        pointer=place,
        zh=f"“{what}”的数值没有注明依据(cite)",
        en=f"the value of '{what}' has no citation (cite)",
        hint_zh="每个数值都要写明出自哪一条;查不到依据的数值不得使用",
        hint_en="every value names its article; a value without one may not be used",
    )


def bad_value(place: str, what: str, zh: str, en: str) -> Issue:
    return Issue(
        code="POL-216",
        severity=Severity.ERROR,
        pointer=place,
        zh=f"“{what}”的内容不对:应为{zh}",
        en=f"'{what}' is not right: {en} is wanted",
        hint_zh=_EDIT_ZH,
        hint_en=_EDIT_EN,
    )


def history_disordered(place: str, what: str) -> Issue:
    return Issue(
        code="POL-217",
        severity=Severity.ERROR,
        pointer=place,
        zh=f"“{what}”的生效日期应从早到晚排列,废止(ends)应在最后或由新条款接续",
        en=f"the dates of '{what}' must run from early to late",
        hint_zh="修订只加行,不改旧行;请按日期排好",
        hint_en="an amendment adds lines and changes none; put them in order",
    )


def name_differs(place: str, name: str, wanted: str) -> Issue:
    return Issue(
        code="POL-218",
        severity=Severity.ERROR,
        pointer=place,
        zh=f"名称“{name}”与文件位置不符,应为“{wanted}”",
        en=f"the name '{name}' does not fit the file's place; '{wanted}' is wanted",
        hint_zh=_EDIT_ZH,
        hint_en=_EDIT_EN,
    )


def scheme_inconsistent(place: str, zh: str, en: str) -> Issue:
    return Issue(
        code="POL-219",
        severity=Severity.ERROR,
        pointer=place,
        zh=f"方案自相矛盾:{zh}",
        en=f"the scheme contradicts itself: {en}",
        hint_zh=_EDIT_ZH,
        hint_en=_EDIT_EN,
    )
