"""A programme as the JSON shows it, and whether it can be watched.  Sans-I/O."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

from core.guide import Programme, Takedown
from core.rights import Access, access_to

__all__ = [
    "Availability",
    "availability",
    "brief_item",
    "full_item",
    "is_taken_down",
    "next_change_s",
]

_DAY_S: Final = 86_400

Availability: TypeAlias = Literal["live", "startover", "catchup", "upcoming", "expired", "refused"]
"""On air and no more; on air, and from its start; past, and here; yet to come; past, and no longer
here; never (again) to be shown."""


def is_taken_down(programme: Programme, takedowns: tuple[Takedown, ...]) -> bool:
    """Tell whether one takedown of the channel covers the whole of a programme."""
    return any(
        span.start_s <= programme.began_s and programme.ended_s <= span.end_s for span in takedowns
    )


def availability(
    programme: Programme, *, now_s: int, archive_days: int, takedowns: tuple[Takedown, ...] = ()
) -> Availability:
    """Return what a viewer can do with a programme at ``now_s`` (UNIX seconds).

    Args:
        programme: The programme.
        now_s: Now.
        archive_days: How long the channel keeps what was on air.
        takedowns: Of its channel; one that covers the whole programme refuses it.
    """
    if programme.blackout or is_taken_down(programme, takedowns):
        return "refused"
    if now_s < programme.began_s:
        return "upcoming"
    live_only = programme.catch_up_days == 0
    if now_s < programme.ended_s:
        return "live" if live_only or not archive_days else "startover"
    if live_only:
        return "refused"
    is_kept = now_s < programme.began_s + archive_days * _DAY_S
    if not is_kept or access_to(programme, now_s=now_s) is not Access.OPEN:
        return "expired"
    return "catchup"


def next_change_s(programme: Programme, *, now_s: int, archive_days: int) -> int | None:
    """Return when :func:`availability` may next change without a change of the guide."""
    moments = [
        programme.began_s,
        programme.ended_s,
        programme.began_s + archive_days * _DAY_S,
        programme.ended_s + (programme.catch_up_days or 0) * _DAY_S,
    ]
    return min((moment for moment in moments if moment > now_s), default=None)


def brief_item(programme: Programme | None) -> dict[str, Any] | None:
    """Return what ``now.json`` says of a programme; times in UNIX seconds."""
    if programme is None:
        return None
    return {
        "id": programme.id,
        "title": programme.title,
        "start": programme.began_s,
        "stop": programme.ended_s,
    }


def full_item(programme: Programme, available: Availability) -> dict[str, Any]:
    """Return everything that viewers are told of a programme; times in UNIX seconds."""
    address = f"/programmes/{programme.id}/index.m3u8"
    return {
        "id": programme.id,
        "channel": programme.channel,
        "title": programme.title,
        "subtitle": programme.subtitle,
        "start": programme.began_s,
        "stop": programme.ended_s,
        "desc": programme.description,
        "image": programme.image,
        "category": list(programme.categories),
        "episode": programme.episode,
        "series": programme.series,
        "startover_url": address if available == "startover" else None,
        "catchup_url": address if available == "catchup" else None,
        "available": available,
    }
