"""Table: one row per notice in an intermediate table that the HIS reads (回传:中间表)."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    Unicode,
    create_engine,
    insert,
    make_url,
    select,
)
from sqlalchemy.dialects.mssql import NVARCHAR
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    IntegrityError,
    NoSuchModuleError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.schema import CreateTable

from adapter.fhir.canonical import decode
from adapter.model.dates import Clock
from adapter.model.messages import OutboundMessage, Outcome, Receipt
from adapter.model.notice import TableForm
from adapter.payers.delivery.endpoints.his import issues
from adapter.payers.delivery.endpoints.his.way import NotReady, Secret, Way, secret_of


class IntermediateTable(Way):
    """Inserts notices into one table; the HIS marks what it has read in ``read_at``, which we never touch."""

    def __init__(self, name: str, form: TableForm, clock: Clock, secret: Secret) -> None:
        super().__init__(name, form.timeout, clock, secret)
        self._form = form
        self._table = notice_table(form.table)
        self._engine: Engine | None = None

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()

    def _send(self, message: OutboundMessage) -> Receipt:
        try:
            engine = self._connected(message.key)
            if (standing := self._standing(engine, message.key)) is None:
                with engine.begin() as connection:
                    connection.execute(insert(self._table), row_of(message))
                return self._accepted(self._form.table)
        except NotReady as error:
            return self._not_sent(error.issue)
        except IntegrityError as error:
            return self._refused_by_key(message, error)
        except DataError as error:
            return self._rejected(issues.table_unfit(message.key, type(error.orig).__name__))
        except ProgrammingError as error:  # no such table or column: all notices wait until it is there
            return self._not_sent(issues.table_unfit(message.key, type(error.orig).__name__))
        except SQLAlchemyError as error:
            return self._open(Outcome.UNKNOWN, issues.not_written(message.key, type(error).__name__))
        return self._known(message, standing)

    def _refused_by_key(self, message: OutboundMessage, error: IntegrityError) -> Receipt:
        """Another worker may have been quicker; else a column wants what we do not give."""
        try:
            standing = self._standing(self._connected(message.key), message.key)
        except SQLAlchemyError as later:
            return self._open(Outcome.UNKNOWN, issues.not_written(message.key, type(later).__name__))
        if standing is None:
            return self._rejected(issues.table_unfit(message.key, type(error.orig).__name__))
        return self._known(message, standing)

    def _known(self, message: OutboundMessage, standing: str) -> Receipt:
        if standing != message.composed.decode():
            return self._rejected(issues.key_taken(message.key))
        return self._accepted(self._form.table)

    def _standing(self, engine: Engine, key: str) -> str | None:
        """The content that stands under a key, or None."""
        with engine.connect() as connection:
            found = connection.execute(select(self._table.c.content).where(self._table.c.notice_key == key)).scalar()
        return None if found is None else str(found)

    def _connected(self, key: str) -> Engine:
        if self._engine is None:
            address = secret_of(self._secret, self._form.database_env, key)
            try:
                self._engine = create_engine(address, pool_pre_ping=True, connect_args=_patience(address, self._form))
            except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
                raise NotReady(issues.not_written(key, type(error).__name__)) from error
        return self._engine


#: Chinese text of any length, also where ``TEXT`` has no Unicode.
_LONG_TEXT = Text().with_variant(NVARCHAR(), "mssql")


def notice_table(name: str) -> Table:
    """The columns of the intermediate table; ``schema.table`` where it lies in another schema."""
    schema, _, table = name.rpartition(".")
    return Table(
        table,
        MetaData(schema=schema or None),
        Column("notice_key", Unicode(200), primary_key=True),
        Column("kind", String(20), nullable=False),
        Column("sequence", Integer, nullable=False),
        Column("source", String(100), nullable=False),
        Column("stay_key", Unicode(100), nullable=False),
        Column("case_id", Unicode(200), nullable=False),
        Column("decided_at", String(40), nullable=False),
        Column("test", String(1), nullable=False),
        Column("content", _LONG_TEXT, nullable=False),
        Column("read_at", String(40)),
    )


def row_of(message: OutboundMessage) -> dict[str, object]:
    """The row of a notice: what one selects by in columns, the whole notice as JSON in ``content``."""
    told = decode(message.composed)
    return {
        "notice_key": message.key,
        "kind": told["kind"],
        "sequence": told["sequence"],
        "source": told["source"],
        "stay_key": told["stay"],
        "case_id": told["case"],
        "decided_at": told["at"],
        "test": "Y" if told["test"] else "N",
        "content": message.composed.decode(),
    }


#: Databases whose words ``ddl`` knows; only their dialects are loaded, no driver is needed.
DIALECTS = ("sqlite", "postgresql", "oracle", "mssql")


def ddl(form: TableForm, dialect: str) -> str:
    """``CREATE TABLE`` in the words of one of ``DIALECTS``."""
    known = make_url(f"{dialect}://").get_dialect()()
    return f"{str(CreateTable(notice_table(form.table)).compile(dialect=known)).strip()};\n"


def _patience(address: str, form: TableForm) -> dict[str, int]:
    """How long the driver waits for a connection, where we know how to say so."""
    name = make_url(address).get_backend_name()
    return {"sqlite": {"timeout": form.timeout}, "postgresql": {"connect_timeout": form.timeout}}.get(name, {})
