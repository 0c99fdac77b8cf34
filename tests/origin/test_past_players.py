"""What players make of the past: hls-parser, FFmpeg, PyAV, and hls.js in Chromium."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from core.clock import unix_ns
from core.config import Settings
from core.guide import GuideSnapshot, Programme
from core.publication import HeaderPublished
from core.timeline import UnixNs, msn_at, start_of_segment
from tests.judges.judge import first_frames, missing_for_judges, play, run_hls_parser
from tests.origin.recorded_origin import (
    FixedGuide,
    RecordedOrigin,
    live_facts,
    record_channels,
    recorded_origin,
)
from tests.past_players import begin_with_ffmpeg, begin_with_pyav
from tests.recorded_media import CYCLE_FRAMES, Media, expected_number, recorded_settings

pytestmark = [pytest.mark.media, pytest.mark.timeout(180)]

Both = tuple[Media, Media]
HOURS: Final = 1.4


@asynccontextmanager
async def on_air(folder: Path, media: Both) -> AsyncIterator[tuple[RecordedOrigin, int]]:
    """Serve what was on air until now, by the real clock; yield the origin and now in seconds."""
    settings = recorded_settings(folder)
    edge = msn_at(UnixNs(unix_ns())) - 1
    first = edge - int(HOURS * 937)
    holes = {edge - 300, edge - 299}
    await asyncio.to_thread(record_channels, settings, media, first, edge - 10, missing=holes)
    facts = await asyncio.to_thread(live_facts, settings, media, edge - 23, edge)
    now_s = edge * 384 // 100
    guide = FixedGuide(
        {
            "hytv": GuideSnapshot(
                channel="hytv",
                programmes=(
                    Programme(id="past", channel="hytv", start_s=now_s - 3_001,
                              end_s=now_s - 2_000, title="past"),
                    Programme(id="on-air", channel="hytv", start_s=now_s - 501,
                              end_s=now_s + 500, title="on air"),
                ),
            )
        }
    )  # fmt: skip
    async with recorded_origin(settings, facts=facts, now=UnixNs(0), guide=guide) as origin:
        yield origin, now_s


async def go_on(it: RecordedOrigin, settings: Settings, media: Both) -> None:
    """Publish each segment when its time is over, as on air; ends when it is cancelled."""
    last = it.preparation.window.channels["hytv"].newest
    while True:
        last += 1
        facts = live_facts(settings, media, last, last)
        await asyncio.sleep(max(0.0, (start_of_segment(last + 1) - unix_ns()) / 1e9))
        it.tell(fact for fact in facts if not isinstance(fact, HeaderPublished))


def lists_of(now_s: int, rng: random.Random, count: int) -> list[tuple[str, int]]:
    """Return (path, second asked for) of spans at random, in every form."""
    found = [("/programmes/past/index.m3u8", now_s - 3_001),
             ("/programmes/on-air/index.m3u8", now_s - 501)]  # fmt: skip
    for number in range(count):
        start_s = now_s - rng.randrange(200, 4_500)
        channel = ("hytv", "hyfm")[number % 2]
        if now_s - 1_160 < start_s < now_s - 1_140:
            continue  # a hole: it begins behind it
        forms = (
            f"/catchup/{channel}/{start_s}-{start_s + 60}/index.m3u8",
            f"/catchup/{channel}/{start_s}-now/index.m3u8",
            f"/live/{channel}/index.m3u8?utc={start_s}&lutc={now_s}&duration=90",
            f"/live/{channel}/index.m3u8?utc={start_s}&lutc={now_s}",
            f"/live/{channel}/archive-{start_s}-120.m3u8",
            f"/sound/{channel}/timeshift_abs-{start_s}.m3u8",
        )
        found.append((forms[number % len(forms)], start_s))
    return found


async def test_hls_parser_finds_no_fault(tmp_path: Path, media: Both) -> None:
    missing = await asyncio.to_thread(missing_for_judges, browser=False)
    if missing:
        pytest.skip(missing)
    async with on_air(tmp_path, media) as (it, now_s):
        names = [
            "/dvr/hytv/index.m3u8",
            "/dvr/hytv/sound.m3u8",
            "/dvr/hytv/64p/index.m3u8",
            "/dvr/hyfm/a64/index.m3u8",
            "/programmes/past/index.m3u8",
            "/programmes/past/64p/index.m3u8",
            "/programmes/on-air/64p/index.m3u8",
            f"/catchup/hytv/{now_s - 1_500}-{now_s - 1_000}/index.m3u8",
            f"/catchup/hytv/{now_s - 1_500}-{now_s - 1_000}/64p/index.m3u8",
            f"/catchup/hytv/{now_s - 1_500}-now/a96/index.m3u8",
            f"/catchup/hyfm/{now_s - 1_500}-{now_s - 1_000}/sound.m3u8",
            f"/live/hytv/index.m3u8?utc={now_s - 900}",
            "/live/hytv/timeshift_rel-900.m3u8",
            "/live/hytv/64p/timeshift_rel-1140.m3u8",
        ]
        texts = [(name, await it.text(name)) for name in names]
    assert await run_hls_parser(texts) == []


async def test_ffmpeg_and_pyav_begin_in_the_segment_that_holds_the_start(
    tmp_path: Path, media: Both
) -> None:
    rng = random.Random(7)  # noqa: S311
    async with on_air(tmp_path, media) as (it, now_s):
        wrong = []
        for path, asked_s in lists_of(now_s, rng, 12):
            for begin in (begin_with_pyav, begin_with_ffmpeg):
                begun = await begin(it.site + path)
                if not begun.is_right(asked_s * 10**9):
                    wrong.append((begun, asked_s))
        assert wrong == []


async def test_ffmpeg_and_pyav_begin_within_the_rewind_window(tmp_path: Path, media: Both) -> None:
    async with on_air(tmp_path, media) as (it, now_s):
        first_s = now_s - round(HOURS * 937 * 3.84)
        for channel in ("hytv", "hyfm"):
            for begin in (begin_with_pyav, begin_with_ffmpeg):
                begun = await begin(f"{it.site}/dvr/{channel}/index.m3u8")
                assert begun.moment_ns is not None, begun
                assert abs(begun.moment_ns / 1e9 - first_s) < 10, begun


@pytest.mark.browser
async def test_hls_js_shows_the_frame_of_the_asked_moment(tmp_path: Path, media: Both) -> None:
    missing = await asyncio.to_thread(missing_for_judges)
    if missing:
        pytest.skip(missing)
    rng = random.Random(11)  # noqa: S311
    async with on_air(tmp_path, media) as (it, now_s):
        asked = [item for item in lists_of(now_s, rng, 12) if "/sound/" not in item[0]]
        seen = await first_frames(it.site + path for path, _ in asked)
        for (path, asked_s), frame in zip(asked, seen, strict=True):
            assert frame["ready"], frame
            assert abs(frame["date_ms"] - asked_s * 1000) <= 40, frame
            if "hyfm" not in path:
                away = (frame["number"] - expected_number(asked_s * 10**9)) % CYCLE_FRAMES
                assert away in {0, 1, CYCLE_FRAMES - 1}, frame


@pytest.mark.browser
async def test_hls_js_plays_the_rewind_window_by_its_deltas(tmp_path: Path, media: Both) -> None:
    missing = await asyncio.to_thread(missing_for_judges)
    if missing:
        pytest.skip(missing)
    async with on_air(tmp_path, media) as (it, _), asyncio.TaskGroup() as tasks:
        publishing = tasks.create_task(go_on(it, recorded_settings(tmp_path), media))
        report = await play(f"{it.site}/dvr/hytv/index.m3u8", 16)
        publishing.cancel()
        assert report["faults"] == []
        assert report["latency_s"]["max"] < 30
