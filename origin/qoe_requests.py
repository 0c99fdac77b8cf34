"""A viewing by its requests alone: CMCD in request mode, as events would tell it.  Sans-I/O.

A player that reports by its requests says how it does each time that it asks for something, and
nothing when its viewer leaves.  Version 2 tells a state (``sta``); of version 1 it is read from
``su`` (nothing plays before this has come), ``bs`` (the buffer ran empty) and ``pr`` (0: paused):

* it *plays* with the first medium that is not urgent
* a *stall* is ``bs``, or the state r
* how long a stall lasted is ``bsd``, or what the buffer says: between two media of one track, of
  which the first plays for ``d``, the buffer shrinks by what was played, so the time that nothing
  was played is ``elapsed - (d + bl before - bl now)``; or else the time in state r
* time passes as the states say; where none are told, from one medium to the next, less the pauses
  that the buffer tells of. Where it tells nothing, :data:`PAUSE_MS` without a medium are a pause:
  a paused player goes on with playlists alone
* behind the last request it played on for as long as requests are apart, in the mean over the
  moment at which a viewer leaves: half of the squares' sum by the sum
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from core.cmcd import Asked, Report

__all__ = ["PAUSE_MS", "Requested", "Requests", "Told", "requested"]

PAUSE_MS: Final = 40_000
_LEAST_PAUSE_MS: Final = 1_000
"""Less is within what buffers are told to: tenths of a second."""

_LONGEST_TAIL_MS: Final = 20_000
_LATENCY_EVERY_MS: Final = 30_000
"""As often as events tell it, so that each session weighs the same."""

_OF_THE_PAST: Final = frozenset(("dvr", "catchup"))


class Requested(NamedTuple):
    """What a request was for."""

    channel: str
    kind: str | None
    """live, dvr or catchup of a playlist; None of media, which all of them share."""

    rendition: str = ""
    """Of media; empty for all else."""

    is_sound: bool = False
    """The rendition has no picture."""


_KINDS: Final = {
    "multivariant": "live",
    "media_playlist": "live",
    "dvr": "dvr",
    "catchup": "catchup",
    "programme": "catchup",
}


def requested(handler: str, channel: str, path: bytes) -> Requested | None:
    """Tell what a request was for, or None if no player asks for it.

    Args:
        handler: Label of the metrics.
        channel: Its slug.
        path: ``/media/CHANNEL/RENDITION/...`` of media.
    """
    if handler in {"segment", "part"}:
        return Requested(channel, None, path.split(b"/", 4)[3].decode("ascii", "replace"))
    kind = _KINDS.get(handler)
    return None if kind is None else Requested(channel, kind)


class Told(NamedTuple):
    """What a request came to."""

    report: Report | None
    """As an event would tell it; None when only the session's life is told."""

    passed_ms: int = 0
    """How much of the time since the report before was spent in the state that it told."""

    is_paused: bool = False
    """It has asked for no media for so long that nobody can be watching."""

    stalls: int = 0
    stalled_ms: int = 0


@dataclass(slots=True)
class Requests:
    """What is remembered of a session's requests; times are of our clock, in milliseconds."""

    told_ms: int
    """When a state was told, or read from a medium, last."""

    has_picture: bool = False
    has_started: bool = False
    state: str = ""
    """``sta`` of the last request."""

    stall_is_counted: bool = False
    """A stall was counted by its state; its ``bs`` is still to come."""

    is_starved: bool = False
    """A stall was told since the last medium of the main track."""

    medium: tuple[int, int, int] | None = None
    """Of the main track's last medium: when it was asked for, its duration, the buffer then."""

    guessed_ms: int = 0
    """What was counted of the newest stall, until ``bsd`` tells its length."""

    latency_ms: int | None = None
    """When the latency was taken last."""

    is_playing: bool = False
    gaps_ms: int = 0
    gap_squares: int = 0

    def tail_ms(self) -> int:
        """Return how long a session that played goes on behind its last request, in the mean."""
        if not self.gaps_ms:
            return 0
        return min(self.gap_squares // (2 * self.gaps_ms), _LONGEST_TAIL_MS)

    def read(self, asked: Asked, wanted: Requested, known_kind: str | None, now_ms: int) -> Told:
        """Take one request.

        Args:
            asked: What it told.
            wanted: What it was for.
            known_kind: The session's until now; None for one that begins.
            now_ms: Our clock.
        """
        is_medium = bool(wanted.rendition)
        is_main = is_medium and (not wanted.is_sound or not self.has_picture)
        if is_main and not wanted.is_sound and not self.has_picture:
            self.has_picture, self.medium = True, None
        before, gap_ms = self.state, now_ms - self.told_ms
        idle_ms = self._idle_ms(asked, now_ms) if is_main else None
        stalls = self._count_stalls(asked, is_main=is_main)
        stalled_ms = self._stalled_ms(asked, before, idle_ms, is_main=is_main, now_ms=now_ms)
        state = self._state(asked, is_medium=is_medium, is_new=known_kind is None)
        self.state = asked.state or ""
        if state is None:
            is_paused = self.has_started and gap_ms >= PAUSE_MS
            return Told(None, is_paused=is_paused, stalls=stalls, stalled_ms=stalled_ms)
        passed_ms = gap_ms
        if (asked.state is None or not before) and self.is_playing:
            if idle_ms is None:
                passed_ms = gap_ms if gap_ms < PAUSE_MS else 0
            elif not asked.has_starved and not asked.is_urgent and idle_ms > _LEAST_PAUSE_MS:
                passed_ms = max(0, gap_ms - idle_ms)
        if self.is_playing and passed_ms == gap_ms and not stalled_ms:
            self.gaps_ms += gap_ms
            self.gap_squares += gap_ms * gap_ms
        self.is_playing = state == "p"
        self.has_started |= self.is_playing
        self.told_ms = now_ms
        report = self._report(asked, wanted, state, known_kind, now_ms)
        return Told(report, passed_ms, stalls=stalls, stalled_ms=stalled_ms)

    def _idle_ms(self, asked: Asked, now_ms: int) -> int | None:
        """Return for how long nothing was played since the main track's last medium, if known."""
        if self.medium is None or asked.buffer_ms is None:
            return None
        at_ms, duration_ms, buffer_ms = self.medium
        elapsed_ms = now_ms - at_ms
        return min(max(0, elapsed_ms - (duration_ms + buffer_ms - asked.buffer_ms)), elapsed_ms)

    def _state(self, asked: Asked, *, is_medium: bool, is_new: bool) -> str | None:
        if asked.state is not None:
            # Stalls are counted by what is told of them, which is finer than when requests come.
            return ("p" if self.has_started else "s") if asked.state == "r" else asked.state
        if asked.is_standing:
            return "a"
        if not is_medium:
            return "s" if is_new else None
        if asked.is_urgent and not asked.has_starved:
            return "k" if self.has_started else "s"
        return "p" if self.has_started or not asked.is_urgent else "s"

    def _count_stalls(self, asked: Asked, *, is_main: bool) -> int:
        if not self.has_started:
            return 0
        stalls = 0
        if asked.state == "r" and self.state != "r":
            stalls, self.stall_is_counted, self.is_starved = 1, True, True
        if asked.has_starved and is_main:
            stalls += not self.stall_is_counted and not stalls
            self.stall_is_counted, self.is_starved = False, True
        if stalls:
            self.guessed_ms = 0
        return stalls

    def _stalled_ms(
        self, asked: Asked, before: str, idle_ms: int | None, *, is_main: bool, now_ms: int
    ) -> int:
        """Return how long the player stood still, as far as this request tells it."""
        was_starved, had_medium = self.is_starved or before == "r", self.medium is not None
        if is_main:
            self.medium, self.is_starved = None, False
            if asked.duration_ms is not None and asked.buffer_ms is not None:
                self.medium = (now_ms, asked.duration_ms, asked.buffer_ms)
        if not self.has_started:
            return 0
        if asked.stalled_ms is not None:
            self.is_starved = False
            return max(0, asked.stalled_ms - self.guessed_ms)
        found_ms = 0
        if was_starved and idle_ms is not None:
            found_ms = idle_ms
        elif not had_medium and before == "r":
            found_ms = now_ms - self.told_ms
        self.guessed_ms += found_ms
        return found_ms

    def _report(
        self, asked: Asked, wanted: Requested, state: str, known_kind: str | None, now_ms: int
    ) -> Report:
        latency_ms = asked.latency_ms
        if latency_ms is not None:
            if self.latency_ms is not None and now_ms - self.latency_ms < _LATENCY_EVERY_MS:
                latency_ms = None
            else:
                self.latency_ms = now_ms
        is_shown = bool(wanted.rendition) and (not wanted.is_sound or not self.has_picture)
        kind = wanted.kind
        if kind is None and known_kind is not None:
            kind = known_kind if known_kind in _OF_THE_PAST else "live"
        return Report(
            event="t",
            ts_ms=now_ms,  # of their clock one may tell and the next not
            session=asked.session,
            content=wanted.channel,
            state=state,
            stream_type=asked.stream_type,
            startup_ms=asked.startup_ms,
            latency_ms=latency_ms,
            bitrate_kbps=asked.bitrate_kbps if is_shown else None,
            kind=kind,
            rendition=wanted.rendition if is_shown else None,
        )
