"""The FFmpeg command lines of the programme: decoder, encoder, slate.  Sans-I/O.

The only module that knows ffmpeg-python.  Nothing here opens a network connection:
FFmpeg reads and writes pipes whose numbers are given, and the demuxer is pinned to
what the relay says it sends.

# FFmpeg: the options below were measured with 5.1 and 9.0 (DESIGN 3.3); each has its
# reason beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import ffmpeg  # noqa: TID251

from core.ladder import Rendition
from core.timeline import AAC_FRAME_SAMPLES, SAMPLE_RATE, UnixNs, frames_per_segment

__all__ = [
    "MP3",
    "DecoderPlan",
    "EncoderPlan",
    "decoder_arguments",
    "encoder_arguments",
    "slate_arguments",
    "thumbnail_size",
]

MP3: Final = "mp3"
"""What a radio's output in MP3 is called beside its renditions."""

_QUIET: Final = ("-hide_banner", "-nostdin", "-loglevel", "error", "-nostats")
_RAW_INPUT: Final[dict[str, Any]] = {
    # FFmpeg: 5.1 would otherwise read seconds of sound before it looks at the picture again.
    "probesize": 32,
    "analyzeduration": 0,
    "thread_queue_size": 8,
}
_FOLLOW_TIME_STAMPS: Final[dict[str, Any]] = {
    # FFmpeg: without first_pts=0 a sound that starts late stays early for ever.
    "first_pts": 0,
    # FFmpeg: a hole from 0.1 s on is filled at once.  What is shorter (a lost AAC frame), and
    # a sound whose samples run away from its own time stamps, is made good from 5 ms on by
    # 48 samples a second, 0.1 %; with async=1 it stayed off until 0.1 s had gathered.
    "async": 48,
    "min_comp": 0.005,
    # FFmpeg: a resampler that begins in the middle clicks, and in 5.1 loses its place.
    "flags": "res",
}
_BT709: Final[dict[str, Any]] = {
    "colorspace": "bt709",
    "color_primaries": "bt709",
    "color_trc": "bt709",
    "range": "tv",
}
"""What the programme's pictures are, as ``setparams`` says it."""

_MAX_PIXELS: Final = 7680 * 4320
_ONE_THREAD: Final = 30_000_000
"""Samples of luma a second below which one thread is enough: 720p at 25 frames a second."""

_TWO_THREADS: Final = 60_000_000
"""And two: 1080p at 25, 720p at 50."""

_VIDEO_TIMESCALE: Final = 12_800

_THUMBNAIL_BOX: Final = (384, 216)
"""Pixels across and down that a thumbnail fits into; below 200 x 200 Facebook shows none."""

_THUMBNAIL_SCALE: Final = 5
"""The quantiser of its JPEG: 4 kB of a test picture, 13 kB of a photograph full of detail."""

_THUMBNAIL_AHEAD_S: Final = 8
"""Seconds, two segments and a bit, by which thumbnails are stamped ahead.

FFmpeg reads whatever the output furthest behind needs, and leaves the other inputs unread.  An
output that speaks once a segment would be that output nearly always: the sound's pipe then
stood still for 3.3 s in each 3.84 (measured, 5.1 and 9.0).  The JPEGs themselves carry no time.
"""

_MP3_DELAY_SAMPLES: Final = 576 + 529
"""LAME's delay and every decoder's: what is decoded first is so much older than the first frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoderPlan:
    """One decoder: a feed on standard input, raw media on pipes."""

    demuxer: str
    """FFmpeg's name of the container: ``flv``, ``mpegts``, ``mp3``, ``aac``, ``ogg``."""

    offset_us: int
    """Added to every timestamp, so that 0 is the first frame on the epoch's grid."""

    width: int
    height: int
    frame_rate: int
    picture_fd: int | None
    """Where pictures go, or None to decode none."""

    sound_fd: int | None
    """Where samples go, or None to decode none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderPlan:
    """One encoder: raw media on two pipes in, each rendition's CMAF on a pipe of its own out."""

    renditions: tuple[Rendition, ...]
    width: int
    height: int
    frame_rate: int
    preset: str
    """``low_latency`` or ``quality``."""

    language: str
    start: UnixNs
    """Start of the segment with which it begins."""

    picture_fd: int | None
    sound_fd: int
    output_fds: Mapping[str, int]
    """Pipe of each output, by its name."""

    @property
    def is_radio(self) -> bool:
        """Sound only, which goes out in MP3 too."""
        return all(item.kind == "audio" for item in self.renditions)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of all outputs: the renditions, and MP3 for radio."""
        names = tuple(item.name for item in self.renditions)
        return (*names, MP3) if self.is_radio else names

    thumbnail_fd: int | None = None
    """Where the JPEGs of the segments' first frames go, or None to make none."""


def decoder_arguments(plan: DecoderPlan) -> list[str]:
    """Return the decoder's arguments, without the program."""
    source = ffmpeg.input(
        "pipe:0",
        format=plan.demuxer,
        protocol_whitelist="pipe",
        # FFmpeg: not nobuffer, which throws away what was read while probing: the IDR.
        fflags="+discardcorrupt",
        flags="low_delay",
        threads=1,  # frame threads would hold pictures back
        probesize=1_000_000,
        analyzeduration=1_000_000,
        max_pixels=_MAX_PIXELS,
        # FFmpeg: a picture that does not name its matrix would be taken for BT.601 and converted.
        colorspace="bt709",
        copyts=None,
        itsoffset=f"{plan.offset_us}us",
    )
    outputs = []
    if plan.picture_fd is not None:
        picture = _conform_picture(source.video, plan)
        outputs.append(
            picture.output(
                f"pipe:{plan.picture_fd}",
                format="rawvideo",
                pix_fmt="yuv420p",
                fps_mode="passthrough",
            )
        )
    if plan.sound_fd is not None:
        sound = source.audio.filter("aresample", SAMPLE_RATE, **_FOLLOW_TIME_STAMPS)
        outputs.append(
            sound.output(
                f"pipe:{plan.sound_fd}", format="s16le", acodec="pcm_s16le", ac=2, ar=SAMPLE_RATE
            )
        )
    return _compile(outputs)


def _conform_picture(picture: Any, plan: DecoderPlan) -> Any:
    """Deinterlace by need, take the programme's rate and size; keep the aspect by bars."""
    mode = "send_field" if plan.frame_rate == 50 else "send_frame"  # noqa: PLR2004
    return (
        picture.filter("yadif", mode=mode, deint="interlaced")
        .filter("fps", plan.frame_rate, start_time=0)
        .filter(
            "scale",
            f"trunc(min({plan.width},{plan.height}*dar)/2)*2",
            f"trunc(min({plan.height},{plan.width}/dar)/2)*2",
            out_color_matrix="bt709",
            out_range="tv",
            flags="bicubic",
        )
        .filter("pad", plan.width, plan.height, "(ow-iw)/2", "(oh-ih)/2")
        .filter("setsar", 1)
    )


def encoder_arguments(plan: EncoderPlan) -> list[str]:
    """Return the encoder's arguments, without the program."""
    video = [item for item in plan.renditions if item.kind == "video"]
    audio = [item for item in plan.renditions if item.kind == "audio"]
    outputs = []
    thumbnails = []
    if video:
        raw = ffmpeg.input(
            f"pipe:{plan.picture_fd}",
            format="rawvideo",
            pix_fmt="yuv420p",
            video_size=(plan.width, plan.height),
            framerate=plan.frame_rate,
            **_RAW_INPUT,
        )
        # FFmpeg: without these words it takes raw pictures for BT.601 and converts each rendition.
        picture = raw.video.filter("setparams", **_BT709)
        scaled = _scale_down(picture, video, plan)
        if plan.thumbnail_fd is not None:
            copies = scaled[-1].filter_multi_output("split", 2)
            scaled[-1] = copies[0]
            thumbnails.append(_thumbnails(copies[1], video[-1], plan.thumbnail_fd))
        for rendition, picture in zip(video, scaled, strict=True):
            outputs.append(_output(picture, rendition, plan, _video_options(rendition, plan)))
    raw = ffmpeg.input(
        f"pipe:{plan.sound_fd}",
        format="s16le",
        ar=SAMPLE_RATE,
        ac=2,
        **_RAW_INPUT,
    )
    copies = raw.audio.filter_multi_output("asplit", len(audio) + plan.is_radio)
    for index, rendition in enumerate(audio):
        sound = copies[index]
        if rendition.channels == 1:
            # FFmpeg: left to itself it adds 0.707 of each for AAC, so that what both have, which is
            # nearly all of it, comes out 3 dB louder than it was, and clipped.
            sound = sound.filter("aresample", rematrix_maxval=1.0)
        outputs.append(_output(sound, rendition, plan, _audio_options(rendition, plan.language)))
    if plan.is_radio:
        outputs.append(_mp3_output(copies[len(audio)], plan.output_fds[MP3]))
    return _compile([*outputs, *thumbnails])


def _mp3_output(sound: Any, fd: int) -> Any:
    """Write MP3 whose first frame begins with the segment: 160 frames are one segment."""
    # The writer has left out AAC's priming; with the rest of MP3's delay left out too, a decoder's
    # first sample is the segment's.
    late = _MP3_DELAY_SAMPLES - AAC_FRAME_SAMPLES
    return sound.filter("atrim", start_sample=late).output(
        f"pipe:{fd}",
        format="mp3",
        acodec="libmp3lame",
        ac=2,
        ar=SAMPLE_RATE,
        flush_packets=1,
        # FFmpeg: a frame of silence that tells a file's length, and a tag, would stand first.
        write_xing=0,
        id3v2_version=0,
        **{
            "b:a": 128_000,
            # Each frame stands alone: a listener, and a new encoder's frames, may come in anywhere.
            "reservoir": 0,
        },
    )


def _scale_down(picture: Any, video: list[Rendition], plan: EncoderPlan) -> list[Any]:
    """Return a picture for each rendition, each made from the next larger one.

    That costs little over half of making each from the largest, for at most 0.001 of SSIM.
    """
    size, frame_rate = (plan.width, plan.height), plan.frame_rate
    scaled = []
    for rendition in video:
        if rendition.frame_rate != frame_rate:
            picture = picture.filter("framestep", frame_rate // rendition.frame_rate)
            frame_rate = rendition.frame_rate
        if (rendition.width, rendition.height) != size:
            picture = picture.filter("scale", rendition.width, rendition.height, flags="bicubic")
            size = rendition.width, rendition.height
        if rendition is video[-1]:
            scaled.append(picture.filter("setsar", 1))
        else:
            copies = picture.filter_multi_output("split", 2)
            scaled.append(copies[0].filter("setsar", 1))
            picture = copies[1]
    return scaled


def thumbnail_size(rendition: Rendition) -> tuple[int, int]:
    """Return width and height of the thumbnails that are made of a rendition's picture.

    They keep its aspect, fill no more than 384x216 and are even; no picture is enlarged.
    """
    width, height = rendition.width, rendition.height
    across, down = _THUMBNAIL_BOX
    if width <= across and height <= down:
        return width, height
    if width * down > height * across:
        return across, max(2, round(height * across / width / 2) * 2)
    return max(2, round(width * down / height / 2) * 2), down


def _thumbnails(picture: Any, rendition: Rendition, fd: int) -> Any:
    """Write the first frame of each segment as a JPEG: all but these are dropped unscaled."""
    length = frames_per_segment(rendition.frame_rate)
    width, height = thumbnail_size(rendition)
    return (
        picture.filter("framestep", length)
        .filter("setpts", f"PTS+{_THUMBNAIL_AHEAD_S}/TB")
        .filter("scale", width, height, flags="bicubic", out_color_matrix="bt601", out_range="pc")
        .filter("format", "yuvj420p")
        .output(
            f"pipe:{fd}",
            format="image2pipe",
            fps_mode="passthrough",
            flush_packets=1,
            **{
                "c:v": "mjpeg",
                "q:v": _THUMBNAIL_SCALE,
                # FFmpeg: with more threads a picture leaves only when later ones have come.
                "threads": 1,
            },
        )
    )


def _video_options(rendition: Rendition, plan: EncoderPlan) -> dict[str, Any]:
    gop = rendition.frame_rate * 48 // 25
    options: dict[str, Any] = {
        "c:v": "libx264",
        "preset": "veryfast",
        # FFmpeg: left to itself x264 cuts even 234 lines into slices, one a processor and a half.
        "threads": _threads(rendition),
        "profile:v": "high",
        "b:v": rendition.bitrate_bps,
        "maxrate": rendition.bitrate_bps * 23 // 20,
        "bufsize": rendition.bitrate_bps,
        "g": gop,
        "keyint_min": gop,
        "sc_threshold": 0,  # a cut in the picture puts no IDR off the grid
        "color_primaries": "bt709",
        "color_trc": "bt709",
        "colorspace": "bt709",
        "color_range": "tv",
        "video_track_timescale": _VIDEO_TIMESCALE,
    }
    if plan.preset == "low_latency":
        # FFmpeg: a part leaves the encoder 2 ms after its last frame; with look-ahead 720 ms.
        options |= {"tune": "zerolatency"}
    else:
        options |= {"bf": 2, "rc-lookahead": 12}
    return options


def _threads(rendition: Rendition) -> int:
    """Return how many threads a rendition needs to be encoded well within a frame's time."""
    samples_per_s = rendition.width * rendition.height * rendition.frame_rate
    return 1 if samples_per_s < _ONE_THREAD else 2 if samples_per_s < _TWO_THREADS else 4


def _audio_options(rendition: Rendition, language: str) -> dict[str, Any]:
    return {
        "c:a": "aac",
        "b:a": rendition.bitrate_bps,
        "ac": rendition.channels,
        "ar": SAMPLE_RATE,
        "metadata:s:a:0": f"language={_ISO_639_2.get(language, language)}",
    }


_ISO_639_2: Final = {"vi": "vie", "en": "eng", "km": "khm", "lo": "lao", "zh": "zho", "fr": "fra"}
"""The mdhd box wants three letters, the playlists two."""


def _output(stream: Any, rendition: Rendition, plan: EncoderPlan, options: dict[str, Any]) -> Any:
    offset_us = plan.start // 1000
    if rendition.kind == "audio":
        # FFmpeg: AAC's first frame is priming and is stamped 1024 samples early; the writer
        # skips as many samples at the start, so that frame takes their place on the grid.
        offset_us += AAC_FRAME_SAMPLES * 1_000_000 // SAMPLE_RATE
    return stream.output(
        f"pipe:{plan.output_fds[rendition.name]}",
        format="mp4",
        # FFmpeg: without frag_discont tfdt restarts at 0.
        movflags="+cmaf+empty_moov+default_base_moof+skip_trailer+frag_discont",
        frag_duration=640_000,
        output_ts_offset=f"{offset_us}us",
        flush_packets=1,
        **options,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityPlan:
    """One picture before and after encoding."""

    raw: Path
    """The programme's picture, yuv420p."""

    media: Path
    """CMAF whose first picture is the same one, encoded."""

    size: tuple[int, int]
    """Width and height of the raw picture."""

    rendition_size: tuple[int, int]
    """Width and height of the encoded one."""


def quality_arguments(plan: QualityPlan) -> list[str]:
    """Return the arguments that write the SSIM of two pictures to standard output."""
    width, height = plan.rendition_size
    raw = ffmpeg.input(
        str(plan.raw), format="rawvideo", pix_fmt="yuv420p", video_size=plan.size, framerate=25
    )
    wanted = raw.video.filter("setparams", **_BT709)
    if plan.rendition_size != plan.size:
        wanted = wanted.filter("scale", width, height, flags="bicubic")
    encoded = ffmpeg.input(str(plan.media), format="mp4").video
    pair = [picture.filter("setpts", "N").filter("setsar", 1) for picture in (encoded, wanted)]
    compared = ffmpeg.filter(pair, "ssim", stats_file="-", shortest=1)
    return _compile([compared.output("-", format="null", **{"frames:v": 1})])


def slate_arguments(
    *, width: int, height: int, font: Path, name_file: Path, note_file: Path, picture_fd: int
) -> list[str]:
    """Return the arguments that draw the slate, one raw picture, without the program.

    Args:
        width: Pixels.
        height: Pixels.
        font: A font with Vietnamese glyphs.
        name_file: File with the channel's name, NFC; a file, so that no text needs quoting.
        note_file: File with the line under it, NFC.
        picture_fd: Where the picture goes.
    """
    base = ffmpeg.input(f"color=c=0x14304f:s={width}x{height}:r=1:d=1", format="lavfi")
    common = {"fontfile": str(font), "fontcolor": "white", "x": "(w-text_w)/2"}
    drawn = base.filter(
        "drawtext", textfile=str(name_file), fontsize=height // 10, y="h*0.42-text_h/2", **common
    ).filter(
        "drawtext", textfile=str(note_file), fontsize=height // 24, y="h*0.56-text_h/2", **common
    )
    output = drawn.output(
        f"pipe:{picture_fd}",
        format="rawvideo",
        pix_fmt="yuv420p",
        **{"frames:v": 1, "colorspace": "bt709"},
    )
    return _compile([output])


def _compile(outputs: list[Any]) -> list[str]:
    merged = ffmpeg.merge_outputs(*outputs) if len(outputs) > 1 else outputs[0]
    return [*_QUIET, *ffmpeg.get_args(merged)]
