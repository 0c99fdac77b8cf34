"""The operators' pages: what is firing, runbooks, reports (I/O shell).

They carry no secret and change nothing, so they ask for no key; they listen on loopback until the
settings say otherwise, and then a proxy with TLS and a password belongs before them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from aiohttp import web

__all__ = ["pages_application"]

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:"
    "; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Server": "Lensong",
}


def pages_application(
    routes: Iterable[web.RouteDef], home: Callable[[], Awaitable[str]]
) -> web.Application:
    """Return the application of the operators' pages.

    Args:
        routes: Every page but the first.
        home: Makes the first page's HTML.
    """

    async def answer_home(_: web.Request) -> web.Response:
        return web.Response(text=await home(), content_type="text/html")

    async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)

    app = web.Application(client_max_size=1024 * 1024)
    app.on_response_prepare.append(add_headers)
    app.router.add_get("/", answer_home)
    app.add_routes(list(routes))
    return app
