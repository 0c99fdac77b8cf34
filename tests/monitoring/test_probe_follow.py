"""How often a rendition is asked for, and what is fetched twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from monitoring.probe_choice import Role, Watched
from monitoring.probe_content import OutputContent
from monitoring.probe_faults import Fault
from monitoring.probe_fetch import Fetcher
from monitoring.probe_follow import Follower, Shared
from monitoring.probe_report import ProbeReport

HEAD = "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:1\n"
SEGMENTS = "".join(f"#EXTINF:1.0,\ns{number}.ts\n" for number in range(8))
BLOCKING = (
    HEAD
    + "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5\n"
    + "#EXT-X-PART-INF:PART-TARGET=0.5\n"
    + SEGMENTS
    + '#EXT-X-PART:DURATION=0.5,URI="p0.ts"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p1.ts"\n'
)


async def follow(
    role: Role, playlist: str, again: tuple[int, bytes], *, until: str, seconds: float
) -> tuple[Counter[str], set[str]]:
    """Follow until a kind of fault is seen; return what was asked for, and the kinds."""
    asked: Counter[str] = Counter()

    async def answer(request: web.Request) -> web.Response:
        asked[request.path_qs] += 1
        if request.path == "/x.m3u8":
            return web.Response(text=playlist)
        status, body = (200, b"first") if asked[request.path_qs] == 1 else again
        return web.Response(status=status, body=body)

    app = web.Application()
    app.router.add_get("/{name}", answer)
    kinds: set[str] = set()
    seen = asyncio.Event()

    def told(fault: Fault) -> None:
        kinds.add(fault.kind)
        if fault.kind == until:
            seen.set()

    async with TestServer(app) as server, Fetcher() as fetcher:
        shared = Shared(fetcher, ProbeReport(address="x", vantage="here"), told, OutputContent())
        follower = Follower(shared, Watched("x", "x.m3u8", role), str(server.make_url("/")))
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as tasks:
                task = tasks.create_task(follower.run())
                await seen.wait()
                task.cancel()
    return asked, kinds


async def test_a_rendition_that_is_not_watched_is_asked_for_at_its_pace() -> None:
    asked, _ = await follow("other", BLOCKING, (200, b"first"), until="", seconds=1.5)
    assert set(asked) == {"/x.m3u8"}
    assert 1 <= asked["/x.m3u8"] <= 3


async def test_an_answer_without_what_was_asked_for_is_a_fault_and_is_not_asked_at_once() -> None:
    asked, kinds = await follow("main", BLOCKING, (200, b"first"), until="", seconds=1.5)
    assert "blocking_reload" in kinds
    assert 1 <= asked["/x.m3u8?_HLS_msn=8&_HLS_part=1"] <= 5


@pytest.mark.parametrize(
    ("again", "kind"),
    [((404, b""), "segment_vanished"), ((200, b"second"), "segment_changed")],
)
async def test_a_segment_that_is_fetched_again_is_there_and_the_same(
    again: tuple[int, bytes], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitoring.probe_follow._AGAIN_NS", 0)
    _, kinds = await follow("main", HEAD + SEGMENTS, again, until=kind, seconds=5)
    assert kind in kinds
    both = {"segment_vanished", "segment_changed"}
    assert kinds & both == {kind}
