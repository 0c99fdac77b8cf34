"""Opening and migrating, on both engines, and what is said when it fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from control.database import Database, DatabaseError
from control.store import Store
from control.tables import METADATA
from core.errors import ConfigError
from tests.control.postgresql import PostgresqlServer


def test_migrations_and_tables_agree(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_opening_again_changes_nothing(database: Database) -> None:
    Store(database).open(["hytv"])

    def contents() -> list[list[tuple[object, ...]]]:
        with database.reading() as connection:
            return [
                [tuple(row) for row in connection.execute(text(f"SELECT * FROM {table}"))]  # noqa: S608
                for table in ("versions", "alembic_version")
            ]

    before = contents()
    assert all(before)
    database.open()
    assert contents() == before


def test_a_database_of_a_newer_version_is_refused(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match="newer version"):
        database.open()


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    store = Store(database)
    store.open(["hytv"])

    def fail() -> None:
        with database.writing() as connection:
            connection.execute(text("UPDATE versions SET version = 99"))
            raise KeyError("half-way")

    with pytest.raises(KeyError):
        fail()
    assert store.versions() == {"hytv": 1}


def test_a_file_that_is_no_database_is_said_so(tmp_path: Path) -> None:
    file = tmp_path / "control.db"
    file.write_bytes(b"this is no database" * 100)
    database = Database(None, sqlite_file=file)
    with pytest.raises(DatabaseError, match="does not answer"):
        database.open()
    database.close()


def test_a_folder_that_cannot_be_made_is_said_so() -> None:
    database = Database(None, sqlite_file=Path("/dev/null/data/control.db"))
    with pytest.raises(DatabaseError, match="Not a directory"):
        database.open()


def test_a_server_that_is_not_there_is_said_so_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql+psycopg://someone:s3cret@/none?host={tmp_path}"
    database = Database(url, sqlite_file=tmp_path / "unused")
    with pytest.raises(DatabaseError) as caught:
        database.open()
    assert "s3cret" not in str(caught.value)
    assert "does not answer" in str(caught.value)
    database.close()


def test_a_url_that_cannot_be_read_is_a_fault_of_the_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no URL"):
        Database("postgresql+psycopg//broken", sqlite_file=tmp_path)


@pytest.mark.services
@pytest.mark.timeout(90)
def test_a_server_that_restarts_is_found_again(postgresql: PostgresqlServer) -> None:
    database = Database(postgresql.new_database(), sqlite_file=Path("unused"))
    store = Store(database)
    store.open(["hytv"])
    postgresql.stop()
    try:
        with pytest.raises(DatabaseError):
            store.versions()
    finally:
        postgresql.start()
    assert store.versions() == {"hytv": 1}
    database.close()
