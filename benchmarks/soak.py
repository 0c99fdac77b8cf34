"""The long measurements, by name: ``make soak NAME=ten-minutes``.

Each runs a station of its own on loopback and prints what it found beside the target.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Final

from benchmarks.alert_faults import alert_faults
from benchmarks.archive_kills import archive_kills
from benchmarks.drift import drift
from benchmarks.fault_list import FAULTS
from benchmarks.faults import SCENARIOS, run_scenarios
from benchmarks.lip_sync import lip_sync
from benchmarks.player_networks import player_networks
from benchmarks.player_start import player_start
from benchmarks.radio import radio
from benchmarks.saturation import saturation
from benchmarks.station import running_station
from benchmarks.unknown_names import unknown_names
from benchmarks.watch import PlaylistKeeper, watch_both
from benchmarks.week import week
from tests.judges import judge

__all__ = ["main"]


async def ten_minutes(minutes: float) -> bool:
    """Both channels, plain and low latency: nothing missing, every playlist strictly right."""
    keeper = PlaylistKeeper()
    async with running_station() as station:
        await asyncio.sleep(20)
        reports = await watch_both(station.site, ["hytv", "hyfm"], minutes * 60, keeper)
    for report in reports:
        print(report.as_json())
    playlists = list(keeper.playlists.values())
    wrong = await judge.run_hls_parser(playlists)
    print(json.dumps({"hls_parser_judged": len(playlists), "faults": len(wrong)}))
    for fault in wrong[:10]:
        print(f"  {fault.name}: {fault.fault}")
    late = [r for r in reports if r.low_latency and r.summary()["part_delay_ms"]["p99"] > 300]  # type: ignore[index]
    return not wrong and not late and all(report.clean for report in reports)


async def playing(minutes: float) -> bool:
    """hls.js in Chromium plays each form of each channel: no error event, no stall."""
    good = True
    async with running_station() as station:
        await asyncio.sleep(45)
        for path in ("live", "ll"):
            urls = [f"{station.site}/{path}/{channel}/index.m3u8" for channel in ("hytv", "hyfm")]
            async with asyncio.TaskGroup() as tasks:
                viewers = [
                    tasks.create_task(judge.play(url, minutes * 60, low_latency=path == "ll"))
                    for url in urls
                ]
            for report in (viewer.result() for viewer in viewers):
                print(json.dumps(report), flush=True)
                good = good and not report["faults"]
    return good


async def latency(_: float) -> bool:
    """Page against burnt-in clock, 20 starts: LL p50 3.0 s, p95 4.5 s; plain p95 22 s."""
    async with running_station() as station:
        await asyncio.sleep(60)
        quick = await judge.measure_starts(
            f"{station.site}/ll/hytv/index.m3u8", 20, low_latency=True, parallel=1
        )
        print(json.dumps({"low_latency": quick}), flush=True)
        plain = await judge.measure_starts(f"{station.site}/live/hytv/index.m3u8", 20)
        print(json.dumps({"plain": plain}))
    met: bool = (
        quick["glass_s"]["p50"] <= 3.0
        and quick["glass_s"]["p95"] <= 4.5
        and plain["glass_s"]["p95"] <= 22
    )
    return met


async def faults(_: float) -> bool:
    """Every fault of the table while the checker watches."""
    rows = await run_scenarios(list(SCENARIOS), browser=False)
    return all(row.met for row in rows)


async def saturated(minutes: float) -> bool:
    """Wrk takes all the origin has, 2,000 requests are held: parts p99 0.3 s, none missing."""
    return await saturation(round(minutes * 60), 2_000)


async def alerts(_: float) -> bool:
    """Every fault of two watched stations: the right alert within 30 s, and no other page."""
    outcomes = await alert_faults(list(FAULTS))
    return all(outcome.met for outcome in outcomes)


async def unknown(_: float) -> bool:
    """100,000 names that the origin does not know: no process has more series for them."""
    return await unknown_names(100_000)


async def killed_archiving(_: float) -> bool:
    """SIGKILL of the packager at 200 moments: what was acknowledged as archived is there."""
    return await archive_kills(200)


async def flash_and_beep(minutes: float) -> bool:
    """Flash and beep, from RTMP in to HLS out, at eight publisher phases: within 20 ms."""
    return await lip_sync(minutes)


async def holes_and_drift(minutes: float) -> bool:
    """Lip-sync with a 1 s hole in sound or picture, and with a clock 200 ppm fast or slow."""
    pairs = (("steady",), ("fast", "slow"), ("hole-sound", "hole-picture"))
    return all([await drift(names, minutes) for names in pairs])


async def plain_radio(minutes: float) -> bool:
    """MP3 and AAC over plain HTTP: curl, FFmpeg, PyAV, ICY; studio and encoder are killed."""
    return await radio(minutes * 60)


async def week_of_seeks(days: float) -> bool:
    """Seven days of two channels in the archive: 100 seeks by three players, the lists' cost."""
    return await week(days)


async def first_picture(_: float) -> bool:
    """Navigation to first picture or sound, cold, on four networks, beside hls.js's defaults."""
    return await player_start(5)


async def poor_networks(minutes: float) -> bool:
    """The page on 3G, through a tunnel, at 80 kbit/s: no stall, back within 3 s, sound goes on."""
    return await player_networks(minutes)


MEASURES: Final[dict[str, tuple[Callable[[float], Awaitable[bool]], float]]] = {
    "alerts": (alerts, 0),
    "ten-minutes": (ten_minutes, 10),
    "playing": (playing, 5),
    "latency": (latency, 0),
    "faults": (faults, 0),
    "lip-sync": (flash_and_beep, 0.5),
    "drift": (holes_and_drift, 30),
    "player-networks": (poor_networks, 5),
    "player-start": (first_picture, 0),
    "radio": (plain_radio, 10),
    "saturation": (saturated, 1),
    "unknown-names": (unknown, 0),
    "week": (week_of_seeks, 7),
    "archive-kills": (killed_archiving, 0),
}
"""What can be measured, and for how many minutes by default."""


def main() -> None:
    """Run one measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?", choices=sorted(MEASURES))
    parser.add_argument("--minutes", type=float, help="another length than the usual")
    given = parser.parse_args()
    if given.name is None:
        for name, (measure, minutes) in sorted(MEASURES.items()):
            unit = "days" if name == "week" else "minutes"
            length = f" ({minutes:g} {unit})" if minutes else ""
            print(f"  make soak NAME={name}{length}: {measure.__doc__}")
        return
    measure, minutes = MEASURES[given.name]
    good = asyncio.run(_run(measure, minutes if given.minutes is None else given.minutes))
    print("every target met" if good else "A TARGET WAS MISSED")
    sys.exit(not good)


async def _run(measure: Callable[[float], Awaitable[bool]], minutes: float) -> bool:
    return await measure(minutes)


if __name__ == "__main__":
    main()
