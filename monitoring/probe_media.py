"""Look into one segment with PyAV: every packet, and some of it decoded.

Runs FFmpeg's libraries on bytes of strangers: call from a thread.  No other module of the
platform knows PyAV.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, Literal

import av
import av.error
import numpy as np
import numpy.typing as npt

from core.content import Luma, small_luma
from core.errors import FormatError
from core.loudness import Sound
from core.timeline import SAMPLE_RATE
from monitoring.probe_codecs import avc_string
from monitoring.probe_segment import (
    Container,
    SegmentFacts,
    TrackFacts,
    container_of,
    packed_start_s,
)

__all__ = ["inspect_segment"]

_MAX_PICTURES: Final = 4
_SQUARE: Final = 8
_PLANAR: Final = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12")
"""Forms of pictures whose first plane is their brightness, a byte a pixel."""

_FULL_RANGE: Final = 2
"""AVCOL_RANGE_JPEG."""

_FULL_SCALE: Final = 32_768
_DEMUXERS: Final[dict[Container, str]] = {
    "mpegts": "mpegts",
    "mp4": "mov",
    "aac": "aac",
    "mp3": "mp3",
}
# FFmpeg: edit lists move and hide samples; decode times are compared as they stand in tfdt.
_OPTIONS: Final[dict[Container, dict[str, str]]] = {
    "mpegts": {"correct_ts_overflow": "0"},
    "mp4": {"ignore_editlist": "1"},
    "aac": {},
    "mp3": {},
}
_AAC_STRINGS: Final = {"LC": "mp4a.40.2", "HE-AAC": "mp4a.40.5", "HE-AACv2": "mp4a.40.29"}


@dataclass(slots=True)
class _Track:
    """One track while its packets are read."""

    stream: Any
    kind: Literal["video", "audio"]
    times: list[tuple[int, int, int]] = field(default_factory=list)
    """(pts, dts, duration) in units of the stream's time base."""

    key_frames: int = 0
    begins_with_key: bool = False
    lost: int = 0
    last: bytes = b""
    """The newest packet of sound."""


def inspect_segment(
    data: bytes, header: bytes = b"", *, decode: bool = True, before: bytes = b""
) -> SegmentFacts:
    """Read every packet of a segment; decode its key frames and its sound.

    CPU work of about a millisecond a second of sound and a key frame of a small rendition.

    Args:
        data: The segment.
        header: What EXT-X-MAP names, or nothing.
        decode: Look at pictures and sound too.
        before: The last packet of sound of the segment that this one follows.  Half of what a
            frame of AAC sounds like is in the one before: without it the first 21 ms are wrong.

    Raises:
        FormatError: If it holds nothing that can be read.
    """
    container = container_of(data, has_header=bool(header))
    try:
        with av.open(
            io.BytesIO(header + data),
            mode="r",
            format=_DEMUXERS[container],
            options=_OPTIONS[container],
        ) as opened:
            return _read(opened, container, data, before if decode else None)
    except (av.error.FFmpegError, EOFError, ValueError) as error:
        raise FormatError(f"cannot be read as {container}: {_words(error)}") from None


def _words(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return str(text).partition("\n")[0][:200]


def _read(opened: Any, container: Container, data: bytes, before: bytes | None) -> SegmentFacts:
    tracks = _tracks(opened)
    pictures: list[Luma] = []
    sound = _Sound()
    shift_s = _packed_shift_s(container, data)
    for packet in opened.demux(*(track.stream for track in tracks.values())):
        track = tracks[packet.stream.index]
        if packet.size:
            _note(track, packet)
        if before and track.kind == "audio":
            _prime(track, before)
            before = b""
        if not (before is not None and _wanted(track, packet, len(pictures))):
            continue
        for frame in _decoded(track, packet):  # of the last, empty packet: what decoders held
            if track.kind == "audio":
                sound.add(frame)
            elif len(pictures) < _MAX_PICTURES:
                pictures.append(_picture(frame))
    facts = tuple(_facts(track, shift_s) for track in tracks.values() if track.times)
    if not facts:
        raise FormatError("holds no packet")
    lost = sum(track.lost for track in tracks.values())
    last = next((track.last for track in tracks.values() if track.kind == "audio"), b"")
    return SegmentFacts(container, facts, tuple(pictures), sound.take(), last, lost)


def _tracks(opened: Any) -> dict[int, _Track]:
    tracks: dict[int, _Track] = {}
    for stream in opened.streams:
        if stream.type not in ("video", "audio"):
            continue
        if stream.type == "video":
            stream.codec_context.skip_frame = "NONKEY"
        stream.thread_type = "NONE"
        tracks[stream.index] = _Track(stream, stream.type)
    if not tracks:
        raise FormatError("holds neither picture nor sound")
    return tracks


def _wanted(track: _Track, packet: Any, pictures: int) -> bool:
    if track.kind == "audio" or not packet.size:
        return True
    return bool(packet.is_keyframe) and pictures < _MAX_PICTURES


def _note(track: _Track, packet: Any) -> None:
    dts = packet.dts if packet.dts is not None else packet.pts
    pts = packet.pts if packet.pts is not None else packet.dts
    if not track.times:
        track.begins_with_key = bool(packet.is_keyframe)
    track.key_frames += bool(packet.is_keyframe)
    track.lost += bool(packet.is_corrupt)
    track.times.append((pts, dts, packet.duration or 0))
    if track.kind == "audio":
        track.last = bytes(packet)


def _prime(track: _Track, before: bytes) -> None:
    """Have the decoder know what came before; what that sounds like was heard already."""
    with suppress(av.error.FFmpegError, EOFError):
        track.stream.codec_context.decode(av.Packet(before))


def _decoded(track: _Track, packet: Any) -> Iterator[Any]:
    try:
        yield from packet.decode()
    except (av.error.FFmpegError, EOFError):
        track.lost += 1


def _packed_shift_s(container: Container, data: bytes) -> float:
    if container not in ("aac", "mp3"):
        return 0.0
    return packed_start_s(data) or 0.0


def _facts(track: _Track, shift_s: float) -> TrackFacts:
    base = float(track.stream.time_base)
    decode_times = [dts for _, dts, _ in track.times]
    steps = [after - before for before, after in pairwise(decode_times)]
    # FFmpeg: the duration of a packet of MPEG-TS is a guess; the usual step of a segment is not.
    usual = sorted(steps)[len(steps) // 2] if steps else track.times[-1][2]
    context = track.stream.codec_context
    codec = str(context.name) if context is not None else "unknown"
    picture = track.kind == "video"
    return TrackFacts(
        kind=track.kind,
        codec={"mp3float": "mp3", "libdav1d": "av1"}.get(codec, codec),
        codec_string=_codec_string(context, codec),
        width=context.width if picture else 0,
        height=context.height if picture else 0,
        rate=0 if picture else context.sample_rate,
        channels=0 if picture else context.channels,
        start_s=min(pts for pts, _, _ in track.times) * base + shift_s,
        end_s=max(pts + (usual or length) for pts, _, length in track.times) * base + shift_s,
        first_dts_s=decode_times[0] * base + shift_s,
        end_dts_s=(decode_times[-1] + usual) * base + shift_s,
        step_s=max(steps, default=usual) * base,
        packets=len(track.times),
        key_frames=track.key_frames,
        begins_with_key=track.begins_with_key,
    )


def _codec_string(context: Any, codec: str) -> str | None:
    if codec == "h264":
        return avc_string(bytes(context.extradata or b""))
    if codec == "aac":
        return _AAC_STRINGS.get(str(context.profile))
    return None


def _picture(frame: Any) -> Luma:
    full_range = int(frame.color_range) == _FULL_RANGE
    if frame.format.name not in _PLANAR or min(frame.width, frame.height) < _SQUARE:
        width, height = max(_SQUARE, frame.width), max(_SQUARE, frame.height)
        frame = frame.reformat(width=width, height=height, format="yuv420p")
    plane = frame.planes[0]
    means = small_luma(
        memoryview(plane), width=frame.width, height=frame.height, stride=plane.line_size
    )
    return (16 + means * np.float32(219 / 255)).astype(np.uint8) if full_range else means


class _Sound:
    """Gathers decoded frames as stereo at 48 kHz; the first two channels are taken."""

    def __init__(self) -> None:
        self._blocks: list[npt.NDArray[np.float32]] = []
        self._form: tuple[int, int] | None = None
        self._resampler: Any = None

    def add(self, frame: Any) -> None:
        form = (frame.sample_rate, len(frame.layout.channels))
        if self._form is None:
            self._form = form
            if frame.sample_rate != SAMPLE_RATE:
                self._resampler = av.AudioResampler("fltp", frame.layout, SAMPLE_RATE)
        if form != self._form:
            return  # another track would begin here
        self._put([frame] if self._resampler is None else self._resampler.resample(frame))

    def take(self) -> Sound | None:
        """Return all of it, None if there was none."""
        if self._resampler is not None:
            self._put(self._resampler.resample(None))
            self._resampler = None
        return np.concatenate(self._blocks) if self._blocks else None

    def _put(self, frames: Iterable[Any]) -> None:
        for frame in frames:
            samples = frame.to_ndarray()
            if not frame.format.is_planar:
                samples = samples.reshape(-1, len(frame.layout.channels)).T
            full = np.iinfo(samples.dtype).max + 1.0 if samples.dtype.kind == "i" else 1.0
            both = samples[:2] if len(samples) > 1 else samples[[0, 0]]
            self._blocks.append((both.T * np.float32(_FULL_SCALE / full)).astype(np.float32))
