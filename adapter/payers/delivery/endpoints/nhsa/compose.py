"""Fill a transaction's input field by field, and read a message back to FHIR, by the same table (组包与还原)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from adapter.fhir.canonical import encode
from adapter.fhir.coverage import basic_coverage
from adapter.fhir.elements import AnyResource
from adapter.model.issues import AdapterError, Issue
from adapter.model.money import Money
from adapter.payers.delivery.endpoints.nhsa import issues
from adapter.payers.delivery.endpoints.nhsa.definitions import Definitions, Field, FieldType, Node
from adapter.payers.delivery.endpoints.nhsa.facts import FACTS, Row, Told, conditions
from adapter.payers.delivery.endpoints.nhsa.fields import Entry, FieldMap, Source
from adapter.payers.delivery.endpoints.nhsa.paths import read, write
from adapter.payers.delivery.endpoints.nhsa.values import (
    day_text,
    fhir_day,
    fhir_moment,
    moment_text,
    number_of,
    text_of,
    with_decimals,
)

#: The field that stays empty in a stored message where the credential is read at the window.
AT_THE_WINDOW = "mdtrt_cert_no"


@dataclass(frozen=True, slots=True)
class Composer:
    """Fills inputs by the field map."""

    definitions: Definitions
    fields: FieldMap

    def compose(self, number: str, told: Told, rows: Sequence[Row] | None = None) -> dict[str, Any]:
        """The input of a transaction.

        Args:
            rows: what a repeated node goes over, where not all of the stay's rows are meant.

        Raises:
            AdapterError: DEL-544 for each mandatory field without a value, DEL-545 for each that does not fit.
        """
        found: list[Issue] = []
        built: dict[str, Any] = {}
        for name, entries in self.fields.entries[number].items():
            node = self.definitions.transactions[number].input[name]
            if node.many:
                wanted = rows_of(told, self.fields.rows[number, name]) if rows is None else rows
                built[name] = [self._row(number, node, entries, told, row, found) for row in wanted]
            else:
                built[name] = self._row(number, node, entries, told, Row(0), found)
        if found:
            raise AdapterError(*found)
        return built

    def _row(
        self, number: str, node: Node, entries: Sequence[Entry], told: Told, row: Row, found: list[Issue]
    ) -> dict[str, Any]:
        built: dict[str, Any] = {}
        agreed: set[str] = set()
        for entry in entries:
            if entry.when and not getattr(told.region, entry.when):
                continue
            field = node.fields[entry.field]
            value, source = _first(entry, told, row, agreed)
            if source == "supplied":
                agreed.add(entry.field)
            theirs = entry.sources[0].kind == "visit"  # what the bureau gave may be longer than its papers say
            where = f"{told.facts.case_id}/{number}.{node.name}"
            if row.line is not None:
                where = f"{told.facts.case_id}/{number}/ChargeItem/{row.line.id}"
            late = field.name == AT_THE_WINDOW and told.region.credential != "02"
            if value is None and field.need and not late:
                found.append(issues.field_missing(where, number, field.name, field.zh, _of(row)))
            elif value is not None or field.type in (FieldType.TEXT, FieldType.DIGITS):
                built[field.name] = _written(field, value, number, where, found, any_length=theirs, line=_of(row))
        return built


def rows_of(told: Told, over: str) -> list[Row]:
    """All rows that a repeated node goes over."""
    if over == "lines":
        charges = {str(each["id"]): each for each in told.held.all("ChargeItem")}
        return [Row(place, line, charges.get(line.id)) for place, line in enumerate(told.lines())]
    if over == "funds":
        funds = () if told.visit.settled is None else told.visit.settled.funds
        return [Row(place, serial=fund, amount=amount) for place, (fund, amount) in enumerate(funds)]
    return [Row(place, resource=each) for place, each in enumerate(conditions(told))]


def _first(entry: Entry, told: Told, row: Row, agreed: set[str]) -> tuple[Any, str]:
    """The first source that has a value, and its kind.

    Args:
        agreed: fields of the row so far whose values were agreed with the bureau.
    """
    for source in entry.sources:
        if source.kind == "supplied" and entry.along and entry.along not in agreed:
            continue
        value = _value(source, entry, told, row)
        if value not in (None, ""):
            return value, source.kind
    return None, ""


def _value(source: Source, entry: Entry, told: Told, row: Row) -> Any:
    match source.kind:
        case "fact":
            return FACTS[source.name](told, row)
        case "const":
            return source.name
        case "supplied":
            return told.region.supplied.get(entry.field)
        case "visit":
            return given_by_visit(told, source.name)
        case "region" | "hospital":
            return getattr(told.region if source.kind == "region" else told.hospital, source.name)
    if source.path is None:
        return None
    value = read(resource_at(told, source.path.type, row), source.path, told.facts.source)
    if entry.codes is None or value is None:
        return value
    return entry.codes.get(str(value))


def given_by_visit(told: Told, name: str) -> str:
    """An id that the bureau gave, or what follows from its enrolments; empty where it has not yet."""
    visit, insured = told.visit, told.visit.insured
    if name == "mdtrt_id":
        return visit.mdtrt_id
    if name == "setl_id":
        return "" if visit.settled is None else visit.settled.setl_id
    if name == "psn_no":
        return "" if insured is None else insured.psn_no
    insutype = told.region.insutypes.get(told.facts.claim.person.insurance, "")
    enrolment = None if insured is None else insured.enrolled(insutype, told.region.insured_states)
    if enrolment is None:
        return ""
    return {"psn_type": enrolment.psn_type, "insutype": enrolment.insutype, "insuplc": enrolment.area}[name]


def resource_at(told: Told, kind: str, row: Row) -> AnyResource:
    """The resource that a path of this type means: the row's own, else the stay's.

    A line without a ChargeItem of its own has none: another line's amount never stands in for it.
    """
    if kind == "ChargeItem" and row.line is not None:
        return row.resource or {}
    if row.resource is not None and row.resource.get("resourceType") == kind:
        return row.resource
    if kind == "Patient":
        return told.held.patient() or {}
    if kind == "Coverage":
        return basic_coverage(told.held) or {}
    return told.held.first(kind) or {}


def _of(row: Row) -> str:
    """The fee line of a row as the HIS knows it: its key there, code and name."""
    line = row.line
    return "" if line is None else f"  [{line.row_key}: {line.code} {line.name}]"


def _written(
    field: Field, value: Any, number: str, where: str, found: list[Issue], *, any_length: bool, line: str
) -> Any:
    try:
        written = wire_value(field, value)
    except (ValueError, TypeError):
        found.append(issues.field_unfit(where, number, field.name, field.type, line))
        return ""
    if not any_length and field.most is not None and isinstance(written, str) and len(written) > field.most:
        found.append(issues.field_unfit(where, number, field.name, f"> {field.most}", line))
    return written


def wire_value(field: Field, value: Any) -> Any:
    """A value in the form of its field. Raises ValueError or TypeError where it has none."""
    if value is None:
        return ""
    match field.type:
        case FieldType.NUMBER:
            if isinstance(value, Money):
                return value.decimal
            number = value if isinstance(value, Decimal) else number_of(value)
            if number is None:
                raise ValueError("no number")
            if field.decimals == 2:
                return Money.yuan(number).decimal
            return with_decimals(number, field.decimals)
        case FieldType.DATE:
            return day_text(value)
        case FieldType.DATETIME:
            return moment_text(value)
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    if field.type is FieldType.DIGITS and not text.isascii():
        raise ValueError("digits are expected")
    return text


def input_bytes(message_input: Mapping[str, Any]) -> int:
    """How long an input is on the wire."""
    return len(encode(dict(message_input)))


# -- back to FHIR ------------------------------------------------------------------------------------------------------


def read_back(
    number: str, message_input: Mapping[str, Any], fields: FieldMap, definitions: Definitions, source: str
) -> list[dict[str, Any]]:
    """The FHIR that a message's input says: one resource of each kind, and one for each row of a repeated node.

    Only what the table maps to FHIR comes back; ids of the bureau and the hospital's settings are no FHIR of the stay.
    """
    nodes = definitions.transactions[number].input
    return _read(fields.entries.get(number, {}), nodes, message_input, source)


def read_answer_back(
    number: str, output: Mapping[str, Any], fields: FieldMap, definitions: Definitions, source: str
) -> list[dict[str, Any]]:
    """The FHIR that an answer's output says of person and cover."""
    return _read(fields.answers.get(number, {}), definitions.transactions[number].output, output, source)


def _read(
    entries: Mapping[str, Sequence[Entry]], nodes: Mapping[str, Node], told: Mapping[str, Any], source: str
) -> list[dict[str, Any]]:
    single: dict[str, dict[str, Any]] = {}
    repeated: list[dict[str, Any]] = []
    for name, fields in entries.items():
        found = told.get(name)
        rows = found if isinstance(found, list) else [found] if isinstance(found, Mapping) else []
        for row in rows:
            into = {} if nodes[name].many else single
            for entry in fields:
                _put_back(into, entry, nodes[name].fields[entry.field], row.get(entry.field), source)
            if into is not single:
                repeated += into.values()
    return [*single.values(), *repeated]


def _put_back(into: dict[str, dict[str, Any]], entry: Entry, field: Field, value: Any, source: str) -> None:
    path = entry.read_back
    if path is None or not text_of(value):
        return
    text = text_of(value)
    plain: Any = text
    if field.type is FieldType.NUMBER:
        plain = number_of(value)
    elif field.type is FieldType.DATETIME:
        plain = fhir_moment(text)
    elif field.type is FieldType.DATE:
        plain = fhir_day(text)
    elif entry.codes is not None:
        plain = next((fhir for fhir, code in entry.codes.items() if code == text), None)
    if plain is not None:
        write(into.setdefault(path.type, {"resourceType": path.type}), path, plain, source)
