"""What the control room keeps: guide, decisions, takedowns, audit; blocks, so use a thread.

Each change is one transaction that holds the change, its line in the audit and the raised version
of the channels that it concerns.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from control.database import Database
from control.journal import (
    Act,
    AuditEntry,
    add_channels,
    lock_channel,
    raise_versions,
    read_audit,
)
from control.rights import Rights, parse_rights
from control.tables import decisions, imports, programmes, series_rules, takedowns, versions
from core.errors import RefusedError
from core.guide import GuideSnapshot, Programme, Takedown

__all__ = ["Listed", "ListedTakedown", "Store", "select_listed", "to_listed"]

_MAX_AS_RUN_SHIFT_S: Final = 12 * 3600
_MAX_TAKEDOWN_S: Final = 31 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A programme with the names of the rights that made it so."""

    programme: Programme
    """As the data plane sees it."""

    rights: str | None
    """The operator's decision for this programme; None for none."""

    series_rights: str | None
    """The rule of its series; None for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTakedown:
    """A takedown with its number."""

    id: int
    channel: str
    span: Takedown
    created_s: int
    """UNIX seconds."""


class Store:
    """The control room's memory."""

    def __init__(self, database: Database) -> None:
        """Prepare; ``database`` is opened by :meth:`open`."""
        self.database = database

    def open(self, channels: Iterable[str]) -> None:
        """Open the database and make it know the channels.

        Raises:
            DatabaseError: If it does not answer.
        """
        self.database.open()
        wanted = set(channels)
        if wanted - self.versions().keys():
            with self.database.writing() as connection:
                add_channels(connection, wanted)

    def versions(self) -> dict[str, int]:
        """Return each channel's version, which rises whenever something of it changes."""
        with self.database.reading() as connection:
            rows = connection.execute(select(versions.c.channel, versions.c.version)).all()
            return dict(map(tuple, rows))

    def snapshot(self, channel: str, *, first_s: int, last_s: int) -> GuideSnapshot:
        """Return what the data plane is to know of a channel.

        Args:
            channel: Slug.
            first_s: Programmes that ended before are left out, UNIX seconds.
            last_s: Those that begin after, too.
        """
        with self.database.reading() as connection:
            listed = _listed(connection, channel, first_s, last_s)
            spans = _takedowns(connection, channel)
        found = sorted((item.programme for item in listed), key=lambda item: item.began_s)
        return GuideSnapshot(
            channel=channel,
            programmes=tuple(found),
            takedowns=tuple(item.span for item in spans),
        )

    def programmes(self, channel: str, *, first_s: int, last_s: int) -> list[Listed]:
        """Return the programmes that are on between two moments, by start."""
        with self.database.reading() as connection:
            return _listed(connection, channel, first_s, last_s)

    def programme(self, name: str) -> Listed:
        """Return one programme.

        Raises:
            RefusedError: If there is none of that id.
        """
        with self.database.reading() as connection:
            return _one(connection, name)

    def ends(self) -> dict[str, int]:
        """Return the end of each channel's last programme, UNIX seconds."""
        with self.database.reading() as connection:
            query = select(programmes.c.channel, func.max(programmes.c.end_s))
            rows = connection.execute(query.group_by(programmes.c.channel)).all()
            return dict(map(tuple, rows))

    # Decisions

    def set_rights(self, name: str, text: str, act: Act) -> Listed:
        """Decide a programme's rights; ``default`` takes the decision back.

        Raises:
            RefusedError: If there is no such programme or right.
        """
        rights = parse_rights(text)
        stored = None if rights is None else rights.name
        return self._decide(name, "rights.set", {"rights": stored}, act)

    def set_series(self, name: str, series: str | None, act: Act) -> Listed:
        """Put a programme into a series, or into none with ``""``; None believes the guide again.

        Raises:
            RefusedError: If there is no such programme.
        """
        return self._decide(name, "series.set", {"series": series}, act)

    def set_as_run(self, name: str, start_s: int | None, end_s: int | None, act: Act) -> Listed:
        """Say when a programme really began, and ended; None for both takes it back.

        Raises:
            RefusedError: If there is no such programme, or the times cannot be.
        """
        planned = self.programme(name).programme
        if start_s is not None:
            if abs(start_s - planned.start_s) > _MAX_AS_RUN_SHIFT_S:
                raise RefusedError(
                    "giờ phát thật cách lịch quá 12 giờ; xem lại ngày / more than 12 hours from the"
                    " guide; look at the day again",
                    code="wrong_time",
                )
            last_s = planned.end_s if end_s is None else end_s
            if not start_s < last_s <= start_s + 86_400:
                raise RefusedError(
                    "giờ kết thúc phải sau giờ bắt đầu, trong vòng 24 giờ / the end must follow the"
                    " start within 24 hours; give START and END",
                    code="wrong_time",
                )
        values = {"as_run_start_s": start_s, "as_run_end_s": end_s}
        return self._decide(name, "as-run.set", values, act)

    def _decide(self, name: str, action: str, values: Mapping[str, Any], act: Act) -> Listed:
        with self.database.writing() as connection:
            channel = _one(connection, name).programme.channel
            lock_channel(connection, channel)
            row = connection.execute(
                select(decisions).where(decisions.c.programme == name)
            ).one_or_none()
            before = {key: None if row is None else row._mapping[key] for key in values}  # noqa: SLF001
            if row is None:
                connection.execute(insert(decisions).values(programme=name, **values))
            else:
                connection.execute(
                    update(decisions).where(decisions.c.programme == name).values(**values)
                )
            act.write(connection, action, name, before, dict(values))
            raise_versions(connection, [channel])
            return _one(connection, name)

    def set_series_rights(self, series: str, text: str, act: Act) -> Rights | None:
        """Decide the rights of a series' programmes, those to come too; ``default`` ends the rule.

        Raises:
            RefusedError: If there is no such right.
        """
        rights = parse_rights(text)
        with self.database.writing() as connection:
            rule = select(series_rules.c.rights).where(series_rules.c.series == series)
            before = connection.execute(rule).scalar_one_or_none()
            if rights is None:
                connection.execute(delete(series_rules).where(series_rules.c.series == series))
            else:
                dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
                row = dialect.insert(series_rules).values(series=series, rights=rights.name)
                connection.execute(
                    row.on_conflict_do_update(
                        index_elements=["series"], set_={"rights": rights.name}
                    )
                )
            after = None if rights is None else rights.name
            act.write(connection, "series-rights.set", series, before, after)
            # Any channel may have programmes of the series, now or with its next guide.
            raise_versions(connection, connection.scalars(select(versions.c.channel)).all())
        return rights

    # Takedowns

    def add_takedown(self, channel: str, span: Takedown, act: Act) -> ListedTakedown:
        """Take a span down.

        Raises:
            RefusedError: If it is no span, or longer than a month.
        """
        if not 0 < span.end_s - span.start_s <= _MAX_TAKEDOWN_S:
            raise RefusedError(
                "khoảng thời gian phải dài hơn 0, không quá 31 ngày / the span must be longer than"
                " nothing and at most 31 days",
                code="wrong_time",
            )
        with self.database.writing() as connection:
            lock_channel(connection, channel)
            row = insert(takedowns).values(
                channel=channel,
                start_s=span.start_s,
                end_s=span.end_s,
                reason=span.reason,
                created_s=act.at_s,
            )
            number = connection.execute(row.returning(takedowns.c.id)).scalar_one()
            facts = {"start_s": span.start_s, "end_s": span.end_s, "reason": span.reason}
            act.write(connection, "takedown.add", f"{channel} {number}", None, facts)
            raise_versions(connection, [channel])
        return ListedTakedown(id=number, channel=channel, span=span, created_s=act.at_s)

    def takedowns(self, channel: str | None = None) -> list[ListedTakedown]:
        """Return the takedowns in force, oldest first."""
        with self.database.reading() as connection:
            return _takedowns(connection, channel)

    def undo_takedown(self, number: int, act: Act) -> ListedTakedown:
        """End a takedown.

        Raises:
            RefusedError: If none of that number is in force.
        """
        with self.database.writing() as connection:
            found = [item for item in _takedowns(connection, None) if item.id == number]
            # Of two who undo it at once, one finds nothing left to undo.
            undone = connection.execute(
                update(takedowns)
                .where(takedowns.c.id == number, takedowns.c.undone_s.is_(None))
                .values(undone_s=act.at_s)
            )
            if not found or undone.rowcount != 1:
                raise RefusedError(
                    f"không có lệnh gỡ số {number} / there is no takedown {number}",
                    code="unknown_takedown",
                )
            item = found[0]
            lock_channel(connection, item.channel)
            span = item.span
            facts = {"start_s": span.start_s, "end_s": span.end_s, "reason": span.reason}
            act.write(connection, "takedown.undo", f"{item.channel} {number}", facts, None)
            raise_versions(connection, [item.channel])
        return item

    # Journals

    def audit(self, *, limit: int, before_id: int | None = None) -> list[AuditEntry]:
        """Return the newest entries of the audit, newest first."""
        with self.database.reading() as connection:
            return read_audit(connection, limit=limit, before_id=before_id)

    def note(self, act: Act, action: str, subject: str, after: Any) -> None:
        """Append a row to the audit about something that is not kept here."""
        with self.database.writing() as connection:
            act.write(connection, action, subject, None, after)

    def note_import(self, name: str, result: str, act: Act) -> None:
        """Count an import that was tried."""
        with self.database.writing() as connection:
            connection.execute(
                insert(imports).values(at_s=act.at_s, who=act.who, name=name[:500], result=result)
            )

    def import_counts(self) -> dict[str, int]:
        """Return how many imports were tried, by result."""
        with self.database.reading() as connection:
            query = select(imports.c.result, func.count()).group_by(imports.c.result)
            return dict(map(tuple, connection.execute(query).all()))


def select_listed() -> Select[Any]:
    """Return the query of programmes with everything that was decided of them."""
    series = func.coalesce(decisions.c.series, programmes.c.series)
    return (
        select(
            programmes,
            decisions.c.rights,
            decisions.c.series.label("decided_series"),
            decisions.c.as_run_start_s,
            decisions.c.as_run_end_s,
            series_rules.c.rights.label("series_rights"),
        )
        .join(decisions, decisions.c.programme == programmes.c.id, isouter=True)
        .join(series_rules, series_rules.c.series == series, isouter=True)
        .order_by(programmes.c.start_s, programmes.c.id)
    )


def to_listed(row: Row[Any]) -> Listed:
    """Make a programme of a row of :func:`select_listed`."""
    stored = row.rights if row.rights is not None else row.series_rights
    rights = None if stored is None else parse_rights(stored)
    programme = Programme(
        id=row.id,
        channel=row.channel,
        start_s=row.start_s,
        end_s=row.end_s,
        title=row.title,
        subtitle=row.subtitle,
        description=row.description,
        categories=tuple(json.loads(row.categories)),
        episode=row.episode,
        series=row.series if row.decided_series is None else row.decided_series,
        image=row.image,
        as_run_start_s=row.as_run_start_s,
        as_run_end_s=row.as_run_end_s,
        catch_up_days=None if rights is None else rights.catch_up_days,
        blackout=rights is not None and rights.blackout,
    )
    return Listed(programme=programme, rights=row.rights, series_rights=row.series_rights)


def _listed(connection: Connection, channel: str, first_s: int, last_s: int) -> list[Listed]:
    query = select_listed().where(
        programmes.c.channel == channel,
        programmes.c.end_s > first_s,
        programmes.c.start_s < last_s,
    )
    return [to_listed(row) for row in connection.execute(query)]


def _one(connection: Connection, name: str) -> Listed:
    row = connection.execute(select_listed().where(programmes.c.id == name)).one_or_none()
    if row is None:
        raise RefusedError(
            f"không có chương trình {name[:80]!r}; xem `lensong guide show` / there is no such"
            " programme; `lensong guide show` lists them",
            code="unknown_programme",
        )
    return to_listed(row)


def _takedowns(connection: Connection, channel: str | None) -> list[ListedTakedown]:
    query = select(takedowns).where(takedowns.c.undone_s.is_(None)).order_by(takedowns.c.id)
    if channel is not None:
        query = query.where(takedowns.c.channel == channel)
    return [
        ListedTakedown(
            id=row.id,
            channel=row.channel,
            span=Takedown(start_s=row.start_s, end_s=row.end_s, reason=row.reason),
            created_s=row.created_s,
        )
        for row in connection.execute(query)
    ]
