"""A minute of a channel, made by the real encoder, whose every picture and sample can be known.

The pictures carry their number in a strip (:mod:`lensong.demo.picture`); the sound rises from 2 to
7 kHz, so that no two places of it are alike and a shift by one sample is seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import imageio_ffmpeg
import numpy as np
import numpy.typing as npt

from core.archive import (
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
from core.archive_store import ArchiveStore
from core.cmaf import parse_header, render_segment_type
from core.config import ChannelSettings
from core.ladder import renditions_of
from core.timeline import start_of_segment
from lensong.demo.picture import STRIP_BITS, STRIP_SQUARE
from tests.transcoder.test_encoder import Recorder
from transcoder.encoder import EncoderRun
from transcoder.graph import EncoderPlan
from transcoder.tape import Tape, TapeItem

__all__ = ["MSN", "Recording", "chirp", "make_channel", "record"]

MSN: Final = 442_721_000
"""In the middle of an hour."""

_WIDTH, _HEIGHT = 640, 360
_LOW_HZ, _HIGH_HZ = 2_000.0, 7_000.0

Samples = npt.NDArray[np.float64]


def make_channel(kind: str = "tv", **more: Any) -> ChannelSettings:
    """Return a small channel."""
    values = {"slug": "hytv" if kind == "tv" else "hyfm", "name": "Hưng Yên", "kind": kind}
    return ChannelSettings.model_validate({"ladder": "360p", **values, **more})


def chirp(seconds: float) -> Samples:
    """Return a tone that rises from 2 to 7 kHz, at half of full scale."""
    at = np.arange(int(seconds * 48_000)) / 48_000
    turns = _LOW_HZ * at + (_HIGH_HZ - _LOW_HZ) * at**2 / (2 * seconds)
    return 0.5 * np.sin(2 * np.pi * turns)


@dataclass
class Recording:
    """What the encoder made of a channel."""

    channel: ChannelSettings
    segments: int
    headers: dict[str, bytes]
    media: dict[str, list[bytes]] = field(default_factory=dict)
    """Segments of each rendition, from :data:`MSN` on."""

    async def put_into(
        self, store: ArchiveStore, *, holes: Sequence[int] = (), indexed: bool = True
    ) -> None:
        """Archive it, as the archivist does, but for the numbers ``holes``."""
        slug = self.channel.slug
        for name, segments in self.media.items():
            header = parse_header(self.headers[name])
            await store.put(header_key(slug, name, header.hash), [header.data])
            await store.put(header_marker_key(slug, name, MSN), [header.hash.encode()])
            records = {}
            for msn, data in enumerate(segments, MSN):
                if msn in holes:
                    continue
                await store.put(segment_key(slug, name, msn), [data])
                records[msn] = SegmentRecord(
                    msn=msn,
                    size_bytes=len(data),
                    sha256=hashlib.sha256(data).digest(),
                    header_hash=header.hash,
                )
            for hour in hours_of(MSN, MSN + self.segments - 1) if indexed else ():
                index = make_index(
                    channel=slug,
                    rendition=name,
                    hour=hour,
                    track=TrackFacts(kind=header.kind, codec=header.codec),
                    records=[item for n, item in records.items() if n in numbers_of(hour)],
                    reasons=dict.fromkeys(holes, "the studio was lost"),
                    discontinuities=(),
                )
                await store.put(index_key(slug, name, hour), [render_index(index)])


def record(channel: ChannelSettings, segments: int, *, program: Path | None = None) -> Recording:
    """Run the encoder over so many segments; blocks."""
    is_tv = channel.kind == "tv"
    rate = channel.frame_rate
    start = start_of_segment(MSN)
    seconds = segments * 3.84 + 2
    frames = int(seconds * rate)
    first = start * rate // 1_000_000_000
    sound = np.rint(chirp(seconds) * 32_767).astype(np.int16)
    stereo = np.repeat(sound[:, None], 2, axis=1)
    block = 48_000 // rate
    # The tape begins with the frames that an encoder would read first; it is filled whole.
    tape = Tape(capacity=frames)
    for index in range(frames):
        picture = _picture(first + index) if is_tv else None
        samples = stereo[index * block : (index + 1) * block]
        tape.append(TapeItem(first + index, picture, samples.tobytes()))
    recorder = Recorder()
    renditions = renditions_of(channel)
    plan = EncoderPlan(
        renditions=renditions,
        width=_WIDTH if is_tv else 0,
        height=_HEIGHT if is_tv else 0,
        frame_rate=rate,
        preset=channel.encoder_preset,
        language="vi",
        start=start,
        picture_fd=None,
        sound_fd=-1,
        output_fds={},
    )
    run = EncoderRun(
        program=str(program or imageio_ffmpeg.get_ffmpeg_exe()),
        plan=plan,
        tape=tape,
        deliver=recorder.deliver,
    )
    run.start()
    try:
        assert recorder.wait_for_parts(len(renditions), segments * 6), run.fault
    finally:
        run.stop()
    made = Recording(channel, segments, dict(recorder.headers))
    for name, parts in recorder.parts.items():
        made.media[name] = [
            render_segment_type(slate=False) + b"".join(p.data for p in parts[at : at + 6])
            for at in range(0, segments * 6, 6)
        ]
    return made


def _picture(number: int) -> bytearray:
    """A grey picture that carries its number as the demo's pictures do, and a moving edge."""
    luma = np.full((_HEIGHT, _WIDTH), 100, np.uint8)
    luma[40:200, : number * 8 % _WIDTH] = 160
    bits = [1, 0, *(number >> (STRIP_BITS - 1 - place) & 1 for place in range(STRIP_BITS))]
    row = np.repeat(np.array([235 if bit else 16 for bit in bits], np.uint8), STRIP_SQUARE)
    luma[_HEIGHT - STRIP_SQUARE :, : row.size] = row
    return bytearray(luma.tobytes() + b"\x80" * (_WIDTH * _HEIGHT // 2))
