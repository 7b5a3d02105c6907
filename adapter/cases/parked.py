"""A person dealt with the cause: look at what is parked, and replay it (暂存与重放)."""

from __future__ import annotations

from dataclasses import replace

from adapter.cases import issues
from adapter.cases.arrival_issues import OUT_OF_TIME
from adapter.cases.bundles_in import stay_of_resources
from adapter.cases.frames import FRAME, replay_refused
from adapter.cases.messages_in import stay_now
from adapter.cases.parking import unpacked
from adapter.cases.recording import StayTaken, take_stay
from adapter.cases.rows_in import stay_of_rows
from adapter.cases.tools import Act, Feed, Tools
from adapter.ledger.rows import ParkedRow as ParkedRow
from adapter.model.issues import AdapterError
from adapter.model.source import Delivery, StayRecords


def parked_stays(tools: Tools, *, source: str | None = None) -> list[ParkedRow]:
    """Everything that waits for a person, oldest first."""
    with tools.ledger.reading() as tx:
        return tx.parked(source=source)


def parked_one(parked_id: str, tools: Tools) -> ParkedRow:
    """One parked record with its rows. Raises AdapterError CASE-314."""
    with tools.ledger.reading() as tx:
        found = tx.parked_one(parked_id)
    if found is None:
        raise AdapterError(issues.nothing_parked(parked_id))
    return found


def replay(parked_id: str, tools: Tools, act: Act) -> StayTaken:
    """Take the parked rows in again under today's mapping and facts; what still stops them parks them again.

    What reading found stays true of these rows: a stay whose file was cut waits until the whole file has come, for
    replaying half of it would settle half of its lines. A stay of which messages or rows are kept is made anew from all
    of them.
    """
    parked = parked_one(parked_id, tools)
    if parked.stay_key is None:
        if parked.place.startswith(FRAME):
            return replay_refused(parked, tools, act)
        raise AdapterError(issues.send_file_again(parked.place), *parked.issues)
    feed = tools.feed(parked.source)
    if (current := _current(feed, parked.stay_key, tools)) is not None:
        return take_stay(feed, current, tools, act)
    of_reading = (issue for issue in parked.issues if issue.stops and issue.code.startswith("SRC-"))
    unread = tuple(issue for issue in of_reading if issue.code != OUT_OF_TIME)
    records = replace(unpacked(parked), issues=unread)
    return take_stay(feed, records, tools, act)


def _current(feed: Feed, stay_key: str, tools: Tools) -> StayRecords | None:
    """The stay as everything that was kept of it has it; None where its source hands it over whole."""
    if feed.messages is not None:
        return stay_now(feed, stay_key, tools)
    if feed.mapper.mapping.native is not None:
        return stay_of_resources(feed, stay_key, tools)
    if feed.mapper.mapping.shape.delivery is Delivery.CHANGES:
        return stay_of_rows(feed, stay_key, tools)
    return None
