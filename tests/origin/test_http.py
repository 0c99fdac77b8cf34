"""origin.http: a real server, a real client."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from core.publication import HoleDeclared, Publication, SnapshotEnd
from core.timeline import PartAddress
from origin.http import Place, Site, create_app, locate, parse_range
from origin.preparation import Preparation
from origin.prepared import Hold, ResponseTable
from origin.qoe import QoeDesk
from origin.tally import Tally
from tests.origin.broadcast import MSN, Broadcast, make_settings

SETTINGS = make_settings()
TV = Broadcast(SETTINGS.channels[0])
SNAPSHOT = (
    *TV.headers(),
    *TV.segments(MSN - 9, MSN),
    *TV.live(MSN + 1, range(2)),
    TV.thumbnail(MSN),
    SnapshotEnd(),
)
PLAYLIST = "/ll/hytv/360p/index.m3u8"
MEDIA = "/media/hytv/360p"
HASH = "0123456789abcdef"


class NoticedTable(ResponseTable):
    """A table that tells when a request begins to wait."""

    def __init__(self, *, max_held: int) -> None:
        super().__init__(max_held=max_held)
        self.waiting = asyncio.Event()
        self.left = asyncio.Event()

    def count_held(self, channel: str, change: int) -> None:
        """Keep the count, and tell when it rises or falls."""
        super().count_held(channel, change)
        if change:
            (self.waiting if change > 0 else self.left).set()


@dataclass
class Origin:
    """The application under test and its parts."""

    preparation: Preparation
    table: NoticedTable
    tally: Tally
    client: TestClient[web.Request, web.Application]
    desk: QoeDesk

    def tell(self, publications: Iterable[Publication]) -> None:
        """Publish."""
        for publication in publications:
            self.preparation.apply(publication, stored_ns=0)

    def counted(self, name: str, **labels: str) -> float:
        """Return a counter's value, over the labels that are not given."""
        return sum(
            sample.value
            for family in self.tally.collect()
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )


@pytest.fixture
async def origin() -> AsyncIterator[Origin]:
    """Serve ten segments and two parts of the TV channel; radio is silent."""
    table = NoticedTable(max_held=2)
    preparation = Preparation(table, SETTINGS.channels)
    tally = Tally(("hytv", "hyfm"), table)
    preparation.begin_snapshot()
    for fact in SNAPSHOT:
        preparation.apply(fact, stored_ns=0)
    desk = QoeDesk(SETTINGS.channels, tally)
    app = create_app(Site(preparation, tally, desk=desk))
    async with TestClient(TestServer(app), auto_decompress=False) as client:
        yield Origin(preparation, table, tally, client, desk)


I_FRAMES = "/live/hytv/360p/iframes.m3u8"
ANSWERS = [
    (I_FRAMES, 200, "application/vnd.apple.mpegurl", "max-age=2"),
    (f"{I_FRAMES}?_HLS_msn={2 * MSN + 1}", 200, "application/vnd.apple.mpegurl", "max-age=24"),
    (f"{I_FRAMES}?_HLS_msn={2 * MSN + 4}", 400, "text/plain", "max-age=4"),
    ("/live/hytv/a96/iframes.m3u8", 404, "text/plain", "max-age=4"),
    ("/ll/hytv/360p/iframes.m3u8", 404, "text/plain", "max-age=4"),
    ("/live/hytv/iframes.m3u8", 404, "text/plain", "max-age=4"),
    (f"/thumb/hytv/{MSN}.jpg", 200, "image/jpeg", "max-age=3600, immutable"),
    ("/thumb/hytv/latest.jpg?x=1", 200, "image/jpeg", "max-age=4"),
    (f"/thumb/hytv/{MSN - 5}.jpg", 404, "text/plain", "no-store"),
    (f"/thumb/hytv/{MSN + 9}.jpg", 404, "text/plain", "no-store"),
    (f"/thumb/hytv/{MSN - 30}.jpg", 404, "text/plain", "max-age=4"),
    (f"/thumb/hytv/0{MSN}.jpg", 404, "text/plain", "no-store"),
    ("/thumb/hyfm/latest.jpg", 404, "text/plain", "max-age=4"),
    (f"/thumb/other/{MSN}.jpg", 404, "text/plain", "max-age=4"),
    ("/thumb/hytv/first.jpg", 404, "text/plain", "max-age=4"),
    ("/live/hytv/index.m3u8", 200, "application/vnd.apple.mpegurl", "max-age=2"),
    (PLAYLIST, 200, "application/vnd.apple.mpegurl", "max-age=2"),
    (f"{PLAYLIST}?_HLS_msn={MSN}", 200, "application/vnd.apple.mpegurl", "max-age=24"),
    (f"{PLAYLIST}?_HLS_msn=3", 200, "application/vnd.apple.mpegurl", "max-age=24"),
    (f"{MEDIA}/{MSN}.m4s", 200, "video/mp4", "max-age=3600, immutable"),
    (f"{MEDIA}/{MSN + 1}.1.m4s", 200, "video/mp4", "max-age=60, immutable"),
    (f"/media/hytv/a96/{MSN}.m4s?x=1", 200, "audio/mp4", "max-age=3600, immutable"),
    ("/api/v1/time", 200, "application/json", "no-store"),
    (f"{PLAYLIST}?_HLS_part=1", 400, "text/plain", "max-age=4"),
    (f"{PLAYLIST}?_HLS_msn=x", 400, "text/plain", "max-age=4"),
    (f"{PLAYLIST}?_HLS_msn={MSN}&_HLS_msn={MSN}", 400, "text/plain", "max-age=4"),
    (f"{PLAYLIST}?_HLS_msn={MSN + 3}", 400, "text/plain", "max-age=4"),
    ("/live/hyfm/index.m3u8", 503, "text/plain", "no-store"),
    ("/live/hyfm/a64/index.m3u8", 503, "text/plain", "no-store"),
    ("/ll/hyfm/a64/index.m3u8", 503, "text/plain", "no-store"),
    ("/live/hytv/a32/index.m3u8", 404, "text/plain", "max-age=4"),
    ("/live/other/index.m3u8", 404, "text/plain", "max-age=4"),
    (f"{MEDIA}/{MSN - 30}.m4s", 404, "text/plain", "max-age=4"),
    (f"{MEDIA}/{MSN + 1}.m4s", 404, "text/plain", "no-store"),
    (f"{MEDIA}/{MSN + 1}.4.m4s", 404, "text/plain", "no-store"),
    (f"{MEDIA}/{MSN + 9}.m4s", 404, "text/plain", "no-store"),
    (f"{MEDIA}/0123456789abcdef.mp4", 404, "text/plain", "max-age=4"),
    ("/media/hytv/../hytv/360p/1.m4s", 404, "text/plain", "max-age=4"),
    ("/%6cive/hytv/index.m3u8", 404, "text/plain", "max-age=4"),
    ("/nowhere", 404, "text/plain", "max-age=4"),
]


async def test_what_is_answered_with_which_status_type_and_lifetime(origin: Origin) -> None:
    for path, status, kind, cache in ANSWERS:
        response = await origin.client.get(URL(path, encoded=True))
        headers = response.headers
        answer = (response.status, response.content_type, headers["Cache-Control"])
        assert answer == (status, kind, cache), path
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert headers.get("Retry-After") == ("1" if status == 503 else None)
    empty = sum(status == 503 for _, status, _, _ in ANSWERS)
    assert origin.counted("lensong_origin_empty_answers_total", channel="hyfm") == empty == 3


async def test_holds_a_playlist_until_the_part_is_published(origin: Origin) -> None:
    async with asyncio.TaskGroup() as tasks:
        url = f"{PLAYLIST}?_HLS_msn={MSN + 1}&_HLS_part=2&_HLS_skip=YES"
        request = tasks.create_task(origin.client.get(url, headers={"X-Odd": "1"}))
        await origin.table.waiting.wait()
        origin.tell(TV.live(MSN + 1, [2]))
        response = await request
    assert response.status == 200
    assert f"{MSN + 1}.2.m4s" in gzip.decompress(await response.read()).decode()
    assert origin.counted("lensong_origin_block_release_seconds_count", channel="hytv") == 1
    assert origin.table.held_total == 0


async def test_a_hinted_part_is_held_until_it_is_published(origin: Origin) -> None:
    async with asyncio.TaskGroup() as tasks:
        request = tasks.create_task(origin.client.get(f"{MEDIA}/{MSN + 1}.2.m4s"))
        await origin.table.waiting.wait()
        origin.tell(TV.live(MSN + 1, [2]))
        response = await request
    assert response.status == 200
    assert await response.read() == TV.part("360p", MSN + 1, 2).data


async def test_a_hint_that_is_withdrawn_is_not_found(origin: Origin) -> None:
    async with asyncio.TaskGroup() as tasks:
        request = tasks.create_task(origin.client.get(f"{MEDIA}/{MSN + 1}.2.m4s"))
        await origin.table.waiting.wait()
        origin.tell([HoleDeclared(channel="hytv", msn=MSN + 1, reason="late")])
        response = await request
    assert (response.status, response.headers["Cache-Control"]) == (404, "no-store")
    gone = await origin.client.get(f"{MEDIA}/{MSN + 1}.m4s")
    assert (gone.status, gone.headers["Cache-Control"]) == (404, "no-store")


async def test_more_requests_than_may_be_held_are_told_to_come_again(origin: Origin) -> None:
    playlist = origin.table.playlist(PLAYLIST.encode())
    assert playlist is not None
    for _ in range(2):
        assert origin.table.hold(playlist, Hold(PartAddress(MSN + 9, 0), print))
    response = await origin.client.get(f"{PLAYLIST}?_HLS_msn={MSN + 1}")
    assert (response.status, response.headers["Retry-After"]) == (503, "1")
    assert origin.counted("lensong_origin_block_rejected_total", reason="limit") == 1


async def test_gzip_is_sent_to_who_accepts_it(origin: Origin) -> None:
    plain = await origin.client.get(PLAYLIST, headers={"Accept-Encoding": "identity"})
    packed = await origin.client.get(PLAYLIST, headers={"Accept-Encoding": "br, gzip;q=0.5"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(await packed.read()) == await plain.read()


@pytest.mark.parametrize(
    ("header", "status", "span"),
    [
        ("bytes=0-9", 206, "bytes 0-9/1272"),
        ("bytes=1264-", 206, "bytes 1264-1271/1272"),
        ("bytes=-8", 206, "bytes 1264-1271/1272"),
        ("bytes=800-9999", 206, "bytes 800-1271/1272"),
        ("bytes=1272-", 416, "bytes */1272"),
        ("bytes=-0", 416, "bytes */1272"),
        ("bytes=9-0", 200, None),
        ("bytes=0-1,3-4", 200, None),
        ("lines=0-1", 200, None),
    ],
)
async def test_ranges(origin: Origin, header: str, status: int, span: str | None) -> None:
    whole = TV.segment("360p", MSN).data
    assert len(whole) == 1272
    response = await origin.client.get(f"{MEDIA}/{MSN}.m4s", headers={"Range": header})
    assert response.status == status
    assert response.headers.get("Content-Range") == span
    if status == 206:
        first, last = (span or "").removeprefix("bytes ").split("/")[0].split("-")
        assert await response.read() == whole[int(first) : int(last) + 1]
    if status == 200:
        assert await response.read() == whole


async def test_a_range_of_a_playlist_is_all_of_it(origin: Origin) -> None:
    response = await origin.client.get(PLAYLIST, headers={"Range": "bytes=0-1"})
    assert response.status == 200


async def test_head_has_the_headers_of_get(origin: Origin) -> None:
    get = await origin.client.get(f"{MEDIA}/{MSN}.m4s")
    head = await origin.client.head(f"{MEDIA}/{MSN}.m4s")
    ignored = {"Date"}
    assert {k: v for k, v in head.headers.items() if k not in ignored} == {
        k: v for k, v in get.headers.items() if k not in ignored
    }
    assert await head.read() == b""


async def test_a_player_of_another_site_is_let_in(origin: Origin) -> None:
    response = await origin.client.options(
        PLAYLIST,
        headers={"Origin": "https://example.vn", "Access-Control-Request-Headers": "cmcd-request"},
    )
    assert response.status == 204
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert "CMCD-Request" in response.headers["Access-Control-Allow-Headers"]
    assert response.headers["Access-Control-Max-Age"] == "86400"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "TRACE", "PROPFIND"])
async def test_other_methods_are_refused(origin: Origin, method: str) -> None:
    response = await origin.client.request(method, PLAYLIST, data=b"x")
    assert response.status == 405
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"


async def test_asking_for_names_makes_no_series(origin: Origin) -> None:
    for name in ("a", "b"):
        await origin.client.get(f"/live/{name}/index.m3u8")
    counted = origin.counted(
        "lensong_http_requests_total", handler="multivariant", channel="", code="4xx"
    )
    assert counted == 2


async def test_a_viewer_who_leaves_frees_the_slot(origin: Origin) -> None:
    async with ClientSession() as leaving, asyncio.TaskGroup() as tasks:
        url = origin.client.make_url(f"{PLAYLIST}?_HLS_msn={MSN + 1}")
        request = tasks.create_task(leaving.get(url))
        await origin.table.waiting.wait()
        request.cancel()
        await origin.table.left.wait()
    assert origin.table.held_total == 0


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/live/hytv/index.m3u8", Place("multivariant", "hytv")),
        ("/ll/hytv/720p/index.m3u8", Place("media_playlist", "hytv", "720p")),
        ("/media/hytv/720p/7.m4s", Place("segment", "hytv", "720p", 7)),
        ("/media/hytv/720p/7.3.m4s", Place("part", "hytv", "720p", 7, 3)),
        (
            "/media/hytv/720p/0123456789abcdef.mp4",
            Place("header", "hytv", "720p", header="0123456789abcdef"),
        ),
        ("/media/hytv/720p/-7.m4s", Place("static")),
        ("/api/v1/channels.json", Place("api")),
        ("/live/hytv/index.m3u8\n", Place("static")),
    ],
)
def test_locates_what_a_path_asks_for(path: str, place: Place) -> None:
    assert locate(path) == place


def test_a_range_is_cut_to_what_there_is() -> None:
    assert parse_range("bytes=5-", 10) == (5, 10)
    assert parse_range("bytes=-99", 10) == (0, 10)
    assert parse_range("bytes=-", 10) is None
    with pytest.raises(ValueError, match="no such bytes"):
        parse_range("bytes=10-", 10)


async def test_a_browser_at_an_unknown_address_is_told_in_words(origin: Origin) -> None:
    for path in ("/nothing", "/xem/other", "/a/b?c=1"):
        async with origin.client.get(path, headers={"Accept": "text/html,*/*;q=0.8"}) as answer:
            assert answer.status == 404
            assert answer.content_type == "text/html"
            assert "Không có trang này" in await answer.text()
        async with origin.client.get(path, headers={"Accept": "*/*"}) as answer:
            assert (answer.status, answer.content_type) == (404, "text/plain")
            assert answer.headers["Vary"] == "Accept"
    # What is no page is never answered with one.
    html = {"Accept": "text/html"}
    async with origin.client.get("/media/hytv/360p/1.m4s", headers=html) as answer:
        assert (answer.status, answer.content_type) == (404, "text/plain")


async def test_viewings_are_counted_as_on_the_fast_path(origin: Origin) -> None:
    """Requests come here that are not plain, such as those with a range."""
    media = f"{MEDIA}/{MSN}.m4s?CMCD=sid%3D%22a%22%2Cot%3Dv"
    for path, headers in (
        (media, {"Range": "bytes=0-9"}),
        (f"{MEDIA}/{MSN}.m4s", {"CMCD-Session": 'sid="b"'}),
        (f"{MEDIA}/{MSN}.m4s?CMCD=%00%ff%22", {}),
        (f"{MEDIA}/{MSN + 9}.m4s?CMCD=sid%3D%22c%22", {}),  # there is none
        (f"/thumb/hytv/{MSN}.jpg?CMCD=sid%3D%22d%22", {}),
        (f"{MEDIA}/{MSN}.m4s?CMCD=sid%3D%22e%22", {"Sec-GPC": "1"}),
        (PLAYLIST, {"User-Agent": "VLC"}),
        (PLAYLIST, {"User-Agent": "Tizen"}),
        (PLAYLIST, {"User-Agent": "Firefox", "Sec-Fetch-Site": "same-origin"}),
        ("/live/hyfm/a64/index.m3u8", {"User-Agent": "VLC"}),  # not on air
    ):
        await origin.client.get(URL(path, encoded=True), headers=headers)
    await origin.client.head(URL(media.replace("a%22", "f%22"), encoded=True))
    assert origin.desk.audience() == {("hytv", "live", "360p", "other"): 2}
    (shown,) = (
        {
            (sample.labels["channel"], sample.labels["kind"]): sample.value
            for sample in family.samples
            if sample.value
        }
        for family in origin.desk.counts.collect()
        if family.name == "lensong_qoe_concurrent_sessions"
    )
    assert shown == {("hytv", "live"): 2, ("hytv", "unreported"): 2}
