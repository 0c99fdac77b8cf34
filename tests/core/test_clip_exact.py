"""core.clip_maker: real media, real decoders; every picture and every sample is accounted for.

What is looked at: the first and the last picture and all between, the number of samples, the first
and the last of them, and that what is in the file is what is in the archive.  The sound is compared
with the archive's own, decoded whole; that this stands where it should, one test shows.
"""

from __future__ import annotations

import asyncio
import io
import random
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import av
import imageio_ffmpeg
import numpy as np
import numpy.typing as npt
import pytest

from core.archive_disk import DiskArchive
from core.boxes import child
from core.clip import ClipOrder, ClipSpan, TrackOrder, exact_span
from core.clip_maker import MadeClip, make_clip
from core.cmaf import parse_header
from core.mp4 import MovieFacts
from core.samples import read_runs
from core.timeline import UnixNs, start_of_segment
from lensong.demo.picture import read_strip
from tests.clip_media import MSN, Recording, chirp, make_channel, record

pytestmark = [pytest.mark.media, pytest.mark.timeout(240)]

SEGMENTS = 8
START = start_of_segment(MSN)
LENGTH_NS = SEGMENTS * 3_840_000_000
NEWEST = imageio_ffmpeg.get_ffmpeg_exe()
PROGRAMS = [NEWEST, *filter(None, [shutil.which("ffmpeg")])]
SIZES = {"360p": (640, 360), "234p": (416, 234)}

Samples = npt.NDArray[np.float64]


@cache
def recording(kind: str, preset: str) -> Recording:
    """Return a recording; each is made once."""
    return record(make_channel(kind, encoder_preset=preset), SEGMENTS)


@cache
def archived_sound(kind: str, preset: str, rendition: str) -> Samples:
    """Decode all of a sound rendition: from the recording's first sample on."""
    made = recording(kind, preset)
    return sound_of(made.headers[rendition] + b"".join(made.media[rendition]))


def sound_of(data: bytes) -> Samples:
    with av.open(io.BytesIO(data), mode="r") as container:
        blocks = [
            cast("npt.NDArray[np.float32]", frame.to_ndarray())[0].astype(np.float64)
            for frame in container.decode(audio=0)
        ]
    return np.concatenate(blocks)


@dataclass(frozen=True)
class Clip:
    """A clip on disk and what it should be."""

    path: Path
    span: ClipSpan
    made: MadeClip

    @property
    def frames(self) -> list[int]:
        """Numbers of its pictures, of 25 a second since the epoch."""
        return list(range(self.span.begin // 1920, self.span.end // 1920))

    @property
    def samples(self) -> tuple[int, int]:
        """First sample, and one past the last, counted from the recording's first."""
        zero = START * 48_000 // 1_000_000_000
        return self.span.begin - zero, self.span.end - zero


def clip_of(
    made: Recording, folder: Path, start_ns: int, end_ns: int, *renditions: str, **more: object
) -> Clip:
    """Make a clip; times count from the recording's start."""
    is_tv = made.channel.kind == "tv"
    span = exact_span(UnixNs(START + start_ns), UnixNs(START + end_ns), 25 if is_tv else 0)
    order = ClipOrder(
        channel=made.channel.slug,
        tracks=tuple(
            TrackOrder(name, "audio" if name[0] == "a" else "video") for name in renditions
        ),
        span=span,
        facts=MovieFacts(title="Bản tin bão", artist="Hưng Yên", date="2026-11-24"),
        zone=ZoneInfo("Asia/Ho_Chi_Minh"),
    )
    path = folder / ("clip.mp4" if is_tv else "clip.m4a")

    async def make() -> MadeClip:
        store = DiskArchive(folder / "archive")
        try:
            await made.put_into(store, holes=cast("tuple[int, ...]", more.get("holes", ())))
            return await make_clip(store, order, path)
        finally:
            store.close()

    return Clip(path, span, asyncio.run(make()))


def pictures_by_ffmpeg(program: str, path: Path, rendition: str) -> list[int | None]:
    """Return the numbers of all pictures that an FFmpeg shows."""
    width, height = SIZES[rendition]
    form = ("-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1")
    data = subprocess.run(
        [program, "-v", "error", "-i", str(path), "-map", "0:v", *form],
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    planes = np.frombuffer(data, np.uint8).reshape(-1, height, width)
    return [read_strip(plane) for plane in planes]


def sound_by_ffmpeg(program: str, path: Path) -> Samples:
    """Return the left channel as an FFmpeg decodes it."""
    data = subprocess.run(
        [program, "-v", "error", "-i", path, "-map", "0:a", "-f", "f32le", "pipe:1"],
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    return np.frombuffer(data, np.float32).reshape(-1, 2)[:, 0].astype(np.float64)


def pictures_by_pyav(path: Path) -> list[tuple[float, int | None]]:
    with av.open(path, "r") as container:
        found = []
        for frame in container.decode(video=0):
            planes = cast("npt.NDArray[np.uint8]", frame.to_ndarray(format="gray"))
            found.append((frame.time or 0.0, read_strip(planes)))
    return found


def sound_by_pyav(path: Path) -> tuple[Samples, int]:
    """Return the samples that PyAV decodes, and how many of them the packets say are shown.

    FFmpeg 8, which it brings along, cuts the start by itself and leaves the end to the packet's
    duration; 5.1 too.  9 cuts both.
    """
    with av.open(path, "r") as container:
        shown = max(
            (packet.pts or 0) + (packet.duration or 0)
            for packet in container.demux(audio=0)
            if packet.pts is not None
        )
    with path.open("rb") as file:
        return sound_of(file.read()), shown


def same_sound(heard: Samples, expected: Samples) -> bool:
    """Tell whether two sounds are equal, and no other shift would do."""
    assert len(heard) == len(expected)
    here = float(np.abs(heard - expected).max())
    if len(heard) < 100:
        return here < 1e-4
    beside = min(
        float(np.abs(heard[1:] - expected[:-1]).max()),
        float(np.abs(heard[:-1] - expected[1:]).max()),
    )
    return here < 1e-4 < beside


def test_the_archived_sound_stands_where_it_should() -> None:
    """Against what was put in: best without a shift, by far better than one sample beside."""
    heard = archived_sound("tv", "quality", "a96")
    put_in = chirp(SEGMENTS * 3.84 + 2)[: len(heard)]
    middle = slice(48_000, len(heard) - 48_000)

    def fault(shift: int) -> float:
        return float(np.square(np.roll(heard, shift)[middle] - put_in[middle]).mean())

    faults = {shift: fault(shift) for shift in range(-3, 4)}
    assert min(faults, key=faults.__getitem__) == 0
    assert faults[0] < 0.02 * faults[1]


def check_television(clip: Clip, rendition: str, expected: Samples) -> None:
    """Hold a clip against what it should be, by three decoders."""
    mask = [number % 2**32 for number in clip.frames]
    for program in PROGRAMS:
        assert pictures_by_ffmpeg(program, clip.path, rendition) == mask, program
    shown = pictures_by_pyav(clip.path)
    assert [number for _, number in shown] == mask
    assert [at for at, _ in shown] == pytest.approx([i / 25 for i in range(len(mask))], abs=1e-9)
    check_sound(clip, expected)


def check_sound(clip: Clip, expected: Samples) -> None:
    first, end = clip.samples
    wanted = expected[first:end]
    assert same_sound(sound_by_ffmpeg(NEWEST, clip.path), wanted)
    for program in PROGRAMS[1:]:
        heard = sound_by_ffmpeg(program, clip.path)
        # FFmpeg: 5.1 plays the last frame of AAC to its end, of its own files too.
        assert 0 <= len(heard) - len(wanted) < 1024
        assert same_sound(heard[: len(wanted)], wanted)
    heard, shown = sound_by_pyav(clip.path)
    assert shown == end - first
    assert 0 <= len(heard) - len(wanted) < 1024
    assert same_sound(heard[: len(wanted)], wanted)


@pytest.mark.parametrize(("preset", "rendition"), [("quality", "360p"), ("low_latency", "234p")])
def test_any_span_of_television_is_exact(preset: str, rendition: str, tmp_path: Path) -> None:
    """25 random spans each, from one picture to eight seconds, to the nanosecond."""
    made = recording("tv", preset)
    expected = archived_sound("tv", preset, "a96")
    chance = random.Random(20_261_123)  # noqa: S311
    for _ in range(25):
        start = chance.randrange(40_000_000, LENGTH_NS - 8_500_000_000)
        clip = clip_of(
            made, tmp_path, start, start + chance.randrange(40_000_001, 8_000_000_000),
            rendition, "a96",
        )  # fmt: skip
        check_television(clip, rendition, expected)


def test_any_span_of_radio_is_exact(tmp_path: Path) -> None:
    """25 random spans, from 40 ms on."""
    made = recording("radio", "low_latency")
    expected = archived_sound("radio", "low_latency", "a128")
    chance = random.Random(7)  # noqa: S311
    for _ in range(25):
        start = chance.randrange(40_000_000, LENGTH_NS - 8_500_000_000)
        length = chance.choice((40_100_000, 61_000_000, chance.randrange(8_000_000_000)))
        clip = clip_of(made, tmp_path, start, start + max(length, 40_100_000), "a128")
        check_sound(clip, expected)


@pytest.mark.parametrize("start_ns", [0, 3_840_000_000, 7_679_999_999, 7_680_000_001])
def test_a_span_at_a_segments_edge_is_exact(start_ns: int, tmp_path: Path) -> None:
    made = recording("tv", "quality")
    # The very first frame of sound lacks the one before it, in the archive as in the clip.
    clip = clip_of(made, tmp_path, start_ns, start_ns + 3_840_000_000, "360p", "a96")
    assert len(clip.frames) == 96
    if start_ns:
        check_television(clip, "360p", archived_sound("tv", "quality", "a96"))


def test_a_hole_keeps_its_time(tmp_path: Path) -> None:
    """Two segments are missing: the picture is held, the sound is silent, the rest is in place."""
    made = recording("tv", "quality")
    holes = (MSN + 3, MSN + 4)
    clip = clip_of(made, tmp_path, 9_000_000_000, 22_000_000_000, "360p", "a96", holes=holes)
    assert {(name, hole.first, hole.last) for name, hole in clip.made.holes} == {
        ("360p", *holes),
        ("a96", *holes),
    }
    expected = [n for n in clip.frames if not 3 * 96 <= n - START * 25 // 10**9 < 5 * 96]
    shown = pictures_by_pyav(clip.path)
    assert [number for _, number in shown] == [n % 2**32 for n in expected]
    zero = clip.frames[0]
    assert [at for at, _ in shown] == pytest.approx([(n - zero) / 25 for n in expected], abs=1e-9)
    for program in PROGRAMS:
        assert pictures_by_ffmpeg(program, clip.path, "360p") == [n % 2**32 for n in expected]
    heard = sound_by_ffmpeg(NEWEST, clip.path)
    first, end = clip.samples
    assert len(heard) == end - first
    lost, back = 3 * 184_320 - first, 5 * 184_320 - first
    sound = archived_sound("tv", "quality", "a96")[first:end]
    assert same_sound(heard[:lost], sound[:lost])
    assert np.abs(heard[lost + 1024 : back]).max() == 0
    assert same_sound(heard[back + 1024 :], sound[back + 1024 :])


@pytest.mark.parametrize(("holes", "begins_s"), [((MSN + 1,), 3.68), ((MSN + 3,), 0.0)])
def test_a_hole_at_an_edge_keeps_its_time(
    holes: tuple[int, ...], begins_s: float, tmp_path: Path
) -> None:
    made = recording("tv", "quality")
    clip = clip_of(made, tmp_path, 4_000_000_000, 15_000_000_000, "360p", "a96", holes=holes)
    shown = pictures_by_pyav(clip.path)
    assert shown[0][0] == pytest.approx(begins_s)
    assert len(sound_by_ffmpeg(NEWEST, clip.path)) == 11 * 48_000
    with av.open(clip.path, "r") as container:
        # FFmpeg: behind an empty edit 8 counts one picture too many.
        assert container.duration in {11_000_000, 11_040_000}


def test_what_is_in_the_file_is_what_is_in_the_archive(tmp_path: Path) -> None:
    """Every coded sample of the clip is one of the archive's, byte for byte and in order."""
    made = recording("tv", "quality")
    clip = clip_of(made, tmp_path, 5_000_000_000, 14_000_000_000, "360p", "a96")
    for name, kind in (("360p", "video"), ("a96", "audio")):
        header = parse_header(made.headers[name])
        archived = []
        for segment in made.media[name]:
            for run in read_runs(segment, header):
                at = 0
                for size in run.sizes:
                    archived.append(bytes(run.data[at : at + size]))
                    at += size
        with av.open(clip.path, "r") as container:
            coded = [
                bytes(packet)
                for packet in container.demux(**{kind: 0})
                if packet.size  # the last one only says that it is over
            ]
        first = archived.index(coded[0])
        assert archived[first : first + len(coded)] == coded
        assert len(coded) > 200


def test_the_head_stands_before_the_media_and_names_the_clip(tmp_path: Path) -> None:
    clip = clip_of(
        recording("tv", "quality"), tmp_path, 5_000_000_000, 6_000_000_000, "360p", "a96"
    )
    data = clip.path.read_bytes()
    kinds = []
    at = 0
    while at < len(data):
        kinds.append(data[at + 4 : at + 8])
        at += int.from_bytes(data[at : at + 4])
    assert kinds == [b"ftyp", b"moov", b"free", b"mdat"]
    assert child(data, b"moov", b"udta", b"meta")
    with av.open(clip.path, "r") as container:
        assert container.metadata["title"] == "Bản tin bão"
        assert container.metadata["artist"] == "Hưng Yên"
        assert container.metadata["date"] == "2026-11-24"
