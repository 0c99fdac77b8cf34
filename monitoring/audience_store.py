"""The audience by minute, in a SQLite file of monitoring's own; every call blocks (I/O shell).

A minute is known when every origin that there was told it; one that not all told is a hole, and is
left out of everything; so is, for a channel, a minute in which its viewers were not to be counted.
Minutes and quarters of an hour are numbered from the Unix epoch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from sqlalchemy import (
    URL,
    Column,
    Connection,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    create_engine,
    delete,
    event,
    exc,
    func,
    select,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.pool import NullPool

from core.errors import FormatError
from monitoring.forecast import Floats

__all__ = ["LIVE_KINDS", "AudienceStore", "Sample", "read_samples"]

LIVE_KINDS: Final = ("live", "radio")
"""Who follows the clock, and reports: what a forecast is about."""

REPORTED_KINDS: Final = (*LIVE_KINDS, "dvr", "catchup")
"""Sessions of players that report."""

_UNCOUNTED: Final = "uncounted"
"""What an origin tells of a channel whose viewers are not counted."""

_MINUTES: Final = 15
_LEAST_MINUTES: Final = 10
"""A quarter of an hour with fewer known minutes is a hole."""

_METADATA: Final = MetaData()
_TOLD: Final = Table(
    "told",
    _METADATA,
    Column("minute", Integer, primary_key=True),
    Column("origin", Integer, primary_key=True),
    Column("origins", Integer, nullable=False),
    sqlite_with_rowid=False,
)


def _by_minute(name: str, *labels: str) -> Table:
    """Return a table of concurrent sessions at each minute's end, by these labels and origin."""
    return Table(
        name,
        _METADATA,
        Column("minute", Integer, primary_key=True),
        *(Column(label, String, primary_key=True) for label in labels),
        Column("origin", Integer, primary_key=True),
        Column("sessions", Integer, nullable=False),
        sqlite_with_rowid=False,
    )


_SESSIONS: Final = _by_minute("sessions", "channel", "kind", "rendition", "device")
_PLACES: Final = _by_minute("places", "channel", "kind", "province")
"""The same sessions by province: apart, since all of it together could be somebody's."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one origin told of one minute."""

    minute: int
    cells: tuple[tuple[str, str, str, str, int], ...]
    """(channel, kind, rendition, device, concurrent sessions)."""

    places: tuple[tuple[str, str, str, int], ...] = ()
    """(channel, kind, province, concurrent sessions)."""


def read_samples(body: Any) -> list[Sample]:
    """Read the answer of an origin's ``/control/audience``.

    Raises:
        FormatError: If it is none.
    """
    try:
        return [
            Sample(
                int(one["minute"]),
                tuple(
                    (str(channel), str(kind), str(rendition), str(device), int(count))
                    for channel, kind, rendition, device, count in one["cells"]
                ),
                tuple(
                    (str(channel), str(kind), str(province), int(count))
                    for channel, kind, province, count in one.get("places", ())
                ),
            )
            for one in body["minutes"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"no samples of an audience ({type(error).__name__})") from error


class AudienceStore:
    """The file."""

    def __init__(self, path: Path) -> None:
        """Prepare, which asks for the working folder; nothing is opened before :meth:`open`."""
        self._path = path
        address = URL.create("sqlite", database=str(path.absolute()))
        self._engine = create_engine(address, poolclass=NullPool)
        event.listen(self._engine, "connect", _tune)

    def open(self) -> None:
        """Make the file and its tables where they are missing.

        Raises:
            OSError: If it cannot be opened or is no database.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._transaction() as connection:
            _METADATA.create_all(connection)

    def put(self, origin: int, origins: int, samples: Sequence[Sample]) -> None:
        """Keep what an origin told, all or nothing; what was told before stays as it is.

        Args:
            origin: Its number, from 0.
            origins: How many there are.
            samples: By minute.

        Raises:
            OSError: If it cannot be written.
        """
        told = [{"minute": one.minute, "origin": origin, "origins": origins} for one in samples]
        sessions = [
            {
                "minute": one.minute,
                "channel": channel,
                "kind": kind,
                "rendition": rendition,
                "device": device,
                "origin": origin,
                "sessions": count,
            }
            for one in samples
            for channel, kind, rendition, device, count in one.cells
        ]
        places = [
            {
                "minute": one.minute,
                "channel": channel,
                "kind": kind,
                "province": province,
                "origin": origin,
                "sessions": count,
            }
            for one in samples
            for channel, kind, province, count in one.places
        ]
        with self._transaction() as connection:
            for table, rows in ((_TOLD, told), (_SESSIONS, sessions), (_PLACES, places)):
                if rows:
                    connection.execute(sqlite.insert(table).on_conflict_do_nothing(), rows)

    def newest(self, origin: int) -> int | None:
        """Return the newest minute that an origin told.

        Raises:
            OSError: If it cannot be read.
        """
        query = select(func.max(_TOLD.c.minute)).where(_TOLD.c.origin == origin)
        with self._transaction() as connection:
            return connection.execute(query).scalar()

    def quarters(self, first: int, count: int) -> dict[str, Floats]:
        """Return the mean audience of each quarter, of those that follow the clock, by channel.

        Args:
            first: The first quarter.
            count: How many.

        Returns:
            Arrays of shape (count,), NaN where fewer than ten minutes are known and before the
            channel had anybody.

        Raises:
            OSError: If it cannot be read.
        """
        known = _known(first * _MINUTES, (first + count) * _MINUTES).subquery()
        known_in = select(known.c.minute // _MINUTES, func.count()).group_by(
            known.c.minute // _MINUTES
        )
        quarter = _SESSIONS.c.minute // _MINUTES
        watched = (
            select(_SESSIONS.c.channel, quarter, func.sum(_SESSIONS.c.sessions))
            .join(known, known.c.minute == _SESSIONS.c.minute)
            .where(_SESSIONS.c.kind.in_(LIVE_KINDS))
            .group_by(_SESSIONS.c.channel, quarter)
        )
        uncounted = (
            select(_SESSIONS.c.channel, quarter, func.count(_SESSIONS.c.minute.distinct()))
            .join(known, known.c.minute == _SESSIONS.c.minute)
            .where(_SESSIONS.c.kind == _UNCOUNTED)
            .group_by(_SESSIONS.c.channel, quarter)
        )
        minutes = np.zeros(count)
        lost: dict[str, Floats] = {}
        sums: dict[str, Floats] = {}
        with self._transaction() as connection:
            for at, number in connection.execute(known_in):
                minutes[int(at) - first] = number
            for channel, at, number in connection.execute(watched):
                sums.setdefault(channel, np.zeros(count))[int(at) - first] = number
            for channel, at, number in connection.execute(uncounted):
                lost.setdefault(channel, np.zeros(count))[int(at) - first] = number
        means: dict[str, Floats] = {}
        for channel, series in sums.items():
            mine = minutes - lost.get(channel, 0.0)
            mean = np.where(mine >= _LEAST_MINUTES, series / np.maximum(mine, 1), np.nan)
            mean[: int(np.argmax(series > 0))] = np.nan
            means[channel] = mean
        return means

    def renditions(self, first_minute: int) -> dict[tuple[str, str], int]:
        """Return minutes of sessions since a minute, by channel and rendition.

        Raises:
            OSError: If it cannot be read.
        """
        columns = (_SESSIONS.c.channel, _SESSIONS.c.rendition)
        query = (
            select(*columns, func.sum(_SESSIONS.c.sessions))
            .where(_SESSIONS.c.minute >= first_minute, _SESSIONS.c.kind.in_(LIVE_KINDS))
            .group_by(*columns)
        )
        with self._transaction() as connection:
            found = connection.execute(query).all()
        return {(channel, rendition): int(number) for channel, rendition, number in found}

    def minutes(self, channel: str, begin: int, end: int) -> dict[int, int]:
        """Return who followed the clock or watched the past of a channel, by known minute.

        Players that do not report are not in it: radio over plain HTTP would count those of our
        page twice.

        Args:
            channel: Its slug.
            begin: The first minute.
            end: The minute after the last.

        Raises:
            OSError: If it cannot be read.
        """
        known = _known(begin, end)
        sessions = (
            select(_SESSIONS.c.minute, func.sum(_SESSIONS.c.sessions))
            .where(
                _SESSIONS.c.minute >= begin,
                _SESSIONS.c.minute < end,
                _SESSIONS.c.channel == channel,
                _SESSIONS.c.kind.in_(REPORTED_KINDS),
            )
            .group_by(_SESSIONS.c.minute)
        )
        uncounted = select(_SESSIONS.c.minute).where(
            _SESSIONS.c.minute >= begin,
            _SESSIONS.c.minute < end,
            _SESSIONS.c.channel == channel,
            _SESSIONS.c.kind == _UNCOUNTED,
        )
        with self._transaction() as connection:
            found = {int(minute): 0 for (minute,) in connection.execute(known)}
            for minute, number in connection.execute(sessions):
                if int(minute) in found:
                    found[int(minute)] = int(number or 0)
            for (minute,) in connection.execute(uncounted):
                found.pop(int(minute), None)
        return found

    def provinces(self, channel: str, begin: int, end: int) -> dict[str, dict[int, int]]:
        """Return who watched or listened by province, by known minute; zeros are left out.

        Args:
            channel: Its slug.
            begin: The first minute.
            end: The minute after the last.

        Raises:
            OSError: If it cannot be read.
        """
        known = _known(begin, end).subquery()
        query = (
            select(_PLACES.c.province, _PLACES.c.minute, func.sum(_PLACES.c.sessions))
            .join(known, known.c.minute == _PLACES.c.minute)
            .where(_PLACES.c.channel == channel, _PLACES.c.kind.in_(REPORTED_KINDS))
            .group_by(_PLACES.c.province, _PLACES.c.minute)
        )
        found: dict[str, dict[int, int]] = {}
        with self._transaction() as connection:
            for province, minute, number in connection.execute(query):
                found.setdefault(province, {})[int(minute)] = int(number)
        return found

    def remove_before(self, minute: int) -> None:
        """Remove what is older than a minute.

        Raises:
            OSError: If it cannot be written.
        """
        with self._transaction() as connection:
            for table in (_TOLD, _SESSIONS, _PLACES):
                connection.execute(delete(table).where(table.c.minute < minute))

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except exc.DBAPIError as error:
            raise OSError(f"{self._path}: {type(error.orig).__name__}") from error


def _known(begin: int, end: int) -> Select[int]:
    """Return the query for the minutes from ``begin`` to before ``end`` that every origin told."""
    return (
        select(_TOLD.c.minute)
        .where(_TOLD.c.minute >= begin, _TOLD.c.minute < end)
        .group_by(_TOLD.c.minute)
        .having(func.count() >= func.max(_TOLD.c.origins))
    )


def _tune(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    # What a crash of the machine takes from the end, the origins still hold.
    for pragma in ("busy_timeout = 5000", "journal_mode = WAL", "synchronous = NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
