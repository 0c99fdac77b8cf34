"""The checker finds the faults it is there to find, and none in a channel without."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.clock import unix_ns
from core.cmaf import render_segment_type
from core.timeline import msn_at
from tests.checker.playlist import PlaylistError, parse_media, parse_multivariant
from tests.checker.report import WatchReport
from tests.checker.watch import Watch
from tests.cmaf_bytes import make_fragment, make_header

HEADER = make_header()
HASH = hashlib.sha256(HEADER).hexdigest()[:16]
PART_TICKS = 8_192


def make_part(msn: int, part: int) -> bytes:
    first = 0 if part % 3 == 0 else 0x10000
    return b"".join(make_fragment(decode_time=(msn * 6 + part) * PART_TICKS, first=first))


def make_segment(msn: int) -> bytes:
    return b"".join(make_part(msn, part) for part in range(6))


def make_lines(msn: int, *, parts: int = 0, gap: bool = False, uri: str = "") -> list[str]:
    moment = datetime.fromtimestamp(msn * 3.84, UTC).isoformat(timespec="milliseconds")
    media = "../../../media/tv/360p"
    lines = [f"#EXT-X-PROGRAM-DATE-TIME:{moment}"]
    lines += [
        f'#EXT-X-PART:DURATION=0.64000,URI="{media}/{msn}.{part}.m4s"' for part in range(parts)
    ]
    if parts in (0, 6):
        lines += ["#EXT-X-GAP"] if gap else []
        lines += ["#EXTINF:3.84000,", uri or f"{media}/{msn}.m4s"]
    return lines


def make_playlist(first: int, *segments: list[str], low_latency: bool = False) -> str:
    lines = ["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-TARGETDURATION:4"]
    lines += ["#EXT-X-PART-INF:PART-TARGET=0.64"] if low_latency else []
    lines += [f"#EXT-X-MEDIA-SEQUENCE:{first}", "#EXT-X-DISCONTINUITY-SEQUENCE:0"]
    lines += [f'#EXT-X-MAP:URI="../../../media/tv/360p/{HASH}.mp4"']
    return "\n".join([*lines, *(line for segment in segments for line in segment), ""])


@dataclass
class FakeOrigin:
    """An origin that answers what it was given, the last playlist for ever."""

    playlists: list[str]
    media: dict[str, bytes] = field(default_factory=dict)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when every playlist was given out and its media were asked for."""

    async def multivariant(self, _: web.Request) -> web.Response:
        """Answer with one rendition."""
        return web.Response(text="#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n360p/index.m3u8\n")

    async def media_playlist(self, _: web.Request) -> web.Response:
        """Answer with the next playlist; hold the one after the last."""
        if not self.playlists:
            self.answered.set()
            await asyncio.Event().wait()
        return web.Response(text=self.playlists.pop(0))

    async def file(self, request: web.Request) -> web.Response:
        """Answer with a file."""
        name = request.match_info["name"]
        body = self.media.get(name)
        return web.Response(status=404) if body is None else web.Response(body=body)


@pytest.fixture
async def origin() -> AsyncIterator[tuple[FakeOrigin, str]]:
    """Serve a fake origin that is still empty, and return its address."""
    fake = FakeOrigin([], {f"{HASH}.mp4": HEADER})
    app = web.Application()
    for path in ("live", "ll"):
        app.router.add_get(f"/{path}/tv/index.m3u8", fake.multivariant)
        app.router.add_get(f"/{path}/tv/360p/index.m3u8", fake.media_playlist)
    app.router.add_get("/media/tv/360p/{name}", fake.file)
    async with TestServer(app) as server:
        yield fake, str(server.make_url("/"))


async def watched(fake: FakeOrigin, site: str, *, low_latency: bool = True) -> WatchReport:
    """Watch until every playlist was read and judged."""
    watching = Watch(site, "tv", low_latency=low_latency)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        task = tasks.create_task(watching.run())
        await fake.answered.wait()
        task.cancel()
    return watching.report


async def test_a_channel_without_fault(origin: tuple[FakeOrigin, str]) -> None:
    fake, site = origin
    msn = msn_at(unix_ns())
    fake.playlists = [
        make_playlist(msn, make_lines(msn), make_lines(msn + 1, parts=part), low_latency=True)
        for part in (2, 2, 2, 3, 6)  # the second and third are the whole and the delta compared
    ]
    for number in (msn, msn + 1):
        fake.media[f"{number}.m4s"] = render_segment_type(slate=number == msn) + make_segment(
            number
        )
        fake.media |= {f"{number}.{part}.m4s": make_part(number, part) for part in range(6)}
    fake.media[f"{msn + 1}.m4s"] = make_segment(msn + 1)
    report = await watched(fake, site)
    assert report.faults == []
    assert report.clean
    assert (report.segments, report.parts) == (2, 6)
    assert report.slates == {msn}
    assert len(report.part_delay_s) == 4


async def test_a_segment_off_the_grid(origin: tuple[FakeOrigin, str]) -> None:
    fake, site = origin
    msn = msn_at(unix_ns()) - 3
    fake.playlists = [
        make_playlist(msn, *(make_lines(msn + i) for i in range(3)), low_latency=True)
    ]
    fake.media[f"{msn}.m4s"] = make_segment(msn + 1)  # another number's
    fake.media[f"{msn + 1}.m4s"] = make_segment(msn + 1)[:-1]
    fake.playlists *= 3
    report = await watched(fake, site)
    assert f"360p {msn}: part 0 starts +49152 ticks off the grid" in report.faults
    assert f"360p {msn + 1}: cannot be read: a box is cut off" in report.faults
    assert f"360p {msn + 2}: status 404" in report.faults


async def test_numbers_that_go_back_and_addresses_that_change(
    origin: tuple[FakeOrigin, str],
) -> None:
    fake, site = origin
    msn = msn_at(unix_ns()) - 3
    fake.media |= {f"{number}.m4s": make_segment(number) for number in (msn - 1, msn)}
    later = make_playlist(msn, make_lines(msn), low_latency=True)
    earlier = make_playlist(
        msn - 1, make_lines(msn - 1), make_lines(msn, uri="other.m4s"), low_latency=True
    )
    fake.playlists = [later, earlier]
    report = await watched(fake, site)
    assert f"360p: MSN went back to {msn - 1} from {msn}" in report.faults
    assert any("changed from" in fault for fault in report.faults)


async def test_gaps_are_counted_and_not_faults(origin: tuple[FakeOrigin, str]) -> None:
    fake, site = origin
    msn = msn_at(unix_ns()) - 3
    fake.media[f"{msn}.m4s"] = make_segment(msn)
    old = make_lines(msn - 1, gap=True)
    fake.playlists = [
        make_playlist(msn - 2, make_lines(msn - 2), old, make_lines(msn), low_latency=True),
        make_playlist(
            msn - 2,
            make_lines(msn - 2),
            old,
            make_lines(msn),
            make_lines(msn + 1, gap=True),
            low_latency=True,
        ),
    ]
    fake.media[f"{msn - 2}.m4s"] = make_segment(msn - 2)
    report = await watched(fake, site)
    assert report.gaps == {msn + 1}  # not the one that was there before
    assert report.faults == []
    assert not report.clean


async def test_parts_that_are_not_the_segment(origin: tuple[FakeOrigin, str]) -> None:
    fake, site = origin
    msn = msn_at(unix_ns()) - 1
    fake.playlists = [make_playlist(msn, make_lines(msn, parts=6), low_latency=True)]
    fake.media |= {f"{msn}.{part}.m4s": make_part(msn, part) for part in range(6)}
    fake.media[f"{msn}.m4s"] = render_segment_type(slate=False) + make_segment(msn)
    report = await watched(fake, site)
    assert report.faults == [f"360p {msn}: is not the concatenation of its parts"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "#EXTM3U\n#EXT-X-TARGETDURATION:4",  # no line break at the end
        "#EXTM3U\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-OTHER\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:4\nsegment-without-extinf.m4s\n",
        '#EXTM3U\n#EXT-X-PART:URI="a",URI="b"\n',
    ],
)
def test_a_playlist_that_is_none(text: str) -> None:
    with pytest.raises(PlaylistError):
        parse_media(text)


def test_reads_the_renditions_of_a_channel() -> None:
    text = (
        '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",URI="a96/index.m3u8"\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1.42c01f,mp4a.40.2"\n360p/index.m3u8\n'
    )
    found = parse_multivariant(text)
    assert list(found) == ["a96/index.m3u8", "360p/index.m3u8"]
    assert found["360p/index.m3u8"]["CODECS"] == "avc1.42c01f,mp4a.40.2"
    with pytest.raises(PlaylistError):
        parse_multivariant("#EXTM3U\n")
