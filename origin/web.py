"""The web app's files, read into memory once: no request ever becomes a path on disk.

They are answered from the response table, so a browser's connections stay on the fast path when
the page is loaded and the media begin.  Browsers ask for Brotli on TLS and on loopback only; it is
what the build packed, since packing well takes seconds.
"""

from __future__ import annotations

import asyncio
import mimetypes
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from aiohttp import web

from core.clock import monotonic_ns
from core.errors import InputError, TimelineError
from origin.documents import document
from origin.link_previews import LinkPreviews
from origin.oembed import TYPES, oembed_answer, page_of_url, render_oembed
from origin.pages import NOT_FOUND, NOT_FOUND_POLICY, PAGES, POLICY, Page, find_page, fixed_pages
from origin.preparation import pack
from origin.prepared import HostForms, Prepared, Resource, ResponseTable, prepare
from origin.previews import Preview, Template, base_of_request, render_head
from origin.sitemap import render_robots, render_sitemap

__all__ = ["DIST", "WebApp", "not_found", "read_files"]

DIST: Final = Path(__file__).resolve().parent.parent / "player_web" / "dist"
"""Where the build of the web app lies, in a checkout and in the installed package alike."""

_IMMUTABLE: Final = "max-age=31536000, immutable"
_FRESH: Final = "no-cache"
_HASHED: Final = re.compile(r"assets/.*-[A-Za-z0-9_-]{8,}\.[a-z0-9]+")
"""A name that changes with the content; the build gives such names in ``assets``."""

_MANIFEST: Final = "/manifest.webmanifest"
_WORKER: Final = "sw.js"
_FAREWELL: Final = "sw-farewell.js"
_WORKER_POLICY: Final = "default-src 'none'; connect-src 'self'"
"""The service worker asks for files of this site, and nothing else."""

_MAIN: Final = "index.html"
_FRAMED: Final = "embed.html"
_EVERY_S: Final = 1.0
_KEPT_NS: Final = 10_000_000_000
"""How long a page that was made for one address is given to others who ask for it."""

_MOST_KEPT: Final = 256
_NUMBER: Final = re.compile(r"[0-9]{1,4}")
_PACKED_SUFFIXES: Final = (".br", ".gz")
_TEXT_TYPES: Final = ("text/", "application/json", "application/manifest", "image/svg")

_NOT_BUILT: Final = """<!doctype html>
<html lang="vi">
<meta charset="utf-8">
<title>Lên sóng</title>
<h1>Trang xem chưa được dựng</h1>
<p>Máy chủ đang chạy, nhưng trang web chưa có. Hãy chạy <code>make web</code> rồi khởi động lại.</p>
<p lang="en">The server runs, but its web page has not been built.
Run <code>make web</code>, then start again.</p>
</html>
"""

_EXTRA_TYPES: Final = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
    ".ico": "image/x-icon",
}


def read_files(folder: Path) -> dict[str, bytes]:
    """Read every file of the build, by its path relative to ``folder``; blocking.

    Links are not followed, so nothing outside the folder is ever served.
    """
    if not folder.is_dir():
        return {}
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


class WebApp:
    """The files and pages in the table, and the pages that are made when they are asked for."""

    def __init__(self, table: ResponseTable, previews: LinkPreviews) -> None:
        """Begin with nothing.

        Args:
            table: Where the responses go.
            previews: What the pages show where their links are shared.
        """
        self._table, self._previews = table, previews
        self._put: set[str] = set()
        self._channels: tuple[str, ...] = ()
        self._base: str | None = None
        self._templates: dict[str, Template] = {}
        self._shown: dict[str, Preview] = {}
        self._made: OrderedDict[tuple[str, str, str | None], tuple[int, Resource]] = OrderedDict()

    def configure(
        self,
        files: Mapping[str, bytes],
        channels: Iterable[str],
        public_url: str | None = None,
        *,
        keep_app: bool = True,
        manifest: bytes = b"",
    ) -> None:
        """Serve these from now on.

        Args:
            files: The build, from :func:`read_files`.
            channels: Slugs; pages of others are there no longer.
            public_url: What whole addresses begin with; None for the name that was asked for.
            keep_app: Browsers keep the app; else they get a service worker that takes it away.
            manifest: The web app manifest; without it the page cannot be installed.
        """
        for path in self._put:
            self._table.remove(path.encode())
        self._put.clear()
        self._shown.clear()
        self._made.clear()
        self._channels, self._base = tuple(channels), public_url
        framed = {page.file for page in PAGES if page.framed}
        for name in files:
            if not name.endswith((*_PACKED_SUFFIXES, _WORKER, _FAREWELL)):
                policy = POLICY.format(framed_by="*" if name in framed else "'self'")
                form = _file(name, files, policy)
                self._keep(f"/{name}", form)
        worker = files.get(_WORKER if keep_app else _FAREWELL)
        if worker is not None:
            self._keep(f"/{_WORKER}", _worker(worker))
        if manifest:
            self._keep(_MANIFEST, _manifest(manifest))
        used = {page.file for page in PAGES} & files.keys()
        self._templates = {name: Template(files[name]) for name in used}
        for path, page, _ in fixed_pages(self._channels):
            if page.file == _MAIN and page.file not in files:
                self._keep(path, _not_built(page))
        for path, made in self._fill(self._due()):
            self._keep(path, made)

    async def run(self) -> None:
        """Keep what the pages say in step with what is on air, for ever.  Cancelling is safe."""
        while True:
            await asyncio.sleep(_EVERY_S)
            await self.refresh()

    async def refresh(self) -> None:
        """Make the pages again that say something else now.  Cancelling is safe."""
        templates, due = self._templates, self._due()
        if due:
            made = await asyncio.to_thread(self._fill, due)
            if templates is self._templates:
                for path, entry in made:
                    self._keep(path, entry)

    def forget(self, _: frozenset[str] = frozenset()) -> None:
        """Make everything again that was made when it was asked for: the guide has changed."""
        self._made.clear()

    def _due(self) -> list[tuple[str, Page, Preview]]:
        """Return the fixed pages that say something else than what is in the table."""
        found = []
        for path, page, slug in fixed_pages(self._channels):
            if page.file in self._templates:
                preview = self._previews.fixed(page, path, slug)
                if self._shown.get(path) != preview:
                    self._shown[path] = preview
                    found.append((path, page, preview))
        return found

    def _fill(
        self, due: Iterable[tuple[str, Page, Preview]]
    ) -> list[tuple[str, Resource | HostForms]]:
        """Make pages; blocks for about 0.06 ms each."""
        if self._base is None:
            return [(path, HostForms()) for path, _, _ in due]
        return [(path, self._page(page, preview, self._base)) for path, page, preview in due]

    def _page(self, page: Page, preview: Preview, base: str | None) -> Resource:
        if _FRAMED not in self._templates:
            preview = replace(preview, embed="")  # nobody is sent where there is nothing
        html = self._templates[page.file].fill(render_head(preview, base))
        return _file(page.file, {page.file: html}, page.policy)

    def _keep(self, path: str, entry: Resource | HostForms) -> None:
        self._table.entries[path.encode()] = entry
        self._put.add(path)

    # What is made when it is asked for

    async def answer(self, request: web.Request, path: str) -> Resource | None:
        """Answer a page that is in no table; see ``origin.http.Answer``."""
        if path in {"/oembed", "/robots.txt", "/sitemap.xml"}:
            base = self._base_of(request)
            if base is None:
                raise InputError("no whole addresses for a request without a plain Host")
            if path == "/oembed":
                return await self._oembed(request, base)
            return self._for_robots(path, base)
        found = find_page(path)
        return None if found is None else await self._page_of(request, path, *found)

    async def _page_of(
        self, request: web.Request, path: str, page: Page, steps: Mapping[str, str]
    ) -> Resource | None:
        known = steps.get("channel", "") in {"", *self._channels}
        if page.file not in self._templates or not known:
            return None
        moments = request.query.getall("t", [])
        moment = moments[0] if len(moments) == 1 and self._previews.moment(moments[0]) else ""
        base = self._base_of(request)
        entry = None if moment else self._table.entries.get(path.encode())
        if isinstance(entry, HostForms):
            made = entry.get(base) or self._page(page, self._shown[path], base)
            entry.put(base, made)
            return made
        if isinstance(entry, Resource):
            return entry
        return await self._made_for(page, steps, moment, path, base)

    async def _made_for(
        self, page: Page, steps: Mapping[str, str], moment: str, path: str, base: str | None
    ) -> Resource:
        key, now_ns, templates = (path, moment, base), monotonic_ns(), self._templates
        until_ns, held = self._made.get(key, (0, None))
        if held is not None and now_ns < until_ns:
            return held
        preview = await self._previews.of(page, steps, moment)
        made = self._page(page, preview, base)
        if templates is self._templates:
            self._made[key] = (now_ns + _KEPT_NS, made)
            if len(self._made) > _MOST_KEPT:
                self._made.popitem(last=False)
        return made

    def _base_of(self, request: web.Request) -> str | None:
        hosts = request.headers.getall("Host", [])
        if self._base is not None or len(hosts) != 1:
            return self._base
        return base_of_request(hosts[0], request.headers.get("X-Forwarded-Proto", ""))

    def _for_robots(self, path: str, base: str) -> Resource:
        if path == "/robots.txt":
            data, kind = render_robots(base), "text/plain; charset=utf-8"
        else:
            listed = [path for path, preview in self._shown.items() if _is_listed(path, preview)]
            data, kind = render_sitemap(base, listed), "application/xml; charset=utf-8"
        return document(data, content_type=kind, cache_control="max-age=300", handler="static")

    async def _oembed(self, request: web.Request, base: str) -> Resource:
        query = request.query
        form = query.get("format", "json")
        if form not in TYPES:
            # oEmbed 1.0, 2.3.3: 501 for a format that the provider does not have.
            return _sentence(501, "json or xml, please")
        if "url" not in query:
            raise InputError("url names no page")
        asked = page_of_url(query["url"], base)
        if asked is None or asked.steps.get("channel", "") not in {"", *self._channels}:
            raise TimelineError("no such page here")
        preview = await self._previews.of(asked.page, asked.steps, asked.moment)
        if not preview.embed or _FRAMED not in self._templates:
            raise TimelineError("no page that can be embedded")
        answer = oembed_answer(
            preview,
            base,
            kind=self._previews.kind(asked.steps),
            max_width=_pixels(query.get("maxwidth", "")),
            max_height=_pixels(query.get("maxheight", "")),
        )
        return document(
            render_oembed(answer, form), content_type=TYPES[form], cache_control="max-age=60"
        )


def _is_listed(path: str, preview: Preview) -> bool:
    # A page that says it is another's has no entry of its own.
    return preview.listed and preview.path == path


def _pixels(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None


def _file(name: str, files: Mapping[str, bytes], policy: str) -> Resource:
    kind = _content_type(name)
    text = kind.startswith(_TEXT_TYPES) or "javascript" in kind
    extra = [("Vary", "Accept-Encoding")] if text else []
    if kind.startswith("text/html"):
        extra += [("Content-Security-Policy", policy), ("Referrer-Policy", "same-origin")]
    form = partial(
        prepare,
        content_type=kind,
        cache_control=_IMMUTABLE if _HASHED.fullmatch(name) else _FRESH,
        handler="static",
        channel="",
    )
    identity = form(files[name], extra=extra)
    gzip = brotli = None
    if text:
        packed = files.get(f"{name}.gz") or pack(files[name])
        gzip = form(packed, extra=[("Content-Encoding", "gzip"), *extra])
    if text and f"{name}.br" in files:
        brotli = form(files[f"{name}.br"], extra=[("Content-Encoding", "br"), *extra])
    return Resource(identity, gzip, brotli)


def _manifest(data: bytes) -> Resource:
    kind = _content_type(_MANIFEST)
    return document(data, content_type=kind, cache_control=_FRESH, handler="static")


def _worker(script: bytes) -> Resource:
    # Browsers ask with every visit whether it changed: mostly, 304 is the answer.
    return document(
        script,
        content_type=_content_type(_WORKER),
        cache_control=_FRESH,
        handler="static",
        extra=(("Content-Security-Policy", _WORKER_POLICY),),
    )


def _not_built(page: Page) -> Resource:
    answer = prepare(
        _NOT_BUILT.encode(),
        status=503,
        content_type="text/html; charset=utf-8",
        cache_control="no-store",
        handler="static",
        channel="",
        extra=(("Retry-After", "60"), ("Content-Security-Policy", page.policy)),
    )
    return Resource(answer)


def _sentence(status: int, text: str) -> Resource:
    answer = prepare(
        f"{text}\n".encode(),
        status=status,
        content_type="text/plain; charset=utf-8",
        cache_control="max-age=4",
        handler="api",
        channel="",
    )
    return Resource(answer)


def not_found() -> Prepared:
    """Return what a browser is shown at an address that is nobody's."""
    return prepare(
        NOT_FOUND,
        status=404,
        content_type="text/html; charset=utf-8",
        cache_control="max-age=4",
        handler="static",
        channel="",
        extra=(("Vary", "Accept"), ("Content-Security-Policy", NOT_FOUND_POLICY)),
    )


def _content_type(name: str) -> str:
    suffix = Path(name).suffix
    kind = _EXTRA_TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
