"""Issues of a source's ``way_back``: how the HIS is to hear of decisions. Codes MAP-160 to MAP-162."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def way_back_wrong(pointer: str, expected_zh: str, expected_en: str) -> Issue:
    """An entry is missing, unknown or not of its form."""
    return Issue(
        code="MAP-160",
        severity=Severity.FATAL,
        pointer=pointer,
        zh=f"回传设置有误:{expected_zh}",
        en=f"the way back is wrong: {expected_en}",
        hint_zh="请按提示修改该行;各种形式的键见 docs/way-back.md",
        hint_en="correct that line; docs/way-back.md lists the keys of each form",
    )


def way_back_unencrypted(pointer: str) -> Issue:
    """Bills would cross the network in clear text, and nobody said that they may."""
    return Issue(
        code="MAP-161",
        severity=Severity.FATAL,
        pointer=pointer,
        zh="该地址不加密,且不在本机",
        en="the address is not encrypted and not on this machine",
        hint_zh="请改用 https(HL7 v2 用 TLS);医院内网确需明文时,写明 plain: yes",
        hint_en="use https (TLS for HL7 v2); where the hospital's own network must do without, say plain: yes",
    )


def way_back_secret(pointer: str) -> Issue:
    """A source file is read by many people; a secret does not stand in it."""
    return Issue(
        code="MAP-162",
        severity=Severity.FATAL,
        pointer=pointer,
        zh="此处应为环境变量名(ADAPTER_ 开头的大写字母、数字和下划线),口令不得写入文件",
        en="the name of an environment variable is expected (ADAPTER_…, upper case); no secret stands in a file",
        hint_zh="请把口令放入环境变量,文件中只写变量名;地址中不得含用户名和口令",
        hint_en="put the secret into the environment and its name here; an address holds no user and password",
    )
