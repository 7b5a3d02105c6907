"""Issues of the walk along the payers: held, skipped, at the window, advanced, not to be undone (结算流程)."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def pause_is_over(name: str, until: str) -> Issue:
    """A pause must end later than now."""
    return Issue(
        code="CASE-420",
        severity=Severity.ERROR,
        pointer=f"endpoints.{name}",
        zh=f"暂停的截止时刻 {until} 已过",
        en=f"the pause would end at {until}, which has passed",
        hint_zh="请给出将来的时刻,或不给时刻(直到 adapter endpoint resume)",
        hint_en="give a later moment, or none (until adapter endpoint resume)",
    )


def unknown_call(case_id: str, call: str, known: str) -> Issue:
    """The case's scheme has no such call."""
    return Issue(
        code="CASE-421",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{call}",
        zh=f"方案中没有名为“{call}”的对外调用(有:{known})",
        en=f"the scheme has no call '{call}' that is sent (it has: {known})",
        hint_zh="请按 adapter case show 所列的名称填写",
        hint_en="use a name that adapter case show lists",
    )


def call_held(case_id: str, call: str, reason: str) -> Issue:
    """A person stopped a call; the walk waits before it."""
    return Issue(
        code="CASE-422",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{call}",
        zh=f"对外调用“{call}”已由人工暂停:{reason}",
        en=f"a person holds the call '{call}': {reason}",
        hint_zh="处理完毕后执行 adapter call resume",
        hint_en="when it is dealt with: adapter call resume",
    )


def call_not_held(case_id: str, call: str) -> Issue:
    """Only a held call can be resumed."""
    return Issue(
        code="CASE-423",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{call}",
        zh=f"对外调用“{call}”没有被暂停",
        en=f"the call '{call}' is not held",
        hint_zh="无需处理;停放的报文用 adapter outbox retry",
        hint_en="nothing to resume; a parked message goes on with adapter outbox retry",
    )


def others_depend(case_id: str, call: str, why_zh: str, why_en: str) -> Issue:
    """A call on whose answer somebody depends cannot be left out."""
    return Issue(
        code="CASE-424",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{call}",
        zh=f"不能跳过“{call}”:{why_zh}",
        en=f"the call '{call}' cannot be skipped: {why_en}",
        hint_zh="端点不可用时用 adapter settle --advance(医院垫付);事实有误时先更正",
        hint_en="while its endpoint is down: adapter settle --advance; wrong facts are corrected first",
    )


def may_have_arrived(case_id: str, call: str, key: str) -> Issue:
    """A call whose settlement went out, or may have, cannot be left out any more."""
    return Issue(
        code="CASE-425",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{call}",
        zh=f"不能跳过“{call}”:报文 {key} 已发出或可能已到达",
        en=f"the call '{call}' cannot be skipped: message {key} went out or may have",
        hint_zh="请等其结果;已受理的用 adapter reverse 冲销",
        hint_en="wait for what comes of it; what was accepted is undone with adapter reverse",
    )


def waits_at_window(case_id: str, call: str) -> Issue:
    """The payer needs the patient's card, credential or password, or a signed-in operator."""
    return Issue(
        code="CASE-426",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{call}",
        zh=f"对外调用“{call}”在窗口等待:需要患者的卡、电子凭证或密码,或操作员签到",
        en=f"the call '{call}' waits at the window for the patient's card, credential or password, or an operator",
        hint_zh="在窗口出示后执行 adapter call present;没有任何内容发出",
        hint_en="once it is shown: adapter call present; nothing has been sent",
    )


def nothing_waits(case_id: str, call: str) -> Issue:
    """No message of the call waits for somebody to show something."""
    return Issue(
        code="CASE-427",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{call}",
        zh=f"对外调用“{call}”没有在窗口等待的报文",
        en=f"no message of the call '{call}' waits at the window",
        hint_zh="用 adapter case show 查看该病例在等什么",
        hint_en="adapter case show says what the case waits for",
    )


def nothing_to_advance(case_id: str, state: str) -> Issue:
    """Only an amount of an endpoint that does not answer is advanced."""
    return Issue(
        code="CASE-428",
        severity=Severity.ERROR,
        pointer=case_id,
        zh=f"没有可由医院垫付的金额:{state}",
        en=f"there is nothing for the hospital to advance: {state}",
        hint_zh="只有结算中、端点未应答的病例可以垫付;被退回的请按原因处理",
        hint_en="only a case that is settling and waits for an endpoint; deal with a refusal by its reason",
    )


def advance_rule_unset() -> Issue:
    """Who bears what the payer later pays less than advanced is the office's decision."""
    return Issue(
        code="CFG-745",
        severity=Severity.ERROR,
        pointer="advance_difference",
        zh="未设置医院垫付后的差额由谁承担",
        en="nobody said who bears the difference when a payer pays less than was advanced",
        hint_zh="请设置 ADAPTER_ADVANCE_DIFFERENCE(hospital 医院承担,patient 由患者补缴)",
        hint_en="set ADAPTER_ADVANCE_DIFFERENCE to hospital (it bears it) or patient (who pays it later)",
    )


def no_variance(case_id: str, payer: str) -> Issue:
    """No open difference with that payer."""
    return Issue(
        code="CASE-429",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{payer}",
        zh=f"“{payer}”没有待处理的差异",
        en=f"there is no open variance of '{payer}'",
        hint_zh="用 adapter variances list 查看",
        hint_en="adapter variances list shows the open ones",
    )


def period_closed(case_id: str, book: str, state: str) -> Issue:
    """The month in which a settlement was declared is closed."""
    return Issue(
        code="CASE-430",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{book}",
        zh=f"不能冲销:所属清算批次 {book} 已为“{state}”",
        en=f"it cannot be reversed: its clearing month {book} is '{state}'",
        hint_zh="请与付款方协商,或将 ADAPTER_REVERSE_DECLARED 设为 allow 在次月扣回",
        hint_en="agree with the payer, or set ADAPTER_REVERSE_DECLARED to allow: it goes back in the next month",
    )


def later_stay_depends(case_id: str, other: str) -> Issue:
    """A later settlement of the person stands on this one's year-to-date amounts."""
    return Issue(
        code="CASE-431",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{other}",
        zh=f"不能冲销:其后的结算({other})以本次的年度累计为基础",
        en=f"it cannot be reversed: a later settlement ({other}) stands on its year-to-date amounts",
        hint_zh="请先冲销其后的结算,或将 ADAPTER_REVERSE_BEFORE_LATER 设为 mark(冲销后标记其重算)",
        hint_en="reverse the later one first, or set ADAPTER_REVERSE_BEFORE_LATER to mark it instead",
    )


def receipt_used(case_id: str, number: str) -> Issue:
    """The fiscal e-receipt of the settlement has been used."""
    return Issue(
        code="CASE-432",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{number}",
        zh=f"不能冲销:财政电子票据 {number} 已被使用(报销或入账)",
        en=f"it cannot be reversed: the fiscal e-receipt {number} has been used (claimed or booked)",
        hint_zh="请先收回或冲红该票据,再执行 adapter receipt take-back",
        hint_en="have it returned or voided first, then adapter receipt take-back",
    )


def receipt_unknown(case_id: str, number: str) -> Issue:
    """No such e-receipt is on record as used."""
    return Issue(
        code="CASE-433",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{number}",
        zh=f"没有登记为已使用的票据 {number}",
        en=f"no e-receipt {number} is on record as used",
        hint_zh="请核对票据号码",
        hint_en="check the number",
    )


def advanced_already(case_id: str) -> Issue:
    """An advanced bill that the payer then refused is undone, not advanced again."""
    return Issue(
        code="CASE-434",
        severity=Severity.ERROR,
        pointer=case_id,
        zh="该账单已由医院垫付",
        en="the hospital advanced this bill already",
        hint_zh="等待付款方应答(adapter deliver),或冲销(adapter reverse)",
        hint_en="wait for the payer (adapter deliver), or undo it (adapter reverse)",
    )


def nothing_open(case_id: str, state: str) -> Issue:
    """Only a bill that is not settled yet can be asked for otherwise."""
    return Issue(
        code="CASE-435",
        severity=Severity.ERROR,
        pointer=case_id,
        zh=f"账单状态为“{state}”,没有进行中的版本",
        en=f"the bill is '{state}': no version of it is open",
        hint_zh="请先测算或预结算;已结算的用 adapter reverse",
        hint_en="run an estimate or a trial first; what is settled is undone with adapter reverse",
    )


def withdrawn(key: str, call: str, by: str, reason: str) -> Issue:
    """The last word on a message whose call a person left out: it goes out no more."""
    return Issue(
        code="CASE-470",
        severity=Severity.INFORMATION,
        pointer=key,
        zh=f"报文 {key} 已撤出发送队列:{by} 跳过了“{call}”({reason})",
        en=f"message {key} was withdrawn: {by} left the call '{call}' out ({reason})",
        hint_zh="无需处理;此后收到的答复会留存,但不改变任何金额",
        hint_en="nothing to do; an answer that still comes is kept and changes no amount",
    )


def not_awaited(key: str) -> Issue:
    """Sending a refused message again behind the bill's back could count twice, or undo what stands."""
    return Issue(
        code="CASE-471",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"报文 {key} 已被对方退回,其账单已不再等待该报文,不能重发",
        en=f"message {key} was refused, and its bill does not wait for it any more: it is not sent again",
        hint_zh="请从病例继续:adapter settle 或 adapter reverse 会生成应发的报文",
        hint_en="go on from the case: adapter settle or adapter reverse sends what is to be said now",
    )


def program_failed(case_id: str, kind: str) -> Issue:
    """An error of ours stopped a case; its words may hold personal data and stand nowhere."""
    return Issue(
        code="DEL-630",
        severity=Severity.ERROR,
        pointer=case_id,
        zh=f"结算流程遇到程序错误({kind}),病例停在原处,已存的应答未丢失",
        en=f"the walk met an error of the program ({kind}); the case stays where it was and no answer is lost",
        hint_zh="请把服务日志中该病例的一行交给厂商;程序更正后自动继续",
        hint_en="give the log's line of this case to the maintainers; once that is mended the case goes on by itself",
    )


def delivery_failed(key: str, kind: str) -> Issue:
    """An error of ours while a message was sent or asked about: nobody knows whether it arrived."""
    return Issue(
        code="DEL-631",
        severity=Severity.FATAL,
        pointer=key,
        zh=f"发送或查询该报文时程序出错({kind}),是否送达不明",
        en=f"the program failed while this message was sent or asked about ({kind}): whether it arrived is not known",
        hint_zh="请核对端点设置(方言是否在报文待发期间改过)和服务日志;更正后 adapter outbox retry,先查询再发送",
        hint_en="check the endpoint's settings (was its dialect changed while the message waited?) and the log; then"
        " adapter outbox retry, which asks before it sends",
    )


def being_settled(case_id: str, version: int) -> Issue:
    """The bill is on its way: what is missing is an answer, not another settlement."""
    return Issue(
        code="CASE-500",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{version}",
        zh=f"第{version}版账单正在结算,尚未完成,不能再次发起",
        en=f"bill version {version} is being settled and is not through yet; it is not begun a second time",
        hint_zh="用 adapter outbox list --unfinished 看在等哪条报文:已停放的核对后 adapter outbox retry,"
        "其余由 adapter deliver 继续",
        hint_en="adapter outbox list --unfinished names the message that it waits for: one that is parked goes on "
        "with adapter outbox retry, any other with adapter deliver",
    )


def being_reversed(case_id: str, version: int) -> Issue:
    """The bill is on its way back."""
    return Issue(
        code="CASE-501",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{version}",
        zh=f"第{version}版账单正在冲销,尚未完成",
        en=f"bill version {version} is being reversed and is not through yet",
        hint_zh="用 adapter outbox list --unfinished 看在等哪条报文;冲销完成后再结算",
        hint_en="adapter outbox list --unfinished names the message that it waits for; settle once it is reversed",
    )
