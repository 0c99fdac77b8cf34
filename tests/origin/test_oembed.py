"""origin.oembed: what a consumer gets, by the rules of the specification."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from defusedxml import ElementTree

from origin.oembed import frame_size, page_of_url
from tests.origin.linked_site import Head, linked_site, now_s, programme

# oEmbed 1.0, 2.3.4: what must be there, by type; numbers are numbers.
REQUIRED: dict[str, dict[str, type]] = {
    "video": {"html": str, "width": int, "height": int},
    "rich": {"html": str, "width": int, "height": int},
}
OPTIONAL: dict[str, type] = {
    "title": str,
    "author_name": str,
    "author_url": str,
    "provider_name": str,
    "provider_url": str,
    "cache_age": int,
    "thumbnail_url": str,
    "thumbnail_width": int,
    "thumbnail_height": int,
}
THUMBNAIL = {"thumbnail_url", "thumbnail_width", "thumbnail_height"}


def judge(answer: dict[str, Any]) -> None:
    """Check an answer by the specification."""
    assert answer["version"] == "1.0"
    known = {"version": str, "type": str, **REQUIRED[answer["type"]], **OPTIONAL}
    for name, value in answer.items():
        assert type(value) is known[name], name
    assert REQUIRED[answer["type"]].keys() <= answer.keys()
    assert len(THUMBNAIL & answer.keys()) in {0, 3}
    frame = Head(answer["html"])
    assert frame.elements == ["iframe"]


def asking(url: str, **more: object) -> str:
    return f"/oembed?url={quote(url, safe='')}" + "".join(f"&{k}={v}" for k, v in more.items())


async def test_every_kind_of_page_is_answered(tmp_path: Path) -> None:
    now = now_s()
    async with linked_site(tmp_path) as site:
        site.show([now - 10])
        await site.tell_guide(programme("a", now - 900, now - 100, title='X "<b>'))
        found = {}
        for url in (
            "https://xem.vn/xem/hytv",
            "http://xem.vn/nghe/hyfm",
            "https://XEM.vn/xem/hytv/a",
            f"https://xem.vn/xem/hytv?t={now - 500}",
        ):
            status, headers, text = await site.get(asking(url))
            assert status == 200, text
            assert headers["Content-Type"] == "application/json; charset=utf-8"
            assert headers["Access-Control-Allow-Origin"] == "*"
            found[url] = json.loads(text)
            judge(found[url])
        tv, radio, item, moment = found.values()
        assert (tv["type"], radio["type"]) == ("video", "rich")
        assert 'src="https://xem.vn/embed/hytv"' in tv["html"]
        assert tv["thumbnail_url"] == "https://xem.vn/thumb/hytv/latest.jpg"
        assert (tv["thumbnail_width"], tv["thumbnail_height"]) == (384, 216)
        assert item["title"] == 'X "<b>'
        assert 'src="https://xem.vn/embed/hytv/a"' in item["html"]
        assert 'src="https://xem.vn/embed/hytv?t=2' in moment["html"]

        status, headers, text = await site.get(asking("https://xem.vn/xem/hytv/a", format="xml"))
        assert (status, headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
        root = ElementTree.fromstring(text.encode())
        assert root.tag == "oembed"
        assert {child.tag: child.text for child in root} == {k: str(v) for k, v in item.items()}


async def test_what_is_asked_wrongly_is_refused_with_the_right_number(tmp_path: Path) -> None:
    async with linked_site(tmp_path) as site:
        ours = "https://xem.vn/xem/hytv"
        for path, wanted in (
            (asking("https://other.vn/xem/hytv"), 404),
            (asking("https://xem.vn.evil.com/xem/hytv"), 404),
            (asking("https://xem.vn@evil.com/xem/hytv"), 404),
            (asking("ftp://xem.vn/xem/hytv"), 404),
            (asking("https://xem.vn/xem/other"), 404),
            (asking("https://xem.vn/"), 404),
            (asking("https://xem.vn/tv"), 404),
            (asking("https://xem.vn/clip/none"), 404),
            (asking("https://["), 404),
            (asking("javascript:alert(1)"), 404),
            (asking("x" * 3_000), 404),
            (asking(ours, format="yaml"), 501),
            ("/oembed", 400),
        ):
            status, headers, _ = await site.get(path)
            assert status == wanted, path
            assert headers["Access-Control-Allow-Origin"] == "*"


async def test_the_frame_fits_where_it_is_to_go(tmp_path: Path) -> None:
    async with linked_site(tmp_path) as site:
        url = "https://xem.vn/xem/hytv"
        _, _, text = await site.get(asking(url, maxwidth=400, maxheight=300))
        answer = json.loads(text)
        assert (answer["width"], answer["height"]) == (400, 281)
        assert 'width="400" height="281"' in answer["html"]
        _, _, text = await site.get(asking(url, maxwidth="wide", maxheight="-1"))
        assert json.loads(text)["width"] == 640


@pytest.mark.parametrize(
    ("kind", "most", "size"),
    [
        ("tv", (None, None), (640, 416)),
        ("tv", (320, None), (320, 236)),
        ("tv", (None, 300), (433, 300)),
        ("tv", (10, 10), (200, 200)),
        ("radio", (None, None), (480, 232)),
        ("radio", (300, 100), (300, 200)),
        ("clip", (1_000, 1_000), (640, 416)),
    ],
)
def test_sizes(kind: str, most: tuple[int | None, int | None], size: tuple[int, int]) -> None:
    assert frame_size(kind, *most) == size


def test_an_address_is_ours_only_by_its_whole_name() -> None:
    asked = page_of_url("http://xem.vn:80/xem/hytv?a=b&t=2026-11-24T19%3A00#x", "https://xem.vn:80")
    assert asked is not None
    assert (asked.steps, asked.moment) == ({"channel": "hytv"}, "2026-11-24T19:00")
    assert page_of_url("https://xem.vn/xem/hytv", "https://xem.vn:8443") is None
