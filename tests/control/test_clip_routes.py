"""control.clip_routes: a real server, a real client; who calls is decided before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.typedefs import Handler

from control.clip_jobs import ClipJobs
from control.clip_routes import CLIP_STATUS, ClipRoutes
from core.errors import LensongError, http_status
from core.guide import Takedown
from tests.control.clip_bench import (
    archive_radio,
    make_settings,
    moments,
    programme,
    put_guide,
    running,
    until,
)

pytestmark = [pytest.mark.media, pytest.mark.timeout(60)]


@dataclass
class Desk:
    """The API under test."""

    jobs: ClipJobs
    client: TestClient[web.Request, web.Application]
    folder: Path
    written: list[tuple[str, str, str]] = field(default_factory=list)

    async def audit(self, who: str, action: str, subject: str, _: Any) -> None:
        """Keep what an audit would."""
        self.written.append((who, action, subject))

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Return status and answer."""
        response = await self.client.request(method, f"/api/v1/clips{path}", json=body)
        return response.status, await response.json()


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Do what the operators' API does around its routes."""
    try:
        return await handler(request)
    except LensongError as error:
        status = CLIP_STATUS.get(error.code, http_status(error))
        return web.json_response({"error": error.code, "message": str(error)}, status=status)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Serve the routes beside running jobs."""
    await archive_radio(tmp_path)
    async with running(make_settings(tmp_path)) as jobs:
        app = web.Application(middlewares=[guard])
        server = TestServer(app)
        desk = Desk(jobs, TestClient(server), tmp_path)
        ClipRoutes(jobs, desk.audit, lambda _: "hoa").add_to(app.router)
        async with desk.client:
            yield desk


def wish(start_s: float = 3, end_s: float = 6, **more: Any) -> dict[str, Any]:
    start, end = moments(start_s, end_s)
    return {"channel": "hyfm", "start": f"{start / 1e9:.6f}", "end": f"{end / 1e9:.6f}", **more}


async def test_order_watch_download_publish_delete(desk: Desk) -> None:
    status, asked = await desk.call("POST", "", wish(title="Đưa tin bão"))
    assert (status, asked["state"], asked["media"]) == (202, "waiting", None)
    await until(desk.jobs, asked["id"])
    status, made = await desk.call("GET", f"/{asked['id']}")
    assert (status, made["state"], made["duration_s"], made["by"]) == (200, "done", 3.0, "api:hoa")
    assert (made["public"], made["public_path"]) == (False, None)
    response = await desk.client.get(made["media"], headers={"Range": "bytes=4-7"})
    assert (response.status, await response.read()) == (206, b"ftyp")
    assert response.content_type == "audio/mp4"
    assert 'filename="Dua tin bao.m4a"' in response.headers["Content-Disposition"]
    _, published = await desk.call("PATCH", f"/{asked['id']}", {"public": True})
    assert published["public_path"] == f"/clips/{asked['id']}.m4a"
    assert published["listed"] is False
    _, published = await desk.call("PATCH", f"/{asked['id']}", {"listed": True})
    assert (published["public"], published["listed"]) == (True, True)
    assert (await desk.call("PATCH", f"/{asked['id']}", {}))[0] == 400
    assert (await desk.call("PATCH", f"/{asked['id']}", {"title": "x"}))[0] == 400
    status, listed = await desk.call("GET", "?channel=hyfm&state=done")
    assert (status, [one["id"] for one in listed["clips"]]) == (200, [asked["id"]])
    assert (await desk.call("GET", "?channel=hytv"))[1] == {"clips": [], "count": 0}
    assert (await desk.call("DELETE", f"/{asked['id']}"))[0] == 200
    assert (await desk.call("GET", f"/{asked['id']}"))[0] == 404
    assert desk.written == [
        ("api:hoa", "clip.order", asked["id"]),
        ("api:hoa", "clip.change", asked["id"]),
        ("api:hoa", "clip.change", asked["id"]),
        ("api:hoa", "clip.delete", asked["id"]),
    ]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ([], 400, "bad_request"),
        (wish(colour="red"), 400, "bad_request"),
        (wish(public="yes"), 400, "bad_request"),
        (wish(title=5), 400, "bad_request"),
        (wish(force=True), 400, "bad_request"),
        (wish(channel="x"), 404, "unknown_channel"),
        (wish(end_s=3), 400, "clip_span"),
        (wish(end_s=10**6), 400, "clip_span"),
        (wish(rendition="a1"), 400, "clip_span"),
        ({**wish(), "start": "yesterday"}, 400, "moment"),
    ],
)
async def test_a_wrong_wish_is_refused(desk: Desk, body: Any, status: int, code: str) -> None:
    answer = await desk.call("POST", "", body)
    assert (answer[0], answer[1]["error"]) == (status, code)
    assert desk.written == []


async def test_a_blackout_is_refused_and_a_takedown_ends_a_clip(desk: Desk) -> None:
    settings = desk.jobs.settings
    await put_guide(settings, programme("a", 10, 14, blackout=True))
    assert (await desk.call("POST", "", wish(11, 12)))[0] == 403
    status, forced = await desk.call("POST", "", wish(11, 12, force=True, reason="công văn 12"))
    assert (status, forced["forced"]) == (202, "công văn 12")
    _, asked = await desk.call("POST", "", wish(3, 6))
    await until(desk.jobs, asked["id"])
    start_s = moments(3, 6)[0] // 10**9
    await put_guide(settings, takedowns=(Takedown(start_s=start_s, end_s=start_s + 1),))
    assert (await desk.call("GET", f"/{asked['id']}/media"))[0] == 404
