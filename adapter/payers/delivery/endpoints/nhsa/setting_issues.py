"""Issues of the dialect's settings."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def region_unknown(name: str, known: str) -> Issue:
    """An endpoint names a region that has no folder."""
    return Issue(
        code="CFG-730",
        severity=Severity.FATAL,
        pointer=name,
        zh=f"没有医保地区文件 mappings/nhsa/{name}/region.yaml(已有:{known})",
        en=f"there is no region file mappings/nhsa/{name}/region.yaml (there are: {known})",
        hint_zh="请复制最接近的地区目录并按当地规范修改",
        hint_en="copy the folder of the nearest region and change it to your bureau's specification",
    )


def key_unset(name: str, scheme: str) -> Issue:
    """A signing scheme needs a key that the settings do not hold."""
    return Issue(
        code="CFG-731",
        severity=Severity.FATAL,
        pointer=name,
        zh=f"签名方案 {scheme} 需要设置 {name}",
        en=f"signing scheme {scheme} needs the setting {name}",
        hint_zh="请在 ADAPTER_ENDPOINTS 的该端点 nhsa 部分填写,见 docs/operations.md",
        hint_en="set it in the nhsa part of the endpoint; docs/operations.md lists them",
    )


def key_unusable(name: str, why: str) -> Issue:
    """A key cannot be read. Its value is not repeated."""
    return Issue(
        code="CFG-732",
        severity=Severity.FATAL,
        pointer=name,
        zh=f"设置 {name} 不是可用的密钥:{why}",
        en=f"the setting {name} is not a usable key: {why}",
        hint_zh="请按医保发放的格式填写(十六进制或 PEM)",
        hint_en="give it in the form in which the bureau issued it (hexadecimal or PEM)",
    )


def library_missing(library: str, scheme: str) -> Issue:
    """A signing scheme needs a library that is not installed."""
    return Issue(
        code="CFG-733",
        severity=Severity.FATAL,
        pointer=scheme,
        zh=f"签名方案 {scheme} 需要安装 {library}",
        en=f"signing scheme {scheme} needs the library {library}",
        hint_zh="请安装附加组件 adapter[nhsa]",
        hint_en="install the extra adapter[nhsa]",
    )


def scheme_unknown(name: str, known: str) -> Issue:
    """A region names a signing scheme that does not exist."""
    return Issue(
        code="CFG-734",
        severity=Severity.FATAL,
        pointer=name,
        zh=f"没有签名方案 {name}(可用:{known})",
        en=f"there is no signing scheme {name} (known: {known})",
        hint_zh="请改用其中之一,或按同样的方式增加一个方案",
        hint_en="use one of them, or add one beside them",
    )


def hospital_unset(name: str) -> Issue:
    """An endpoint of this dialect does not say who the hospital is."""
    return Issue(
        code="CFG-735",
        severity=Severity.FATAL,
        pointer=name,
        zh=f"端点缺少设置 {name}",
        en=f"the endpoint lacks the setting {name}",
        hint_zh="nhsa 端点须写明定点医药机构、就医地区划和经办人",
        hint_en="an nhsa endpoint names the institution, its division and the operator",
    )
