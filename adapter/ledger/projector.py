"""The projector: what each kind of event does to the tables. The only place that writes a derived table.

An apply function uses the event, and content that it names, and nothing else: no clock, no counter, no decision.
Whatever was decided (a version, a place in a queue, the state before) stands in the event, so the journal replayed on
empty tables gives the same rows.
docs/journal.md lists the kinds for readers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Delete, Insert, Table, Update, bindparam, delete, insert, select, update

from adapter.ledger import quick
from adapter.ledger import tables as t
from adapter.ledger.among import among
from adapter.ledger.codec import json_text, settlement_of
from adapter.ledger.tables import moment_of
from adapter.model.case import Event

Data = Mapping[str, Any]


def apply(connection: Connection, event: Event) -> None:
    """Bring the tables up to date with one event. Raises KeyError for a kind that nobody knows."""
    APPLY[event.kind](connection, event, event.data)


# -- cases ------------------------------------------------------------------------------------------------------------


def _case_opened(connection: Connection, event: Event, data: Data) -> None:
    row = {name: data[name] for name in ("source", "stay_key", "person_key", "scheme", "facility")}
    row |= {"case_id": event.case_id, "version": 0, "held": False, "issues": "[]", "opened_at": event.at}
    _add(connection, t.cases, row | _dates(data))


def _case_amended(connection: Connection, event: Event, data: Data) -> None:
    changes = {name: data[name] for name in ("person_key", "scheme", "facility") if name in data}
    _change(connection, t.cases, {"case_id": event.case_id}, changes | _dates(data))


def _case_held(connection: Connection, event: Event, data: Data) -> None:
    changes = {"held": True, "issues": json_text(data["issues"])}
    _change(connection, t.cases, {"case_id": event.case_id}, changes)


def _case_released(connection: Connection, event: Event, data: Data) -> None:
    _change(connection, t.cases, {"case_id": event.case_id}, {"held": False, "issues": "[]"})


def _machine_started(connection: Connection, event: Event, data: Data) -> None:
    row = {name: data[name] for name in ("machine", "subject", "state")}
    _add(connection, t.states, row | {"case_id": event.case_id, "since": event.at})


def _machine_moved(connection: Connection, event: Event, data: Data) -> None:
    key = {"case_id": event.case_id, "machine": data["machine"], "subject": data["subject"]}
    _change(connection, t.states, key, {"state": data["after"], "since": event.at})


def _paper_filed(connection: Connection, event: Event, data: Data) -> None:
    key = {"case_id": event.case_id, "name": data["name"]}
    values = {"content": data["content"], "filed_at": event.at}
    if data["first"]:
        _add(connection, t.papers, key | values)
    else:
        _change(connection, t.papers, key, values)


def _noted(connection: Connection, event: Event, data: Data) -> None:
    """An act that stands in the journal only."""


# -- resources --------------------------------------------------------------------------------------------------------

_SUPERSEDE = (
    update(t.resources).where(among("names", t.resources.c.type, t.resources.c.id), t.resources.c.newest)
).values(newest=False)


def _resources_recorded(connection: Connection, event: Event, data: Data) -> None:
    versions = data["versions"]
    older = [(row["type"], row["id"]) for row in versions if row["version"] > 1]
    if older:
        quick.write(connection, _SUPERSEDE, {"names": older})
    common = {"source": data["source"], "newest": True, "at": event.at}
    _add_all(connection, t.resources, [{**row, **common, "deleted": row["content"] is None} for row in versions])
    links = [{"case_id": event.case_id, "type": kind, "id": id_} for kind, id_ in data["links"]]
    _add_all(connection, t.case_resources, links)


def _resources_untied(connection: Connection, event: Event, data: Data) -> None:
    for kind, id_ in data["links"]:
        _remove(connection, t.case_resources, {"case_id": event.case_id, "type": kind, "id": id_})


# -- files and parked records -----------------------------------------------------------------------------------------


def _file_received(connection: Connection, event: Event, data: Data) -> None:
    row = {name: data[name] for name in ("source", "digest", "name", "size", "content")}
    _add(connection, t.inbox, row | {"received_at": event.at, "processed_at": None})


def _file_processed(connection: Connection, event: Event, data: Data) -> None:
    _change(connection, t.inbox, {"source": data["source"], "digest": data["digest"]}, {"processed_at": event.at})


def _arrival_begun(connection: Connection, event: Event, data: Data) -> None:
    key = {"source": data["source"], "id": data["id"]}
    values = {"received_at": event.at, "finished_at": None}
    if data["first"]:
        _add(connection, t.arrival, key | values | {"files": json_text(data["files"])})
    else:
        _change(connection, t.arrival, key, values)


def _arrival_finished(connection: Connection, event: Event, data: Data) -> None:
    _change(connection, t.arrival, {"source": data["source"], "id": data["id"]}, {"finished_at": event.at})


def _feed_message_kept(connection: Connection, event: Event, data: Data) -> None:
    row = {name: data[name] for name in ("source", "identity", "file", "number", "content", "arrived")}
    _add(connection, t.feed_message, row | {"received_at": event.at})
    common = {"source": data["source"], "identity": data["identity"]}
    _add_all(connection, t.feed_message_key, [{**common, "key": key} for key in data["keys"]])


def _feed_rows_kept(connection: Connection, event: Event, data: Data) -> None:
    common = {"source": data["source"], "stay_key": data["stay_key"], "received_at": event.at}
    names = ("table_name", "row_key", "content", "arrived", "file", "number")
    _add_all(connection, t.feed_row, [{**common, **dict(zip(names, row, strict=True))} for row in data["rows"]])


def _records_parked(connection: Connection, event: Event, data: Data) -> None:
    values = {"issues": json_text(data["issues"]), "parked_at": event.at, "resolved_at": None, "place": data["place"]}
    if data["first"]:
        row = {name: data[name] for name in ("id", "source", "stay_key", "content")}
        _add(connection, t.parked, row | values)
    else:
        _change(connection, t.parked, {"id": data["id"]}, values)


def _records_resolved(connection: Connection, event: Event, data: Data) -> None:
    _change(connection, t.parked, {"id": data["id"]}, {"resolved_at": event.at})


# -- bills, postings, year to date ------------------------------------------------------------------------------------


def _bill_opened(connection: Connection, event: Event, data: Data) -> None:
    row = {"case_id": event.case_id, "version": data["version"], "complete": False, "opened_at": event.at}
    _add(connection, t.bills, row)
    _change(connection, t.cases, {"case_id": event.case_id}, {"version": data["version"]})


def _settlement_saved(connection: Connection, event: Event, data: Data) -> None:
    values = {name: data[name] for name in ("settlement", "basis", "complete")} | {"saved_at": event.at}
    values["ruled_on"] = date.fromisoformat(data["on"]) if "on" in data else _rule_date(connection, data["settlement"])
    _change(connection, t.bills, {"case_id": event.case_id, "version": data["version"]}, values)


def _rule_date(connection: Connection, settlement: str) -> date:
    """The rule date of a settlement that was kept before schema 0006; since then the event says it."""
    body = connection.execute(select(t.content.c.body).where(t.content.c.digest == settlement)).scalar_one()
    return settlement_of(bytes(body)).on


def _posted(connection: Connection, event: Event, data: Data) -> None:
    common = {name: data[name] for name in ("version", "batch", "reverses")}
    common |= {"case_id": event.case_id, "at": event.at}
    rows = [{**entry, **common, "number": number} for number, entry in enumerate(data["entries"], start=1)]
    _add_all(connection, t.postings, rows)


def _finance_started(connection: Connection, event: Event, data: Data) -> None:
    _add(connection, t.finance_states, {"book": data["book"], "state": data["state"], "since": event.at})


def _finance_moved(connection: Connection, event: Event, data: Data) -> None:
    _change(connection, t.finance_states, {"book": data["book"]}, {"state": data["after"], "since": event.at})


def _finance_posted(connection: Connection, event: Event, data: Data) -> None:
    common = {"book": data["book"], "batch": data["batch"], "at": event.at}
    rows = [
        {**{name: value for name, value in entry.items() if name != "line"}, **common, "number": number}
        for number, entry in enumerate(data["entries"], start=1)
    ]
    _add_all(connection, t.finance_postings, rows)


def _accumulated(connection: Connection, event: Event, data: Data) -> None:
    common = {name: data[name] for name in ("source", "version", "entry")}
    common |= {"case_id": event.case_id, "at": event.at}
    _add_all(connection, t.accruals, [{**accrual, **common} for accrual in data["accruals"]])


_ASKED_FIELDS = ("hospital", "person_key", "year", "endpoint", "excludes_case", "source")


def _year_asked(connection: Connection, event: Event, data: Data) -> None:
    row = {name: data[name] for name in _ASKED_FIELDS}
    asked_at = moment_of(data["asked_at"])
    _add(connection, t.asked, row | {"asked_at": asked_at, "amounts": json_text(data["amounts"])})


# -- messages ---------------------------------------------------------------------------------------------------------

_MESSAGE_FIELDS = (
    "key",
    "version",
    "endpoint",
    "call",
    "stage",
    "operation",
    "content",
    "content_type",
    "effect",
    "order_key",
    "place",
    "number",
)


def _message_enqueued(connection: Connection, event: Event, data: Data) -> None:
    row = {name: data[name] for name in _MESSAGE_FIELDS}
    row |= {"case_id": event.case_id, "state": "pending", "attempts": 0, "receipts": 0, "enqueued_at": event.at}
    row |= {"payers": json_text(data["payers"]), "not_before": moment_of(data["not_before"])}
    _add(connection, t.outbox, row)


def _message_leased(connection: Connection, event: Event, data: Data) -> None:
    values = {"state": "leased", "worker": data["worker"], "attempts": data["attempts"]}
    values |= {"lease_until": moment_of(data["until"]), "last_attempt": _moment(data["last_attempt"])}
    _change(connection, t.outbox, {"key": data["key"]}, values)


def _lease_renewed(connection: Connection, event: Event, data: Data) -> None:
    _change(connection, t.outbox, {"key": data["key"]}, {"lease_until": moment_of(data["until"])})


def _message_released(connection: Connection, event: Event, data: Data) -> None:
    _change(connection, t.outbox, {"key": data["key"]}, _UNLEASED | {"state": "pending"})


def _message_answered(connection: Connection, event: Event, data: Data) -> None:
    row = {name: data[name] for name in ("key", "number", "outcome", "reference", "content", "body")}
    _add(connection, t.receipts, row | {"at": event.at})
    values: dict[str, object] = {"receipts": data["number"], "last_attempt": _moment(data["last_attempt"])}
    if data["outcome_now"] is not None:
        values["outcome"] = data["outcome_now"]
    if data["state"] is not None:
        values |= _UNLEASED | {"state": data["state"]}
    if data["not_before"] is not None:
        values["not_before"] = moment_of(data["not_before"])
    if data["state"] == "done":
        values["finished_at"] = event.at
    _change(connection, t.outbox, {"key": data["key"]}, values)


def _message_parked(connection: Connection, event: Event, data: Data) -> None:
    _change(connection, t.outbox, {"key": data["key"]}, _UNLEASED | {"state": "parked"})


def _message_retried(connection: Connection, event: Event, data: Data) -> None:
    values = {"state": "pending", "not_before": moment_of(data["not_before"]), "finished_at": None}
    _change(connection, t.outbox, {"key": data["key"]}, _UNLEASED | values)


def _message_not_arrived(connection: Connection, event: Event, data: Data) -> None:
    values = {"state": "pending", "not_before": moment_of(data["not_before"]), "outcome": "not-seen"}
    _change(connection, t.outbox, {"key": data["key"]}, _UNLEASED | values | {"attempts": 0, "last_attempt": None})


def _endpoint_paused(connection: Connection, event: Event, data: Data) -> None:
    until = _moment(data["until"])
    if data["first"]:
        _add(connection, t.pauses, {"endpoint": data["endpoint"], "until": until})
    else:
        _change(connection, t.pauses, {"endpoint": data["endpoint"]}, {"until": until})


_UNLEASED: dict[str, object] = {"worker": None, "lease_until": None}


#: Every kind of event that the journal may hold.
APPLY: Mapping[str, Callable[[Connection, Event, Data], None]] = {
    "case-opened": _case_opened,
    "case-amended": _case_amended,
    "case-held": _case_held,
    "case-released": _case_released,
    "machine-started": _machine_started,
    "machine-moved": _machine_moved,
    "paper-filed": _paper_filed,
    "noted": _noted,
    "resources-recorded": _resources_recorded,
    "resources-untied": _resources_untied,
    "file-received": _file_received,
    "file-processed": _file_processed,
    "arrival-begun": _arrival_begun,
    "arrival-finished": _arrival_finished,
    "feed-message-kept": _feed_message_kept,
    "feed-rows-kept": _feed_rows_kept,
    "records-parked": _records_parked,
    "records-resolved": _records_resolved,
    "bill-opened": _bill_opened,
    "settlement-saved": _settlement_saved,
    "posted": _posted,
    "finance-started": _finance_started,
    "finance-moved": _finance_moved,
    "finance-posted": _finance_posted,
    "accumulated": _accumulated,
    "year-asked": _year_asked,
    "message-enqueued": _message_enqueued,
    "message-leased": _message_leased,
    "lease-renewed": _lease_renewed,
    "message-released": _message_released,
    "message-answered": _message_answered,
    "message-parked": _message_parked,
    "message-retried": _message_retried,
    "message-not-arrived": _message_not_arrived,
    "endpoint-paused": _endpoint_paused,
}


def _add(connection: Connection, table: Table, row: Mapping[str, object]) -> None:
    quick.write(connection, _insert(table), row)


def _add_all(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    quick.write_all(connection, _insert(table), rows)


def _change(connection: Connection, table: Table, key: Mapping[str, object], values: Mapping[str, object]) -> None:
    """Change the one row under a key. An event about a row that is not there is a fault, never passed over."""
    given = {f"old_{name}": value for name, value in key.items()} | {f"new_{n}": value for n, value in values.items()}
    changed = quick.write(connection, _update(table, tuple(key), tuple(values)), given)
    if changed != 1:
        raise LookupError(f"{changed} rows of {table.name} for {sorted(key)}")


def _remove(connection: Connection, table: Table, key: Mapping[str, object]) -> None:
    """Remove the one row under a key; one that is not there is a fault."""
    removed = connection.execute(_delete(table, tuple(key)), {f"old_{name}": value for name, value in key.items()})
    if removed.rowcount != 1:
        raise LookupError(f"{removed.rowcount} rows of {table.name} for {sorted(key)}")


@cache
def _insert(table: Table) -> Insert:
    """Statements are made once; making one costs as much as running it."""
    return insert(table)


@cache
def _update(table: Table, key: tuple[str, ...], names: tuple[str, ...]) -> Update:
    where = [table.c[name] == bindparam(f"old_{name}") for name in key]
    return update(table).where(*where).values({name: bindparam(f"new_{name}") for name in names})


@cache
def _delete(table: Table, key: tuple[str, ...]) -> Delete:
    return delete(table).where(*(table.c[name] == bindparam(f"old_{name}") for name in key))


def _dates(data: Data) -> dict[str, date | None]:
    """Admission and discharge days, where the event gives them."""
    return {
        name: None if data[name] is None else date.fromisoformat(data[name])
        for name in ("admitted", "discharged")
        if name in data
    }


def _moment(written: str | None) -> datetime | None:
    return None if written is None else moment_of(written)
