"""Judge catch-up: the past as the platform's own addresses serve it.  Sans-I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from prometheus_client.parser import text_string_to_metric_families

from core.timeline import UnixNs
from monitoring.probe_playlist import MediaPlaylist

__all__ = ["SPANS", "PastSpan", "catch_up_address", "judge_span", "oldest_in"]

_OWN: Final = re.compile(r"(.*)/(?:live|ll|sound)/([a-z0-9][a-z0-9-]{0,31})/[^/]+")
_LENGTH_S: Final = 60
_NEAR_S: Final = 0.5
_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class PastSpan:
    """A minute of the past."""

    name: str
    ago_s: int

    def at(self, now: UnixNs) -> tuple[int, int]:
        """Return its begin and end, UNIX seconds."""
        start_s = now // _NS - self.ago_s
        return start_s, start_s + _LENGTH_S


_DAY_S: Final = 86_400
_WITHIN_S: Final = 600
"""How far within its days a span begins: what is just about to leave a channel that keeps exactly
so many days would be gone between the question and the answer."""

SPANS: Final = (
    PastSpan("10 minutes ago", 600),
    PastSpan("1 day ago", _DAY_S - _WITHIN_S),
    PastSpan("7 days ago", 7 * _DAY_S - _WITHIN_S),
)


def catch_up_address(url: str, start_s: int, end_s: int) -> str | None:
    """Return where a span is served that goes with a live address; None if it is not ours."""
    parts = urlsplit(url)
    found = _OWN.fullmatch(parts.path)
    if found is None:
        return None
    path = f"{found[1]}/catchup/{found[2]}/{start_s}-{end_s}/index.m3u8"
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def judge_span(playlist: MediaPlaylist, start_s: int, end_s: int) -> Iterator[str]:
    """Yield what is wrong with the media playlist of a span that is over.

    It begins with the segment that holds the start, has no hole but EXT-X-GAP, and ends.
    """
    if not playlist.ended:
        yield "has no EXT-X-ENDLIST"
    whole = playlist.whole
    if not whole:
        yield "lists no segment"
        return
    first, last = whole[0], whole[-1]
    if first.date_time is None or last.date_time is None:
        yield "has no EXT-X-PROGRAM-DATE-TIME"
        return
    begins_s = first.date_time / _NS - start_s
    if not -first.duration_s - _NEAR_S < begins_s <= _NEAR_S:
        yield f"begins {begins_s:+.1f} s from what was asked for"
    for before, after in pairwise(whole):
        if before.date_time is None or after.date_time is None:
            continue
        step_s = (after.date_time - before.date_time) / _NS
        if abs(step_s - before.duration_s) > _NEAR_S:
            apart_s = step_s - before.duration_s
            yield f"has a hole of {apart_s:+.1f} s before segment {after.msn}, without EXT-X-GAP"
    lacks_s = end_s - last.date_time / _NS - last.duration_s
    if lacks_s > _NEAR_S:
        yield f"ends {lacks_s:.1f} s before what was asked for"


def oldest_in(metrics: str, channel: str) -> float | None:
    """Return since when a channel is archived, UNIX seconds, from the packager's metrics."""
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            if (
                sample.name == "lensong_archive_oldest_timestamp_seconds"
                and sample.labels.get("channel") == channel
            ):
                return float(sample.value) or None
    return None
