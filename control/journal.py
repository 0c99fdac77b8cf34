"""The audit and the channels' versions: what every change writes beside itself."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, desc, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from control.tables import audit, versions

__all__ = ["Act", "AuditEntry", "add_channels", "lock_channel", "raise_versions", "read_audit"]

_MAX_WHO: Final = 200
_MAX_SUBJECT: Final = 200


@dataclass(frozen=True, slots=True)
class Act:
    """Somebody does something, at a moment."""

    who: str
    """``cli:hoa``, ``api:news-system``, ``folder``."""

    at_s: int
    """UNIX seconds."""

    def write(
        self, connection: Connection, action: str, subject: str, before: Any, after: Any
    ) -> None:
        """Append a row to the audit; ``before`` and ``after`` are JSON values."""
        connection.execute(
            insert(audit).values(
                at_s=self.at_s,
                who=self.who[:_MAX_WHO],
                action=action,
                subject=subject[:_MAX_SUBJECT],
                before=json.dumps(before, ensure_ascii=False),
                after=json.dumps(after, ensure_ascii=False),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One row of the audit."""

    id: int
    at_s: int
    """UNIX seconds."""

    who: str
    action: str
    """What was done: ``guide.import``, ``rights.set``, ``takedown.add``."""

    subject: str
    """To what: a programme's id, a series, a channel and day."""

    before: Any
    """JSON value; None where there was nothing."""

    after: Any


def read_audit(connection: Connection, *, limit: int, before_id: int | None) -> list[AuditEntry]:
    """Return the newest entries, newest first."""
    query = select(audit).order_by(desc(audit.c.id)).limit(limit)
    if before_id is not None:
        query = query.where(audit.c.id < before_id)
    return [
        AuditEntry(
            id=row.id,
            at_s=row.at_s,
            who=row.who,
            action=row.action,
            subject=row.subject,
            before=json.loads(row.before),
            after=json.loads(row.after),
        )
        for row in connection.execute(query)
    ]


def add_channels(connection: Connection, channels: Iterable[str]) -> None:
    """Make the version row of channels that have none."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    for channel in sorted(channels):
        row = dialect.insert(versions).values(channel=channel, version=1)
        connection.execute(row.on_conflict_do_nothing())


def lock_channel(connection: Connection, channel: str) -> None:
    """Let nobody else change this channel until the transaction ends."""
    add_channels(connection, [channel])
    connection.execute(
        select(versions.c.version).where(versions.c.channel == channel).with_for_update()
    )


def raise_versions(connection: Connection, channels: Iterable[str]) -> None:
    """Say that something of these channels changed."""
    for channel in sorted(channels):  # always in one order, so that no two wait for each other
        connection.execute(
            update(versions)
            .where(versions.c.channel == channel)
            .values(version=versions.c.version + 1)
        )
