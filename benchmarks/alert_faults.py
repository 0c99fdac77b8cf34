"""Break watched stations in every way we can, and see which alert says so, when, and what else.

    python -m benchmarks.alert_faults [FAULT ...] [--json FILE]

Each fault has the alerts that must name it, with stage and channel, and their deadlines.  Each must
fire within 30 s of its deadline and be told to a webhook, nobody may be woken for anything else,
and it must be over when the fault is.  Two stations run side by side; faults that do not disturb
each other are made at once.  Needs the right to mount, for a small disk.  Nothing here fails a
test run; the exit code is 1 where a target was missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

from benchmarks.fault_list import FAULTS, SESSIONS, Expected, Fault, Session
from benchmarks.station import Station
from benchmarks.watched_station import WatchedStation
from core.clock import unix_ns

__all__ = ["Judge", "Outcome", "alert_faults", "prepare", "run_session"]

WITHIN_S: Final = 30.0
_READY_S: Final = 60.0
_POLL_S: Final = 1.0
_FORGOTTEN_S: Final = 32.0
"""What comes back within 30 s of its end is not told again."""

_HELD_S: Final = 75.0
"""Monitoring's own word holds for a minute where it is not taken back."""

_QUIET_S: Final = 420.0
_PORTS: Final = 100
"""Of one session."""


@dataclass(slots=True)
class Outcome:
    """What was seen of one alert of one fault; times in seconds."""

    name: str
    """Of the fault."""

    fault: Fault
    expected: Expected
    broken: float
    """When it was broken, UNIX."""

    is_beside: bool = False
    """It was broken beside others, to whom pages that nobody expected are put down."""

    mended: float | None = None
    fired_s: float | None = None
    """From the breaking to the first sight of the alert."""

    told_s: float | None = None
    """From the breaking to the message that somebody got."""

    cleared_s: float | None = None
    """From the mending to its end; None where it was not seen within ``clear_s``."""

    other_pages: list[str] = field(default_factory=list)

    trouble: str = ""
    """Why it could not be broken or mended."""

    @property
    def open(self) -> bool:
        """It is broken, or may still fire."""
        if self.mended is None:
            return True
        return self.cleared_s is None and _now_s() - self.mended < self.expected.clear_s

    @property
    def is_fresh(self) -> bool:
        """It was mended so shortly ago that monitoring may still hold it."""
        return self.mended is None or _now_s() - self.mended < _HELD_S

    @property
    def named(self) -> bool:
        """The right one, in time, told, and no other page."""
        return (
            self.fired_s is not None
            and self.fired_s <= self.expected.deadline_s + WITHIN_S
            and self.told_s is not None
            and not self.other_pages
            and not self.trouble
        )

    @property
    def met(self) -> bool:
        """It was named, and it was over when it was mended."""
        return self.named and (self.cleared_s is not None or not self.expected.clear_s)

    def row(self) -> dict[str, Any]:
        """Return what is printed."""
        expected = self.expected
        return {
            "fault": self.name,
            "alert": f"{expected.alert}/{expected.stage}",
            "severity": expected.severity,
            "deadline_s": expected.deadline_s,
            "fired_s": self.fired_s,
            "told_s": self.told_s,
            "cleared_s": self.cleared_s,
            "other_pages": self.other_pages,
            "trouble": self.trouble,
            "met": self.met,
        }


@dataclass(frozen=True, slots=True)
class _Sight:
    """An alert that fires."""

    name: str
    severity: str
    stage: str
    channel: str
    is_own: bool
    """Of monitoring's list, where Prometheus' alerts stand as well."""


def _now_s() -> float:
    return unix_ns() / 1e9


def _is(expected: Expected, sight: _Sight) -> bool:
    same = (sight.name, sight.channel) == (expected.alert, expected.channel)
    # Monitoring's own word for the same thing may name another stage.
    return same and (sight.stage == expected.stage or (sight.is_own and not expected.is_own))


class Judge:
    """Looks at a station once a second, and notes what was seen of what is broken."""

    def __init__(self, watched: WatchedStation) -> None:
        self.watched = watched
        self.outcomes: list[Outcome] = []
        self._printed: set[int] = set()
        self._looked = asyncio.Event()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            with suppress(aiohttp.ClientError, TimeoutError):
                self._note(await self.sights())
            self._looked.set()
            self._looked = asyncio.Event()
            await asyncio.sleep(_POLL_S)

    async def sights(self) -> list[_Sight]:
        """Return what Prometheus finds, if it runs, and what monitoring holds."""
        found = []
        with suppress(aiohttp.ClientError):
            found += [
                _Sight(
                    one["alertname"],
                    one["severity"],
                    one["stage"],
                    one.get("channel", ""),
                    is_own=False,
                )
                for one in await self.watched.firing()
            ]
        held = await self.watched.held()
        return found + [
            _Sight(one["name"], one["severity"], one["stage"], one["channel"], is_own=True)
            for one in held
        ]

    def _note(self, sights: list[_Sight]) -> None:
        now_s = _now_s()
        current = [outcome for outcome in self.outcomes if outcome.open]
        for outcome in current:
            expected = outcome.expected
            seen = any(_is(expected, sight) for sight in sights if sight.is_own == expected.is_own)
            if seen and outcome.fired_s is None:
                outcome.fired_s = round(now_s - outcome.broken, 1)
            if outcome.told_s is None:
                outcome.told_s = self._told_s(outcome)
            if not seen and outcome.mended is not None and outcome.fired_s is not None:
                outcome.cleared_s = round(now_s - outcome.mended, 1)
        for sight in sights:
            if sight.severity == "page":
                self._note_page(sight, current)
        for index, outcome in enumerate(self.outcomes):
            if not outcome.open and index not in self._printed:
                self._printed.add(index)
                print(json.dumps(outcome.row()), flush=True)

    def _note_page(self, sight: _Sight, current: list[Outcome]) -> None:
        known = [one for one in self.outcomes if one.open or one.is_fresh]
        for outcome in known:
            if _is(outcome.expected, sight) or sight.name in outcome.fault.belongs:
                return
        said = f"{sight.name}/{sight.stage} {sight.channel}".strip()
        broken = [outcome for outcome in current if outcome.mended is None]
        for outcome in broken or current:
            if said not in outcome.other_pages and not outcome.is_beside:
                outcome.other_pages.append(said)

    def _told_s(self, outcome: Outcome) -> float | None:
        expected = outcome.expected
        for when_s, message in self.watched.told:
            if when_s >= outcome.broken and message["kind"] == "fired":
                for alert in message["alerts"]:
                    if (alert["name"], alert["channel"]) == (expected.alert, expected.channel):
                        return round(when_s - outcome.broken, 1)
        return None

    async def make(self, name: str, fault: Fault, *, is_beside: bool = False) -> list[Outcome]:
        """Break, wait until every alert of the fault fired and was told, mend."""
        await self._until_over(fault)
        print(json.dumps({"broken": name}), flush=True)
        mine = [
            Outcome(name, fault, expected, _now_s(), is_beside=is_beside)
            for expected in fault.expected
        ]
        self.outcomes += mine
        patience_s = max(one.expected.deadline_s for one in mine) + 2 * WITHIN_S
        until = mine[0].broken + patience_s
        try:
            async with fault.breaking(self.watched):
                while _now_s() < until and not all(one.fired_s and one.told_s for one in mine):
                    await self._looked.wait()
        except (aiohttp.ClientError, LookupError, OSError) as error:  # TimeoutError is one
            for outcome in mine:
                outcome.trouble = f"{type(error).__name__}: {error}"
        finally:
            for outcome in mine:
                outcome.mended = _now_s()
        return mine

    async def until_over(self) -> None:
        """Wait until every alert is over, or its time for that is."""
        for outcome in self.outcomes:
            await self.until_over_one(outcome)
        await self._looked.wait()
        await self._looked.wait()

    async def until_over_one(self, outcome: Outcome) -> None:
        """Wait until an alert is over, or its time for that is."""
        while outcome.open:
            await self._looked.wait()

    async def _until_over(self, fault: Fault) -> None:
        """Wait until an earlier fault no longer raises the same alerts."""

        async def is_over() -> bool:
            sights = await self.sights()
            return not any(_is(one, sight) for one in fault.expected for sight in sights)

        if not any(one.alert == "ArchiveHoles" for one in fault.expected):
            await self._until("an earlier one is over", is_over)

    async def until_quiet(self) -> None:
        """Wait until no page fires, nor would be taken for one that was told of."""
        await self.until_no_page()
        await asyncio.sleep(_FORGOTTEN_S)

    async def until_no_page(self) -> None:
        """Wait until no page fires: while a station starts, its channels are on slate."""

        async def is_quiet() -> bool:
            return not any(sight.severity == "page" for sight in await self.sights())

        await self._until("no page fires", is_quiet)

    async def _until(self, what: str, test: Callable[[], Awaitable[bool]]) -> None:
        """Wait, but not for ever: what was in vain will be seen in the rows."""
        try:
            await self.watched.station.until(what, test, _QUIET_S, every_s=_POLL_S)
        except TimeoutError as error:
            print(json.dumps({"trouble": str(error)}), flush=True)


async def prepare(watched: WatchedStation, studios: tuple[tuple[str, str], ...]) -> None:
    """Plug the studios in, and wait until segments of every channel are counted.

    Nobody asks the site before: it has nothing to show, which would be a fault of its own.
    """
    station = watched.station
    for slug, name in studios:
        await station.plug_in(slug, name)
    for channel in station.settings.channels:
        await station.until_on_air(channel.inputs[0].name, _READY_S, channel.slug)
    await watched.until_scraped()

    async def is_published() -> bool:
        ages = await watched.query("channel:lensong_segment_age_seconds:max")
        return len(ages) == len(station.settings.channels)

    await station.until("every channel has segments", is_published, _READY_S)


async def run_session(session: Session, names: set[str], offset: int) -> list[Outcome]:
    """Run a station and make those of its faults that are named."""
    with tempfile.TemporaryDirectory(prefix="lensong-") as folder:
        async with session.station(Path(folder), offset) as watched:
            await prepare(watched, session.studios)
            judge = Judge(watched)
            async with asyncio.TaskGroup() as tasks:
                beside = [
                    tasks.create_task(judge.run()),
                    tasks.create_task(_keep_studios(watched.station)),
                ]
                await _make_all(judge, session, names)
                await judge.until_over()
                for task in beside:
                    task.cancel()
            return judge.outcomes


async def _keep_studios(station: Station) -> None:
    """Start studios again that ended, as one does that lost time on a busy machine.

    One that was unplugged is none of them.
    """
    while True:
        for studio in list(station.studios):
            if studio in station.studios:
                await station.plug_in(*studio)
        await asyncio.sleep(_POLL_S)


async def _make_all(judge: Judge, session: Session, names: set[str]) -> None:
    rounds = [[name for name in one if name in names] for one in session.rounds]
    rounds = [one for one in rounds if one]
    beside = [name for name in session.beside if name in names and name != session.last]
    async with asyncio.TaskGroup() as whole:
        if session.last in names:
            whole.create_task(judge.make(session.last, FAULTS[session.last], is_beside=True))
        async with asyncio.TaskGroup() as tasks:
            for name in beside:
                tasks.create_task(judge.make(name, FAULTS[name], is_beside=True))
            for one in rounds[:-1]:
                await _make_round(judge, one)
        if rounds:
            await _make_round(judge, rounds[-1])


async def _make_round(judge: Judge, names: list[str]) -> None:
    await judge.until_quiet()
    async with asyncio.TaskGroup() as tasks:
        for name in names:
            tasks.create_task(judge.make(name, FAULTS[name]))


async def alert_faults(names: list[str], *, offset: int = 23_000) -> list[Outcome]:
    """Make these faults, each in the station that has it; the stations run side by side."""
    wanted = set(names)
    async with asyncio.TaskGroup() as tasks:
        sessions = [
            tasks.create_task(run_session(session, wanted, offset + index * _PORTS))
            for index, session in enumerate(SESSIONS.values())
            if wanted & {name for one in (session.beside, *session.rounds) for name in one}
        ]
    return [outcome for session in sessions for outcome in session.result()]


async def main() -> bool:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help="all when none is named")
    parser.add_argument("--offset", type=int, default=23_000, help="where its ports begin")
    parser.add_argument("--json", type=Path, help="write the rows to this file too")
    arguments = parser.parse_args()
    unknown = set(arguments.faults) - FAULTS.keys()
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are: {', '.join(FAULTS)}")
    outcomes = await alert_faults(arguments.faults or list(FAULTS), offset=arguments.offset)
    rows = [outcome.row() for outcome in outcomes]
    if arguments.json is not None:
        await asyncio.to_thread(arguments.json.write_text, json.dumps(rows, indent=1))
    return all(outcome.met for outcome in outcomes)


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main()) else 1)
