"""origin.web: the web app's files and pages."""

from __future__ import annotations

import gzip
from pathlib import Path

from origin.prepared import Prepared, ResponseTable
from origin.web import page_at, put_pages, read_files

FILES = {
    "index.html": b"<!doctype html><title>x</title>",
    "index.html.gz": gzip.compress(b"<!doctype html><title>x</title>"),
    "index.html.br": b"br",
    "assets/app-Bx3kT9qZ.js": b"export {};",
    "assets/logo-Q1w2E3r4.png": b"png",
    "favicon.svg": b"<svg/>",
}


def served(files: dict[str, bytes]) -> ResponseTable:
    table = ResponseTable(max_held=1)
    put_pages(table, files, ["hytv"])
    return table


def answer(table: ResponseTable, path: str, *, accepts_gzip: bool = False) -> Prepared:
    found = table.get(path.encode(), gzip=accepts_gzip)
    assert found is not None, path
    return found


def test_the_page_is_at_every_address_that_it_knows() -> None:
    table = served(FILES)
    for path in ("/", "/index.html", "/xem/hytv", "/nghe/hytv"):
        page = answer(table, path)
        assert b"".join(page.body) == FILES["index.html"]
        headers = dict(page.headers)
        assert headers["Content-Type"] == "text/html; charset=utf-8"
        assert headers["Cache-Control"] == "no-cache"
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self'; media-src 'self' blob:; ")
        assert "unsafe" not in policy
    assert table.get(b"/xem/other", gzip=False) is None


def test_a_programme_has_the_page_of_its_channel() -> None:
    table = served(FILES)
    for path in ("/xem/hytv/p-2026-1900", "/nghe/hytv/9"):
        page = page_at(table, path)
        assert page is not None
        assert b"".join(page.identity.body) == FILES["index.html"]
    for path in ("/xem/other/p1", "/xem/hytv/a/b", "/xem/hytv/../x", "/xem/hytv/<b>", "/xem/hytv/"):
        assert page_at(table, path) is None


def test_files_with_hashed_names_never_change() -> None:
    headers = dict(answer(served(FILES), "/assets/app-Bx3kT9qZ.js").headers)
    assert headers["Cache-Control"] == "max-age=31536000, immutable"
    assert headers["Content-Type"] == "text/javascript; charset=utf-8"


def test_text_is_sent_compressed_and_pictures_as_they_are() -> None:
    table = served(FILES)
    page = answer(table, "/", accepts_gzip=True)
    assert page.body == (FILES["index.html.gz"],)  # the build's own
    script = answer(table, "/assets/app-Bx3kT9qZ.js", accepts_gzip=True)
    assert gzip.decompress(b"".join(script.body)) == b"export {};"
    picture = answer(table, "/assets/logo-Q1w2E3r4.png", accepts_gzip=True)
    assert picture.body == (b"png",)
    assert table.get(b"/index.html.br", gzip=False) is None


def test_a_channel_that_is_gone_has_no_page() -> None:
    table = served(FILES)
    put_pages(table, FILES, ["hyfm"])
    assert table.get(b"/xem/hytv", gzip=False) is None
    assert table.get(b"/nghe/hyfm", gzip=False) is not None


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
