"""Issues of the aid service: what it refused, what it cannot tell, and what does not agree with our plan."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity
from adapter.model.money import Money
from adapter.payers.delivery.endpoints.aid_xml.definitions import ReturnCode


def refused(key: str, told: ReturnCode) -> Issue:
    """The service refused the message with a return code; the code's own words and hint stand in the issue."""
    return Issue(
        code="DEL-580",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"救助系统退回(返回码 {told.code}):{told.zh}",
        en=f"the aid service refused (return code {told.code}): {told.en}",
        hint_zh=told.hint_zh,
        hint_en=told.hint_en,
    )


def unclear(key: str, what: str) -> Issue:
    """The answer proves neither success nor refusal: an exception, or nothing that can be read."""
    return Issue(
        code="DEL-581",
        severity=Severity.WARNING,
        pointer=key,
        zh=f"救助系统的应答不能证明成功或失败:{what}",
        en=f"the aid service's answer proves neither success nor refusal: {what}",
        hint_zh="结果未知,系统先查询,不会直接重发",
        hint_en="the effect is unknown: the adapter asks and does not send again",
    )


def not_signed_in(key: str, told: ReturnCode) -> Issue:
    """Nobody is signed in at the service, so the message was not sent; a person must see to the account."""
    return Issue(
        code="DEL-582",
        severity=Severity.FATAL,
        pointer=key,
        zh=f"救助系统登录失败(返回码 {told.code}):{told.zh};报文尚未发送",
        en=f"signing in at the aid service failed (return code {told.code}): {told.en}; the message was not sent",
        hint_zh=told.hint_zh,
        hint_en=told.hint_en,
    )


def ceiling_does_not_tell(key: str, before: Money, amount: Money, now: Money | None) -> Issue:
    """What is left of the year fell by neither nothing nor the amount sent: only the office can say what was stored."""
    seen = "—" if now is None else now.text
    return Issue(
        code="DEL-583",
        severity=Severity.FATAL,
        pointer=key,
        zh=f"无法证明是否已记账:发送前年度余额{before.text},本次{amount.text},现在{seen}",
        en=f"nothing proves whether it was stored: {before.text} was left before, {amount.text} was sent, now {seen}",
        hint_zh="请向救助经办机构查询该笔记录,再执行 adapter outbox retry;系统会再次比对",
        hint_en="ask the aid office for the record, then adapter outbox retry; the adapter compares again",
    )


def cannot_be_asked(key: str, operation: str) -> Issue:
    """The service offers nothing by which the effect of this message could be told."""
    return Issue(
        code="DEL-584",
        severity=Severity.FATAL,
        pointer=key,
        zh=f"{operation} 的结果无从查询(救助系统没有查询操作,或金额为零)",
        en=f"nothing tells what became of {operation}: the service has no look-up for it, or the amount is nil",
        hint_zh="请向救助经办机构核实是否已收到",
        hint_en="ask the aid office whether it has been received",
    )


def ceiling_below(key: str, left: Money, amount: Money) -> Issue:
    """The office's ceiling is lower than the aid that our plan gives."""
    return Issue(
        code="DEL-585",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"救助系统的限额{left.text}低于按方案算出的救助{amount.text}",
        en=f"the office's ceiling {left.text} is below the aid of {amount.text} that the plan gives",
        hint_zh="请与经办机构核对年度已救助金额和封顶线;限额为负表示未设置封顶线。核对后重新预结算",
        hint_en="ask the office about the year's aid and the ceiling (below zero: none is set), then try again",
    )


def ratio_differs(key: str, theirs: str, ours: str) -> Issue:
    """The office's ratio of aid is another than our plan's."""
    return Issue(
        code="DEL-586",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"救助系统的救助比例{theirs}与方案的{ours}不一致",
        en=f"the office's ratio of aid, {theirs}, is not the plan's {ours}",
        hint_zh="请核对救助对象类别和当年文件,更正方案或请经办机构更正后重新预结算",
        hint_en="check category and this year's document, have plan or office corrected, then try again",
    )


def not_aided(key: str) -> Issue:
    """The office knows the person and has no category of aid for him, while our registers have one."""
    return Issue(
        code="DEL-587",
        severity=Severity.ERROR,
        pointer=key,
        zh="救助系统中该人没有救助对象类别",
        en="the office has no category of aid for this person",
        hint_zh="请核对身份名册;身份无误时请经办机构登记后重新预结算",
        hint_en="check the register; where it is right the office must enter the person, then try again",
    )


def another_name(key: str) -> Issue:
    """The office has another name for this ID number."""
    return Issue(
        code="DEL-588",
        severity=Severity.ERROR,
        pointer=key,
        zh="救助系统中该身份证号的姓名与本院登记不同",
        en="the office has another name for this ID number than the hospital",
        hint_zh="请核对证件并更正登记后重新预结算",
        hint_en="check the document, correct the registration, then try again",
    )


def paused_or_aided(key: str, pause: str, other: Money) -> Issue:
    """The office marks the stay as paused, or has other aid on record that our plan does not know."""
    return Issue(
        code="DEL-589",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"救助系统有需人工核对的标志:pauseFlag={pause or '0'},其他救助{other.text}",
        en=f"the office marks something that a person must look at: pauseFlag={pause or '0'}, other aid {other.text}",
        hint_zh="请与经办机构核对是否暂停救助、其他救助是否应先扣除",
        hint_en="ask the office whether the aid is paused and whether the other aid is to be taken off first",
    )


def fact_missing(key: str, field: str) -> Issue:
    """A field that the service cannot do without is not known of this stay."""
    return Issue(
        code="DEL-590",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"救助系统需要的 {field} 在病例中没有",
        en=f"the stay has no {field}, which the aid service needs",
        hint_zh="请在 HIS 中补登后重新导入",
        hint_en="enter it in the HIS and import again",
    )


def admission_moved(key: str, field: str) -> Issue:
    """The stay was registered under another admission date or hospital, by which alone the service finds it."""
    return Issue(
        code="DEL-591",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"入院备案后 {field} 已变更,救助系统将找不到原备案",
        en=f"{field} has changed since the admission was registered; the service would not find it",
        hint_zh="请经办机构更正原备案,或在 HIS 中恢复原入院日期",
        hint_en="have the office correct the registration, or restore the admission date in the HIS",
    )


def wrong_authority(key: str, authority: str) -> Issue:
    """A scheme expects amounts of a service that computes none."""
    return Issue(
        code="DEL-592",
        severity=Severity.FATAL,
        pointer=key,
        zh=f"该救助系统不计算金额,方案中此调用的 authority 应为 adapter,而不是 {authority}",
        en=f"this aid service computes no amount: the scheme's call must have authority adapter, not {authority}",
        hint_zh="请修改 mappings/schemes 中的方案",
        hint_en="correct the scheme in mappings/schemes",
    )


def not_by_schema(key: str, fields: str) -> Issue:
    """A message that we composed does not keep our own schema; it is not sent."""
    return Issue(
        code="DEL-593",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"报文不符合 service.xsd,有误的元素:{fields}",
        en=f"the message does not keep service.xsd; wrong: {fields}",
        hint_zh="请在 HIS 中更正这些内容后重新导入",
        hint_en="correct these in the HIS and import again",
    )


def nothing_to_reverse(key: str) -> Issue:
    """No accepted settlement of this bill version is on record."""
    return Issue(
        code="DEL-594",
        severity=Severity.ERROR,
        pointer=key,
        zh="没有可冲销的救助结算记录",
        en="there is no accepted settlement with the aid service to take back",
        hint_zh="请先核对该调用的状态(adapter case show)",
        hint_en="look at the call first (adapter case show)",
    )


def lists_nothing(endpoint: str, day: str) -> Issue:
    """The service has no statement of a day; the comparison is done with the office's own list."""
    return Issue(
        code="DEL-595",
        severity=Severity.ERROR,
        pointer=f"{endpoint}/{day}",
        zh=f"该救助系统没有对账操作,无法取得{day}的清单",
        en=f"the aid service has no operation for reconciliation: no statement of {day}",
        hint_zh="请向经办机构索取当日清单,人工核对",
        hint_en="ask the office for the list of the day and compare by hand",
    )


def ceiling_above(key: str, left: Money, ceiling: Money) -> Issue:
    """The office has more left for the person than our plan gives in a whole year."""
    return Issue(
        code="DEL-596",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"救助系统的年度余额{left.text}高于方案的年度封顶线{ceiling.text}",
        en=f"the office has {left.text} left for the year, more than the plan's ceiling {ceiling.text}",
        hint_zh="请核对当年封顶线,更正方案或请经办机构更正后重新预结算",
        hint_en="check this year's ceiling; correct the plan, or have the office correct it, and try again",
    )


def ceiling_untold(key: str) -> Issue:
    """The office gave no ceiling, so nothing could ever prove what it has stored."""
    return Issue(
        code="DEL-597",
        severity=Severity.ERROR,
        pointer=key,
        zh="救助系统没有给出年度余额(maxPay)",
        en="the office did not say what is left of the year (maxPay)",
        hint_zh="请与经办机构核对该人的封顶线设置",
        hint_en="ask the office about this person's ceiling",
    )


def account_unset(pointer: str) -> Issue:
    """An endpoint of this dialect has no account to sign in with."""
    return Issue(
        code="CFG-740",
        severity=Severity.FATAL,
        pointer=pointer,
        zh=f"aid-xml 端点缺少设置 {pointer}",
        en=f"an aid-xml endpoint lacks the setting {pointer}",
        hint_zh="请按经办机构发放的账号和 WSDL 填写,见 docs/operations.md",
        hint_en="give the account and the namespace of the office's WSDL; docs/operations.md lists them",
    )
