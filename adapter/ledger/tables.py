"""The tables. Two are primary and append-only: ``journal`` and ``content``; every other one follows from the journal.

Times are UTC to the microsecond, amounts whole fen, JSON is text with sorted keys. Nothing here counts by itself: no
autoincrement and no default of the database, because a replay must give the same rows.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

#: The newest migration; a test holds it equal to the head of ``migrations/``.
SCHEMA = "0006"


def moment_text(at: datetime) -> str:
    """A moment as fixed-width UTC text, so that text order is time order. Raises ValueError without a zone."""
    if at.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def moment_of(written: str) -> datetime:
    """The moment that ``moment_text`` wrote."""
    return datetime.fromisoformat(written)


class Moment(TypeDecorator[datetime]):
    """An aware datetime: ``timestamptz`` on PostgreSQL, sortable text on SQLite; UTC either way."""

    impl = String(27)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(DateTime(timezone=True) if dialect.name == "postgresql" else String(27))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        written = moment_text(value)
        return value if dialect.name == "postgresql" else written

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if isinstance(value, datetime) else moment_of(value)


metadata = MetaData()

journal = Table(
    "journal",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("case_id", String, nullable=False),  # "" when the event belongs to no case
    Column("kind", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor_id", String, nullable=False),
    Column("actor_role", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("prev", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("journal_case", "case_id", "seq"),
)

content = Table(
    "content",
    metadata,
    Column("digest", String(64), primary_key=True),  # sha256 of body
    Column("body", LargeBinary, nullable=False),
)


def _content(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, String(64), ForeignKey("content.digest"), nullable=nullable)


def _case(*, primary_key: bool = False) -> Column[Any]:
    return Column("case_id", String, ForeignKey("cases.case_id"), primary_key=primary_key, nullable=False)


cases = Table(
    "cases",
    metadata,
    Column("case_id", String, primary_key=True),
    Column("source", String, nullable=False),
    Column("stay_key", String, nullable=False),
    Column("person_key", String, nullable=False),
    Column("scheme", String, nullable=False),
    Column("facility", String, nullable=False),
    Column("admitted", Date),
    Column("discharged", Date),
    Column("version", Integer, nullable=False),  # newest bill version; 0 before the first
    Column("held", Boolean, nullable=False),
    Column("issues", Text, nullable=False),  # JSON
    Column("opened_at", Moment, nullable=False),
    Index("cases_stay", "source", "stay_key", unique=True),
    Index("cases_person", "person_key"),
    Index("cases_discharged", "discharged"),
    Index("cases_held", "case_id", sqlite_where=text("held"), postgresql_where=text("held")),
)

states = Table(
    "states",
    metadata,
    _case(primary_key=True),
    Column("machine", String, primary_key=True),
    Column("subject", String, primary_key=True),  # "" · bill version · <version>/<call>
    Column("state", String, nullable=False),
    Column("since", Moment, nullable=False),
    Index("states_state", "machine", "state"),
)

papers = Table(
    "papers",
    metadata,
    Column("case_id", String, primary_key=True),  # "" when the paper belongs to no case
    Column("name", String, primary_key=True),
    _content("content"),
    Column("filed_at", Moment, nullable=False),
)

resources = Table(
    "resources",
    metadata,
    Column("type", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("source", String, nullable=False),
    Column("digest", String(64), nullable=False),  # the caller's: equal digests mean nothing changed
    _content("content", nullable=True),  # NULL when deleted
    Column("deleted", Boolean, nullable=False),
    Column("newest", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Index("resources_newest", "type", "id", unique=True, sqlite_where=text("newest"), postgresql_where=text("newest")),
)

case_resources = Table(
    "case_resources",
    metadata,
    _case(primary_key=True),
    Column("type", String, primary_key=True),
    Column("id", String, primary_key=True),
    Index("case_resources_resource", "type", "id"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("source", String, primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("name", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    _content("content", nullable=True),  # NULL when the file stays outside
    Column("received_at", Moment, nullable=False),
    Column("processed_at", Moment),
)

arrival = Table(
    "arrival",
    metadata,
    Column("source", String, primary_key=True),
    Column("id", String, primary_key=True),  # derives from the files
    Column("files", Text, nullable=False),  # [[name, digest], …]
    Column("received_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Index("arrival_received", "source", "received_at"),
)

feed_message = Table(
    "feed_message",
    metadata,
    Column("source", String, primary_key=True),
    Column("identity", String, primary_key=True),  # the same for messages that say the same
    Column("file", String, nullable=False),
    Column("number", Integer, nullable=False),  # place in the file
    _content("content"),  # the message, decoded, as UTF-8
    Column("arrived", String, nullable=False),
    Column("received_at", Moment, nullable=False),
)

feed_message_key = Table(
    "feed_message_key",
    metadata,
    Column("source", String, primary_key=True),
    Column("key", String, primary_key=True),  # stay:… · person:…
    Column("identity", String, primary_key=True),
    ForeignKeyConstraint(["source", "identity"], ["feed_message.source", "feed_message.identity"]),
    Index("feed_message_key_message", "source", "identity"),
)

feed_row = Table(
    "feed_row",
    metadata,
    Column("source", String, primary_key=True),
    Column("table_name", String, primary_key=True),
    Column("row_key", String, primary_key=True),
    Column("content", String(64), ForeignKey("content.digest"), primary_key=True),  # the fields, JSON
    Column("arrived", String, primary_key=True),  # moment and file
    Column("stay_key", String, nullable=False),
    Column("file", String, nullable=False),
    Column("number", Integer, nullable=False),  # place in the file
    Column("received_at", Moment, nullable=False),
    Index("feed_row_stay", "source", "stay_key"),
)

parked = Table(
    "parked",
    metadata,
    Column("id", String, primary_key=True),
    Column("source", String, nullable=False),
    Column("stay_key", String),
    Column("place", String, nullable=False),
    _content("content"),
    Column("issues", Text, nullable=False),  # JSON
    Column("parked_at", Moment, nullable=False),
    Column("resolved_at", Moment),
    Index("parked_stay", "source", "stay_key"),
)

bills = Table(
    "bills",
    metadata,
    _case(primary_key=True),
    Column("version", Integer, primary_key=True),
    _content("settlement", nullable=True),
    Column("basis", String),
    Column("complete", Boolean, nullable=False),
    Column("ruled_on", Date),  # the settlement's rule date
    Column("opened_at", Moment, nullable=False),
    Column("saved_at", Moment),
    Index("bills_ruled", "ruled_on"),
)

postings = Table(
    "postings",
    metadata,
    Column("case_id", String, primary_key=True),
    Column("batch", Integer, primary_key=True),  # counts per case
    Column("number", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("account", String, nullable=False),
    Column("debit", BigInteger, nullable=False),  # fen
    Column("credit", BigInteger, nullable=False),  # fen
    Column("payer", String),
    Column("cite", Text, nullable=False),
    Column("line", String),
    Column("reference", String),
    Column("reverses", Integer),  # the batch that this one undoes
    Column("at", Moment, nullable=False),
    ForeignKeyConstraint(["case_id", "version"], ["bills.case_id", "bills.version"]),
    Index("postings_account", "account"),
)

finance_states = Table(
    "finance_states",
    metadata,
    Column("book", String, primary_key=True),  # <endpoint>/<facility>/<year>/clearing/<month>
    Column("state", String, nullable=False),
    Column("since", Moment, nullable=False),
)

finance_postings = Table(
    "finance_postings",
    metadata,
    Column("book", String, primary_key=True),
    Column("batch", Integer, primary_key=True),  # counts per book
    Column("number", Integer, primary_key=True),
    Column("account", String, nullable=False),
    Column("debit", BigInteger, nullable=False),  # fen
    Column("credit", BigInteger, nullable=False),  # fen
    Column("payer", String),
    Column("cite", Text, nullable=False),
    Column("reference", String),
    Column("at", Moment, nullable=False),
    Index("finance_postings_account", "account"),
)

accruals = Table(
    "accruals",
    metadata,
    Column("case_id", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("name", String, primary_key=True),
    Column("entry", String, primary_key=True),  # added · reversed
    Column("source", String, nullable=False),  # a person key means somebody only within its source
    Column("person_key", String, nullable=False),
    Column("fen", BigInteger, nullable=False),
    Column("at", Moment, nullable=False),
    ForeignKeyConstraint(["case_id", "version"], ["bills.case_id", "bills.version"]),
    Index("accruals_person", "source", "person_key", "year"),
)

asked = Table(
    "asked",
    metadata,
    Column("hospital", String, primary_key=True),  # the source
    Column("person_key", String, primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("endpoint", String, primary_key=True),
    Column("asked_at", Moment, primary_key=True),
    Column("excludes_case", String),
    Column("source", String, nullable=False),  # payer · own, as YearToDate.source
    Column("amounts", Text, nullable=False),  # JSON: [[name, fen], …]
)

outbox = Table(
    "outbox",
    metadata,
    Column("key", String, primary_key=True),
    Column("case_id", String, nullable=False),  # the HIS also hears of stays whose rows could not become a case yet
    Column("version", Integer, nullable=False),
    Column("endpoint", String, nullable=False),
    Column("call", String, nullable=False),
    Column("stage", String, nullable=False),
    Column("operation", String, nullable=False),
    _content("content"),
    Column("content_type", String, nullable=False),
    Column("effect", Boolean, nullable=False),
    Column("payers", Text, nullable=False),  # JSON list
    Column("order_key", String),
    Column("place", Integer, nullable=False),  # place in the queue of its order key; 0 without one
    Column("number", Integer, nullable=False),  # counts per case
    Column("state", String, nullable=False),  # pending · leased · done · parked
    Column("attempts", Integer, nullable=False),
    Column("last_attempt", Moment),  # the latest moment at which a lease may have sent it
    Column("not_before", Moment, nullable=False),
    Column("worker", String),
    Column("lease_until", Moment),
    Column("outcome", String),
    Column("receipts", Integer, nullable=False),
    Column("enqueued_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Index("outbox_due", "endpoint", "state", "not_before", "enqueued_at", "case_id", "number"),
    Index("outbox_order", "order_key", "place", unique=True),
    Index("outbox_case", "case_id"),
    Index("outbox_finished", "endpoint", "finished_at"),
)

receipts = Table(
    "receipts",
    metadata,
    Column("key", String, ForeignKey("outbox.key"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("outcome", String, nullable=False),
    Column("reference", String),
    _content("content"),  # the receipt as JSON, without its body
    _content("body"),  # the raw answer, as it came
    Column("at", Moment, nullable=False),
)

pauses = Table(
    "pauses",
    metadata,
    Column("endpoint", String, primary_key=True),
    Column("until", Moment),  # NULL: not paused
)

#: What a replay does not rebuild.
PRIMARY = (journal, content)

#: Everything else, parents first.
DERIVED = tuple(table for table in metadata.sorted_tables if table not in PRIMARY)
