"""Which column likely becomes which target: by its name, else by its values (目标推测)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from adapter.intake.mapping.draft.keys import AmountRelation, amount_relation
from adapter.intake.mapping.draft.known import IGNORED, Known
from adapter.intake.mapping.draft.profile import ColumnProfile, Kind, SampleTable

_MOMENTS = (Kind.TIME, Kind.DAY)
_NUMBERS = (Kind.NUMBER,)
_TEXTS = (Kind.TEXT, Kind.NAME, Kind.NUMBER)

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

_LEAST_SCORE = 2
_SEXES = (frozenset({"男", "女"}), frozenset({"M", "F"}))


@dataclass(frozen=True, slots=True)
class Choice:
    """A column for a target. ``why`` (zh, en) says what it was told by where its name did not tell."""

    column: str
    why: tuple[str, str] | None = None


@dataclass(slots=True)
class Chosen:
    """The choices of one table: by resource and target; each column at most once.

    Attributes:
        join: the columns that hold the stay key; ``keys``: those that name a row.
        stay_key: the column by which fields take the stay key.
        ignored: reason by column.
        doubts: what a person must look at, by column (zh, en).
    """

    table: SampleTable
    join: tuple[str, ...]
    keys: tuple[str, ...]
    stay_key: str
    choices: dict[tuple[str, str], Choice] = field(default_factory=dict)
    ignored: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, tuple[str, str]] = field(default_factory=dict)

    def of(self, resource: str, target: str) -> Choice | None:
        return self.choices.get((resource, target))

    def left(self) -> list[ColumnProfile]:
        """Columns that nobody took; a key column may still say something."""
        taken = {choice.column for choice in self.choices.values()} | self.ignored.keys() | set(self.join)
        return [column for name, column in self.table.columns.items() if name not in taken]

    def unclaimed(self) -> list[ColumnProfile]:
        """Columns that the mapping would not read at all."""
        return [column for column in self.left() if column.name not in self.keys]

    def take(self, resource: str, target: str, column: str, why: tuple[str, str] | None = None) -> None:
        if (resource, target) not in self.choices:
            self.choices[resource, target] = Choice(column, why)


def scores_of(table: SampleTable, known: Known) -> Mapping[str, int]:
    """How much tells that a table beside the stay table holds charges, diagnoses or deposits."""
    scores = {role: sum(known.of(name, role) is not None for name in table.columns) for role in ROLES}
    scores["condition"] += sum(known.of(name, "diagnosis") is not None for name in table.columns)
    scores["condition"] += 2 * any(_holds_diagnoses(column) for column in table.columns.values())
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


def _holds_diagnoses(column: ColumnProfile) -> bool:
    return column.kind is Kind.DIAGNOSIS and "." in column.picture


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
    if "patient" in resources:
        _stay_by_values(chosen)
    if "charge_item" in resources:
        _charges_by_values(chosen)
    if "condition" in resources and "patient" not in resources:
        _diagnosis_by_values(chosen)
    if "deposit" in resources:
        _deposit_by_values(chosen)
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


def _stay_by_values(chosen: Chosen) -> None:
    by_values = ("按值的形式推测", "told by the form of its values only")
    left = chosen.unclaimed()
    for column in left:
        if column.kind is Kind.ID_NUMBER:
            chosen.take("patient", "identifier[2]", column.name, ("校验码相符", "its check digits fit"))
        elif column.kind is Kind.NAME and column.distinct > 1 and not column.codes:
            words = {row.get(column.name, "") for row in chosen.table.rows} - {""}
            if not any(words <= sexes for sexes in _SEXES):
                chosen.take("patient", "name[0].text", column.name, by_values)
        words = {row.get(column.name, "") for row in chosen.table.rows} - {""}
        if words and any(words <= sexes for sexes in _SEXES):
            chosen.take("patient", "gender", column.name, by_values)
    moments = [column for column in left if column.kind in _MOMENTS]
    for target, column in zip(
        ("period.start", "period.end"), [c for c in moments if c.kind is Kind.TIME], strict=False
    ):
        chosen.take("encounter", target, column.name, by_values)
    for column in moments:
        if column.kind is Kind.DAY:
            chosen.take("patient", "birthDate", column.name, by_values)
            break


def _charges_by_values(chosen: Chosen) -> None:
    price = "extension[unit-price].valueMoney.value"
    relation = amount_relation(chosen.table)
    if relation is not None:
        why = _arithmetic(relation)
        for target, column in (
            ("quantity.value", relation.quantity),
            (price, relation.price),
            ("priceOverride.value", relation.amount),
        ):
            known = chosen.of("charge_item", target)
            if known is None and column in [each.name for each in chosen.left()]:
                chosen.take("charge_item", target, column, why)
            elif known is not None and known.column != column and target == "priceOverride.value":
                chosen.doubts[column] = (
                    f"数量×单价等于本列,而按名称取用的是 {known.column}",
                    f"quantity × price gives this column, while {known.column} was taken by its name",
                )
    left = chosen.unclaimed()
    by_values = ("按值的形式推测", "told by the form of its values only")
    moment = next((column for column in left if column.kind in _MOMENTS), None)
    if moment is not None:
        chosen.take("charge_item", "occurrenceDateTime", moment.name, by_values)
    text = next((c for c in left if c.kind in (Kind.TEXT, Kind.NAME) and "文" in c.picture), None)
    if text is not None:
        chosen.take("charge_item", "code.text", text.name, by_values)
    code = next(
        (c for c in left if c.kind in _TEXTS and "文" not in c.picture and c.decimals == 0 and c.distinct > 1), None
    )
    if code is not None and (text is None or code.name != text.name):
        chosen.take("charge_item", "code.coding[0].code", code.name, by_values)


def _deposit_by_values(chosen: Chosen) -> None:
    by_values = ("按值的形式推测", "told by the form of its values only")
    left = chosen.unclaimed()
    moment = next((column for column in left if column.kind in _MOMENTS), None)
    amount = next((column for column in left if column.kind is Kind.NUMBER and column.decimals), None)
    if moment is not None:
        chosen.take("deposit", "paymentDate", moment.name, by_values)
    if amount is not None:
        chosen.take("deposit", "paymentAmount.value", amount.name, by_values)


def _diagnosis_by_values(chosen: Chosen) -> None:
    for column in chosen.left():
        if _holds_diagnoses(column):
            chosen.take("condition", "code.coding[0].code", column.name, ("形如 ICD 编码", "looks like an ICD code"))
        elif "文" in column.picture and column.kind in (Kind.TEXT, Kind.NAME):
            chosen.take(
                "condition", "code.text", column.name, ("按值的形式推测", "told by the form of its values only")
            )


def _arithmetic(relation: AmountRelation) -> tuple[str, str]:
    counts = f"{relation.fitting}/{relation.rows}"
    return (f"{counts} 行满足数量×单价=金额", f"quantity × price = amount in {counts} rows")
