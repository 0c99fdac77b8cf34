"""Break a watched station in ten ways, and see which alert says so, when, and what else is told.

    python -m benchmarks.alert_faults [FAULT ...] [--json FILE]

Each fault has the alert that must name it, with its stage, and its deadline: the time after which
the rule is to fire (the flag's own time, and ``for``).  It must fire within 30 s of that, nobody
may be woken for anything else, and it must be over when the fault is.  Nothing here fails a test
run; the exit code is 1 where a target was missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

from benchmarks.station import tv_settings
from benchmarks.watched_station import WatchedStation, watched_station
from core.clock import unix_ns
from core.timeline import SEGMENT_NS

__all__ = ["FAULTS", "Fault", "Outcome", "alert_faults", "break_station"]

WITHIN_S: Final = 30.0
_CLEAR_S: Final = 120.0
_SLOW_CLEAR_S: Final = 420.0
_READY_S: Final = 60.0
_POLL_S: Final = 1.0
_FORGOTTEN_S: Final = 32.0
"""What comes back within 30 s of its end is not told again."""

_VIEWERS: Final = 25
_HELD_LIMIT: Final = 8

_INPUTS: Final = """
[[channels.inputs]]
name = "studio"
protocol = "rtmp"
key_sha256_env = "KEY_STUDIO"
[[channels]]
slug = "hyfm"
name = "Phát thanh đo"
kind = "radio"
[[channels.inputs]]
name = "studio"
protocol = "icecast"
key_sha256_env = "KEY_RADIO"
[origin]
max_held_requests = 8
"""

Breaking = Callable[[WatchedStation], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """A way to break the station, and who must say so."""

    alert: str
    severity: str
    stage: str
    channel: str
    deadline_s: float
    """From the breaking to the moment at which the rule is to fire."""

    breaking: Breaking
    clear_s: float = _CLEAR_S
    """How long after the mending the alert may go on."""

    is_alone: bool = True
    """Nothing else is broken meanwhile; else only pages of its own channel are others."""


@dataclass(slots=True)
class Outcome:
    """What was seen of one fault."""

    fault: str
    alert: str
    stage: str
    deadline_s: float
    fired_s: float | None = None
    """From the breaking to the first sight of the alert."""

    told_s: float | None = None
    """From the breaking to the message that somebody got."""

    cleared_s: float | None = None
    """From the mending to its end; None where nobody waited for it."""

    other_pages: list[str] = field(default_factory=list)

    @property
    def met(self) -> bool:
        """The right one, in time, and no other page."""
        return (
            self.fired_s is not None
            and self.fired_s <= self.deadline_s + WITHIN_S
            and self.told_s is not None
            and not self.other_pages
        )


# The ways


def _word(word: str, channel: str = "hytv") -> Breaking:
    @asynccontextmanager
    async def breaking(watched: WatchedStation) -> AsyncIterator[None]:
        file = watched.station.fault_file(channel, "studio")
        await asyncio.to_thread(file.write_text, word, encoding="ascii")
        try:
            yield
        finally:
            await asyncio.to_thread(file.unlink, missing_ok=True)

    return breaking


@asynccontextmanager
async def _publisher_killed(watched: WatchedStation) -> AsyncIterator[None]:
    await watched.station.unplug("hytv", "studio")
    yield
    await watched.station.plug_in("hytv", "studio")
    await watched.station.until_on_air("studio", _READY_S)


@asynccontextmanager
async def _decoder_crash(watched: WatchedStation) -> AsyncIterator[None]:
    os.kill((await watched.station.status())["decoder_pids"]["studio"], signal.SIGKILL)
    yield


_STOP_AND_GO: Final = """
import os, signal, sys, time
pid, run_s, stand_s = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
try:
    while os.getppid() != 1:
        os.kill(pid, signal.SIGSTOP)
        time.sleep(stand_s)
        os.kill(pid, signal.SIGCONT)
        time.sleep(run_s)
except ProcessLookupError:
    pass
"""


@asynccontextmanager
async def _stopping(
    pid_of: Callable[[], Awaitable[int]], run_s: float, stand_s: float
) -> AsyncIterator[None]:
    """Let a process run only part of the time, as on a machine that has none left for it.

    Its successors fare no better.  A process of its own keeps the time, to the millisecond.
    """

    async def stop_and_go() -> None:
        while True:
            with suppress(aiohttp.ClientError, TimeoutError, LookupError):
                pid = await pid_of()
                await _stop_and_go(pid, run_s, stand_s)
            await asyncio.sleep(0.05)

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(stop_and_go())
        yield
        task.cancel()


async def _stop_and_go(pid: int, run_s: float, stand_s: float) -> None:
    """Stop and continue a process until it is gone, or this is cancelled."""
    arguments = [sys.executable, "-c", _STOP_AND_GO, str(pid), str(run_s), str(stand_s)]
    process = await asyncio.create_subprocess_exec(*arguments)
    try:
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def _encoder_starved(watched: WatchedStation) -> AsyncIterator[None]:
    async def pid() -> int:
        found = (await watched.station.status())["encoder_pid"]
        if not found:
            raise LookupError
        return int(found)

    # The 360p ladder needs a tenth of a processor; two threads get a hundredth of one each.
    async with _stopping(pid, 0.004, 0.4):
        yield


@asynccontextmanager
async def _packager_delayed(watched: WatchedStation) -> AsyncIterator[None]:
    async def pid() -> int:
        return watched.station.service_pid("-m", "packager")

    async with _stopping(pid, 0.25, 0.75):
        yield


@asynccontextmanager
async def _origin_errors(watched: WatchedStation) -> AsyncIterator[None]:
    """More held requests than the origin may hold: it answers 503."""
    site, client = watched.station.site, watched.station.client

    async def ask(url: str) -> None:
        with suppress(aiohttp.ClientError, TimeoutError):
            async with client.get(url) as answer:
                await answer.read()

    async def overload() -> None:
        while True:
            msn = unix_ns() // SEGMENT_NS + 1
            url = f"{site}/ll/hytv/360p/index.m3u8?_HLS_msn={msn}&_HLS_part=0"
            async with asyncio.TaskGroup() as tasks:
                for _ in range(5 * _HELD_LIMIT):
                    tasks.create_task(ask(url))
            await asyncio.sleep(0.5)

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(overload())
        yield
        task.cancel()


@asynccontextmanager
async def _bad_network(watched: WatchedStation) -> AsyncIterator[None]:
    """Twenty-five viewers whose player stands for three seconds of each twenty."""

    def report(viewer: int, state: str, more: str = "") -> str:
        now_ms = unix_ns() // 1_000_000
        return f'cid="hytv",e=ps{more},sid="viewer-{viewer:04d}",st=l,sta={state},ts={now_ms},v=2'

    async def send(lines: list[str]) -> None:
        headers = {"Content-Type": "application/cmcd"}
        url, data = f"{watched.station.site}/qoe", "\n".join(lines)
        async with watched.station.client.post(url, data=data, headers=headers) as answer:
            answer.raise_for_status()

    async def watch() -> None:
        viewers = range(_VIEWERS)
        await send([report(viewer, "s") for viewer in viewers])
        await send([report(viewer, "p", ",msd=900") for viewer in viewers])
        while True:
            await asyncio.sleep(17)
            await send([report(viewer, "r") for viewer in viewers])
            await asyncio.sleep(3)
            await send([report(viewer, "p", ",bsd=(3000;v)") for viewer in viewers])

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(watch())
        yield
        task.cancel()


FAULTS: Final[dict[str, Fault]] = {
    "player-bad-network": Fault(
        "RebufferingHigh", "page", "player", "hytv", 300 + 20, _bad_network, _SLOW_CLEAR_S
    ),
    "publisher-killed": Fault("ChannelOnSlate", "page", "input", "hytv", 10.4, _publisher_killed),
    "picture-black": Fault("ContentFaultOnAir", "page", "input", "hytv", 17, _word("black")),
    "picture-frozen": Fault("ContentFaultOnAir", "page", "input", "hytv", 20, _word("freeze")),
    "sound-silent": Fault("ContentFaultOnAir", "page", "input", "hytv", 20, _word("silence")),
    "decoder-crash": Fault("DecoderFailing", "ticket", "input", "hytv", 0, _decoder_crash, 0),
    "encoder-starved": Fault("EncoderSlow", "page", "encoder", "hytv", 20, _encoder_starved),
    "packager-delayed": Fault(
        "PublishLate", "ticket", "packager", "hytv", 30, _packager_delayed, _SLOW_CLEAR_S
    ),
    "origin-errors": Fault(
        "DeliveryErrorBudgetFast", "page", "origin", "", 0, _origin_errors, _SLOW_CLEAR_S
    ),
}
LOUDNESS: Final = "loudness-off"
"""Its rule waits for half an hour, so it is broken first, on the radio, and looked at last."""

_LOUD: Final = Fault(
    "LoudnessOffTarget",
    "ticket",
    "input",
    "hyfm",
    60 + 1800,  # a minute is measured before it is judged
    _word("loud", "hyfm"),
    is_alone=False,
)


# Looking


async def break_station(watched: WatchedStation, name: str, fault: Fault) -> Outcome:
    """Break, wait for the alert, mend, wait for its end; note every other page on the way."""
    outcome = Outcome(name, fault.alert, fault.stage, fault.deadline_s)
    await _until_over(watched, fault)
    began_s = unix_ns() / 1e9
    async with fault.breaking(watched):
        while unix_ns() / 1e9 - began_s < fault.deadline_s + 2 * WITHIN_S:
            if await _look(watched, fault, outcome) and outcome.fired_s is None:
                outcome.fired_s = round(unix_ns() / 1e9 - began_s, 1)
            told_s = _told_s(watched, fault, began_s)
            if told_s is not None:
                outcome.told_s = round(told_s - began_s, 1)
            if outcome.fired_s is not None and outcome.told_s is not None:
                break
            await asyncio.sleep(_POLL_S)
    mended_s = unix_ns() / 1e9
    while unix_ns() / 1e9 - mended_s < fault.clear_s:
        if not await _look(watched, fault, outcome):
            outcome.cleared_s = round(unix_ns() / 1e9 - mended_s, 1)
            break
        await asyncio.sleep(_POLL_S)
    print(json.dumps(_row(outcome)), flush=True)
    return outcome


async def _look(watched: WatchedStation, fault: Fault, outcome: Outcome) -> bool:
    """Tell whether the alert fires with its stage; note other pages."""
    found = False
    for labels in await watched.firing():
        is_it = labels["alertname"] == fault.alert and labels.get("channel", "") == fault.channel
        if is_it and labels["stage"] == fault.stage:
            found = True
        elif labels["severity"] == "page" and (
            fault.is_alone or labels.get("channel") == fault.channel
        ):
            said = f"{labels['alertname']}/{labels['stage']}"
            if said not in outcome.other_pages:
                outcome.other_pages.append(said)
    return found


def _told_s(watched: WatchedStation, fault: Fault, began_s: float) -> float | None:
    for when_s, message in watched.told:
        if when_s >= began_s and message["kind"] == "fired":
            for alert in message["alerts"]:
                if alert["name"] == fault.alert and alert["channel"] == fault.channel:
                    return when_s
    return None


def _row(outcome: Outcome) -> dict[str, Any]:
    return {
        "fault": outcome.fault,
        "alert": f"{outcome.alert}/{outcome.stage}",
        "deadline_s": outcome.deadline_s,
        "fired_s": outcome.fired_s,
        "told_s": outcome.told_s,
        "cleared_s": outcome.cleared_s,
        "other_pages": outcome.other_pages,
        "met": outcome.met,
    }


async def alert_faults(names: list[str], *, offset: int = 23_000) -> list[Outcome]:
    """Run a watched station and break it in these ways, one after the other."""
    with tempfile.TemporaryDirectory(prefix="lensong-") as name:
        folder = Path(name)
        text = tv_settings(_INPUTS, folder=name, offset=offset, ladder="360p")
        async with watched_station(
            text, folder, prometheus_port=offset + 60, webhook_port=offset + 61
        ) as watched:
            station = watched.station
            for channel in ("hytv", "hyfm"):
                await station.plug_in(channel, "studio")
            for channel in ("hytv", "hyfm"):
                await station.until_on_air("studio", _READY_S, channel)
            await watched.until_scraped()
            await _until_published(watched)
            outcomes: list[Outcome] = []
            async with asyncio.TaskGroup() as tasks:
                loud = None
                if LOUDNESS in names:
                    loud = tasks.create_task(break_station(watched, LOUDNESS, _LOUD))
                for fault in (item for item in names if item != LOUDNESS):
                    await _until_quiet(watched)
                    outcomes.append(await break_station(watched, fault, FAULTS[fault]))
            return outcomes if loud is None else [*outcomes, loud.result()]


async def _until_over(watched: WatchedStation, fault: Fault) -> None:
    """Wait until an earlier fault no longer raises the same alert."""

    async def is_over() -> bool:
        return not any(
            labels["alertname"] == fault.alert and labels.get("channel", "") == fault.channel
            for labels in await watched.firing()
        )

    await watched.station.until(f"{fault.alert} is over", is_over, _SLOW_CLEAR_S, every_s=_POLL_S)


async def _until_published(watched: WatchedStation) -> None:
    """Wait for segments; asking the origin for them before would be an error of its answers."""

    async def is_published() -> bool:
        ages = await watched.query("channel:lensong_segment_age_seconds:max")
        return len(ages) == len(watched.station.settings.channels)

    await watched.station.until("both channels have segments", is_published, _READY_S)


async def _until_quiet(watched: WatchedStation) -> None:
    """Wait until no page fires."""

    async def is_quiet() -> bool:
        return not any(labels["severity"] == "page" for labels in await watched.firing())

    await watched.station.until("no page fires", is_quiet, _SLOW_CLEAR_S, every_s=_POLL_S)
    await asyncio.sleep(_FORGOTTEN_S)


async def main() -> bool:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help="all when none is named")
    parser.add_argument("--offset", type=int, default=23_000, help="where its ports begin")
    parser.add_argument("--json", type=Path, help="write the rows to this file too")
    arguments = parser.parse_args()
    names = arguments.faults or [LOUDNESS, *FAULTS]
    outcomes = await alert_faults(names, offset=arguments.offset)
    rows = [_row(outcome) for outcome in outcomes]
    if arguments.json is not None:
        await asyncio.to_thread(arguments.json.write_text, json.dumps(rows, indent=1))
    return all(outcome.met for outcome in outcomes)


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main()) else 1)
