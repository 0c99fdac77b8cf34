"""What the probe decodes of a segment, against a decoder that reads everything in one go."""

from __future__ import annotations

import io
import subprocess
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from core.config import PathSettings
from core.content import Luma, small_luma
from core.loudness import Sound
from core.programs import ffmpeg_program
from monitoring.probe_media import inspect_segment
from monitoring.probe_segment import SegmentFacts

pytestmark = [pytest.mark.media, pytest.mark.timeout(60)]

_GRAY = "color=c=0x808080:s=320x184:r=25"


def make(folder: Path, rate: int, *more: str) -> list[bytes]:
    """Return segments of 2 s: white and gray, a tone of -6 dBFS at the left, -12 at the right."""
    command = [
        ffmpeg_program(PathSettings()), "-v", "error",
        "-f", "lavfi", "-i", f"{_GRAY}:d=8,drawbox=x=0:y=0:w=160:h=184:color=white:t=fill",
        "-f", "lavfi", "-i", f"aevalsrc=0.5*sin(2*PI*997*t)|0.25*sin(2*PI*997*t):s={rate}:d=8",
        "-c:v", "libx264", "-g", "25", "-preset", "ultrafast", *more,
        "-c:a", "aac", "-b:a", "192k", "-aac_pns", "0",
        "-f", "hls", "-hls_time", "2", "-hls_list_size", "0",
        "-hls_segment_filename", f"{folder}/%d.ts", f"{folder}/x.m3u8",
    ]  # fmt: skip
    subprocess.run(command, check=True)
    return [(folder / f"{number}.ts").read_bytes() for number in range(4)]


def inspect(segments: list[bytes], *, primed: bool = True) -> list[SegmentFacts]:
    found: list[SegmentFacts] = []
    for data in segments:
        before = found[-1].last_sound if found and primed else b""
        found.append(inspect_segment(data, before=before))
    return found


def sound_of(facts: list[SegmentFacts]) -> Sound:
    return np.concatenate([one.sound for one in facts if one.sound is not None])


def in_one_go(segments: list[bytes]) -> Sound:
    with av.open(io.BytesIO(b"".join(segments)), mode="r", format="mpegts") as opened:
        frames = [frame.to_ndarray() for frame in opened.decode(opened.streams.audio[0])]
    return (np.concatenate(frames, axis=1).T * 32_768).astype(np.float32)


def test_the_sound_of_segments_goes_on_as_if_they_were_one_file(tmp_path: Path) -> None:
    segments = make(tmp_path, 48_000)
    whole = in_one_go(segments)
    alone, following = (sound_of(inspect(segments, primed=it)) for it in (False, True))
    assert following.shape == whole.shape
    assert np.abs(following - whole).max() < 1
    assert np.abs(alone - whole).max() > 1_000  # the first frame of each segment is but half


def test_sound_of_another_rate_is_brought_to_that_of_the_meters(tmp_path: Path) -> None:
    facts = inspect(make(tmp_path, 44_100))
    sound = sound_of(facts)
    assert abs(len(sound) / 48_000 - 8.0) < 0.1
    left, right = np.sqrt(np.square(sound[96_000:288_000] / 32_768).mean(axis=0))
    assert 20 * np.log10(left) == pytest.approx(-9.0, abs=0.1)
    assert 20 * np.log10(right) == pytest.approx(-15.1, abs=0.1)
    track = facts[0].track("audio")
    assert track is not None
    assert track.rate == 44_100


@pytest.mark.parametrize(
    "form",
    [
        (),
        ("-pix_fmt", "yuv420p10le"),
        ("-vf", "scale=out_range=pc", "-pix_fmt", "yuvj420p"),
        ("-vf", "crop=4:4:8:8", "-pix_fmt", "yuv444p"),
    ],
)
def test_key_frames_are_squares_of_brightness_whatever_their_form(
    tmp_path: Path, form: tuple[str, ...]
) -> None:
    facts = inspect(make(tmp_path, 48_000, *form))
    pictures = [picture for one in facts for picture in one.pictures]
    assert len(pictures) == 8
    if "crop=4:4:8:8" in form:
        assert pictures[0].shape == (1, 1)
        return
    expected = np.full((23, 40), 126)
    expected[:, :20] = 235
    for picture in pictures:
        assert np.abs(picture.astype(int) - expected).max() <= 3
    assert all(np.abs(one.astype(int) - two).max() <= 2 for one, two in pairwise(pictures))


def test_a_line_may_be_longer_than_its_picture() -> None:
    padded = np.full((16, 32), 200, np.uint8)
    padded[:, :16] = 50
    found: Luma = small_luma(memoryview(padded.tobytes()), width=16, height=16, stride=32)
    assert found.tolist() == [[50, 50], [50, 50]]
