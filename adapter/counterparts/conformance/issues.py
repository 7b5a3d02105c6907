"""Issues of the conformance kit. Codes CNF-900 to CNF-908, DEL-633."""

from __future__ import annotations

from collections.abc import Iterable

from adapter.model.issues import Issue, Severity


def unknown_dialect(dialect: str, role: str, known: Iterable[str]) -> Issue:
    """The kit has no scenarios for this dialect and role."""
    names = ", ".join(known)
    return Issue(
        code="CNF-900",
        severity=Severity.ERROR,
        pointer=f"{dialect}/{role}",
        zh=f"没有 {role} 的 {dialect} 检测场景;现有:{names}",
        en=f"no scenarios for {role} in the dialect {dialect}; there are: {names}",
        hint_zh="请改用 --dialect 列出的方言",
        hint_en="use one of these with --dialect",
    )


def unreadable_scenarios(file: str, reason: str) -> Issue:
    """A scenario file says something that the kit does not know."""
    return Issue(
        code="CNF-901",
        severity=Severity.ERROR,
        pointer=file,
        zh=f"检测场景文件无法使用:{reason}",
        en=f"the scenario file cannot be used: {reason}",
        hint_zh="写法见 docs/conformance-kit.md",
        hint_en="docs/conformance-kit.md has the words that a scenario may use",
    )


def unreadable_site(file: str, reason: str) -> Issue:
    """The file with facility, persons and items of the tested party cannot be used."""
    return Issue(
        code="CNF-902",
        severity=Severity.ERROR,
        pointer=file,
        zh=f"被测方资料文件无法使用:{reason}",
        en=f"the site file cannot be used: {reason}",
        hint_zh="请复制 mappings/conformance/site.yaml 并逐项填写",
        hint_en="copy mappings/conformance/site.yaml and fill in every entry",
    )


def unknown_scenario(name: str, known: Iterable[str]) -> Issue:
    """A scenario was asked for by a name that no file has."""
    names = ", ".join(known)
    return Issue(
        code="CNF-903",
        severity=Severity.ERROR,
        pointer=name,
        zh=f"没有名为 {name} 的场景;现有:{names}",
        en=f"no scenario is called {name}; there are: {names}",
        hint_zh="请核对 --scenario",
        hint_en="check --scenario",
    )


def does_not_conform(target: str, broken: Iterable[str]) -> Issue:
    """At least one scenario failed."""
    names = ", ".join(broken)
    return Issue(
        code="CNF-904",
        severity=Severity.ERROR,
        pointer=target,
        zh=f"未通过的场景:{names}",
        en=f"scenarios that failed: {names}",
        hint_zh="逐项的条款、所发与所收见 --html 报告",
        hint_en="the report of --html has the clause, what was sent and what came back",
    )


def not_for_tests(endpoint: str) -> Issue:
    """The kit settles and reverses, so an endpoint of the settings must be marked as one for tests."""
    return Issue(
        code="DEL-633",
        severity=Severity.ERROR,
        pointer=f"endpoints.{endpoint}.simulator",
        zh=f"端点“{endpoint}”未标明为测试环境;检测会真实提交结算并随后冲销",
        en=f"endpoint '{endpoint}' is not marked as a test system; the kit settles there and reverses",
        hint_zh="请在另一份设置文件中写对方的测试环境并设 simulator = true,以 ADAPTER_SETTINGS 指明",
        hint_en="describe their test system with simulator = true in a settings file of its own (ADAPTER_SETTINGS)",
    )


def secret_missing(variable: str, entry: str) -> Issue:
    """The environment variable with a token or a signing secret is not set."""
    return Issue(
        code="CNF-905",
        severity=Severity.ERROR,
        pointer=variable,
        zh=f"环境变量 {variable} 未设置(资料文件中的 {entry})",
        en=f"the environment variable {variable} is not set ({entry} of the site or source file)",
        hint_zh=f"将口令或密钥写在命令之前:{variable}='口令' adapter conform …;变量名由该文件指定",
        hint_en=f"put the password or key before the command: {variable}='secret' adapter conform …;"
        " that file names the variable",
    )


def login_refused(user: str, told: str) -> Issue:
    """The aid service does not take the account's password; trying on would lock the account."""
    return Issue(
        code="CNF-908",
        severity=Severity.ERROR,
        pointer=user,
        zh=f"账号 {user} 登录被拒(返回码 {told}),检测已停止,以免账号被锁",
        en=f"signing in as {user} was refused ({told}); the run stops, so that the account is not locked",
        hint_zh="请核对资料文件的 user 和 password_env 所指环境变量中的口令",
        hint_en="check user in the site file, and the password in the environment variable that password_env names",
    )


def folder_unusable(folder: str, why: str) -> Issue:
    """The exchange folder is not there, or nothing can be laid into it."""
    return Issue(
        code="CNF-906",
        severity=Severity.ERROR,
        pointer=folder,
        zh=f"交换目录不存在或无法写入:{why}",
        en=f"the exchange folder is not there or cannot be written: {why}",
        hint_zh="请核对 --url 所指目录及其权限;检测工具不会新建该目录",
        hint_en="check the folder that --url names, and its permissions; the kit does not make it",
    )


def folder_in_use(folder: str) -> Issue:
    """A hospital has laid messages out here: its marks are in ``kept``."""
    return Issue(
        code="CNF-907",
        severity=Severity.ERROR,
        pointer=folder,
        zh="该目录已有医院的报文标记(kept),可能正在实际使用;检测会真实提交结算并随后冲销",
        en="a hospital's marks lie in kept, so the folder may be in real use; the kit settles there and reverses",
        hint_zh="请改用空的测试目录;确为测试环境的,写进设置文件并设 simulator = true,用 --endpoint 指明",
        hint_en="use an empty folder; name one that is for tests by an endpoint with simulator = true (--endpoint)",
    )
