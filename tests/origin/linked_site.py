"""The web app's pages over a real server: guide, pictures and archive as in an installation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession

from core.archive import thumbnail_key
from core.archive_open import open_archive
from core.clip_records import ClipRecord
from core.clock import unix_ns
from core.config import Settings, parse_settings
from core.guide import GuideSnapshot, Programme, Takedown
from core.guide_files import write_guide
from core.publication import ChannelState, SnapshotEnd, ThumbnailPublished
from core.timeline import msn_at
from origin.archive import ArchiveReader
from origin.archived_media import ArchivedMedia
from origin.connections import Connections, Limits
from origin.fastpath import FastPath, PublicServer
from origin.guide import Guide
from origin.http import Past, Site, create_app
from origin.link_previews import LinkPreviews, Sources
from origin.preparation import Preparation
from origin.prepared import ResponseTable
from origin.previews import Picture
from origin.recordings import Recordings
from origin.tally import Tally
from origin.told import ToldHours
from origin.web import WebApp
from tests.origin.broadcast import Broadcast

__all__ = ["FILES", "JPEG", "Head", "LinkedSite", "linked_site", "now_s", "programme"]

FILES: Final = {
    "index.html": b'<!doctype html><html lang="vi"><head><meta charset="utf-8">\n'
    b'    <meta name="description" content="of the build">\n'
    b"    <title>of the build</title>\n"
    b'    <script type="module" src="/assets/app-Bx3kT9qZ.js"></script></head>'
    b"<body><lensong-app></lensong-app></body></html>",
    "embed.html": b"<!doctype html><html><head><title>e</title></head><body></body></html>",
    "assets/app-Bx3kT9qZ.js": b"export {};",
}
JPEG: Final = (
    b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08\x00\xd8\x01\x80" + bytes(12) + b"\xff\xd9"
)
"""As much of a picture of 384 x 216 as tells its size."""


def now_s() -> int:
    return unix_ns() // 1_000_000_000


def programme(name: str, start_s: int, end_s: int, **more: Any) -> Programme:
    values: dict[str, Any] = {"title": "Thời sự", "start_s": start_s, "end_s": end_s}
    return Programme(id=name, **{"channel": "hytv"} | values | more)


class Head(HTMLParser):
    """What a reader of previews takes from a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.title, self.meta, self.links, self.elements = "", {}, {}, list[str]()  # type: ignore[var-annotated]
        self._in_title = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element and what it says."""
        self.elements.append(tag)
        found = dict(attrs)
        self._in_title = tag == "title"
        if tag == "meta":
            name = found.get("property") or found.get("name") or "charset"
            assert name not in self.meta, f"{name} twice"
            self.meta[name] = found.get("content")
        if tag == "link":
            self.links[found.get("rel"), found.get("type")] = found.get("href")

    def handle_endtag(self, tag: str) -> None:
        """Note the end of the title."""
        self._in_title &= tag != "title"

    def handle_data(self, data: str) -> None:
        """Collect the title."""
        if self._in_title:
            self.title += data


@dataclass
class LinkedSite:
    """The site under test, and what it is told."""

    settings: Settings
    folder: Path
    table: ResponseTable
    preparation: Preparation
    guide: Guide
    web: WebApp
    fast: FastPath
    site: str
    session: ClientSession
    clips: dict[str, ClipRecord] = field(default_factory=dict)

    async def get(self, path: str, **headers: str) -> tuple[int, Mapping[str, str], str]:
        """Return status, headers and text."""
        async with self.session.get(f"{self.site}{path}", headers=headers) as answer:
            return answer.status, answer.headers, await answer.text(errors="replace")

    async def head(self, path: str, **headers: str) -> Head:
        """Return what the page at a path says of itself."""
        status, _, text = await self.get(path, **headers)
        assert status == 200, text
        return Head(text)

    async def tell_guide(
        self, *items: Programme, channel: str = "hytv", takedowns: tuple[Takedown, ...] = ()
    ) -> None:
        """Write the guide as the control room does, and have it read now."""
        snapshot = GuideSnapshot(channel=channel, programmes=items, takedowns=takedowns)
        await asyncio.to_thread(write_guide, self.folder / "guide", snapshot)
        await self.guide.refresh()
        await self.web.refresh()

    async def tell_song(self, title: str) -> None:
        """Change the radio's song."""
        state = ChannelState(channel="hyfm", on_air="studio", title=title, since_ns=unix_ns())
        self.preparation.apply(state, stored_ns=0)
        await self.web.refresh()

    def show(self, moments_s: Iterable[int]) -> None:
        """Have pictures of these moments in the live window."""
        for moment_s in moments_s:
            msn = msn_at(moment_s * 1_000_000_000)  # type: ignore[arg-type]
            fact = ThumbnailPublished(channel="hytv", msn=msn, data=JPEG)
            self.preparation.apply(fact, stored_ns=0)

    async def archive(self, moment_s: int) -> int:
        """Write the picture of a moment to the archive, and return its number."""
        msn = msn_at(moment_s * 1_000_000_000)  # type: ignore[arg-type]
        store = await asyncio.to_thread(open_archive, self.settings)
        await store.put(thumbnail_key("hytv", msn), [JPEG])
        store.close()
        return msn


def _settings(folder: Path, public_url: str, name: str) -> Settings:
    line = f'public_url = "{public_url}"' if public_url else ""
    return parse_settings(
        f"""
        [station]
        name = "Đài Hưng Yên"
        {line}
        [paths]
        run_dir = "{folder}"
        data_dir = "{folder}"
        [network]
        http_host = "127.0.0.1"
        [[channels]]
        slug = "hytv"
        name = '{name}'
        kind = "tv"
        ladder = "360p"
        [[channels]]
        slug = "hyfm"
        name = "Phát thanh Hưng Yên"
        kind = "radio"
        """,
        name="s",
    )


@asynccontextmanager
async def linked_site(
    folder: Path, *, public_url: str = "https://xem.vn", name: str = "Truyền hình Hưng Yên"
) -> AsyncIterator[LinkedSite]:
    """Serve meanwhile; without ``public_url`` by the name that is asked for."""
    settings = _settings(folder, public_url, name)
    slugs = [channel.slug for channel in settings.channels]
    table = ResponseTable(max_held=10)
    preparation = Preparation(table, settings.channels)
    tally = Tally(tuple(slugs), table)
    guide = Guide(settings.guide_dir, slugs)
    store = await asyncio.to_thread(open_archive, settings)
    reader = ArchiveReader(store, ToldHours(), media_bytes=1_000_000)
    media = ArchivedMedia(reader, guide, settings.channels, now=unix_ns)
    clips: dict[str, ClipRecord] = {}

    async def clip(name: str) -> ClipRecord | None:
        return clips.get(name)

    def logo(slug: str) -> Picture:
        # The television's is a file, the radio's is drawn.
        drawn = Picture(f"/logo/{slug}.svg")
        return drawn if slug == "hyfm" else Picture(f"/logo/{slug}.png", 512, 512)

    sources = Sources(guide, preparation.window, logo, media.picture, clip)
    app = WebApp(table, LinkPreviews(settings, sources))
    guide.listen(app.forget)
    lists = Recordings(preparation, reader, guide, settings.channels, now=unix_ns)
    site = Site(preparation, tally, [app.answer], Past(lists, media))
    fast = FastPath(
        table=table, tally=tally, connections=Connections(Limits(header_s=8, idle_s=60))
    )
    server = PublicServer(create_app(site), fast, host="127.0.0.1", port=0)
    await guide.refresh()
    preparation.begin_snapshot()
    tv = Broadcast(settings.channels[0])
    newest = msn_at(unix_ns()) - 1
    for fact in (*tv.headers(), *tv.segments(newest - 9, newest), SnapshotEnd()):
        preparation.apply(fact, stored_ns=0)
    app.configure(FILES, slugs, public_url or None)
    async with ClientSession() as session, asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(server.run())
        await server.listening.wait()
        address = f"http://127.0.0.1:{server.port}"
        yield LinkedSite(
            settings, folder, table, preparation, guide, app, fast, address, session, clips
        )
        serving.cancel()
    store.close()
