"""The search index over kept resources; filled when a service opens the store.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_names",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number", "type", "id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "search_values",
        sa.Column("parameter", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("value", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("parameter", "value", "first", "number"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "search_ranges",
        sa.Column("parameter", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("low", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("high", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("parameter", "low", "high", "number"),
        sqlite_with_rowid=False,
    )
    op.create_index("search_ranges_number", "search_ranges", ["number", "parameter"], unique=False)
    op.create_table(
        "search_texts",
        sa.Column("parameter", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("text", sa.String(collation="C").with_variant(sa.String(), "sqlite"), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("parameter", "text", "number"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "search_longest",
        sa.Column("parameter", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("longest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("parameter"),
    )
    op.create_table(
        "search_edition",
        sa.Column("edition", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("edition"),
    )
