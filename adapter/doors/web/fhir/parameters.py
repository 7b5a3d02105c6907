"""Parameters: what an operation is given, and what it answers, as its OperationDefinition says (操作参数)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from adapter.cases.operations import BillNow, Entitlement
from adapter.doors.web.fhir.operation_issues import wrong_parameter
from adapter.fhir.elements import case_identifier, money, tagged
from adapter.fhir.identity import codesystem, reference
from adapter.fhir.outcome import operation_outcome
from adapter.model.daily_bill import BillLine, Correction, PrintedBill
from adapter.model.issues import AdapterError, Issue
from adapter.model.settlement import Settlement, Share, Step

Json = dict[str, Any]


def given(body: Any, known: Collection[str]) -> dict[str, Any]:
    """Each parameter's value or resource by its name.

    Args:
        body: a Parameters resource, or None where nothing was sent.
        known: names that the operation takes; another one might change the answer, so it is refused.

    Raises:
        AdapterError: API-874.
    """
    if body is None:
        return {}
    listed = body.get("parameter", []) if isinstance(body, dict) and body.get("resourceType") == "Parameters" else None
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise AdapterError(wrong_parameter("body", "内容应为 Parameters 资源", "the body is no Parameters resource"))
    found: dict[str, Any] = {}
    for each in listed:
        name = each.get("name")
        if not isinstance(name, str) or name not in known:
            told = f"参数名只能是:{'、'.join(known) or '(无)'}", f"its parameters are: {', '.join(known) or 'none'}"
            raise AdapterError(wrong_parameter("Parameters.parameter", *told))
        if name in found:
            raise AdapterError(wrong_parameter(_place(name), "出现了两次", "it stands twice"))
        found[name] = next((value for key, value in each.items() if key == "resource" or key.startswith("value")), None)
    return found


def text_of(found: Mapping[str, Any], name: str, *, most: int = 300, required: bool = False) -> str | None:
    """A parameter that is a text of any kind; None where it is left out. Raises AdapterError API-874."""
    value = found.get(name)
    if name not in found and not required:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > most or "\0" in value:
        told = f"应为 1 至 {most} 个字符的文本", f"it is a text of 1 to {most} characters"
        raise AdapterError(wrong_parameter(_place(name), *told))
    return value


def _place(name: str) -> str:
    return f"Parameters.parameter({name})"


# -- answers -----------------------------------------------------------------------------------------------------------


def bill_answer(now: BillNow, issues: Iterable[Issue] = ()) -> Json:
    """How a bill stands; once nothing is under way, amounts with every step, and the hash to settle on."""
    row, shown = now.row, None if now.under_way else now.shown
    listed = [
        _value("case", Identifier=case_identifier(row.case_id)),
        _value("status", Code="running" if now.under_way else "done"),
        *([] if row.bill is None else [_value("bill", Code=str(row.bill))]),
        _value("version", UnsignedInt=row.version),
    ]
    if shown is not None:
        listed += [_value("mode", Code=shown.mode), _value("basis", String=shown.basis), *_amounts(shown.settlement)]
    if now.invoice is not None:
        listed.append(_value("invoice", Reference=reference("Invoice", now.invoice)))
    test_profile = shown is not None and shown.settlement.test_profile
    return _parameters([*listed, *_outcome(issues)], test_profile=test_profile)


def entitlement_answer(found: Entitlement) -> Json:
    """The hospital's decision with its reasons, and what is open."""
    listed = [
        _value("case", Identifier=case_identifier(found.row.case_id)),
        _value("state", Code=str(found.row.entitlement)),
        _value("deposit", Code=str(found.row.deposit)),
        {"name": "decision", "resource": found.decision},
    ]
    tags = found.decision.get("meta", {}).get("tag", ())
    return _parameters([*listed, *_outcome(found.issues)], test_profile=bool(tags))


def daily_bill_answer(printed: PrintedBill) -> Json:
    """A daily bill as it was given."""
    bill = printed.bill
    listed = [
        _value("case", Identifier=case_identifier(printed.case_id)),
        _value("number", PositiveInt=printed.number),
        _value("facility", String=printed.facility),
        *_text("patient", printed.patient),
        _value("first", Date=bill.first.isoformat()),
        _value("through", Date=bill.through.isoformat()),
        _value("final", Boolean=bill.final),
        *(_part("line", _line(each)) for each in bill.lines),
        *(_part("category", [*_text("name", name), _money("amount", amount)]) for name, amount in bill.categories),
        *(_part("correction", _correction(each)) for each in bill.corrections),
        *(_money(name, getattr(bill, name)) for name in ("before", "charged", "corrected", "running")),
        _money("deposits", printed.deposits),
        *([] if printed.share is None else [_money("patientPays", printed.share)]),
        _value("settled", Boolean=printed.settled),
        *(_value("unknown", Code=code) for code in printed.unknown),
        _value("cite", String=printed.cite),
    ]
    return _parameters(listed, test_profile=printed.test_profile)


def _amounts(settlement: Settlement) -> list[Json]:
    return [
        _money("total", settlement.total),
        _money("patientPays", settlement.patient_pays),
        *(_part("share", _share(each)) for each in settlement.shares),
        *(_part("step", _step(each)) for each in settlement.steps),
    ]


def _share(share: Share) -> list[Json]:
    return [
        _payer(share.payer),
        _money("amount", share.amount),
        _value("authority", Code=str(share.authority)),
        *_text("cite", share.cite),
        *_text("reference", share.reference or ""),
    ]


def _step(step: Step) -> list[Json]:
    return [
        _payer(step.payer),
        _value("name", Code=step.name),
        _money("amount", step.amount),
        _money("left", step.left),
        *_text("zh", step.because.zh),
        *_text("en", step.because.en),
        *_text("cite", step.because.cite),
    ]


def _line(line: BillLine) -> list[Json]:
    return [
        _value("chargeItem", Reference=reference("ChargeItem", line.id)),
        _value("day", Date=line.day.isoformat()),
        *_text("code", line.code),
        *_text("name", line.name),
        *_text("category", line.category),
        _value("quantity", Decimal=line.quantity),
        _money("amount", line.amount),
    ]


def _correction(correction: Correction) -> list[Json]:
    return [
        _value("kind", Code=str(correction.kind)),
        _value("day", Date=correction.day.isoformat()),
        _value("chargeItem", Reference=reference("ChargeItem", correction.line.id)),
        *_text("name", correction.line.name),
        _money("before", correction.before),
        _money("after", correction.after),
        _money("difference", correction.difference),
    ]


def _payer(payer: str) -> Json:
    return _value("payer", Coding={"system": codesystem("payer"), "code": str(payer)})


def _parameters(listed: list[Json], *, test_profile: bool) -> Json:
    return tagged({"resourceType": "Parameters", "parameter": listed}, test_profile)


def _outcome(issues: Iterable[Issue]) -> list[Json]:
    found = list(issues)
    return [{"name": "outcome", "resource": operation_outcome(found)}] if found else []


def _value(name: str, **value: Any) -> Json:
    [(kind, it)] = value.items()
    return {"name": name, f"value{kind}": it}


def _money(name: str, amount: Any) -> Json:
    return _value(name, Money=money(amount))


def _text(name: str, text: str) -> list[Json]:
    """Nothing for an empty text, which FHIR does not have."""
    return [_value(name, String=text)] if text.strip() else []


def _part(name: str, parts: list[Json]) -> Json:
    return {"name": name, "part": parts}
