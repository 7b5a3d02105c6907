"""What settlement needs of each type beside what the hospital's resource says already (各类资源的处理).

Every rule adds to a draft or notes what is missing; none changes an amount, a quantity or a date.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from adapter.fhir.elements import coded
from adapter.fhir.identity import codesystem, extension_url, identifier, system
from adapter.fhir.names import target
from adapter.intake.mapping import issues, native_issues
from adapter.intake.mapping.native_draft import Draft, Note
from adapter.intake.mapping.native_spec import NativeRules
from adapter.model.money import Money

_ID_CARD = "urn:oid:2.16.156.10011.1.3"
_ROLE = "http://terminology.hl7.org/CodeSystem/diagnosis-role"
_BASIC = {"system": codesystem("payer"), "code": "basic"}
_INSURED = ("residents", "employees")

#: A quantity times its price may differ from the stored amount by this much; beyond the second the stay is held.
_TOLERANCE, _LIMIT = Decimal("0.01"), Decimal("1.00")

#: Statuses under which a resource is no part of a stay.
NOT_PART = {
    "Coverage": ("cancelled", "draft", "entered-in-error"),
    "Condition": ("entered-in-error", "refuted"),
}

#: References that settlement cannot do without, by type.
NEEDED = {
    "Encounter": ("subject",),
    "ChargeItem": ("subject", "context"),
    "Condition": ("subject",),
    "Coverage": ("beneficiary",),
}


@dataclass
class StayContext:
    """What the rules know of the stay as a whole.

    Attributes:
        ours: by name of the hospital's resource, our ``Type/id``.
        names: by alias, the name.
        encounter, patient, account, hospital: our references; empty where there is none.
        hospital_name: name of the Organization that gives the care, as the hospital sent it.
        insurer: our reference to the body of the source file, for insurances that name none.
    """

    source: str
    rules: NativeRules
    stay_key: str
    person_key: str = ""
    ours: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    encounter: str = ""
    patient: str = ""
    account: str = ""
    hospital: str = ""
    hospital_name: str = ""
    insurer: str = ""
    insurer_used: bool = False

    def key_note(self, *sources: str) -> Note:
        return Note("key", "row_key", self.rules.rule, sources)

    def setting(self, name: str) -> str:
        return self.rules.settings.get(name, "")


Rule = Callable[[Draft, StayContext], None]


def organization(draft: Draft, stay: StayContext) -> None:
    """The hospital that gave the care carries the codes of the source file; another hospital holds the stay."""
    if draft.record.fields["name"] != stay.hospital_name:
        return
    own = {stay.setting("facility.code"), stay.setting("facility.national_code")} - {""}
    theirs = stay.rules.facility_system
    for place, each in enumerate(draft.out.get("identifier", ())):
        if theirs and each.get("system") == theirs and each.get("value") not in own:
            where = draft.pointer(f"identifier[{place}].value")
            zh, en = "机构与来源文件登记的医院不符", "the facility is not the one that the source file names"
            draft.issues.append(issues.unexpected_value(where, str(each.get("value"))[:24], zh, en))
    for name, setting in ((f"{stay.source}/facility", "facility.code"), ("facility", "facility.national_code")):
        if stay.setting(setting):
            note = Note("constant", setting, stay.rules.rule)
            draft.add("identifier", identifier(name, stay.setting(setting)), note)


def patient(draft: Draft, stay: StayContext) -> None:
    """The hospital's person key, and the ID number under its national system."""
    draft.add(
        "identifier",
        identifier(f"{stay.source}/patient", stay.person_key),
        _keyed(draft, stay, stay.rules.shape.person_system),
    )
    theirs = stay.rules.id_card_system
    for place, each in enumerate(draft.sent.get("identifier", ())):
        if theirs and isinstance(each, dict) and each.get("system") == theirs and each.get("value"):
            note = Note("value", "id_card", stay.rules.rule, (f"identifier[{place}].value",))
            draft.add("identifier", {"use": "official", "system": _ID_CARD, "value": each["value"]}, note)


def encounter(draft: Draft, stay: StayContext) -> None:
    """The stay key, the hospital, a status that the stay's machine knows, and what each diagnosis is used as."""
    own = _keyed(draft, stay, stay.rules.shape.stay_system)
    draft.add("identifier", identifier(f"{stay.source}/stay", stay.stay_key), own)
    status = draft.sent.get("status")
    if status == "triaged":
        draft.put("status", "arrived", Note("value", "status", stay.rules.shared_rule, ("status",)))
    elif status == "unknown":
        draft.issues.append(native_issues.status_unusable(draft.pointer("status"), "unknown"))
    period = draft.sent.get("period")
    said = period if isinstance(period, dict) else {}
    if "start" not in said:
        draft.missing("period.start")
    if status == "finished" and "end" not in said:
        draft.missing("period.end")
    if "reference" not in draft.out.get("serviceProvider", {}):
        draft.put("serviceProvider", {"reference": stay.hospital}, Note("constant", "facility", stay.rules.rule))
    if not draft.out.get("account") and stay.account:
        draft.put("account", [{"reference": stay.account}], stay.key_note("id"))
    _diagnoses(draft, stay)


def _keyed(draft: Draft, stay: StayContext, wanted: str) -> Note:
    """Where a key of the hospital stands: its identifier in the agreed system, else the resource's id."""
    listed = enumerate(draft.sent.get("identifier", ()))
    places = (place for place, each in listed if wanted and each.get("system") == wanted)
    place = next(places, None)
    return stay.key_note("id" if place is None else f"identifier[{place}].value")


def _diagnoses(draft: Draft, stay: StayContext) -> None:
    """Where no table has said what a diagnosis is used as, HL7's own roles do."""
    listed = [each for each in draft.out.get("diagnosis", ()) if isinstance(each, dict)]
    final = [each for each in listed if coded(each.get("use"), _ROLE) == "DD"]
    for place, each in enumerate(draft.out.get("diagnosis", ())):
        if each not in listed:
            continue
        if "reference" not in each.get("condition", {}):
            where = draft.pointer(f"diagnosis[{place}].condition")
            draft.issues.append(native_issues.leads_nowhere(where, "Condition", stops=False))
        role = coded(each.get("use"), _ROLE)
        if role is None or coded(each["use"], codesystem("diagnosis-use")) is not None:
            continue
        leading = each.get("rank") == 1 or final == [each]
        use = {"AD": "admission", "DD": "principal" if leading else "secondary"}.get(role)
        if use is not None:
            coding = {"system": codesystem("diagnosis-use"), "code": use}
            sources = (f"diagnosis[{place}].use", f"diagnosis[{place}].rank")
            note = Note("value", "diagnosis-role", stay.rules.shared_rule, sources)
            draft.add(f"diagnosis[{place}].use.coding", coding, note)


def coverage(draft: Draft, stay: StayContext) -> None:
    """The basic insurance says so, where it is from and who stands behind it."""
    if coded(draft.out.get("type"), codesystem("insurance")) not in _INSURED:
        return
    rule = stay.rules.rule
    if coded(draft.out["type"], codesystem("payer")) is None:
        draft.add("type.coding", dict(_BASIC), Note("constant", "const", rule))
    area = extension_url("insured-area")
    if stay.setting("insurer.division") and not _extensions(draft.out, area):
        note = Note("constant", "insurer.division", rule)
        draft.add("extension", {"url": area, "valueCode": stay.setting("insurer.division")}, note)
    if not any("reference" in each for each in draft.out.get("payor", ())) and stay.insurer:
        draft.put("payor", [{"reference": stay.insurer}], Note("constant", "insurer", rule))
        stay.insurer_used = True


def charge_item(draft: Draft, stay: StayContext) -> None:
    """Amount, quantity and day must be there; a refund names what it undoes; ``billed`` is for us to say."""
    quantity, amount = _quantity(draft), _amount(draft)
    if "occurrenceDateTime" not in draft.sent and "start" not in _dict(draft.sent, "occurrencePeriod"):
        draft.missing("occurrenceDateTime")
    status = draft.sent.get("status")
    if status == "unknown":
        draft.issues.append(native_issues.status_unusable(draft.pointer("status"), "unknown"))
    elif status == "billed":
        draft.put("status", "billable", Note("value", "status", stay.rules.shared_rule, ("status",)))
    if "reference" not in _dict(draft.out, "context") and "context" not in draft.sent:
        draft.put("context", {"reference": stay.encounter}, Note("reference", "account", stay.rules.shared_rule))
    if stay.account and not draft.out.get("account"):
        draft.put("account", [{"reference": stay.account}], stay.key_note("context"))
    _item_first(draft, stay)
    if quantity is None or amount is None:
        return
    _price(draft, quantity, amount)
    _refund(draft, stay, quantity)
    if quantity < 0 < amount:
        draft.issues.append(native_issues.signs_disagree(draft.pointer("quantity"), str(quantity), str(amount)))


def _quantity(draft: Draft) -> Decimal | None:
    value = _number(_dict(draft.sent, "quantity").get("value"))
    if value is None:
        draft.missing("quantity.value")
    return value


def _amount(draft: Draft) -> Decimal | None:
    """The line's total in yuan; the digits stay as they are, and there may be no more than two that count."""
    price = _dict(draft.sent, "priceOverride")
    value = _number(price.get("value"))
    if value is None:
        draft.missing("priceOverride.value" if price else "priceOverride")
        return None
    try:
        Money.yuan(value)
    except ValueError:
        where = draft.pointer("priceOverride.value")
        draft.issues.append(issues.unreadable_value(where, str(value)[:24], "yuan", True))
        return None
    return value


def _item_first(draft: Draft, stay: StayContext) -> None:
    """The code that the item catalogue goes by comes first."""
    codings = _dict(draft.out, "code").get("coding", [])
    wanted = stay.rules.item_system
    place = next((n for n, each in enumerate(codings) if wanted and each.get("system") == wanted), 0)
    if place:
        codings.insert(0, codings.pop(place))
        for number in range(place + 1):
            before = place if number == 0 else number - 1
            note = Note("value", "item", stay.rules.rule, (f"code.coding[{before}]",))
            draft.notes[f"code.coding[{number}]"] = note


def _price(draft: Draft, quantity: Decimal, amount: Decimal) -> None:
    told = _extensions(draft.sent, extension_url("unit-price"))
    price = _number(_dict(told[0], "valueMoney").get("value")) if told else None
    if price is None:
        return
    product = quantity * price
    off = abs(product - amount)
    if off > _TOLERANCE:
        where = draft.pointer("priceOverride.value")
        draft.issues.append(issues.amount_differs(where, str(amount), str(product), off > _LIMIT))


def _refund(draft: Draft, stay: StayContext, quantity: Decimal) -> None:
    """Our extension ``reverses`` with our own id of the line: from the same extension, or from ``partOf``."""
    url = extension_url("reverses")
    told = [place for place, each in enumerate(draft.out.get("extension", ())) if each.get("url") == url]
    for place in told:
        name = _undone(draft.sent["extension"][place], draft, stay)
        if name in stay.ours:
            draft.out["extension"][place] = {"url": url, "valueIdentifier": _line(stay.ours[name])}
            draft.notes[f"extension[{place}]"] = Note(
                "refund", "reverses", stay.rules.shared_rule, (f"extension[{place}]",)
            )
        else:
            draft.issues.append(native_issues.leads_nowhere(draft.pointer(f"extension[{place}]"), "ChargeItem"))
    if told or quantity >= 0:
        return
    parts = draft.sent.get("partOf", ())
    if not parts:
        draft.issues.append(native_issues.refund_unlinked(draft.pointer("partOf")))
    for place, each in enumerate(parts):
        name = _name(each, draft, stay)
        if name in stay.ours:
            note = Note("refund", "partOf", stay.rules.shared_rule, (f"partOf[{place}].reference",))
            draft.add("extension", {"url": url, "valueIdentifier": _line(stay.ours[name])}, note)
        else:
            draft.issues.append(native_issues.leads_nowhere(draft.pointer(f"partOf[{place}]"), "ChargeItem"))


def _undone(told: Mapping[str, Any], draft: Draft, stay: StayContext) -> str:
    """The name of the line that an extension ``reverses`` means: by reference, by its id, or by its identifier."""
    if "valueReference" in told:
        return _name(told["valueReference"], draft, stay)
    named = _dict(told, "valueIdentifier")
    by_id = f"ChargeItem/{named.get('value')}"
    return by_id if by_id in stay.ours else _name({"type": "ChargeItem", "identifier": named}, draft, stay)


def _name(reference: Mapping[str, Any], draft: Draft, stay: StayContext) -> str:
    name = target(reference, draft.links)
    return stay.names.get(name, name)


def _line(ours: str) -> dict[str, str]:
    return {"system": system("charge-item"), "value": ours.partition("/")[2]}


def _extensions(resource: Mapping[str, Any], url: str) -> list[Mapping[str, Any]]:
    return [each for each in resource.get("extension", ()) if isinstance(each, dict) and each.get("url") == url]


def _dict(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _number(value: Any) -> Decimal | None:
    return None if isinstance(value, bool) or not isinstance(value, Decimal | int) else Decimal(value)


#: By resource type. A type that is not listed is taken over as it is.
RULES: Mapping[str, Rule] = {
    "Organization": organization,
    "Patient": patient,
    "Encounter": encounter,
    "Coverage": coverage,
    "ChargeItem": charge_item,
}
