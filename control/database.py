"""One database, SQLite or PostgreSQL: opened, migrated, spoken to; blocks, use a thread.

Everything that the database cannot do right now is a :exc:`DatabaseError`, whose message never
holds the URL: it may hold a password.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from core.errors import ConfigError, LensongError

__all__ = ["Database", "DatabaseError"]

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_BUSY_MS: Final = 5_000
_LOCK_NUMBER: Final = 4_640_221
"""PostgreSQL's advisory lock of whoever migrates; any number that nobody else uses."""

_OURS: Final = (exc.IntegrityError, exc.DataError, exc.ProgrammingError, exc.NotSupportedError)
"""Errors of the database that are bugs of this program."""


class DatabaseError(LensongError):
    """The database does not answer, is full, or is of another version."""

    code = "database_down"


class Database:
    """An engine and its transactions."""

    def __init__(self, url: str | None, *, sqlite_file: Path) -> None:
        """Prepare; nothing is opened before :meth:`open`.

        Args:
            url: URL of a PostgreSQL database, or None.
            sqlite_file: The file to use without a URL.

        Raises:
            ConfigError: If the URL cannot be read.
        """
        self._file = None if url is not None else sqlite_file
        self._engine = _engine(url, sqlite_file)
        self._is_sqlite = self._engine.dialect.name == "sqlite"

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of this host."""
        return self._is_sqlite

    def open(self) -> None:
        """Bring the tables to this program's form.

        Raises:
            DatabaseError: If the database does not answer or is of a newer version.
        """
        try:
            if self._file is not None:
                self._file.parent.mkdir(parents=True, exist_ok=True)
            script = ScriptDirectory(str(_MIGRATIONS))
            with self.reading() as connection:
                if MigrationContext.configure(connection).get_current_revision() == (
                    script.get_current_head()
                ):
                    return
            self._migrate()
        except OSError as error:
            raise DatabaseError(f"{self._file}: {error.strerror}") from error
        except CommandError as error:
            raise DatabaseError(
                "cơ sở dữ liệu thuộc phiên bản mới hơn chương trình / the database is of a newer"
                " version than this program"
            ) from error

    def _migrate(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        with self.writing() as connection:
            if not self._is_sqlite:
                connection.execute(
                    text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK_NUMBER}
                )
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that changes nothing.

        Raises:
            DatabaseError: If the database does not answer.
        """
        with self._translated(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that is committed at the end, or rolled back whole.

        Raises:
            DatabaseError: If the database does not answer or cannot store it.
        """
        with self._translated(), self._engine.connect() as connection:
            connection = connection.execution_options(lensong_write=True)  # noqa: PLW2901
            with connection.begin():
                yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except _OURS:
            raise
        except (exc.DBAPIError, exc.TimeoutError) as error:
            reason = type(getattr(error, "orig", None) or error).__name__
            raise DatabaseError(
                f"cơ sở dữ liệu không trả lời / the database does not answer ({reason})"
            ) from error


def _engine(url: str | None, sqlite_file: Path) -> Engine:
    if url is None:
        address = URL.create("sqlite", database=str(sqlite_file.absolute()))
        # A connection for each transaction: a file that was restored meanwhile is the one that is
        # opened, and no handle stays on the one that is gone.
        engine = create_engine(address, hide_parameters=True, poolclass=NullPool)
        event.listen(engine, "connect", _tune_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        return create_engine(
            make_url(url),
            hide_parameters=True,
            pool_pre_ping=True,
            pool_timeout=10,
            connect_args={
                "connect_timeout": 5,
                "application_name": "lensong",
                "options": "-c statement_timeout=15000 -c lock_timeout=5000 -c timezone=UTC",
            },
        )
    except exc.ArgumentError as error:
        raise ConfigError("control.database_env: the variable holds no URL") from error


def _tune_sqlite(connection: Any, _: object) -> None:
    # The driver would begin and commit by rules of its own; transactions are ours.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {_BUSY_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A reader that turns writer half-way is refused at once, busy_timeout or not: writers say so.
    is_write = connection.get_execution_options().get("lensong_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")
