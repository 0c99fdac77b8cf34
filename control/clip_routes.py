"""The clips on the operators' API: order, list, watch, publish, download, delete.

``POST /api/v1/clips`` answers 202 with the record; ``GET /api/v1/clips/{id}`` tells its progress;
``GET /api/v1/clips/{id}/media`` is the file.  Who may call is decided before.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from aiohttp import web

from control.clip_jobs import ClipJobs
from core.clip import ClipError
from core.clip_records import DONE, ClipRecord, access_to_record, disposition_of
from core.clock import unix_ns
from core.errors import ConfigError, FormatError
from core.moments import local_time, parse_moment
from core.rights import Access

__all__ = ["CLIP_STATUS", "Audit", "ClipRoutes"]

CLIP_STATUS: Final = {
    "clip_span": 400,
    "clip_empty": 404,
    "clip_header_changed": 409,
    "clip_space": 507,
    "unknown_channel": 404,
    "unknown_clip": 404,
    "bad_request": 400,
}
"""By an error's code, where :func:`core.errors.http_status` does not fit."""

Audit: TypeAlias = Callable[[str, str, str, Any], Awaitable[None]]
"""Called with (who, action, subject, what it became) before the act is done."""

_MAX_LISTED: Final = 500
_FIELDS: Final = frozenset(
    (
        *("channel", "start", "end", "rendition", "title", "description"),
        *("public", "listed", "force", "reason"),
    )
)


class ClipRoutes:
    """The handlers."""

    def __init__(
        self, jobs: ClipJobs, audit: Audit, operator: Callable[[web.Request], str]
    ) -> None:
        """Prepare.

        Args:
            jobs: Makes the clips.
            audit: Writes down who did what.
            operator: Tells who sent a request that was admitted.
        """
        self._jobs, self._audit, self._operator = jobs, audit, operator

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes to an application's router."""
        router.add_route("POST", "/api/v1/clips", self._order)
        router.add_route("GET", "/api/v1/clips", self._list)
        router.add_route("GET", "/api/v1/clips/{id}", self._show)
        router.add_route("PATCH", "/api/v1/clips/{id}", self._change)
        router.add_route("DELETE", "/api/v1/clips/{id}", self._delete)
        router.add_route("GET", "/api/v1/clips/{id}/media", self._media)

    async def _order(self, request: web.Request) -> web.Response:
        body = await _body(request)
        unknown = sorted(set(body) - _FIELDS)
        if unknown:
            raise FormatError(f"không có mục / no such field: {unknown[0]}", code="bad_request")
        zone, now = self._jobs.zone, unix_ns()
        force = _flag(body, "force")
        reason = _text(body, "reason")
        if force and not reason:
            raise FormatError("force cần reason / force needs a reason", code="bad_request")
        who = self._operator(request)
        channel = _text(body, "channel")
        start, end = (parse_moment(_text(body, name), zone, now) for name in ("start", "end"))
        try:
            record = await self._jobs.order(
                channel=channel,
                start=start,
                end=end,
                by=f"api:{who}",
                rendition=_text(body, "rendition") or None,
                title=_text(body, "title"),
                description=_text(body, "description"),
                public=_flag(body, "public"),
                listed=_flag(body, "listed"),
                reason=reason if force else "",
            )
        except ConfigError as error:
            raise ClipError(str(error), code="unknown_channel") from error
        await self._audit(f"api:{who}", "clip.order", record.id, self._values(record))
        return _answer(self._values(record), status=202)

    async def _list(self, request: web.Request) -> web.Response:
        channel, state = request.query.get("channel"), request.query.get("state")
        found = [
            self._values(record)
            for record in await self._jobs.listed()
            if channel in {None, record.channel} and state in {None, record.state}
        ]
        return _answer({"clips": found[:_MAX_LISTED], "count": len(found)})

    async def _show(self, request: web.Request) -> web.Response:
        return _answer(self._values(await self._find(request)))

    async def _change(self, request: web.Request) -> web.Response:
        body = await _body(request)
        if not body or not set(body) <= {"public", "listed"}:
            raise FormatError(
                "chỉ đổi được / only these change: public, listed", code="bad_request"
            )
        record = await self._find(request)
        changes = {name: _flag(body, name) for name in body}
        await self._audit(f"api:{self._operator(request)}", "clip.change", record.id, changes)
        changed = await self._jobs.change(record.id, **changes)
        return _answer(self._values(changed or record))

    async def _delete(self, request: web.Request) -> web.Response:
        record = await self._find(request)
        await self._audit(f"api:{self._operator(request)}", "clip.delete", record.id, None)
        await self._jobs.remove(record.id)
        return _answer(self._values(record))

    async def _media(self, request: web.Request) -> web.StreamResponse:
        """Send the file: aiohttp reads it in pieces, in threads, and knows ranges."""
        record = await self._find(request)
        snapshot = await self._jobs.snapshot(record.channel)
        access = access_to_record(record, snapshot, now_s=unix_ns() // 1_000_000_000)
        if record.state != DONE or (access is not Access.OPEN and not record.forced):
            raise ClipError("clip này không có tệp / there is no file", code="unknown_clip")
        headers = {
            "Content-Type": record.content_type,
            "Content-Disposition": disposition_of(record),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        return web.FileResponse(self._jobs.path(record), headers=headers)

    async def _find(self, request: web.Request) -> ClipRecord:
        record = await self._jobs.find(request.match_info["id"])
        if record is None:
            raise ClipError("không có clip này / there is no such clip", code="unknown_clip")
        return record

    def _values(self, record: ClipRecord) -> dict[str, Any]:
        zone = self._jobs.zone
        values: dict[str, Any] = {
            "id": record.id,
            "channel": record.channel,
            "start": local_time(record.start_ns, zone),
            "end": local_time(record.end_ns, zone),
            "rendition": record.rendition,
            "title": record.title,
            "description": record.description,
            "public": record.public,
            "listed": record.listed,
            "by": record.by,
            "asked": local_time(record.asked_s * 1_000_000_000, zone),
            "state": record.state,
            "progress": record.progress,
            "note": record.note,
            "failure": record.failure,
            "forced": record.forced,
            "size_bytes": record.size_bytes,
            "duration_s": record.duration_s,
            "holes": [
                {"rendition": name, "first": first, "last": last, "reason": reason}
                for name, first, last, reason in record.holes
            ],
            "media": f"/api/v1/clips/{record.id}/media" if record.state == DONE else None,
            "public_path": None,
        }
        if record.state == DONE and record.public:
            values["public_path"] = f"/clips/{record.id}{record.suffix}"
        return values


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError) as error:
        raise FormatError("thân yêu cầu không phải JSON / no JSON", code="bad_request") from error
    if not isinstance(body, dict):
        raise FormatError("cần một đối tượng JSON / a JSON object is wanted", code="bad_request")
    return body


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name, "")
    if isinstance(value, int | float) and name in {"start", "end"}:
        return f"{value:.9f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    if not isinstance(value, str):
        raise FormatError(f"{name} phải là chữ / must be text", code="bad_request")
    return value


def _flag(body: dict[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise FormatError(f"{name} phải là true hay false / must be a boolean", code="bad_request")
    return value


def _answer(values: dict[str, Any], *, status: int = 200) -> web.Response:
    return web.json_response(
        values,
        status=status,
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
        dumps=lambda found: json.dumps(found, ensure_ascii=False),
    )
