"""origin.web: the web app's files and pages."""

from __future__ import annotations

import base64
import gzip
import hashlib
from pathlib import Path

import pytest

from origin.documents import still_has
from origin.guide import Guide
from origin.link_previews import LinkPreviews, Sources
from origin.pages import PAGES, find_page
from origin.preparation import Preparation
from origin.prepared import Prepared, Resource, ResponseTable
from origin.previews import Picture
from origin.web import WebApp, not_found, read_files
from tests.origin.broadcast import make_settings

FILES = {
    "index.html": b"<!doctype html><title>x</title>",
    "index.html.gz": gzip.compress(b"<!doctype html><title>x</title>"),
    "index.html.br": b"br",
    "assets/app-Bx3kT9qZ.js": b"export {};",
    "assets/logo-Q1w2E3r4.png": b"png",
    "favicon.svg": b"<svg/>",
}


async def _no_picture(*_: object) -> None:
    return None


def web_app(table: ResponseTable) -> WebApp:
    settings = make_settings()
    preparation = Preparation(ResponseTable(max_held=1), settings.channels)
    guide = Guide(Path("/nowhere"), [])

    def logo(_: str) -> Picture:
        return Picture("/logo/x.png")

    sources = Sources(guide, preparation.window, logo, _no_picture, _no_picture)
    return WebApp(table, LinkPreviews(settings, sources))


def served(files: dict[str, bytes]) -> ResponseTable:
    table = ResponseTable(max_held=1)
    web_app(table).configure(files, ["hytv"], "https://xem.vn")
    return table


def answer(table: ResponseTable, path: str, *, accepts_gzip: bool = False) -> Prepared:
    found = table.get(path.encode(), gzip=accepts_gzip)
    assert found is not None, path
    return found


def test_the_page_is_at_every_address_that_it_knows() -> None:
    table = served(FILES)
    for path in ("/", "/index.html", "/xem/hytv", "/nghe/hytv"):
        page = answer(table, path)
        body = b"".join(page.body)
        assert body.startswith(b"<!doctype html><title>")
        assert (b"og:title" in body) == (path != "/index.html")
        headers = dict(page.headers)
        assert headers["Content-Type"] == "text/html; charset=utf-8"
        assert headers["Cache-Control"] == "no-cache"
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self'; media-src 'self' blob:; ")
        assert "unsafe" not in policy
    assert table.get(b"/xem/other", gzip=False) is None


def test_addresses_are_recognised_by_their_form() -> None:
    for path in ("/xem/hytv/p-2026-1900", "/nghe/hytv/9", "/clip/a-1", "/lich/hytv/2026-11-24"):
        found = find_page(path)
        assert found is not None, path
        assert found[0].file == "index.html"
    for path in (
        "/xem/hytv/a/b",
        "/xem/hytv/../x",
        "/xem/hytv/<b>",
        "/xem/hytv/",
        "/lich/hytv/today",
        "/clip/",
        "/clip/A",
        "//",
    ):
        assert find_page(path) is None, path


@pytest.mark.parametrize("path", ["/lich", "/lich/hytv", "/tim", "/nghe-lai", "/cai-dat"])
def test_pages_without_free_steps_are_prepared(path: str) -> None:
    assert b"".join(answer(served(FILES), path).body).startswith(b"<!doctype html><title>")


def test_the_tv_view_is_a_file_of_its_own_and_absent_where_it_was_not_built() -> None:
    built = served(FILES | {"tv.html": b"<!doctype html><title>x</title>tv"})
    for path in ("/tv", "/tv/hytv"):
        assert b"".join(answer(built, path).body).endswith(b">tv")
        assert served(FILES).get(path.encode(), gzip=False) is None


def test_none_but_the_embedded_page_may_stand_in_frames_of_others() -> None:
    files = dict.fromkeys(("index.html", "tv.html", "embed.html"), b"<!doctype html>")
    table = served(files)
    for path, entry in table.entries.items():
        kept = dict(entry.identity.headers)["Content-Security-Policy"]  # type: ignore[union-attr]
        ancestors = [rule.strip() for rule in kept.split(";") if "frame-ancestors" in rule]
        of_anybody = path.startswith(b"/embed")
        assert ancestors == ["frame-ancestors *" if of_anybody else "frame-ancestors 'self'"], path
    assert {page.file for page in PAGES if page.framed} == {"embed.html"}


def test_the_service_worker_and_the_manifest_are_at_the_root_and_never_stale() -> None:
    table = ResponseTable(max_held=1)
    web_app(table).configure(FILES | {"sw.js": b"self"}, ["hytv"], manifest=b"{}")
    for path, kind in (
        ("/sw.js", "text/javascript; charset=utf-8"),
        ("/manifest.webmanifest", "application/manifest+json"),
    ):
        headers = dict(answer(table, path).headers)
        assert (headers["Content-Type"], headers["Cache-Control"]) == (kind, "no-cache")


def test_the_service_worker_may_ask_this_site_only_and_is_compared_by_its_tag() -> None:
    entry = served(FILES | {"sw.js": b"self", "sw.js.br": b"br"}).entries[b"/sw.js"]
    assert isinstance(entry, Resource)
    headers = dict(entry.identity.headers)
    assert headers["Content-Security-Policy"] == "default-src 'none'; connect-src 'self'"
    assert still_has(entry.identity, headers["ETag"])
    assert entry.gzip is not None
    assert b"".join(entry.identity.body) == b"self"


def test_a_station_that_keeps_nothing_in_browsers_sends_the_worker_that_takes_it_away() -> None:
    files = FILES | {"sw.js": b"keep", "sw-farewell.js": b"leave"}
    for keep_app, script in ((True, b"keep"), (False, b"leave")):
        table = ResponseTable(max_held=1)
        web_app(table).configure(files, ["hytv"], keep_app=keep_app)
        assert b"".join(answer(table, "/sw.js").body) == script
        assert table.get(b"/sw-farewell.js", gzip=False) is None
    assert b"/sw.js" not in served(FILES).entries


def test_an_unknown_address_is_explained_in_both_languages() -> None:
    page = not_found()
    assert page.status == 404
    text = b"".join(page.body).decode()
    assert text.index("Không có trang này") < text.index("There is no such page")
    style = text.partition("<style>")[2].partition("</style>")[0].encode()
    digest = base64.b64encode(hashlib.sha256(style).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in dict(page.headers)["Content-Security-Policy"]


def test_files_with_hashed_names_never_change() -> None:
    headers = dict(answer(served(FILES), "/assets/app-Bx3kT9qZ.js").headers)
    assert headers["Cache-Control"] == "max-age=31536000, immutable"
    assert headers["Content-Type"] == "text/javascript; charset=utf-8"


def test_text_is_sent_compressed_and_pictures_as_they_are() -> None:
    table = served(FILES)
    page = answer(table, "/index.html", accepts_gzip=True)
    assert page.body == (FILES["index.html.gz"],)  # the build's own
    script = answer(table, "/assets/app-Bx3kT9qZ.js", accepts_gzip=True)
    assert gzip.decompress(b"".join(script.body)) == b"export {};"
    picture = answer(table, "/assets/logo-Q1w2E3r4.png", accepts_gzip=True)
    assert picture.body == (b"png",)
    assert table.get(b"/index.html.br", gzip=False) is None


def test_who_names_brotli_gets_what_the_build_packed() -> None:
    table = served(FILES)
    page = table.entries[b"/index.html"]
    assert isinstance(page, Resource)
    small = page.choose(gzip=True, brotli=True)
    assert small.body == (b"br",)
    assert ("Content-Encoding", "br") in small.headers
    assert ("Vary", "Accept-Encoding") in small.headers
    assert any(name == "Content-Security-Policy" for name, _ in small.headers)
    script = table.entries[b"/assets/app-Bx3kT9qZ.js"]  # of which the build made no such form
    assert isinstance(script, Resource)
    assert ("Content-Encoding", "gzip") in script.choose(gzip=True, brotli=True).headers


def test_a_channel_that_is_gone_has_no_page() -> None:
    table = ResponseTable(max_held=1)
    app = web_app(table)
    app.configure(FILES, ["hytv"])
    app.configure(FILES, ["hyfm"])
    assert b"/xem/hytv" not in table.entries
    assert b"/nghe/hyfm" in table.entries


def test_a_page_that_was_not_built_says_so_in_both_languages() -> None:
    page = answer(served({}), "/xem/hytv")
    assert page.status == 503
    text = b"".join(page.body).decode()
    assert text.index("Hãy chạy <code>make web</code>") < text.index("Run <code>make web</code>")


def test_reads_files_and_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"s")
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "assets" / "a.js").write_bytes(b"a")
    (dist / "link").symlink_to(tmp_path / "secret")
    assert read_files(dist) == {"assets/a.js": b"a"}
    assert read_files(tmp_path / "nothing") == {}
