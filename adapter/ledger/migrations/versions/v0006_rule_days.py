"""Each bill's rule date, and the days of discharge, to be found by: a day's reconciliation reads that day's bills.

Revision ID: 0006
"""

from __future__ import annotations

import json
from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

#: Settlements that are read at once.
_PAGE = 1000

_BILLS = sa.table(
    "bills",
    sa.column("case_id", sa.String),
    sa.column("version", sa.Integer),
    sa.column("settlement", sa.String),
    sa.column("ruled_on", sa.Date),
)
_CONTENT = sa.table("content", sa.column("digest", sa.String), sa.column("body", sa.LargeBinary))


def upgrade() -> None:
    op.add_column("bills", sa.Column("ruled_on", sa.Date(), nullable=True))
    _fill(op.get_bind())
    op.create_index("bills_ruled", "bills", ["ruled_on"], unique=False)
    op.create_index("cases_discharged", "cases", ["discharged"], unique=False)


def _fill(connection: sa.Connection) -> None:
    """The rule dates of the settlements that are there, page by page."""
    mine = (_BILLS.c.case_id == sa.bindparam("its_case")) & (_BILLS.c.version == sa.bindparam("its_version"))
    write = sa.update(_BILLS).where(mine).values(ruled_on=sa.bindparam("on"))
    where = sa.tuple_(_BILLS.c.case_id, _BILLS.c.version)
    after = ("", 0)
    while rows := connection.execute(
        sa.select(_BILLS.c.case_id, _BILLS.c.version, _CONTENT.c.body)
        .join(_CONTENT, _CONTENT.c.digest == _BILLS.c.settlement)
        .where(where > sa.tuple_(*map(sa.literal, after)))
        .order_by(_BILLS.c.case_id, _BILLS.c.version)
        .limit(_PAGE)
    ).all():
        told = [(case_id, version, json.loads(bytes(body))["on"]) for case_id, version, body in rows]
        days = ((case_id, version, date.fromisoformat(on)) for case_id, version, on in told)
        connection.execute(write, [{"its_case": c, "its_version": v, "on": on} for c, v, on in days])
        after = told[-1][:2]
