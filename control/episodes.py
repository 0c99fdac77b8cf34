"""Which episodes of the podcasts are to be made, and which have to go.  Sans-I/O.

An episode is a programme of a radio channel whose series is a podcast, once it has ended and as
long as its rights allow catch-up.  The guide that is looked at is a window which moves on: an
episode that has left it stays until its own rights end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from core.clip_orders import clean_text
from core.clip_records import (
    DONE,
    FAILED,
    WAITING,
    ClipRecord,
    access_to_record,
    episode_id,
)
from core.clip_settings import PodcastSettings
from core.config import ChannelSettings
from core.guide import GuideSnapshot, Programme
from core.ladder import renditions_of
from core.rights import Access

__all__ = ["EpisodePlan", "decide_episodes"]

_NS: Final = 1_000_000_000
_DAY_S: Final = 86_400
_AGAIN_S: Final = 600
"""A failed episode is tried again after so long."""


@dataclass(frozen=True, slots=True)
class EpisodePlan:
    """What is to be done."""

    make: tuple[ClipRecord, ...]
    """To be made, or made again since the programme's times were corrected."""

    correct: tuple[ClipRecord, ...]
    """What is made stays, its words change."""

    remove: tuple[ClipRecord, ...]


def decide_episodes(
    podcasts: Sequence[PodcastSettings],
    guides: Sequence[tuple[ChannelSettings, GuideSnapshot]],
    records: Iterable[ClipRecord],
    *,
    now_s: int,
) -> EpisodePlan:
    """Decide what is to be made and what has to go.

    Args:
        podcasts: As the settings name them.
        guides: Radio channels and what is known of their guide.
        records: The episodes that there are, in any state.
        now_s: UNIX seconds.
    """
    known = {record.id: record for record in records}
    snapshots = {snapshot.channel: snapshot for _, snapshot in guides}
    make: list[ClipRecord] = []
    correct: list[ClipRecord] = []
    keep: set[str] = set()
    for podcast in podcasts:
        wanted = {item.id: item for item in _wanted(podcast, guides, now_s)}
        kept = {
            record.id: record
            for record in known.values()
            if record.series == podcast.series
            and _may_stay(record, snapshots.get(record.channel), now_s)
        }
        newest = sorted(
            (kept | wanted).values(), key=lambda item: (item.start_ns, item.id), reverse=True
        )[: podcast.keep_episodes]
        keep |= {item.id for item in newest}
        for item in newest:
            if item.id not in wanted:
                continue
            change = _change(known.get(item.id), wanted[item.id], now_s)
            if change is not None:
                (correct if change.state == DONE else make).append(change)
    gone = [record for record in known.values() if record.id not in keep]
    return EpisodePlan(tuple(make), tuple(correct), tuple(gone))


def _wanted(
    podcast: PodcastSettings,
    guides: Iterable[tuple[ChannelSettings, GuideSnapshot]],
    now_s: int,
) -> list[ClipRecord]:
    """Return the episodes that can be made, as orders."""
    found = []
    for channel, snapshot in guides:
        since_s = now_s - channel.archive_days * _DAY_S
        for item in snapshot.programmes:
            ended = item.series == podcast.series and since_s < item.began_s < item.ended_s <= now_s
            order = _order(podcast, channel, item, now_s) if ended else None
            if order is not None and _may_stay(order, snapshot, now_s):
                found.append(order)
    return found


def _order(
    podcast: PodcastSettings, channel: ChannelSettings, item: Programme, now_s: int
) -> ClipRecord | None:
    days = item.catch_up_days
    return ClipRecord(
        id=episode_id(item.id),
        channel=channel.slug,
        kind="radio",
        start_ns=item.began_s * _NS,
        end_ns=item.ended_s * _NS,
        rendition=renditions_of(channel)[0].name,
        title=clean_text(item.title, 200),
        subtitle=clean_text(item.subtitle or item.episode, 200),
        description=clean_text(item.description, 4_000),
        image=item.image,
        public=True,
        by="podcast",
        asked_s=now_s,
        series=podcast.series,
        programme=item.id,
        until_s=None if days is None else item.ended_s + days * _DAY_S,
    )


def _may_stay(record: ClipRecord, snapshot: GuideSnapshot | None, now_s: int) -> bool:
    if access_to_record(record, snapshot, now_s=now_s) is not Access.OPEN:
        return False
    if snapshot is None:
        return True
    own = next((item for item in snapshot.programmes if item.id == record.programme), None)
    return own is None or own.series == record.series


def _change(record: ClipRecord | None, wanted: ClipRecord, now_s: int) -> ClipRecord | None:
    """Return what the record has to become; None if it is right."""
    if record is None:
        return wanted
    same_span = (record.start_ns, record.end_ns) == (wanted.start_ns, wanted.end_ns)
    if not same_span or (record.state == FAILED and now_s >= record.asked_s + _AGAIN_S):
        return wanted
    corrected = replace(
        record,
        title=wanted.title,
        subtitle=wanted.subtitle,
        description=wanted.description,
        image=wanted.image,
        until_s=wanted.until_s,
    )
    if corrected == record or record.state not in {DONE, WAITING}:
        return None
    return corrected if record.state == DONE else None
