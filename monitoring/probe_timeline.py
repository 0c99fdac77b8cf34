"""Judge the media times of segments: one after another, and rendition beside rendition.  Sans-I/O.

**Source:** draft-pantos-hls-rfc8216bis-22, sections 3, 4.4.4.1, 4.4.4.3 and 6.2.4.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from monitoring.probe_faults import Fault, FaultKind
from monitoring.probe_playlist import Segment
from monitoring.probe_segment import SegmentFacts, TrackFacts

__all__ = ["Boundaries", "TrackTimeline"]

_TS_WRAP_S: Final = 2**33 / 90_000
_JUMP_S: Final = 0.1
"""What decode times may step beyond one packet from segment to segment."""

_EXTINF_S: Final = 0.15
"""What EXTINF may differ from the media; a muxer's last audio packet may lie beyond the cut."""

_SKEW_S: Final = 0.5
"""What picture and sound of one segment may begin apart: MPEG-TS packs sound in bundles."""

_APART_S: Final = 0.1
_FAR_S: Final = 60.0
_KEPT: Final = 64


@dataclass(frozen=True, slots=True)
class _Before:
    msn: int
    duration_s: float
    tracks: Mapping[Literal["video", "audio"], TrackFacts]


class TrackTimeline:
    """The segments of one rendition, in order."""

    def __init__(self, name: str) -> None:
        """Begin; ``name`` is the rendition's."""
        self.name = name
        self._before: _Before | None = None

    def forget(self) -> None:
        """The next segment follows on nothing: after a seek, a hole, a fault of fetching."""
        self._before = None

    def take(self, segment: Segment, facts: SegmentFacts) -> Iterator[Fault]:
        """Judge one segment against itself and the one before it."""
        where = f"{self.name} {segment.msn}"
        wrap_s = _TS_WRAP_S if facts.container != "mp4" else 0.0
        before = self._before
        follows = before is not None and before.msn + 1 == segment.msn
        if before is not None and follows and not segment.discontinuity:
            for track in facts.tracks:
                yield from _continuity(where, before.tracks.get(track.kind), track, wrap_s)
            yield from self._judge_cut(before, facts, wrap_s)
        yield from _judge_alone(where, segment, facts, wrap_s)
        tracks = {track.kind: track for track in facts.tracks}
        self._before = _Before(segment.msn, segment.duration_s, tracks)

    def _judge_cut(self, before: _Before, facts: SegmentFacts, wrap_s: float) -> Iterator[Fault]:
        """EXTINF of the segment before reaches from its first picture to the next one's."""
        main = facts.main
        old = before.tracks.get(main.kind) if main is not None else None
        if main is None or old is None:
            return
        jump_s = abs(_unwrapped(main.first_dts_s - old.end_dts_s, wrap_s))
        real_s = _unwrapped(main.start_s - old.start_s, wrap_s)
        if jump_s > _tolerance_s(old):
            return  # told as a jump of timestamps; EXTINF is compared with the media below
        if abs(real_s - before.duration_s) > max(_EXTINF_S, old.step_s):
            detail = f"EXTINF says {before.duration_s:.3f} s, and the media last {real_s:.3f} s"
            yield Fault("extinf", f"{self.name} {before.msn}", detail)


def _tolerance_s(track: TrackFacts) -> float:
    return max(_JUMP_S, 2 * track.step_s)


def _unwrapped(difference_s: float, wrap_s: float) -> float:
    if not wrap_s:
        return difference_s
    return (difference_s + wrap_s / 2) % wrap_s - wrap_s / 2


def _continuity(
    where: str, old: TrackFacts | None, new: TrackFacts, wrap_s: float
) -> Iterator[Fault]:
    if old is None:
        detail = f"{new.kind} begins without EXT-X-DISCONTINUITY"
        yield Fault("timestamps", where, detail)
        return
    step_s = _unwrapped(new.first_dts_s - old.end_dts_s, wrap_s)
    if abs(step_s) > _tolerance_s(old):
        detail = f"{new.kind} jumps by {step_s:+.3f} s without EXT-X-DISCONTINUITY"
        yield Fault("timestamps", where, detail)
    old_format = (old.codec, old.width, old.height, old.rate, old.channels)
    new_format = (new.codec, new.width, new.height, new.rate, new.channels)
    if old_format != new_format:
        detail = f"{new.kind} changes from {old_format} to {new_format} without a discontinuity"
        yield Fault("timestamps", where, detail)


def _judge_alone(
    where: str, segment: Segment, facts: SegmentFacts, wrap_s: float
) -> Iterator[Fault]:
    picture, sound, main = facts.track("video"), facts.track("audio"), facts.main
    if main is not None:
        own_s = _unwrapped(main.end_s - main.start_s, wrap_s)
        limit_s = max(0.25, 0.1 * segment.duration_s, 2 * main.step_s)
        if abs(own_s - segment.duration_s) > limit_s:
            detail = f"EXTINF says {segment.duration_s:.3f} s, and the media last {own_s:.3f} s"
            yield Fault("extinf", where, detail)
    if picture is not None and not picture.begins_with_key:
        detail = f"does not begin with a key frame ({picture.key_frames} in the segment)"
        yield Fault("key_frame", where, detail)
    if picture is not None and sound is not None:
        skew_s = _unwrapped(sound.start_s - picture.start_s, wrap_s)
        if abs(skew_s) > _SKEW_S:
            yield Fault("av_skew", where, f"sound begins {skew_s:+.3f} s from the picture")


class Boundaries:
    """Where the segments of the watched rendition begin, for comparison with the others."""

    def __init__(self) -> None:
        """Begin without any."""
        self._seen: deque[tuple[float, float | None]] = deque(maxlen=_KEPT)

    def note(self, segment: Segment, facts: SegmentFacts) -> None:
        """Remember one segment of the watched rendition."""
        if facts.main is not None:
            moment = segment.date_time
            self._seen.append((facts.main.start_s, None if moment is None else moment / 1e9))

    def judge(self, name: str, segment: Segment, facts: SegmentFacts) -> Iterator[Fault]:
        """Compare a segment of another rendition.

        "Matching content MUST have matching timestamps" in every variant; where both are dated,
        the distance between media time and PROGRAM-DATE-TIME is one and the same.
        """
        main, wrap_s = facts.main, _TS_WRAP_S if facts.container != "mp4" else 0.0
        if main is None or not self._seen:
            return
        where = f"{name} {segment.msn}"
        allowed_s = _APART_S if main.kind == "video" else _SKEW_S
        dated = [(start_s, moment_s) for start_s, moment_s in self._seen if moment_s is not None]
        if segment.date_time is not None and dated:
            moment_s = segment.date_time / 1e9
            start_s, other_s = min(dated, key=lambda one: abs((one[1] or 0.0) - moment_s))
            apart_s = _unwrapped(main.start_s - start_s, wrap_s) - (moment_s - (other_s or 0.0))
            if abs(apart_s) > allowed_s:
                kind: FaultKind = "misaligned" if main.kind == "video" else "av_skew"
                detail = f"its media time is {apart_s:+.3f} s from the watched rendition's"
                yield Fault(kind, where, detail)
            return
        steps = [_unwrapped(main.start_s - start_s, wrap_s) for start_s, _ in self._seen]
        inside = min(steps) <= allowed_s and max(steps) >= -allowed_s
        nearest_s = min(steps, key=abs)
        if main.kind == "video" and inside and abs(nearest_s) > allowed_s:
            detail = f"begins {nearest_s:+.3f} s from the nearest cut of the watched rendition"
            yield Fault("misaligned", where, detail)
        elif not inside and abs(nearest_s) > _FAR_S:
            detail = f"its media time is {nearest_s:+.1f} s from the watched rendition's"
            yield Fault("misaligned", where, detail)
