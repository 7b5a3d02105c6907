"""Signs that a bill may stay unpaid: each with its article, its evidence, and what to do (风险预警).

A sign is a reason to talk to somebody. It finds no malice, changes no entitlement and lists nobody; whoever means to do
that goes by ``credit.py``, with evidence and notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from adapter.model.issues import AdapterError, Issue, SettingMissing
from adapter.model.money import ZERO, Money
from adapter.rules.policy.parameters import Raw
from adapter.rules.policy.scheme import Programme
from adapter.rules.programme import issues
from adapter.rules.programme.reading import Reader, settings_of
from adapter.rules.programme.terms import Text

_WORDS = frozenset({"zh", "en", "cite", "rule"})


class Sign(StrEnum):
    """What may be a sign; a programme that lacks the clause does not look for it."""

    RUNNING_SELF_PAY = "running-self-pay"  # 个人负担已达预警金额
    CONSENT_MISSING = "consent-missing"  # 目录外项目缺知情同意
    NOTICE_MISSED = "notice-missed"  # 费用告知未确认
    AGREEMENT_UNSIGNED = "agreement-unsigned"  # 协议书、承诺书未签
    LEFT_UNSETTLED = "left-unsettled"  # 已离院未结清
    PREVIOUS_ARREARS = "previous-arrears"  # 以前住院有欠费
    ADDRESS_OUTSIDE = "address-outside"  # 户籍地不在本县区
    NOBODY_RESPONSIBLE = "nobody-responsible"  # 未登记责任科室和责任人


@dataclass(frozen=True, slots=True)
class WarningTerms:
    """The clauses of a programme, with a scheme's settings laid over it."""

    programme: str
    clauses: Mapping[Sign, Text]
    settings: Mapping[str, Raw]
    blanks: Mapping[str, Text]

    def mark(self) -> Money:
        """The patient's part from which a stay is a risk. Raises SettingMissing PRG-201, AdapterError PRG-203."""
        value, blank = self.settings.get("risk_self_pay"), self.blanks["risk_self_pay"]
        if not value:
            found = issues.setting_unset(self.programme, "risk_self_pay", blank.zh, blank.en, blank.cite, stops=False)
            raise SettingMissing(found)
        try:
            return Money.yuan(str(value))
        except ValueError:
            wrong = issues.setting_unreadable(
                self.programme, "risk_self_pay", "金额(5000.00)", "an amount like 5000.00"
            )
            raise AdapterError(wrong) from None


@dataclass(frozen=True, slots=True)
class RiskFacts:
    """What is known of a stay today; None where it could not be worked out, and then nothing is said about it.

    Attributes:
        running: the patient's part so far, less what was paid, CNY.
        unconsented: lines outside the catalogue that lack a consent.
        unanswered: days since the oldest notice to the patient that nobody acknowledged; None without any.
        notices: how many of them.
        left: day on which the patient left; None while there.
        open: of the settled bill, owed and under no plan that is kept, CNY.
        earlier: arrears of the person's other stays, CNY, and of how many.
        home: six-digit division of the domicile; county: that of the hospital.
    """

    on: date
    running: Money | None = None
    unconsented: int | None = None
    unanswered: int | None = None
    notices: int = 0
    signed: bool = True
    left: date | None = None
    open: Money = ZERO
    earlier: Money = ZERO
    earlier_stays: int = 0
    home: str | None = None
    county: str | None = None
    department: str = ""
    responsible: str = ""


@dataclass(frozen=True, slots=True)
class Signal:
    """One sign that was seen.

    Attributes:
        evidence: what it was seen by, by name; no personal data.
    """

    sign: Sign
    zh: str
    en: str
    cite: str
    evidence: tuple[tuple[str, str], ...]
    todo_zh: str
    todo_en: str


#: What was seen, or None; with what it was seen by.
_Look = Callable[[RiskFacts, WarningTerms], tuple[tuple[str, str], ...] | None]


def read_warnings(programme: Programme, settings: Mapping[str, Raw]) -> WarningTerms:
    """The warning clauses of a programme. Raises AdapterError PRG-202 for a sign that no rule knows."""
    reader = Reader(programme, settings)
    clauses = {}
    for name, node in reader.nodes(programme.document, "warnings", ""):
        reader.known(node, _WORDS, f"warnings/{name}")
        clauses[reader.member(Sign, name, "warnings")] = reader.text(node, f"warnings/{name}")
    return WarningTerms(programme.name, clauses, settings, {each.name: each.text for each in settings_of(programme)})


def signals(facts: RiskFacts, terms: WarningTerms) -> tuple[tuple[Signal, ...], tuple[Issue, ...]]:
    """Every sign that is there, in the order of the programme's clauses, and what kept one from being looked for.

    A setting that nobody filled in (PRG-201) keeps its own sign back and no other.

    Source: 县区方案2021 五(五); 永卫计发〔2017〕67号 四(五).
    """
    found, stopped = [], list[Issue]()
    for sign, clause in terms.clauses.items():
        look, todo_zh, todo_en = _LOOKS[sign]
        try:
            evidence = look(facts, terms)
        except AdapterError as error:
            stopped += error.issues
            continue
        if evidence is not None:
            found.append(Signal(sign, clause.zh, clause.en, clause.cite, evidence, todo_zh, todo_en))
    return tuple(found), tuple(stopped)


def _running(facts: RiskFacts, terms: WarningTerms) -> tuple[tuple[str, str], ...] | None:
    mark = terms.mark()
    if facts.running is None or facts.running < mark:
        return None
    return (("running", facts.running.text), ("mark", mark.text))


def _unconsented(facts: RiskFacts, _: WarningTerms) -> tuple[tuple[str, str], ...] | None:
    return (("lines", str(facts.unconsented)),) if facts.unconsented else None


def _unanswered(facts: RiskFacts, _: WarningTerms) -> tuple[tuple[str, str], ...] | None:
    """From the day after it was told: on the day itself there is still time."""
    if not facts.unanswered:
        return None
    return (("notices", str(facts.notices)), ("days", str(facts.unanswered)))


def _unsigned(facts: RiskFacts, _: WarningTerms) -> tuple[tuple[str, str], ...] | None:
    return None if facts.signed else (("signed", "no"),)


def _left(facts: RiskFacts, _: WarningTerms) -> tuple[tuple[str, str], ...] | None:
    if facts.left is None or facts.left >= facts.on or facts.open <= ZERO:
        return None
    return (("left", facts.left.isoformat()), ("days", str((facts.on - facts.left).days)), ("open", facts.open.text))


def _earlier(facts: RiskFacts, _: WarningTerms) -> tuple[tuple[str, str], ...] | None:
    if facts.earlier <= ZERO:
        return None
    return (("stays", str(facts.earlier_stays)), ("open", facts.earlier.text))


def _outside(facts: RiskFacts, _: WarningTerms) -> tuple[tuple[str, str], ...] | None:
    if facts.home is None or facts.county is None or facts.home == facts.county:
        return None
    return (("home", facts.home), ("county", facts.county))


def _nobody(facts: RiskFacts, _: WarningTerms) -> tuple[tuple[str, str], ...] | None:
    missing = [name for name in ("department", "responsible") if not getattr(facts, name)]
    return (("missing", ", ".join(missing)),) if missing else None


_LOOKS: Mapping[Sign, tuple[_Look, str, str]] = {
    Sign.RUNNING_SELF_PAY: (
        _running,
        "告知患者或家属目前的个人负担,商量付款或按规定分阶段收取",
        "tell the patient or family; talk about payment, or stages where the programme has them",
    ),
    Sign.CONSENT_MISSING: (
        _unconsented,
        "补签或说明原因(adapter consent check)",
        "get it signed, or say why not (adapter consent check)",
    ),
    Sign.NOTICE_MISSED: (
        _unanswered,
        "当面告知并登记确认(adapter notices acknowledge)",
        "tell it in person and record who took it (adapter notices acknowledge)",
    ),
    Sign.AGREEMENT_UNSIGNED: (
        _unsigned,
        "请患者或家属签订(adapter agreement sign);不因此停止救治",
        "have it signed (adapter agreement sign); care never waits for it",
    ),
    Sign.LEFT_UNSETTLED: (
        _left,
        "联系结清或签订还款计划(adapter pay、adapter plan sign);不得据此直接列入不良记录",
        "ask for payment or a plan (adapter pay, adapter plan sign); nobody is listed for this alone",
    ),
    Sign.PREVIOUS_ARREARS: (
        _earlier,
        "先商量以前欠费的结清办法(adapter account)",
        "talk about the earlier debt first (adapter account)",
    ),
    Sign.ADDRESS_OUTSIDE: (
        _outside,
        "核实联系方式和参保地;户籍在外不影响资格本身",
        "check how to reach the family, and the insured area; this alone changes no entitlement",
    ),
    Sign.NOBODY_RESPONSIBLE: (
        _nobody,
        "登记责任科室和责任人(adapter responsible)",
        "record the department and the person (adapter responsible)",
    ),
}
