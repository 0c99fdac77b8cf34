"""Entries of a guide file, as read, to checked days of channels.  Sans-I/O.

The rule of an import: all or nothing for each channel and day.  A day with a fault keeps the guide
it had; a day without one is replaced whole; no other day is touched.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, tzinfo
from itertools import pairwise
from typing import Final

from control.faults import Fault, FaultError, fault, tally
from control.moments import Moment, day_of, local_text, parse_moment
from control.text import clean, slug_of
from core.errors import FormatError

__all__ = ["Context", "Draft", "Entry", "PlannedDay", "Reading", "read_entries"]

MAX_ENTRIES: Final = 20_000
_MAX_TITLE: Final = 200
_MAX_SHORT: Final = 100
_MAX_DESCRIPTION: Final = 4_000
_MAX_CATEGORIES: Final = 8
_MAX_IMAGE: Final = 500
_MAX_SERIES: Final = 64
_DAY_S: Final = 86_400
_YEAR_S: Final = 366 * _DAY_S
_LEAST_GAP_S: Final = 60
_LONGEST_GUESS_S: Final = 6 * 3600
"""A programme without an end lasts until the next one, but not longer than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One programme as its file has it: text, not yet judged."""

    line: int
    channel: str
    start: str
    end: str = ""
    title: str = ""
    subtitle: str = ""
    description: str = ""
    categories: tuple[str, ...] = ()
    episode: str = ""
    series: str = ""
    image: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a file is read against."""

    channels: Mapping[str, str]
    """Slug of a channel by each name that a file may have for it, casefolded."""

    zone: tzinfo
    """The station's."""

    now_s: int
    """UNIX seconds."""

    only: str | None = None
    """Slug of the channel that the whole file is of, whatever it says; None to believe it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One programme, checked and clean, not yet in the guide and so without an id."""

    line: int
    channel: str
    day: date
    start_s: int
    end_s: int
    title: str
    subtitle: str = ""
    description: str = ""
    categories: tuple[str, ...] = ()
    episode: str = ""
    series: str = ""
    image: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDay:
    """A day of a channel without a fault."""

    channel: str
    day: date
    drafts: tuple[Draft, ...]
    """By start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a file came to."""

    days: tuple[PlannedDay, ...]
    """To be imported."""

    refused: tuple[tuple[str, date], ...]
    """Channel and day of each day that keeps the guide it had."""

    faults: tuple[Fault, ...]
    """By line."""


@dataclass(slots=True)
class _Work:
    """What is known while a file is judged."""

    context: Context
    faults: list[Fault] = field(default_factory=list)
    spoilt: set[tuple[str, date]] = field(default_factory=set)

    def spoil(self, item: Fault, channel: str, day: date | None) -> None:
        self.faults.append(item)
        if day is not None:
            self.spoilt.add((channel, day))


def read_entries(entries: Sequence[Entry], context: Context) -> Reading:
    """Judge every entry and every day.

    Raises:
        FaultError: If nothing of the file can be taken.
    """
    if not entries:
        raise FaultError(fault("empty"))
    if len(entries) > MAX_ENTRIES:
        raise FaultError(fault("too_many", detail=MAX_ENTRIES, line=entries[MAX_ENTRIES].line))
    work = _Work(context)
    by_channel: dict[str, list[Entry]] = defaultdict(list)
    _one_channel(entries, context)
    for entry in entries:
        slug = context.only or context.channels.get(entry.channel.strip().casefold())
        if slug is None:
            work.faults.append(
                fault("unknown_channel", line=entry.line, detail=entry.channel.strip() or '""')
            )
        else:
            by_channel[slug].append(entry)
    days: list[PlannedDay] = []
    for slug, items in by_channel.items():
        days += _read_channel(slug, items, work)
    return Reading(
        days=tuple(days), refused=tuple(sorted(work.spoilt)), faults=tuple(tally(work.faults))
    )


def _one_channel(entries: Iterable[Entry], context: Context) -> None:
    if context.only is None:
        return
    names = sorted({entry.channel.strip() for entry in entries} - {""})
    if len(names) > 1:
        raise FaultError(fault("several_channels", detail=", ".join(names)))


@dataclass(frozen=True, slots=True)
class _Timed:
    entry: Entry
    start_s: int
    end_s: int | None


def _read_channel(slug: str, entries: Sequence[Entry], work: _Work) -> list[PlannedDay]:
    timed = _read_times(slug, entries, work)
    timed.sort(key=lambda item: (item.start_s, item.entry.line))
    timed = _without_duplicates(timed, work)
    drafts: list[Draft] = []
    for place, item in enumerate(timed):
        following = timed[place + 1].start_s if place + 1 < len(timed) else None
        drafts.append(_draft(slug, item, following, work))
    _compare_neighbours(slug, drafts, work)
    by_day: dict[date, list[Draft]] = defaultdict(list)
    for draft in drafts:
        by_day[draft.day].append(draft)
    return [
        PlannedDay(channel=slug, day=day, drafts=tuple(items))
        for day, items in sorted(by_day.items())
        if (slug, day) not in work.spoilt
    ]


def _read_times(slug: str, entries: Sequence[Entry], work: _Work) -> list[_Timed]:
    """Read starts and ends; a start that cannot be read spoils the days on both sides of it."""
    found: list[_Timed] = []
    last_day: date | None = None
    unread = False
    for entry in entries:
        start = _moment(entry.start, entry.line, work, work.faults.append)
        if start is None:
            unread = True
            if last_day is not None:
                work.spoilt.add((slug, last_day))
            continue
        day = day_of(start.unix_s, work.context.zone)
        if unread:
            work.spoilt.add((slug, day))
        last_day, unread = day, False
        if abs(start.unix_s - work.context.now_s) > _YEAR_S:
            work.spoil(fault("far_date", line=entry.line, detail=day), slug, day)
        end: Moment | None = None
        if entry.end.strip():
            end = _moment(
                entry.end,
                entry.line,
                work,
                lambda item, day=day: work.spoil(item, slug, day),  # type: ignore[misc]
            )
        found.append(_Timed(entry, start.unix_s, None if end is None else end.unix_s))
    return found


def _moment(text: str, line: int, work: _Work, complain: Callable[[Fault], None]) -> Moment | None:
    zone = work.context.zone
    try:
        moment = parse_moment(text, zone)
    except FormatError as error:
        complain(fault(error.code, line=line, detail=f'"{text.strip()}"'))
        return None
    if not moment.zone:
        detail = local_text(moment.unix_s, zone, "%z")
        work.faults.append(fault("no_zone", line=line, detail=detail))
    elif not moment.is_stations:
        work.faults.append(fault("other_zone", line=line, detail=moment.zone))
    return moment


def _without_duplicates(timed: Sequence[_Timed], work: _Work) -> list[_Timed]:
    kept: list[_Timed] = []
    for item in timed:
        before = kept[-1] if kept else None
        same = before is not None and (before.start_s, before.end_s) == (item.start_s, item.end_s)
        if before is not None and same and before.entry.title == item.entry.title:
            work.faults.append(fault("duplicate", line=item.entry.line, detail=before.entry.line))
        else:
            kept.append(item)
    return kept


def _draft(slug: str, item: _Timed, following: int | None, work: _Work) -> Draft:
    entry, zone = item.entry, work.context.zone
    day = day_of(item.start_s, zone)
    end_s = item.end_s
    if end_s is None:
        limit = item.start_s + _LONGEST_GUESS_S
        end_s = limit if following is None else min(following, limit)
        if following is None or following > limit:
            detail = local_text(end_s, zone)
            work.faults.append(fault("no_end", line=entry.line, detail=detail))
    # Two that begin together overlap, and that is said below.
    together = item.end_s is None and following == item.start_s
    if end_s <= item.start_s and not together:
        work.spoil(fault("end_before_start", line=entry.line, detail=entry.end.strip()), slug, day)
    elif end_s - item.start_s > _DAY_S:
        work.spoil(fault("too_long", line=entry.line, detail=entry.end.strip()), slug, day)
        end_s = item.start_s + 1  # no overlap with the days after it, which are innocent
    return Draft(
        line=entry.line,
        channel=slug,
        day=day,
        start_s=item.start_s,
        end_s=end_s,
        title=_title(entry, slug, day, work),
        subtitle=_text(entry.subtitle, "subtitle", _MAX_TITLE, entry, work),
        description=_text(entry.description, "description", _MAX_DESCRIPTION, entry, work),
        categories=_categories(entry, work),
        episode=_text(entry.episode, "episode", _MAX_SHORT, entry, work),
        series=_series(entry, work),
        image=_image(entry, work),
    )


def _title(entry: Entry, slug: str, day: date, work: _Work) -> str:
    found = clean(entry.title, limit=_MAX_TITLE)
    if found.cut:
        work.spoil(fault("long_title", line=entry.line, detail=len(entry.title)), slug, day)
    if not found.text:
        work.spoil(fault("empty_title", line=entry.line, detail=entry.start.strip()), slug, day)
    if found.removed:
        work.faults.append(fault("characters", line=entry.line, detail="title"))
    return found.text


def _text(text: str, name: str, limit: int, entry: Entry, work: _Work) -> str:
    found = clean(text, limit=limit, lines=name == "description")
    if found.removed:
        work.faults.append(fault("characters", line=entry.line, detail=name))
    if found.cut:
        work.faults.append(fault("cut_text", line=entry.line, detail=name))
    return found.text


def _categories(entry: Entry, work: _Work) -> tuple[str, ...]:
    texts = [_text(text, "category", _MAX_SHORT, entry, work) for text in entry.categories[:32]]
    if len(entry.categories) > _MAX_CATEGORIES:
        work.faults.append(fault("cut_text", line=entry.line, detail="categories"))
    return tuple(dict.fromkeys(text for text in texts if text))[:_MAX_CATEGORIES]


def _series(entry: Entry, work: _Work) -> str:
    wanted = entry.series.strip()
    slug = slug_of(wanted[:1000], limit=_MAX_SERIES)
    if wanted != slug:
        work.faults.append(fault("bad_series", line=entry.line, detail=wanted))
    return slug


def _image(entry: Entry, work: _Work) -> str:
    address = entry.image.strip()
    if not address:
        return ""
    good = (
        len(address) <= _MAX_IMAGE
        and address.startswith(("https://", "http://"))
        and address.isascii()
        and address.isprintable()
        and not set(address) & set(" <>\"'`\\")
    )
    if not good:
        work.faults.append(fault("bad_image", line=entry.line))
    return address if good else ""


def _compare_neighbours(slug: str, drafts: Sequence[Draft], work: _Work) -> None:
    """Find overlaps and gaps; an overlap is the later programme's, which is moved more easily."""
    longest: Draft | None = None
    for before, after in pairwise(drafts):
        if longest is None or before.end_s > longest.end_s:
            longest = before
        if after.start_s < longest.end_s or after.start_s == before.start_s:
            work.spoil(fault("overlap", line=after.line, detail=longest.line), slug, after.day)
            continue
        gap_s = after.start_s - longest.end_s
        days_apart = (after.day - longest.day).days
        if gap_s >= _LEAST_GAP_S and days_apart <= 1:
            minutes = f"{gap_s // 60} phút/min"
            work.faults.append(fault("gap", line=after.line, detail=minutes))
