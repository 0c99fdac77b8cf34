"""Export the legal deposit of a span into a folder, and verify such a folder (I/O shell).

An export that was interrupted goes on where it stopped: a file has its name only when it is whole
and on the disk, and ``progress.json`` holds what the manifest will say of it.  Takedowns and rights
do not touch the deposit; it is what was on air.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from core.admin import platform_version
from core.archive import Hole, header_key, hour_folder, hours_of, numbers_of
from core.archive_read import read_index, read_segments, stored_hours
from core.archive_store import ArchiveError, ArchiveStore
from core.config import ChannelSettings, Settings
from core.errors import ConfigError, FormatError, LensongError
from core.ladder import deposit_renditions
from core.moments import local_time
from core.scrub import check_segment
from lensong.deposit_plan import (
    MANIFEST,
    PROGRESS,
    SUMS,
    PlannedFile,
    describe_file,
    holes_of,
    make_manifest,
    plan_files,
    render_sums,
)
from lensong.spans import Span

__all__ = ["DepositError", "export_deposit", "verify_deposit"]

Tell = Callable[[str], None]

_LONGEST_NS: Final = 31 * 86_400 * 1_000_000_000
_MARGIN_BYTES: Final = 50_000_000
"""For the manifest and the folders."""

_BLOCK_BYTES: Final = 1 << 20
_PART: Final = ".part"
_NOTHING: Final = "nothing of this hour is stored"


class DepositError(LensongError):
    """The export cannot be made as it was asked for."""

    code = "deposit"


async def export_deposit(
    store: ArchiveStore,
    settings: Settings,
    channel: ChannelSettings,
    span: Span,
    *,
    folder: Path,
    progress: Tell,
) -> str:
    """Export, or go on with an export that was interrupted.

    Args:
        store: The archive.
        settings: The station's.
        channel: Whose deposit.
        span: Of at most 31 days; whole segments are exported.
        folder: Empty, not there yet, or of the same export.
        progress: Is told how far it is.

    Returns:
        One line on what lies there now.

    Raises:
        ConfigError: If the channel has no deposit, or the span is too long.
        DepositError: If the folder holds something else, the disk is too small, an hour is not
            closed, or the archive lost a part of the deposit (all else is exported then).
        ArchiveError: If the archive does not answer.
    """
    renditions = [item.name for item in deposit_renditions(channel)]
    if not renditions:
        raise ConfigError(f"{channel.slug} has no legal deposit: its deposit_days is 0")
    if span.end - span.start > _LONGEST_NS:
        raise ConfigError("an export holds at most 31 days; export month by month")
    zone = await asyncio.to_thread(ZoneInfo, settings.station.timezone)
    request = _request(settings, channel, renditions, span, zone)
    files, holes = await _plan(store, channel.slug, renditions, span, progress)
    done = await asyncio.to_thread(_open_folder, folder, request, {file.name for file in files})
    left = [file for file in files if file.name not in done]
    await asyncio.to_thread(_check_space, folder, sum(file.media_bytes for file in left))
    for number, file in enumerate(left, 1):
        progress(f"{file.name}: file {number} of {len(left)}")
        done[file.name] = await _write_file(store, channel.slug, file, folder, zone)
        await asyncio.to_thread(_write_json, folder / PROGRESS, {"request": request, "done": done})
    described = [done[file.name] for file in files]
    manifest = make_manifest(request=request, files=described, holes=holes, zone=zone)
    await asyncio.to_thread(_finish, folder, manifest)
    lost = sum(len(entry["left_out"]) for entry in described)
    if lost:
        raise DepositError(f"{lost} segments are lost in the archive; {MANIFEST} names them")
    size = sum(entry["size_bytes"] for entry in described)
    missing = sum(hole.last - hole.first + 1 for found in holes.values() for hole in found)
    return f"{folder}: {len(files)} files, {size / 1e9:.2f} GB, {missing} segments never stored"


def _request(
    settings: Settings, channel: ChannelSettings, renditions: list[str], span: Span, zone: ZoneInfo
) -> dict[str, Any]:
    return {
        "tool": f"lensong {platform_version()}",
        "station": settings.station.name,
        "channel": {"slug": channel.slug, "name": channel.name, "kind": channel.kind},
        "renditions": renditions,
        "span": {
            "from_utc": local_time(span.start),
            "to_utc": local_time(span.end),
            "from_local": local_time(span.start, zone),
            "to_local": local_time(span.end, zone),
            "timezone": settings.station.timezone,
        },
    }


async def _plan(
    store: ArchiveStore, channel: str, renditions: list[str], span: Span, progress: Tell
) -> tuple[list[PlannedFile], dict[str, list[Hole]]]:
    files: list[PlannedFile] = []
    holes: dict[str, list[Hole]] = {}
    stored = await stored_hours(store, channel)
    for rendition in renditions:
        holes[rendition] = []
        for hour in hours_of(span.first, span.last):
            where = hour_folder(channel, rendition, hour)
            progress(f"{where}: reading its index")
            if hour not in stored.get(rendition, ()):
                numbers = numbers_of(hour)
                first, last = max(numbers[0], span.first), min(numbers[-1], span.last)
                holes[rendition].append(Hole(first, last, _NOTHING))
                continue
            try:
                index = await read_index(store, channel, rendition, hour)
            except FormatError as error:
                raise DepositError(f"{where}: {error}; see `lensong archive rebuild`") from error
            if index is None:
                raise DepositError(
                    f"{where} has no index: if the hour is not over, wait for its end; if it is"
                    " old, see `lensong archive rebuild`"
                )
            files += plan_files(index, span.first, span.last)
            holes[rendition] += holes_of(index, span.first, span.last)
    return files, holes


async def _write_file(
    store: ArchiveStore, channel: str, file: PlannedFile, folder: Path, zone: ZoneInfo
) -> dict[str, Any]:
    header = await store.get(header_key(channel, file.rendition, file.header_hash))
    path = folder / file.name
    records = {record.msn: record for record in file.segments}
    left_out: dict[int, str] = {}
    digest = hashlib.sha256(header)
    part = await asyncio.to_thread(_begin, path, header)
    async for msn, data in read_segments(store, channel, file.rendition, list(records)):
        if isinstance(data, ArchiveError):
            # The archive answers, or this ends here; then this segment alone is lost.
            await store.get(header_key(channel, file.rendition, file.header_hash))
            left_out[msn] = f"lost: {data}"
            continue
        fault = await asyncio.to_thread(check_segment, records[msn], data)
        if fault is not None:
            left_out[msn] = f"damaged: {fault.detail}"
            continue
        await asyncio.to_thread(_append, part, data)
        await asyncio.to_thread(digest.update, data)
    await asyncio.to_thread(_end, part, path)
    return describe_file(
        file,
        header=header,
        header_sha256=hashlib.sha256(header).hexdigest(),
        sha256=digest.hexdigest(),
        left_out=left_out,
        zone=zone,
    )


# The folder; all of this blocks


def _open_folder(
    folder: Path, request: dict[str, Any], names: set[str]
) -> dict[str, dict[str, Any]]:
    """Return what of this export is done already, by name.

    Raises:
        DepositError: If something else lies in the folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        if not found:
            _write_json(folder / PROGRESS, {"request": request, "done": {}})
            return {}
        state = folder / (PROGRESS if PROGRESS in found else MANIFEST)
        known = json.loads(state.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DepositError(f"{folder} is no folder of this export: {error}") from error
    before = known.get("request", {key: known.get(key) for key in request})
    if before != request:
        raise DepositError(f"{folder} holds another export; choose another folder")
    strange = {name.removesuffix(_PART) for name in found} - names - {PROGRESS, MANIFEST, SUMS}
    if strange:
        raise DepositError(f"{folder} holds something else: {min(strange)}")
    entries = known.get("done") or {entry["name"]: entry for entry in known.get("files", [])}
    return {
        name: entry
        for name, entry in entries.items()
        if name in found
        and name in names
        and (folder / name).stat().st_size == entry["size_bytes"]
        and not entry["left_out"]
    }


def _check_space(folder: Path, wanted_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if wanted_bytes and free < wanted_bytes + _MARGIN_BYTES:
        raise DepositError(
            f"{folder}: the export needs {(wanted_bytes + _MARGIN_BYTES) / 1e9:.2f} GB,"
            f" {free / 1e9:.2f} GB are free"
        )


def _begin(path: Path, header: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + _PART)
    part.write_bytes(header)
    return part


def _append(part: Path, data: bytes) -> None:
    with part.open("ab") as file:
        file.write(data)


def _end(part: Path, path: Path) -> None:
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.replace(path)


def _write_json(path: Path, value: dict[str, Any]) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=1)
    part = _begin(path, text.encode() + b"\n")
    _end(part, path)


def _finish(folder: Path, manifest: dict[str, Any]) -> None:
    _write_json(folder / MANIFEST, manifest)
    sums = {entry["name"]: entry["sha256"] for entry in manifest["files"]}
    sums[MANIFEST] = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    part = _begin(folder / SUMS, render_sums(sums).encode())
    _end(part, folder / SUMS)
    (folder / PROGRESS).unlink(missing_ok=True)


def verify_deposit(folder: Path, progress: Tell) -> list[str]:
    """Read an export again and compare it with its manifest and sums; blocks.

    Returns:
        A sentence for each fault.

    Raises:
        DepositError: If there is no whole export in the folder.
    """
    try:
        data = (folder / MANIFEST).read_bytes()
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
        manifest = json.loads(data)
        sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
        files = {entry["name"]: entry for entry in manifest["files"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DepositError(f"{folder} holds no whole export: {error}") from error
    faults = []
    if hashlib.sha256(data).hexdigest() != sums.pop(MANIFEST, ""):
        faults.append(f"{MANIFEST}: its SHA-256 is not that of {SUMS}")
    if {name: entry["sha256"] for name, entry in files.items()} != sums:
        faults.append(f"{SUMS} and {MANIFEST} name different files")
    for name, entry in files.items():
        progress(f"{name}: reading")
        faults += [f"{name}: {fault}" for fault in _file_faults(folder / name, entry)]
    return faults


def _file_faults(path: Path, entry: dict[str, Any]) -> Iterator[str]:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            header = file.read(entry["header"]["size_bytes"])
            digest.update(header)
            if hashlib.sha256(header).hexdigest() != entry["header"]["sha256"]:
                yield "its header is not as it was sent"
            for segment in entry["segments"]:
                data = file.read(segment["size_bytes"])
                digest.update(data)
                if hashlib.sha256(data).hexdigest() != segment["sha256"]:
                    yield f"segment {segment['msn']} is not as it was sent"
            while data := file.read(_BLOCK_BYTES):
                digest.update(data)
    except OSError as error:
        yield str(error.strerror)
        return
    if digest.hexdigest() != entry["sha256"]:
        yield "its SHA-256 is not that of the manifest"
