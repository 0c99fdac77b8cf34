"""Put checked days into the database: match, replace, report; blocks, use a thread."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, tzinfo
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from control.database import Database
from control.entries import Draft, PlannedDay, Reading
from control.faults import Fault, fault, tally
from control.journal import Act, lock_channel, raise_versions
from control.matching import Known, match_day, new_id
from control.moments import day_bounds, local_text
from control.report import DayChange, ImportReport
from control.store import Listed, select_listed, to_listed
from control.tables import programmes
from control.text import fold

__all__ = ["store_reading"]


class _DryRunError(Exception):
    """Rolls a trial back."""


def store_reading(
    database: Database,
    reading: Reading,
    *,
    zone: tzinfo,
    act: Act,
    name: str,
    dry_run: bool = False,
) -> ImportReport:
    """Replace the days of a reading, all in one transaction.

    Args:
        database: Where to.
        reading: What a file came to.
        zone: The station's.
        act: Who does it, and when.
        name: The file's name, for the report.
        dry_run: Do everything, and take it back.

    Raises:
        DatabaseError: If it cannot be stored; then nothing is.
    """
    faults: list[Fault] = list(reading.faults)
    days: list[DayChange] = []
    try:
        with database.writing() as connection:
            for channel in sorted({plan.channel for plan in reading.days}):
                lock_channel(connection, channel)
            days = [_DayImport(connection, plan, zone).run(act, faults) for plan in reading.days]
            faults += _neighbours(connection, reading.days, zone)
            changed = {day.channel for day in days if day.added or day.changed or day.removed}
            raise_versions(connection, changed)
            if dry_run:
                raise _DryRunError  # noqa: TRY301  # the transaction's own way back
    except _DryRunError:
        pass
    return ImportReport(
        name=name,
        faults=tuple(tally(faults)),
        refused=reading.refused,
        days=tuple(days),
        dry_run=dry_run,
    )


class _DayImport:
    """One day of one channel."""

    def __init__(self, connection: Connection, plan: PlannedDay, zone: tzinfo) -> None:
        self._connection, self._plan, self._zone = connection, plan, zone
        first_s, last_s = day_bounds(plan.day, zone)
        query = select_listed().where(
            programmes.c.channel == plan.channel,
            programmes.c.start_s >= first_s,
            programmes.c.start_s < last_s,
        )
        rows: Sequence[Row[Any]] = connection.execute(query).all()
        self._known: dict[str, Listed] = {row.id: to_listed(row) for row in rows}
        self._series = {row.id: row.series for row in rows}

    def run(self, act: Act, faults: list[Fault]) -> DayChange:
        """Replace the day; add what an editor should look at to ``faults``."""
        plan = self._plan
        known = [
            Known(name, item.programme.start_s, item.programme.title)
            for name, item in self._known.items()
        ]
        matches = match_day(plan.drafts, known)
        removed = sorted(self._known.keys() - set(matches))
        if removed:
            self._connection.execute(delete(programmes).where(programmes.c.id.in_(removed)))
        faults += [
            fault("decision_lost", detail=name)
            for name in removed
            if _is_decided(self._known[name])
        ]
        added: list[str] = []
        changed: list[str] = []
        for draft, match in zip(plan.drafts, matches, strict=True):
            if match is None:
                added.append(self._insert(draft))
            elif self._change(draft, match, faults):
                changed.append(match)
        if added or changed or removed:
            before = [_short(item) for item in self._known.values()]
            after = [[draft.start_s, draft.end_s, draft.title] for draft in plan.drafts]
            act.write(self._connection, "guide.import", f"{plan.channel} {plan.day}", before, after)
        return DayChange(
            channel=plan.channel,
            day=plan.day,
            total=len(plan.drafts),
            added=tuple(added),
            changed=tuple(changed),
            removed=tuple(removed),
        )

    def _insert(self, draft: Draft) -> str:
        name = new_id(draft, self._zone, self._is_taken)
        self._connection.execute(insert(programmes).values(id=name, **_values(draft)))
        return name

    def _is_taken(self, name: str) -> bool:
        query = select(programmes.c.id).where(programmes.c.id == name)
        return self._connection.execute(query).first() is not None

    def _change(self, draft: Draft, name: str, faults: list[Fault]) -> bool:
        listed = self._known[name]
        old = listed.programme
        as_imported = replace(old, series=self._series[name])
        values = _values(draft)
        stored = {key: getattr(as_imported, key) for key in values}
        stored["categories"] = json.dumps(as_imported.categories, ensure_ascii=False)
        if values == stored:
            return False
        if fold(draft.title) != fold(old.title) and _is_decided(listed):
            faults.append(fault("decision_kept", line=draft.line, detail=name))
        self._connection.execute(update(programmes).where(programmes.c.id == name).values(**values))
        return True


def _is_decided(listed: Listed) -> bool:
    programme = listed.programme
    return listed.rights is not None or programme.as_run_start_s is not None


def _short(listed: Listed) -> list[Any]:
    item = listed.programme
    return [item.start_s, item.end_s, item.title]


def _values(draft: Draft) -> dict[str, Any]:
    return {
        "channel": draft.channel,
        "start_s": draft.start_s,
        "end_s": draft.end_s,
        "title": draft.title,
        "subtitle": draft.subtitle,
        "description": draft.description,
        "categories": json.dumps(draft.categories, ensure_ascii=False),
        "episode": draft.episode,
        "series": draft.series,
        "image": draft.image,
    }


def _neighbours(connection: Connection, plans: Sequence[PlannedDay], zone: tzinfo) -> list[Fault]:
    """Find programmes of days that were not imported that overlap with days that were."""
    imported: set[tuple[str, date]] = {(plan.channel, plan.day) for plan in plans}
    found: list[Fault] = []
    for plan in plans:
        first_s, last_s = day_bounds(plan.day, zone)
        first, last = plan.drafts[0], max(plan.drafts, key=lambda draft: draft.end_s)
        query = select(programmes.c.id, programmes.c.start_s).where(
            programmes.c.channel == plan.channel,
            programmes.c.start_s > first_s - 2 * 86_400,
            or_(
                (programmes.c.start_s < first_s) & (programmes.c.end_s > first.start_s),
                (programmes.c.start_s >= last_s) & (programmes.c.start_s < last.end_s),
            ),
        )
        for row in connection.execute(query):
            day = date.fromisoformat(local_text(row.start_s, zone, "%Y-%m-%d"))
            if (plan.channel, day) not in imported:
                line = first.line if row.start_s < first_s else last.line
                found.append(fault("neighbour", line=line, detail=row.id))
    return found
