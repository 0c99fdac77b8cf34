"""The control room's acts, shared by API, commands and folder; blocks, use a thread."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from control.database import Database
from control.entries import Context
from control.forms import read_guide
from control.importing import store_reading
from control.journal import Act
from control.moments import day_bounds, day_of, parse_moment
from control.report import ImportReport
from control.snapshots import SnapshotWriter
from control.store import Listed, ListedTakedown, Store
from control.text import clean, slug_of
from core.config import Settings
from core.environment import database_url
from core.errors import ConfigError, FormatError, RefusedError
from core.guide import Takedown, xmltv_id

__all__ = ["ControlRoom", "station_zone"]

log = structlog.get_logger()

_MAX_REASON: Final = 500
_MAX_SERIES: Final = 64


class ControlRoom:
    """One installation's guide and rights."""

    def __init__(self, settings: Settings, *, environment: Mapping[str, str] | None = None) -> None:
        """Prepare; nothing is opened before :meth:`open`.

        Args:
            settings: The installation.
            environment: Where the database's URL is looked up; this process's own when None.

        Raises:
            ConfigError: If the zone or the database's URL is wrong.
        """
        url = database_url(settings, environment)
        file = settings.paths.data_dir / "control.db"
        self.store = Store(Database(url, sqlite_file=file))
        self.configure(settings)

    def configure(self, settings: Settings) -> None:
        """Use other settings from now on, but for the database.

        Raises:
            ConfigError: If the zone is unknown.
        """
        self.zone = station_zone(settings)
        self.channels = tuple(channel.slug for channel in settings.channels)
        self._names = {
            name.casefold(): channel.slug
            for channel in settings.channels
            for name in (channel.slug, xmltv_id(channel.slug), *channel.guide_ids)
        }
        self.snapshots = SnapshotWriter(
            settings.guide_dir,
            self.store,
            archive_days=max(channel.archive_days for channel in settings.channels),
        )

    def open(self) -> None:
        """Open the database.

        Raises:
            DatabaseError: If it does not answer.
        """
        self.store.open(self.channels)

    def close(self) -> None:
        """Close the database."""
        self.store.database.close()

    def import_guide(
        self, data: bytes, *, name: str, act: Act, only: str | None = None, dry_run: bool = False
    ) -> ImportReport:
        """Import a file.

        Args:
            data: Its bytes, at most 5 MB.
            name: What it is called, for the report.
            act: Who imports it.
            only: The channel that the whole file is of; None to believe the file.
            dry_run: Say what would be done, and do nothing.

        Raises:
            RefusedError: If there is no channel ``only``.
            DatabaseError: If nothing can be stored.
            SnapshotError: If it is stored, but the data plane could not be told.
        """
        if only is not None:
            self.check_channel(only)
        context = Context(channels=self._names, zone=self.zone, now_s=act.at_s, only=only)
        reading = read_guide(data, context)
        report = store_reading(
            self.store.database, reading, zone=self.zone, act=act, name=name, dry_run=dry_run
        )
        if not dry_run:
            self.store.note_import(name, report.result, act)
            log.info("guide_import", name=name, who=act.who, result=report.result)
            self.snapshots.write(report.channels, now_s=act.at_s)
        return report

    def day(self, channel: str, day: date) -> list[Listed]:
        """Return the programmes that are on during a station's day.

        Raises:
            RefusedError: If there is no such channel.
        """
        self.check_channel(channel)
        first_s, last_s = day_bounds(day, self.zone)
        return self.store.programmes(channel, first_s=first_s, last_s=last_s)

    def today(self, now_s: int) -> date:
        """Return the station's day."""
        return day_of(now_s, self.zone)

    def set_rights(self, name: str, rights: str, act: Act) -> Listed:
        """Decide a programme's rights."""
        return self._told(self.store.set_rights(name, rights, act), act)

    def set_series(self, name: str, series: str | None, act: Act) -> Listed:
        """Put a programme into a series; ``""`` into none, None as the guide says."""
        if series and series != slug_of(series, limit=_MAX_SERIES):
            raise _bad_series(series)
        return self._told(self.store.set_series(name, series, act), act)

    def set_as_run(self, name: str, start: str | None, end: str | None, act: Act) -> Listed:
        """Say when a programme really began and ended; local ISO times, None takes it back."""
        start_s = None if start is None else self.moment(start)
        end_s = None if end is None else self.moment(end)
        return self._told(self.store.set_as_run(name, start_s, end_s, act), act)

    def set_series_rights(self, series: str, rights: str, act: Act) -> None:
        """Decide the rights of a series."""
        if not series or series != slug_of(series, limit=_MAX_SERIES):
            raise _bad_series(series)
        self.store.set_series_rights(series, rights, act)
        self.snapshots.write(self.channels, now_s=act.at_s)

    def take_down(
        self, channel: str, start: str, end: str, *, reason: str, act: Act
    ) -> ListedTakedown:
        """Take a span of a channel down."""
        self.check_channel(channel)
        span = Takedown(
            start_s=self.moment(start),
            end_s=self.moment(end),
            reason=clean(reason, limit=_MAX_REASON).text,
        )
        if not span.reason:
            raise RefusedError("hãy ghi lý do / give a reason", code="no_reason")
        found = self.store.add_takedown(channel, span, act)
        self.snapshots.write([channel], now_s=act.at_s)
        return found

    def undo_takedown(self, number: int, act: Act) -> ListedTakedown:
        """End a takedown."""
        found = self.store.undo_takedown(number, act)
        self.snapshots.write([found.channel], now_s=act.at_s)
        return found

    def moment(self, text: str) -> int:
        """Read a local time, or one with a zone; return UNIX seconds.

        Raises:
            RefusedError: If it is no time.
        """
        try:
            return parse_moment(text, self.zone).unix_s
        except FormatError as error:
            raise RefusedError(
                f"không đọc được giờ {text[:40]!r} / the time cannot be read;"
                " viết / write 2026-11-23T19:00",
                code="wrong_time",
            ) from error

    def check_channel(self, slug: str) -> None:
        """Refuse a channel that there is not.

        Raises:
            RefusedError: With the names of those that there are.
        """
        if slug not in self.channels:
            raise RefusedError(
                f"không có kênh {slug[:40]!r} / there is no such channel;"
                f" có / there are: {', '.join(self.channels)}",
                code="unknown_channel",
            )

    def _told(self, listed: Listed, act: Act) -> Listed:
        self.snapshots.write([listed.programme.channel], now_s=act.at_s)
        return listed


def _bad_series(series: str) -> RefusedError:
    return RefusedError(
        f"mã loạt chương trình {series[:40]!r} chỉ gồm a-z, 0-9 và dấu gạch / a series' name holds"
        " a-z, 0-9 and dashes alone",
        code="wrong_series",
    )


def station_zone(settings: Settings) -> tzinfo:
    """Return the station's zone; reads the host's zone files.

    Raises:
        ConfigError: If there is no such zone.
    """
    name = settings.station.timezone
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(f"station.timezone: there is no time zone {name!r}") from error
