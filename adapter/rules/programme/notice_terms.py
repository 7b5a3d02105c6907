"""Notice clauses of a programme and the settings they need (费用告知条款)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from adapter.model.issues import AdapterError, SettingMissing
from adapter.model.money import Money, decimal_of
from adapter.rules.policy.parameters import Raw
from adapter.rules.policy.scheme import Programme
from adapter.rules.programme import issues, notice_issues
from adapter.rules.programme.reading import Reader, many, settings_of
from adapter.rules.programme.terms import Text


class NoticeCause(StrEnum):
    """What a notice is about; a programme that lacks the clause asks for no such notice."""

    ESTIMATE = "estimate"  # 入院费用估算
    DAILY_BILL = "daily-bill"  # 一日清单
    LARGE_COST = "large-cost"  # 费用较大
    PROJECTED_CAP = "projected-cap"  # 预计超过封顶线
    SELF_PAY_RATIO = "self-pay-ratio"  # 自费比例超标
    BEFORE_DISCHARGE = "before-discharge"  # 出院前告知


#: Whom a clause wants told, and how.
RECIPIENTS = ("patient", "patient-or-family", "hospital")
CHANNELS = ("paper", "in-person")


@dataclass(frozen=True, slots=True)
class NoticeClause:
    """One clause: its words, whom it wants told (``patient-or-family`` …) and how (``paper``, ``in-person``)."""

    text: Text
    to: str
    channel: str


@dataclass(frozen=True, slots=True)
class NoticeTerms:
    """What a programme wants told, with a scheme's settings laid over it.

    Attributes:
        ratio_of: switch ``self_pay_ratio_of``: ``full-self-pay``, ``outside-scope`` or ``patient-pays``.
    """

    programme: str
    clauses: Mapping[NoticeCause, NoticeClause]
    settings: Mapping[str, Raw]
    blanks: Mapping[str, Text]
    ratio_of: str

    def cite(self, cause: NoticeCause) -> str:
        """The article of a clause, or an empty text where the programme has none."""
        clause = self.clauses.get(cause)
        return "" if clause is None else clause.text.cite

    def amount(self, name: str) -> Money:
        """A setting in yuan. Raises SettingMissing PRG-201, AdapterError PRG-203."""
        try:
            found = Money.yuan(self._setting(name))
        except ValueError:
            raise self._unreadable(name, "金额(元)", "an amount in yuan") from None
        if found.fen <= 0:
            raise self._unreadable(name, "大于零的金额(元)", "an amount above zero")
        return found

    def days(self, name: str) -> int:
        """A setting that is a whole number, zero or more. Raises as ``amount`` does."""
        value = self._setting(name)
        if value.isascii() and value.isdigit():
            return int(value)
        raise self._unreadable(name, "整数", "a whole number")

    def ratio(self, name: str) -> Decimal:
        """A setting from 0 to 1. Raises as ``amount`` does."""
        try:
            found = decimal_of(self._setting(name))
        except ValueError:
            found = Decimal(-1)
        if not 0 <= found <= 1:
            raise self._unreadable(name, "0 到 1 之间的小数", "a number from 0 to 1")
        return found

    def _setting(self, name: str) -> str:
        value = many(self.settings.get(name))
        if not value:
            blank = self.blanks.get(name)
            if blank is None:
                raise AdapterError(issues.setting_unknown(self.programme, name))
            raise SettingMissing(issues.setting_unset(self.programme, name, blank.zh, blank.en, blank.cite, stops=True))
        return value[0]

    def _unreadable(self, name: str, zh: str, en: str) -> AdapterError:
        return AdapterError(issues.setting_unreadable(self.programme, name, zh, en))


def read_notices(programme: Programme, settings: Mapping[str, Raw]) -> NoticeTerms:
    """The notice clauses of a programme.

    Raises:
        AdapterError: PRG-263 for a notice that no rule knows, PRG-202 for a clause without words, PRG-203 for an
            unreadable switch.
    """
    reader = Reader(programme, settings)
    clauses: dict[NoticeCause, NoticeClause] = {}
    for name, node in reader.nodes(programme.document, "notices", ""):
        to, channel = str(node.get("to", "")), str(node.get("channel", ""))
        if name not in tuple(NoticeCause) or to not in RECIPIENTS or channel not in CHANNELS:
            known = ", ".join((*NoticeCause, *RECIPIENTS, *CHANNELS))
            raise AdapterError(notice_issues.clause_unreadable(programme.name, name, known))
        clauses[NoticeCause(name)] = NoticeClause(reader.text(node, f"notices/{name}"), to, channel)
    blanks = {each.name: each.text for each in settings_of(programme)}
    return NoticeTerms(programme.name, clauses, settings, blanks, _ratio_of(reader))


def _ratio_of(reader: Reader) -> str:
    """The switch; a programme without it asks for no ratio."""
    name = "self_pay_ratio_of"
    node = reader.node(reader.node(reader.document, "switches", ""), name, "switches")
    allowed = many(node.get("one_of")) or ("full-self-pay",)
    chosen = many(reader.settings.get(name)) or many(node.get("value")) or allowed[:1]
    if len(chosen) != 1 or chosen[0] not in allowed:
        wanted = ", ".join(allowed)
        raise AdapterError(issues.setting_unreadable(reader.name, name, f"{wanted} 之一", f"one of {wanted}"))
    return chosen[0]
