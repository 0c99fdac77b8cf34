"""Judge successive versions of one media playlist.  Sans-I/O.

**Source:** draft-pantos-hls-rfc8216bis-22, sections 4.4.3, 6.2.1, 6.2.2 and 6.3.4.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from core.timeline import UnixNs
from monitoring.probe_faults import Fault, FaultKind
from monitoring.probe_playlist import MediaPlaylist, Segment

__all__ = ["PlaylistWatch", "plain_uri"]

_GRACE_S: Final = 0.5
"""What a playlist may be late beyond the rule: transfer, and a muxer's own jitter."""

_JUMP_S: Final = 0.5
"""What PROGRAM-DATE-TIME may differ from the sum of the durations before it: \
"sub-second overlap is tolerated"."""

_USER: Final = re.compile(r"//[^/]*@")
_REDATED_S: Final = 0.05
_FUTURE_S: Final = 2.0
_OLD_S: Final = 120.0
"""A live edge whose PROGRAM-DATE-TIME is further from the wall clock than this is misdated."""

_DRIFT_SAMPLES: Final = 5
_KEPT: Final = 4096
"""Numbers that are remembered behind the newest."""


def plain_uri(uri: str) -> str:
    """Return an address without query and user, as players compare it, so without a secret."""
    return _USER.sub("//", uri.partition("?")[0])


@dataclass(frozen=True, slots=True)
class _Known:
    uri: str
    date_time: UnixNs | None
    dated: bool
    discontinuities: int
    """Discontinuity Sequence Number of the segment."""


class PlaylistWatch:
    """What one media playlist has said so far."""

    def __init__(self, name: str) -> None:
        """Begin.

        Args:
            name: Of the rendition, for the ``where`` of faults.
        """
        self.name = name
        self.playlist: MediaPlaylist | None = None
        self._known: dict[int, _Known] = {}
        self._changed: UnixNs | None = None
        self._loaded: UnixNs | None = None
        self._lags: deque[float] = deque(maxlen=_DRIFT_SAMPLES)
        self._first_lags: list[float] = []

    @property
    def edge(self) -> int:
        """Number of the newest segment that is listed whole; -1 before any."""
        return max(self._known, default=-1)

    @property
    def edge_lag_s(self) -> float | None:
        """How far the end of the newest media was behind the wall clock when it was seen."""
        return self._lags[-1] if self._lags else None

    def take(self, playlist: MediaPlaylist, now: UnixNs) -> tuple[list[Fault], list[Segment]]:
        """Judge one version.

        Args:
            playlist: The whole playlist, not a delta.
            now: When it was asked for.

        Returns:
            The faults, and the segments that are new in it, whole ones, oldest first.
        """
        faults = list(self._judge_head(playlist))
        old, self.playlist = self.playlist, playlist
        changed = old is None or _content(old) != _content(playlist)
        if old is not None:
            faults += self._compare(old, playlist, now)
        new = [segment for segment in playlist.whole if segment.msn not in self._known]
        faults += self._judge_known(playlist)
        faults += self._judge_new(playlist, {segment.msn for segment in new})
        if changed:
            self._changed = now
            faults += self._judge_clock(playlist, now)
        self._loaded = now
        self._remember(playlist)
        return faults, new

    def judge_silence(self, now: UnixNs) -> list[Fault]:
        """Tell whether the playlist has stood still too long.

        "Each new version with at least one new segment MUST be made available no later than
        1.5 times the Target Duration after the previous version."
        """
        playlist = self.playlist
        if playlist is None or playlist.ended or self._changed is None:
            return []
        stood_s = (now - self._changed) / 1e9
        if stood_s <= 1.5 * playlist.target_duration_s + _GRACE_S:
            return []
        limit_s = 1.5 * playlist.target_duration_s
        return [
            self._fault("playlist_stale", f"unchanged for {stood_s:.1f} s, over {limit_s:.1f} s")
        ]

    def _fault(self, kind: FaultKind, detail: str, msn: int | None = None) -> Fault:
        return Fault(kind, self.name if msn is None else f"{self.name} {msn}", detail)

    def _judge_head(self, playlist: MediaPlaylist) -> Iterator[Fault]:
        old, target_s = self.playlist, playlist.target_duration_s
        if old is not None and old.target_duration_s != target_s:
            detail = f"EXT-X-TARGETDURATION changed from {old.target_duration_s} to {target_s}"
            yield self._fault("target_duration", detail)
        if playlist.hold_back_s is not None and playlist.hold_back_s < 3 * target_s:
            detail = f"HOLD-BACK {playlist.hold_back_s} is below 3 target durations"
            yield self._fault("server_control", detail)
        until_s = playlist.can_skip_until_s
        if until_s is not None and until_s < 6 * target_s:
            detail = f"CAN-SKIP-UNTIL {until_s} is below 6 target durations"
            yield self._fault("server_control", detail)

    def _compare(self, old: MediaPlaylist, new: MediaPlaylist, now: UnixNs) -> Iterator[Fault]:
        if new.media_sequence < old.media_sequence:
            detail = (
                f"EXT-X-MEDIA-SEQUENCE went back from {old.media_sequence} to {new.media_sequence}"
            )
            yield self._fault("media_sequence", detail)
            self._begin_again()
            return
        if new.discontinuity_sequence < old.discontinuity_sequence:
            detail = (
                f"EXT-X-DISCONTINUITY-SEQUENCE went back from {old.discontinuity_sequence} "
                f"to {new.discontinuity_sequence}"
            )
            yield self._fault("discontinuity_sequence", detail)
        last, newest = old.whole[-1:], new.whole[-1:]
        if last and (not newest or newest[0].msn < last[0].msn):
            detail = f"segment {last[0].msn} is not listed any more, and nothing newer is"
            yield self._fault("segment_vanished", detail)
        since_s = (now - (self._loaded or now)) / 1e9
        if last and new.media_sequence > last[0].msn + 1:
            if since_s < min(old.duration_s, 2 * old.target_duration_s):
                detail = f"leapt from {last[0].msn} to {new.media_sequence} in {since_s:.1f} s"
                yield self._fault("media_sequence", detail)
            self._begin_again()
        yield from self._judge_removal(old, new)

    def _judge_removal(self, old: MediaPlaylist, new: MediaPlaylist) -> Iterator[Fault]:
        if new.media_sequence == old.media_sequence:
            return
        if new.kind in ("vod", "event"):
            detail = f"removes segments, which a playlist of type {new.kind} must not"
            yield self._fault("segment_vanished", detail)
        # "A server MUST NOT remove a segment from a playlist without EXT-X-ENDLIST if that
        # would produce a playlist whose duration is less than three times the target duration."
        floor_s = 3 * new.target_duration_s
        if (
            not new.ended
            and new.duration_s < floor_s - _GRACE_S
            and old.duration_s > new.duration_s
        ):
            detail = f"only {new.duration_s:.1f} s are left, below 3 target durations ({floor_s} s)"
            yield self._fault("playlist_window", detail)

    def _begin_again(self) -> None:
        self._known.clear()
        self._lags.clear()
        self._first_lags.clear()

    def _judge_known(self, playlist: MediaPlaylist) -> Iterator[Fault]:
        """A number keeps its address, its moment and its place among discontinuities."""
        moved = dated = counted = 0
        first: dict[str, str] = {}
        count = playlist.discontinuity_sequence
        for segment in playlist.whole:
            count += segment.discontinuity
            known = self._known.get(segment.msn)
            if known is None or segment.resource is None:
                continue
            if known.uri != (uri := plain_uri(segment.resource.uri)):
                moved += 1
                first.setdefault("uri", f"{segment.msn} was {known.uri} and is {uri}")
            if (
                known.dated
                and segment.dated
                and _apart_s(known.date_time, segment.date_time) > _REDATED_S
            ):
                dated += 1
                apart_s = _apart_s(known.date_time, segment.date_time)
                first.setdefault("date", f"{segment.msn} by {apart_s:.3f} s")
            if known.discontinuities != count:
                counted += 1
                detail = f"{segment.msn} was {known.discontinuities} and is {count}"
                first.setdefault("count", detail)
        if moved:
            yield self._fault("segment_changed", f"{moved} addresses changed: {first['uri']}")
        if dated:
            yield self._fault("date_time", f"{dated} segments were dated anew: {first['date']}")
        if counted:
            detail = f"{counted} segments have another discontinuity number: {first['count']}"
            yield self._fault("discontinuity_sequence", detail)

    def _judge_new(self, playlist: MediaPlaylist, new: set[int]) -> Iterator[Fault]:
        limit_s = playlist.target_duration_s
        for segment in playlist.whole:
            # "The EXTINF duration of each segment, when rounded to the nearest integer, MUST be
            # less than or equal to the Target Duration."
            if segment.msn in new and int(segment.duration_s + 0.5) > limit_s:
                detail = f"EXTINF {segment.duration_s} is above EXT-X-TARGETDURATION {limit_s}"
                yield self._fault("target_duration", detail, segment.msn)
        for before, after in pairwise(playlist.whole):
            if after.msn not in new or after.discontinuity or not after.dated:
                continue
            if before.date_time is None or after.date_time is None:
                continue
            step_s = (after.date_time - before.date_time) / 1e9
            if abs(step_s - before.duration_s) > _JUMP_S:
                detail = f"{step_s:.3f} s after the last, which lasts {before.duration_s:.3f} s"
                yield self._fault("date_time", detail, after.msn)

    def _judge_clock(self, playlist: MediaPlaylist, now: UnixNs) -> Iterator[Fault]:
        last = playlist.segments[-1] if playlist.segments else None
        if playlist.ended or playlist.kind == "vod" or last is None or last.date_time is None:
            return
        lag_s = (now - last.date_time) / 1e9 - last.duration_s
        self._lags.append(lag_s)
        if lag_s < -_FUTURE_S:
            yield self._fault("clock_drift", f"the edge is {-lag_s:.1f} s ahead of the wall clock")
        elif lag_s > _OLD_S:
            yield self._fault("clock_drift", f"the edge is {lag_s:.1f} s behind the wall clock")
        if len(self._first_lags) < _DRIFT_SAMPLES:
            self._first_lags.append(lag_s)
        elif len(self._lags) == _DRIFT_SAMPLES:
            # The least of several: a version that was seen late by polling is no drift.
            drift_s = min(self._lags) - min(self._first_lags)
            if abs(drift_s) > max(2.0, 1.5 * playlist.target_duration_s):
                detail = f"the edge drifted by {drift_s:+.1f} s against the wall clock"
                yield self._fault("clock_drift", detail)

    def _remember(self, playlist: MediaPlaylist) -> None:
        count = playlist.discontinuity_sequence
        for segment in playlist.whole:
            count += segment.discontinuity
            if segment.resource is not None:
                self._known[segment.msn] = _Known(
                    plain_uri(segment.resource.uri), segment.date_time, segment.dated, count
                )
        for msn in [number for number in self._known if number < playlist.media_sequence - _KEPT]:
            del self._known[msn]


def _content(playlist: MediaPlaylist) -> tuple[int, tuple[int, int], bool]:
    return (playlist.media_sequence, playlist.edge, playlist.ended)


def _apart_s(one: UnixNs | None, other: UnixNs | None) -> float:
    return 0.0 if one is None or other is None else abs(one - other) / 1e9
