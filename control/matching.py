"""Which programme of the guide a new one is, and what a wholly new one is called.  Sans-I/O.

An id is in URLs, in bookmarks and in operators' decisions, so a guide that is imported again keeps
the ids of what it held.  Within its channel and day a programme is the same when title and start
are the same; else when the titles are the same (diacritics and case aside) and no start is nearer,
within three hours; else when it begins at the same moment, under a corrected title.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from control.entries import Draft
from control.moments import local_text
from control.text import fold, slug_of

__all__ = ["Known", "match_day", "new_id"]

_NEAR_S: Final = 3 * 3600
_MAX_ID: Final = 64
_SUFFIX_ROOM: Final = 4


@dataclass(frozen=True, slots=True)
class Known:
    """What of a stored programme tells whether another is the same."""

    id: str
    start_s: int
    title: str


def match_day(drafts: Sequence[Draft], known: Sequence[Known]) -> list[str | None]:
    """Return, for each draft of a day, the id of the known programme that it is, or None."""
    free = {item.id: item for item in known}
    found: list[str | None] = [None] * len(drafts)

    def pair(tries: Sequence[tuple[int, int, str]]) -> None:
        for _, place, name in sorted(tries):
            if found[place] is None and name in free:
                found[place] = free.pop(name).id

    folded = [fold(draft.title) for draft in drafts]
    by_title: dict[str, list[Known]] = {}
    for item in known:
        by_title.setdefault(fold(item.title), []).append(item)
    # The nearest pairs first: a distance of 0 is the same title at the same start.
    pair(
        [
            (abs(item.start_s - draft.start_s), place, item.id)
            for place, draft in enumerate(drafts)
            for item in by_title.get(folded[place], ())
            if abs(item.start_s - draft.start_s) <= _NEAR_S
        ]
    )
    starts = {item.start_s: item.id for item in free.values()}
    pair([(0, place, starts.get(draft.start_s, "")) for place, draft in enumerate(drafts)])
    return found


def new_id(draft: Draft, zone: tzinfo, is_taken: Callable[[str], bool]) -> str:
    """Return a readable id that nobody has: ``hytv-20261123-1900-thoi-su``, or that with ``-2``."""
    head = f"{draft.channel}-{local_text(draft.start_s, zone, '%Y%m%d-%H%M')}"
    tail = slug_of(draft.title, limit=max(0, _MAX_ID - _SUFFIX_ROOM - 1 - len(head)))
    name = f"{head}-{tail}" if tail else head
    wanted, count = name, 1
    while is_taken(wanted):
        count += 1
        wanted = f"{name}-{count}"
    return wanted
