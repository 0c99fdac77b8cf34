"""The checker's eyes and ears, on media whose offsets are known."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from core.boxes import iter_boxes
from lensong.demo.picture import FLASH_BOX, HEIGHT, WIDTH
from tests.checker.decoded import (
    Picture,
    beep_onsets,
    decode_pictures,
    decode_sound,
    flash_times,
    lip_sync_ms,
    repeats_of,
)

START_S = 1_795_442_400


def seen(*numbers: int | None) -> list[Picture]:
    return [Picture(i / 25, number, lit=False) for i, number in enumerate(numbers)]


def test_counts_pictures_that_are_shown_again() -> None:
    repeats = repeats_of(seen(7, 8, 8, 8, 9, 9, None, None, 12, 5))
    assert (repeats.pictures, repeats.repeated, repeats.longest) == (10, 3, 2)
    assert (repeats.without_number, repeats.backward) == (2, 1)


def test_a_number_that_wraps_does_not_go_back() -> None:
    assert repeats_of(seen(2**32 - 1, 0)).backward == 0


def test_finds_the_onset_of_a_beep_within_a_millisecond() -> None:
    moments = np.arange(3 * 48_000) / 48_000
    sound = 0.02 * np.sin(2 * np.pi * 220 * moments)
    for at in (0.5, 1.5071, 2.5):
        first = round(at * 48_000)
        sound[first : first + 1920] += 0.5 * np.sin(2 * np.pi * 1000 * moments[:1920])
    found = beep_onsets(10.0, sound)
    assert found == pytest.approx([10.5, 11.5071, 12.5], abs=0.001)


def test_pairs_flashes_with_the_nearest_beep() -> None:
    assert lip_sync_ms([1.0, 2.0, 3.0], [1.01, 1.98]) == pytest.approx([10.0, -20.0])


def encode(path: Path, *arguments: str) -> tuple[bytes, list[bytes]]:
    flags = "+cmaf+empty_moov+default_base_moof+skip_trailer+frag_discont"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *arguments]
    command += ["-movflags", flags, "-frag_duration", "640000", "-f", "mp4", str(path)]
    subprocess.run(command, check=True, timeout=30)
    boxes = [bytes(item.raw) for item in iter_boxes(path.read_bytes())]
    return boxes[0] + boxes[1], boxes[2:]


@pytest.mark.media
@pytest.mark.timeout(60)
def test_flash_and_beep_of_real_media(tmp_path: Path) -> None:
    """Flashes at 2, 3 and 4 s, beeps 40 ms later, through encoder, container and decoder."""
    left, top, width, height = FLASH_BOX
    flash = (
        f"drawbox={left}:{top}:{width}:{height}:white:fill:enable='gte(t,1.9)*lt(mod(t,1),0.08)'"
    )
    pictures = decode_pictures(
        *encode(
            tmp_path / "v.mp4",
            *("-f", "lavfi", "-i", f"color=black:{WIDTH}x{HEIGHT}:25:d=5,{flash}"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-output_ts_offset", str(START_S)),
        )
    )
    beep = "0.5*sin(2*PI*1000*t)*gte(t,1.9)*gte(mod(t,1),0.04)*lt(mod(t,1),0.08)"
    start_s, sound = decode_sound(
        *encode(
            tmp_path / "a.mp4",
            *("-f", "lavfi", "-i", f"aevalsrc='{beep}':s=48000:d=5", "-ac", "1"),
            *("-af", "atrim=start_sample=1024,asetpts=N/SR/TB", "-c:a", "aac"),
            *("-output_ts_offset", f"{START_S + 1024 / 48000:.9f}"),
        )
    )
    flashes = flash_times(pictures)
    assert flashes == pytest.approx([START_S + second for second in (2, 3, 4)], abs=0.001)
    offsets = lip_sync_ms(flashes, beep_onsets(start_s, sound))
    assert offsets == pytest.approx([40, 40, 40], abs=3)
