"""From a message's segments to columns: compiled once per table, by the paths that the mapping names (取列)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from adapter.intake.readers.hl7v2 import Message, Segment
from adapter.intake.readers.hl7v2_paths import Getter, getter
from adapter.model.message import MessageShape, is_path, path_of


@dataclass(frozen=True, slots=True)
class Taken:
    """One column: where it stands and how its text is found in the raw field."""

    column: str
    segment: str
    field: int
    get: Getter
    suffix: str

    @property
    def of_field(self) -> str:
        return f"{self.segment}-{self.field}"


def taken(column: str, path: str, shape: MessageShape) -> Taken:
    """A column that stands at a path. Raises ValueError when the path is none."""
    read = path_of(path)
    get = getter(read, shape.typed, shape.whole)
    return Taken(column, read.segment, read.field, get, path.partition("-")[2])


class Extractor:
    """Columns of one group of segments (``FT1``; ``ORC``, ``RXO``, ``RXA``).

    Fields that the mapping does not name come out under their own name (``FT1-13``), so that none goes unseen.
    """

    def __init__(
        self,
        segments: Sequence[str],
        columns: Iterable[str],
        shape: MessageShape,
        named: Mapping[str, str] | None = None,
    ) -> None:
        named = named or {}
        found = [taken(column, column, shape) for column in columns if is_path(column)]
        found += [taken(column, path, shape) for column, path in named.items() if path]
        self._of = {
            name: [(each.column, each.field, each.get) for each in found if each.segment == name] for name in segments
        }
        self._covered = {name: {each.field for each in found if each.segment == name} for name in segments}
        self._placed = [(each.column, each.segment, each.suffix) for each in found if not is_path(each.column)]

    def fields(self, group: Iterable[Segment]) -> dict[str, str]:
        """The columns as text; an absent one has no key, an explicitly empty one has ``""``."""
        found: dict[str, str] = {}
        for segment in group:
            name, raw = segment.name, segment.fields
            length = len(raw)
            for column, number, get in self._of[name]:
                if number < length and raw[number]:
                    text = get(raw[number])
                    if text is not None:
                        found[column] = text
            covered = self._covered[name]
            for number in range(1, length):
                if raw[number] and number not in covered:
                    found[f"{name}-{number}"] = raw[number]
        return found

    def parts(self, message: Message, group: Iterable[Segment]) -> dict[str, str]:
        """Where the columns stand: by segment, and by column for those that have names of their own."""
        places = {segment.name: message.pointer(segment) for segment in group}
        for column, segment, suffix in self._placed:
            if segment in places:
                places[column] = f"{places[segment]}-{suffix}"
        return places


def groups(message: Message, first_of: Mapping[str, str]) -> Iterator[tuple[str, list[Segment]]]:
    """Groups of segments, each under the name of its first one.

    Args:
        first_of: by segment, the first segment of its group (``RXA`` → ``ORC``; ``ORC`` → ``ORC``).
    """
    open_groups: dict[str, list[Segment]] = {}
    found: list[tuple[str, list[Segment]]] = []
    for segment in message.segments:
        first = first_of.get(segment.name)
        if first is None:
            continue
        if segment.name == first:
            group = [segment]
            open_groups[first] = group
            found.append((first, group))
        elif first in open_groups:
            open_groups[first].append(segment)
    return iter(found)
