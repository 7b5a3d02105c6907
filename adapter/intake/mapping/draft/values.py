"""Targets of columns whose names tell nothing, by what their values do together (按值推测)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapter.intake.mapping.draft.chosen import Chosen
from adapter.intake.mapping.draft.keys import AmountRelation, amount_relation
from adapter.intake.mapping.draft.known import Known
from adapter.intake.mapping.draft.profile import ABSENT, ColumnProfile, Kind, is_day
from adapter.intake.mapping.draft.undoing import undoing
from adapter.intake.mapping.transforms import id_birth_and_sex, id_number_fault

_MOMENTS = (Kind.TIME, Kind.DAY)
_TEXTS = (Kind.TEXT, Kind.NAME, Kind.NUMBER)
_FEW_STATES = 6
_SEXES = (frozenset({"男", "女"}), frozenset({"M", "F"}))

#: Targets whose codes often are words that need no asking, with the code table that knows them.
_WORDS = (
    ("encounter", "status", "encounter_status"),
    ("coverage", "type.coding[1]", "insurance"),
    ("diagnosis", "use", "diagnosis_use"),
    ("charge_item", "extension[fee-category].valueCoding", "fee_category"),
    ("deposit", "extension[payment-method].valueCoding", "payment_method"),
)


def by_values(chosen: Chosen, resources: Sequence[str], known: Known) -> None:
    """Find columns for what no name told, of the resources that the table feeds."""
    _by_words(chosen, resources, known)
    if "patient" in resources:
        _stay_by_values(chosen)
        _sex_by_number(chosen)
        _person_by_values(chosen)
        _state_by_values(chosen)
    if "charge_item" in resources:
        _charges_by_values(chosen)
        _undoing_by_values(chosen)
    if "condition" in resources and "patient" not in resources:
        _diagnosis_by_values(chosen)
        _rank_by_values(chosen)
    if "deposit" in resources:
        _deposit_by_values(chosen)


def holds_diagnoses(column: ColumnProfile) -> bool:
    """Whether a column's texts look like ICD codes."""
    return column.kind is Kind.DIAGNOSIS and "." in column.picture


def _by_words(chosen: Chosen, resources: Sequence[str], known: Known) -> None:
    """A column all of whose texts are words that a code table knows."""
    for resource, target, table in _WORDS:
        if resource not in resources or chosen.of(resource, target) is not None:
            continue
        words = {text for text, row in known.codes.get(table, {}).items() if row.sure}
        for column in chosen.unclaimed():
            texts = _texts(chosen, column)
            if texts and texts <= words:
                chosen.take(resource, target, column.name, ("按值的用词推测", "told by the words in it"))
                break


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


def _sex_by_number(chosen: Chosen) -> None:
    """The column whose codes part men from women as their ID numbers do."""
    number = chosen.of("patient", "identifier[2]")
    if number is None:
        return
    rows = [row for row in chosen.table.rows if id_number_fault(row.get(number.column, "").upper()) is None]
    sexes = [id_birth_and_sex(row[number.column].upper())[1] for row in rows]
    sex = chosen.of("patient", "gender")
    for column in chosen.unclaimed() if sex is None else [chosen.table.columns[sex.column]]:
        of_sex = {
            each: {row.get(column.name, "") for row, told in zip(rows, sexes, strict=True) if told == each}
            for each in ("male", "female")
        }
        if all(len(texts) == 1 for texts in of_sex.values()) and not of_sex["male"] & of_sex["female"]:
            chosen.take(
                "patient", "gender", column.name, ("与身份证号的性别一致", "it agrees with the sex of ID numbers")
            )
            chosen.told["patient", "gender"] = {texts.pop(): each for each, texts in of_sex.items()}
            return


def _person_by_values(chosen: Chosen) -> None:
    """Columns that are the same whenever the ID number is the same, and else differ: the person's key, then his card.

    Only a person who came more than once tells them from numbers of the stay.
    """
    number = chosen.of("patient", "identifier[2]")
    if number is None:
        return
    persons = _groups(chosen, number.column)
    if len(persons) == len(chosen.table.rows):
        return
    of_person = [
        column.name
        for column in chosen.unclaimed()
        if column.kind in (Kind.NUMBER, Kind.TEXT) and not column.decimals and _groups(chosen, column.name) == persons
    ]
    missing = [
        (resource, target)
        for resource, target in (("patient", "identifier[0].value"), ("coverage", "subscriberId"))
        if chosen.of(resource, target) is None
    ]
    why = ("每人一值", "the same for all stays of a person")
    for (resource, target), column in zip(missing, of_person, strict=False):
        chosen.take(resource, target, column, why)


def _groups(chosen: Chosen, column: str) -> set[tuple[int, ...]]:
    """The rows that share a text, by their places."""
    found: dict[str, list[int]] = {}
    for place, row in enumerate(chosen.table.rows):
        found.setdefault(row.get(column, ""), []).append(place)
    return {tuple(places) for places in found.values()}


def _state_by_values(chosen: Chosen) -> None:
    """The column whose codes part the stays that have an end from those that have none."""
    end = chosen.of("encounter", "period.end")
    state = chosen.of("encounter", "status")
    if end is None:
        return
    formats = chosen.table.columns[end.column].formats
    ended = [is_day(row.get(end.column, ""), formats) for row in chosen.table.rows]
    columns = chosen.unclaimed() if state is None else [chosen.table.columns[state.column]]
    for column in columns:
        if not 2 <= column.distinct <= _FEW_STATES or column.distinct == column.rows or column.kind in _MOMENTS:
            continue
        by_end = {
            over: {row.get(column.name, "") for row, each in zip(chosen.table.rows, ended, strict=True) if each is over}
            for over in (True, False)
        }
        if by_end[True] and by_end[False] and not by_end[True] & by_end[False]:
            why = ("有出院时间的与没有的取值不同", "stays with an end and those without differ in it")
            chosen.take("encounter", "status", column.name, why)
            ended_as, others = dict.fromkeys(by_end[True], "finished"), dict.fromkeys(by_end[False], "in-progress")
            chosen.told["encounter", "status"] = ended_as | others
            return


def _undoing_by_values(chosen: Chosen) -> None:
    quantity = chosen.of("charge_item", "quantity.value")
    item = chosen.of("charge_item", "code.coding[0].code")
    link = chosen.of("charge_item", "link")
    if quantity is None or item is None:
        return
    named = link.column if link is not None else ""
    key = tuple(name for name in chosen.keys if name not in chosen.join)
    found = undoing(chosen.table, quantity.column, key, item.column, chosen.unclaimed(), named)
    chosen.undoing = found
    for target, column in (("link", found.link), ("mark", found.mark)):
        if column:
            chosen.take("charge_item", target, column)


def _rank_by_values(chosen: Chosen) -> None:
    """The column in which every stay has one text exactly once: that is its principal diagnosis."""
    stays: dict[tuple[str, ...], list[Mapping[str, str]]] = {}
    for row in chosen.table.rows:
        stays.setdefault(tuple(row.get(name, "") for name in chosen.join), []).append(row)
    use = chosen.of("diagnosis", "use")
    columns = chosen.unclaimed() if use is None else [chosen.table.columns[use.column]]
    for column in columns:
        texts = _texts(chosen, column)
        first = [text for text in texts if all(_once(text, column.name, rows) for rows in stays.values())]
        if len(stays) > 1 and len(first) == 1 and 2 <= len(texts) <= _FEW_STATES and column.kind not in _MOMENTS:
            why = ("每次住院恰有一条取某值", "every stay has one of its texts exactly once")
            chosen.take("diagnosis", "use", column.name, why)
            chosen.told["diagnosis", "use"] = {t: "principal" if t in first else "secondary" for t in sorted(texts)}
            return


def _once(text: str, column: str, rows: Sequence[Mapping[str, str]]) -> bool:
    return sum(row.get(column, "") == text for row in rows) == 1


def _texts(chosen: Chosen, column: ColumnProfile) -> set[str]:
    """The different texts of a column that mean something."""
    return {row.get(column.name, "") for row in chosen.table.rows} - {"", *ABSENT}


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
        if holds_diagnoses(column):
            chosen.take("condition", "code.coding[0].code", column.name, ("形如 ICD 编码", "looks like an ICD code"))
        elif "文" in column.picture and column.kind in (Kind.TEXT, Kind.NAME):
            chosen.take(
                "condition", "code.text", column.name, ("按值的形式推测", "told by the form of its values only")
            )


def _arithmetic(relation: AmountRelation) -> tuple[str, str]:
    counts = f"{relation.fitting}/{relation.rows}"
    return (f"{counts} 行满足数量×单价=金额", f"quantity × price = amount in {counts} rows")
