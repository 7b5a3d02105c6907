"""Tables of the search index. They follow from the kept resources alone: made with them, and made anew at any time.

One line of ``search_values`` carries the resource's own time beside the value, so that "the newest fifty of this
patient" is one walk along the primary key, and any further condition one look at it.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from adapter.ledger.tables import metadata

#: The number of a resource: a hash of its type and id. Two may share one; then both are proposed.
_NUMBER = BigInteger

search_names = Table(
    "search_names",
    metadata,
    Column("number", _NUMBER, primary_key=True, autoincrement=False),
    Column("type", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("first", BigInteger),  # the resource's own time, for whoever comes here from a range or a text
    Column("last", BigInteger),
    sqlite_with_rowid=False,
)

search_values = Table(
    "search_values",
    metadata,
    Column("parameter", BigInteger, primary_key=True, autoincrement=False),
    Column("value", BigInteger, primary_key=True, autoincrement=False),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("number", _NUMBER, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

search_ranges = Table(
    "search_ranges",
    metadata,
    Column("parameter", BigInteger, primary_key=True, autoincrement=False),
    Column("low", BigInteger, primary_key=True, autoincrement=False),
    Column("high", BigInteger, primary_key=True, autoincrement=False),
    Column("number", _NUMBER, primary_key=True, autoincrement=False),
    Index("search_ranges_number", "number", "parameter"),
    sqlite_with_rowid=False,
)

search_texts = Table(
    "search_texts",
    metadata,
    Column("parameter", BigInteger, primary_key=True, autoincrement=False),
    Column("text", String(collation="C").with_variant(String(), "sqlite"), primary_key=True),
    Column("number", _NUMBER, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

#: The longest range of a parameter, or the longest time that a resource of a type has taken (under its ``everything``),
#: where it is any longer than a moment: how far back a range can begin that is not over.
search_longest = Table(
    "search_longest",
    metadata,
    Column("parameter", BigInteger, primary_key=True, autoincrement=False),
    Column("longest", BigInteger, nullable=False),
)

#: The edition of the terms that the index was made with; one line, or none before anything was indexed.
search_edition = Table("search_edition", metadata, Column("edition", Integer, primary_key=True, autoincrement=False))

INDEX = (search_names, search_values, search_ranges, search_texts, search_longest)
