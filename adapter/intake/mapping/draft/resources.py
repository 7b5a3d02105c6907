"""A page per resource: what settlement needs of it, from the columns that were found (各资源初稿)."""

from __future__ import annotations

from collections.abc import Sequence

from adapter.intake.mapping.draft.chosen import Chosen
from adapter.intake.mapping.draft.made import Made
from adapter.intake.mapping.draft.pages import Page, listed, quoted

_CNY = "{const: CNY}"
_PRICE = "extension[unit-price].valueMoney.value"
_NOT_FOUND = ("样本中没有找到该列", "no column was found for it")


class _Fields:
    """The fields of a page: taken ones, and those that were looked for in vain."""

    def __init__(self, page: Page, chosen: Chosen, resource: str) -> None:
        self.page, self.chosen, self.resource = page, chosen, resource
        page.add("fields:")

    def fixed(self, target: str, value: str, doubt: tuple[str, str] | None = None) -> None:
        self.page.add(f"  {target}: {value}", doubt)

    def column(self, target: str, options: str = "", *, under: str = "", needed: bool = False) -> str | None:
        """A field from the column that was chosen; None, with a remark where it is needed, when there is none."""
        choice = self.chosen.of(self.resource, under or target)
        if choice is None:
            if needed:
                self.page.add(f"  # {target}: {{from: ?{options}}}", _NOT_FOUND)
            return None
        profile = self.chosen.table.columns[choice.column]
        options += _formats(profile.formats) if "as: local_time" in options or "as: date" in options else ""
        doubt = choice.why
        if profile.doubtful_order and "formats" in options:
            doubt = ("日与月的先后无法确定", "day and month could be the other way round")
        self.page.add(f"  {target}: {{from: {quoted(choice.column)}{options}}}", doubt, note=profile.example)
        return choice.column

    def end(self) -> None:
        """What else the table has: columns ignored for a reason, and those that wait for one."""
        if self.chosen.ignored:
            self.page.add("ignored:")
            for column, reason in self.chosen.ignored.items():
                self.page.add(f"  {quoted(column)}: {quoted(reason)}")
        for each in self.chosen.unclaimed():
            why = self.chosen.doubts.get(each.name, ("没有人说明该列", "nobody told what this column is"))
            self.page.add(f"  # {each.name}:", why, note=f"{each.filled}/{each.rows} {each.example}".rstrip())


def _formats(formats: Sequence[str]) -> str:
    return f", formats: {listed(formats)}"


def _table(chosen: Chosen, keys: Sequence[str]) -> str:
    return f"{{table: {quoted(chosen.table.name)}, row_key: {listed(keys)}}}"


def hospital(made: Made, stay: Chosen) -> None:
    """The hospital, by its code in the row where there is one."""
    choice = stay.of("hospital", "identifier[0].value")
    if choice is None:
        page = made.page("hospital", "Organization", "{setting: facility.code}")
        value = "{setting: facility.code}"
    else:
        page = made.page("hospital", "Organization", _table(stay, [choice.column]))
        value = f"{{from: {quoted(choice.column)}, required: yes}}"
        codes = {row.get(choice.column, "") for row in stay.table.rows} - {""}
        made.facility = next(iter(codes)) if len(codes) == 1 else ""
    page.add("fields:")
    for line in (
        "identifier[0].system: {sid: own/facility}",
        f"identifier[0].value: {value}",
        "identifier[1].system: {sid: facility}",
        "identifier[1].value: {setting: facility.national_code}",
        'active: {const: "true", as: flag}',
        "name: {setting: facility.name}",
    ):
        page.add(f"  {line}")


def insurer(made: Made, stay: Chosen) -> None:
    """The body behind the basic insurance, from the source file."""
    page = made.page("insurer", "Organization", "{setting: insurer.code}")
    _only_insured(page, made, stay)
    page.add("fields:")
    for line in (
        "identifier[0].system: {sid: insurer}",
        "identifier[0].value: {setting: insurer.code}",
        'active: {const: "true", as: flag}',
        "name: {setting: insurer.name}",
    ):
        page.add(f"  {line}")


def patient(made: Made, stay: Chosen) -> None:
    """The person; names and ID numbers stand nowhere else."""
    choice = stay.of("patient", "identifier[0].value")
    made.person = choice.column if choice is not None else stay.stay_key
    page = made.page("patient", "Patient", _table(stay, [made.person]))
    page.add("private: yes")
    fields = _Fields(page, stay, "patient")
    fields.fixed("identifier[0].system", "{sid: own/patient}")
    alone = ("没有病人键,暂用住院键", "no person key was found; the stay key stands in for it")
    fields.fixed("identifier[0].value", f"{{from: {quoted(made.person)}, required: yes}}", None if choice else alone)
    if stay.of("patient", "identifier[1].value"):
        fields.fixed("identifier[1].system", '{const: "urn:oid:2.16.156.10011.1.13"}')
        fields.column("identifier[1].value")
    number = fields.column("identifier[2]", ", as: id_number")
    fields.column("name[0].text", ", required: yes", needed=True)
    sex = stay.of("patient", "gender")
    table = made.codes(stay, sex.column, "gender", told=stay.told.get(("patient", "gender"))) if sex is not None else ""
    fields.column("gender", f", codes: {table}, required: yes", needed=True)
    birth = fields.column("birthDate", ", as: date, required: warn", needed=True)
    married = stay.of("patient", "maritalStatus")
    if married is not None:
        table_of = made.codes(stay, married.column, "marital_status")
        fields.column("maritalStatus", f", codes: {table_of}, form: concept")
    if number and birth and sex is not None:
        columns = f"number: {quoted(number)}, birth: {quoted(birth)}, sex: {quoted(sex.column)}"
        page.add(f"id_check: {{{columns}, sexes: {table}}}")


def encounter(made: Made, stay: Chosen, diagnoses: Chosen | None) -> None:
    """The stay itself."""
    page = made.page("encounter", "Encounter", _table(stay, stay.keys))
    fields = _Fields(page, stay, "encounter")
    fields.fixed("identifier[0].system", "{sid: own/stay}")
    fields.fixed("identifier[0].value", f"{{from: {quoted(stay.stay_key)}, required: yes}}")
    if stay.of("encounter", "identifier[1].value"):
        fields.fixed("identifier[1].system", '{const: "urn:oid:2.16.156.10011.1.12"}')
        fields.column("identifier[1].value")
    state = stay.of("encounter", "status")
    finished = ""
    if state is None:
        fields.fixed(
            "status", "{const: finished}", ("没有找到在院状态列", "no column tells whether the stay has ended")
        )
    else:
        told = stay.told.get(("encounter", "status"))
        table = made.codes(stay, state.column, "encounter_status", told=told)
        fields.column("status", f", codes: {table}, required: yes")
        finished = f", when: {{column: {quoted(state.column)}, codes: {table}, in: [finished]}}"
    fields.fixed("class.system", '{const: "http://terminology.hl7.org/CodeSystem/v3-ActCode"}')
    fields.fixed("class.code", "{const: IMP}")
    condition_of = stay.of("encounter", "priority")
    if condition_of is not None:
        table = made.codes(stay, condition_of.column, "admission_condition")
        fields.column("priority", f", codes: {table}, form: concept")
    fields.fixed("subject", "{reference: patient}")
    fields.column("period.start", ", as: local_time, required: yes", needed=True)
    fields.column("period.end", f", as: local_time{finished}", needed=True)
    if diagnoses is not None:
        _diagnoses(made, page, diagnoses)
    fields.fixed("account[0]", "{reference: account}")
    fields.fixed("serviceProvider", "{reference: hospital}")
    fields.end()


def _diagnoses(made: Made, page: Page, diagnoses: Chosen) -> None:
    page.add("  diagnosis:")
    page.add(f"    each: {quoted(diagnoses.table.name)}")
    page.add("    fields:")
    page.add("      condition: {reference: condition}")
    kind = diagnoses.of("diagnosis", "use")
    if kind is None:
        page.add("      # use: {from: ?}", _NOT_FOUND)
        return
    table = made.codes(diagnoses, kind.column, "diagnosis_use", told=diagnoses.told.get(("diagnosis", "use")))
    profile = diagnoses.table.columns[kind.column]
    page.add(
        f"      use: {{from: {quoted(kind.column)}, codes: {table}, form: concept, required: yes}}",
        kind.why,
        note=profile.example,
    )


def condition(made: Made, chosen: Chosen) -> None:
    """One diagnosis."""
    page = made.page("condition", "Condition", _table(chosen, chosen.keys))
    fields = _Fields(page, chosen, "condition")
    fields.fixed("identifier[0].system", "{sid: own/diagnosis-row}")
    fields.fixed("identifier[0].value", "{row_key: yes}")
    if fields.column("code.coding[0].code", ", required: yes", needed=True):
        fields.fixed("code.coding[0].system", "{codesystem: own/diagnosis}")
    fields.column("code.text")
    fields.fixed("subject", "{reference: patient}")
    fields.fixed("encounter", "{reference: encounter}")
    fields.end()


def coverage(made: Made, stay: Chosen) -> None:
    """The basic insurance as registered at admission."""
    page = made.page("coverage", "Coverage", _table(stay, stay.keys))
    table = _only_insured(page, made, stay)
    fields = _Fields(page, stay, "coverage")
    fields.fixed("identifier[0].system", "{sid: own/coverage}")
    fields.fixed("identifier[0].value", f"{{from: {quoted(stay.stay_key)}, required: yes}}")
    fields.fixed("status", "{const: active}")
    fields.fixed("type.coding[0].system", "{codesystem: payer}")
    fields.fixed("type.coding[0].code", "{const: basic}")
    if table:
        fields.column("type.coding[1]", f", codes: {table}, form: coding")
    fields.column("subscriberId", ", required: warn", needed=True)
    fields.fixed("beneficiary", "{reference: patient}")
    fields.fixed("payor[0]", "{reference: insurer}")
    fields.fixed("extension[insured-area].valueCode", "{setting: insurer.division}")


def _only_insured(page: Page, made: Made, stay: Chosen) -> str:
    """Only where the stay is insured; the table of insurance codes, or nothing when no column tells."""
    choice = stay.of("coverage", "type.coding[1]")
    if choice is None:
        page.add("# only: {column: ?, codes: insurance.csv, in: [residents, employees]}", _NOT_FOUND)
        return ""
    file = f"{made.source}/insurance.csv"
    table = "insurance.csv" if file in made.tables else made.codes(stay, choice.column, "insurance", own=True)
    page.add(f"only: {{column: {quoted(choice.column)}, codes: {table}, in: [residents, employees]}}")
    return table


def account(made: Made, stay: Chosen) -> None:
    """The bucket for the stay's charges."""
    page = made.page("account", "Account", _table(stay, stay.keys))
    page.add("fields:")
    for line in (
        "identifier[0].system: {sid: own/account}",
        f"identifier[0].value: {{from: {quoted(stay.stay_key)}, required: yes}}",
        "status: {const: active}",
        "subject[0]: {reference: patient}",
        "coverage[0].coverage: {reference: coverage}",
        'coverage[0].priority: {const: "1", as: integer}',
        "owner: {reference: hospital}",
    ):
        page.add(f"  {line}")


def charge_item(made: Made, chosen: Chosen, *, first: bool) -> None:
    """One fee line. Of two tables the second one's keys get a prefix, since both number their rows alike."""
    name = "charge_item" if first else f"charge_item_{sum('charge_item' in page.file for page in made.pages) + 1}"
    source = _table(chosen, chosen.keys)
    if not first:
        source = f"{source[:-1]}, prefix: {quoted(chosen.table.name)}}}"
    page = made.page(name, "ChargeItem", source)
    fields = _Fields(page, chosen, "charge_item")
    fields.fixed("identifier[0].system", "{sid: own/charge-line}")
    fields.fixed("identifier[0].value", "{row_key: yes}")
    fields.fixed(
        "status",
        "{const: billable}",
        ("请核对是否有未记账、已作废的行", "ask whether some lines are not billable yet, or void"),
    )
    item = fields.column("code.coding[0].code", ", required: yes", needed=True)
    if item:
        fields.fixed("code.coding[0].system", "{codesystem: own/item}")
    fields.column("code.text")
    for target, name_of in (("subject", "patient"), ("context", "encounter"), ("account[0]", "account")):
        fields.fixed(target, f"{{reference: {name_of}}}")
    day = fields.column("occurrenceDateTime", ", as: local_time, required: yes", needed=True)
    fields.column("enteredDate", ", as: local_time")
    quantity = fields.column("quantity.value", ", as: decimal, required: yes", needed=True)
    fields.column("factorOverride", ', as: decimal, absent: ["1", "1.0", "1.00", "1.000"]')
    rounded = _finer(chosen, "priceOverride.value", 2)
    amount = fields.column("priceOverride.value", f", as: yuan{rounded}, required: yes", needed=not quantity)
    if amount:
        fields.fixed("priceOverride.currency", _CNY)
    rounded = _finer(chosen, _PRICE, 4)
    price = fields.column(_PRICE, f", as: unit_price{rounded}", needed=True)
    if price:
        fields.fixed("extension[unit-price].valueMoney.currency", _CNY)
    category = chosen.of("charge_item", "extension[fee-category].valueCoding")
    if category is not None:
        table = made.codes(chosen, category.column, "fee_category", own=True)
        fields.column("extension[fee-category].valueCoding", f", codes: {table}, form: coding")
    if quantity and price and not amount:
        worked_out = f"derived: {{net: {{as: product, of: {listed([price, quantity])}}}}}"
        doubt = ("没有存储的金额;可在 shape.yaml 中以派生列算出", "no stored amount; shape.yaml can work it out")
        page.add("  # priceOverride.value: {from: net, as: yuan, required: yes}", doubt, note=worked_out)
    if quantity and price and item and day:
        _refunds(page, chosen, quantity, price, item, day)
    if quantity and price and amount:
        columns = f"quantity: {quoted(quantity)}, price: {quoted(price)}, amount: {quoted(amount)}"
        factor = chosen.of("charge_item", "factorOverride")
        columns += f", factor: {quoted(factor.column)}" if factor is not None else ""
        page.add(
            f'amount_check: {{{columns}, tolerance: "0.01", limit: "1.00"}}',
            ("请核对金额的取整方式", "ask how this HIS rounds amounts"),
        )
    newborn = chosen.of("charge_item", "newborn")
    if newborn is not None:
        page.add("expect:")
        said = 'zh: 新生儿费用须单独登记, en: "a newborn\'s charges belong to the newborn"'
        doubt = ("请核对表示非新生儿的值", "ask which value means no newborn")
        page.add(f'  {quoted(newborn.column)}: {{in: ["0"], {said}}}', doubt)
    fields.end()


def _finer(chosen: Chosen, target: str, decimals: int) -> str:
    """``_rounded`` where the sample has values finer than so many decimals."""
    choice = chosen.of("charge_item", target)
    return "_rounded" if choice is not None and chosen.table.columns[choice.column].fine > decimals else ""


def _refunds(page: Page, chosen: Chosen, quantity: str, price: str, item: str, day: str) -> None:
    found = chosen.undoing
    keys = [name for name in chosen.keys if name not in chosen.join]
    marked = bool(found.link and found.mark and found.undone)
    parts = [
        f"quantity: {quoted(quantity)}",
        f"item: {listed([item])}",
        f"price: {quoted(price)}",
        f"day: {quoted(day)}",
    ]
    if found.link:
        parts.append(f"kind: {'mirror' if marked else 'linked'}")
        its = f"{{{quoted(found.link)}: {quoted(keys[0])}}}" if len(keys) == 1 else quoted(found.link)
        parts += [f"link: {its}", f"no_link: {listed(found.no_link)}" if found.no_link else ""]
    if found.mark:
        parts.append(f"told_by: {{column: {quoted(found.mark)}, in: {listed(found.mirrors)}}}")
        undone = f"undone: {{column: {quoted(found.mark)}, in: {listed(found.undone)}}}"
        parts.append(undone if marked else "")
    zh = f"请核对退费写法;样本中有 {found.negative} 行负数量"
    en = f"ask how refunds are written; {found.negative} rows of the sample are negative"
    page.add(f"refunds: {{{', '.join(part for part in parts if part)}}}", (zh, en))


def deposit(made: Made, chosen: Chosen) -> None:
    """A deposit taken from the patient."""
    page = made.page("deposit", "PaymentReconciliation", _table(chosen, chosen.keys))
    fields = _Fields(page, chosen, "deposit")
    fields.fixed("identifier[0].system", "{sid: own/deposit}")
    fields.fixed("identifier[0].value", "{row_key: yes}")
    state = chosen.of("deposit", "status")
    if state is None:
        fields.fixed("status", "{const: active}", ("没有找到作废标志", "no column tells whether it was cancelled"))
    else:
        table = made.codes(chosen, state.column, "deposit_status")
        fields.column("status", f", codes: {table}, required: yes")
    fields.column("created", ", as: local_time, required: yes", under="paymentDate", needed=True)
    fields.column("paymentDate", ", as: date, required: yes", needed=True)
    if fields.column("paymentAmount.value", ", as: yuan, required: yes", needed=True):
        fields.fixed("paymentAmount.currency", _CNY)
    if fields.column("paymentIdentifier.value"):
        fields.fixed("paymentIdentifier.system", "{sid: own/receipt}")
    fields.fixed("extension[account].valueReference", "{reference: account}")
    way = chosen.of("deposit", "extension[payment-method].valueCoding")
    if way is not None:
        table = made.codes(chosen, way.column, "payment_method", own=True)
        fields.column("extension[payment-method].valueCoding", f", codes: {table}, form: coding")
    fields.end()
