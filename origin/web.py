"""The web app's files, read into memory once: no request ever becomes a path on disk.

They are answered from the response table, so a browser's connections stay on the fast path when
the page is loaded and the media begin.  That path knows gzip alone, so the Brotli files that the
build makes are for an edge in front.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from origin.preparation import pack
from origin.prepared import Resource, ResponseTable, prepare

__all__ = ["DIST", "page_at", "put_pages", "read_files"]

DIST: Final = Path(__file__).resolve().parent.parent / "player_web" / "dist"
"""Where the build of the web app lies, in a checkout and in the installed package alike."""

_IMMUTABLE: Final = "max-age=31536000, immutable"
_FRESH: Final = "no-cache"
_HASHED: Final = re.compile(r"assets/.*-[A-Za-z0-9_-]{8,}\.[a-z0-9]+")
"""A name that changes with the content; the build gives such names in ``assets``."""

_PROGRAMME_PAGE: Final = re.compile(r"(/(?:xem|nghe)/[a-z0-9-]{1,32})/[a-z0-9-]{1,64}")
"""The address of a programme on a channel: any that could be one, the page itself says if it is."""

_PACKED_SUFFIXES: Final = (".br", ".gz")
_TEXT_TYPES: Final = ("text/", "application/json", "application/manifest", "image/svg")

_POLICY: Final = (
    "default-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'; object-src 'none'"
)

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


def put_pages(table: ResponseTable, files: Mapping[str, bytes], channels: Iterable[str]) -> None:
    """Prepare the web app: its files, and the page at each address that it knows.

    Args:
        table: Where the responses go.
        files: The build, from :func:`read_files`.
        channels: Slugs, for ``/xem/{channel}`` and ``/nghe/{channel}``.
    """
    for path in [path for path in table.entries if path.startswith((b"/xem/", b"/nghe/"))]:
        table.remove(path)
    for name, data in files.items():
        if not name.endswith(_PACKED_SUFFIXES):
            _put_file(table, f"/{name}", name, data, files.get(f"{name}.gz"))
    pages = ["/", *(f"/{word}/{slug}" for slug in channels for word in ("xem", "nghe"))]
    for page in pages:
        if "index.html" in files:
            _put_file(table, page, "index.html", files["index.html"], files.get("index.html.gz"))
        else:
            _put_not_built(table, page)


def page_at(table: ResponseTable, path: str) -> Resource | None:
    """Return the page for a programme's address; None for other paths, and for unknown channels."""
    match = _PROGRAMME_PAGE.fullmatch(path)
    found = None if match is None else table.entries.get(match[1].encode())
    return found if isinstance(found, Resource) else None


def _put_file(
    table: ResponseTable, address: str, name: str, data: bytes, packed: bytes | None
) -> None:
    kind = _content_type(name)
    text = kind.startswith(_TEXT_TYPES) or "javascript" in kind
    extra = [("Vary", "Accept-Encoding")] if text else []
    if kind.startswith("text/html"):
        extra += [("Content-Security-Policy", _POLICY), ("Referrer-Policy", "same-origin")]
    form = partial(
        prepare,
        content_type=kind,
        cache_control=_IMMUTABLE if _HASHED.fullmatch(name) else _FRESH,
        handler="static",
        channel="",
    )
    identity = form(data, extra=extra)
    if not text:
        table.put(address.encode(), identity)
        return
    body = pack(data) if packed is None else packed
    table.put(address.encode(), identity, form(body, extra=[("Content-Encoding", "gzip"), *extra]))


def _put_not_built(table: ResponseTable, address: str) -> None:
    page = prepare(
        _NOT_BUILT.encode(),
        status=503,
        content_type="text/html; charset=utf-8",
        cache_control="no-store",
        handler="static",
        channel="",
        extra=(("Retry-After", "60"), ("Content-Security-Policy", _POLICY)),
    )
    table.put(address.encode(), page)


def _content_type(name: str) -> str:
    suffix = Path(name).suffix
    kind = _EXTRA_TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
