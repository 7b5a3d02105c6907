"""Collection clauses of a programme and the settings they need (个人应付的收取条款)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adapter.model.case import Actor
from adapter.model.issues import AdapterError, SettingMissing
from adapter.rules.policy.parameters import Raw
from adapter.rules.policy.scheme import Programme
from adapter.rules.programme import collection_issues, issues
from adapter.rules.programme.reading import Reader, many, settings_of
from adapter.rules.programme.terms import Text

#: Every clause that a programme may have under ``collection``; one that it lacks cannot be used by analogy.
CLAUSES = (
    "at-once",  # 一次性结清
    "instalments",  # 延期(分期)还款
    "staging",  # 分阶段结算
    "credit-unsettled",  # 未结清
    "credit-past-plan",  # 未按合同期限还款
    "credit-malicious",  # 恶意拖欠
    "credit-shared",  # 信用记录科室共享
    "reward",  # 按时结清的优惠
    "reminder",  # 督促结清
    "village-doctor",  # 乡村医生督促
    "legal",  # 司法程序
    "risk-fund",  # 医疗风险基金
)


@dataclass(frozen=True, slots=True)
class CollectionTerms:
    """What a programme says about collecting, with a scheme's settings laid over it."""

    programme: str
    clauses: Mapping[str, Text]
    settings: Mapping[str, Raw]
    blanks: Mapping[str, Text]
    rewards: str

    def clause(self, name: str) -> Text:
        """A clause and its article. Raises AdapterError PRG-270 where the programme has none."""
        if name not in self.clauses:
            raise AdapterError(collection_issues.clause_absent(self.programme, name))
        return self.clauses[name]

    def setting(self, name: str) -> Raw:
        """What the region filled in. Raises SettingMissing PRG-201; nothing is assumed."""
        value = self.settings.get(name)
        if not value:
            blank = self.blanks.get(name)
            if blank is None:
                raise AdapterError(issues.setting_unknown(self.programme, name))
            raise SettingMissing(issues.setting_unset(self.programme, name, blank.zh, blank.en, blank.cite, stops=True))
        return value

    def days(self, name: str) -> int:
        """A setting that is a whole number of days, zero or more. Raises as ``setting`` does, or PRG-203."""
        return self.whole(name, self.setting(name))

    def whole(self, name: str, value: Raw | None) -> int:
        """A whole number inside a setting. Raises AdapterError PRG-203."""
        if isinstance(value, str) and value.isascii() and value.isdigit():
            return int(value)
        raise self.unreadable(name, "整数", "a whole number")

    def unreadable(self, name: str, zh: str, en: str) -> AdapterError:
        """PRG-203 for a setting of this programme."""
        return AdapterError(issues.setting_unreadable(self.programme, name, zh, en))


def read_collection(programme: Programme, settings: Mapping[str, Raw]) -> CollectionTerms:
    """The collection clauses of a programme.

    Raises:
        AdapterError: PRG-202 for a clause that no rule knows, PRG-203 for an unreadable switch.
    """
    reader = Reader(programme, settings)
    found = dict(reader.nodes(programme.document, "collection", ""))
    reader.known(found, CLAUSES, "collection")
    return CollectionTerms(
        programme=programme.name,
        clauses={name: reader.text(node, f"collection/{name}") for name, node in found.items()},
        settings=settings,
        blanks={each.name: each.text for each in settings_of(programme)},
        rewards=_rewards(reader),
    )


def require_person(case_id: str, actor: Actor, act: str, zh: str) -> None:
    """Let a named person pass. Raises AdapterError PRG-282 for the service itself or nobody."""
    if actor.role == "system" or not actor.id.strip():
        raise AdapterError(collection_issues.person_needed(case_id, act, zh))


def _rewards(reader: Reader) -> str:
    """The switch, off where the programme does not have it."""
    node = reader.node(reader.node(reader.document, "switches", ""), "rewards", "switches")
    chosen = many(reader.settings.get("rewards")) or many(node.get("value")) or ("off",)
    allowed = many(node.get("one_of")) or ("off",)
    if len(chosen) != 1 or chosen[0] not in allowed:
        wanted = ", ".join(allowed)
        raise AdapterError(issues.setting_unreadable(reader.name, "rewards", f"{wanted} 之一", f"one of {wanted}"))
    return chosen[0]
