"""packager.http: a real packager on loopback, uploads as programmes and attackers send them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from core.errors import FormatError
from core.jpeg import MAX_JPEG_BYTES
from core.publication import (
    ChannelState,
    HeaderPublished,
    PartPublished,
    SegmentPublished,
    ThumbnailPublished,
)
from core.timeline import PartAddress
from packager.cutter import max_part_bytes
from packager.http import Uploads, parse_state, uploads_application
from packager.metrics import PackagerMetrics
from packager.publisher import Publisher
from packager.store import LiveSpool
from tests.cmaf_media import make_fragment, make_header, make_segment
from tests.core.test_jpeg import make_jpeg
from tests.packager.station import SECRET, Follower, Station, live_msn, running


async def test_a_part_is_published_while_its_upload_is_still_open(station: Station) -> None:
    video, msn = station.renditions[0], live_msn()
    published: asyncio.Queue[None] = asyncio.Queue()

    async def body() -> AsyncIterator[bytes]:
        for part in range(6):
            fragment = make_fragment(video, PartAddress(msn, part))
            yield fragment[:30]
            yield fragment[30:]
            await published.get()  # the next part is made only after this one arrived

    async with (
        running(station) as sender,
        Follower.connect(station.settings.packager_socket) as follower,
        asyncio.TaskGroup() as tasks,
    ):
        await sender.post(video.name, make_header(video))
        upload = tasks.create_task(sender.post(video.name, body()))
        for part in range(6):
            found = await follower.until(lambda item: isinstance(item, PartPublished))
            assert [i.part for i in found if isinstance(i, PartPublished)] == [part]
            assert not upload.done()
            published.put_nowait(None)
        assert (await upload)[0] == 200
    assert isinstance(follower.window[1], HeaderPublished)


async def test_an_upload_that_is_cut_off_keeps_its_parts_and_may_come_again(
    station: Station,
) -> None:
    video, msn = station.renditions[0], live_msn()
    body = make_segment(video, msn)

    async with (
        running(station) as sender,
        Follower.connect(station.settings.packager_socket) as follower,
    ):
        await sender.post(video.name, make_header(video))
        _, writer = await asyncio.open_connection("127.0.0.1", station.settings.network.cmaf_port)
        head = f"POST /cmaf/hytv/234p HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET}\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:600])
        await follower.until(lambda item: isinstance(item, PartPublished) and item.part == 1)
        writer.transport.abort()
        assert await sender.post(video.name, body) == (200, "{}")
        await follower.until(lambda item: isinstance(item, SegmentPublished))
    parts = [item.part for item in follower.heard if isinstance(item, PartPublished)]
    assert parts == [0, 1, 2, 3, 4, 5]


async def test_answers_say_what_is_wrong(station: Station) -> None:
    video, msn = station.renditions[0], live_msn()
    header, segment = make_header(video), make_segment(video, msn)
    off_grid = make_fragment(video, PartAddress(msn, 0), late_ticks=7)
    too_large = b"\x02\0\0\0mdat" + bytes(max_part_bytes(video))
    async with running(station) as sender:
        status, text = await sender.post(video.name, segment)
        assert (status, text.split(":")[0]) == (412, "header_needed")
        assert await sender.post(video.name, header) == (200, "{}")
        assert await sender.post(video.name, segment) == (200, "{}")
        assert await sender.post(video.name, segment) == (200, "{}")  # a repeat is welcome
        for body, wanted, code in (
            (off_grid, 400, "timing"),
            (make_fragment(video, PartAddress(msn, 0), track_id=9), 412, "track"),
            (make_segment(video, msn + 5000), 400, "early"),
            (make_segment(video, 7), 400, "late"),
            (b"\0\0\0\0moof", 400, "parse"),
            (b"\0\0\0\x01mdat" + b"\xff" * 8, 413, "size"),
            (too_large, 413, "size"),
            (make_header(station.renditions[1]), 400, "configuration"),
        ):
            status, text = await sender.post(video.name, body)
            assert (status, text.split(":")[0]) == (wanted, code)
        assert (await sender.post("720p", segment))[0] == 404
        assert (await sender.post(video.name, segment, channel="nowhere"))[0] == 404
        assert (await sender.post(video.name, segment, query="?encoder=c"))[0] == 400
        metrics = (await sender.admin("/metrics"))[1]
    for line in (
        'lensong_packager_rejected_uploads_total{channel="hytv",reason="duplicate"} 1.0',
        'lensong_packager_rejected_uploads_total{channel="hytv",reason="size"} 2.0',
        'lensong_packager_rejected_uploads_total{channel="hytv",reason="auth"} 0.0',
        'lensong_packager_segment_defects_total{channel="hytv",defect="timing",encoder="a"} 1.0',
        'lensong_packager_misaligned_segments_total{channel="hytv"} 1.0',
        'lensong_packager_parts_total{channel="hytv",rendition="234p"} 6.0',
        'lensong_packager_segments_total{channel="hytv",rendition="234p"} 1.0',
        'lensong_packager_segments_total{channel="hytv",rendition="a96"} 0.0',
        'lensong_packager_publish_delay_seconds_count{channel="hytv",unit="part"} 6.0',
    ):
        assert line in metrics
    assert "nowhere" not in metrics


async def test_without_the_secret_nothing_is_taken(station: Station) -> None:
    async with running(station) as sender, aiohttp.ClientSession() as stranger:
        for path in ("/cmaf/hytv/234p", "/cmaf/other/234p", "/state/hytv", "/thumb/hytv/7"):
            async with stranger.post(station.cmaf_url + path, data=b"x") as response:
                assert response.status == 403
        metrics = (await sender.admin("/metrics"))[1]
    assert 'rejected_uploads_total{channel="hytv",reason="auth"} 3.0' in metrics


async def test_two_encoders_have_headers_of_their_own(station: Station) -> None:
    video, msn = station.renditions[0], live_msn()
    async with running(station) as sender:
        await sender.post(video.name, make_header(video), query="?encoder=a")
        segment = make_segment(video, msn)
        assert (await sender.post(video.name, segment, query="?encoder=b"))[0] == 412
        await sender.post(video.name, make_header(video), query="?encoder=b")
        assert (await sender.post(video.name, segment, query="?encoder=b"))[0] == 200


async def test_an_upload_that_ends_early_is_a_defect(station: Station) -> None:
    video, msn = station.renditions[0], live_msn()
    async with running(station) as sender:
        await sender.post(video.name, make_header(video))
        assert (await sender.post(video.name, make_segment(video, msn, parts=4)))[0] == 200
        metrics = (await sender.admin("/metrics"))[1]
    assert 'segment_defects_total{channel="hytv",defect="short",encoder="a"} 1.0' in metrics


async def test_a_slow_upload_is_closed(station: Station) -> None:
    """Bytes alone do not keep an upload open: it must complete parts."""
    metrics = PackagerMetrics(CollectorRegistry())
    spool = LiveSpool(station.folder / "spool", failed=metrics.spool_failed)
    publisher = Publisher(spool=spool, metrics=metrics)
    publisher.configure(station.settings.channels)
    uploads = Uploads(publisher=publisher, spool=spool, metrics=metrics, patience_s=0.2)
    answered = asyncio.Event()

    async def drip() -> AsyncIterator[bytes]:
        while not answered.is_set():
            yield b"\0"
            await asyncio.sleep(0.01)

    async with TestClient(TestServer(uploads_application(uploads, secret=SECRET))) as client:
        headers = {"Authorization": f"Bearer {SECRET}"}
        head = b"\0\0\xff\xfffree"
        url = "/cmaf/hytv/234p"

        async def body() -> AsyncIterator[bytes]:
            yield head
            async for byte in drip():
                yield byte

        async with client.post(url, data=body(), headers=headers) as response:
            answered.set()
            assert response.status == 400
            assert (await response.text()).startswith("slow:")


async def test_a_thumbnail_is_published_as_it_came(station: Station) -> None:
    msn, jpeg = live_msn(), make_jpeg()
    url = f"{station.cmaf_url}/thumb"
    async with (
        running(station) as sender,
        Follower.connect(station.settings.packager_socket) as follower,
    ):

        async def post(path: str, body: bytes) -> tuple[int, str]:
            async with sender.session.post(f"{url}/{path}", data=body) as response:
                return response.status, (await response.text()).split(":")[0]

        assert await post(f"hytv/{msn}", jpeg) == (200, "{}")
        found = await follower.until(lambda item: isinstance(item, ThumbnailPublished))
        thumbnail = ThumbnailPublished(channel="hytv", msn=msn, data=jpeg)
        assert found[-1] == thumbnail
        assert await post(f"hytv/{msn}", make_jpeg(16, 16)) == (200, "{}")  # the first stays
        for path, body, wanted in (
            (f"hytv/{msn}", b"<svg>", (400, "parse")),
            (f"hytv/{msn}", jpeg[:-1], (400, "parse")),
            (f"hytv/{msn}", jpeg + jpeg, (400, "parse")),
            (f"hytv/{msn}", b"", (400, "parse")),
            (f"hytv/{msn}", make_jpeg(4000, 16), (413, "size")),
            (f"hytv/{msn}", make_jpeg(scan=bytes(MAX_JPEG_BYTES)), (413, "size")),
            (f"hytv/{msn + 9}", jpeg, (400, "early")),
            ("hytv/7", jpeg, (400, "late")),
            (f"nowhere/{msn}", jpeg, (404, "unknown")),
            (f"hytv/{msn}.jpg", jpeg, (404, "404")),
        ):
            assert await post(path, body) == wanted, path
        metrics = (await sender.admin("/metrics"))[1]
        assert 'lensong_packager_thumbnails_total{channel="hytv"} 1.0' in metrics
        assert 'rejected_uploads_total{channel="hytv",reason="duplicate"} 1.0' in metrics
        async with Follower.connect(station.settings.packager_socket) as later:
            assert thumbnail in later.heard


async def test_a_radio_channel_has_no_thumbnails(radio_station: Station) -> None:
    async with running(radio_station) as sender:
        url = f"{radio_station.cmaf_url}/thumb/hyfm/{live_msn()}"
        async with sender.session.post(url, data=make_jpeg()) as response:
            assert response.status == 404


async def test_the_state_is_published_clean(station: Station) -> None:
    async with (
        running(station) as sender,
        Follower.connect(station.settings.packager_socket) as follower,
    ):
        url = f"{station.cmaf_url}/state/hytv"
        state = {"on_air": "studio", "title": "Bie\u0302\u0309n\n#EXT-X-KEY", "since_ns": 5}
        async with sender.session.post(url, data=json.dumps(state)) as response:
            assert response.status == 204
        found = await follower.until(lambda item: isinstance(item, ChannelState))
        async with sender.session.post(url, data=b"[]") as response:
            assert response.status == 400
        async with sender.session.post(url, data=b" " * 100_000) as response:
            assert response.status == 413
    assert found == [
        ChannelState(channel="hytv", on_air="studio", title="Biển#EXT-X-KEY", since_ns=5)
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"{}",
        b"[1]",
        b'{"on_air": 1, "title": "", "since_ns": 0}',
        b'{"on_air": "", "title": "", "since_ns": true}',
        b'{"on_air": "", "title": "", "since_ns": 1.5}',
    ],
)
def test_a_state_is_exactly_its_three_fields(body: bytes) -> None:
    with pytest.raises(FormatError):
        parse_state("hytv", body)
