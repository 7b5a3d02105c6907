"""Due messages by endpoint, in the order in which they go out: a long queue for one endpoint costs the others nothing.

Revision ID: 0004
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_COLUMNS = ["endpoint", "state", "not_before", "enqueued_at", "case_id", "number"]


def upgrade() -> None:
    op.drop_index("outbox_due", table_name="outbox")
    op.create_index("outbox_due", "outbox", _COLUMNS, unique=False)


def downgrade() -> None:
    op.drop_index("outbox_due", table_name="outbox")
    op.create_index("outbox_due", "outbox", ["state", "not_before"], unique=False)
