"""An HLS source that is not ours, FFmpeg's own muxer, and a server that does harm to it."""

from __future__ import annotations

import asyncio
import random
import re
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from aiohttp import web

from core.clock import monotonic_ns
from core.config import PathSettings
from core.programs import ffmpeg_program

__all__ = ["HARMS", "Harm", "Request", "Served", "foreign_sources", "harmful_server"]

_PICTURE: Final = "testsrc2=s=320x180:r=25"
_SOUND: Final = "sine=f=440:r=48000"
_LISTED: Final = 3
_READY_NS: Final = 30_000_000_000


@dataclass(frozen=True, slots=True)
class Served:
    """What a harm makes of a file."""

    body: bytes
    status: int = 200
    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Request:
    """One request for a file of FFmpeg's."""

    name: str
    """``master.m3u8``, ``s0.m3u8``, ``s0_12.ts``."""

    body: bytes
    age_s: float
    """Since the scenario's first request."""

    folders: Mapping[str, Path]

    @property
    def text(self) -> str:
        """The body of a playlist."""
        return self.body.decode()

    @property
    def number(self) -> int:
        """Of a segment; -1 of others."""
        found = re.search(r"_(\d+)\.", self.name)
        return int(found[1]) if found else -1

    @property
    def picked(self) -> bool:
        """Whether this is one of every three segments."""
        return self.number >= 0 and self.number % 3 == 0

    @property
    def lists_media(self) -> bool:
        """Whether it is a media playlist."""
        return self.name.endswith(".m3u8") and self.name != "master.m3u8"

    def other(self, folder: str) -> bytes:
        """The same segment of another source; its last one where that has not come so far."""
        number = self.number
        while number > 0 and not self._path(folder, number).exists():
            number -= 1
        return self._path(folder, number).read_bytes()

    def _path(self, folder: str, number: int) -> Path:
        return self.folders[folder] / f"{self.name.partition('_')[0]}_{number}.ts"


Harm = Callable[[Request], Served]


def _same(asked: Request) -> Served:
    return Served(asked.body)


def _missing(asked: Request) -> Served:
    return Served(asked.body, 404 if asked.picked else 200)


def _refused(asked: Request) -> Served:
    return Served(asked.body, 503 if asked.lists_media and asked.age_s > 2 else 200)


def _frozen() -> Harm:
    kept: dict[str, bytes] = {}

    def harm(asked: Request) -> Served:
        return Served(kept.setdefault(asked.name, asked.body) if asked.lists_media else asked.body)

    return harm


def _lying(asked: Request) -> Served:
    text = asked.text if asked.lists_media else ""
    text = re.sub(r"#EXT-X-PROGRAM[^\n]*\n", "", text).replace("#EXTINF:2.0", "#EXTINF:1.2")
    return Served(text.encode() or asked.body)


def _backward(asked: Request) -> Served:
    """As if the packager had been started anew: its numbers, and its names, begin again."""
    if not asked.lists_media:
        return Served(asked.body)
    restarted = asked.age_s > 3
    text = asked.text.replace("\ns", "\nn") if restarted else asked.text

    def number(found: re.Match[str]) -> str:
        return f"MEDIA-SEQUENCE:{int(found[1]) + (0 if restarted else 1000)}"

    return Served(re.sub(r"MEDIA-SEQUENCE:(\d+)", number, text).encode())


def _garbage(asked: Request) -> Served:
    noise = random.Random(asked.number).randbytes(20_000)  # noqa: S311 - noise, no secret
    return Served(noise if asked.picked else asked.body)


def _from(folder: str, *, later_s: float = 0.0, only: str = "s0_") -> Harm:
    def harm(asked: Request) -> Served:
        taken = asked.name.startswith(only) and asked.number >= 0 and asked.age_s >= later_s
        return Served(asked.other(folder) if taken else asked.body)

    return harm


def _master(old: str, new: str) -> Harm:
    def harm(asked: Request) -> Served:
        if asked.name != "master.m3u8":
            return Served(asked.body)
        assert re.search(old, asked.text), asked.text
        return Served(re.sub(old, new, asked.text).encode())

    return harm


def _dated(shift_s: float, *, after_s: float = 0.0) -> Harm:
    """Move dates by ``shift_s``; with ``after_s`` only those of segments that come later."""
    moved: list[int] = []

    def harm(asked: Request) -> Served:
        if not asked.lists_media:
            return Served(asked.body)
        lines, edge = asked.text.split("\n"), 0
        for place, line in enumerate(lines):
            found = re.search(r"_(\d+)\.", line)
            edge = int(found[1]) if found else edge
            mark = "#EXT-X-PROGRAM-DATE-TIME:"
            if not line.startswith(mark):
                continue
            follows = re.search(r"_(\d+)\.", lines[place + 1])
            assert follows is not None
            if after_s and (not moved or int(follows[1]) < moved[0]):
                continue
            moment = datetime.fromisoformat(line.removeprefix(mark)) + timedelta(seconds=shift_s)
            lines[place] = mark + moment.isoformat(timespec="milliseconds")
        if after_s and asked.age_s > after_s and not moved:
            moved.append(edge + 1)
        return Served("\n".join(lines).encode())

    return harm


def _slow(asked: Request) -> Served:
    return Served(asked.body, after_s=2.3 if asked.picked else 0.0)


def _moved(asked: Request) -> Served:
    later = asked.lists_media and asked.age_s > 3
    return Served(asked.text.replace("\ns", "\nx").encode() if later else asked.body)


def _with_gaps(asked: Request) -> Served:
    if asked.lists_media:
        mark = lambda found: found[0] if int(found[1]) % 3 else f"#EXT-X-GAP\n{found[0]}"  # noqa: E731
        return Served(re.sub(r"s0_(\d+)\.ts", mark, asked.text).encode())
    return _missing(asked)


def _encrypted(asked: Request) -> Served:
    tag = '#EXT-X-KEY:METHOD=AES-128,URI="key"\n#EXTINF'
    if asked.lists_media:
        return Served(asked.text.replace("#EXTINF", tag, 1).encode())
    return Served(asked.body[::-1] if asked.number >= 0 else asked.body)


def _ended(asked: Request) -> Served:
    later = asked.lists_media and asked.age_s > 3
    return Served(asked.body + b"#EXT-X-ENDLIST\n" if later else asked.body)


HARMS: Final[dict[str, tuple[str, Callable[[], Harm]]]] = {
    "healthy-ts": ("ts", lambda: _same),
    "healthy-fmp4": ("fmp4", lambda: _same),
    "missing": ("ts", lambda: _missing),
    "refused": ("ts", lambda: _refused),
    "frozen": ("ts", _frozen),
    "lying": ("ts", lambda: _lying),
    "backward": ("ts", lambda: _backward),
    "garbage": ("ts", lambda: _garbage),
    "jump": ("ts", lambda: _from("shifted", later_s=3)),
    "dark": ("ts", lambda: _from("dark")),
    "misaligned": ("ts", lambda: _from("shifted", only="s1_")),
    "codecs": ("ts", lambda: _master(r"avc1\.42c00c", "avc1.64001f")),
    "resolution": ("ts", lambda: _master("RESOLUTION=320x180", "RESOLUTION=1280x720")),
    "bandwidth": ("ts", lambda: _master(r"BANDWIDTH=\d+", "BANDWIDTH=9000")),
    "misdated": ("ts", lambda: _dated(-3600)),
    "dates-jump": ("ts", lambda: _dated(-1.5, after_s=2)),
    "slow": ("ts", lambda: _slow),
    "moved": ("ts", lambda: _moved),
    "gaps": ("ts", lambda: _with_gaps),
    "encrypted": ("ts", lambda: _encrypted),
    "ended": ("ts", lambda: _ended),
}
"""By scenario: the source, and what makes the harm anew."""


def _arguments(picture: str, sound: str, *more: str, variants: int = 1) -> list[str]:
    streams = [part for _ in range(variants) for part in ("-map", "0:v", "-map", "1:a")]
    sizes = ["-s:v:1", "480x270"] if variants > 1 else []
    return [
        *("-hide_banner", "-loglevel", "error", "-re", "-f", "lavfi", "-i", picture),
        *("-re", "-f", "lavfi", "-i", sound, "-t", "120", *streams, *sizes),
        *("-c:v", "libx264", "-preset", "ultrafast", "-threads", "1", "-g", "50"),
        *("-keyint_min", "50", "-sc_threshold", "0", "-b:v", "250k", "-maxrate", "300k"),
        *("-bufsize", "300k", "-c:a", "aac", "-b:a", "64k", "-f", "hls", "-hls_time", "2"),
        *("-hls_list_size", "5", "-hls_delete_threshold", "20", *more),
        *("-master_pl_name", "master.m3u8", "-var_stream_map"),
        " ".join(f"v:{number},a:{number}" for number in range(variants)),
    ]


_DELETE: Final = ("-hls_flags", "delete_segments+program_date_time")
_SOURCES: Final = {
    "ts": (_arguments(_PICTURE, _SOUND, *_DELETE, variants=2), "ts"),
    "fmp4": (_arguments(_PICTURE, _SOUND, *_DELETE, "-hls_segment_type", "fmp4"), "m4s"),
    "dark": (_arguments("color=black:s=320x180:r=25", "anullsrc=r=48000:cl=mono"), "ts"),
    "shifted": (_arguments(_PICTURE, _SOUND, "-output_ts_offset", "100", variants=2), "ts"),
}


@asynccontextmanager
async def foreign_sources(folder: Path) -> AsyncIterator[dict[str, Path]]:
    """Run FFmpeg's muxer a few times; wait until each lists three segments."""
    program = await asyncio.to_thread(ffmpeg_program, PathSettings())
    async with AsyncExitStack() as stack:
        folders: dict[str, Path] = {}
        for name, (arguments, kind) in _SOURCES.items():
            folders[name] = folder / name
            folders[name].mkdir()
            process = await asyncio.create_subprocess_exec(
                program, *arguments, "-hls_segment_filename", f"s%v_%d.{kind}", "s%v.m3u8",
                cwd=folders[name], stdin=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            stack.push_async_callback(process.wait)
            stack.callback(process.kill)
        await asyncio.to_thread(_wait_ready, list(folders.values()))
        yield folders


def _wait_ready(folders: list[Path]) -> None:
    pause, deadline = threading.Event(), monotonic_ns() + _READY_NS
    while not all(_ready(folder) for folder in folders):
        assert monotonic_ns() < deadline, "FFmpeg lists nothing"
        pause.wait(0.1)


def _ready(folder: Path) -> bool:
    path = folder / "s0.m3u8"
    return path.exists() and path.read_text().count("#EXTINF") >= _LISTED


@asynccontextmanager
async def harmful_server(folders: Mapping[str, Path]) -> AsyncIterator[str]:
    """Serve every scenario of :data:`HARMS` at ``/{scenario}/``; give the address."""
    harms = {name: (source, make()) for name, (source, make) in HARMS.items()}
    began: dict[str, int] = {}

    async def answer(request: web.Request) -> web.Response:
        scenario, name = request.match_info["scenario"], request.match_info["name"]
        source, harm = harms[scenario]
        path = folders[source] / re.sub(r"^[nx]", "s", name)
        now = monotonic_ns()
        age_s = (now - began.setdefault(scenario, now)) / 1e9
        try:
            body = await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError:
            return web.Response(status=404)
        served = await asyncio.to_thread(harm, Request(name, body, age_s, folders))
        await asyncio.sleep(served.after_s)
        return web.Response(body=served.body, status=served.status)

    application = web.Application()
    application.add_routes([web.get("/{scenario}/{name}", answer)])
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
