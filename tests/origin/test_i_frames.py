"""I-frame playlists of real pictures, over the public port: ranges, decoders, judges, players."""

from __future__ import annotations

import asyncio
import io
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import pairwise

import av
import imageio_ffmpeg
import m3u8
import pytest
from aiohttp import ClientSession

from core.cmaf import parse_header
from core.ladder import renditions_of
from core.publication import HeaderPublished, HoleDeclared, SegmentPublished, SnapshotEnd
from origin.connections import Connections, Limits
from origin.fastpath import FastPath, PublicServer
from origin.http import Site, create_app
from origin.preparation import Preparation
from origin.prepared import ResponseTable
from origin.tally import Tally
from tests.cmaf_media import MSN, encode_track
from tests.judges.judge import missing_for_judges, play, run_hls_parser
from tests.origin.broadcast import make_settings

pytestmark = [pytest.mark.media, pytest.mark.timeout(180)]

CHANNEL = make_settings().channels[0]
SEGMENTS = 10
HOLE = MSN + 3
PROGRAMS = [imageio_ffmpeg.get_ffmpeg_exe()]
if debian := shutil.which("ffmpeg"):
    PROGRAMS.append(debian)


@pytest.fixture
def _playlist_judge() -> None:
    if missing := missing_for_judges(browser=False):
        pytest.skip(missing)


@pytest.fixture
def _browser() -> None:
    if missing := missing_for_judges():
        pytest.skip(missing)


@asynccontextmanager
async def on_air(*, hole: bool = True) -> AsyncIterator[tuple[str, ClientSession]]:
    """Serve ten segments that FFmpeg made, perhaps with a hole; yield the site and a client."""
    table = ResponseTable(max_held=10)
    preparation, tally = Preparation(table, [CHANNEL]), Tally((CHANNEL.slug,), table)
    preparation.begin_snapshot()
    told: list[HeaderPublished | SegmentPublished] = []
    for item in renditions_of(CHANNEL):
        track = await encode_track(item, MSN, segments=SEGMENTS)
        header_hash = parse_header(track.header).hash
        names = {"channel": CHANNEL.slug, "rendition": item.name}
        told.append(HeaderPublished(**names, hash=header_hash, data=track.header))
        told += [
            SegmentPublished(
                **names,
                msn=MSN + index,
                header_hash=header_hash,
                slate=False,
                data=b"".join(track.fragments[6 * index : 6 * index + 6]),
            )
            for index in range(SEGMENTS)
            if not hole or MSN + index != HOLE
        ]
    holes = [HoleDeclared(channel=CHANNEL.slug, msn=HOLE, reason="late")] if hole else []
    # The first segment tells that there is a window at all, before which there are no holes.
    for fact in (*told, *holes, SnapshotEnd()):
        preparation.apply(fact, stored_ns=0)
    connections = Connections(Limits(header_s=8, idle_s=60, look_every_s=0.5))
    server = PublicServer(
        create_app(Site(preparation, tally)),
        FastPath(table=table, tally=tally, connections=connections),
        host="127.0.0.1",
        port=0,
    )
    async with asyncio.TaskGroup() as tasks, ClientSession() as session:
        running = tasks.create_task(server.run())
        await server.listening.wait()
        yield f"http://127.0.0.1:{server.port}", session
        running.cancel()


async def text_of(session: ClientSession, url: str) -> str:
    async with session.get(url) as response:
        assert response.status == 200, url
        return await response.text()


async def pictures_in(program: str, data: bytes) -> int:
    """Let FFmpeg decode a file from its standard input; return how many pictures it finds."""
    process = await asyncio.create_subprocess_exec(
        program,
        *("-v", "quiet", "-i", "pipe:0", "-f", "rawvideo", "-pix_fmt", "gray"),
        *("-fps_mode", "passthrough", "-s", "32x18", "pipe:1"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate(data)
    count, rest = divmod(len(output), 32 * 18)
    assert rest == 0
    return count


async def test_header_and_range_are_one_picture_at_its_time() -> None:
    async with on_air() as (site, session):
        url = f"{site}/live/hytv/360p/iframes.m3u8"
        playlist = m3u8.loads(await text_of(session, url), uri=url)
        header = playlist.segment_map[0].absolute_uri
        async with session.get(header) as response:
            init = await response.read()
        listed = [item for item in playlist.segments if not item.gap_tag]
        assert len(listed) == 18
        assert {item.duration for item in playlist.segments} == {1.92}
        for index, item in enumerate(listed):
            size, start = map(int, item.byterange.split("@"))
            async with session.get(item.absolute_uri) as response:
                whole = await response.read()
            span = {"Range": f"bytes={start}-{start + size - 1}"}
            async with session.get(item.absolute_uri, headers=span) as response:
                data = await response.read()
                assert response.status == 206
                total = f"bytes {start}-{start + size - 1}/{len(whole)}"
                assert response.headers["Content-Range"] == total
            assert data == whole[start : start + size]
            assert data[4:8] == b"moof"
            with av.open(io.BytesIO(init + data), "r") as container:
                stream = container.streams.video[0]
                packet = next(container.demux(stream))
                assert packet.is_keyframe
                assert packet.size < size
                assert packet.pts is not None
                assert stream.time_base is not None
                moment: datetime = item.current_program_date_time
                assert float(packet.pts * stream.time_base) == pytest.approx(moment.timestamp())
            if index < 3:
                for program in PROGRAMS:
                    assert await pictures_in(program, init + data) == 1


@pytest.mark.usefixtures("_playlist_judge")
async def test_strict_judges_accept_the_playlists() -> None:
    for hole in (False, True):
        async with on_air(hole=hole) as (site, session):
            names = ["index.m3u8", "360p/iframes.m3u8", "234p/iframes.m3u8", "360p/index.m3u8"]
            given = [(name, await text_of(session, f"{site}/live/hytv/{name}")) for name in names]
            given.append(("ll", await text_of(session, f"{site}/ll/hytv/index.m3u8")))
        assert await run_hls_parser(given) == []
        assert given[1][1].count("#EXT-X-GAP\n") == 2 * hole


async def test_no_rate_is_below_what_is_sent() -> None:
    """Until it is measured, BANDWIDTH is a bound: "peak segment bit rate" (STANDARDS 43)."""
    async with on_air() as (site, session):
        text = await text_of(session, f"{site}/live/hytv/index.m3u8")
        found = re.findall(r"#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=(\d+),.*URI=\"([^\"]+)\"", text)
        assert [uri for _, uri in found] == ["234p/iframes.m3u8", "360p/iframes.m3u8"]
        for bandwidth, uri in found:
            listed = await text_of(session, f"{site}/live/hytv/{uri}")
            sizes = [int(size) for size in re.findall(r"#EXT-X-BYTERANGE:(\d+)@", listed)]
            assert sizes
            assert max(a + b for a, b in pairwise(sizes)) * 8 / 3.84 < int(bandwidth), uri


@pytest.mark.parametrize("program", PROGRAMS)
async def test_ffmpeg_opens_the_multivariant_playlist_as_before(program: str) -> None:
    """Its own variants and nothing more: two pictures and one sound."""
    async with on_air() as (site, _):
        process = await asyncio.create_subprocess_exec(
            program,
            *("-v", "error", "-live_start_index", "0", "-i", f"{site}/live/hytv/index.m3u8"),
            *("-map", "0:v:0", "-map", "0:a:0", "-t", "5", "-f", "framecrc", "pipe:1"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
    assert process.returncode == 0
    assert errors == b""
    lines = [line for line in output.decode().splitlines() if not line.startswith("#")]
    assert sum(line.startswith("0,") for line in lines) == pytest.approx(125, abs=1)


async def test_pyav_opens_the_multivariant_playlist_as_before() -> None:
    async with on_air() as (site, _):

        def streams() -> list[str]:
            with av.open(f"{site}/live/hytv/index.m3u8", options={"live_start_index": "0"}) as it:
                assert next(it.decode(video=0)).key_frame
                return sorted(stream.type for stream in it.streams)

        assert await asyncio.to_thread(streams) == ["audio", "video", "video"]


@pytest.mark.browser
@pytest.mark.usefixtures("_browser")
async def test_hls_js_plays_the_multivariant_playlist_as_before() -> None:
    async with on_air(hole=False) as (site, _):
        report = await play(f"{site}/live/hytv/index.m3u8", 6)
    assert report["faults"] == []
    assert report["advanced_s"] == pytest.approx(6, abs=1)
