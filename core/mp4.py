"""Write progressive MP4 files from samples that were encoded before.  Sans-I/O.

The file is ``ftyp moov free mdat``: a player can begin while it still loads.  The tables in
``moov`` are known only when the last sample is, so the writer leaves room for them
(:func:`front_limit`), writes the samples behind it, and fills the room at the end
(:func:`render_front`); what is left over of it is ``free``.

A cut that does not fall on a picture which can be decoded by itself, or on a frame of sound, is
made by an *edit list*: the samples before are in the file because those behind them need them, and
are not shown.  Each track has one edit, and an empty one before it if its media begin later:

* Pictures that are missing: the one before is shown for longer (``stts``).
* Sound that is missing is for the caller to fill with silent frames, not for an edit.
* Reordered pictures have offsets that are all positive (``ctts`` version 0); the edit takes the
  shift back.  Negative ones would need version 1, which older players do not read.

**Source:** ISO/IEC 14496-12 (boxes), 14496-14, Apple's QuickTime File Format (``ilst``).
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from core.boxes import child
from core.cmaf import TrackHeader
from core.errors import FormatError
from core.samples import SampleRun

__all__ = [
    "MOVIE_TIMESCALE",
    "MovieFacts",
    "MovieTrack",
    "TrackTable",
    "front_limit",
    "render_front",
]

MOVIE_TIMESCALE: Final = 48_000
"""Ticks a second of edits: a sample of sound is one, a picture at 25 or 50 a second whole ones."""

_EPOCH_1904_S: Final = 2_082_844_800
"""Seconds from 1904, where times of MP4 begin, to 1970."""

_MATRIX: Final = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_LONG_BOX: Final = 16
_SHORT_BOX: Final = 8
_FIXED_BYTES: Final = 8_192
"""What the boxes beside the tables need at most, with texts of :data:`_MAX_TEXT`."""

_MAX_TEXT: Final = 1_500
_SAMPLE_ROW: Final = 24
"""Bytes a sample needs at most: size 4, composition offset 8, duration 8, sync 4."""

_RUN_ROW: Final = 20
"""Bytes a run needs at most: its place 8, its count 12."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovieFacts:
    """What a file says of itself.  Text is NFC."""

    title: str
    artist: str
    """Who made it: the channel."""

    description: str = ""
    date: str = ""
    """ISO 8601: when it was on air."""

    unix_s: int = 0
    """UNIX seconds of the same moment."""


class TrackTable:
    """The sample tables of one track, grown run by run."""

    def __init__(self, header: TrackHeader) -> None:
        self.header = header
        self.first_time: int | None = None
        """Decode time of the first sample, in ticks since the UNIX epoch; None while empty."""

        self.first_shown = self.last_shown = 0
        """Earliest presentation, and latest end of one, in ticks since the UNIX epoch."""

        self._next_time = 0
        self._least_offset = 0
        self._sizes = array("I")
        self._durations = _Pairs()
        self._offsets = _Pairs()
        self._syncs = array("I")
        self._all_sync = True
        self._chunk_places = array("Q")
        self._chunk_samples = _Pairs()

    def __len__(self) -> int:
        return len(self._sizes)

    def add(self, run: SampleRun, place: int) -> None:
        """Take the next samples.

        Args:
            run: The samples; if they are decoded later than the last one's end, that lasts longer.
            place: Where in the file its first byte stands.

        Raises:
            FormatError: If they are decoded before the last one's end.
        """
        shown = run.presentation_times()
        ends = [at + duration for at, duration in zip(shown, run.durations, strict=True)]
        if self.first_time is None:
            self.first_time, self.first_shown = run.decode_time, min(shown)
        elif run.decode_time > self._next_time:
            self._durations.stretch_last(run.decode_time - self._next_time)
        elif run.decode_time < self._next_time:
            raise FormatError("samples that are out of order", code="timing")
        self.last_shown = max(self.last_shown, *ends)
        self._next_time = run.end_time
        first = len(self._sizes) + 1
        self._syncs.extend(first + index for index, sync in enumerate(run.syncs) if sync)
        self._all_sync = self._all_sync and all(run.syncs)
        self._least_offset = min(self._least_offset, *run.offsets)
        self._sizes.extend(run.sizes)
        self._durations.extend(run.durations)
        self._offsets.extend(run.offsets)
        self._chunk_places.append(place)
        self._chunk_samples.extend((len(run),))

    def end_at(self, end: int) -> None:
        """Let the media end at tick ``end``: the last sample lasts longer, or less.

        # Player: who passes over edits cuts the last frame of AAC by its duration, if at all.
        """
        more = end - self.last_shown
        if more > 0 or self.header.kind == "audio":
            self._durations.stretch_last(more)
            self._next_time += more
            self.last_shown = end

    @property
    def shift(self) -> int:
        """Ticks by which every presentation is late, so that no offset is below zero."""
        return -self._least_offset

    @property
    def base(self) -> int:
        """Tick since the UNIX epoch that is zero of the track's media."""
        return (self.first_time or 0) - self.shift

    @property
    def media_ticks(self) -> int:
        """Length of the media, hidden samples included."""
        return max(self._next_time - (self.first_time or 0), self.last_shown - self.base)

    def render(self, *, long_places: bool) -> bytes:
        """Return the track's ``stbl``."""
        stsd = child(self.header.data, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
        boxes = [_box(b"stsd", stsd), self._durations.render(b"stts")]
        if self.shift or self._offsets.varied:
            boxes.append(self._offsets.render(b"ctts", add=self.shift))
        if not self._all_sync:
            boxes.append(
                _full(b"stss", 0, 0, struct.pack(">I", len(self._syncs)), _be(self._syncs))
            )
        boxes.append(self._render_chunks())
        boxes.append(_full(b"stsz", 0, 0, struct.pack(">II", 0, len(self)), _be(self._sizes)))
        count = struct.pack(">I", len(self._chunk_places))
        if long_places:
            boxes.append(_full(b"co64", 0, 0, count, _be(self._chunk_places)))
        else:
            boxes.append(_full(b"stco", 0, 0, count, _be(array("I", self._chunk_places))))
        if self.header.kind == "audio":
            # "roll": a frame of AAC is whole only when the one before was decoded too.
            boxes.append(_full(b"sgpd", 1, 0, b"roll", struct.pack(">IIh", 2, 1, -1)))
            boxes.append(_full(b"sbgp", 0, 0, b"roll", struct.pack(">III", 1, len(self), 1)))
        return _box(b"stbl", *boxes)

    def _render_chunks(self) -> bytes:
        rows = array("I")
        chunk = 1
        for count, samples in self._chunk_samples:
            rows.extend((chunk, samples, 1))
            chunk += count
        return _full(b"stsc", 0, 0, struct.pack(">I", len(rows) // 3), _be(rows))


class _Pairs:
    """Values as they follow each other, equal ones counted."""

    def __init__(self) -> None:
        self._counts = array("I")
        self._values = array("q")

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._counts, self._values, strict=True)

    @property
    def varied(self) -> bool:
        return len(self._values) > 1

    def extend(self, values: Iterable[int]) -> None:
        for value, equal in groupby(values):
            count = sum(1 for _ in equal)
            if self._values and self._values[-1] == value:
                self._counts[-1] += count
            else:
                self._counts.append(count)
                self._values.append(value)

    def stretch_last(self, more: int) -> None:
        """Make the last value greater."""
        last = self._values[-1] + more
        if self._counts[-1] == 1:
            self._values[-1] = last
            return
        self._counts[-1] -= 1
        self._counts.append(1)
        self._values.append(last)

    def render(self, kind: bytes, *, add: int = 0) -> bytes:
        rows = array("I", bytes(8 * len(self._counts)))
        rows[::2] = self._counts
        rows[1::2] = array("I", [value + add for value in self._values])
        return _full(kind, 0, 0, struct.pack(">I", len(self._counts)), _be(rows))


@dataclass(frozen=True, slots=True)
class MovieTrack:
    """One track and what of it is shown."""

    table: TrackTable
    begin: int
    """Tick of the track's timescale since the UNIX epoch, at which the movie begins."""

    end: int
    """Tick at which it ends."""


def front_limit(samples: int, runs: int) -> int:
    """Return how many bytes to leave free for ``ftyp``, ``moov`` and the head of ``mdat``.

    Args:
        samples: How many samples the tracks have at most, together.
        runs: In how many runs.
    """
    return _FIXED_BYTES + _SAMPLE_ROW * samples + _RUN_ROW * runs


def render_front(
    tracks: Sequence[MovieTrack], facts: MovieFacts, *, media_at: int, media_end: int
) -> bytes:
    """Return the bytes that stand before the first sample: exactly ``media_at``.

    Args:
        tracks: None of them without samples.
        facts: Title and the like.
        media_at: Where the first sample stands.
        media_end: One past the last sample's last byte.

    Raises:
        FormatError: If the room that was left does not do.
    """
    long_places = media_end >= 1 << 32
    ftyp = _box(b"ftyp", b"isom", struct.pack(">I", 0x200), b"isomiso2mp41")
    if all(track.table.header.kind == "audio" for track in tracks):
        ftyp = _box(b"ftyp", b"M4A ", struct.pack(">I", 0), b"M4A isomiso2mp42")
    front = ftyp + _render_movie(tracks, facts, long_places=long_places)
    mdat = _mdat_head(media_end - media_at)
    room = media_at - len(front) - len(mdat)
    if room < _SHORT_BOX and room != 0:
        raise FormatError("more samples than there was room for", code="size")
    return front + (_box(b"free", bytes(room - _SHORT_BOX)) if room else b"") + mdat


def _mdat_head(payload_bytes: int) -> bytes:
    if payload_bytes + _SHORT_BOX < 1 << 32:
        return struct.pack(">I4s", payload_bytes + _SHORT_BOX, b"mdat")
    return struct.pack(">I4sQ", 1, b"mdat", payload_bytes + _LONG_BOX)


def _render_movie(tracks: Sequence[MovieTrack], facts: MovieFacts, *, long_places: bool) -> bytes:
    made = facts.unix_s + _EPOCH_1904_S
    length = max(_movie_ticks(track, track.end - track.begin) for track in tracks)
    mvhd = struct.pack(">QQIQIH10x", made, made, MOVIE_TIMESCALE, length, 0x10000, 0x100)
    mvhd += _MATRIX + bytes(24) + struct.pack(">I", len(tracks) + 1)
    boxes = [
        _render_track(number, track, made, long_places=long_places)
        for number, track in enumerate(tracks, 1)
    ]
    return _box(b"moov", _full(b"mvhd", 1, 0, mvhd), *boxes, _render_facts(facts))


def _movie_ticks(track: MovieTrack, ticks: int) -> int:
    return ticks * MOVIE_TIMESCALE // track.table.header.timescale


def _render_track(number: int, track: MovieTrack, made: int, *, long_places: bool) -> bytes:
    table, header = track.table, track.table.header
    is_video = header.kind == "video"
    length = _movie_ticks(track, track.end - track.begin)
    tkhd = struct.pack(
        ">QQIIQ8xHHHH", made, made, number, 0, length, 0, 0, 0 if is_video else 256, 0
    )
    tkhd += _MATRIX + struct.pack(">II", header.width << 16, header.height << 16)
    media = child(header.data, b"moov", b"trak", b"mdia", b"mdhd")
    language = bytes(media[32:34] if media[0] else media[20:22])
    mdhd = (
        struct.pack(">QQIQ", made, made, header.timescale, table.media_ticks) + language + b"\0\0"
    )
    if is_video:
        kind, name, about = b"vide", b"picture", _full(b"vmhd", 0, 1, bytes(8))
    else:
        kind, name, about = b"soun", b"sound", _full(b"smhd", 0, 0, bytes(4))
    place = _box(b"dinf", _full(b"dref", 0, 0, struct.pack(">I", 1), _full(b"url ", 0, 1)))
    minf = _box(b"minf", about, place, table.render(long_places=long_places))
    hdlr = _full(b"hdlr", 0, 0, bytes(4), kind, bytes(12), name, b"\0")
    mdia = _box(b"mdia", _full(b"mdhd", 1, 0, mdhd), hdlr, minf)
    return _box(b"trak", _full(b"tkhd", 1, 7, tkhd), _render_edits(track), mdia)


def _render_edits(track: MovieTrack) -> bytes:
    """Write the edit list: what is shown of the media, and how long nothing is before it."""
    table = track.table
    shown_from = max(track.begin, table.first_shown)
    rows = []
    if shown_from > track.begin:
        rows.append((_movie_ticks(track, shown_from - track.begin), -1))
    rows.append((_movie_ticks(track, track.end - shown_from), shown_from - table.base))
    edits = b"".join(struct.pack(">Qqhh", length, at, 1, 0) for length, at in rows)
    return _box(b"edts", _full(b"elst", 1, 0, struct.pack(">I", len(rows)), edits))


def _render_facts(facts: MovieFacts) -> bytes:
    items = [
        (b"\xa9nam", facts.title),
        (b"\xa9ART", facts.artist),
        (b"\xa9day", facts.date),
        (b"desc", facts.description),
        (b"\xa9too", "Lensong"),
    ]
    texts = [
        _box(kind, _box(b"data", struct.pack(">II", 1, 0), _short(text)))
        for kind, text in items
        if text
    ]
    hdlr = _full(b"hdlr", 0, 0, bytes(4), b"mdirappl", bytes(9))
    return _box(b"udta", _full(b"meta", 0, 0, hdlr, _box(b"ilst", *texts)))


def _short(text: str) -> bytes:
    """Return UTF-8 of at most :data:`_MAX_TEXT` bytes, cut between letters."""
    return text.encode()[:_MAX_TEXT].decode(errors="ignore").encode()


def _box(kind: bytes, *payloads: bytes | memoryview) -> bytes:
    payload = b"".join(payloads)
    return struct.pack(">I4s", _SHORT_BOX + len(payload), kind) + payload


def _full(kind: bytes, version: int, flags: int, *payloads: bytes) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags), *payloads)


def _be(values: array[int]) -> bytes:
    """Return the values' bytes, the highest first."""
    swapped = values[:]
    if sys.byteorder == "little":
        swapped.byteswap()
    return swapped.tobytes()
