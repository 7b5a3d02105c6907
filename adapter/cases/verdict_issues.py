"""Issues of verdicts on messages that nobody can ask about, and of taking lost ones back (人工认定与冲正)."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def payer_has_it(key: str) -> Issue:
    """The payer itself says that it accepted the message: nobody may say otherwise."""
    return Issue(
        code="CASE-436",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"不能认定报文 {key} 未到达:对方查询结果为已受理,其答复已记录",
        en=f"message {key} cannot be called not seen: the payer says that it accepted it, and its answer is recorded",
        hint_zh="无需处理;如需撤销,用 adapter reverse",
        hint_en="nothing to do; to take it back: adapter reverse",
    )


def payer_lacks_it(key: str) -> Issue:
    """The payer's authoritative look-up says that nothing is there."""
    return Issue(
        code="CASE-437",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"不能认定报文 {key} 已受理:对方查询结果为未收到",
        en=f"message {key} cannot be called accepted: the payer's own look-up says that it has nothing",
        hint_zh="执行 adapter outbox retry,将重新发送",
        hint_en="adapter outbox retry sends it again",
    )


def too_early(key: str, until: str) -> Issue:
    """What was sent a moment ago may still land."""
    return Issue(
        code="CASE-438",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"报文 {key} 在 {until} 之前仍可能到达,尚不能认定未到达",
        en=f"message {key} may still arrive until {until}: too early to call it not seen",
        hint_zh="请在该时刻之后向对方核实再认定",
        hint_en="ask the payer after that moment, then say so",
    )


def amounts_wrong(key: str, zh: str, en: str) -> Issue:
    """What was typed cannot be what the payer said."""
    return Issue(
        code="CASE-439",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"报文 {key} 的认定内容有误:{zh}",
        en=f"the verdict on message {key} cannot be right: {en}",
        hint_zh="请按对方书面或系统所示填写结算号,并给出每个支付方的金额",
        hint_en="type the payer's settlement id, and each payer's amount, as its paper or screen says",
    )


def changed_meanwhile(key: str) -> Issue:
    """An answer came while the payer was being asked."""
    return Issue(
        code="CASE-440",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"报文 {key} 在认定期间有了新的结果",
        en=f"message {key} was answered meanwhile",
        hint_zh="用 adapter outbox show 查看后再定",
        hint_en="look at adapter outbox show, then decide again",
    )


def contradicted(key: str, word: str, outcome: str) -> Issue:
    """A payer's late answer says otherwise than a person did."""
    return Issue(
        code="CASE-441",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"报文 {key} 曾由人工认定为“{word}”,对方迟到的答复为“{outcome}”",
        en=f"a person called message {key} '{word}', and the payer's late answer is '{outcome}'",
        hint_zh="与对方核实是否重复受理;已结算而金额不同的冲销后重结,核实后执行 adapter outbox clear",
        hint_en="find out whether it counted twice; other amounts: reverse and settle anew; then adapter outbox clear",
    )


def nothing_to_clear(key: str) -> Issue:
    """No contradiction of a verdict is open for the message."""
    return Issue(
        code="CASE-442",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"报文 {key} 没有待核实的矛盾答复",
        en=f"no answer contradicts a verdict on message {key}",
        hint_zh="用 adapter outbox show 查看",
        hint_en="see adapter outbox show",
    )


def cannot_take_back(key: str, endpoint: str) -> Issue:
    """The counterpart has no transaction that undoes a lost one."""
    return Issue(
        code="CASE-443",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"“{endpoint}”没有冲正丢失报文的交易",
        en=f"'{endpoint}' has no transaction that takes back a lost message",
        hint_zh="请向对方核实后用 adapter outbox resolve 认定",
        hint_en="find out with the payer, then adapter outbox resolve",
    )


def being_taken_back(key: str, by: str) -> Issue:
    """A reversal of the message is under way."""
    return Issue(
        code="CASE-444",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"报文 {key} 正在冲正:{by}",
        en=f"message {key} is being taken back: {by}",
        hint_zh="等待其结果(adapter deliver)",
        hint_en="wait for what comes of it (adapter deliver)",
    )
