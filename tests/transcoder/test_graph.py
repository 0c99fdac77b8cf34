"""transcoder.graph: the command lines that FFmpeg is given."""

from __future__ import annotations

from itertools import pairwise

import pytest

from core.config import ChannelSettings
from core.ladder import Rendition, renditions_of
from core.timeline import start_of_segment
from transcoder.graph import (
    DecoderPlan,
    EncoderPlan,
    decoder_arguments,
    encoder_arguments,
    thumbnail_size,
)


def encoder(channel: ChannelSettings, *, thumbnail_fd: int | None = None) -> list[str]:
    names = [*(item.name for item in renditions_of(channel)), "mp3"]
    return encoder_arguments(
        EncoderPlan(
            renditions=renditions_of(channel),
            width=1280,
            height=720,
            frame_rate=channel.frame_rate,
            preset=channel.encoder_preset,
            language=channel.language,
            start=start_of_segment(467_000_000),
            picture_fd=3,
            sound_fd=4,
            output_fds={name: 5 + index for index, name in enumerate(names)},
            thumbnail_fd=thumbnail_fd,
        )
    )


def test_every_output_of_the_encoder_is_a_pipe() -> None:
    """FFmpeg never opens a network output: one stalled POST would stall every rendition."""
    arguments = encoder(ChannelSettings(slug="c", name="C", kind="tv"))
    assert [item for item in arguments if item.startswith("pipe:")] == [
        "pipe:3", "pipe:4", "pipe:5", "pipe:6", "pipe:7", "pipe:8", "pipe:9", "pipe:10",
    ]  # fmt: skip
    assert not any("://" in item for item in arguments)


def test_the_encoder_starts_on_the_epochs_grid() -> None:
    """1793280000 s; the sound 1024 samples later, where AAC's priming is."""
    arguments = encoder(ChannelSettings(slug="c", name="C", kind="tv", ladder="360p"))
    offsets = [value for option, value in pairwise(arguments) if option == "-output_ts_offset"]
    assert offsets == ["1793280000000000us"] * 2 + ["1793280000021333us"] * 2


def test_low_rungs_of_a_50_channel_run_at_25() -> None:
    arguments = encoder(ChannelSettings(slug="c", name="C", kind="tv", frame_rate=50))
    graph = arguments[arguments.index("-filter_complex") + 1]
    assert graph.count("framestep=2") == 1  # 480p, of which 360p and 234p are made
    assert graph.count("scale=") == 3
    gops = [value for option, value in pairwise(arguments) if option == "-g"]
    assert gops == ["96", "48", "48", "48"]


def test_radio_has_no_picture_anywhere() -> None:
    arguments = encoder(ChannelSettings(slug="c", name="C", kind="radio"))
    assert "rawvideo" not in arguments
    assert arguments.count("aac") == 3


def test_thumbnails_are_the_last_output_and_take_one_frame_a_segment() -> None:
    arguments = encoder(ChannelSettings(slug="c", name="C", kind="tv"), thumbnail_fd=99)
    graph = arguments[arguments.index("-filter_complex") + 1]
    assert "framestep=96[" in graph
    assert "scale=384:216" in graph
    assert arguments[-1] == "pipe:99"
    assert "mjpeg" not in encoder(ChannelSettings(slug="c", name="C", kind="tv"))


@pytest.mark.parametrize(
    ("picture", "thumbnail"),
    [
        ((416, 234), (384, 216)),
        ((854, 480), (384, 216)),
        ((1280, 536), (384, 160)),
        ((640, 480), (288, 216)),
        ((360, 640), (122, 216)),
        ((200, 112), (200, 112)),
    ],
)
def test_a_thumbnail_keeps_the_aspect(picture: tuple[int, int], thumbnail: tuple[int, int]) -> None:
    width, height = picture
    rung = Rendition(
        name="x", kind="video", bitrate_bps=1, width=width, height=height, frame_rate=25
    )
    assert thumbnail_size(rung) == thumbnail


def test_radio_goes_out_in_mp3_too_and_television_does_not() -> None:
    """Each frame alone, and nothing before the first."""
    arguments = encoder(ChannelSettings(slug="c", name="C", kind="radio"))
    options = dict(pairwise(arguments[arguments.index("libmp3lame") - 10 :]))
    assert arguments.count("libmp3lame") == 1
    assert arguments[-1] == "pipe:8"
    wanted = {"-reservoir": "0", "-write_xing": "0", "-id3v2_version": "0", "-b:a": "128000"}
    assert options.items() >= wanted.items()
    assert "libmp3lame" not in encoder(ChannelSettings(slug="c", name="C", kind="tv"))


def test_the_decoder_reads_one_pinned_format_from_its_pipe() -> None:
    """A feed cannot make FFmpeg open a file or another protocol."""
    arguments = decoder_arguments(
        DecoderPlan(
            demuxer="flv", offset_us=-40_000, width=1280, height=720, frame_rate=25,
            picture_fd=7, sound_fd=None,
        )
    )  # fmt: skip
    before_input = arguments[: arguments.index("-i")]
    assert before_input[before_input.index("-f") + 1] == "flv"
    assert before_input[before_input.index("-protocol_whitelist") + 1] == "pipe"
    assert arguments[arguments.index("-i") + 1] == "pipe:0"
    assert "pipe:7" in arguments
