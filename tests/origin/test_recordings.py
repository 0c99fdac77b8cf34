"""The past over HTTP: a real server, a real archive on disk, a clock of the test's own."""

from __future__ import annotations

import asyncio
import gzip
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from yarl import URL

from core.archive import THUMBNAILS, hour_folder, hour_of, index_key, numbers_of
from core.config import Settings
from core.guide import GuideSnapshot, Programme, Takedown
from core.publication import HoleDeclared, SegmentArchived
from core.timeline import UnixNs, start_of_segment
from tests.origin.recorded_origin import (
    EDGE,
    FixedGuide,
    RecordedOrigin,
    live_facts,
    record_channels,
    recorded_origin,
)
from tests.recorded_media import Media, Recorder, recorded_settings

pytestmark = [pytest.mark.media, pytest.mark.timeout(60)]

NOW_S: Final = 1_795_200_003  # within segment EDGE + 1
FIRST: Final = EDGE - 2_400  # across two hour borders
HOLES: Final = {EDGE - 700, EDGE - 699, EDGE - 500}
Both = tuple[Media, Media]


def span_of(first: int, last: int) -> str:
    """Return the whole seconds within two segments, both included."""
    return f"{-(-first * 384 // 100)}-{(last + 1) * 384 // 100}"


def numbers_in(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"/(\d+)\.m4s", text)]


def holes_in(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"#EXT-X-GAP\n#EXTINF.*\n.*/(\d+)\.m4s", text)]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, media: Both) -> Path:
    """Write two and a half hours of both channels, but for the last segments."""
    folder = tmp_path_factory.mktemp("recorded")
    record_channels(recorded_settings(folder), media, FIRST, EDGE - 10, missing=HOLES)
    return folder


@asynccontextmanager
async def running(
    folder: Path, media: Both, guide: FixedGuide | None = None, **how: Any
) -> AsyncIterator[RecordedOrigin]:
    """Serve it, with a live window as a packager tells it."""
    settings = recorded_settings(folder)
    facts = await asyncio.to_thread(live_facts, settings, media, EDGE - 23, EDGE)
    async with recorded_origin(settings, facts=facts, guide=guide, **how) as origin:
        yield origin


async def test_a_past_span_begins_with_the_segment_that_holds_its_start(
    written: Path, media: Both
) -> None:
    async with running(written, media) as it:
        start_s = (EDGE - 1_000) * 384 // 100 + 2
        base = f"/catchup/hytv/{start_s}-{start_s + 60}"
        offset = start_s * 1000 - (EDGE - 1_000) * 3840
        status, headers, body = await it.get(f"{base}/index.m3u8")
        assert (status, headers["Cache-Control"]) == (200, "max-age=3600, immutable")
        assert f"#EXT-X-START:TIME-OFFSET={offset / 1000:.3f},PRECISE=YES" in body.decode()
        assert 'URI="a32/index.m3u8"' in body.decode()
        text = await it.text(f"{base}/64p/index.m3u8")
        assert numbers_in(text)[0] == EDGE - 1_000
        assert f"TIME-OFFSET={offset / 1000:.3f}" in text
        assert "PLAYLIST-TYPE:VOD" in text
        assert text.endswith("#EXT-X-ENDLIST\n")
        sound = await it.text(f"{base}/sound.m3u8")
        assert "RESOLUTION" not in sound
        assert "a96/index.m3u8" in sound
        radio = await it.text(f"/catchup/hyfm/{start_s}-{start_s + 60}/index.m3u8")
        assert radio.count("#EXT-X-STREAM-INF") == 3


async def test_a_list_has_a_validator_and_a_packed_form(written: Path, media: Both) -> None:
    async with running(written, media) as it:
        path = f"/catchup/hytv/{span_of(EDGE - 900, EDGE - 800)}/64p/index.m3u8"
        _, plain, body = await it.get(path, **{"Accept-Encoding": "identity"})
        async with it.session.get(it.site + path, headers={"Accept-Encoding": "gzip"},
                                  auto_decompress=False) as response:  # fmt: skip
            assert gzip.decompress(await response.read()) == body
            assert response.headers["ETag"] != plain["Etag"]
            assert response.headers["Vary"] == "Accept-Encoding"
        status, headers, body = await it.get(
            path, **{"If-None-Match": plain["Etag"], "Accept-Encoding": "identity"}
        )
        assert (status, body) == (304, b"")
        assert headers["Cache-Control"] == "max-age=3600, immutable"


async def test_holes_are_told_and_no_list_begins_or_ends_with_one(
    written: Path, media: Both
) -> None:
    async with running(written, media) as it:
        whole = await it.text(f"/catchup/hytv/{span_of(EDGE - 710, EDGE - 490)}/64p/index.m3u8")
        assert set(holes_in(whole)) == HOLES
        assert whole.count("PROGRAM-DATE-TIME") == 3
        assert "DISCONTINUITY\n" not in whole
        path = f"/catchup/hytv/{span_of(EDGE - 700, EDGE - 500)}"
        _, headers, body = await it.get(f"{path}/64p/index.m3u8")
        numbers = numbers_in(body.decode())
        assert (numbers[0], numbers[-1]) == (EDGE - 698, EDGE - 501)
        assert "TIME-OFFSET=0.000" in body.decode()
        assert headers["Cache-Control"] == "max-age=2"  # the holes may be refilled
        assert "TIME-OFFSET=0.000" in await it.text(f"{path}/index.m3u8")


REFUSED: Final = [
    ("/catchup/hytv/9-5/index.m3u8", 400, "max-age=4"),
    ("/catchup/hytv/-5-9/index.m3u8", 400, "max-age=4"),
    ("/catchup/hytv/5-5/64p/index.m3u8", 400, "max-age=4"),
    (f"/catchup/hytv/{NOW_S - 90_000}-{NOW_S - 1}/index.m3u8", 400, "max-age=4"),
    (f"/catchup/hytv/{'9' * 60}-now/index.m3u8", 400, "max-age=4"),
    ("/catchup/hytv/1.5-2.5/index.m3u8", 400, "max-age=4"),
    ("/catchup/hytv/0-60/index.m3u8", 410, "max-age=4"),
    (f"/catchup/hytv/{NOW_S - 8 * 86_400}-now/index.m3u8", 410, "max-age=4"),
    (f"/catchup/hytv/{NOW_S + 90}-{NOW_S + 99}/index.m3u8", 404, "no-store"),
    (f"/catchup/hytv/{NOW_S + 30}-{NOW_S + 99}/64p/index.m3u8", 404, "no-store"),
    (f"/catchup/hytv/{NOW_S - 86_000}-{NOW_S - 85_000}/index.m3u8", 404, "max-age=4"),
    (f"/catchup/hytv/{NOW_S - 86_000}-{NOW_S - 85_000}/64p/index.m3u8", 404, "max-age=4"),
    (f"/catchup/hytv/{NOW_S - 600}-{NOW_S - 500}/999p/index.m3u8", 404, "max-age=4"),
    (f"/catchup/other/{NOW_S - 600}-{NOW_S - 500}/index.m3u8", 404, "max-age=4"),
    ("/dvr/other/index.m3u8", 404, "max-age=4"),
    ("/dvr/hytv/999p/index.m3u8", 404, "max-age=4"),
    ("/programmes/no-such/index.m3u8", 404, "max-age=4"),
    ("/live/hytv/index.m3u8?utc=x", 400, "max-age=4"),
    ("/live/hytv/index.m3u8?utc=5&utc=6", 400, "max-age=4"),
    ("/live/hytv/index.m3u8?%75tc=x", 400, "max-age=4"),
    ("/live/hytv/index.m3u8?utc=5", 410, "max-age=4"),
    ("/live/hytv/timeshift_rel-99999999.m3u8", 410, "max-age=4"),
    ("/live/hytv/timeshift_rel-x.m3u8", 400, "max-age=4"),
    ("/live/hytv/archive-5-x.m3u8", 400, "max-age=4"),
    ("/live/hytv/nothing.m3u8", 404, "max-age=4"),
    (f"/media/hytv/64p/{EDGE - 200_000}.m4s", 410, "max-age=4"),
    (f"/media/hytv/64p/{EDGE + 5}.m4s", 404, "no-store"),
    (f"/media/hytv/64p/{EDGE - 2_600}.m4s", 404, "max-age=4"),
    (f"/media/hytv/64p/{EDGE - 500}.m4s", 404, "no-store"),
    (f"/media/hytv/999p/{EDGE - 1_000}.m4s", 404, "max-age=4"),
    (f"/media/hytv/headers/{EDGE - 1_000}.m4s", 404, "max-age=4"),
    (f"/media/hytv/thumb/{EDGE - 1_000}.m4s", 404, "max-age=4"),
    ("/media/hytv/64p/0123456789abcdef.mp4", 404, "max-age=4"),
    ("/media/hytv/../hyfm/a64/0123456789abcdef.mp4", 404, "max-age=4"),
    ("/media/hytv/64p/%2e%2e/%2e%2e/index", 404, "max-age=4"),
    (f"/thumb/hytv/{EDGE - 1_000}.jpg", 404, "no-store"),
    ("/thumb/hytv/..%2f1.jpg", 404, "max-age=4"),
]


async def test_what_cannot_be_had_is_refused_with_a_sentence(written: Path, media: Both) -> None:
    async with running(written, media) as it:
        for path, status, cache in REFUSED:
            async with it.session.get(URL(it.site + path, encoded=True)) as response:
                text = await response.text()
                answer = (response.status, response.headers["Cache-Control"])
                assert answer == (status, cache), (path, text)
                assert text.strip()
                assert response.headers["Access-Control-Allow-Origin"] == "*"


async def test_absurd_spans_ask_nothing_of_the_store(written: Path, media: Both) -> None:
    async with running(written, media) as it:
        for path, status, _ in REFUSED:
            if status in {400, 410}:
                await it.get(path)
        assert it.store.asked == []


async def test_a_running_span_is_an_event_that_grows_and_ends(written: Path, media: Both) -> None:
    async with running(written, media) as it:
        path = f"/catchup/hytv/{NOW_S - 100}-{NOW_S + 10}/64p/index.m3u8"
        _, headers, body = await it.get(path)
        text = body.decode()
        assert "PLAYLIST-TYPE:EVENT" in text
        assert "ENDLIST" not in text
        assert headers["Cache-Control"] == "max-age=2"
        assert numbers_in(text)[-1] == EDGE
        settings = recorded_settings(written)
        it.tell(live_facts(settings, media, EDGE + 1, EDGE + 4)[6:])
        it.now = start_of_segment(EDGE + 5)
        text = await it.text(path)
        assert numbers_in(text)[-1] == EDGE + 3
        assert text.endswith("#EXT-X-ENDLIST\n")


async def test_a_running_span_of_a_channel_off_air_ends_at_last(written: Path, media: Both) -> None:
    async with running(written, media) as it:
        path = f"/catchup/hytv/{NOW_S - 100}-{NOW_S + 100}/64p/index.m3u8"
        it.now = UnixNs((NOW_S + 120) * 10**9)
        assert "ENDLIST" not in await it.text(path)
        it.now = UnixNs((NOW_S + 180) * 10**9)
        text = await it.text(path)
        assert text.endswith("#EXT-X-ENDLIST\n")
        assert numbers_in(text)[-1] == EDGE


async def test_two_origins_write_the_same_bytes(written: Path, media: Both) -> None:
    """One was told of the newest hours by the packager, the other read all from the archive."""
    spans = [(FIRST, EDGE - 30), (EDGE - 1_900, EDGE - 900), (EDGE - 705, EDGE - 495)]
    async with running(written, media) as one, recorded_origin(recorded_settings(written)) as two:
        for slug, name in (("hytv", "64p"), ("hytv", "a96"), ("hyfm", "a64")):
            for msn in numbers_of(hour_of(EDGE)):
                if msn <= EDGE - 10 and msn not in HOLES:
                    item = media[name != "64p"]
                    one.told.apply(
                        SegmentArchived(
                            channel=slug,
                            rendition=name,
                            msn=msn,
                            header_hash=item.header_hash,
                            size_bytes=0,
                            sha256="00" * 32,
                            slate=False,
                        )
                    )
            for first, last in spans:
                base = f"/catchup/{slug}/{span_of(first, last)}"
                for path in (f"{base}/{name}/index.m3u8", f"{base}/index.m3u8"):
                    if path.endswith(f"{base}/index.m3u8") and hour_of(first) == hour_of(EDGE):
                        continue  # the open hour's rates are the packager's to tell
                    assert await one.text(path) == await two.text(path)


async def test_reads_an_index_once_for_all_who_ask(written: Path, media: Both) -> None:
    async with running(written, media) as it, asyncio.TaskGroup() as tasks:
        path = f"/catchup/hytv/{span_of(FIRST, EDGE - 30)}/64p/index.m3u8"
        asked = [tasks.create_task(it.get(path)) for _ in range(20)]
        bodies = {(await task)[2] for task in asked}
        assert len(bodies) == 1
        hours = range(hour_of(FIRST), hour_of(EDGE) + 1)
        assert sorted(it.store.asked) == [index_key("hytv", "64p", hour) for hour in hours]


async def test_a_span_goes_across_midnight(tmp_path: Path, media: Both) -> None:
    settings = recorded_settings(tmp_path)
    midnight = 467_482_500  # starts 2026-11-20T00:00:00Z
    recorder = Recorder(settings.archive_dir, media[0], "hytv", "64p")
    await asyncio.to_thread(recorder.write, midnight - 20, midnight + 20)
    async with running(tmp_path, media) as it:
        path = f"/catchup/hytv/{span_of(midnight - 20, midnight + 20)}/64p/index.m3u8"
        text = await it.text(path)
        assert numbers_in(text) == list(range(midnight - 20, midnight + 21))
        assert text.count("PROGRAM-DATE-TIME") == 1
        assert it.store.asked == [
            index_key("hytv", "64p", hour_of(midnight) - 1),
            index_key("hytv", "64p", hour_of(midnight)),
        ]
        async with it.session.head(it.site + path) as response:
            assert response.status == 200
            assert await response.read() == b""


async def test_an_hour_without_an_index_is_read_from_its_folder(
    written: Path, tmp_path: Path, media: Both
) -> None:
    await asyncio.to_thread(shutil.copytree, written, tmp_path, dirs_exist_ok=True)
    settings = recorded_settings(tmp_path)
    hour = hour_of(EDGE) - 1
    await asyncio.to_thread((settings.archive_dir / index_key("hytv", "64p", hour)).unlink)
    path = f"/catchup/hytv/{span_of(FIRST, EDGE - 30)}"
    async with running(written, media) as one, running(tmp_path, media) as two:
        name = f"{path}/64p/index.m3u8"
        assert await one.text(name) == await two.text(name)
        # With a damaged one it is the same.
        damaged = settings.archive_dir / index_key("hytv", "64p", hour_of(FIRST))
        await asyncio.to_thread(damaged.write_bytes, b"{}\n")
    async with running(tmp_path, media) as two:
        assert numbers_in(await two.text(name))[0] == FIRST


async def test_a_store_that_is_away_is_said_and_not_kept(written: Path, media: Both) -> None:
    async with running(written, media) as it:
        it.store.broken = True
        paths = [f"/catchup/hytv/{span_of(FIRST, FIRST + 9)}/64p/index.m3u8",
                 f"/catchup/hytv/{span_of(FIRST, FIRST + 9)}/index.m3u8",
                 f"/media/hytv/64p/{FIRST}.m4s"]  # fmt: skip
        for path in paths:
            status, headers, _ = await it.get(path)
            assert (status, headers["Cache-Control"], headers["Retry-After"]) == (
                503,
                "no-store",
                "1",
            )
        it.store.broken = False
        for path in paths:
            assert (await it.get(path))[0] == 200


async def test_a_change_of_ladder_leaves_holes_and_no_early_end(
    tmp_path: Path, media: Both
) -> None:
    settings = recorded_settings(tmp_path)
    middle, last = EDGE - 300, EDGE - 200

    def write() -> None:
        for name, first, end in (("old", middle - 60, middle - 1), ("64p", middle, last),
                                 ("a96", middle - 60, last)):  # fmt: skip
            item = media[name == "a96"]
            Recorder(settings.archive_dir, item, "hytv", name).write(first, end)

    await asyncio.to_thread(write)
    async with running(tmp_path, media) as it:
        base = f"/catchup/hytv/{span_of(middle - 20, middle + 20)}"
        assert re.findall(
            r"^[a-z0-9]+/index", await it.text(f"{base}/index.m3u8"), re.MULTILINE
        ) == ["old/index"]
        old, new, sound = [await it.text(f"{base}/{name}/index.m3u8")
                           for name in ("old", "64p", "a96")]  # fmt: skip
        assert numbers_in(old) == numbers_in(sound) == list(range(middle - 20, middle + 21))
        assert holes_in(old) == list(range(middle, middle + 21))
        assert numbers_in(new) == list(range(middle, middle + 21))
        assert (await it.get(f"/media/hytv/old/{middle - 1}.m4s"))[0] == 200


# The rewind window


async def test_the_rewind_window_is_small_and_its_delta_smaller(written: Path, media: Both) -> None:
    async with running(written, media) as it:
        path = "/dvr/hytv/64p/index.m3u8"
        for query, most in (("", 6_000), ("?_HLS_skip=YES", 1_000)):
            async with it.session.get(it.site + path + query, headers={"Accept-Encoding": "gzip"},
                                      auto_decompress=False) as response:  # fmt: skip
                assert len(await response.read()) <= most
        text = await it.text(path)
        numbers = numbers_in(text)
        assert (numbers[0], numbers[-1]) == (EDGE - 1_874, EDGE)
        assert set(holes_in(text)) == HOLES
        assert "64p/index.m3u8" in await it.text("/dvr/hytv/index.m3u8")
        assert "a32/index.m3u8" in await it.text("/dvr/hytv/sound.m3u8")
        assert numbers_in(await it.text("/dvr/hytv/a32/index.m3u8")) == numbers


async def test_the_rewind_window_slides_and_never_begins_with_a_hole(
    written: Path, media: Both
) -> None:
    settings = recorded_settings(written)
    it: RecordedOrigin
    async with running(written, media) as it:
        firsts = []
        for number in range(1, 6):
            it.tell([HoleDeclared(channel="hytv", msn=EDGE + 1, reason="test")])
            it.tell(live_facts(settings, media, EDGE + number + 1, EDGE + number + 1)[6:])
            it.now = start_of_segment(EDGE + number + 2)
            text = await it.text("/dvr/hytv/64p/index.m3u8")
            firsts.append(numbers_in(text)[0])
            assert numbers_in(text)[0] not in holes_in(text)
            assert EDGE + 1 in holes_in(text)
        assert firsts == sorted(firsts)


async def test_a_reload_of_the_rewind_window_is_held(written: Path, media: Both) -> None:
    settings = recorded_settings(written)
    async with running(written, media) as it, asyncio.TaskGroup() as tasks:
        path = f"/dvr/hytv/64p/index.m3u8?_HLS_msn={EDGE + 1}&_HLS_skip=YES"
        asked = tasks.create_task(it.get(path))
        while not it.preparation.table.held_total:
            await it.get("/api/v1/time")
        it.tell(live_facts(settings, media, EDGE + 1, EDGE + 1)[6:])
        status, headers, body = await asked
        assert (status, headers["Cache-Control"]) == (200, "max-age=24")
        assert numbers_in(body.decode())[-1] == EDGE + 1
        assert (await it.get(f"/dvr/hytv/64p/index.m3u8?_HLS_msn={EDGE + 9}"))[0] == 400


# Clients' forms


async def test_clients_forms_name_the_same_media_lists(written: Path, media: Both) -> None:
    async with running(written, media) as it:
        start_s = NOW_S - 1_200
        span, running_span = f"{start_s}-{start_s + 300}", f"{start_s}-now"
        forms = [
            (f"index.m3u8?utc={start_s}&lutc={NOW_S}&duration=300", span),
            (f"index.m3u8?utc={start_s}&lutc={NOW_S}", running_span),
            (f"archive-{start_s}-300.m3u8", span),
            (f"index-{start_s}-300.m3u8", span),
            (f"video-{start_s}-now.m3u8", running_span),
            (f"timeshift_abs-{start_s}.m3u8", running_span),
        ]
        for folder in ("live", "ll"):
            for name, meant in forms:
                text = await it.text(f"/{folder}/hytv/{name}")
                assert f"\n../../catchup/hytv/{meant}/64p/index.m3u8\n" in text
                assert "#EXT-X-START" in text
                inner = await it.text(f"/{folder}/hytv/64p/{name}")
                outer = await it.text(f"/catchup/hytv/{meant}/64p/index.m3u8")
                assert inner == outer.replace("../../../../media", "../../../media")
        text = await it.text(f"/sound/hytv/archive-{start_s}-300.m3u8")
        assert f"../../catchup/hytv/{span}/a32/index.m3u8" in text


async def test_a_moment_near_now_is_live(written: Path, media: Both) -> None:
    async with running(written, media) as it:
        for name in ("index.m3u8", "64p/index.m3u8"):
            live = await it.text(f"/live/hytv/{name}")
            for query in (f"utc={NOW_S - 5}&lutc={NOW_S}", f"lutc={NOW_S}", "CMCD=br%3D5&x=1"):
                assert await it.text(f"/live/hytv/{name}?{query}") == live
        assert await it.text("/live/hytv/timeshift_rel-0.m3u8") == await it.text(
            "/live/hytv/index.m3u8"
        )


async def test_a_delayed_list_slides_with_the_clock(written: Path, media: Both) -> None:
    async with running(written, media) as it:
        text = await it.text("/live/hytv/timeshift_rel-1200.m3u8")
        assert "\n64p/timeshift_rel-1200.m3u8\n" in text
        firsts, holes = [], set()
        for later in range(420):
            it.now = UnixNs((NOW_S + later * 4) * 10**9)
            text = await it.text("/live/hytv/64p/timeshift_rel-3000.m3u8")
            numbers = numbers_in(text)
            assert numbers[-1] == (NOW_S + later * 4 - 3_000) * 100 // 384 - 1
            assert 9 <= len(numbers) <= 13
            assert numbers[0] not in holes_in(text)
            assert "ENDLIST" not in text
            firsts.append(numbers[0])
            holes |= set(holes_in(text))
        assert firsts == sorted(firsts)
        assert holes == HOLES


# Programmes and rights


def guide_of(*programmes: Programme, takedowns: tuple[Takedown, ...] = ()) -> FixedGuide:
    snapshot = GuideSnapshot(channel="hytv", programmes=programmes, takedowns=takedowns)
    return FixedGuide({"hytv": snapshot})


def programme(name: str, start_s: int, end_s: int, **more: Any) -> Programme:
    return Programme(id=name, channel="hytv", start_s=start_s, end_s=end_s, title=name, **more)


async def test_a_programme_can_be_watched_from_its_start_and_later(
    written: Path, media: Both
) -> None:
    guide = guide_of(
        programme("past", NOW_S - 5_600, NOW_S - 4_800),
        programme("now", NOW_S - 600, NOW_S + 600),
        programme("next", NOW_S + 600, NOW_S + 1_200),
    )
    async with running(written, media, guide) as it:
        status, headers, body = await it.get("/programmes/past/64p/index.m3u8")
        assert (status, headers["Cache-Control"]) == (200, "max-age=10")
        assert "ENDLIST" in body.decode()
        assert numbers_in(body.decode())[0] == (NOW_S - 5_600) * 100 // 384
        assert "../../../media/hytv/64p/" in body.decode()
        _, headers, body = await it.get("/programmes/now/64p/index.m3u8")
        assert headers["Cache-Control"] == "max-age=2"
        assert "PLAYLIST-TYPE:EVENT" in body.decode()
        assert "\n64p/index.m3u8\n" in await it.text("/programmes/now/index.m3u8")
        assert "a32/index.m3u8" in await it.text("/programmes/now/sound.m3u8")
        status, headers, _ = await it.get("/programmes/next/index.m3u8")
        assert (status, headers["Cache-Control"]) == (404, "no-store")
        assert headers["Retry-After"] == "600"


async def test_a_programme_follows_its_corrected_times(written: Path, media: Both) -> None:
    planned = programme("news", NOW_S - 3_600, NOW_S - 1_800)
    async with running(written, media, guide_of(planned)) as it:
        assert (
            numbers_in(await it.text("/programmes/news/64p/index.m3u8"))[0]
            == (NOW_S - 3_600) * 100 // 384
        )
        late = programme("news", NOW_S - 3_600, NOW_S - 1_800, as_run_start_s=NOW_S - 3_300,
                         as_run_end_s=NOW_S - 1_700)  # fmt: skip
        it.guide.snapshots = guide_of(late).snapshots
        numbers = numbers_in(await it.text("/programmes/news/64p/index.m3u8"))
        assert numbers[0] == (NOW_S - 3_300) * 100 // 384
        assert numbers[-1] == (NOW_S - 1_700) * 100 // 384


async def test_rights_hold_at_every_door(written: Path, tmp_path: Path, media: Both) -> None:
    """A hundred guessed numbers of each kind, in a refused span and in one taken down."""
    await asyncio.to_thread(shutil.copytree, written, tmp_path, dirs_exist_ok=True)
    live_only = programme("live-only", NOW_S - 1_600, NOW_S - 1_000, catch_up_days=0)
    black = programme("black", NOW_S - 3_000, NOW_S - 2_400, blackout=True)
    taken = Takedown(start_s=NOW_S - 5_000, end_s=NOW_S - 4_400)
    gone = programme("gone", NOW_S - 5_000, NOW_S - 4_400)
    settings = recorded_settings(tmp_path)

    def draw() -> None:
        for msn in range(EDGE - 1_400, EDGE - 100):
            path = settings.archive_dir / hour_folder("hytv", THUMBNAILS, hour_of(msn))
            path.mkdir(parents=True, exist_ok=True)
            (path / f"{msn}.jpg").write_bytes(b"\xff\xd8jpeg")

    await asyncio.to_thread(draw)
    async with running(tmp_path, media, guide_of(gone, black, live_only, takedowns=(taken,))) as it:
        for item, status in ((live_only, 403), (black, 403), (gone, 404)):
            base = f"/catchup/hytv/{item.start_s}-{item.end_s}"
            for path in (f"{base}/index.m3u8", f"{base}/64p/index.m3u8", f"{base}/sound.m3u8",
                         f"/programmes/{item.id}/index.m3u8",
                         f"/programmes/{item.id}/64p/index.m3u8",
                         f"/live/hytv/archive-{item.start_s}-600.m3u8",
                         f"/live/hytv/index.m3u8?utc={item.start_s}&duration=600"):  # fmt: skip
                assert (await it.get(path))[0] == status, path
            first = item.start_s * 100 // 384 + 2
            for msn in range(first, first + 100):
                for path in (f"/media/hytv/64p/{msn}.m4s", f"/thumb/hytv/{msn}.jpg"):
                    found, headers, _ = await it.get(path)
                    assert (found, headers["Cache-Control"]) == (status, "no-store"), path
        # Their neighbours are there, the refused is a hole in a longer span, and radio is free.
        assert (await it.get(f"/thumb/hytv/{EDGE - 200}.jpg"))[0] == 200
        long = await it.text(f"/catchup/hytv/{NOW_S - 6_000}-{NOW_S - 300}/64p/index.m3u8")
        middle = (NOW_S - 1_300) * 100 // 384
        assert {middle, middle + 1} <= set(holes_in(long))
        assert middle - 200 not in holes_in(long)
        rewind = await it.text("/dvr/hytv/64p/index.m3u8")
        assert {middle, middle + 1} <= set(holes_in(rewind))
        assert (await it.get(f"/media/hyfm/a64/{middle}.m4s"))[0] == 200


async def test_who_rewinds_sees_what_anybody_may_see_live(written: Path, media: Both) -> None:
    on_air = programme("match", NOW_S - 600, NOW_S + 600, catch_up_days=0)
    async with running(written, media, guide_of(on_air)) as it:
        text = await it.text("/dvr/hytv/64p/index.m3u8")
        numbers, holes = numbers_in(text), set(holes_in(text))
        assert numbers[-1] == EDGE
        assert EDGE - 5 not in holes
        assert EDGE - 60 in holes
        assert (await it.get("/programmes/match/index.m3u8"))[0] == 403


# Media


async def test_archived_media_are_answered_as_live_ones(written: Path, media: Both) -> None:
    async with running(written, media) as it:
        msn = EDGE - 1_000
        expected = media[0].segment(msn)
        path = f"/media/hytv/64p/{msn}.m4s"
        status, headers, body = await it.get(path)
        assert (status, body) == (200, expected)
        assert headers["Cache-Control"] == "max-age=3600, immutable"
        assert headers["Content-Type"] == "video/mp4"
        status, headers, body = await it.get(path, Range="bytes=10-19")
        assert (status, body) == (206, expected[10:20])
        assert headers["Content-Range"] == f"bytes 10-19/{len(expected)}"
        assert (await it.get(path, Range=f"bytes={len(expected)}-"))[0] == 416
        assert len([key for key in it.store.asked if key.endswith(f"{msn}.m4s")]) == 1
        status, headers, body = await it.get(f"/media/hytv/64p/{media[0].header_hash}.mp4")
        assert (status, body) == (200, media[0].header)
        assert (await it.get(f"/media/hytv/a96/{msn}.m4s"))[1]["Content-Type"] == "audio/mp4"


async def test_what_the_window_lost_is_read_from_the_archive(written: Path) -> None:
    """An origin that started while the packager was down, or had lost its memory."""
    async with recorded_origin(recorded_settings(written)) as it:
        assert (await it.get(f"/media/hytv/64p/{EDGE - 12}.m4s"))[0] == 200
        text = await it.text(f"/catchup/hytv/{NOW_S - 120}-now/64p/index.m3u8")
        assert numbers_in(text)[-1] == EDGE - 10


async def test_requests_are_counted_by_kind(written: Path, media: Both) -> None:
    guide = guide_of(programme("past", NOW_S - 3_600, NOW_S - 1_800))
    async with running(written, media, guide) as it:
        for path in ("/dvr/hytv/index.m3u8", "/programmes/past/64p/index.m3u8",
                     f"/catchup/hytv/{NOW_S - 900}-now/64p/index.m3u8",
                     f"/live/hytv/index.m3u8?utc={NOW_S - 900}"):  # fmt: skip
            assert (await it.get(path))[0] == 200
        counted = {
            (sample.labels["handler"], sample.value)
            for family in it.tally.collect()
            for sample in family.samples
            if sample.name == "lensong_http_requests_total" and sample.value
        }
        assert {("dvr", 1), ("programme", 1), ("catchup", 2)} <= counted


def test_settings_know_the_rewind_window(tmp_path: Path) -> None:
    settings: Settings = recorded_settings(tmp_path)
    assert settings.channels[0].dvr_minutes == 120
