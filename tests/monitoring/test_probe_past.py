"""Catch-up is checked on a real origin with a recorded past."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.clock import unix_ns
from core.timeline import UnixNs, msn_at
from monitoring.probe_catchup import SPANS, catch_up_address, judge_span, oldest_in
from monitoring.probe_faults import Fault
from monitoring.probe_fetch import Fetcher
from monitoring.probe_past import check_catch_up
from monitoring.probe_player import Probe
from monitoring.probe_playlist import MediaPlaylist, read_playlist
from monitoring.probe_service import archives_of
from tests.origin.recorded_origin import EDGE, live_facts, record_channels, recorded_origin
from tests.recorded_media import Media, make_media, recorded_settings

pytestmark = [pytest.mark.media, pytest.mark.timeout(60)]

NOW = UnixNs((EDGE + 1) * 3_840_000_000 - 5_000_000_000)
"""What is asked is reckoned from here; the origin answers five seconds later."""

Both = tuple[Media, Media]


@pytest.fixture(scope="module")
def media() -> Both:
    return asyncio.run(make_media())


def numbers(ago_s: int) -> tuple[int, int]:
    start = NOW - ago_s * 1_000_000_000
    return msn_at(UnixNs(start)), msn_at(UnixNs(start + 60_000_000_000))


async def check(
    folder: Path,
    media: Both,
    *,
    spans: int = len(SPANS),
    missing: tuple[int, ...] = (),
    oldest_s: float | None = None,
    channel: str = "hytv",
    days: int = 7,
) -> tuple[list[Fault], list[str]]:
    """Record around the spans, serve, and check once."""
    settings = recorded_settings(folder, archive_days=days)
    for span in SPANS[:spans]:
        first, last = numbers(span.ago_s)
        await asyncio.to_thread(
            record_channels, settings, media, first - 2, last + 2, missing=missing
        )
    faults: list[Fault] = []
    notes: list[str] = []
    facts = await asyncio.to_thread(live_facts, settings, media, EDGE - 23, EDGE)
    async with recorded_origin(settings, facts=facts) as origin, Fetcher() as fetcher:
        await check_catch_up(
            fetcher,
            f"{origin.site}/live/{channel}/index.m3u8",
            now=NOW,
            oldest_s=oldest_s,
            told=faults.append,
            note=notes.append,
        )
    return faults, notes


@pytest.mark.parametrize("channel", ["hytv", "hyfm"])
async def test_a_past_that_is_whole_has_no_fault(tmp_path: Path, media: Both, channel: str) -> None:
    assert await check(tmp_path, media, channel=channel, oldest_s=1.0) == ([], [])


async def test_a_hole_that_is_told_as_a_gap_is_no_fault(tmp_path: Path, media: Both) -> None:
    hole = numbers(600)[0] + 4
    assert await check(tmp_path, media, missing=(hole,), oldest_s=1.0) == ([], [])


async def test_a_start_that_is_not_there_is_a_fault(tmp_path: Path, media: Both) -> None:
    first = numbers(600)[0]
    faults, _ = await check(tmp_path, media, missing=(first, first + 1), oldest_s=1.0)
    assert [(fault.kind, fault.where) for fault in faults] == [
        ("catch_up", "catch-up 10 minutes ago")
    ]
    assert "from what was asked for" in faults[0].detail


async def test_what_the_archive_does_not_reach_is_skipped(tmp_path: Path, media: Both) -> None:
    away = [f"catch-up {name}: out of archive" for name in ("1 day ago", "7 days ago")]
    found = await check(tmp_path, media, spans=1)
    assert found == ([], [f"{note} (status 404)" for note in away])
    oldest_s = NOW / 1e9 - 3600
    assert await check(tmp_path, media, spans=1, oldest_s=oldest_s) == ([], away)


async def test_404_of_what_the_archive_says_it_has_is_a_fault(tmp_path: Path, media: Both) -> None:
    faults, _ = await check(tmp_path, media, spans=2, oldest_s=1.0)
    assert faults == [Fault("catch_up", "catch-up 7 days ago", "playlist: status 404")]


@pytest.mark.parametrize(
    ("days", "notes"),
    [
        # As its own end nears, a channel that keeps just so many days is still checked.
        (7, []),
        (6, ["catch-up 7 days ago: out of archive (status 410)"]),
    ],
)
async def test_days_that_a_channel_does_not_keep_are_no_fault(
    tmp_path: Path, media: Both, days: int, notes: list[str]
) -> None:
    assert await check(tmp_path, media, days=days, oldest_s=1.0) == ([], notes)


def test_the_address_keeps_its_folder_and_only_ours_have_one() -> None:
    assert (
        catch_up_address("https://h:8/a/ll/hytv/index.m3u8", 5, 65)
        == "https://h:8/a/catchup/hytv/5-65/index.m3u8"
    )
    assert catch_up_address("https://elsewhere.example/master.m3u8", 5, 65) is None


def test_the_oldest_moment_is_read_from_the_packager() -> None:
    text = 'lensong_archive_oldest_timestamp_seconds{channel="hytv"} 1.5e+09\n'
    assert oldest_in(text, "hytv") == 1.5e9
    assert oldest_in(text, "hyfm") is None


async def test_a_probe_checks_the_past_while_it_watches(tmp_path: Path, media: Both) -> None:
    settings = recorded_settings(tmp_path)
    edge = msn_at(unix_ns()) - 1
    facts = await asyncio.to_thread(live_facts, settings, media, edge - 23, edge)
    async with recorded_origin(settings, facts=facts, now=UnixNs(0)) as origin:
        found = asyncio.Event()
        faults: list[Fault] = []

        def told(fault: Fault) -> None:
            if fault.kind == "catch_up":
                faults.append(fault)
                if len(faults) == len(SPANS):
                    found.set()

        async def oldest() -> float:
            return 1.0

        url = f"{origin.site}/live/hytv/index.m3u8"
        probe = Probe(url, vantage="here", told=told, oldest=oldest)
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(probe.run(30.0))
            await found.wait()
            watching.cancel()
    assert {fault.where for fault in faults} == {f"catch-up {span.name}" for span in SPANS}


def test_channels_with_an_archive_are_asked_for_at_the_packager(tmp_path: Path) -> None:
    assert archives_of(recorded_settings(tmp_path)).keys() == {"hytv", "hyfm"}
    assert archives_of(recorded_settings(tmp_path, archive_days=0)) == {}


SPAN = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:30
#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:16:40.000Z
#EXTINF:30.0,
a.ts
#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:17:10.000Z
#EXTINF:30.0,
b.ts
#EXT-X-ENDLIST
"""


@pytest.mark.parametrize(
    ("old", "new", "faults"),
    [
        ("", "", []),
        ("#EXT-X-ENDLIST\n", "", ["has no EXT-X-ENDLIST"]),
        ("17:10", "17:20", ["has a hole of +10.0 s before segment 1, without EXT-X-GAP"]),
        ("#EXTINF:30.0,\nb", "#EXTINF:20.0,\nb", ["ends 10.0 s before what was asked for"]),
    ],
)
def test_a_span_ends_and_has_no_hole_that_is_not_told(
    old: str, new: str, faults: list[str]
) -> None:
    playlist = read_playlist(SPAN.replace(old, new).encode()).playlist
    assert isinstance(playlist, MediaPlaylist)
    assert list(judge_span(playlist, 1_000, 1_060)) == faults
