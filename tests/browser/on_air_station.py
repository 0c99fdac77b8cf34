"""The real platform on air, for the tests of the page: studios, encoders, archive, guide and all.

``python -m tests.browser.on_air_station [SECONDS]`` starts it as operators do (``lensong run``),
with studios that publish through RTMP and Icecast, and prints one line of JSON when one can watch.
It obeys lines on its standard input, answers each with one, and ends with that input:

    plug CHANNEL INPUT      plug a studio in
    unplug CHANNEL INPUT    kill it, as a power cut does
    until SOURCE CHANNEL    wait until that source is on air, or ``slate``
    fed SOURCE CHANNEL      wait until that input can go on air
    kill SERVICE            SIGKILL a service's process; answers its process id
    pid SERVICE             its process id; 0 while there is none

Each picture of television holds the number of its frame (``lensong.demo.picture``): a browser can
tell which moment it shows.  The guide has a programme of a few seconds that began when the station
was on air, one that runs after it, and one of yesterday, whose recording is laid into the archive.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

import aiohttp

from benchmarks.station import Station, running_platform
from core.clock import unix_ns
from core.config import Settings
from core.ladder import renditions_of
from core.timeline import UnixNs, msn_at
from tests.recorded_media import Recorder, make_media

__all__ = ["main"]

ROOT: Final = Path(__file__).parents[2]
FIRST_S: Final = 8
"""How long the first programme of the guide is, unless the command line says."""

_READY_S: Final = 60.0
_DAY_S: Final = 86_400
_ZONE: Final = timezone(timedelta(hours=7))
_PORTS: Final = ("http", "rtmp", "icecast", "feeds", "cmaf", "ingest_admin", "packager_admin")
_MORE_PORTS: Final = ("control_admin", "api", "origin_admin", "programme_admin")
_SETTINGS: Final = """
[station]
name = "Báo và Phát thanh, Truyền hình Hưng Yên"
[paths]
data_dir = "{folder}/data"
run_dir = "{folder}/run"
[network]
http_host = "127.0.0.1"
publish_host = "127.0.0.1"
{ports}
[[channels]]
slug = "hytv"
name = "Truyền hình Hưng Yên"
kind = "tv"
archive_days = 2
return_after_s = 1
[[channels.renditions]]
name = "360p"
width = 640
height = 360
video_kbps = 400
[[channels.renditions]]
name = "234p"
width = 416
height = 234
video_kbps = 145
[[channels.inputs]]
name = "studio"
protocol = "rtmp"
key_sha256_env = "KEY_STUDIO"
[[channels.inputs]]
name = "backup"
protocol = "rtmp"
key_sha256_env = "KEY_BACKUP"
[[channels]]
slug = "hyfm"
name = "Phát thanh Hưng Yên"
kind = "radio"
archive_days = 2
return_after_s = 1
[[channels.inputs]]
name = "studio"
protocol = "icecast"
key_sha256_env = "KEY_RADIO"
"""


def _free_ports() -> dict[str, int]:
    """Return a port for each service, and room above that of the programmes."""
    names = (*_PORTS, *_MORE_PORTS)
    with ExitStack() as held:
        for base in range(21_000 + os.getpid() % 80 * 100, 32_000, 100):
            try:
                for port in range(base, base + len(names) + 4):
                    held.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                held.pop_all().close()
                continue
            return {f"{name}_port": base + place for place, name in enumerate(names)}
    raise RuntimeError("no ports are free")


def guide(on_air_s: int, first_s: int) -> list[dict[str, Any]]:
    """Return a guide with every kind of programme, as an editor's file has it.

    Args:
        on_air_s: UNIX seconds since which there is something to see.
        first_s: How long the first programme is.
    """

    def item(start_s: int, end_s: int, title: str, channel: str = "hytv") -> dict[str, Any]:
        texts = (datetime.fromtimestamp(at, UTC).astimezone(_ZONE) for at in (start_s, end_s))
        start, end = (text.isoformat() for text in texts)
        return {"channel": channel, "start": start, "end": end, "title": title}

    turn_s = on_air_s + first_s
    yesterday_s = on_air_s - _DAY_S
    return [
        item(yesterday_s - 300, yesterday_s - 60, "Nông nghiệp và nông thôn"),
        item(on_air_s, turn_s, "Bản tin đầu giờ"),
        item(turn_s, turn_s + 3600, "Thời sự Hưng Yên"),
        item(turn_s + 3600, turn_s + 4500, "Dự báo thời tiết"),
        item(turn_s + 4500, turn_s + 7200, "Phim tài liệu: Phố Hiến xưa và nay"),
        item(turn_s + 7200, turn_s + 10_800, "Sân khấu chèo"),
        item(on_air_s - 60, on_air_s + 3600, "Quà tặng âm nhạc", "hyfm"),
        item(on_air_s + 3600, on_air_s + 7200, "Trò chuyện cuối tuần", "hyfm"),
    ]


def _record_yesterday(settings: Settings, media: Any, on_air_s: int) -> None:
    """Lay yesterday's programme into the archive; blocks."""
    first, last = (msn_at(UnixNs((on_air_s - _DAY_S + shift_s) * 10**9)) for shift_s in (-320, 0))
    for rendition in renditions_of(settings.channels[0]):
        kind = rendition.kind == "audio"
        Recorder(settings.archive_dir, media[kind], "hytv", rendition.name).write(first, last)


async def _import_guide(station: Station, on_air_s: int, first_s: int) -> dict[str, dict[str, Any]]:
    """Import the guide as its editor does; return what viewers then see of it, by title."""
    path = station.folder / "guide.json"
    await asyncio.to_thread(path.write_text, json.dumps(guide(on_air_s, first_s)), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lensong", "guide", "import", str(path)),
        *("--settings", str(station.folder / "station.toml")),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    found: dict[str, dict[str, Any]] = {}

    async def is_listed() -> bool:
        for channel in ("hytv", "hyfm"):
            for back in (1, 0):
                local = datetime.fromtimestamp(on_air_s - back * _DAY_S, UTC).astimezone(_ZONE)
                url = f"{station.site}/api/v1/epg/{channel}/{local:%Y-%m-%d}.json"
                async with station.client.get(url) as answer:
                    if answer.status == 200:
                        told = (await answer.json())["programmes"]
                        found.update({item["title"]: item for item in told})
        return "Thời sự Hưng Yên" in found and "Quà tặng âm nhạc" in found

    await station.until("the guide is on the site", is_listed, _READY_S, every_s=0.3)
    return found


async def _until_watchable(station: Station) -> None:
    """Wait until a viewer who comes now has a picture: four segments of the studio's are there."""

    async def is_watchable() -> bool:
        for channel in ("hytv", "hyfm"):
            url = f"{station.site}/live/{channel}/index.m3u8"
            async with station.client.get(url) as answer:
                text = await answer.text()
            media = next(line for line in text.splitlines() if line and not line.startswith("#"))
            async with station.client.get(f"{station.site}/live/{channel}/{media}") as answer:
                if (await answer.text()).count("#EXTINF") < 4:
                    return False
        return True

    await station.until("four segments of both channels", is_watchable, _READY_S)


def _service_pid(station: Station, service: str) -> int:
    try:
        return station.service_pid("-m", service)
    except LookupError:
        return 0


async def _obey(station: Station, words: list[str]) -> Any:
    match words:
        case ["plug", channel, name]:
            await station.plug_in(channel, name)
        case ["unplug", channel, name]:
            await station.unplug(channel, name)
        case ["until", source, channel]:
            return await station.until_on_air(source, _READY_S, channel)
        case ["fed", source, channel]:

            async def is_fed() -> bool:
                return bool((await station.status(channel))["inputs"][source]["good"])

            return await station.until(f"{source} of {channel}", is_fed, _READY_S)
        case ["kill", service]:
            pid = _service_pid(station, service)
            os.kill(pid, signal.SIGKILL)
            return pid
        case ["pid", service]:
            return _service_pid(station, service)
        case _:
            raise ValueError(f"what is {' '.join(words)}?")
    return None


def _say(told: Any) -> None:
    print(json.dumps(told, ensure_ascii=False), flush=True)  # noqa: T201


async def _run(folder: Path, first_s: int) -> None:
    ports = "\n".join(f"{name} = {port}" for name, port in _free_ports().items())
    text = _SETTINGS.format(folder=folder, ports=ports)
    async with running_platform(text, folder) as station:
        media = await make_media()
        await station.until_listed(_READY_S)
        for channel in ("hytv", "hyfm"):
            await station.plug_in(channel, "studio")
        for channel in ("hyfm", "hytv"):
            await station.until_on_air("studio", _READY_S, channel)
        on_air_s = unix_ns() // 10**9 + 2
        await asyncio.to_thread(_record_yesterday, station.settings, media, on_air_s)
        programmes = await _import_guide(station, on_air_s, first_s)
        await _until_watchable(station)
        _say({"site": station.site, "on_air_s": on_air_s, "programmes": programmes})
        while line := await asyncio.to_thread(sys.stdin.readline):
            try:
                _say(await _obey(station, line.split()))
            except (TimeoutError, aiohttp.ClientError, LookupError) as error:
                _say({"error": repr(error), "log": station.log_tail()})


def main() -> None:
    """Run the station until standard input ends."""
    with tempfile.TemporaryDirectory(prefix="lensong-") as name:
        asyncio.run(_run(Path(name), int(sys.argv[1]) if len(sys.argv) > 1 else FIRST_S))


if __name__ == "__main__":
    main()
