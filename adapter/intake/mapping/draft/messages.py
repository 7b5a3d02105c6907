"""First draft of a mapping from HL7 v2: where the standard has things, as far as the sample has them (消息初稿).

Events are given the standard's meaning and each is marked, because vendors reuse event codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapter.intake.mapping.draft import message_pages as pages
from adapter.intake.mapping.draft.known import Known
from adapter.intake.mapping.draft.made import Made
from adapter.intake.mapping.draft.message_rows import MessageTables, tables_of
from adapter.intake.mapping.draft.pages import Page, listed, quoted
from adapter.intake.mapping.draft.segments import Sample, SampleMessage
from adapter.intake.mapping.draft.writing import (
    Draft,
    Export,
    TableFound,
    absent,
    put_together,
    shape_head,
    source_page,
)

_ASK_EVENT = ("请核对该事件在本院的含义", "ask what this event means here")

#: What the standard, or common use in mainland hospitals, means by an event.
_MEANINGS: Mapping[str, str] = {
    "ADT^A01": "register",
    "ADT^A02": "move",
    "ADT^A03": "ward-discharge",
    "ADT^A04": "ignore",
    "ADT^A05": "preregister",
    "ADT^A06": "register",
    "ADT^A07": "cancel",
    "ADT^A08": "update",
    "ADT^A10": "arrive",
    "ADT^A11": "cancel",
    "ADT^A12": "cancel-move",
    "ADT^A13": "recall",
    "ADT^A16": "update",
    "ADT^A21": "leave",
    "ADT^A22": "return",
    "ADT^A25": "update",
    "ADT^A28": "person-update",
    "ADT^A31": "person-update",
    "ADT^A32": "cancel-arrive",
    "ADT^A40": "merge",
    "ADT^A42": "merge-stay",
    "BAR^P01": "update",
    "BAR^P02": "cancel-settle",
    "BAR^P05": "update",
    "BAR^P06": "settle",
    "BAR^P12": "diagnoses",
    "DFT^P03": "entries",
    "DFT^P11": "entries",
    "RAS^O17": "entries",
    "RGV^O15": "entries",
}

#: FT1-6 by HL7 table 0017; VD is what several products add to it.
_KINDS = {"CG": "charge", "CD": "credit", "PY": "payment", "AJ": "adjustment", "VD": "void"}
_NUMBERS = ("1.1", "1", "4")


def draft_messages(
    source: str, vendor: str, messages: Sequence[SampleMessage], encodings: Sequence[str], known: Known
) -> Draft | None:
    """Draft a vendor folder and a source file from messages; None when nothing in them could be a stay key."""
    sample = Sample(messages)
    tables = tables_of(sample)
    if tables is None:
        return None
    made = Made(f"his/{vendor}", f"sources/{source}", known)
    pages.write(made, tables)
    shape = _shape(vendor, tables, made)
    described = _messages(vendor, sample, tables)
    senders = set(sample.texts("MSH", 4, "1"))
    made.facility = senders.pop() if len(senders) == 1 else ""
    own = source_page(source, vendor, Export("hl7v2", encodings=tuple(encodings)), made)
    _events(own, sample)
    found = tuple(
        TableFound(t.name, len(t.rows), tables.roles[t.name], tables.keys[t.name], "stay") for t in tables.all
    )
    return put_together(vendor, made, shape, [described, own], found)


def _shape(vendor: str, tables: MessageTables, made: Made) -> Page:
    page = shape_head(vendor, "hl7v2")
    page.add("stay: {table: STAY, key: stay, person: person}")
    absent(page, tables.all)
    page.add("tables:")
    for table in tables.all:
        role = tables.roles[table.name]
        entries = f"row_key: {listed(tables.keys[table.name])}"
        doubt = None
        if role == "?":
            entries += ', ignored: "?"'
            doubt = ("请写明忽略理由或补充映射", "say why it is ignored, or map it")
        page.add(f"  {table.name}: {{{entries}}}", doubt)
    stems = [each.file.rpartition("/")[2].removesuffix(".yaml") for each in made.pages]
    page.add(f"resources: [{', '.join(stems)}]")
    return page


def _messages(vendor: str, sample: Sample, tables: MessageTables) -> Page:
    page = Page(f"his/{vendor}/messages.yaml")
    page.add("# yaml-language-server: $schema=../schema/messages.json")
    page.add("keys:")
    page.add(f"  stay: {quoted(tables.stay_path)}", tables.stay_doubt)
    page.add(f"  person: {quoted(tables.person_path)}", ("请核对病人键", "ask which number is the person's for ever"))
    if "MRG" in sample.names:
        page.add("  prior_person: MRG-1.1")
        if sample.texts("MRG", 5):
            page.add("  prior_stay: MRG-5.1")
    page.add("order: [EVN-2, MSH-7]", ("请核对消息先后以何为准", "ask which time orders messages"))
    classes = sorted({text for text in sample.texts("PV1", 2) if text})
    if classes:
        stays = [text for text in classes if text.upper().startswith("I")] or classes
        said = ("请核对表示住院的类别", "ask which classes mean a stay")
        page.add(f"inpatient: {{path: PV1-2, in: {listed(stays)}}}", said, note=" ".join(classes[:6]))
    if tables.typed:
        places = ", ".join(f'{field}: "{place}"' for field, place in tables.typed.items())
        page.add(f"typed: {{{places}}}")
    page.add("tables: {charges: CHARGE, payments: PAYMENT}")
    if tables.other_rows:
        page.add("rows:")
        for name, (segments, key, replaces) in tables.other_rows.items():
            page.add(f"  {name}: {{segments: {listed(segments)}, key: {listed(key)}, replaces: {replaces}}}")
    _entries(page, sample)
    return page


def _entries(page: Page, sample: Sample) -> None:
    if "FT1" not in sample.names and "RXA" not in sample.names:
        return
    page.add("entries:")
    if "FT1" in sample.names:
        page.add("  FT1:")
        page.add("    segments: [FT1]")
        page.add("    key: FT1-2")
        if sample.texts("FT1", 3):
            page.add(
                "    undoes: FT1-3", ("请核对冲销时指向原记录的字段", "ask which field names the line that is undone")
            )
        _kinds(page, sample)
        for name, number, places in (("quantity", 10, ("1",)), ("price", 12, _NUMBERS), ("amount", 11, _NUMBERS)):
            page.add(f"    {name}: {quoted(sample.path('FT1', number, places))}")
        if sample.texts("FT1", 11, "1.2"):
            page.add("    currency: {path: FT1-11.1.2, yuan: [CNY, RMB, 元]}")
        page.add("    item: FT1-7.1")
        page.add("    at: FT1-4")
    if "RXA" in sample.names:
        page.add("  ORC:")
        page.add("    segments: [ORC, RXO, RXA, RXG]")
        page.add("    key: ORC-2", ("请核对费用行的主键", "ask what names a fee line for ever"))
        page.add(
            "    kind: {path: ORC-1, charge: [OK, NW], void: [CR, CA]}", ("请核对正负", "ask which are taken back")
        )
        page.add("    quantity: RXO-2")
        page.add(f"    item: {quoted(sample.path('RXO', 1, ('1', '2')))}")
        page.add("    unit: RXO-4")
        page.add("    at: RXA-3")
        page.add(
            "    priced: yes", ("消息不带金额;单价取自 prices.csv", "no amounts in it; prices.csv prices the lines")
        )


def _kinds(page: Page, sample: Sample) -> None:
    seen = sorted(set(sample.texts("FT1", 6, "1")))
    kinds: dict[str, list[str]] = {}
    for text in seen:
        if text in _KINDS:
            kinds.setdefault(_KINDS[text], []).append(text)
    unknown = [text for text in seen if text not in _KINDS]
    parts = [f"{kind}: {listed(texts)}" for kind, texts in kinds.items()]
    parts += [] if kinds else ["otherwise: payment" if "RXA" in sample.names else "otherwise: charge"]
    doubt = ("请核对收费、退费、作废、预交的写法", "ask how charges, credits, voids and deposits are told apart")
    page.add(f"    kind: {{path: FT1-6.1, {', '.join(parts)}}}", doubt, note=" ".join(unknown))


def _events(page: Page, sample: Sample) -> None:
    page.add("messages:")
    page.add("  events:")
    for event in sample.events:
        meaning = _MEANINGS.get(event)
        page.add(f"    {event}: {meaning}" if meaning else f"    # {event}:", _ASK_EVENT)
