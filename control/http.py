"""The operators' API: guide, rights, takedowns, audit.

Every request carries ``Authorization: Bearer KEY``; answers are JSON.  A body that is too large is
refused at the limit, declared or streamed, and before it is sent where the sender asks first.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from control.api_values import audit_values, listed_values, takedown_values, text_of
from control.clip_routes import CLIP_STATUS
from control.gzip_guard import MAX_BYTES
from control.journal import Act
from control.operators import operator_of
from control.report import report_json
from control.room import ControlRoom
from core.clock import unix_ns
from core.errors import FormatError, LensongError, http_status

__all__ = ["Api", "caller_of"]

_OPERATOR: Final = web.RequestKey("operator", str)
_CHUNK: Final = 64 * 1024
_BODY_S: Final = 60.0
_MAX_CALL_BYTES: Final = 64 * 1024
_MAX_LISTED: Final = 1_000
_NAME: Final = re.compile(r"[a-z0-9-]{1,64}")

_STATUS: Final = {
    "unknown_programme": 404,
    "unknown_channel": 404,
    "unknown_takedown": 404,
    "unknown_rights": 400,
    "wrong_time": 400,
    "wrong_series": 400,
    "no_reason": 400,
    "database_down": 503,
    "snapshot_failed": 503,
    **CLIP_STATUS,
}
"""By an error's code, where :func:`core.errors.http_status` does not fit."""


class Api:
    """The handlers and who may call them."""

    def __init__(
        self,
        room: ControlRoom,
        *,
        is_open: Callable[[], bool],
        more: Iterable[Callable[[web.UrlDispatcher], None]] = (),
    ) -> None:
        """Prepare.

        Args:
            room: Does the work.
            is_open: Tells whether the database is there.
            more: Add routes of their own, which the same operators may call.
        """
        self._room, self._is_open, self._more = room, is_open, tuple(more)
        self._importing = asyncio.Semaphore(1)
        self.hashes: Mapping[str, bytes] = {}
        """SHA-256 of each operator's key, by name."""

    def application(self) -> web.Application:
        """Return the application of the API's port."""
        app = web.Application(
            middlewares=[self._guard],  # type: ignore[list-item]
            client_max_size=_MAX_CALL_BYTES,
        )
        add = app.router.add_route
        add("POST", "/api/v1/guide", self._import, expect_handler=self._before_body)
        add("GET", "/api/v1/guide/{channel}", self._show)
        add("PUT", "/api/v1/programmes/{id}/rights", self._rights)
        add("PUT", "/api/v1/programmes/{id}/series", self._series)
        add("PUT", "/api/v1/programmes/{id}/as-run", self._as_run)
        add("PUT", "/api/v1/series/{id}/rights", self._series_rights)
        add("GET", "/api/v1/takedowns", self._takedowns)
        add("POST", "/api/v1/takedowns", self._take_down)
        add("DELETE", "/api/v1/takedowns/{number}", self._undo)
        add("GET", "/api/v1/audit", self._audit)
        for add_routes in self._more:
            add_routes(app.router)
        return app

    # Admission

    @property
    def _guard(self) -> Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            refusal = self._refusal(request)
            if refusal is not None:
                return refusal
            try:
                return await handler(request)
            except LensongError as error:
                status = _STATUS.get(error.code, http_status(error))
                return _fail(status, error.code, str(error))
            except TimeoutError:
                return _fail(408, "too_slow", "gửi quá chậm / the body came too slowly")

        return guard

    def _refusal(self, request: web.Request) -> web.Response | None:
        if not self.hashes:
            return _fail(
                403,
                "no_operators",
                "chưa khai báo [[control.operators]] nên không ai được vào / nobody is admitted:"
                " there are no [[control.operators]]",
            )
        name = operator_of(request.headers.get(hdrs.AUTHORIZATION, ""), self.hashes)
        if name is None:
            refusal = _fail(
                401,
                "auth_failed",
                "cần khóa đúng / a right key is wanted: Authorization: Bearer KEY",
            )
            refusal.headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
            return refusal
        if not self._is_open():
            return _fail(
                503, "database_down", "cơ sở dữ liệu không trả lời / the database does not answer"
            )
        request[_OPERATOR] = name
        return None

    async def _before_body(self, request: web.Request) -> web.StreamResponse | None:
        """Answer ``Expect: 100-continue``: who is refused need not send the body first."""
        refusal = self._refusal(request) or _declared_too_large(request)
        if refusal is None:
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return refusal

    # Guide

    async def _import(self, request: web.Request) -> web.Response:
        too_large = _declared_too_large(request)
        if too_large is not None:
            return too_large
        data = await _read(request)
        if data is None:
            return _too_large()
        only = request.query.get("channel")
        dry_run = request.query.get("dry_run", "") in {"1", "true", "yes"}
        act = _act(request)
        async with self._importing:  # one file's memory at a time
            report = await asyncio.to_thread(
                self._room.import_guide, data, name=act.who, act=act, only=only, dry_run=dry_run
            )
        status = 200 if report.result == "accepted" else 422
        return _answer(report_json(report), status=status)

    async def _show(self, request: web.Request) -> web.Response:
        text = request.query.get("day")
        try:
            day = date.fromisoformat(text) if text else self._room.today(_now_s())
        except ValueError as error:
            raise FormatError("viết / write day=2026-11-23", code="bad_request") from error
        channel = request.match_info["channel"]
        found = await asyncio.to_thread(self._room.day, channel, day)
        return _answer(
            {
                "channel": channel,
                "day": day.isoformat(),
                "programmes": [listed_values(item, self._room.zone) for item in found],
            }
        )

    # Decisions

    async def _rights(self, request: web.Request) -> web.Response:
        rights = text_of(await _json(request), "rights") or ""
        found = await asyncio.to_thread(
            self._room.set_rights, _name(request), rights, _act(request)
        )
        return _answer(listed_values(found, self._room.zone))

    async def _series(self, request: web.Request) -> web.Response:
        series = text_of(await _json(request), "series", optional=True)
        found = await asyncio.to_thread(
            self._room.set_series, _name(request), series, _act(request)
        )
        return _answer(listed_values(found, self._room.zone))

    async def _as_run(self, request: web.Request) -> web.Response:
        body = await _json(request)
        start = text_of(body, "start", optional=True)
        end = text_of(body, "end", optional=True)
        found = await asyncio.to_thread(
            self._room.set_as_run, _name(request), start, end, _act(request)
        )
        return _answer(listed_values(found, self._room.zone))

    async def _series_rights(self, request: web.Request) -> web.Response:
        series, rights = _name(request), text_of(await _json(request), "rights") or ""
        await asyncio.to_thread(self._room.set_series_rights, series, rights, _act(request))
        return _answer({"series": series, "rights": rights})

    # Takedowns and audit

    async def _takedowns(self, request: web.Request) -> web.Response:
        channel = request.query.get("channel")
        if channel is not None:
            self._room.check_channel(channel)
        found = await asyncio.to_thread(self._room.store.takedowns, channel)
        return _answer({"takedowns": [takedown_values(item, self._room.zone) for item in found]})

    async def _take_down(self, request: web.Request) -> web.Response:
        body = await _json(request)
        values = [text_of(body, name) or "" for name in ("channel", "start", "end", "reason")]
        channel, start, end, reason = values
        found = await asyncio.to_thread(
            self._room.take_down, channel, start, end, reason=reason, act=_act(request)
        )
        return _answer(takedown_values(found, self._room.zone), status=201)

    async def _undo(self, request: web.Request) -> web.Response:
        number = _number(request.match_info["number"], most=2**62)
        found = await asyncio.to_thread(self._room.undo_takedown, number, _act(request))
        return _answer(takedown_values(found, self._room.zone))

    async def _audit(self, request: web.Request) -> web.Response:
        limit = _number(request.query.get("limit", "100"), most=_MAX_LISTED)
        before = request.query.get("before")
        before_id = None if before is None else _number(before, most=2**62)
        found = await asyncio.to_thread(self._room.store.audit, limit=limit, before_id=before_id)
        return _answer({"audit": [audit_values(entry) for entry in found]})


def caller_of(request: web.Request) -> str:
    """Return the name of the operator who sent a request that was admitted."""
    return request[_OPERATOR]


def _act(request: web.Request) -> Act:
    return Act(f"api:{caller_of(request)}", _now_s())


def _now_s() -> int:
    return unix_ns() // 1_000_000_000


def _name(request: web.Request) -> str:
    name = request.match_info["id"]
    if _NAME.fullmatch(name) is None:
        raise FormatError("mã chỉ gồm / an id holds a-z, 0-9, -", code="bad_request")
    return name


def _number(text: str, *, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,19}", text) or not 0 < int(text) <= most:
        raise FormatError(f"cần một số từ 1 đến {most} / a number is wanted", code="bad_request")
    return int(text)


async def _json(request: web.Request) -> Any:
    async with asyncio.timeout(_BODY_S):
        body = await request.read()
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FormatError("thân yêu cầu không phải JSON / no JSON", code="bad_request") from error


async def _read(request: web.Request) -> bytes | None:
    """Return the body, or None once it is longer than a guide may be."""
    data = bytearray()
    async with asyncio.timeout(_BODY_S):
        async for chunk in request.content.iter_chunked(_CHUNK):
            data += chunk
            if len(data) > MAX_BYTES:
                return None
    return bytes(data)


def _declared_too_large(request: web.Request) -> web.Response | None:
    is_large = request.content_length is not None and request.content_length > MAX_BYTES
    return _too_large() if is_large else None


def _too_large() -> web.Response:
    response = _fail(
        413,
        "too_large",
        "tệp lớn hơn 5 MB; chia nhỏ theo ngày / larger than 5 MB; split it by days",
    )
    response.force_close()
    return response


def _fail(status: int, code: str, message: str) -> web.Response:
    return _answer({"error": code, "message": message}, status=status)


def _answer(values: Mapping[str, Any], *, status: int = 200) -> web.Response:
    return web.json_response(
        values,
        status=status,
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
        dumps=lambda found: json.dumps(found, ensure_ascii=False),
    )
