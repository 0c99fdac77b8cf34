"""A week of a TV and a radio channel in the archive, and a hundred seeks into it.

The media are small and synthetic; numbers, times, holes and objects are real.  Each moment is asked
for in one of the forms in which players ask, and opened by FFmpeg, by PyAV and, where Chromium is
there, by hls.js.
"""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.catch_up import catch_up
from core.config import Settings
from core.guide import GuideSnapshot, Programme
from core.timeline import start_of_segment
from tests.judges.judge import first_frames, missing_for_judges
from tests.origin.recorded_origin import EDGE, FixedGuide, live_facts, recorded_origin
from tests.past_players import begin_with_ffmpeg, begin_with_pyav
from tests.recorded_media import (
    CYCLE_FRAMES,
    Media,
    Recorder,
    expected_number,
    make_media,
    recorded_settings,
)

__all__ = ["seek", "week"]

_DAY: Final = 22_500
_NS: Final = 1_000_000_000
_PLAYABLE: Final = 0.995
_TRACKS: Final = (("hytv", "64p", 0), ("hytv", "a96", 1), ("hyfm", "a64", 1))


def _holes(first: int, last: int, rng: random.Random) -> set[int]:
    """Return what is missing: up to three minutes about twice a day, single segments oftener."""
    holes: set[int] = set()
    for begin in range(first, last, 11_000):
        at = begin + rng.randrange(10_000)
        holes.update(range(at, at + rng.randrange(1, 47)))
    holes.update(rng.sample(range(first, last), (last - first) // 2_000))
    return holes


def _write(settings: Settings, media: tuple[Media, Media], first: int, holes: set[int]) -> None:
    for channel, rendition, kind in _TRACKS:
        recorder = Recorder(settings.archive_dir, media[kind], channel, rendition)
        recorder.write(first, EDGE - 10, missing=holes)


@dataclass(frozen=True, slots=True)
class _Seek:
    """One random moment, in one of the forms in which players ask."""

    path: str
    channel: str
    asked_s: int
    """UNIX seconds."""

    begins_ns: int
    """When playing must begin: the moment asked for, or the end of the hole that it lies in."""


def _seeks(first: int, holes: set[int], count: int, rng: random.Random) -> list[_Seek]:
    """Return random seeks: TV and radio in turn, each in every form in turn."""
    now_s = start_of_segment(EDGE + 1) // _NS
    found = []
    for number in range(count):
        start_s = rng.randrange(first * 384 // 100 + 8, now_s - 400)
        channel = ("hytv", "hyfm")[number % 2]
        forms = (
            f"/catchup/{channel}/{start_s}-{start_s + 300}/index.m3u8",
            f"/programmes/{_programme_id(channel, start_s)}/index.m3u8",
            f"/live/{channel}/index.m3u8?utc={start_s}&lutc={now_s}&duration=300",
            f"/live/{channel}/archive-{start_s}-300.m3u8",
            f"/live/{channel}/timeshift_abs-{start_s}.m3u8",
        )
        msn = start_s * 100 // 384
        begin_ns = start_s * _NS
        while msn in holes:  # it begins behind the hole
            msn += 1
            begin_ns = start_of_segment(msn)
        found.append(_Seek(forms[number // 2 % len(forms)], channel, start_s, begin_ns))
    return found


def _programme_id(channel: str, start_s: int) -> str:
    return f"{channel}-{start_s}"


def _guide(seeks: list[_Seek]) -> FixedGuide:
    """Return a guide in which a programme of five minutes begins at each moment."""
    snapshots = {}
    for channel in ("hytv", "hyfm"):
        programmes = (
            Programme(
                id=_programme_id(channel, item.asked_s),
                channel=channel,
                start_s=item.asked_s,
                end_s=item.asked_s + 300,
                title="Chương trình",
            )
            for item in seeks
            if item.channel == channel
        )
        ordered = tuple(sorted(programmes, key=lambda item: item.start_s))
        snapshots[channel] = GuideSnapshot(channel=channel, programmes=ordered)
    return FixedGuide(snapshots)


async def seek(settings: Settings, media: tuple[Media, Media], days: float, seeks: int) -> bool:
    """Write the days, seek, print what was found beside the target."""
    rng = random.Random(2611)  # noqa: S311 - moments, not secrets
    first = EDGE - round(days * _DAY)
    holes = _holes(first, EDGE - 100, rng)
    began = time.perf_counter()
    await asyncio.to_thread(_write, settings, media, first, holes)
    print(json.dumps({"days": days, "holes": len(holes),
                      "written_in_s": round(time.perf_counter() - began, 1)}))  # fmt: skip
    facts = await asyncio.to_thread(live_facts, settings, media, EDGE - 23, EDGE)
    asked = _seeks(first, holes, seeks, rng)
    moments = [(item.path, item.begins_ns) for item in asked]
    good = True
    async with recorded_origin(settings, facts=facts, guide=_guide(asked)) as origin:
        for begin in (begin_with_pyav, begin_with_ffmpeg):
            right = 0
            for path, asked_ns in moments:
                begun = await begin(origin.site + path)
                right += begun.is_right(asked_ns)
                if not begun.is_right(asked_ns):
                    print(f"  {begun}, asked for {asked_ns}")
            good = _tell(begin.__name__, right, seeks) and good
        if await asyncio.to_thread(missing_for_judges) is None:
            seen = await first_frames(origin.site + path for path, _ in moments)
            right = 0
            for (path, asked_ns), frame in zip(moments, seen, strict=True):
                shown = _shows(frame, asked_ns, video="hytv" in path)
                right += shown
                if not shown:
                    print(f"  {frame}, asked for {asked_ns}")
            good = _tell("hls.js, to the frame", right, seeks) and good
    return good


def _shows(frame: dict[str, object], asked_ns: int, *, video: bool) -> bool:
    date_ms, number = frame["date_ms"], frame["number"]
    if not frame["ready"] or not isinstance(date_ms, int | float):
        return False
    if abs(date_ms - asked_ns / 1e6) > 40:
        return False
    if not video:
        return True
    if not isinstance(number, int):
        return False
    return (number - expected_number(asked_ns)) % CYCLE_FRAMES in {0, 1, CYCLE_FRAMES - 1}


def _tell(player: str, right: int, seeks: int) -> bool:
    print(json.dumps({"player": player, "right": right, "of": seeks, "target": _PLAYABLE}))
    return right >= _PLAYABLE * seeks


async def week(days: float = 7, seeks: int = 100) -> bool:
    """Seek into a week, then measure what its lists cost."""
    media = await make_media()
    with tempfile.TemporaryDirectory(prefix="lensong-week-") as name:
        settings = recorded_settings(Path(name), archive_days=8)
        good = await seek(settings, media, days, seeks)
    return await catch_up(s3=False, times=10) and good
