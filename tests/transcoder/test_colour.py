"""transcoder.graph: a picture's colours come out as they went in, with both versions of FFmpeg."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from typing import Final

import av
import numpy as np
import pytest

from core.config import ChannelSettings
from core.ladder import renditions_of
from core.timeline import start_of_segment
from tests.ingest.sound import FFMPEGS
from transcoder.graph import DecoderPlan, EncoderPlan, decoder_arguments, encoder_arguments

pytestmark = [pytest.mark.media, pytest.mark.timeout(60)]

WIDTH, HEIGHT = 640, 360
RED_601: Final = (81, 90, 240)
RED_709: Final = (63, 102, 240)


def plane(colour: tuple[int, int, int], frames: int = 1) -> bytes:
    luma, blue, red = (bytes([value]) for value in colour)
    chroma = WIDTH * HEIGHT // 4
    return (luma * WIDTH * HEIGHT + blue * chroma + red * chroma) * frames


def middle(picture: bytes) -> tuple[int, int, int]:
    """Return luma and both chromas of a picture of the programme's size."""
    values = np.frombuffer(picture, np.uint8)
    luma, blue, red = np.split(values, [WIDTH * HEIGHT, WIDTH * HEIGHT * 5 // 4])
    return int(np.median(luma)), int(np.median(blue)), int(np.median(red))


def studio(colour: tuple[int, int, int], matrix: str | None) -> bytes:
    """Return an FLV of one colour whose H.264 names its matrix, or does not."""
    named = [] if matrix is None else ["-vf", f"setparams=colorspace={matrix}:range=tv"]
    command = [
        *(FFMPEGS[0], "-v", "error", "-f", "rawvideo", "-s", f"{WIDTH}x{HEIGHT}", "-i", "pipe:0"),
        *(*named, "-c:v", "libx264", "-qp", "1", "-f", "flv", "pipe:1"),
    ]
    return subprocess.run(command, input=plane(colour, 10), capture_output=True, check=True).stdout


@pytest.mark.parametrize("program", FFMPEGS)
@pytest.mark.parametrize(
    ("matrix", "sent", "expected"),
    [
        pytest.param("bt709", RED_709, RED_709, id="named BT.709"),
        pytest.param(None, RED_709, RED_709, id="not named: as every screen takes it"),
        pytest.param("smpte170m", RED_601, RED_709, id="named BT.601, converted"),
    ],
)
def test_the_decoder_makes_bt709_of_every_picture(
    program: str, matrix: str | None, sent: tuple[int, int, int], expected: tuple[int, int, int]
) -> None:
    plan = DecoderPlan(
        demuxer="flv",
        offset_us=0,
        width=WIDTH,
        height=HEIGHT,
        frame_rate=25,
        picture_fd=1,
        sound_fd=None,
    )
    command = [program, *decoder_arguments(plan)]
    run = subprocess.run(command, input=studio(sent, matrix), stdout=subprocess.PIPE, check=True)
    assert len(run.stdout) >= 10 * len(plane(sent))
    assert middle(run.stdout[: len(plane(sent))]) == pytest.approx(expected, abs=2)


@pytest.mark.parametrize("program", FFMPEGS)
def test_the_encoder_keeps_the_programmes_colours_and_names_them(
    program: str, tmp_path: Path
) -> None:
    """In the rendition of the programme's own size, and in one that is scaled."""
    channel = ChannelSettings(slug="c", name="C", kind="tv", ladder="360p")
    renditions = renditions_of(channel)
    sound = tmp_path / "sound"
    sound.write_bytes(bytes(4 * 48_000))
    files = {item.name: tmp_path / item.name for item in renditions}
    plan = EncoderPlan(
        renditions=renditions,
        width=WIDTH,
        height=HEIGHT,
        frame_rate=25,
        preset=channel.encoder_preset,
        language="vi",
        start=start_of_segment(467_000_000),
        picture_fd=0,
        sound_fd=3,
        output_fds={name: 10 + index for index, name in enumerate(files)},
    )
    opened = " ".join(f"{fd}>'{files[name]}'" for name, fd in sorted(plan.output_fds.items()))
    script = f'exec "$0" "$@" 3<\'{sound}\' {opened}'
    command = ["bash", "-c", script, program, *encoder_arguments(plan)]
    subprocess.run(command, input=plane(RED_709, 25), check=True)
    for item in renditions:
        if item.kind == "video":
            with av.open(io.BytesIO(files[item.name].read_bytes()), "r") as made:
                frame = next(made.decode(video=0))
            planes = [int(np.median(np.frombuffer(bytes(part), np.uint8))) for part in frame.planes]
            assert planes == pytest.approx(RED_709, abs=3)
            assert frame.colorspace == 1  # BT.709
