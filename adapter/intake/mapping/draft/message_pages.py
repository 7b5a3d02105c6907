"""A page per resource for messages: from the fields where the standard has them, as far as the sample fills them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

from adapter.intake.mapping.draft import resources
from adapter.intake.mapping.draft.chosen import Chosen
from adapter.intake.mapping.draft.made import Made
from adapter.intake.mapping.draft.message_rows import MADE, MessageTables
from adapter.intake.mapping.draft.profile import SampleTable
from adapter.intake.mapping.draft.undoing import Undoing

_BY_STANDARD = ("按 HL7 标准的位置推测", "where the standard has it")

#: What the folding says of a stay and of a deposit, as codes.
_STATES: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "encounter_status": (
        *(("planned", "已预约", "planned"), ("registered", "已登记", "arrived"), ("on-ward", "在病区", "in-progress")),
        *(("on-leave", "请假", "onleave"), ("discharged", "病区已出院", "finished")),
        *(("cancelled", "已取消", "cancelled"), ("merged", "已并入另一次住院", "entered-in-error")),
    ),
    "account_status": (
        *(("open", "未结算", "active"), ("settled", "HIS 已结算", "inactive")),
        ("void", "住院已取消或已合并", "entered-in-error"),
    ),
    "deposit_status": (("taken", "收取", "active"), ("void", "作废或已退", "cancelled")),
}

#: Fields that say nothing, by number within any segment that begins with a set id, and those that are keys already.
_SET_IDS = frozenset(f"{name}-1" for name in ("PID", "PV1", "FT1", "DG1", "IN1", "RXG"))

#: Columns that the folding makes and a draft does not use.
_FOLDED: Mapping[str, Mapping[str, str]] = {
    "STAY": {"sender": "发送机构;需要核对时改用 expect (the sender; use expect to have it checked)"},
    "CHARGE": {
        "kind": "收费或冲销,已体现在数量正负 (kind of entry; the sign of the quantity tells)",
        "unit": "计量单位,结算不需要 (unit; settlement does not use it)",
    },
}

Choices = Mapping[tuple[str, str], Sequence[str]]

_STAY: Choices = {
    ("patient", "identifier[0].value"): ("person",),
    ("patient", "name[0].text"): ("PID-5.1", "PID-5"),
    ("patient", "gender"): ("PID-8",),
    ("patient", "birthDate"): ("PID-7",),
    ("patient", "maritalStatus"): ("PID-16.1", "PID-16"),
    ("encounter", "status"): ("state",),
    ("encounter", "priority"): ("PV1-4",),
    ("encounter", "period.start"): ("PV1-44",),
    ("encounter", "period.end"): ("PV1-45",),
}
_DIAGNOSIS: Choices = {
    ("condition", "code.coding[0].code"): ("DG1-3.1", "DG1-4", "DG1-3"),
    ("condition", "code.text"): ("DG1-3.2", "DG1-4"),
    ("diagnosis", "use"): ("DG1-6",),
}
_CHARGE: Choices = {
    ("charge_item", "code.coding[0].code"): ("item",),
    ("charge_item", "code.text"): ("FT1-7.2",),
    ("charge_item", "occurrenceDateTime"): ("at",),
    ("charge_item", "enteredDate"): ("FT1-5", "ORC-9"),
    ("charge_item", "quantity.value"): ("quantity",),
    ("charge_item", "priceOverride.value"): ("amount",),
    ("charge_item", "extension[unit-price].valueMoney.value"): ("price",),
}
_PAYMENT: Choices = {
    ("deposit", "status"): ("state",),
    ("deposit", "paymentDate"): ("at",),
    ("deposit", "paymentAmount.value"): ("amount",),
    ("deposit", "paymentIdentifier.value"): ("FT1-2",),
    ("deposit", "extension[payment-method].valueCoding"): ("item",),
}


def write(made: Made, tables: MessageTables) -> None:
    """Every page that the sample gives reason for."""
    for name, rows in _STATES.items():
        made.tables[f"{made.vendor}/{name}.csv"] = [(code, meaning, "", target, "") for code, meaning, target in rows]
    number: Choices = {("patient", "identifier[2]"): (tables.id_path,)}
    stay = _chosen(made, tables, "STAY", {**_STAY, **number})
    diagnoses = _chosen(made, tables, "DG1", _DIAGNOSIS) if "DG1" in tables.tables else None
    resources.hospital(made, stay)
    _insurer(made)
    resources.patient(made, stay)
    resources.encounter(made, stay, diagnoses)
    if diagnoses is not None:
        resources.condition(made, diagnoses)
    insured = "IN1" in tables.tables
    if insured:
        _coverage(made, tables)
    _account(made, insured=insured)
    if "CHARGE" in tables.tables:
        charges = _chosen(made, tables, "CHARGE", _CHARGE)
        charges.undoing = Undoing(0, link="reverses")
        resources.charge_item(made, charges, first=True)
    if "PAYMENT" in tables.tables:
        resources.deposit(made, _chosen(made, tables, "PAYMENT", _PAYMENT))


def _chosen(made: Made, tables: MessageTables, name: str, wanted: Choices) -> Chosen:
    """Columns for targets: the first place that the sample fills. Whole fields that nothing reads are left over."""
    table = tables.tables[name]
    taken: dict[tuple[str, str], str] = {}
    for target, places in wanted.items():
        for place in places:
            known = place in MADE or place == tables.id_path
            if place and (known or (place in table.columns and table.columns[place].filled)):
                taken[target] = place
                break
    used = {path.partition(".")[0].partition("[")[0] for path in chain(taken.values(), tables.read_by_folding)}
    left = [each for each in table.columns if "." not in each and "-" in each and each not in used]
    kept = list(dict.fromkeys([*taken.values(), *(each for each in left if table.columns[each].filled)]))
    rows = [{column: row.get(column, "") for column in kept} for row in table.rows]
    chosen = Chosen(SampleTable(name, rows), ("stay",), tables.keys[name], "stay")
    for (resource, element), path in taken.items():
        chosen.take(resource, element, path, None if path in MADE else _BY_STANDARD)
    for column in kept:
        if column in _SET_IDS:
            chosen.ignored[column] = "段序号 (set id of the segment)"
    claimed = {path.partition(".")[0] for path in taken.values()}
    for column in (path.partition(".")[0] for path in tables.read_by_folding):
        if column not in claimed and column in table.columns and table.columns[column].filled:
            chosen.ignored[column] = "已由 messages.yaml 读取 (read by messages.yaml already)"
    chosen.ignored |= _FOLDED.get(name, {})
    made.looked_at.append(chosen)
    return chosen


def _insurer(made: Made) -> None:
    page = made.page("insurer", "Organization", "{setting: insurer.code}")
    page.add("fields:")
    page.add("  identifier[0].system: {sid: insurer}")
    page.add("  identifier[0].value: {setting: insurer.code}")
    page.add('  active: {const: "true", as: flag}')
    page.add("  name: {setting: insurer.name}")


def _coverage(made: Made, tables: MessageTables) -> None:
    """One Coverage per IN1 that names an insurance; IN1-1 is the order."""
    table = tables.tables["IN1"]
    column = next((each for each in ("IN1-2.1", "IN1-2", "IN1-3.1") if table.columns[each].filled), "IN1-2")
    chosen = Chosen(table, ("stay",), tables.keys["IN1"], "stay")
    codes = made.codes(chosen, column, "insurance", own=True)
    page = made.page("coverage", "Coverage", "{table: IN1, row_key: [stay, IN1-1]}")
    ask = (
        "请核对参保类别与参保号所在字段",
        "ask which fields hold the kind of insurance and the insured person's number",
    )
    page.add(f'only: {{column: "{column}", codes: {codes}, in: [residents, employees]}}', ask)
    page.add("fields:")
    for line in (
        "identifier[0].system: {sid: own/coverage}",
        "identifier[0].value: {row_key: yes}",
        "status: {const: active}",
        "type.coding[0].system: {codesystem: payer}",
        "type.coding[0].code: {const: basic}",
        f'type.coding[1]: {{from: "{column}", codes: {codes}, form: coding}}',
        'subscriberId: {from: "IN1-36", required: warn}',
        "beneficiary: {reference: patient}",
        "payor[0]: {reference: insurer}",
        'order: {from: "IN1-1", as: integer, required: yes}',
        "extension[insured-area].valueCode: {setting: insurer.division}",
    ):
        page.add(f"  {line}")
    used = {column.partition(".")[0], "IN1-1", "IN1-36"}
    for field in [each for each in table.columns if "." not in each and each not in used]:
        profile = table.columns[field]
        if profile.filled:
            page.add(f"  # {field}:", ("没有人说明该字段", "nobody told what this field is"), note=profile.example)


def _account(made: Made, *, insured: bool) -> None:
    page = made.page("account", "Account", "{table: STAY, row_key: [stay]}")
    page.add("fields:")
    page.add("  identifier[0].system: {sid: own/account}")
    page.add("  identifier[0].value: {from: stay, required: yes}")
    page.add("  status: {from: account, codes: account_status.csv, required: yes}")
    page.add("  subject[0]: {reference: patient}")
    if insured:
        column = next(each for each in made.pages if each.file.endswith("/coverage.yaml"))
        only = next(line for line in column.lines if line.startswith("only: ")).partition("    # ?")[0]
        page.add("  coverage:")
        page.add("    each: IN1")
        page.add(f"    {only}")
        page.add("    fields:")
        page.add("      coverage: {reference: coverage}")
        page.add('      priority: {from: "IN1-1", as: integer}')
    page.add("  owner: {reference: hospital}")
