"""Fixtures of the control room's tests: a database of either kind, a room, a station's settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from control.database import Database
from control.room import ControlRoom
from control.store import Store
from core.config import Settings, parse_settings
from tests.control.postgresql import PostgresqlServer, postgresql_server

SETTINGS = """
[station]
name = "Đài thử"
[paths]
data_dir = "{folder}/data"
run_dir = "{folder}/run"
{more}
[[channels]]
slug = "hytv"
name = "Truyền hình Hưng Yên"
kind = "tv"
guide_ids = ["hungyen.tv"]
[[channels]]
slug = "hyfm"
name = "Phát thanh Hưng Yên"
kind = "radio"
"""


def station_settings(folder: Path, more: str = "") -> Settings:
    """Return the settings of a station with two channels."""
    return parse_settings(SETTINGS.format(folder=folder, more=more), name="station.toml")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """Run one PostgreSQL for all tests that want it."""
    with postgresql_server() as server:
        yield server


BOTH = [
    "sqlite",
    pytest.param("postgresql", marks=[pytest.mark.services, pytest.mark.timeout(90)]),
]


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest) -> str | None:
    """Return the URL of an empty PostgreSQL database, or None for SQLite."""
    if request.param == "sqlite":
        return None
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    return server.new_database()


@pytest.fixture
def database(url: str | None, tmp_path: Path) -> Iterator[Database]:
    """Return an empty database of either kind."""
    found = Database(url, sqlite_file=tmp_path / "data" / "control.db")
    found.open()
    yield found
    found.close()


@pytest.fixture
def store(database: Database) -> Store:
    """Return an empty store that knows two channels."""
    found = Store(database)
    found.open(["hytv", "hyfm"])
    return found


@pytest.fixture
def room(tmp_path: Path) -> Iterator[ControlRoom]:
    """Return a control room on SQLite."""
    found = ControlRoom(station_settings(tmp_path))
    found.open()
    yield found
    found.close()
