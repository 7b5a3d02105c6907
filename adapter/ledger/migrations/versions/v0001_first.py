"""The first schema: journal and content, which are never changed, and the tables that follow from the journal.

Revision ID: 0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MOMENT = sa.String(27).with_variant(sa.DateTime(timezone=True), "postgresql")

#: Tables whose rows are written once.
_APPEND_ONLY = ("journal", "content")


def _where(condition: str) -> dict[str, Any]:
    """A partial index, which both databases know."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    _primary()
    _office()
    _money()
    _delivery()
    if op.get_bind().dialect.name == "postgresql":
        _refuse_changes_on_postgresql()
    else:
        _refuse_changes_on_sqlite()


def _primary() -> None:
    op.create_table(
        "content",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "journal",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.Column("actor_role", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("prev", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("journal_case", "journal", ["case_id", "seq"], unique=False)


def _office() -> None:
    op.create_table(
        "cases",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("stay_key", sa.String(), nullable=False),
        sa.Column("person_key", sa.String(), nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("facility", sa.String(), nullable=False),
        sa.Column("admitted", sa.Date(), nullable=True),
        sa.Column("discharged", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("issues", sa.Text(), nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("case_id"),
    )
    op.create_index(
        "cases_held", "cases", ["case_id"], unique=False, sqlite_where=sa.text("held"), postgresql_where=sa.text("held")
    )
    op.create_index("cases_person", "cases", ["person_key"], unique=False)
    op.create_index("cases_stay", "cases", ["source", "stay_key"], unique=True)
    op.create_table(
        "case_resources",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"]),
        sa.PrimaryKeyConstraint("case_id", "type", "id"),
    )
    op.create_index("case_resources_resource", "case_resources", ["type", "id"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=True),
        sa.Column("received_at", _MOMENT, nullable=False),
        sa.Column("processed_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["content"], ["content.digest"]),
        sa.PrimaryKeyConstraint("source", "digest"),
    )
    op.create_table(
        "arrival",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("received_at", _MOMENT, nullable=False),
        sa.Column("finished_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("source", "id"),
    )
    op.create_index("arrival_received", "arrival", ["source", "received_at"], unique=False)
    op.create_table(
        "feed_message",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("arrived", sa.String(), nullable=False),
        sa.Column("received_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["content"], ["content.digest"]),
        sa.PrimaryKeyConstraint("source", "identity"),
    )
    op.create_table(
        "feed_message_key",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("identity", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["source", "identity"], ["feed_message.source", "feed_message.identity"]),
        sa.PrimaryKeyConstraint("source", "key", "identity"),
    )
    op.create_index("feed_message_key_message", "feed_message_key", ["source", "identity"], unique=False)
    op.create_table(
        "feed_row",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("table_name", sa.String(), nullable=False),
        sa.Column("row_key", sa.String(), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("arrived", sa.String(), nullable=False),
        sa.Column("stay_key", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("received_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["content"], ["content.digest"]),
        sa.PrimaryKeyConstraint("source", "table_name", "row_key", "content", "arrived"),
    )
    op.create_index("feed_row_stay", "feed_row", ["source", "stay_key"], unique=False)
    op.create_table(
        "papers",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("filed_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["content"], ["content.digest"]),
        sa.PrimaryKeyConstraint("case_id", "name"),
    )
    op.create_table(
        "parked",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("stay_key", sa.String(), nullable=True),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("issues", sa.Text(), nullable=False),
        sa.Column("parked_at", _MOMENT, nullable=False),
        sa.Column("resolved_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["content"], ["content.digest"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("parked_stay", "parked", ["source", "stay_key"], unique=False)
    op.create_table(
        "resources",
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=True),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("newest", sa.Boolean(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["content"], ["content.digest"]),
        sa.PrimaryKeyConstraint("type", "id", "version"),
    )
    op.create_index(
        "resources_newest",
        "resources",
        ["type", "id"],
        unique=True,
        sqlite_where=sa.text("newest"),
        postgresql_where=sa.text("newest"),
    )
    op.create_table(
        "states",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("machine", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"]),
        sa.PrimaryKeyConstraint("case_id", "machine", "subject"),
    )
    op.create_index("states_state", "states", ["machine", "state"], unique=False)


def _money() -> None:
    op.create_table(
        "asked",
        sa.Column("hospital", sa.String(), nullable=False),
        sa.Column("person_key", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("excludes_case", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("amounts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hospital", "person_key", "year", "endpoint", "asked_at"),
    )
    op.create_table(
        "bills",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("settlement", sa.String(length=64), nullable=True),
        sa.Column("basis", sa.String(), nullable=True),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("saved_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"]),
        sa.ForeignKeyConstraint(["settlement"], ["content.digest"]),
        sa.PrimaryKeyConstraint("case_id", "version"),
    )
    op.create_table(
        "accruals",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("entry", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("person_key", sa.String(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["case_id", "version"], ["bills.case_id", "bills.version"]),
        sa.PrimaryKeyConstraint("case_id", "version", "year", "name", "entry"),
    )
    op.create_index("accruals_person", "accruals", ["source", "person_key", "year"], unique=False)
    op.create_table(
        "postings",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("debit", sa.BigInteger(), nullable=False),
        sa.Column("credit", sa.BigInteger(), nullable=False),
        sa.Column("payer", sa.String(), nullable=True),
        sa.Column("cite", sa.Text(), nullable=False),
        sa.Column("line", sa.String(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("reverses", sa.Integer(), nullable=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["case_id", "version"], ["bills.case_id", "bills.version"]),
        sa.PrimaryKeyConstraint("case_id", "batch", "number"),
    )
    op.create_index("postings_account", "postings", ["account"], unique=False)


def _delivery() -> None:
    op.create_table(
        "pauses",
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("until", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("endpoint"),
    )
    op.create_table(
        "outbox",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("call", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("effect", sa.Boolean(), nullable=False),
        sa.Column("payers", sa.Text(), nullable=False),
        sa.Column("order_key", sa.String(), nullable=True),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_attempt", _MOMENT, nullable=True),
        sa.Column("not_before", _MOMENT, nullable=False),
        sa.Column("worker", sa.String(), nullable=True),
        sa.Column("lease_until", _MOMENT, nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("receipts", sa.Integer(), nullable=False),
        sa.Column("enqueued_at", _MOMENT, nullable=False),
        sa.Column("finished_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["content"], ["content.digest"]),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("outbox_case", "outbox", ["case_id"], unique=False)
    op.create_index("outbox_due", "outbox", ["state", "not_before"], unique=False)
    op.create_index("outbox_finished", "outbox", ["endpoint", "finished_at"], unique=False)
    op.create_index("outbox_order", "outbox", ["order_key", "place"], unique=True)
    op.create_table(
        "receipts",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("body", sa.String(length=64), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["body"], ["content.digest"]),
        sa.ForeignKeyConstraint(["content"], ["content.digest"]),
        sa.ForeignKeyConstraint(["key"], ["outbox.key"]),
        sa.PrimaryKeyConstraint("key", "number"),
    )


def _refuse_changes_on_sqlite() -> None:
    for table in _APPEND_ONLY:
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def _refuse_changes_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION adapter_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in _APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION adapter_append_only()"
        )
