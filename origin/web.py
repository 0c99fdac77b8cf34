"""The web app's files, read into memory once: no request ever becomes a path on disk.

They are answered from the response table, so a browser's connections stay on the fast path when
the page is loaded and the media begin.  Browsers ask for Brotli on TLS and on loopback only; it is
what the build packed, since packing well takes seconds.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from aiohttp import web

from origin.pages import NOT_FOUND, NOT_FOUND_POLICY, PAGES, POLICY, Page, find_page, fixed_pages
from origin.preparation import pack
from origin.prepared import Prepared, Resource, ResponseTable, prepare

__all__ = ["DIST", "WebApp", "not_found", "read_files"]

DIST: Final = Path(__file__).resolve().parent.parent / "player_web" / "dist"
"""Where the build of the web app lies, in a checkout and in the installed package alike."""

_IMMUTABLE: Final = "max-age=31536000, immutable"
_FRESH: Final = "no-cache"
_HASHED: Final = re.compile(r"assets/.*-[A-Za-z0-9_-]{8,}\.[a-z0-9]+")
"""A name that changes with the content; the build gives such names in ``assets``."""

_MAIN: Final = "index.html"
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
    """The files and pages in the table, and the pages that are in none."""

    def __init__(self, table: ResponseTable) -> None:
        """Begin with nothing.

        Args:
            table: Where the responses go.
        """
        self._table = table
        self._put: set[str] = set()
        self._channels: frozenset[str] = frozenset()

    def configure(self, files: Mapping[str, bytes], channels: Iterable[str]) -> None:
        """Serve these from now on.

        Args:
            files: The build, from :func:`read_files`.
            channels: Slugs; pages of others are there no longer.
        """
        for path in self._put:
            self._table.remove(path.encode())
        self._put.clear()
        self._channels = frozenset(channels)
        framed = {page.file for page in PAGES if page.framed}
        for name in files:
            if not name.endswith(_PACKED_SUFFIXES):
                policy = POLICY.format(framed_by="*" if name in framed else "'self'")
                self._put_file(f"/{name}", name, files, policy)
        for path, page in fixed_pages(self._channels):
            if page.file in files:
                self._put_file(path, page.file, files, page.policy)
            elif page.file == _MAIN:
                self._put_not_built(path, page)

    async def answer(self, _: web.Request, path: str) -> Resource | None:
        """Answer a page that is in no table; see ``origin.http.Answer``."""
        return self.page_at(path)

    def page_at(self, path: str) -> Resource | None:
        """Return the page of a programme, a clip and the like; None for what is no page."""
        found = find_page(path)
        if found is None or found[1].get("channel", "") not in {"", *self._channels}:
            return None
        entry = self._table.entries.get(f"/{found[0].file}".encode())
        return entry if isinstance(entry, Resource) else None

    def _put_file(self, address: str, name: str, files: Mapping[str, bytes], policy: str) -> None:
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
        self._table.put(address.encode(), identity, gzip, brotli)
        self._put.add(address)

    def _put_not_built(self, address: str, page: Page) -> None:
        answer = prepare(
            _NOT_BUILT.encode(),
            status=503,
            content_type="text/html; charset=utf-8",
            cache_control="no-store",
            handler="static",
            channel="",
            extra=(("Retry-After", "60"), ("Content-Security-Policy", page.policy)),
        )
        self._table.put(address.encode(), answer)
        self._put.add(address)


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
