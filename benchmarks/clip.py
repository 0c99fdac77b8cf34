"""What a long clip costs: three hours of 720p, from an archive on this disk.

    python benchmarks/clip.py [--hours 3]

Prints the time, the processor's, the greatest memory, and the same for ``cp`` of the finished file:
the work that a clip cannot do without.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import resource
import struct
import subprocess
import tempfile
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from core.archive import (
    SegmentRecord,
    TrackFacts,
    header_key,
    hours_of,
    index_key,
    make_index,
    numbers_of,
    render_index,
    segment_key,
)
from core.archive_disk import DiskArchive
from core.archive_store import ArchiveStore
from core.clip import ClipOrder, TrackOrder, exact_span
from core.clip_maker import make_clip
from core.cmaf import parse_header, render_segment_type
from core.ladder import Rendition
from core.mp4 import MovieFacts
from core.timeline import UnixNs, end_of_segment, segment_ticks, start_of_segment
from tests.cmaf_media import encode_track

MSN = 442_721_000
VIDEO = Rendition(
    name="720p", kind="video", bitrate_bps=2_800_000, width=1280, height=720, frame_rate=25
)
SOUND = Rendition(name="a96", kind="audio", bitrate_bps=96_000, channels=2)


async def fill(store: ArchiveStore, rendition: Rendition, segments: int) -> None:
    """Archive one segment again and again, each time at its own place."""
    track = await encode_track(rendition, MSN)
    header = parse_header(track.header)
    await store.put(header_key("hytv", rendition.name, header.hash), [track.header])
    ticks = segment_ticks(header.timescale)
    records = []
    for msn in range(MSN, MSN + segments):
        data = bytearray(render_segment_type(slate=False) + b"".join(track.fragments))
        at = data.find(b"tfdt")
        while at >= 0:
            (stamp,) = struct.unpack_from(">Q", data, at + 8)
            struct.pack_into(">Q", data, at + 8, stamp + (msn - MSN) * ticks)
            at = data.find(b"tfdt", at + 4)
        await store.put(segment_key("hytv", rendition.name, msn), [bytes(data)])
        records.append(
            SegmentRecord(
                msn=msn,
                size_bytes=len(data),
                sha256=hashlib.sha256(data).digest(),
                header_hash=header.hash,
            )
        )
    for hour in hours_of(MSN, MSN + segments - 1):
        index = make_index(
            channel="hytv",
            rendition=rendition.name,
            hour=hour,
            track=TrackFacts(kind=header.kind, codec=header.codec),
            records=[item for item in records if item.msn in numbers_of(hour)],
            reasons={},
            discontinuities=(),
        )
        await store.put(index_key("hytv", rendition.name, hour), [render_index(index)])


def copy(path: Path) -> float:
    """Copy a file as cp does, and return the seconds until it is on the disk."""
    began_s = time.perf_counter()
    target = path.with_name("copy.mp4")
    subprocess.run(["cp", path, target], check=True)
    subprocess.run(["sync", target], check=True)
    return time.perf_counter() - began_s


async def measure(folder: Path, hours: float) -> None:
    """Fill an archive, make the clip, print what it took."""
    store = DiskArchive(folder / "archive")
    segments = int(hours * 3_600 / 3.84) + 2
    for rendition in (VIDEO, SOUND):
        await fill(store, rendition, segments)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = UnixNs(start_of_segment(MSN) + 1_234_567_890)
    end = UnixNs(end_of_segment(MSN + segments - 1) - 1_234_567_890)
    order = ClipOrder(
        channel="hytv",
        tracks=(TrackOrder("720p", "video"), TrackOrder("a96", "audio")),
        span=exact_span(start, end, 25),
        facts=MovieFacts(title="Ba giờ", artist="Truyền hình Hưng Yên"),
        zone=ZoneInfo("Asia/Ho_Chi_Minh"),
    )
    path = folder / "clip.mp4"
    began_s, cpu_s = time.perf_counter(), time.process_time()
    made = await make_clip(store, order, path)
    took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
    after_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    store.close()
    copy_s = await asyncio.to_thread(copy, path)
    print(f"{order.span.seconds / 3_600:.2f} h, {made.size_bytes / 1e6:.0f} MB")
    print(f"clip: {took_s:.1f} s, processor {cpu_s:.1f} s, cp and sync: {copy_s:.1f} s")
    print(f"memory: {before_kb / 1e3:.0f} MB before, at most {after_kb / 1e3:.0f} MB")


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=3.0)
    hours = parser.parse_args().hours
    with tempfile.TemporaryDirectory(dir=".") as folder:
        asyncio.run(measure(Path(folder).resolve(), hours))


if __name__ == "__main__":
    main()
