"""Public clips and podcasts: files that the control room made, served with their rights of now.

Neither is on the fast path: a clip is read from disk in pieces, in threads, as its client takes it.
The id in a path is compared with the records' and never becomes a path itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from multidict import CIMultiDict

from core.clip_files import ClipFolder
from core.clip_records import (
    DONE,
    ClipRecord,
    access_to_record,
    disposition_of,
    episode_id,
)
from core.clip_settings import PodcastSettings
from core.clock import monotonic_ns, unix_ns
from core.config import Settings
from core.podcast import PODCAST_TYPE, Station, render_feed
from core.rights import Access
from origin.clip_lists import clip_item, podcast_item
from origin.documents import json_document, kept_for, still_has
from origin.guide import Guide
from origin.m3u import base_of_host
from origin.prepared import (
    CORS_HEADERS,
    Resource,
    accepts_gzip,
    not_modified,
    response_headers,
)
from origin.tally import Tally

__all__ = ["ClipSite"]

_CLIP: Final = "/clips/{id:[a-z0-9-]{1,80}}.{suffix:mp4|m4a}"
_EPISODE: Final = "/podcast/{series:[a-z0-9-]{1,64}}/{programme:[a-z0-9-]{1,64}}.m4a"
_FEED: Final = "/podcast/{series:[a-z0-9-]{1,64}}.xml"
_PODCASTS_JSON: Final = "/api/v1/podcasts.json"
_CLIPS_JSON: Final = "/api/v1/clips.json"
_CLIP_JSON: Final = "/api/v1/clips/{id:[a-z0-9-]{1,80}}.json"
_MEDIA_CACHE: Final = "max-age=3600"
"""As of all media: what is taken down is out of the caches within an hour."""

_FEED_CACHE: Final = "max-age=60"
_LIST_CACHE: Final = kept_for(60)
_LIST_HELD_NS: Final = 5_000_000_000
"""So long a list that was made is given to all who ask."""

_MOST_LISTED: Final = 200
"""Clips that the list names, the newest."""

_CHUNK: Final = 256 * 1024


class _CountedFile(web.FileResponse):
    """A file that is counted when it was sent, be that whole, a range, or not at all."""

    def __init__(self, path: Path, headers: CIMultiDict[str], tally: Tally, channel: str) -> None:
        super().__init__(path, chunk_size=_CHUNK, headers=headers)
        self._tally, self._channel = tally, channel

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        started_ns = monotonic_ns()
        writer = await super().prepare(request)
        length = 0 if request.method == "HEAD" else self.content_length or 0
        taken_ns = monotonic_ns() - started_ns
        self._tally.answered("clip", self._channel, self.status, length, taken_ns)
        return writer


class ClipSite:
    """The handlers, and what they know of clips and rights."""

    def __init__(self, settings: Settings, guide: Guide, tally: Tally) -> None:
        """Prepare; nothing is read before the first request.

        Args:
            settings: The installation.
            guide: What the rights are taken from.
            tally: Counts the answers.
        """
        self._settings, self._guide, self._tally = settings, guide, tally
        self._folder = ClipFolder(settings.clips_dir)
        self._reading = asyncio.Lock()
        self._lists: dict[str, tuple[int, Resource]] = {}

    def configure(self, settings: Settings) -> None:
        """Serve by these settings from now on."""
        self._settings = settings
        self._lists.clear()

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes; they go before the one that takes every path."""
        for path, handler in (
            (_CLIP, self._clip),
            (_EPISODE, self._episode),
            (_FEED, self._feed),
            (_PODCASTS_JSON, self._podcasts_json),
            (_CLIPS_JSON, self._clips_json),
            (_CLIP_JSON, self._clip_json),
        ):
            router.add_route("GET", path, handler)
            router.add_route("HEAD", path, handler)

    async def shown(self, clip_id: str) -> ClipRecord | None:
        """Return a clip that is public and may be shown now; None for all others."""
        found = next((item for item in await self._records() if item.id == clip_id), None)
        if found is None or found.programme or found.state != DONE or not found.public:
            return None
        return found if self._access(found) is Access.OPEN else None

    async def _clip(self, request: web.Request) -> web.StreamResponse:
        clip_id, suffix = request.match_info["id"], f".{request.match_info['suffix']}"
        found = next((item for item in await self._records() if item.id == clip_id), None)
        if found is None or found.suffix != suffix or found.programme:
            return self._missing("clip")
        return await self._send(found)

    async def _episode(self, request: web.Request) -> web.StreamResponse:
        clip_id, series = episode_id(request.match_info["programme"]), request.match_info["series"]
        found = next((item for item in await self._records() if item.id == clip_id), None)
        if found is None or found.series != series or self._podcast(series) is None:
            return self._missing("clip")
        return await self._send(found)

    async def _send(self, record: ClipRecord) -> web.StreamResponse:
        if record.state != DONE or not record.public:
            return self._missing("clip")
        match self._access(record):
            case Access.TAKEN_DOWN:
                return self._missing("clip")
            case Access.REFUSED:
                return self._fail(403, "đoạn này không được phát lại / not to be shown again")
            case Access.OPEN:
                pass
        path = self._folder.media(record)
        if not await asyncio.to_thread(path.is_file):
            return self._missing("clip")
        headers = CIMultiDict(
            (
                ("Content-Type", record.content_type),
                ("Content-Disposition", disposition_of(record)),
                ("Cache-Control", _MEDIA_CACHE),
                *CORS_HEADERS,
                ("X-Content-Type-Options", "nosniff"),
                ("Server", "Lensong"),
            )
        )
        return _CountedFile(path, headers, self._tally, record.channel)

    async def _podcasts_json(self, request: web.Request) -> web.Response:
        def render(records: list[ClipRecord]) -> Resource:
            station = self._settings.station.name
            told = [
                podcast_item(item, station, self._episodes(item, records))
                for item in self._settings.podcasts
            ]
            return json_document({"podcasts": told}, cache_control=_LIST_CACHE)

        return self._give(request, await self._made("podcasts", render))

    async def _clips_json(self, request: web.Request) -> web.Response:
        def render(records: list[ClipRecord]) -> Resource:
            shown = [
                item
                for item in records
                if item.listed and not item.programme and self._is_open(item)
            ]
            told = [clip_item(item) for item in shown[:_MOST_LISTED]]
            return json_document({"clips": told}, cache_control=_LIST_CACHE)

        return self._give(request, await self._made("clips", render))

    async def _clip_json(self, request: web.Request) -> web.Response:
        clip_id = request.match_info["id"]
        found = next((item for item in await self._records() if item.id == clip_id), None)
        if found is None or found.programme or not self._is_open(found):
            return self._missing("clip")
        made = json_document(clip_item(found), cache_control=kept_for(10))
        return self._give(request, made)

    async def _made(self, name: str, render: Callable[[list[ClipRecord]], Resource]) -> Resource:
        """Return a list, made anew every few seconds; a long guide takes its time: in a thread."""
        held = self._lists.get(name)
        now_ns = monotonic_ns()
        if held is not None and now_ns - held[0] < _LIST_HELD_NS:
            return held[1]
        made = await asyncio.to_thread(render, await self._records())
        self._lists[name] = (now_ns, made)
        return made

    def _give(self, request: web.Request, made: Resource) -> web.Response:
        gzip = accepts_gzip(",".join(request.headers.getall("Accept-Encoding", ())))
        prepared = made.choose(gzip=gzip)
        if still_has(prepared, ",".join(request.headers.getall("If-None-Match", ()))):
            prepared = not_modified(prepared)
        body = b"".join(prepared.body)
        self._tally.answered("clip", "", prepared.status, len(body), 0)
        return web.Response(
            status=prepared.status, headers=CIMultiDict(prepared.headers), body=body
        )

    async def _feed(self, request: web.Request) -> web.Response:
        podcast = self._podcast(request.match_info["series"])
        if podcast is None:
            return self._missing("clip")
        base = self._base(request)
        if base is None:
            return self._fail(400, "Host không đúng / a wrong Host")
        records = await self._records()
        body = await asyncio.to_thread(self._render, podcast, base, records)
        headers = response_headers(PODCAST_TYPE, len(body), _FEED_CACHE)
        self._tally.answered("clip", "", 200, len(body), 0)
        return web.Response(body=body, headers=CIMultiDict(headers))

    def _render(self, podcast: PodcastSettings, base: str, records: list[ClipRecord]) -> bytes:
        """Write a feed of what may be heard; a long guide takes its time, so use a thread."""
        episodes = self._episodes(podcast, records)
        station = Station(self._settings.station.name, base, self._language(episodes))
        return render_feed(podcast, station, episodes)

    def _episodes(self, podcast: PodcastSettings, records: list[ClipRecord]) -> list[ClipRecord]:
        """Return the episodes that may be heard, the newest first."""
        found = [item for item in records if item.series == podcast.series and self._is_open(item)]
        found.sort(key=lambda item: item.start_ns, reverse=True)
        return found[: podcast.keep_episodes]

    def _is_open(self, record: ClipRecord) -> bool:
        is_there = record.state == DONE and record.public
        return is_there and self._access(record) is Access.OPEN

    def _podcast(self, series: str) -> PodcastSettings | None:
        found = (item for item in self._settings.podcasts if item.series == series)
        return next(found, None)

    def _language(self, episodes: list[ClipRecord]) -> str:
        slugs = {item.channel for item in episodes[:1]}
        found = [item for item in self._settings.channels if item.slug in slugs]
        radio = [item for item in self._settings.channels if item.kind == "radio"]
        return next((item.language for item in (*found, *radio)), "vi")

    def _base(self, request: web.Request) -> str | None:
        """Return scheme and host of whole addresses; None if the request's Host is none."""
        hosts = request.headers.getall("Host", [])
        host = base_of_host(hosts[0]) if len(hosts) == 1 else None
        return self._settings.station.public_url or host

    def _access(self, record: ClipRecord) -> Access:
        snapshot = self._guide.snapshot(record.channel)
        return access_to_record(record, snapshot, now_s=unix_ns() // 1_000_000_000)

    async def _records(self) -> list[ClipRecord]:
        """Read the records that changed; one request at a time reads."""
        async with self._reading:
            return await asyncio.to_thread(self._folder.records)

    def _missing(self, handler: str) -> web.Response:
        return self._fail(404, "không có ở đây / no such thing here", handler)

    def _fail(self, status: int, sentence: str, handler: str = "clip") -> web.Response:
        body = f"{sentence}\n".encode()
        headers = response_headers("text/plain; charset=utf-8", len(body), "no-store")
        self._tally.answered(handler, "", status, len(body), 0)
        return web.Response(status=status, body=body, headers=CIMultiDict(headers))
