"""How a hospital's HL7 v2 messages are to be understood: made from the vendor's and the source's mapping files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from adapter.model.dates import HOSPITAL_ZONE

_PATH = re.compile(
    r"(?P<segment>[A-Z][A-Z0-9]{2})-(?P<field>\d+)(\[(?P<which>[^\]]+)\])?(\.(?P<c>\d+)(\.(?P<s>\d+))?)?\Z"
)


@dataclass(frozen=True, slots=True)
class Path:
    """A path, read.

    Attributes:
        which: a repetition by its 1-based place, or by its type; None: the first.
        component, sub: 1-based; 0: the whole above it.
    """

    segment: str
    field: int
    which: int | str | None = None
    component: int = 0
    sub: int = 0

    @property
    def of_field(self) -> str:
        """``PID-3``: the field without what it selects inside."""
        return f"{self.segment}-{self.field}"


@lru_cache(maxsize=1024)
def path_of(text: str) -> Path:
    """Read a path. Raises ValueError when it is none.

    >>> path_of("PID-3[IdentifyNO].1")
    Path(segment='PID', field=3, which='IdentifyNO', component=1, sub=0)
    """
    match = _PATH.match(text)
    if match is None or match["field"] == "0" or "0" in (match["c"], match["s"], match["which"]):
        raise ValueError(f"{text} is no path into a segment")
    which = match["which"]
    return Path(
        segment=match["segment"],
        field=int(match["field"]),
        which=None if which is None else int(which) if which.isdigit() else which,
        component=int(match["c"] or 0),
        sub=int(match["s"] or 0),
    )


def is_path(text: str) -> bool:
    """Whether a column's name is a path into a segment; other names are those of derived columns."""
    return _PATH.match(text) is not None


class Meaning(StrEnum):
    """What an event means at this hospital. Vendors reuse event codes, so the source's event table says (事件含义)."""

    PREREGISTER = "preregister"  # 预约住院
    REGISTER = "register"  # 住院登记
    ARRIVE = "arrive"  # 病区接诊
    CANCEL_ARRIVE = "cancel-arrive"  # 取消接诊
    MOVE = "move"  # 转科、换床
    CANCEL_MOVE = "cancel-move"  # 取消转科
    LEAVE = "leave"  # 请假离院
    RETURN = "return"  # 请假返院
    UPDATE = "update"  # 住院信息变更
    DIAGNOSES = "diagnoses"  # 诊断变更
    WARD_DISCHARGE = "ward-discharge"  # 病区出院
    RECALL = "recall"  # 召回
    SETTLE = "settle"  # 出院结算
    CANCEL_SETTLE = "cancel-settle"  # 取消结算
    CANCEL = "cancel"  # 取消住院登记、无费退院
    MERGE = "merge"  # 患者合并
    MERGE_STAY = "merge-stay"  # 就诊合并
    PERSON = "person-update"  # 患者信息变更
    ENTRIES = "entries"  # 费用、预交金
    IGNORE = "ignore"  # 与住院结算无关


#: Meanings that concern a person and may come without a stay.
OF_PERSONS = frozenset({Meaning.MERGE, Meaning.PERSON})


class EntryKind(StrEnum):
    """What one transaction of an account is (FT1-6 and its like)."""

    CHARGE = "charge"  # 收费
    CREDIT = "credit"  # 退费
    ADJUSTMENT = "adjustment"  # 调整
    VOID = "void"  # 冲销、作废
    PAYMENT = "payment"  # 预交金


#: Kinds that undo or change another entry.
UNDOING = frozenset({EntryKind.CREDIT, EntryKind.ADJUSTMENT, EntryKind.VOID})


@dataclass(frozen=True, slots=True)
class RowTable:
    """Rows that segments make, one per occurrence of the first segment.

    Attributes:
        name: table, as the mapping files call it.
        segments: the first one begins a row; the others that follow it belong to it (``IN1``, ``IN2``).
        key: paths that together name a row within its stay.
        replaces: paths; a later message replaces all rows that agree in them with its own. Empty: all rows of the
            table. None: each row stands alone and is replaced only by a later row of its key.
        deleted: path and texts that say that a row is gone (``DG1-21``: ``D``).
    """

    name: str
    segments: tuple[str, ...]
    key: tuple[str, ...]
    replaces: tuple[str, ...] | None = None
    deleted: tuple[str, frozenset[str]] | None = None


@dataclass(frozen=True, slots=True)
class EntryRules:
    """How entries (charges, credits, payments …) are read from one kind of segment group.

    Attributes:
        segments: the first one begins an entry (``FT1``, or ``ORC`` with ``RXO`` and ``RXA``).
        key: path of the entry's number; an entry without one is known by its content.
        sign_length: so many last characters of the number tell charge from reversal and are no part of the number.
        undoes: path of the number of the entry that this one undoes, beside an equal ``key``.
        kind: path and the kind by its text; ``otherwise`` where the text is none of them.
        quantity, price, amount, item, at: paths of quantity, unit amount, extended amount, item and time.
        currency: path of the currency, with the texts that mean yuan.
        state: payments: path, and the texts that mean that the payment counts no more.
        priced: the message holds no amount; the item master gives the price of the day.
    """

    segments: tuple[str, ...]
    key: str
    quantity: str
    item: str
    at: str
    kind: str = ""
    kinds: Mapping[str, EntryKind] = field(default_factory=dict)
    otherwise: EntryKind | None = None
    sign_length: int = 0
    undoes: str = ""
    price: str = ""
    amount: str = ""
    unit: str = ""
    currency: str = ""
    yuan: frozenset[str] = frozenset()
    state: str = ""
    void_states: frozenset[str] = frozenset()
    priced: bool = False


@dataclass(frozen=True, slots=True)
class MessageLimits:
    """What the parser accepts; beyond it the message is refused with an issue and the others go on.

    Attributes:
        file_bytes: largest file.
        message_bytes: largest message.
        segments: most segments in a message.
        fields: most fields in a segment.
        parts: most separators of repetitions, components and sub-components in a field (the format nests no deeper).
        listed: most issues that are listed per file.
        messages: most messages in a file; a file with more is refused whole.
        seconds: longest time that reading all files may take; the file at hand and those after it are refused whole.
    """

    file_bytes: int = 2 * 1024**3
    message_bytes: int = 4 * 1024**2
    segments: int = 20_000
    fields: int = 200
    parts: int = 10_000
    listed: int = 1000
    messages: int = 50_000_000
    seconds: float = 3600.0


@dataclass(frozen=True, slots=True)
class MessageShape:
    """Everything that understanding a source's messages depends on.

    Attributes:
        stay_key, person_key: paths of the hospital's own keys.
        prior_person, prior_stay: paths of the keys that a merge gives up.
        newborn: path of the newborn's number on the mother's stay; ``0`` or nothing is the mother.
        inpatient: path and the texts that mean a stay; any other text: the message is set aside. None: all are.
        order: paths of the order key, the first that has a time first; the later ones decide among equals.
        typed: by field (``PID-3``), component and sub-component that tells the type of a repetition.
        whole: fields that do not repeat, so that ``~`` is part of the value.
        person_segments, stay_segments: segments whose fields make the stay's row.
        of_stay: fields of a person segment that belong to the stay (``PID-38``).
        stay_table, charge_table, payment_table: names of the tables made.
        tables: tables of other rows.
        entries: rules by first segment.
        events: what each event means.
        columns: by table, the columns that the mapping reads or names.
    """

    stay_key: str
    person_key: str
    order: tuple[str, ...]
    events: Mapping[str, Meaning]
    columns: Mapping[str, tuple[str, ...]]
    stay_table: str = "STAY"
    charge_table: str = "CHARGE"
    payment_table: str = "PAYMENT"
    prior_person: str = ""
    prior_stay: str = ""
    newborn: str = ""
    inpatient: tuple[str, frozenset[str]] | None = None
    typed: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    whole: frozenset[str] = frozenset()
    person_segments: tuple[str, ...] = ("PID",)
    stay_segments: tuple[str, ...] = ("PV1", "PV2")
    of_stay: frozenset[str] = frozenset()
    tables: tuple[RowTable, ...] = ()
    entries: Mapping[str, EntryRules] = field(default_factory=dict)
    zone: ZoneInfo = HOSPITAL_ZONE
    limits: MessageLimits = field(default_factory=MessageLimits)


@dataclass(frozen=True, slots=True)
class ListPrice:
    """One price of the item master.

    Attributes:
        price: yuan for ``pack`` units.
        pack: units in the pack that the price is for (48 tablets a box).
        unit: the unit that fee lines count in; empty where the master does not say.
    """

    price: Decimal
    pack: Decimal = Decimal(1)
    unit: str = ""


class PriceList(Protocol):
    """The hospital's dated item master."""

    def price(self, code: str, on: date) -> ListPrice | None:
        """The price in force on a day; None when nobody knows it."""
        ...


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """One message as it is kept for good, so that what comes later is folded together with it.

    Attributes:
        identity: the same for messages that say the same about the same moment; hexadecimal.
        keys: ``stay:…`` and ``person:…``; messages that share one are folded together.
        file, number: where it stood.
        text: the message, decoded, segments ended by CR.
        arrived: orders messages that give no time at all; running number or time, as text that compares.
    """

    identity: str
    keys: tuple[str, ...]
    file: str
    number: int
    text: str
    arrived: str = ""
