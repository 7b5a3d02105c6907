"""A resource's time beside its name in the search index: a search may come from a range or a text that few have.

The index follows from the resources; without its edition it is made anew when a service opens the store.

Revision ID: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("first", "last"):
        op.add_column("search_names", sa.Column(name, sa.BigInteger(), nullable=True))
    op.execute("DELETE FROM search_edition")
