"""Tiny CMAF tracks for tests: written box by box, or made by FFmpeg as the encoder makes them."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import imageio_ffmpeg

from core.boxes import iter_boxes
from core.cmaf import render_segment_type
from core.ladder import Rendition
from core.timeline import PARTS_PER_SEGMENT, PartAddress, frames_per_part, part_ticks

__all__ = [
    "MSN",
    "Track",
    "encode_track",
    "make_fragment",
    "make_header",
    "make_segment",
    "make_video",
]

MSN: Final = 467_500_000
"""A number of about the end of 2026, for tests that pass their own ``now``."""

VIDEO_TIMESCALE: Final = 12_800
AUDIO_TIMESCALE: Final = 48_000


def make_video(name: str = "234p", *, frame_rate: int = 25) -> Rendition:
    """Return a small video rendition."""
    return Rendition(
        name=name, kind="video", bitrate_bps=145_000, width=416, height=234, frame_rate=frame_rate
    )


def timescale_of(rendition: Rendition) -> int:
    """Return the timescale of the tracks that this module writes."""
    return VIDEO_TIMESCALE if rendition.kind == "video" else AUDIO_TIMESCALE


def box(kind: bytes, *payloads: bytes) -> bytes:
    """Write one box."""
    payload = b"".join(payloads)
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def make_header(rendition: Rendition, *, track_id: int = 1, variant: int = 0) -> bytes:
    """Write a header; another ``variant`` is another configuration of the decoder."""
    tkhd = box(b"tkhd", struct.pack(">IIIII", 7, 0, 0, track_id, 0) + bytes(64))
    mdhd = box(b"mdhd", struct.pack(">IIIIII", 0, 0, 0, timescale_of(rendition), 0, 0))
    if rendition.kind == "video":
        entry = _video_entry(rendition, variant)
    else:
        entry = _audio_entry(rendition, variant)
    stsd = box(b"stsd", struct.pack(">II", 0, 1), entry)
    mdia = box(b"mdia", mdhd, box(b"minf", box(b"stbl", stsd)))
    trex = box(b"trex", struct.pack(">IIIIII", 0, track_id, 1, 0, 0, 0))
    ftyp = box(b"ftyp", b"iso6", struct.pack(">I", 0), b"iso6cmfc")
    return ftyp + box(b"moov", box(b"trak", tkhd, mdia), box(b"mvex", trex))


def _video_entry(rendition: Rendition, variant: int) -> bytes:
    avcc = box(b"avcC", bytes([1, 0x64, 0, 0x1F, 0xFF, 0xE1, 0, 1, variant]))
    fields = bytes(24) + struct.pack(">HH", rendition.width, rendition.height) + bytes(50)
    return box(b"avc1", fields, avcc)


def _audio_entry(rendition: Rendition, variant: int) -> bytes:
    specific = bytes([0x11, 0x90 if rendition.channels == 2 else 0x88, variant])
    decoder = bytes([0x05, len(specific)]) + specific
    config = bytes([0x04, 13 + len(decoder)]) + bytes(13) + decoder
    esds = box(b"esds", bytes(4) + bytes([0x03, 3 + len(config)]) + bytes(3) + config)
    rate = AUDIO_TIMESCALE << 16
    fields = bytes(16) + struct.pack(">HHHHI", rendition.channels, 16, 0, 0, rate)
    return box(b"mp4a", fields, esds)


def make_fragment(
    rendition: Rendition,
    address: PartAddress,
    *,
    late_ticks: int = 0,
    samples: int | None = None,
    sync: bool | None = None,
    track_id: int = 1,
    sequence: int = 1,
    payload_bytes: int = 40,
    sized: bool = False,
) -> bytes:
    """Write one part: ``moof`` and ``mdat``; the arguments break its rules one by one.

    ``sized`` tells the bytes of each sample of sound too, which only who looks at samples needs.
    """
    timescale = timescale_of(rendition)
    ticks = part_ticks(timescale)
    video = rendition.kind == "video"
    wanted = frames_per_part(rendition.frame_rate) if video else 30
    duration = ticks // wanted
    if sync is None:
        sync = not video or address.part % 3 == 0
    time = (address.msn * PARTS_PER_SEGMENT + address.part) * ticks + late_ticks
    tfhd = box(b"tfhd", struct.pack(">IIII", 0x020028, track_id, duration, 0x1010000))
    tfdt = box(b"tfdt", struct.pack(">IQ", 1 << 24, time))
    first = 0x2000000 if sync else 0x1010000
    count = wanted if samples is None else samples
    # Of each picture its size, as an encoder does: two bytes, and what remains is the first's.
    sizes = [payload_bytes - 2 * (count - 1), *([2] * (count - 1))] if video else []
    if sized and not video:
        sizes = [payload_bytes // count] * (count - 1)
        sizes.append(payload_bytes - sum(sizes))
    flags = 0x000205 if sizes else 0x000005

    def moof_of(data_offset: int) -> bytes:
        run = struct.pack(">IIiI", flags, count, data_offset, first)
        trun = box(b"trun", run, struct.pack(f">{len(sizes)}i", *sizes))
        return box(
            b"moof", box(b"mfhd", struct.pack(">II", 0, sequence)), box(b"traf", tfhd, tfdt, trun)
        )

    moof = moof_of(len(moof_of(0)) + 8)
    marker = f"{rendition.name} {address.msn}.{address.part} ".encode()
    return moof + box(b"mdat", marker.ljust(payload_bytes, b"."))


def make_segment(rendition: Rendition, msn: int, *, slate: bool = False, parts: int = 6) -> bytes:
    """Write one upload's body: ``styp`` and the first ``parts`` parts of a segment."""
    fragments = (make_fragment(rendition, PartAddress(msn, part)) for part in range(parts))
    return render_segment_type(slate=slate) + b"".join(fragments)


@dataclass(frozen=True, slots=True)
class Track:
    """What FFmpeg made."""

    header: bytes
    """``ftyp`` and ``moov``."""

    fragments: tuple[bytes, ...]
    """``moof`` and ``mdat`` each, from the start of segment ``msn`` on."""


async def encode_track(
    rendition: Rendition, msn: int, *, segments: int = 1, ffmpeg: Path | None = None
) -> Track:
    """Let FFmpeg make a track of a test picture or a tone, by the recipe of the encoder."""
    seconds = segments * 3.84
    rate = rendition.frame_rate
    if rendition.kind == "video":
        size = f"{rendition.width}x{rendition.height}"
        source = ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}"]
        gop = str(round(1.92 * rate))
        codec = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"]
        codec += ["-pix_fmt", "yuv420p", "-g", gop, "-keyint_min", gop, "-sc_threshold", "0"]
        codec += ["-b:v", str(rendition.bitrate_bps)]
        offset = f"{msn * 384 // 100}.{msn * 384 % 100:02d}"
    else:
        # The priming of AAC makes the first frame early: skip 1024 samples and begin as much later.
        source = ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={seconds}"]
        channels = str(rendition.channels)
        codec = ["-af", "atrim=start_sample=1024,asetpts=N/SR/TB", "-ac", channels]
        codec += ["-c:a", "aac", "-b:a", str(rendition.bitrate_bps)]
        ticks = msn * 384 * 10_000 + 1024 * 1_000_000 // 48_000  # microseconds
        offset = f"{ticks // 1_000_000}.{ticks % 1_000_000:06d}"
    process = await asyncio.create_subprocess_exec(
        str(ffmpeg or await asyncio.to_thread(imageio_ffmpeg.get_ffmpeg_exe)),
        *("-v", "error", "-nostdin", *source, *codec, "-output_ts_offset", offset),
        *("-movflags", "+cmaf+empty_moov+default_base_moof+skip_trailer+frag_discont"),
        *("-frag_duration", "640000", "-f", "mp4", "pipe:1"),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    boxes = [(item.kind, bytes(item.raw)) for item in iter_boxes(output)]
    header = b"".join(raw for kind, raw in boxes if kind in (b"ftyp", b"moov"))
    media = [raw for kind, raw in boxes if kind in (b"moof", b"mdat")]
    fragments = tuple(a + b for a, b in zip(media[::2], media[1::2], strict=True))
    return Track(header, fragments[: segments * PARTS_PER_SEGMENT])
