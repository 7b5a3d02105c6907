"""Messages of a sample, and what stands in their fields: parts, repetitions, types (消息样本的字段)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from adapter.intake.mapping.transforms import id_number_fault

_REPETITION, _COMPONENT, _SUBCOMPONENT = "~", "^", "&"

#: Where the type of an identifier may stand (CX): fifth component as the standard has it, or second part of the fourth.
_TYPE_PLACES = ("5", "4.2")


@dataclass(frozen=True, slots=True)
class SampleSegment:
    """One segment; ``fields[n]`` is field ``n`` as HL7 counts, as it was sent."""

    name: str
    fields: tuple[str, ...]

    def raw(self, number: int) -> str:
        return self.fields[number] if number < len(self.fields) else ""

    def part(self, number: int, place: str = "") -> str:
        """``place`` of the first repetition of a field: ``""`` all of it, ``1`` a component, ``1.2`` a part of one."""
        return part(self.raw(number).split(_REPETITION)[0], place)


@dataclass(frozen=True, slots=True)
class SampleMessage:
    """One message of a sample."""

    event: str
    segments: tuple[SampleSegment, ...]


class Sample:
    """All messages of a sample, by segment."""

    def __init__(self, messages: Sequence[SampleMessage]) -> None:
        self.messages = messages

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of all segments in the order in which they first appear."""
        return tuple(dict.fromkeys(each.name for message in self.messages for each in message.segments))

    @cached_property
    def events(self) -> tuple[str, ...]:
        return tuple(sorted({message.event for message in self.messages}))

    def of(self, name: str) -> Iterator[SampleSegment]:
        return (each for message in self.messages for each in message.segments if each.name == name)

    def filled(self, name: str) -> list[int]:
        """Numbers of the fields that some segment of that name has a text in."""
        numbers = {n for each in self.of(name) for n in range(1, len(each.fields)) if each.fields[n]}
        return sorted(numbers)

    def texts(self, name: str, number: int, place: str = "") -> list[str]:
        """The texts at a place, without the empty ones."""
        return [text for each in self.of(name) if (text := each.part(number, place))]

    def path(self, name: str, number: int, components: Sequence[str] = ("1",)) -> str:
        """``PV1-19``, or the first of these places (``PV1-19.1``, ``FT1-11.1.1``) where the field has parts there."""
        parted = any(_COMPONENT in text or _SUBCOMPONENT in text for text in self.texts(name, number))
        if not parted:
            return f"{name}-{number}"
        found = next((place for place in components if self.texts(name, number, place)), components[0])
        return f"{name}-{number}.{found}"

    def type_place(self, name: str, number: int) -> str:
        """Where a repeating field says the type of a repetition; empty when it does not repeat or says nothing."""
        repeated = [each.raw(number) for each in self.of(name) if _REPETITION in each.raw(number)]
        for place in _TYPE_PLACES:
            types = [[part(one, place) for one in text.split(_REPETITION)] for text in repeated]
            if types and all(len(set(each)) == len(each) for each in types):
                return place
        return ""

    def repetitions(self, name: str, number: int, place: str) -> dict[str, list[str]]:
        """First components of a repeating field by the type of the repetition."""
        found: dict[str, list[str]] = {}
        for each in self.of(name):
            for one in each.raw(number).split(_REPETITION):
                if kind := part(one, place):
                    found.setdefault(kind, []).append(part(one, "1"))
        return found


def part(text: str, place: str) -> str:
    """A component (``5``) or a part of one (``4.2``) of a field.

    >>> part("117^^^&PATID", "4.2"), part("117", "1"), part("117", "2")
    ('PATID', '117', '')
    """
    component, _, sub = place.partition(".")
    if component:
        text = (text.split(_COMPONENT) + [""] * int(component))[int(component) - 1]
    if sub:
        text = (text.split(_SUBCOMPONENT) + [""] * int(sub))[int(sub) - 1]
    return text


def holds_id_numbers(texts: Sequence[str]) -> bool:
    """Whether at least half of the texts are resident ID numbers by length, date and check digit."""
    right = sum(len(text) in (15, 18) and id_number_fault(text.upper()) is None for text in texts)
    return bool(texts) and 2 * right >= len(texts)
