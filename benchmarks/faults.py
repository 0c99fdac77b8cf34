"""Hurt a running station in every way of the table while the checker watches.

    python -m benchmarks.faults [SCENARIO ...] [--json FILE] [--browser]

Prints what was measured beside its target.  With ``--browser``, hls.js in Chromium watches too.
Nothing here fails a test run; the exit code is 1 where a target was missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

import aiohttp

from benchmarks.station import Station, running_station
from core.clock import unix_ns
from core.timeline import SEGMENT_NS, UnixNs, end_of_segment, msn_at
from tests.checker.decoded import Picture, decode_pictures, repeats_of
from tests.checker.playlist import parse_media
from tests.checker.report import WatchReport
from tests.checker.watch import Watch
from tests.judges import judge

__all__ = ["SCENARIOS", "run_scenarios"]

_SEED: Final = 384
_RENDITION: Final = "360p"
_LEAVES_HOLES: Final = frozenset({"encoder-killed"})
"""Scenarios that may leave holes, of which hls.js tells; it must only go on."""

_WINDOW_S: Final = 45.0
"""After so long no playlist holds a hole that is there now."""

_SETTLE_S: Final = 4.0
"""How long the checker goes on after a scenario, so that the last segment is judged too."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    scenario: str
    what: str
    measured: str
    target: str
    met: bool


@dataclass(slots=True)
class Trial:
    """One scenario's run: the station, and what was found."""

    name: str
    station: Station
    rows: list[Row] = field(default_factory=list)
    reports: list[WatchReport] = field(default_factory=list)
    random: random.Random = field(default_factory=lambda: random.Random(_SEED))  # noqa: S311

    def at_most(self, what: str, measured: float, target: float, unit: str = "") -> None:
        """Note a figure that should be small."""
        said = f"{measured:g}{unit}" if measured == int(measured) else f"{measured:.2f}{unit}"
        met = measured <= target
        self.rows.append(Row(self.name, what, said, f"<= {target:g}{unit}", met))

    def equal(self, what: str, measured: object, target: object) -> None:
        """Note something that should be just so."""
        self.rows.append(Row(self.name, what, str(measured), str(target), measured == target))

    def judge_watch(self, *, gaps: int = 0) -> None:
        """Note what the checkers found: only gaps may be allowed."""
        for report in self.reports:
            form = f"{report.channel} {'LL' if report.low_latency else 'plain'}"
            self.at_most(f"{form}: missing segments", len(report.gaps), gaps)
            self.equal(f"{form}: discontinuities", len(report.discontinuities), 0)
            self.equal(f"{form}: faults", report.fault_count, 0)
            for fault in report.faults[:5]:
                print(f"    {form}: {fault}")

    async def pictures(self, start: UnixNs, end: UnixNs) -> list[Picture]:
        """Decode what the channel showed between two moments; waits until it is published."""
        first, last = msn_at(start), msn_at(end)
        await asyncio.sleep(max(0, end_of_segment(last) + 2 * 10**9 - unix_ns()) / 1e9)
        base = f"{self.station.site}/live/hytv/{_RENDITION}/index.m3u8"
        playlist = parse_media((await self._get(base)).decode())
        header = await self._get(urljoin(base, playlist.segments[-1].header_uri))
        media = f"{self.station.site}/media/hytv/{_RENDITION}"
        numbers = range(first, last + 1)
        found = [await self._get(f"{media}/{msn}.m4s") for msn in numbers]
        return await asyncio.to_thread(decode_pictures, header, found)

    async def _get(self, url: str) -> bytes:
        async with self.station.client.get(url) as answer:
            answer.raise_for_status()
            return await answer.read()


@asynccontextmanager
async def watched(trial: Trial) -> AsyncIterator[None]:
    """Have the checkers watch both channels while the block runs, and a bit longer."""
    forms = (("hytv", False), ("hytv", True), ("hyfm", True))
    watches = [Watch(trial.station.site, name, low_latency=low) for name, low in forms]
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(item.run()) for item in watches]
        try:
            await asyncio.sleep(2)  # they read the window that is there
            yield
            await asyncio.sleep(_SETTLE_S)
        finally:
            for task in running:
                task.cancel()
    trial.reports = [item.report for item in watches]


async def primary_killed(trial: Trial) -> None:
    """The primary's encoder loses power."""
    station = trial.station
    async with watched(trial):
        killed = unix_ns()
        await station.unplug("hytv", "studio")
        await station.until_on_air("backup", 5)
        shown = await trial.pictures(killed, UnixNs(unix_ns() + SEGMENT_NS))
        await station.plug_in("hytv", "studio")
        await station.until_on_air("studio", 40)
    repeats = repeats_of(shown)
    trial.at_most("longest run of repeated frames", repeats.longest, 12)
    trial.equal("frames of slate", repeats.without_number, 0)
    trial.judge_watch()


async def both_gone(trial: Trial) -> None:
    """Every studio of the channel is lost at once."""
    station = trial.station
    async with watched(trial):
        killed = unix_ns()
        async with asyncio.TaskGroup() as tasks:
            for name in ("studio", "backup"):
                tasks.create_task(station.unplug("hytv", name))
        await station.until_on_air("slate", 5)
        shown = await trial.pictures(killed, UnixNs(unix_ns() + SEGMENT_NS))
        for name in ("studio", "backup"):
            await station.plug_in("hytv", name)
        await station.until_on_air("studio", 60)
    after = [
        p.time_s - killed / 1e9 for p in shown if p.number is None and p.time_s >= killed / 1e9
    ]
    trial.at_most("slate after the loss", min(after, default=float("inf")), 1.0, " s")
    trial.judge_watch()


async def ten_cycles(trial: Trial) -> None:
    """The primary goes and comes ten times."""
    station = trial.station
    returns = 0
    async with watched(trial):
        for _ in range(10):
            await station.unplug("hytv", "studio")
            await station.until_on_air("backup", 5)
            await station.plug_in("hytv", "studio")
            await station.until_on_air("studio", 40)
            returns += 1
    trial.equal("returns to the primary", returns, 10)
    trial.judge_watch()


async def primary_frozen(trial: Trial) -> None:
    """The primary stands still and keeps its connection."""
    station = trial.station
    async with watched(trial):
        frozen = unix_ns()
        station.signal_studio("hytv", "studio", signal.SIGSTOP)
        await station.until_on_air("backup", 5)
        shown = await trial.pictures(frozen, UnixNs(unix_ns() + SEGMENT_NS))
        station.signal_studio("hytv", "studio", signal.SIGCONT)
        await station.unplug("hytv", "studio")
        await station.plug_in("hytv", "studio")
        await station.until_on_air("studio", 40)
    trial.at_most("longest run of repeated frames", repeats_of(shown).longest, 25)
    trial.judge_watch()


async def decoder_killed(trial: Trial) -> None:
    """The decoder of the input that is on air dies."""
    station = trial.station
    async with watched(trial):
        killed = unix_ns()
        kill((await station.status())["decoder_pids"]["studio"])
        shown = await trial.pictures(killed, UnixNs(unix_ns() + 2 * SEGMENT_NS))
        await station.until_on_air("studio", 40)
    trial.at_most("longest run of repeated frames", repeats_of(shown).longest, 12)
    trial.judge_watch()


async def flapping(trial: Trial) -> None:
    """The primary stops and goes on once a second, for a minute."""
    station = trial.station
    before = await station.metric("lensong_switches_total")
    async with watched(trial):
        for _ in range(60):
            station.signal_studio("hytv", "studio", signal.SIGSTOP)
            await asyncio.sleep(0.6)
            station.signal_studio("hytv", "studio", signal.SIGCONT)
            await asyncio.sleep(0.4)
        switches = await station.metric("lensong_switches_total") - before
        await station.unplug("hytv", "studio")
        await station.plug_in("hytv", "studio")
        await station.until_on_air("studio", 40)
    trial.at_most("switches in the minute", switches, 2)
    trial.judge_watch()


async def encoder_killed(trial: Trial) -> None:
    """The encoder dies at twenty moments, three of them in the last 0.5 s of a segment."""
    station = trial.station
    back_s: list[float] = []
    async with watched(trial):
        for turn in range(20):
            wait_ns = trial.random.randrange(SEGMENT_NS)
            if turn % 7 == 3:
                into = SEGMENT_NS - trial.random.randrange(20_000_000, 500_000_000)
                wait_ns = (into - unix_ns()) % SEGMENT_NS
            await asyncio.sleep(wait_ns / 1e9)
            pid = int((await station.status())["encoder_pid"])
            kill(pid)
            back_s.append(await until_new_encoder(station, pid))
            await asyncio.sleep(8 - wait_ns / 1e9)
    trial.at_most("longest time without a new part", longest_pause(trial), 4.0, " s")
    trial.at_most("new encoder at the latest after", max(back_s), 4.0, " s")
    trial.judge_watch(gaps=20)


async def packager_killed(trial: Trial) -> None:
    """The packager dies and is back."""
    station = trial.station
    encoder = (await station.status())["encoder_pid"]
    async with watched(trial):
        kill(station.service_pid("packager"))
        await asyncio.sleep(12)
    trial.at_most("longest time without a new part", longest_pause(trial), 2.64, " s")
    trial.equal("encoder's process", (await station.status())["encoder_pid"], encoder)
    trial.judge_watch()


async def uploads_stalled(trial: Trial) -> None:
    """The packager reads nothing for two seconds: every rendition's POST stalls."""
    station = trial.station
    encoder = (await station.status())["encoder_pid"]
    async with watched(trial):
        pid = station.service_pid("packager")
        send(pid, signal.SIGSTOP)
        await asyncio.sleep(2)
        send(pid, signal.SIGCONT)
        await asyncio.sleep(12)
    trial.equal("encoder's process", (await station.status())["encoder_pid"], encoder)
    trial.judge_watch()


async def origin_killed(trial: Trial) -> None:
    """The origin dies and is back with its window."""
    station = trial.station
    async with watched(trial):
        before = await listed(station)
        kill(station.service_pid("origin"))
        await station.until_listed(10)
        after = await listed(station)
        await asyncio.sleep(8)
    trial.equal("segments that left the window too early", sorted(lost(before, after)), [])
    for report in trial.reports:
        form = f"{report.channel} {'LL' if report.low_latency else 'plain'}"
        trial.at_most(f"{form}: unreachable for", report.unreachable_s, 4.0, " s")
    trial.judge_watch()


async def listed(station: Station) -> list[int]:
    """Return the numbers in the low-latency playlist."""
    url = f"{station.site}/ll/hytv/{_RENDITION}/index.m3u8"
    async with station.client.get(url) as answer:
        playlist = parse_media(await answer.text())
    return [segment.msn for segment in playlist.complete if not segment.gap]


def lost(before: list[int], after: list[int]) -> set[int]:
    """Return what is not there any more, though the window did not move past it."""
    passed = max(after) - max(before)
    return {msn for msn in before[passed:] if msn not in after}


def longest_pause(trial: Trial) -> float:
    """Return the longest time in which the TV channel's parts stood still."""
    return max(r.edge_pause_s for r in trial.reports if r.channel == "hytv" and r.low_latency)


async def until_new_encoder(station: Station, old_pid: int) -> float:
    """Wait for a new encoder; return the seconds it took."""

    async def is_new() -> bool:
        pid = (await station.status())["encoder_pid"]
        return pid not in (None, 0, old_pid)

    return await station.until("a new encoder", is_new, 10)


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to one process."""
    os.kill(pid, number)


def kill(pid: int) -> None:
    """Kill one process."""
    send(int(pid), signal.SIGKILL)


SCENARIOS: Final[dict[str, Callable[[Trial], Awaitable[None]]]] = {
    "primary-killed": primary_killed,
    "both-gone": both_gone,
    "ten-cycles": ten_cycles,
    "primary-frozen": primary_frozen,
    "decoder-killed": decoder_killed,
    "flapping": flapping,
    "encoder-killed": encoder_killed,
    "packager-killed": packager_killed,
    "uploads-stalled": uploads_stalled,
    "origin-killed": origin_killed,
}


async def run_scenarios(names: list[str], *, browser: bool, offset: int = 20_000) -> list[Row]:
    """Run scenarios on one station, one after the other, and return the table."""
    rows: list[Row] = []
    async with running_station(offset=offset) as station:
        await asyncio.sleep(12)  # a window to watch
        for name in names:
            trial = Trial(name, station)
            print(f"==> {name}: {(SCENARIOS[name].__doc__ or '').strip()}", flush=True)
            try:
                await _run(trial, SCENARIOS[name], browser=browser)
            except* (TimeoutError, LookupError, aiohttp.ClientError) as errors:
                said = "; ".join(map(repr, errors.exceptions))
                rows.append(Row(name, "scenario", said, "ends", met=False))
                print(f"  MISS scenario: {said}", flush=True)
                print(station.log_tail())
            for row in trial.rows:
                sign = "ok  " if row.met else "MISS"
                print(f"  {sign} {row.what}: {row.measured} (target {row.target})", flush=True)
            rows += trial.rows
    return rows


async def _run(
    trial: Trial, scenario: Callable[[Trial], Awaitable[None]], *, browser: bool
) -> None:
    if not browser:
        await scenario(trial)
        return
    url = f"{trial.station.site}/live/hytv/index.m3u8"
    async with judge.watching(url) as viewer:
        await asyncio.sleep(8)
        await scenario(trial)
    if trial.name in _LEAVES_HOLES:
        fatal = [error["details"] for error in viewer["errors"] if error["fatal"]]
        trial.equal("hls.js: errors that it cannot mend", fatal, [])
        await asyncio.sleep(_WINDOW_S)  # the next scenario begins with a window without holes
    else:
        trial.equal("hls.js: errors and stalls", viewer["faults"], [])
    trial.at_most("hls.js: seconds behind its own clock", behind_s(viewer), 0.5, " s")


def behind_s(viewer: dict[str, Any]) -> float:
    """Return by how much less was played than time passed."""
    return float(viewer["played_for_ms"] / 1000 - viewer["advanced_s"])


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description="Hurt a station while the checker watches.")
    parser.add_argument("scenarios", nargs="*", help=", ".join(SCENARIOS))
    parser.add_argument("--json", type=Path, help="write the table here")
    parser.add_argument("--browser", action="store_true", help="hls.js in Chromium watches too")
    parser.add_argument("--port-offset", type=int, default=20_000)
    given = parser.parse_args()
    unknown = set(given.scenarios) - set(SCENARIOS)
    if unknown:
        parser.error(f"no scenario {', '.join(unknown)}; there are: {', '.join(SCENARIOS)}")
    names = given.scenarios or list(SCENARIOS)
    rows = asyncio.run(run_scenarios(names, browser=given.browser, offset=given.port_offset))
    if given.json:
        table = [
            {"scenario": r.scenario, "what": r.what, "measured": r.measured, "target": r.target}
            for r in rows
        ]
        given.json.write_text(json.dumps(table, indent=1, ensure_ascii=False), encoding="utf-8")
    missed = [row for row in rows if not row.met]
    print(f"{len(rows) - len(missed)} of {len(rows)} targets met")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
