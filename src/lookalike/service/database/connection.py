"""One database for everything the service must not lose.

SQLite keeps a write-ahead log: readers see the last commit while one writer writes.
A write takes the lock when it begins, so that it waits for its turn instead of
failing in the middle.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from lookalike.service.errors import ServiceError

BUSY_SECONDS = 5.0
_FULL = ("disk is full", "No space left", "disk full")


class DatabaseGone(sa.exc.SQLAlchemyError):
    """The file is no longer at its place: what is written now would be lost."""


class Database:
    """Connections to the database at a URL.

    Parameters
    ----------
    url : str
        ``sqlite:///path/to/file`` or ``postgresql://user:password@host/name``.
    durability : {"safe", "fast"}
        Whether a commit waits for the disk.

    Raises
    ------
    ValueError
        If the URL is of neither kind.
    """

    def __init__(self, url: str, durability: Literal["safe", "fast"] = "safe") -> None:
        self.url: URL = _checked(url)
        self.durability = durability
        self.is_sqlite: bool = self.url.get_backend_name() == "sqlite"
        self._identity: tuple[int, int] | None = None  # of the file that was opened
        self._has_log = False  # the write-ahead log was seen beside it
        self.engine: Engine = self._engine()

    @property
    def file(self) -> Path | None:
        """Where SQLite keeps it."""
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    @property
    def shown(self) -> str:
        """The URL without passwords.

        Examples
        --------
        >>> Database("postgresql://me:secret@localhost/shop").shown
        'postgresql://me:***@localhost/shop'
        >>> Database("postgresql://localhost/shop?password=secret").shown
        'postgresql://localhost/shop?password=hidden'
        """
        query = self.url.query
        hidden = {name: "hidden" for name in query if "password" in name.lower()}
        return self.url.update_query_dict(hidden).render_as_string()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the database."""
        with self.engine.connect() as connection:
            if self.is_sqlite:
                connection = connection.execution_options(reads=True)
            else:
                connection = connection.execution_options(
                    isolation_level="REPEATABLE READ"
                )
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: all of it is in the database afterwards, or nothing."""
        self.check_file()
        with self.engine.connect() as connection, connection.begin():
            yield connection
            self._check_log()
        self.check_file()  # again: what went into a removed file is not stored

    def check_file(self) -> None:
        """Refuse to go on with a file that was removed or replaced.

        SQLite itself does not notice: it writes on into the file that has no name any
        more, and all of that is lost with the last connection.

        Raises
        ------
        DatabaseGone
            If the file that was opened is not at its place.
        """
        if self._identity is not None and self._identity != _identity(self.file):
            raise DatabaseGone(f"{self.url.database} was removed or replaced.")

    def _check_log(self) -> None:
        """Refuse to commit to a write-ahead log that was removed.

        While a transaction is open the log has its file, where there is any.
        """
        if self.file is None:
            return
        found = self.file.with_name(f"{self.file.name}-wal").exists()
        if self._has_log and not found:
            raise DatabaseGone(f"{self.url.database}-wal was removed.")
        self._has_log = found

    def insert(self, table: sa.Table) -> Any:
        """An insert that may say what to do with what is there already."""
        if self.is_sqlite:
            from sqlalchemy.dialects.sqlite import insert as lite

            return lite(table)
        from sqlalchemy.dialects.postgresql import insert as postgres

        return postgres(table)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
        self._identity, self._has_log = None, False

    def _engine(self) -> Engine:
        if not self.is_sqlite:
            engine = sa.create_engine(
                self.url.set(drivername="postgresql+psycopg"),
                pool_pre_ping=True,
                pool_size=5,
                # A database in SQL_ASCII would answer with bytes otherwise.
                connect_args={"connect_timeout": 5, "client_encoding": "utf-8"},
            )
            commit = "on" if self.durability == "safe" else "off"

            @event.listens_for(engine, "connect")
            def _ready(connection: Any, record: Any) -> None:
                connection.autocommit = True
                connection.execute(f"SET synchronous_commit = {commit}")
                connection.execute("SET statement_timeout = '30s'")
                connection.autocommit = False

            return engine
        assert self.url.database
        Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(self.url, connect_args={"timeout": BUSY_SECONDS})
        level = "FULL" if self.durability == "safe" else "NORMAL"

        @event.listens_for(engine, "do_connect")
        def _check(*about: Any) -> None:
            self.check_file()  # or an empty one would be made in its place

        @event.listens_for(engine, "connect")
        def _open(connection: sqlite3.Connection, record: Any) -> None:
            self._identity = self._identity or _identity(self.file)
            connection.isolation_level = None  # BEGIN is ours to say
            for pragma in (
                f"synchronous={level}",
                "secure_delete=ON",
                "foreign_keys=ON",
                "journal_size_limit=67108864",
            ):
                connection.execute(f"PRAGMA {pragma}").close()

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            reads = connection.get_execution_options().get("reads")
            connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

        return engine


def now() -> int:
    """Microseconds since 1970, in UTC."""
    return time.time_ns() // 1000


def service_error_of(error: BaseException) -> ServiceError:
    """Return the answer to a client when the database failed."""
    if isinstance(error, DatabaseGone):
        return ServiceError(
            503,
            "The database's file was removed or replaced while the service ran: "
            "nothing is stored until it is started again.",
            60,
        )
    text = str(getattr(error, "orig", None) or error)
    if any(words in text for words in _FULL):
        return ServiceError(507, "The disk is full: nothing was stored.", 5)
    if "readonly" in text or "read-only" in text:
        return ServiceError(
            503, "The database may not be written: nothing was stored.", 5
        )
    if "locked" in text or isinstance(error, sa.exc.TimeoutError):
        return ServiceError(503, "The database is busy: nothing was stored.", 1)
    return ServiceError(503, "The database does not answer: nothing was stored.", 2)


def is_outage(error: BaseException) -> bool:
    """Whether the database failed, rather than the request."""
    kinds = (
        DatabaseGone,
        OperationalError,
        sa.exc.TimeoutError,
        sa.exc.InterfaceError,
        OSError,
    )
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(error, sa.exc.InternalError | sa.exc.DatabaseError):
        return not isinstance(error, sa.exc.IntegrityError | sa.exc.DataError)
    return isinstance(error, kinds)


def _identity(file: Path | None) -> tuple[int, int] | None:
    try:
        status = file.stat() if file is not None else None
    except OSError:
        return None
    return None if status is None else (status.st_dev, status.st_ino)


def _checked(text: str) -> URL:
    try:
        url = make_url(text)
    except sa.exc.ArgumentError:
        url = None
    if url is None or url.get_backend_name() not in ("sqlite", "postgresql"):
        raise ValueError(
            "The database must be sqlite:///FILE or postgresql://USER@HOST/NAME, got "
            f"{text if url is None else url.render_as_string()!r}."
        )
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise ValueError("SQLite needs a file here: sqlite:///FILE.")
    return url
