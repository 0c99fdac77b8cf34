"""Ways to break what a watched station stands on: disks, clock, database, guide, Prometheus.

Each is a context: broken inside, mended after it.  Also what must be prepared for that before the
station starts: a disk of its own, hours of archive, four weeks of audience, a clock to step.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, cast

from benchmarks.fault_ways import Breaking
from benchmarks.station import Station
from benchmarks.watched_station import WatchedStation
from core.archive import hour_at, numbers_of, segment_key
from core.archive_disk import DiskArchive
from core.clock import unix_ns
from core.ladder import Rendition
from monitoring.audience_store import AudienceStore, Sample
from tests.archive_hours import facts_of, store_header, store_hour

__all__ = [
    "archive_disk_short",
    "archive_read_only",
    "archive_too_small",
    "audience_of_four_weeks",
    "clock_stepped",
    "database_damaged",
    "guide_ends",
    "guide_from_backup",
    "lost_before",
    "lost_until_removed",
    "no_targets",
    "old_addresses",
    "old_hours",
    "prometheus_stopped",
    "small_disk",
    "spool_read_only",
    "steppable_clock",
    "time_server",
    "unreadable_segment",
    "uplink_too_small",
]

_SOUND: Final = Rendition(name="a64", kind="audio", bitrate_bps=64_000, channels=2)
_OLD_HOURS: Final = (6, 5)
"""Hours before the present one that :func:`old_hours` stores; shortage of space may take them."""

_EVERY: Final = 20
"""One segment of so many is stored."""

_NONE: Final = "static_configs: []\n"
_BUSY_S: Final = 10.0
_HOUR_S: Final = 3600.0


async def _run(*words: str) -> None:
    process = await asyncio.create_subprocess_exec(*words, stderr=asyncio.subprocess.PIPE)
    _, complaint = await process.communicate()
    if process.returncode:
        raise OSError(complaint.decode().strip())


# The archive's disk


_GROWN: Final = "remount,size=40g"
"""The disk when it is large enough; it takes memory for what is written only."""


@asynccontextmanager
async def small_disk(folder: Path, *, megabytes: int) -> AsyncIterator[None]:
    """Have a disk of its own at ``folder``; needs the right to mount.

    Raises:
        OSError: If nothing may be mounted here.
    """
    await asyncio.to_thread(folder.mkdir, parents=True)
    await _run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "lensong", str(folder))
    try:
        yield
    finally:
        await _run("umount", "--lazy", str(folder))


async def old_hours(folder: Path, channel: str, *, harm: Literal["lost", "unreadable"]) -> None:
    """Store two hours of a radio, of which the disk lost one segment, or cannot read it."""
    archive = DiskArchive(folder)
    present = hour_at(unix_ns())
    try:
        header = await store_header(archive, channel, _SOUND, 0)
        for ago in _OLD_HOURS:
            await store_hour(
                archive,
                channel,
                _SOUND.name,
                present - ago,
                track=facts_of(_SOUND),
                headers={0: header},
                every=_EVERY,
            )
    finally:
        archive.close()
    stored = [msn for msn in numbers_of(present - _OLD_HOURS[0]) if msn % _EVERY == 0]
    harmed = folder / segment_key(channel, _SOUND.name, stored[3])
    await asyncio.to_thread(harmed.unlink)
    if harm == "unreadable":
        await asyncio.to_thread(harmed.mkdir)


@asynccontextmanager
async def lost_before(_: WatchedStation) -> AsyncIterator[None]:
    """Find what :func:`old_hours` lost, and leave it at that."""
    yield


def lost_until_removed(channel: str) -> Breaking:
    """Find what :func:`old_hours` lost, until another fault takes its hour from the archive."""

    @asynccontextmanager
    async def breaking(watched: WatchedStation) -> AsyncIterator[None]:
        yield

        async def is_removed() -> bool:
            return bool(
                await watched.query(f'lensong_archive_missing_segments{{channel="{channel}"}} == 0')
            )

        await watched.station.until("the hour is removed", is_removed, _HOUR_S, every_s=1.0)

    return breaking


def unreadable_segment(station: Station) -> str:
    """Return the address of a segment that the archive has and cannot read."""
    found = [
        path for path in station.settings.archive_dir.glob("*/a64/*/*/*/*/*.m4s") if path.is_dir()
    ]
    channel, msn = found[0].relative_to(station.settings.archive_dir).parts[0], found[0].stem
    return f"{station.site}/media/{channel}/a64/{msn}.m4s"


@asynccontextmanager
async def archive_read_only(watched: WatchedStation) -> AsyncIterator[None]:
    """Have the archive's disk turn read-only, as disks with errors do."""
    disk = str(watched.station.settings.archive_dir)
    loop = asyncio.get_running_loop()
    until = loop.time() + _BUSY_S
    while True:
        try:
            await _run("mount", "-o", "remount,ro", disk)
            break
        except OSError:  # a file is just being written
            if loop.time() > until:
                raise
            await asyncio.sleep(0.02)
    try:
        yield
    finally:
        await _run("mount", "-o", "remount,rw", disk)


@asynccontextmanager
async def archive_disk_short(watched: WatchedStation) -> AsyncIterator[None]:
    """Shrink the archive's disk until not quite half of what is to stay free is left."""
    settings = watched.station.settings
    disk = str(settings.archive_dir)
    size = shutil.disk_usage(disk).used + round(0.45 * settings.archive.min_free_gb * 1e9)
    await _run("mount", "-o", f"remount,size={size}", disk)
    try:
        yield
    finally:
        await _run("mount", "-o", _GROWN, disk)


@asynccontextmanager
async def archive_too_small(watched: WatchedStation) -> AsyncIterator[None]:
    """The archive's disk is too small for a day from the start; at the end it grows."""
    yield
    disk = str(watched.station.settings.archive_dir)
    await _run("mount", "-o", _GROWN, disk)


def spool_read_only(channel: str) -> Breaking:
    """Have the live spool of a channel turn read-only."""

    @asynccontextmanager
    async def breaking(watched: WatchedStation) -> AsyncIterator[None]:
        folder = str(watched.station.settings.paths.data_dir / "live" / channel)
        await _run("mount", "--bind", folder, folder)
        try:
            await _run("mount", "-o", "remount,bind,ro", folder)
            yield
        finally:
            await _run("umount", "--lazy", folder)

    return breaking


# The control room


@asynccontextmanager
async def database_damaged(watched: WatchedStation) -> AsyncIterator[None]:
    """Have something else stand in the database's file."""
    file = watched.station.settings.paths.data_dir / "control.db"
    kept, other = file.with_suffix(".kept"), file.with_suffix(".other")

    def damage() -> None:
        os.link(file, kept)
        other.write_bytes(b"no database " * 1000)
        other.replace(file)

    await asyncio.to_thread(damage)
    try:
        yield
    finally:
        await asyncio.to_thread(kept.replace, file)


async def _lay(watched: WatchedStation, name: str, channel: str, seconds: int) -> None:
    """Lay a guide into the watched folder: one programme, from now on, so long."""
    now_s = unix_ns() // 1_000_000_000
    folder = watched.station.settings.guide.watch_dir
    if folder is None:
        raise ValueError("no folder is watched")
    moments = [datetime.fromtimestamp(at, UTC) for at in (now_s, now_s + seconds)]
    start, stop = (f"{moment:%Y%m%d%H%M%S} +0000" for moment in moments)
    text = (
        f'<tv><programme channel="{channel}" start="{start}" stop="{stop}">'
        "<title>Chương trình đo</title></programme></tv>"
    )
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    await asyncio.to_thread((folder / name).write_text, text, encoding="utf-8")


def guide_ends(channel: str, *, after_s: int) -> Breaking:
    """Nobody imports the next day's guide: so long from now, less than six hours are left."""

    @asynccontextmanager
    async def breaking(watched: WatchedStation) -> AsyncIterator[None]:
        await _lay(watched, "ends.xml", channel, 6 * 3600 + after_s)
        yield
        await _lay(watched, "goes-on.xml", channel, 23 * 3600)

    return breaking


def guide_from_backup(channel: str) -> Breaking:
    """Somebody puts a copy of three hours ago in the place of the snapshot; then a guide comes."""

    @asynccontextmanager
    async def breaking(watched: WatchedStation) -> AsyncIterator[None]:
        file = watched.station.settings.paths.data_dir / "guide" / f"{channel}.json"
        old = file.with_suffix(".old")

        def put_back() -> None:
            shutil.copyfile(file, old)
            then_s = unix_ns() / 1e9 - 3 * 3600
            os.utime(old, (then_s, then_s))
            old.replace(file)

        await asyncio.to_thread(put_back)
        yield
        await _lay(watched, "new.xml", channel, 3600)

    return breaking


# The clock


_STEPPED: Final = """
import time
_true, _seen = time.time_ns, [0, 0]
def time_ns():
    now = time.monotonic_ns()
    if now - _seen[0] > 100_000_000:
        _seen[0] = now
        try:
            with open(FILE) as file:
                _seen[1] = int(file.read())
        except (OSError, ValueError):
            _seen[1] = 0
    return _true() + _seen[1]
time.time_ns = time_ns
"""


def steppable_clock(folder: Path) -> dict[str, str]:
    """Return the environment in which Python's system clock can be stepped by a file.

    The machine's own clock is everybody's; this one is that of the platform's processes alone.
    """
    place = folder / "clock"
    place.mkdir()
    text = _STEPPED.replace("FILE", repr(str(folder / "step_ns")))
    (place / "sitecustomize.py").write_text(text, encoding="ascii")
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(place), os.getenv("PYTHONPATH")]))}


def clock_stepped(seconds: float) -> Breaking:
    """Step the system clock of every process of the platform."""

    @asynccontextmanager
    async def breaking(watched: WatchedStation) -> AsyncIterator[None]:
        file = watched.station.folder / "step_ns"
        await asyncio.to_thread(file.write_text, str(round(seconds * 1e9)), encoding="ascii")
        try:
            yield
        finally:
            await asyncio.to_thread(file.unlink)

    return breaking


class _TimeServer(asyncio.DatagramProtocol):
    transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        seconds, rest = divmod(unix_ns(), 1_000_000_000)
        now = struct.pack(">II", (seconds + 2_208_988_800) % 2**32, (rest << 32) // 1_000_000_000)
        # Version 4, a server, stratum 1; what was asked comes back before our two stamps.
        self.transport.sendto(struct.pack(">BB22x", 0x24, 1) + data[40:48] + now + now, addr)


@asynccontextmanager
async def time_server(port: int) -> AsyncIterator[None]:
    """Answer SNTP questions with this machine's time."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(_TimeServer, local_addr=("127.0.0.1", port))
    try:
        yield
    finally:
        transport.close()


# The audience that was


def audience_of_four_weeks(file: Path, channel: str, sessions: int) -> None:
    """Write four weeks of an audience that hardly changes, up to now; blocks for some seconds."""
    store = AudienceStore(file)
    now = unix_ns() // 60_000_000_000
    store.open()
    try:
        store.put(
            0,
            1,
            [
                Sample(
                    minute,
                    # Some come and some go: one in twenty.
                    ((channel, "live", "a64", "phone", sessions + minute * 7919 % 7 - 3),),
                )
                for minute in range(now - 29 * 1440, now)
            ],
        )
    finally:
        store.close()


@asynccontextmanager
async def uplink_too_small(watched: WatchedStation) -> AsyncIterator[None]:
    """The uplink is too small from the start; then the operator has a larger one."""
    yield
    # What monitoring is started with: the file that the supervisor checked.
    copy = watched.station.settings.paths.run_dir / "supervisor.toml"
    text = await asyncio.to_thread(copy.read_text, encoding="utf-8")
    larger = re.sub(r"(?m)^capacity_mbps = .*$", "capacity_mbps = 1000", text)
    await asyncio.to_thread(copy.write_text, larger, encoding="utf-8")
    os.kill(watched.station.service_pid("-m", "monitoring"), signal.SIGTERM)


# Prometheus


@asynccontextmanager
async def _configured(watched: WatchedStation, pattern: str, new: str) -> AsyncIterator[None]:
    file = watched.files / "prometheus.yml"
    text = await asyncio.to_thread(file.read_text, encoding="utf-8")
    changed = re.sub(pattern, new, text)
    if changed == text:
        raise ValueError(f"{pattern} is not in {file}")
    await asyncio.to_thread(file.write_text, changed, encoding="utf-8")
    watched.reload_prometheus()
    try:
        yield
    finally:
        await asyncio.to_thread(file.write_text, text, encoding="utf-8")
        watched.reload_prometheus()


def old_addresses(*processes: str) -> Breaking:
    """Prometheus asks processes where they no longer are: its files were not written again."""

    @asynccontextmanager
    async def breaking(watched: WatchedStation) -> AsyncIterator[None]:
        names = "|".join(map(re.escape, processes))
        pattern = rf'(targets: \["127\.0\.0\.1:)\d+("\]\n +labels: {{process: "(?:{names})")'
        async with _configured(watched, pattern, r"\g<1>9\2"):
            yield

    return breaking


@asynccontextmanager
async def no_targets(watched: WatchedStation) -> AsyncIterator[None]:
    """Prometheus runs with a file whose job has no targets any more.

    Prometheus: where the whole job is gone from its file it marks nothing as stale, and reckons for
    five minutes with the last samples.
    """
    async with _configured(watched, r"(?s)static_configs:\n +- targets: [^\n]*\n +labels.*", _NONE):
        yield


@asynccontextmanager
async def prometheus_stopped(watched: WatchedStation) -> AsyncIterator[None]:
    """Prometheus ends, and is started again."""
    await watched.stop_prometheus()
    try:
        yield
    finally:
        await watched.start_prometheus()
