"""The ledger's issues, LED-4xx, and the errors that carry them."""

from __future__ import annotations

from adapter.model.issues import AdapterError, Issue, Severity
from adapter.model.money import Money


class LedgerBusy(AdapterError):
    """Others hold what this transaction needs (LED-403). Nothing was written; the same work may be tried again."""


class MessageConflict(AdapterError):
    """The key is taken by a message with another body (LED-408)."""


def unknown_store(scheme: str) -> Issue:
    return Issue(
        code="LED-401",
        severity=Severity.FATAL,
        pointer="ledger.url",
        zh=f"不支持的账簿地址类型“{scheme}”",
        en=f"a ledger cannot be kept at '{scheme}'",
        hint_zh="请使用 sqlite:///文件路径 或 postgresql://主机/数据库",
        hint_en="use sqlite:///path/to/file or postgresql://host/database",
    )


def store_unreachable(kind: str) -> Issue:
    return Issue(
        code="LED-417",
        severity=Severity.FATAL,
        pointer="ledger.url",
        zh=f"无法打开账簿({kind})",
        en=f"the ledger ({kind}) cannot be opened",
        hint_zh="请检查文件夹是否存在且可写,或数据库是否已启动、账号是否可用",
        hint_en="check that the folder exists and can be written, or that the database runs and lets us in",
    )


def store_newer(found: str, known: str) -> Issue:
    return Issue(
        code="LED-402",
        severity=Severity.FATAL,
        pointer="ledger.url",
        zh=f"账簿结构版本“{found}”比本程序({known})新",
        en=f"the ledger's schema '{found}' is newer than this program ({known})",
        hint_zh="请升级本程序,或恢复升级前的账簿备份",
        hint_en="upgrade the program, or restore the ledger from before its upgrade",
    )


def busy() -> Issue:
    return Issue(
        code="LED-403",
        severity=Severity.ERROR,
        pointer="ledger",
        zh="账簿正被其他进程占用,本次未写入任何内容",
        en="the ledger is busy with others' work; nothing was written",
        hint_zh="请稍后重试;若反复出现,请检查是否有长时间未结束的进程",
        hint_en="try again; if it stays, look for a process that does not finish",
    )


def unknown_case(case_id: str) -> Issue:
    return Issue(
        code="LED-404",
        severity=Severity.ERROR,
        pointer=case_id,
        zh="账簿中没有该病例",
        en="the ledger has no such case",
        hint_zh="请核对病例号(adapter case list)",
        hint_en="check the case id (adapter case list)",
    )


def case_exists(case_id: str) -> Issue:
    return Issue(
        code="LED-405",
        severity=Severity.ERROR,
        pointer=case_id,
        zh="该住院已有病例,不能重复建立",
        en="this stay already has a case",
        hint_zh="请查看已有病例(adapter case show)",
        hint_en="look at the case that is there (adapter case show)",
    )


def machine_not_started(case_id: str, machine: str, subject: str) -> Issue:
    return Issue(
        code="LED-406",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{machine}/{subject}",
        zh=f"“{machine}”尚未开始,没有可改变的状态",
        en=f"'{machine}' has not been started, so it has no state to change",
        hint_zh="请先查看该病例的当前状态(adapter case show)",
        hint_en="look at the case's present state first (adapter case show)",
    )


def machine_started(case_id: str, machine: str, subject: str) -> Issue:
    return Issue(
        code="LED-407",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{machine}/{subject}",
        zh=f"“{machine}”已经开始,不能再次开始",
        en=f"'{machine}' has been started before",
        hint_zh="请先查看该病例的当前状态(adapter case show)",
        hint_en="look at the case's present state first (adapter case show)",
    )


def key_taken(key: str) -> Issue:
    return Issue(
        code="LED-408",
        severity=Severity.ERROR,
        pointer=key,
        zh="该报文键已用于内容不同的报文",
        en="this message key belongs to a message with other content",
        hint_zh="内容改变须使用新的账单版本或新的报文键",
        hint_en="changed content needs a new bill version or a new key",
    )


def unknown_message(key: str) -> Issue:
    return Issue(
        code="LED-409",
        severity=Severity.ERROR,
        pointer=key,
        zh="发件箱中没有该报文",
        en="the outbox has no such message",
        hint_zh="请核对报文键(adapter outbox list)",
        hint_en="check the key (adapter outbox list)",
    )


def unbalanced(case_id: str, version: int, debit: Money, credit: Money) -> Issue:
    return Issue(
        code="LED-410",
        severity=Severity.FATAL,
        pointer=f"{case_id}.v{version}",
        zh=f"借方{debit}元与贷方{credit}元不平",
        en=f"debit {debit} and credit {credit} do not balance",
        hint_zh="这是程序错误,请保留病例并报告;账簿未写入",
        hint_en="this is a fault of the program: keep the case and report it; nothing was written",
    )


def accrued_otherwise(case_id: str, version: int, name: str) -> Issue:
    return Issue(
        code="LED-411",
        severity=Severity.ERROR,
        pointer=f"{case_id}.v{version}/{name}",
        zh="该账单版本的年度累计已按另一金额记入",
        en="this bill version has already added another amount to the year",
        hint_zh="金额改变须冲销后以新的账单版本重新结算",
        hint_en="reverse, then settle again as a new bill version",
    )


def chain_broken(seq: int) -> Issue:
    return Issue(
        code="LED-412",
        severity=Severity.FATAL,
        pointer=f"journal#{seq}",
        zh="流水在此处断链:该行被改动,或前面有行缺失",
        en="the journal's chain breaks here: the line was altered, or one before it is missing",
        hint_zh="请停止写入,与备份比对后再继续",
        hint_en="stop writing, and compare with a backup before going on",
    )


def content_altered(digest: str) -> Issue:
    return Issue(
        code="LED-413",
        severity=Severity.FATAL,
        pointer=f"content/{digest}",
        zh="存储内容与其摘要不符",
        en="stored content does not match its digest",
        hint_zh="请停止写入,与备份比对后再继续",
        hint_en="stop writing, and compare with a backup before going on",
    )


def unknown_version(case_id: str, version: int) -> Issue:
    return Issue(
        code="LED-414",
        severity=Severity.ERROR,
        pointer=f"{case_id}.v{version}",
        zh="该病例没有此账单版本",
        en="the case has no such bill version",
        hint_zh="请查看该病例的账单版本(adapter case show)",
        hint_en="look at the case's bill versions (adapter case show)",
    )


def book_unknown(book: str) -> Issue:
    return Issue(
        code="LED-435",
        severity=Severity.ERROR,
        pointer=book,
        zh="该清算批次尚未建立",
        en="this clearing batch has not been opened",
        hint_zh="请先申报(adapter clearing declare)",
        hint_en="declare the month first (adapter clearing declare)",
    )


def book_unbalanced(book: str, debit: Money, credit: Money) -> Issue:
    return Issue(
        code="LED-436",
        severity=Severity.FATAL,
        pointer=book,
        zh=f"借方{debit}元与贷方{credit}元不相等,未入账",
        en=f"debit {debit} and credit {credit} differ; nothing was booked",
        hint_zh="这是程序错误,请连同日志报告",
        hint_en="this is a fault of the program; report it with the log",
    )


def book_open_already(book: str) -> Issue:
    return Issue(
        code="LED-437",
        severity=Severity.ERROR,
        pointer=book,
        zh="该清算批次已经建立",
        en="this clearing batch has been opened already",
        hint_zh="请查看现状(adapter clearing show)",
        hint_en="look at where it stands (adapter clearing show)",
    )


def unknown_parked(parked_id: str) -> Issue:
    return Issue(
        code="LED-415",
        severity=Severity.ERROR,
        pointer=parked_id,
        zh="没有该搁置记录",
        en="there is no such parked record",
        hint_zh="请核对编号(adapter parked list)",
        hint_en="check the id (adapter parked list)",
    )


def message_not_ready(key: str, state: str) -> Issue:
    return Issue(
        code="LED-416",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"报文状态为“{state}”,不能执行此操作",
        en=f"the message is '{state}', which does not allow this",
        hint_zh="正在发送的请等待租约到期;已受理的不可重发",
        hint_en="wait for a leased message's lease to end; an accepted one is never sent again",
    )


def effect_known(key: str, state: str, outcome: str) -> Issue:
    return Issue(
        code="LED-418",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"报文状态为“{state}”、结果为“{outcome}”,不由人工认定",
        en=f"the message is '{state}' with outcome '{outcome}': nobody's verdict is needed",
        hint_zh="只有已停放且结果未知的报文可以认定;等待中的先用 adapter outbox park 停放",
        hint_en="only a parked message of unknown effect takes one; park a waiting one first (adapter outbox park)",
    )
