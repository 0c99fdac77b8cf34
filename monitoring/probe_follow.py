"""Follow one rendition: its playlist again and again, and the media that it names."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import urljoin

from core.clock import unix_ns
from core.errors import FormatError
from core.loudness import decibels
from core.timeline import UnixNs
from monitoring.probe_checks import PlaylistWatch
from monitoring.probe_choice import Watched, hold_back_s, start_of
from monitoring.probe_codecs import codec_faults
from monitoring.probe_content import OutputContent
from monitoring.probe_faults import Fault, FaultKind
from monitoring.probe_fetch import Answer, Fetcher, FetchError
from monitoring.probe_media import inspect_segment
from monitoring.probe_parts import NewPart, PartWatch, next_reload
from monitoring.probe_playlist import MediaPlaylist, Resource, Segment, read_playlist
from monitoring.probe_report import ProbeReport
from monitoring.probe_segment import SegmentFacts, TrackFacts
from monitoring.probe_timeline import Boundaries, TrackTimeline

__all__ = ["Follower", "Shared"]

_TIMEOUT_S: Final = 10.0
_RETRY_S: Final = 1.0
_SAMPLE_NS: Final = 30_000_000_000
_AGAIN_NS: Final = 20_000_000_000
_LEAST_PAUSE_S: Final = 0.25
_MOST_PAUSE_S: Final = 3.0
_MAX_HEADERS: Final = 16
_SHORT_S: Final = 0.5
_PEAK: Final = 1.25
"""Measured peak against BANDWIDTH ("less than 125 %", STANDARDS 109)."""

_SOUND_PREFIXES: Final = ("mp4a", "ac-3", "ec-3", "opus", "fLaC", "alac", "mp3")


@dataclass(slots=True)
class Shared:
    """What the followers of one probe share."""

    fetcher: Fetcher
    report: ProbeReport
    told: Callable[[Fault], None]
    """Called with each fault that counts."""

    content: OutputContent
    judging: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while ``content`` takes a segment, in a thread."""

    boundaries: Boundaries = field(default_factory=Boundaries)
    sound_tracks: dict[str, tuple[TrackFacts, ...]] = field(default_factory=dict)
    """Newest tracks of each group of sound."""

    newest_main: int = -1

    def fault(self, kind: FaultKind, where: str, detail: str) -> None:
        """Note a fault that happens now."""
        self.note(Fault(kind, where, detail))

    def note(self, fault: Fault) -> None:
        """Note a fault that happens now."""
        if self.report.book.note(fault, unix_ns()):
            self.told(fault)


class Follower:
    """One rendition."""

    def __init__(self, shared: Shared, watched: Watched, base: str) -> None:
        """Prepare; nothing is asked before :meth:`run`.

        Args:
            shared: Of the probe.
            watched: What to follow.
            base: Address that ``watched.uri`` is relative to.
        """
        self._shared, self._watched = shared, watched
        self._url = urljoin(base, watched.uri)
        self._name, self._role = watched.name, watched.role
        self._watch = PlaylistWatch(watched.name)
        self._parts = PartWatch(watched.name)
        self._timeline = TrackTimeline(watched.name)
        self._headers: dict[tuple[str, object], bytes] = {}
        self._digests: dict[int, str] = {}
        self._last_sound: tuple[int, bytes] = (-1, b"")
        """Number of the segment that was decoded last, and its last packet of sound."""

        self._hinted: str | None = None
        self._sampled: UnixNs | None = None
        self._checked = unix_ns()
        self._first = True

    async def run(self) -> None:
        """Follow until the presentation has ended; cancelling is safe."""
        while True:
            wanted = self._next_reload()
            if wanted is not None:
                good = await self._blocking_turn(wanted)
            else:
                good = await self._turn(self._url, _TIMEOUT_S)
            playlist = self._watch.playlist
            if playlist is not None and playlist.ended and good:
                return
            if wanted is None or not good:  # a blocking reload is paced by the server
                await self._pause()

    def _next_reload(self) -> tuple[int, int] | None:
        """Return what a blocking reload asks for; renditions that are not watched are polled."""
        playlist = self._watch.playlist
        if playlist is None or self._role not in ("main", "sound"):
            return None
        return next_reload(playlist)

    async def _pause(self) -> None:
        playlist = self._watch.playlist
        if playlist is None:
            await asyncio.sleep(_RETRY_S)
            return
        share = 2 if self._role in ("main", "sound") else 1
        pause_s = playlist.target_duration_s / share
        await asyncio.sleep(min(max(pause_s, _LEAST_PAUSE_S), _MOST_PAUSE_S * 3 / share))

    async def _turn(self, url: str, timeout_s: float) -> bool:
        """Load the playlist once and judge what is new; return whether it could be read."""
        try:
            answer = await self._shared.fetcher.get(url, timeout_s=timeout_s)
        except FetchError as error:
            self._shared.fault("unreachable", self._name, f"playlist: {error}")
            return False
        if answer.status != HTTPStatus.OK:
            self._shared.fault("unreachable", self._name, f"playlist: status {answer.status}")
            return False
        return await self._read(answer)

    async def _read(self, answer: Answer) -> bool:
        now = unix_ns()
        reading = read_playlist(answer.body)
        self._shared.report.playlists += 1
        for text in reading.faults:
            self._shared.fault("playlist_syntax", self._name, text)
        playlist = reading.playlist
        if not isinstance(playlist, MediaPlaylist):
            if not reading.faults:
                self._shared.fault("playlist_syntax", self._name, "is no media playlist")
            return False
        faults, new = self._watch.take(playlist, now)
        faults += self._watch.judge_silence(now)
        part_faults, parts = self._parts.take(playlist, now)
        for fault in faults + part_faults:
            self._shared.note(fault)
        self._note_latency(playlist)
        if self._first:
            self._first = False
            begin = {segment.msn for segment in start_of(playlist)}
            new = [segment for segment in new if segment.msn in begin]
            parts = []
        if self._role in ("main", "sound"):
            for part in parts:
                await self._judge_part(part)
            for segment in new:
                await self._judge(segment)
            await self._look_again(playlist)
        elif self._role == "other":
            await self._sample(playlist)
        return True

    def _note_latency(self, playlist: MediaPlaylist) -> None:
        lag_s = self._watch.edge_lag_s
        if self._role == "main" and lag_s is not None and not playlist.ended:
            self._shared.report.live_latency_s = max(0.0, lag_s) + hold_back_s(playlist)

    # -- media ------------------------------------------------------------------------------

    async def _judge(self, segment: Segment) -> None:
        """Fetch and judge one segment of the watched rendition."""
        if segment.gap or segment.resource is None:
            self._timeline.forget()
            return
        data = await self._media(segment, segment.resource, segment.duration_s)
        if data is None:
            self._timeline.forget()
            return
        self._digests[segment.msn] = hashlib.sha256(data).hexdigest()
        self._shared.report.segments += 1
        facts = await self._facts(segment, data, decode=True)
        if facts is None:
            self._timeline.forget()
            return
        self._judge_rate(segment, facts, len(data))
        for fault in self._timeline.take(segment, facts):
            self._shared.note(fault)
        self._judge_promise(facts)
        if self._role == "main":
            self._shared.boundaries.note(segment, facts)
            self._shared.newest_main = segment.msn
        else:
            for fault in self._shared.boundaries.judge(self._name, segment, facts):
                self._shared.note(fault)
        self._last_sound = (segment.msn, facts.last_sound)
        await self._judge_content(segment, facts)

    async def _judge_content(self, segment: Segment, facts: SegmentFacts) -> None:
        self._shared.report.pictures += len(facts.pictures)
        if facts.track("video") is not None and not facts.pictures:
            detail = "no key frame of it can be decoded"
            self._shared.fault("segment_broken", f"{self._name} {segment.msn}", detail)
        date_time = segment.date_time
        async with self._shared.judging:
            faults = await asyncio.to_thread(
                self._shared.content.take,
                facts,
                duration_s=segment.duration_s,
                msn=segment.msn,
                at_s=(unix_ns() if date_time is None else date_time) / 1e9,
            )
        for fault in faults:
            self._shared.note(fault)
        if facts.sound is not None:
            self._note_loudness()

    def _note_loudness(self) -> None:
        report, meter = self._shared.report, self._shared.content.meter
        report.loudness_lufs = meter.integrated.integrated
        peak_dbtp, highest = decibels(meter.true_peak), report.true_peak_dbtp
        report.true_peak_dbtp = peak_dbtp if highest is None else max(highest, peak_dbtp)

    async def _facts(self, segment: Segment, data: bytes, *, decode: bool) -> SegmentFacts | None:
        """Look into a segment; None, with a fault, if there is nothing that can be read."""
        where = f"{self._name} {segment.msn}"
        if segment.encryption is not None:
            text = f"encrypted ({segment.encryption}): media are fetched, and not decoded"
            self._shared.report.note(text)
            return None
        header = await self._header(segment)
        if header is None:
            return None
        msn, packet = self._last_sound
        before = packet if msn + 1 == segment.msn and not segment.discontinuity else b""
        try:
            facts = await asyncio.to_thread(
                inspect_segment, data, header, decode=decode, before=before
            )
        except FormatError as error:
            self._shared.fault("segment_broken", where, str(error))
            return None
        if facts.corrupt:
            detail = f"{facts.corrupt} packets or frames cannot be decoded"
            self._shared.fault("segment_broken", where, detail)
        return facts

    async def _header(self, segment: Segment) -> bytes | None:
        if segment.header is None:
            return b""
        key = (segment.header.uri, segment.header.range)
        if key not in self._headers:
            data = await self._media(segment, segment.header, 10.0, what="EXT-X-MAP: ")
            if data is None:
                return None
            if len(self._headers) > _MAX_HEADERS:
                self._headers.clear()
            self._headers[key] = data
        return self._headers[key]

    async def _media(
        self, segment: Segment, resource: Resource, duration_s: float, *, what: str = ""
    ) -> bytes | None:
        """Fetch a resource; None, with a fault, where it is not there."""
        where = f"{self._name} {segment.msn}"
        try:
            answer = await self._shared.fetcher.resource(
                self._url, resource, timeout_s=max(_TIMEOUT_S, 3 * duration_s)
            )
        except FetchError as error:
            kind: FaultKind = "segment_slow" if error.code == "timeout" else "segment_unreachable"
            self._shared.fault(kind, where, f"{what}{error}")
            return None
        if answer.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            self._shared.fault("segment_missing", where, f"{what}status {answer.status}")
            return None
        if answer.status != HTTPStatus.OK:
            self._shared.fault("segment_unreachable", where, f"{what}status {answer.status}")
            return None
        if answer.seconds > max(duration_s, _SHORT_S):
            detail = f"{what}took {answer.seconds:.2f} s, and lasts {duration_s:.2f} s"
            self._shared.fault("segment_slow", where, detail)
        return answer.body

    async def _look_again(self, playlist: MediaPlaylist) -> None:
        """Fetch the oldest known segment that is still listed: a segment never changes."""
        now = unix_ns()
        listed = {segment.msn: segment for segment in playlist.whole}
        for msn in [number for number in self._digests if number not in listed]:
            del self._digests[msn]
        if now - self._checked < _AGAIN_NS or len(self._digests) <= 1:
            return
        self._checked = now
        segment = listed[min(self._digests)]
        if segment.resource is None:
            return
        where = f"{self._name} {segment.msn}"
        try:
            answer = await self._shared.fetcher.resource(
                self._url, segment.resource, timeout_s=_TIMEOUT_S
            )
        except FetchError as error:
            self._shared.fault("segment_unreachable", where, f"asked for again: {error}")
            return
        if answer.status != HTTPStatus.OK:
            detail = f"was there, is still listed, and answers {answer.status}"
            self._shared.fault("segment_vanished", where, detail)
        elif hashlib.sha256(answer.body).hexdigest() != self._digests[segment.msn]:
            self._shared.fault("segment_changed", where, "its bytes are not those of before")

    # -- what the multivariant playlist promises ----------------------------------------------

    def _judge_rate(self, segment: Segment, facts: SegmentFacts, size_bytes: int) -> None:
        variant, main = self._watched.variant, facts.main
        if variant is None or not variant.bandwidth_bps or main is None:
            return
        length_s = max(main.end_s - main.start_s, segment.duration_s)
        rate_bps = 8 * size_bytes / length_s if length_s > _SHORT_S else 0.0
        if rate_bps > _PEAK * variant.bandwidth_bps:
            detail = f"{rate_bps:,.0f} bit/s, over 125 % of BANDWIDTH {variant.bandwidth_bps:,}"
            self._shared.fault("bandwidth", f"{self._name} {segment.msn}", detail)

    def _judge_promise(self, facts: SegmentFacts) -> None:
        if self._watched.group is not None:
            self._shared.sound_tracks[self._watched.group] = facts.tracks
        variant = self._watched.variant
        if variant is None:
            return
        declared, tracks = variant.codecs, facts.tracks
        if variant.audio is not None:
            apart = self._shared.sound_tracks.get(variant.audio)
            if apart is not None:
                tracks += tuple(
                    track for track in apart if track.codec not in {own.codec for own in tracks}
                )
            elif facts.track("audio") is None:
                declared = tuple(code for code in declared if not code.startswith(_SOUND_PREFIXES))
        for text in codec_faults(declared, tracks):
            self._shared.fault("codecs", self._name, text)
        picture = facts.track("video")
        if picture is None or variant.width is None:
            return
        if (picture.width, picture.height) != (variant.width, variant.height):
            detail = (
                f"RESOLUTION says {variant.width}x{variant.height}, and the picture is "
                f"{picture.width}x{picture.height}"
            )
            self._shared.fault("resolution", self._name, detail)

    async def _sample(self, playlist: MediaPlaylist) -> None:
        """Take one segment of a rendition that is not watched, each 30 s."""
        now, newest = unix_ns(), self._shared.newest_main
        if newest < 0 or (self._sampled is not None and now - self._sampled < _SAMPLE_NS):
            return
        whole = [one for one in playlist.whole if not one.gap and one.resource is not None]
        if not whole:
            return
        same = [one for one in whole if one.msn == newest]
        segment = same[0] if same else whole[max(0, len(whole) - 2)]
        self._sampled = now
        if segment.resource is None:
            return
        data = await self._media(segment, segment.resource, segment.duration_s)
        if data is None:
            return
        facts = await self._facts(segment, data, decode=False)
        if facts is not None:
            self._judge_rate(segment, facts, len(data))
            self._judge_promise(facts)
            for fault in self._shared.boundaries.judge(self._name, segment, facts):
                self._shared.note(fault)

    # -- low latency ---------------------------------------------------------------------------

    async def _blocking_turn(self, wanted: tuple[int, int]) -> bool:
        """Ask for the next part, and at the same time for what is hinted at."""
        playlist = self._watch.playlist
        if playlist is None:
            return False
        good: list[bool] = []

        async def reload() -> None:
            good.append(await self._blocking_reload(playlist, wanted))

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reload())
            hint = playlist.hint
            if hint is not None and not hint.ranged and hint.uri != self._hinted:
                tasks.create_task(self._take_hint(playlist, hint.uri))
        return good[0]

    async def _blocking_reload(self, playlist: MediaPlaylist, wanted: tuple[int, int]) -> bool:
        """Reload for the next part; an answer comes within three target durations (6.2.5.2)."""
        limit_s = 3.0 * playlist.target_duration_s
        msn, part = wanted
        mark = "&" if "?" in self._url else "?"
        where = f"{self._name} {msn}.{part}"
        url = f"{self._url}{mark}_HLS_msn={msn}&_HLS_part={part}"
        try:
            answer = await self._shared.fetcher.get(url, timeout_s=limit_s + 2.0)
        except FetchError as error:
            kind: FaultKind = "blocking_reload" if error.code == "timeout" else "unreachable"
            self._shared.fault(kind, where, f"blocking reload: {error}")
            return False
        if answer.status != HTTPStatus.OK or answer.seconds > limit_s:
            detail = f"status {answer.status} after {answer.seconds:.1f} s"
            self._shared.fault("blocking_reload", where, detail)
            if answer.status != HTTPStatus.OK:
                return False
        if not await self._read(answer):
            return False
        newest = self._watch.playlist
        if newest is not None and not newest.ended and newest.edge < wanted:
            self._shared.fault("blocking_reload", where, "answered without what was asked for")
            return False
        return True

    async def _take_hint(self, playlist: MediaPlaylist, uri: str) -> None:
        self._hinted = uri
        where = f"{self._name} {playlist.edge[0]}.{playlist.edge[1]}+1"
        limit_s = 3.0 * playlist.target_duration_s
        try:
            answer = await self._shared.fetcher.resource(
                self._url, Resource(uri), timeout_s=limit_s
            )
        except FetchError as error:
            self._shared.fault("preload_hint", where, f"what is hinted at: {error}")
            return
        if answer.status != HTTPStatus.OK:
            detail = f"what is hinted at answers {answer.status}"
            self._shared.fault("preload_hint", where, detail)
        elif not answer.body:
            self._shared.fault("preload_hint", where, "what is hinted at is empty")

    async def _judge_part(self, new: NewPart) -> None:
        """A listed part can be fetched at once; one that came by its hint was fetched already."""
        self._shared.report.parts += 1
        if new.part.gap or new.part.resource.uri == self._hinted:
            return
        where = f"{self._name} {new.msn}.{new.index}"
        try:
            answer = await self._shared.fetcher.resource(
                self._url, new.part.resource, timeout_s=_TIMEOUT_S
            )
        except FetchError as error:
            self._shared.fault("part_missing", where, str(error))
            return
        if answer.status != HTTPStatus.OK:
            self._shared.fault("part_missing", where, f"status {answer.status}")
        elif answer.seconds > max(new.part.duration_s, _SHORT_S):
            detail = f"took {answer.seconds:.2f} s, and lasts {new.part.duration_s:.2f} s"
            self._shared.fault("part_late", where, detail)
