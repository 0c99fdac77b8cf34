"""Make a clip's file from the archive, one segment after another.

Nothing is re-encoded and no more than one segment of each rendition is in memory.  The file is
written beside its place, synced, and renamed: whoever sees its name sees all of it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Final

from core.archive import Hole, header_key, segment_key
from core.archive_span import SpanContents, read_span
from core.archive_store import ArchiveStore, MissingError
from core.clip import (
    ClipError,
    ClipOrder,
    ClipSpan,
    PictureCut,
    SoundCut,
    TrackOrder,
    picture_numbers,
    sound_numbers,
)
from core.clock import unix_ns
from core.cmaf import TrackHeader, parse_header
from core.errors import FormatError
from core.mp4 import MovieTrack, TrackTable, front_limit, render_front
from core.samples import SampleRun, read_runs
from core.timeline import SAMPLE_RATE, SEGMENT_NS, start_of_segment

__all__ = ["MadeClip", "await_archived", "make_clip"]

_SPARE_BYTES: Final = 256 * 1024 * 1024
"""Space that is left free on the disk beside a clip."""

_SETTLED_NS: Final = 90_000_000_000
"""So long after its time a segment that is not archived is counted as a hole."""

_LOOK_S: Final = 1.0
_GREATEST_FRAME_RATE: Final = 50
_RUNS_A_SECOND: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeClip:
    """What was made."""

    size_bytes: int
    holes: tuple[tuple[str, Hole], ...]
    """(rendition, hole) of what the archive does not have of the span."""


@dataclass(slots=True)
class _Track:
    order: TrackOrder
    contents: SpanContents
    table: TrackTable
    cut: PictureCut | SoundCut


async def make_clip(
    store: ArchiveStore,
    order: ClipOrder,
    path: Path,
    *,
    progress: Callable[[float], None] = lambda _: None,
) -> MadeClip:
    """Make a clip.  Cancelling is safe: what is not whole is removed.

    Args:
        store: The archive.
        order: What to make.
        path: Where the file goes; one of that name is replaced.
        progress: Told the share that is done, 0 to 1.

    Raises:
        ClipError: If nothing is there, if it changes its coding within, or if it does not fit.
        ArchiveError: If the archive cannot be read now.
        FormatError: If what is archived is damaged.
        OSError: If the file cannot be written.
    """
    tracks = [await _open_track(store, order, item) for item in order.tracks]
    await asyncio.to_thread(_check_space, path.parent, sum(t.contents.size_bytes for t in tracks))
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        file = await asyncio.to_thread(beside.open, "wb")
        try:
            size = await _write(store, order, tracks, file, progress)
        finally:
            await asyncio.to_thread(file.close)
        await asyncio.to_thread(_place, beside, path)
    finally:
        with suppress(FileNotFoundError):
            await asyncio.to_thread(beside.unlink)
    holes = [(track.order.rendition, hole) for track in tracks for hole in track.contents.holes]
    return MadeClip(size_bytes=size, holes=tuple(holes))


async def await_archived(
    store: ArchiveStore, order: ClipOrder, *, say: Callable[[str], None] = lambda _: None
) -> None:
    """Wait until the span is archived, at most 90 s from its end.  Cancelling is safe.

    Args:
        store: The archive.
        order: What is to be made.
        say: Told what is waited for, in words.

    Raises:
        ArchiveError: If the archive cannot be read now.
    """
    while (now := unix_ns()) < order.span.end_ns + _SETTLED_NS:
        left_s = (order.span.end_ns - now) / 1e9
        if left_s > 0:
            say(f"chưa phát xong, còn {left_s:.0f} giây / {left_s:.0f} s are not yet on air")
        elif await _is_there(store, order):
            return
        else:
            say("chờ lưu trữ xong / waiting for the archive")
        await asyncio.sleep(min(max(left_s, _LOOK_S), 5 * _LOOK_S))


async def _is_there(store: ArchiveStore, order: ClipOrder) -> bool:
    """Tell whether the last minute and a half of the span is archived whole."""
    for item in order.tracks:
        first, last = _numbers(order.span, item)
        first = max(first, last - _SETTLED_NS // SEGMENT_NS)
        contents = await read_span(store, order.channel, item.rendition, first, last)
        if contents.holes:
            return False
    return True


def _numbers(span: ClipSpan, item: TrackOrder) -> tuple[int, int]:
    return picture_numbers(span) if item.kind == "video" else sound_numbers(span)


async def _open_track(store: ArchiveStore, order: ClipOrder, item: TrackOrder) -> _Track:
    """Find what is there of a rendition, and its header."""
    first, last = _numbers(order.span, item)
    contents = await read_span(store, order.channel, item.rendition, first, last)
    hashes = list(dict.fromkeys(found.header_hash for found in contents.segments.values()))
    if not hashes:
        raise ClipError(
            f"nothing of {order.channel}/{item.rendition} is archived in that span",
            code="clip_empty",
        )
    headers = [await _read_header(store, order.channel, item.rendition, name) for name in hashes]
    for other, name in zip(headers[1:], hashes[1:], strict=True):
        if not other.same_configuration(headers[0]):
            _refuse_change(order, contents, name)
    header = headers[0]
    cut: PictureCut | SoundCut
    if header.kind == "video":
        cut = PictureCut(order.span, header.timescale)
    else:
        if header.timescale != SAMPLE_RATE:
            raise FormatError(f"sound with a timescale of {header.timescale}")
        cut = SoundCut(order.span, header.channels)
    return _Track(item, contents, TrackTable(header), cut)


async def _read_header(
    store: ArchiveStore, channel: str, rendition: str, header_hash: str
) -> TrackHeader:
    return parse_header(await store.get(header_key(channel, rendition, header_hash)))


def _refuse_change(order: ClipOrder, contents: SpanContents, header_hash: str) -> None:
    """Say where the coding changes, and which two clips can be made instead."""
    first = min(n for n, item in contents.segments.items() if item.header_hash == header_hash)
    moments = (order.span.begin_ns, start_of_segment(first), order.span.end_ns)
    begin, change, end = (
        datetime.fromtimestamp(at / 1e9, order.zone).isoformat(timespec="milliseconds")
        for at in moments
    )
    raise ClipError(
        f"the channel's coding changed at {change}; make two clips: {begin} to {change}, and"
        f" {change} to {end}",
        code="clip_header_changed",
    )


def _check_space(folder: Path, wanted_bytes: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    status = os.statvfs(folder)
    free = status.f_bavail * status.f_frsize
    if free < wanted_bytes + _SPARE_BYTES:
        raise ClipError(
            f"the clip needs {wanted_bytes / 1e6:.0f} MB in {folder}, {free / 1e6:.0f} MB are free",
            code="clip_space",
        )


async def _write(
    store: ArchiveStore,
    order: ClipOrder,
    tracks: Sequence[_Track],
    file: IO[bytes],
    progress: Callable[[float], None],
) -> int:
    """Write the whole file and return its size in bytes."""
    media_at = at = _front_bytes(order.span, tracks)
    await asyncio.to_thread(file.seek, at)
    first = min(track.contents.first for track in tracks)
    last = max(track.contents.last for track in tracks)
    for msn in range(first, last + 1):
        pieces = [
            (track, run) for track in tracks async for run in _taken(store, order, track, msn)
        ]
        if msn == last:
            pieces += [
                (t, run) for t in tracks if isinstance(t.cut, SoundCut) for run in t.cut.finish()
            ]
        # Picture and sound of the same time stand beside each other.
        pieces.sort(key=lambda piece: piece[1].decode_time / piece[0].table.header.timescale)
        for track, run in pieces:
            track.table.add(run, at)
            at += len(run.data)
        await asyncio.to_thread(file.writelines, [run.data for _, run in pieces])
        progress((msn + 1 - first) / (last + 1 - first))
    movie = []
    for track in tracks:
        if not len(track.table):
            raise ClipError("no picture of that span is archived", code="clip_empty")
        track.table.end_at(track.cut.end)
        movie.append(MovieTrack(track.table, track.cut.begin, track.cut.end))
    front = render_front(movie, order.facts, media_at=media_at, media_end=at)
    await asyncio.to_thread(_write_front, file, front)
    return at


def _front_bytes(span: ClipSpan, tracks: Sequence[_Track]) -> int:
    """Return how much room the tables need at most; two segments more than the span has."""
    seconds = int(span.seconds) + 12
    rates = {"video": _GREATEST_FRAME_RATE, "audio": SAMPLE_RATE // 1_024 + 1}
    samples = sum(rates[track.order.kind] * seconds for track in tracks)
    return front_limit(samples, _RUNS_A_SECOND * seconds * len(tracks))


async def _taken(
    store: ArchiveStore, order: ClipOrder, track: _Track, msn: int
) -> AsyncIterator[SampleRun]:
    """Yield what the clip needs of one segment; of a missing one, nothing."""
    found = track.contents.segments.get(msn)
    if found is None:
        return
    try:
        data = await store.get(segment_key(order.channel, track.order.rendition, msn))
    except MissingError as error:
        raise ClipError(f"segment {msn} went while the clip was made", code="clip_empty") from error
    runs = await asyncio.to_thread(_read, data, track.table.header, found.sha256)
    for run in track.cut.take(runs):
        yield run


def _read(data: bytes, header: TrackHeader, sha256: bytes | None) -> list[SampleRun]:
    if sha256 is not None and hashlib.sha256(data).digest() != sha256:
        raise FormatError("an archived segment is damaged", code="damaged")
    return read_runs(data, header)


def _write_front(file: IO[bytes], front: bytes) -> None:
    file.seek(0)
    file.write(front)
    file.flush()
    os.fsync(file.fileno())


def _place(beside: Path, path: Path) -> None:
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
