"""FFmpeg's arguments for the demo's studios.  Sans-I/O.

Lensong's own graphs are built in ``transcoder``; a studio is somebody else's encoder, and
these are the lines that somebody would type.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from lensong.demo.picture import FRAME_RATE, HEIGHT, WIDTH
from lensong.demo.sound import SAMPLE_RATE

__all__ = [
    "PREVIEW_RATE",
    "file_radio_arguments",
    "file_tv_arguments",
    "radio_arguments",
    "text_arguments",
    "tv_arguments",
]

PREVIEW_RATE: Final = 5
_QUIET: Final = ("-hide_banner", "-nostdin", "-loglevel", "error")
_FIT: Final = (
    f"scale={WIDTH}:{HEIGHT}:force_original_aspect_ratio=decrease,"
    f"pad={WIDTH}:{HEIGHT}:(ow-iw)/2:(oh-ih)/2,setsar=1,fps={FRAME_RATE},format=yuv420p"
)


def tv_arguments(sound_fd: int, preview_fd: int) -> list[str]:
    """Raw pictures on standard input, raw sound on a pipe; FLV on standard output."""
    return [
        *_QUIET,
        *("-thread_queue_size", "8", "-f", "rawvideo", "-pix_fmt", "yuv420p"),
        *("-video_size", f"{WIDTH}x{HEIGHT}", "-framerate", str(FRAME_RATE), "-i", "pipe:0"),
        *("-thread_queue_size", "64", "-f", "s16le", "-ar", str(SAMPLE_RATE)),
        *("-ac", "2", "-i", f"pipe:{sound_fd}"),
        *_tv_outputs(("-map", "0:v", "-map", "1:a"), preview_fd),
    ]


def file_tv_arguments(path: Path, mark: Path, font: Path, preview_fd: int) -> list[str]:
    """A video file in a loop at its own pace, with the studio's mark; FLV on standard output."""
    draw = (
        f"drawtext=fontfile={_quote(font)}:textfile={_quote(mark)}:expansion=none:fontsize=28"
        ":fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=8:x=20:y=16"
    )
    return [
        *_QUIET,
        *("-re", "-stream_loop", "-1", "-i", str(path)),
        *_tv_outputs(("-map", "0:v:0", "-map", "0:a:0?"), preview_fd, f"{_FIT},{draw}"),
    ]


def _tv_outputs(maps: Sequence[str], preview_fd: int, filters: str = "null") -> list[str]:
    return [
        *maps,
        *("-vf", filters),
        *("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v"),
        *("baseline", "-b:v", "1500k", "-maxrate", "1500k", "-bufsize", "1500k"),
        *("-g", str(2 * FRAME_RATE), "-threads", "1"),
        *("-c:a", "aac", "-b:a", "96k", "-ar", str(SAMPLE_RATE), "-ac", "2"),
        *("-flvflags", "no_duration_filesize", "-flush_packets", "1", "-f", "flv", "pipe:1"),
        *("-map", "0:v:0", "-an", "-vf", f"fps={PREVIEW_RATE},scale=320:180:flags=fast_bilinear"),
        *("-c:v", "mjpeg", "-q:v", "6", "-pix_fmt", "yuvj420p", "-threads", "1"),
        *("-flush_packets", "1", "-f", "image2pipe", f"pipe:{preview_fd}"),
    ]


def radio_arguments() -> list[str]:
    """Raw sound on standard input; MP3 on standard output."""
    source = ("-f", "s16le", "-ar", str(SAMPLE_RATE), "-ac", "2", "-i", "pipe:0")
    return [*_QUIET, *source, *_radio_output()]


def file_radio_arguments(path: Path) -> list[str]:
    """A sound file in a loop at its own pace; MP3 on standard output."""
    return [*_QUIET, "-re", "-stream_loop", "-1", "-i", str(path), "-vn", *_radio_output()]


def _quote(path: Path) -> str:
    """Write a path as a filter's argument: two rounds of quoting, the graph's and the filter's."""
    inner = str(path).replace("\\", "\\\\").replace(":", "\\:").replace("'", "\\'")
    return "".join("\\" + letter if letter in "\\'[],; " else letter for letter in inner)


def _radio_output() -> list[str]:
    return [
        *("-c:a", "libmp3lame", "-b:a", "128k", "-ar", str(SAMPLE_RATE), "-ac", "2"),
        *("-write_xing", "0", "-id3v2_version", "0", "-flush_packets", "1"),
        *("-f", "mp3", "pipe:1"),
    ]


def text_arguments(
    text_file: Path, font: Path, size: tuple[int, int], font_size: int, *, centred: bool
) -> list[str]:
    """Draw one text, white on black; one picture of 8-bit grey on standard output.

    ``text_file`` holds the text, since a filter's argument would need quoting.
    """
    width, height = size
    left = "(w-text_w)/2" if centred else "2"
    draw = (
        f"drawtext=fontfile={_quote(font)}:textfile={_quote(text_file)}:expansion=none"
        f":fontsize={font_size}:fontcolor=white:x={left}:y=0:y_align=font"
    )
    return [
        *_QUIET,
        *("-f", "lavfi", "-i", f"color=black:size={width}x{height},format=gray,{draw}"),
        *("-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"),
    ]
