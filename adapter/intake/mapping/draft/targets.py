"""Which column likely becomes which target: by its name, else by its values (目标推测)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapter.intake.mapping.draft.chosen import Chosen
from adapter.intake.mapping.draft.keys import amount_relation
from adapter.intake.mapping.draft.known import IGNORED, Known
from adapter.intake.mapping.draft.profile import ColumnProfile, Kind, SampleTable
from adapter.intake.mapping.draft.values import by_values, holds_diagnoses

_MOMENTS = (Kind.TIME, Kind.DAY)
_NUMBERS = (Kind.NUMBER,)

#: Targets that need values of a kind; a column of that name with other values is not taken.
_NEEDED_KINDS: Mapping[str, tuple[Kind, ...]] = {
    "period.start": _MOMENTS,
    "period.end": _MOMENTS,
    "birthDate": _MOMENTS,
    "occurrenceDateTime": _MOMENTS,
    "enteredDate": _MOMENTS,
    "paymentDate": _MOMENTS,
    "quantity.value": _NUMBERS,
    "factorOverride": _NUMBERS,
    "priceOverride.value": _NUMBERS,
    "extension[unit-price].valueMoney.value": _NUMBERS,
    "paymentAmount.value": _NUMBERS,
}

#: What tables other than the stay table may be, with the names that tell.
ROLES = ("charge_item", "condition", "deposit")

#: Parts of table names that tell a little more where columns tell something.
_TABLE_SIGNS: Mapping[str, tuple[str, ...]] = {
    "condition": ("DIAG", "ZD", "诊断"),
    "deposit": ("PREPAY", "DEPOSIT", "YJ", "预交", "押金"),
}

_LEAST_SCORE = 2


def scores_of(table: SampleTable, known: Known) -> Mapping[str, int]:
    """How much tells that a table beside the stay table holds charges, diagnoses or deposits."""
    scores = {role: sum(known.of(name, role) is not None for name in table.columns) for role in ROLES}
    scores["condition"] += sum(known.of(name, "diagnosis") is not None for name in table.columns)
    scores["condition"] += 2 * any(holds_diagnoses(column) for column in table.columns.values())
    for role, signs in _TABLE_SIGNS.items():
        scores[role] += scores[role] > 0 and any(sign in table.name.upper() for sign in signs)
    targets = {meaning.target for name in table.columns if (meaning := known.of(name, "charge_item")) is not None}
    priced = {"quantity.value", "extension[unit-price].valueMoney.value"} <= targets
    if amount_relation(table) is not None:
        scores["charge_item"] += 3
    elif "code.coding[0].code" not in targets or not (priced or "priceOverride.value" in targets):
        scores["charge_item"] = 0
    return scores


def roles_of(tables: Sequence[SampleTable], known: Known) -> dict[str, str]:
    """What tables beside the stay table are taken as; only charges may stand in several tables."""
    scores = {table.name: scores_of(table, known) for table in tables}
    roles: dict[str, str] = {}
    for name, role, score in sorted(
        ((name, role, score) for name, each in scores.items() for role, score in each.items()),
        key=lambda each: (-each[2], ROLES.index(each[1])),
    ):
        if score >= _LEAST_SCORE and name not in roles and (role == "charge_item" or role not in roles.values()):
            roles[name] = role
    return roles


def choose(
    table: SampleTable,
    resources: Sequence[str],
    join: tuple[str, ...],
    keys: tuple[str, ...],
    stay_key: str,
    known: Known,
) -> Chosen:
    """Find targets for the columns of a table.

    Args:
        resources: the resource files that this table feeds.
        join: the columns that hold the stay key, which fields take by the name ``stay_key``.
        keys: the columns that name its rows.
    """
    chosen = Chosen(table, join, keys, stay_key)
    for name, column in table.columns.items():
        _by_name(chosen, name, column, resources, known)
    _drop_other_keys(chosen)
    by_values(chosen, resources, known)
    for column in chosen.unclaimed():
        if column.kind is Kind.EMPTY:
            chosen.doubts[column.name] = ("样本中始终为空", "always empty in the sample")
    return chosen


def _drop_other_keys(chosen: Chosen) -> None:
    """Identifiers of these are made of the keys that were found; another column called so is left to a person."""
    for resource in ("encounter", "charge_item", "deposit"):
        choice = chosen.choices.pop((resource, "identifier[0].value"), None)
        if choice is not None and choice.column not in (*chosen.join, *chosen.keys):
            chosen.doubts[choice.column] = (
                f"名称像主键,但采用的主键是 {', '.join(chosen.keys)}",
                f"called like a key, but the key that was found is {', '.join(chosen.keys)}",
            )


def _by_name(chosen: Chosen, name: str, column: ColumnProfile, resources: Sequence[str], known: Known) -> None:
    for resource in resources:
        meaning = known.of(name, resource)
        if meaning is None:
            continue
        needed = _NEEDED_KINDS.get(meaning.target)
        if needed is not None and column.kind not in (*needed, Kind.EMPTY):
            zh = f"名称像“{meaning.meaning}”,但值的形式是 {column.kind.value}"
            chosen.doubts[name] = (zh, f"named like {meaning.target}, but its values look like {column.kind.value}")
        elif needed is not None and column.kind is Kind.EMPTY:
            chosen.doubts[name] = (
                f"名称像“{meaning.meaning}”,但样本中始终为空",
                f"named like {meaning.target}, but always empty in the sample",
            )
        elif chosen.of(resource, meaning.target) is not None:
            first = chosen.choices[resource, meaning.target].column
            chosen.doubts[name] = (f"与 {first} 含义相近,请选定其一", f"means much the same as {first}; choose one")
        else:
            chosen.take(resource, meaning.target, name)
        return
    reason = known.of(name, IGNORED)
    if reason is not None:
        chosen.ignored[name] = reason.meaning
