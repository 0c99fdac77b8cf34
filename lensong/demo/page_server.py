"""The demo's page and its calls, on loopback only."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler

import core
from core.errors import RefusedError
from lensong.demo.studio import ACTIONS, Studio

__all__ = ["PageServer"]

_PAGE: Final = Path(__file__).parent / "page"
_FILES: Final = {
    "": ("index.html", "text/html"),
    "demo.js": ("demo.js", "text/javascript"),
    "demo.css": ("demo.css", "text/css"),
}
_HLS: Final = Path(core.__file__).resolve().parent.parent / "player_web/dist/vendor/hls.mjs"
_CALL_HEADER: Final = "X-Lensong-Demo"
_POLICY: Final = (
    "default-src 'self'; img-src 'self' blob:; media-src blob:; worker-src blob:;"
    " connect-src *; frame-ancestors 'none'; base-uri 'none'"
)


class PageServer:
    """Serves the page, the studios' previews, the state, and takes the buttons' orders."""

    def __init__(
        self, studios: Mapping[str, Studio], state: Callable[[], Awaitable[dict[str, Any]]]
    ) -> None:
        """Prepare.

        Args:
            studios: By name, ``hytv-studio``.
            state: Tells what the page shows.
        """
        self._studios, self._state = studios, state

    def application(self) -> web.Application:
        """Build the application."""
        app = web.Application(middlewares=[_add_headers])
        app.add_routes(
            [
                web.get("/", self._to_page),
                web.get("/favicon.ico", self._no_icon),
                web.get("/demo", self._page),
                web.get("/demo/state.json", self._tell_state),
                web.get("/demo/hls.mjs", self._hls),
                web.get("/demo/preview/{studio}.jpg", self._preview),
                web.get("/demo/{name}", self._page),
                web.post("/demo/studios/{studio}/{action}", self._act),
            ]
        )
        return app

    async def _to_page(self, _: web.Request) -> web.Response:
        raise web.HTTPFound("/demo")

    async def _no_icon(self, _: web.Request) -> web.Response:
        return web.Response(status=204)

    async def _page(self, request: web.Request) -> web.Response:
        found = _FILES.get(request.match_info.get("name", ""))
        if found is None:
            raise web.HTTPNotFound
        data = await asyncio.to_thread((_PAGE / found[0]).read_bytes)
        return web.Response(body=data, content_type=found[1], charset="utf-8")

    async def _hls(self, _: web.Request) -> web.Response:
        try:
            data = await asyncio.to_thread(_HLS.read_bytes)
        except OSError:
            raise web.HTTPNotFound(text="the player is not built: make web\n") from None
        return web.Response(body=data, content_type="text/javascript", charset="utf-8")

    async def _preview(self, request: web.Request) -> web.Response:
        studio = self._find(request)
        try:
            data = await asyncio.to_thread((studio.folder / "preview.jpg").read_bytes)
        except OSError:
            raise web.HTTPNotFound from None
        return web.Response(body=data, content_type="image/jpeg")

    async def _tell_state(self, _: web.Request) -> web.Response:
        return web.json_response(await self._state())

    async def _act(self, request: web.Request) -> web.Response:
        # A page of another site cannot set this header without asking first.
        if request.headers.get(_CALL_HEADER) != "1":
            raise web.HTTPForbidden(text="only the demo's own page may do this\n")
        action = request.match_info["action"]
        if action not in ACTIONS:
            raise web.HTTPNotFound
        try:
            await self._find(request).act(action)
        except RefusedError as error:
            raise web.HTTPConflict(text=f"{error}\n") from error
        return web.Response(status=204)

    def _find(self, request: web.Request) -> Studio:
        studio = self._studios.get(request.match_info["studio"])
        if studio is None:
            raise web.HTTPNotFound
        return studio


@web.middleware
async def _add_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    host = request.host.rpartition(":")[0]
    if host not in {"127.0.0.1", "localhost", "[::1]"}:  # a name that was pointed at loopback
        raise web.HTTPMisdirectedRequest
    response = await handler(request)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
