"""What events make of a stay, in the order of their order keys and not of their arrival (住院状态)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from adapter.intake.readers.hl7v2 import Message
from adapter.model.message import Meaning


class StayNow(StrEnum):
    """Where a stay stands; code tables of the mapping make FHIR codes of it (column ``state``)."""

    PLANNED = "planned"  # 已预约
    REGISTERED = "registered"  # 已登记
    ON_WARD = "on-ward"  # 在病区
    ON_LEAVE = "on-leave"  # 请假
    DISCHARGED = "discharged"  # 病区已出院
    CANCELLED = "cancelled"  # 已取消
    MERGED = "merged"  # 已并入另一次住院


#: Events of one moment that cannot both be true of its end.
OPPOSITES = (
    frozenset({Meaning.REGISTER, Meaning.CANCEL}),
    frozenset({Meaning.ARRIVE, Meaning.CANCEL_ARRIVE}),
    frozenset({Meaning.LEAVE, Meaning.RETURN}),
    frozenset({Meaning.WARD_DISCHARGE, Meaning.RECALL}),
    frozenset({Meaning.SETTLE, Meaning.CANCEL_SETTLE}),
)

#: Events of one moment happen in this order; the rest change no state.
_NATURAL = {meaning: place for place, meaning in enumerate(Meaning)}


@dataclass(frozen=True, slots=True)
class Standing:
    """The end of the timeline.

    Attributes:
        seen: some message of the stay itself has come, not only its charges.
        settled: the HIS has settled it (A03 at some hospitals).
        conflicts: pairs of messages with the same order key that contradict each other.
    """

    state: StayNow
    seen: bool
    settled: bool
    conflicts: tuple[tuple[Message, Message], ...]


def standing(messages: Iterable[Message]) -> Standing:
    """Walk the events of one stay from the earliest order key to the latest."""
    events = sorted(
        (each for each in messages if each.meaning not in (None, Meaning.ENTRIES, Meaning.PERSON)),
        key=lambda each: (each.order, _NATURAL[each.meaning or Meaning.IGNORE], each.identity),
    )
    on: dict[str, bool] = {}
    for event in events:
        _apply(event.meaning or Meaning.IGNORE, on)
    return Standing(_state(on), bool(events), on.get("settled", False), _conflicts(events))


def _apply(meaning: Meaning, on: dict[str, bool]) -> None:
    match meaning:
        case Meaning.PREREGISTER:
            on["planned"] = True
        case Meaning.REGISTER:
            if on.get("cancelled"):
                on.clear()  # registered anew: what was before the cancellation counts no more
            on["registered"] = True
        case Meaning.ARRIVE | Meaning.MOVE | Meaning.CANCEL_MOVE:
            on["ward"] = True
        case Meaning.CANCEL_ARRIVE:
            on["ward"] = False
        case Meaning.LEAVE | Meaning.RETURN:
            on["leave"] = meaning is Meaning.LEAVE
        case Meaning.WARD_DISCHARGE | Meaning.RECALL:
            on["discharged"] = meaning is Meaning.WARD_DISCHARGE
        case Meaning.SETTLE | Meaning.CANCEL_SETTLE:
            on["settled"] = meaning is Meaning.SETTLE
        case Meaning.CANCEL:
            on["cancelled"] = True
        case _:
            pass


def _state(on: dict[str, bool]) -> StayNow:
    if on.get("cancelled"):
        return StayNow.CANCELLED
    if on.get("discharged"):
        return StayNow.DISCHARGED
    if on.get("leave"):
        return StayNow.ON_LEAVE
    if on.get("ward"):
        return StayNow.ON_WARD
    return StayNow.PLANNED if on.get("planned") and not on.get("registered") else StayNow.REGISTERED


def _conflicts(events: list[Message]) -> tuple[tuple[Message, Message], ...]:
    """Opposite events at one moment, unless a later event of either kind has settled the matter."""
    found = []
    for pair in OPPOSITES:
        of_pair = [each for each in events if each.meaning in pair]
        latest = [each for each in of_pair if each.order == of_pair[-1].order]
        rival = next((each for each in latest if each.meaning is not latest[0].meaning), None)
        if rival is not None:
            found.append((latest[0], rival))
    return tuple(found)
