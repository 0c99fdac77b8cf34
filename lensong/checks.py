"""What must be true of the machine before the first process starts.

Each fault is one sentence that names the setting to change, since an operator who reads
it at two in the morning has no time for a traceback.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator, Sequence
from typing import Final

from core.config import Settings
from core.environment import archive_keys
from core.errors import ConfigError
from core.ladder import deposit_renditions
from core.programs import ffmpeg_program
from lensong.disk_needs import render_needs
from lensong.plan import PlannedProcess
from origin.provinces import open_provinces
from packager.keeping_ledger import KeepingLedger

__all__ = ["check_machine", "needs_of", "port_faults"]

_MIN_FREE_BYTES: Final = 200 * 1024 * 1024
_MAX_SOCKET_PATH_BYTES: Final = 107  # sun_path of unix(7), without its final zero
_FFMPEG_TIMEOUT_S: Final = 10.0
_PROBE: Final = bytes(64 * 1024)


async def check_machine(settings: Settings, processes: Sequence[PlannedProcess]) -> None:
    """Check folders, disk, FFmpeg and ports.

    Raises:
        ConfigError: With every fault, one a line.
    """
    faults = await asyncio.to_thread(lambda: [*_folder_faults(settings)])
    services = {process.service for process in processes}
    faults += _archive_faults(settings, services)
    if "origin" in services:
        faults += await asyncio.to_thread(_provinces_faults, settings)
    if services & {"programme", "ingest"}:
        faults += await _ffmpeg_faults(settings)
    faults += port_faults(settings, processes)
    if faults:
        raise ConfigError("\n".join(faults))


def _provinces_faults(settings: Settings) -> list[str]:
    try:
        open_provinces(settings.origin.provinces_file)
    except ConfigError as error:
        return [str(error)]
    return []


def _folder_faults(settings: Settings) -> Iterator[str]:
    folders = [
        ("paths.data_dir", settings.paths.data_dir),
        ("paths.run_dir", settings.paths.run_dir),
    ]
    if settings.archive.store == "disk" and settings.archive.dir is not None:
        folders.append(("archive.dir", settings.archive.dir))
    for setting, folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as probe:
                probe.write(_PROBE)
                probe.flush()
                os.fsync(probe.fileno())
        except OSError as error:
            yield f"{setting} = {folder}: cannot be written: {error.strerror}"
            continue
        facts = os.statvfs(folder)
        free = facts.f_bavail * facts.f_frsize
        if setting == "paths.data_dir" and free < _MIN_FREE_BYTES:
            yield (
                f"{setting} = {folder}: the disk is full: {free // 2**20} MB are free,"
                f" {_MIN_FREE_BYTES // 2**20} MB are needed"
            )
    longest = settings.packager_socket
    if len(os.fsencode(longest.absolute())) > _MAX_SOCKET_PATH_BYTES:
        yield (
            f"paths.run_dir = {settings.paths.run_dir}: too long for a socket's path"
            f" ({_MAX_SOCKET_PATH_BYTES} bytes with its name); choose a shorter folder"
        )


def _archive_faults(settings: Settings, services: set[str]) -> Iterator[str]:
    for channel in settings.channels:
        try:
            deposit_renditions(channel)
        except ConfigError as error:
            yield str(error)
    if settings.archive.store == "s3" and services & {"packager", "origin"}:
        try:
            archive_keys()
        except ConfigError as error:
            yield str(error)


async def _ffmpeg_faults(settings: Settings) -> list[str]:
    try:
        path = await asyncio.to_thread(ffmpeg_program, settings.paths)
        if not (await _ask_ffmpeg(path, "-version")).startswith("ffmpeg version"):
            return [f"{path} is no working FFmpeg; set paths.ffmpeg to one"]
        radios = [channel.slug for channel in settings.channels if channel.kind == "radio"]
        if radios and " libmp3lame " not in await _ask_ffmpeg(path, "-hide_banner", "-encoders"):
            slugs = ", ".join(radios)
            fault = f"FFmpeg ({path}) cannot make MP3 for {slugs}: it lacks libmp3lame"
            return [f"{fault}; set paths.ffmpeg to one that has it (Debian's has)"]
    except ConfigError as error:
        return [str(error)]
    return []


async def _ask_ffmpeg(path: str, *arguments: str) -> str:
    """Return what FFmpeg says; nothing if it fails.

    Raises:
        ConfigError: If it cannot be started, or does not answer.
    """
    try:
        async with asyncio.timeout(_FFMPEG_TIMEOUT_S):
            process = await asyncio.create_subprocess_exec(
                path,
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            said, _ = await process.communicate()
    except TimeoutError as error:
        asked = " ".join(arguments)
        raise ConfigError(
            f"FFmpeg ({path}) does not answer `{asked}`; set paths.ffmpeg to one that works"
        ) from error
    except OSError as error:
        raise ConfigError(
            f"FFmpeg ({path}) cannot be started: {error.strerror}; set paths.ffmpeg"
        ) from error
    return said.decode("utf-8", "replace") if process.returncode == 0 else ""


def port_faults(settings: Settings, processes: Sequence[PlannedProcess]) -> list[str]:
    """Return a sentence for each port that cannot be had."""
    faults: list[str] = []
    for setting, host, port in _ports(settings, processes):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
                probe.listen(1)
            except OSError as error:
                faults.append(
                    f"port {port} ({setting}) on {host} cannot be had: {error.strerror};"
                    f" end what uses it, or set {setting} to another port"
                )
    return faults


def _ports(
    settings: Settings, processes: Sequence[PlannedProcess]
) -> Iterator[tuple[str, str, int]]:
    network = settings.network
    services = {process.service for process in processes}
    if "ingest" in services:
        yield "network.rtmp_port", network.publish_host, network.rtmp_port
        yield "network.icecast_port", network.publish_host, network.icecast_port
        yield "network.feeds_port", network.internal_host, network.feeds_port
    if "packager" in services:
        yield "network.cmaf_port", network.internal_host, network.cmaf_port
    if "origin" in services:
        yield "network.http_port", network.http_host, network.http_port
    if "control" in services:
        yield "network.api_port", network.api_host, network.api_port
    if "monitoring" in services:
        yield "network.monitoring_port", network.monitoring_host, network.monitoring_port
    for process in processes:
        setting = f"network.{process.service}_admin_port"
        yield setting, network.internal_host, process.admin_port


def needs_of(settings: Settings) -> str:
    """Say what disk, memory and processor the installation needs, for ``lensong check``."""
    television = [channel for channel in settings.channels if channel.kind == "tv"]
    cost = {"1080p": 1.3, "720p": 0.75, "480p": 0.45, "360p": 0.3}
    cores = sum(
        cost[channel.ladder] * channel.frame_rate / 25 + 0.2 * max(0, len(channel.inputs) - 1)
        for channel in television
    )
    cores += 0.1 * (len(settings.channels) - len(television)) + 0.3
    machine = (
        f"channels: {len(settings.channels)}, of these TV: {len(television)};"
        f" about {cores:.1f} cores of a current server for the chain that is on air,"
        f" {_MIN_FREE_BYTES // 2**20} MB free in {settings.paths.data_dir}"
    )
    return "\n".join([machine, *_archive_needs(settings)])


def _archive_needs(settings: Settings) -> list[str]:
    archive = settings.archive
    if archive.store == "s3":
        return render_needs(settings, where=f"bucket {archive.s3_bucket}", free_bytes=None)
    folder = settings.archive_dir
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    ledger = KeepingLedger(settings.paths.data_dir / "keeping")
    ledger.load(channel.slug for channel in settings.channels)
    return render_needs(
        settings,
        where=str(settings.archive_dir),
        free_bytes=shutil.disk_usage(folder).free,
        stored_bytes=sum(note.size_bytes or 0 for note in ledger.notes.values()),
    )
