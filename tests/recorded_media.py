"""A recorded past for tests: real tiny media with numbered pictures, stamped to any time.

Thirty-two segments of 64 x 64 pictures and of silence are encoded once; a segment of any number is
one of them with its times rewritten.  Each picture shows a number that a machine can read: the
number of its frame since the epoch, modulo :data:`CYCLE_FRAMES`.  So what a player shows says which
moment it plays, and a week of two channels is written in a minute.
"""

from __future__ import annotations

import asyncio
import hashlib
import struct
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import imageio_ffmpeg
import numpy as np

from core.archive import (
    HourIndex,
    SegmentRecord,
    TrackFacts,
    header_key,
    header_marker_key,
    hours_of,
    index_key,
    make_index,
    numbers_of,
    render_index,
    segment_key,
)
from core.boxes import iter_boxes
from core.cmaf import parse_header, render_segment_type
from core.config import Settings, parse_settings
from core.timeline import PARTS_PER_SEGMENT, SEGMENT_NS, part_ticks

__all__ = [
    "CYCLE_FRAMES",
    "HEIGHT",
    "RATE",
    "WIDTH",
    "Media",
    "Recorder",
    "expected_number",
    "make_media",
    "read_number",
    "recorded_settings",
]

WIDTH: Final = 64
HEIGHT: Final = 64
RATE: Final = 25
_SEGMENTS: Final = 32
_FRAMES: Final = 96
CYCLE_FRAMES: Final = _SEGMENTS * _FRAMES
_ROWS: Final = 2
_COLUMNS: Final = 8
_SQUARE: Final = WIDTH // _COLUMNS


def expected_number(unix_ns: int) -> int:
    """Return the number that the picture of a moment shows."""
    return unix_ns * RATE // 1_000_000_000 % CYCLE_FRAMES


def _picture(number: int) -> bytes:
    """Draw sixteen squares in two rows: a white and a black one, then fourteen bits."""
    bits = [1, 0, *(number >> (13 - place) & 1 for place in range(14))]
    cells = np.array(bits, dtype=np.uint8).reshape(_ROWS, _COLUMNS) * 219 + 16
    return np.repeat(np.repeat(cells, HEIGHT // _ROWS, 0), _SQUARE, 1).tobytes()


def read_number(luma: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> int | None:
    """Read the number of a picture; None if it shows none.

    Args:
        luma: Rows of brightness, 64 x 64.
    """
    rows = luma.reshape(_ROWS, HEIGHT // _ROWS, _COLUMNS, _SQUARE)
    means = rows[:, 8:-8, :, 2:-2].mean(axis=(1, 3)).reshape(-1)
    if means[0] - means[1] < 100:
        return None
    middle = (float(means[0]) + float(means[1])) / 2
    number = 0
    for mean in means[2:]:
        number = 2 * number + int(mean > middle)
    return number


@dataclass(frozen=True, slots=True)
class Media:
    """What was encoded of one track."""

    facts: TrackFacts
    header: bytes
    segments: tuple[tuple[bytes, ...], ...]
    """Six fragments each."""

    ticks: int
    """Of a part."""

    @property
    def header_hash(self) -> str:
        """The header's name in URLs."""
        return hashlib.sha256(self.header).hexdigest()[:16]

    def segment(self, msn: int) -> bytes:
        """Return segment ``msn``."""
        pieces = [render_segment_type(slate=False)]
        for part, fragment in enumerate(self.segments[msn % len(self.segments)]):
            number = msn * PARTS_PER_SEGMENT + part
            stamped = bytearray(fragment)
            at = stamped.index(b"mfhd")
            struct.pack_into(">I", stamped, at + 8, number & 0xFFFFFFFF)
            at = stamped.index(b"tfdt")
            assert stamped[at + 4] == 1, "a decode time of 64 bits"
            struct.pack_into(">Q", stamped, at + 8, number * self.ticks)
            pieces.append(bytes(stamped))
        return b"".join(pieces)


async def make_media() -> tuple[Media, Media]:
    """Encode the pictures and the silence, by the recipe of the encoder."""
    seconds = _SEGMENTS * SEGMENT_NS / 1e9
    pictures = b"".join(_picture(number) for number in range(CYCLE_FRAMES))
    video = await _encode(
        ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(RATE)],
        "pipe:0",
        "-c:v libx264 -preset ultrafast -tune zerolatency -crf 24 -pix_fmt yuv420p"
        " -g 48 -keyint_min 48 -sc_threshold 0",
        pictures,
    )
    sound = await _encode(
        ["-f", "lavfi"],
        f"anullsrc=r=48000:cl=stereo:d={seconds + 1}",
        "-af atrim=start_sample=1024,asetpts=N/SR/TB -ac 2 -c:a aac -b:a 16k",
        b"",
    )
    return _media(video), _media(sound)


async def _encode(form: list[str], source: str, codec: str, given: bytes) -> bytes:
    program = await asyncio.to_thread(imageio_ffmpeg.get_ffmpeg_exe)
    process = await asyncio.create_subprocess_exec(
        *(program, "-v", "error", *form, "-i", source, *codec.split()),
        *("-movflags", "+cmaf+empty_moov+default_base_moof+skip_trailer+frag_discont"),
        *("-output_ts_offset", "8640000", "-frag_duration", "640000", "-f", "mp4", "pipe:1"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate(given)
    assert process.returncode == 0
    return output


def _media(output: bytes) -> Media:
    boxes = [(item.kind, bytes(item.raw)) for item in iter_boxes(output)]
    header = b"".join(raw for kind, raw in boxes if kind in (b"ftyp", b"moov"))
    raw = [data for kind, data in boxes if kind in (b"moof", b"mdat")]
    fragments = [a + b for a, b in zip(raw[::2], raw[1::2], strict=True)]
    parts = PARTS_PER_SEGMENT
    segments = tuple(tuple(fragments[at : at + parts]) for at in range(0, _SEGMENTS * parts, parts))
    parsed = parse_header(header)
    facts = TrackFacts(
        kind=parsed.kind,
        codec=parsed.codec,
        width=parsed.width,
        height=parsed.height,
        frame_rate=RATE if parsed.kind == "video" else 0,
        channels=parsed.channels,
    )
    return Media(facts, header, segments, part_ticks(parsed.timescale))


def recorded_settings(folder: Path, *, archive_days: int = 7, more: str = "") -> Settings:
    """Return the settings of a TV channel and a radio channel with such media."""
    return parse_settings(
        f"""
        [station]
        name = "Đài Hưng Yên"
        [paths]
        run_dir = "{folder}"
        data_dir = "{folder}/data"
        [network]
        http_host = "127.0.0.1"
        {more}
        [[channels]]
        slug = "hytv"
        name = "Truyền hình Hưng Yên"
        kind = "tv"
        archive_days = {archive_days}
        [[channels.renditions]]
        name = "64p"
        width = 64
        height = 64
        video_kbps = 50
        [[channels]]
        slug = "hyfm"
        name = "Phát thanh Hưng Yên"
        kind = "radio"
        archive_days = {archive_days}
        """,
        name="test",
    )


@dataclass(slots=True)
class Recorder:
    """Writes an archive on disk, as the packager would, but at once and without syncs."""

    root: Path
    media: Media
    channel: str
    rendition: str
    _folders: set[Path] = field(default_factory=set)

    def write(
        self,
        first: int,
        last: int,
        *,
        missing: Callable[[int], bool] | Collection[int] = (),
        indexes: bool = True,
        segments: bool = True,
        discontinuities: Iterable[int] = (),
    ) -> None:
        """Write what was on air from ``first`` to ``last``; blocks.

        Args:
            first: Number of the first segment.
            last: Number of the last.
            missing: Which of them are holes.
            indexes: Write the hours' indexes.
            segments: Write the segments, not only the indexes that tell of them.
            discontinuities: Numbers with which a new configuration begins.
        """
        gone = missing if callable(missing) else set(missing).__contains__
        hash_ = self.media.header_hash
        self._put(header_key(self.channel, self.rendition, hash_), self.media.header)
        self._put(header_marker_key(self.channel, self.rendition, first), hash_.encode())
        marks = tuple(discontinuities)
        for hour in hours_of(first, last):
            there = (msn for msn in numbers_of(hour) if first <= msn <= last and not gone(msn))
            records = [self._segment(msn, written=segments) for msn in there]
            if indexes:
                index = self.index(hour, records, marks)
                self._put(index_key(self.channel, self.rendition, hour), render_index(index))

    def index(
        self, hour: int, records: Iterable[SegmentRecord], discontinuities: Iterable[int] = ()
    ) -> HourIndex:
        """Make the index of an hour."""
        return make_index(
            channel=self.channel,
            rendition=self.rendition,
            hour=hour,
            track=self.media.facts,
            records=records,
            reasons={},
            discontinuities=discontinuities,
        )

    def _segment(self, msn: int, *, written: bool) -> SegmentRecord:
        if written:
            data = self.media.segment(msn)
            self._put(segment_key(self.channel, self.rendition, msn), data)
            size, digest = len(data), hashlib.sha256(data).digest()
        else:
            size = sum(map(len, self.media.segments[msn % len(self.media.segments)])) + 24
            digest = hashlib.sha256(b"%d" % msn).digest()
        return SegmentRecord(
            msn=msn, size_bytes=size, sha256=digest, header_hash=self.media.header_hash
        )

    def _put(self, key: str, data: bytes) -> None:
        path = self.root / key
        if path.parent not in self._folders:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(path.parent)
        path.write_bytes(data)
