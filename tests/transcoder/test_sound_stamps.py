"""transcoder.graph: the decoder's sound keeps to its time stamps, with both versions of FFmpeg."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.skewed_studio import Hole, Loop, encode_loop, flv_file, source_tags
from lensong.demo.flv import FlvTag
from tests.checker.decoded import beep_onsets
from tests.ingest.sound import FFMPEGS
from transcoder.graph import DecoderPlan, decoder_arguments

pytestmark = [pytest.mark.media, pytest.mark.timeout(120)]

SOUND = 8
PURE_STEP = 0.25 * (2 - 2 * np.cos(2 * np.pi / 48))


@cache
def loop() -> Loop:
    return encode_loop()


def run_away(tags: Iterator[FlvTag]) -> Iterator[FlvTag]:
    """Stamp the sound by a clock that is 200 ppm off the samples' own."""
    for tag in tags:
        fast = round(tag.timestamp_ms * 1.0002) if tag.kind == SOUND else tag.timestamp_ms
        yield replace(tag, timestamp_ms=fast)


def decode(program: str, source: bytes) -> npt.NDArray[np.float64]:
    plan = DecoderPlan(
        demuxer="flv",
        offset_us=0,
        width=0,
        height=0,
        frame_rate=25,
        picture_fd=None,
        sound_fd=1,
    )
    command = [program, *decoder_arguments(plan)]
    run = subprocess.run(command, input=source, stdout=subprocess.PIPE, check=True)
    both: npt.NDArray[np.float64] = np.frombuffer(run.stdout, "<i2").reshape(-1, 2).T / 32768
    return both


@pytest.mark.parametrize("program", FFMPEGS)
def test_a_lost_frame_of_sound_is_made_good(program: str) -> None:
    """One AAC frame, 21 ms, is gone; what follows does not stay early for ever."""
    tags = source_tags(loop(), sound_hole=Hole(at_s=2.45, seconds=0.02))
    left, right = decode(program, flv_file(tags, 32))
    late_ms = [1000 * (at - round(at)) for at in beep_onsets(0, left)]
    assert min(late_ms) < -15  # it was lost
    assert max(map(abs, late_ms[-8:])) < 6
    steps = np.abs(np.diff(right[3 * 48_000 : -4_096], 2))
    assert steps.max() < 1.1 * PURE_STEP


@pytest.mark.parametrize("program", FFMPEGS)
def test_a_sound_that_runs_away_from_its_stamps_is_held_by_them(program: str) -> None:
    """In 60 s it would be 12 ms off, in eight minutes 0.1 s and then cut."""
    left, right = decode(program, flv_file(run_away(source_tags(loop())), 60))
    late_ms = [1000 * (at / 1.0002 - round(at / 1.0002)) for at in beep_onsets(0, left)]
    assert max(map(abs, late_ms[1:])) < 6
    assert np.abs(np.diff(right[4_096:-4_096], 2)).max() < 1.1 * PURE_STEP


@pytest.mark.parametrize("program", FFMPEGS)
def test_good_sound_stays_where_it_is(program: str) -> None:
    left, right = decode(program, flv_file(source_tags(loop()), 20))
    assert max(abs(at - round(at)) for at in beep_onsets(0, left)[1:]) < 0.000_5
    assert np.abs(np.diff(right[4_096:-4_096], 2)).max() < 1.02 * PURE_STEP
