"""The internal feeds: what the programmes' decoders read.

``GET /feeds/{channel}/{input}`` is held until a decoder can start and then flows until the
publisher leaves or its tracks change.  ``GET /titles/{channel}/{input}`` is a line of JSON for
each title.  Both want the internal secret.
"""

from __future__ import annotations

import asyncio
import json
from typing import Final

import structlog
from aiohttp import web

from core.admin import require_secret
from core.errors import RefusedError
from ingest.admission import Admission
from ingest.relay import Joined, Relay, Subscription

__all__ = ["feeds_application"]

log = structlog.get_logger()

_LOOK_S: Final = 5.0
"""How often a held request looks whether its asker is still there."""

_STUCK_S: Final = 10.0
"""How long a decoder may take nothing at all."""


def feeds_application(admission: Admission, secret: str) -> web.Application:
    """Return the application of the feeds port."""
    feeds = _Feeds(admission)
    app = web.Application(middlewares=[require_secret(secret)])  # type: ignore[list-item]
    app.router.add_get("/feeds/{channel}/{input}", feeds.feed)
    app.router.add_get("/titles/{channel}/{input}", feeds.titles)
    return app


class _Feeds:
    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    def _relay(self, request: web.Request) -> Relay:
        relay = self._admission.relay(request.match_info["channel"], request.match_info["input"])
        if relay is None:
            raise web.HTTPNotFound(text="no such input\n")
        return relay

    async def feed(self, request: web.Request) -> web.StreamResponse:
        relay = self._relay(request)
        with relay.subscribe() as subscription:
            joined = await _hold(request, subscription)
            response = web.StreamResponse(headers=_feed_headers(joined))
            try:
                await response.prepare(request)
                async for data in subscription:
                    async with asyncio.timeout(_STUCK_S):
                        await response.write(data)
            except (TimeoutError, ConnectionError):
                _abort(request)
            if subscription.overflowed:
                log.warning("decoder_cut_off", channel=relay.channel, input=relay.name)
                _abort(request)
            return response

    async def titles(self, request: web.Request) -> web.StreamResponse:
        relay = self._relay(request)
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        try:
            await response.prepare(request)
            async for title in relay.titles():
                line = {"title": title.text, "since_ns": title.since_ns}
                async with asyncio.timeout(_STUCK_S):
                    await response.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        except (TimeoutError, ConnectionError):
            _abort(request)
        return response


async def _hold(request: web.Request, subscription: Subscription) -> Joined:
    """Wait until a decoder can start, or its asker left, which aiohttp tells nobody."""
    while True:
        try:
            async with asyncio.timeout(_LOOK_S):
                return await subscription.joined()
        except TimeoutError:
            if request.transport is None or request.transport.is_closing():
                raise web.HTTPRequestTimeout from None
        except RefusedError as error:
            raise web.HTTPNotFound(text="no such input\n") from error


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _feed_headers(joined: Joined) -> dict[str, str]:
    tracks = [track for track in ("video", "audio") if track in joined.start.tracks]
    return {
        "Content-Type": "application/octet-stream",
        "Lensong-Format": joined.start.format,
        "Lensong-Tracks": ",".join(tracks),
        "Lensong-Media-Start-Us": str(joined.media_start_us),
        "Lensong-Epoch-Start-Ns": str(joined.epoch_start_ns),
        "Lensong-Session": joined.session,
    }
