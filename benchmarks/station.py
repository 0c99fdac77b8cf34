"""A whole station for measurements: the platform and its studios, each a process to be hurt.

The platform is started as an operator does (``lensong run FILE``), the studios publish through
RTMP and Icecast.  Everything listens on loopback, at ports above ``offset``.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

from core.config import Settings, parse_settings
from core.environment import INTERNAL_SECRET_VARIABLE, PUBLISH_KEY_VARIABLE, child_environment
from core.process import parent_arguments

__all__ = [
    "TV_STUDIOS",
    "Station",
    "command_line",
    "cpu_seconds",
    "descendants",
    "radio_channel",
    "radio_settings",
    "running_platform",
    "running_station",
    "tv_inputs",
    "tv_settings",
]

ROOT: Final = Path(__file__).parent.parent
TV_STUDIOS: Final = ("studio", "backup")
_READY_S: Final = 60.0
_RETURN_AFTER_S: Final = 10.0

_HEAD: Final = """
[station]
name = "Đài đo / Measuring station"
[paths]
data_dir = "{folder}/data"
run_dir = "{folder}/run"
[network]
http_host = "127.0.0.1"
publish_host = "127.0.0.1"
http_port = {http}
rtmp_port = {rtmp}
icecast_port = {icecast}
feeds_port = {feeds}
cmaf_port = {cmaf}
ingest_admin_port = {ingest}
packager_admin_port = {packager}
control_admin_port = {control}
monitoring_admin_port = {monitoring}
monitoring_port = {pages}
api_port = {api}
origin_admin_port = {origin}
programme_admin_port = {programme}
"""
_TV: Final = """
[[channels]]
slug = "hytv"
name = "Truyền hình đo"
kind = "tv"
ladder = "{ladder}"
"""
_INPUT: Final = """
[[channels.inputs]]
name = "{name}"
protocol = "{protocol}"
key_sha256_env = "{key}"
"""
_PORTS: Final = (
    "http",
    "rtmp",
    "icecast",
    "feeds",
    "cmaf",
    "ingest",
    "packager",
    "control",
    "api",
    "monitoring",
    "pages",
)
_RADIO: Final = """
[[channels]]
slug = "{slug}"
name = "Phát thanh đo {slug}"
kind = "radio"
return_after_s = {return_after_s}
[channels.content]
target_lufs = -21  # of the studios' music
"""


@dataclass(slots=True)
class Station:
    """A running platform and its studios."""

    settings: Settings
    folder: Path
    key: str
    secret: str
    client: aiohttp.ClientSession
    platform: asyncio.subprocess.Process
    studios: dict[tuple[str, str], asyncio.subprocess.Process] = field(default_factory=dict)
    """By (channel, input); each leads a process group of its own."""

    studio_clock: str = "0:0"
    """Microseconds and parts per million by which the next studio's clock is off."""

    @property
    def site(self) -> str:
        """Address of the public site."""
        return f"http://127.0.0.1:{self.settings.network.http_port}"

    def log_tail(self) -> str:
        """Return the last lines that the platform's processes wrote."""
        log = self.folder / "platform.log"
        return log.read_text(encoding="utf-8", errors="replace")[-4000:]

    async def plug_in(self, channel: str, name: str) -> None:
        """Start a studio with the clock of ``studio_clock``, unless it runs."""
        running = self.studios.get((channel, name))
        if running is not None and running.returncode is None:
            return
        network = self.settings.network
        radio = self.settings.channel(channel).kind == "radio"
        folder = self.folder / f"{channel}-{name}"
        folder.mkdir(exist_ok=True)
        self.studios[channel, name] = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "benchmarks.studio", "radio" if radio else "tv"),
            *("--port", str(network.icecast_port if radio else network.rtmp_port)),
            *("--channel", channel, "--input", name, "--mark", name.upper()),
            *("--folder", str(folder)),
            cwd=ROOT,
            env={
                **child_environment(),
                PUBLISH_KEY_VARIABLE: self.key,
                "LENSONG_STUDIO_CLOCK": self.studio_clock,
                "LENSONG_STUDIO_FAULT": str(self.fault_file(channel, name)),
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )

    def fault_file(self, channel: str, name: str) -> Path:
        """Return the file whose word is what a studio does wrong: black, freeze, silence, loud."""
        return self.folder / f"fault-{channel}-{name}"

    async def unplug(self, channel: str, name: str) -> None:
        """Kill a studio as a power cut does."""
        self.signal_studio(channel, name, signal.SIGKILL)
        await self.studios.pop((channel, name)).wait()

    def signal_studio(self, channel: str, name: str, number: signal.Signals) -> None:
        """Send a signal to a studio and its encoder."""
        with suppress(ProcessLookupError):
            os.killpg(self.studios[channel, name].pid, number)

    def service_pid(self, *words: str) -> int:
        """Return the process of a service, by words of its command line.

        Raises:
            LookupError: If there is none.
        """
        for pid in descendants(self.platform.pid):
            line = command_line(pid)
            if all(word in line for word in words):
                return pid
        raise LookupError(f"no process {' '.join(words)}")

    async def status(self, channel: str = "hytv") -> dict[str, Any]:
        """Return what the channel's programme says of itself."""
        url = f"http://127.0.0.1:{self.settings.programme_admin_port(channel)}/control/status"
        headers = {"Authorization": f"Bearer {self.secret}"}
        async with self.client.get(url, headers=headers) as answer:
            answer.raise_for_status()
            said: dict[str, Any] = await answer.json()
            return said

    async def metric(self, name: str, channel: str = "hytv") -> float:
        """Return the sum of a programme's metric over its labels."""
        url = f"http://127.0.0.1:{self.settings.programme_admin_port(channel)}/metrics"
        async with self.client.get(url) as answer:
            text = await answer.text()
        found = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE)
        return sum(map(float, found))

    async def until(
        self, what: str, test: Callable[[], Awaitable[bool]], within_s: float, every_s: float = 0.1
    ) -> float:
        """Wait until ``test`` says so; return the seconds it took.

        Raises:
            TimeoutError: If it does not happen.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        while loop.time() - started < within_s:
            with suppress(aiohttp.ClientError, LookupError, ConnectionError):
                if await test():
                    return loop.time() - started
            await asyncio.sleep(every_s)
        raise TimeoutError(f"waited {within_s:.0f} s in vain for: {what}")

    async def until_on_air(self, source: str, within_s: float, channel: str = "hytv") -> float:
        """Wait until ``source`` feeds the programme; return the seconds it took."""

        async def is_on_air() -> bool:
            # A studio that finds no server, or that the server still holds for live, ends.
            for studio in list(self.studios):
                await self.plug_in(*studio)
            return str((await self.status(channel))["on_air"]) == source

        return await self.until(f"{channel} from {source}", is_on_air, within_s)

    async def until_listed(self, within_s: float = _READY_S) -> float:
        """Wait until both channels have a playlist; return the seconds it took."""

        async def is_listed() -> bool:
            for channel in self.settings.channels:
                async with self.client.get(f"{self.site}/live/{channel.slug}/index.m3u8") as answer:
                    if answer.status != 200:
                        return False
            return True

        return await self.until("playlists of both channels", is_listed, within_s)


def tv_settings(inputs: str, *, folder: str, offset: int, ladder: str) -> str:
    """Return the settings file of a station with one TV channel, ``hytv``.

    Args:
        inputs: What follows the channel: its inputs, and further channels.
        folder: For its data and sockets.
        offset: Where its ports begin.
        ladder: Preset of its renditions.
    """
    head = _HEAD.format(folder=folder, **_free_ports(offset))
    return head + _TV.format(ladder=ladder) + inputs


def tv_inputs(*names: str) -> str:
    """Return the inputs of ``hytv``, in their order: ``studio``, ``backup``."""
    return "".join(
        _INPUT.format(name=name, protocol="rtmp", key=f"KEY_{name.upper()}") for name in names
    )


def radio_channel(*names: str, slug: str = "hyfm", return_after_s: float = _RETURN_AFTER_S) -> str:
    """Return a further channel, a radio.

    Args:
        names: Its inputs, in their order.
        slug: The channel's.
        return_after_s: How long a studio that comes back must be good.
    """
    return _RADIO.format(slug=slug, return_after_s=return_after_s) + "".join(
        _INPUT.format(name=name, protocol="icecast", key="KEY_RADIO") for name in names
    )


def radio_settings(*, folder: str, offset: int, return_after_s: float) -> str:
    """Return the settings file of a station with one radio channel, ``hyfm``.

    Args:
        folder: For its data and sockets.
        offset: Where its ports begin.
        return_after_s: How long a studio that comes back must be good.
    """
    head = _HEAD.format(folder=folder, **_free_ports(offset))
    return head + radio_channel("studio", return_after_s=return_after_s)


def _free_ports(offset: int) -> dict[str, int]:
    """Return a port for each placeholder of a settings text."""
    ports = {name: offset + 10 + index for index, name in enumerate(_PORTS)}
    return ports | {"origin": offset + 30, "programme": offset + 40}


@asynccontextmanager
async def running_platform(
    text: str, folder: Path, *, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Station]:
    """Run the platform with settings of the caller's, and no studio.

    Args:
        text: The settings file; its inputs name the variables KEY_STUDIO, KEY_BACKUP, KEY_RADIO.
        folder: For the settings, the log and the studios' files.
        environment: What else the platform's has.
    """
    path = folder / "station.toml"
    path.write_text(text, encoding="utf-8")
    key, secret = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    digest = hashlib.sha256(key.encode()).hexdigest()
    named = dict.fromkeys(("KEY_STUDIO", "KEY_BACKUP", "KEY_RADIO"), digest)
    settings = parse_settings(text, name=str(path))
    log = folder / "platform.log"
    timeout = aiohttp.ClientTimeout(total=5)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        platform = await asyncio.create_subprocess_exec(
            sys.executable,
            *parent_arguments("lensong"),  # it ends with us, however we end
            *("run", str(path)),
            cwd=ROOT,
            env={
                **child_environment(),
                **named,
                **(environment or {}),
                INTERNAL_SECRET_VARIABLE: secret,
            },
            stderr=stack.enter_context(log.open("wb")),
        )
        station = Station(settings, folder, key, secret, client, platform)
        stack.push_async_callback(_stop, station)
        try:
            yield station
        except (TimeoutError, aiohttp.ClientError):
            print(station.log_tail())
            raise


@asynccontextmanager
async def running_station(*, offset: int = 20_000, ladder: str = "360p") -> AsyncIterator[Station]:
    """Run a station with all its studios plugged in; nothing is left when the block ends."""
    with tempfile.TemporaryDirectory(prefix="lensong-") as name:
        inputs = tv_inputs(*TV_STUDIOS) + radio_channel("studio")
        text = tv_settings(inputs, folder=name, offset=offset, ladder=ladder)
        async with running_platform(text, Path(name)) as station:
            await station.until_listed()
            for studio in TV_STUDIOS:
                await station.plug_in("hytv", studio)
            await station.plug_in("hyfm", "studio")
            await station.until_on_air("studio", _READY_S, "hyfm")
            await station.until_on_air(TV_STUDIOS[0], _READY_S)
            yield station


async def _stop(station: Station) -> None:
    for channel, name in list(station.studios):
        await station.unplug(channel, name)
    with suppress(ProcessLookupError):
        station.platform.terminate()
    await station.platform.wait()


def descendants(pid: int) -> list[int]:
    """Return all processes below ``pid``, from /proc."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found, below = [], [pid]
    while below:
        below = [child for parent in below for child in children.get(parent, [])]
        found += below
    return found


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used; its children's is their own."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def command_line(pid: int) -> list[str]:
    """Return a process's arguments; none where it has ended."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    return []
