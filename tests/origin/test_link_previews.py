"""origin.link_previews, origin.previews: what a shared link shows, read as others read it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.clip_records import DONE, ClipRecord
from core.guide import Takedown
from core.timeline import msn_at
from origin.previews import Preview, Template, base_of_request, render_head, size_of
from tests.origin.linked_site import FILES, JPEG, Head, linked_site, now_s, programme

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
HOSTILE = "<script>alert(1)</script>\"'></title><b onload=x>\u202egnp.exe\u202c & " + "x" * 10_000


def written(moment_s: int) -> str:
    return f"{datetime.fromtimestamp(moment_s, ZONE):%Y-%m-%dT%H:%M:%S}"


def clock(moment_s: int) -> str:
    return f"{datetime.fromtimestamp(moment_s, ZONE):%H:%M}"


def number(moment_s: int) -> int:
    return msn_at(moment_s * 10**9)  # type: ignore[arg-type]


async def test_home_and_channel_say_what_they_are_and_what_is_on(tmp_path: Path) -> None:
    now = now_s()
    async with linked_site(tmp_path) as site:
        home = await site.head("/")
        assert home.title == "Đài Hưng Yên"
        assert "Truyền hình Hưng Yên, Phát thanh Hưng Yên" in home.meta["og:description"]
        assert home.meta["og:url"] == "https://xem.vn/"
        assert home.meta["og:locale"] == "vi_VN"
        assert home.meta["og:image"] == "https://xem.vn/logo/hytv.png"
        assert ("alternate", "application/json+oembed") not in home.links

        bare = await site.head("/xem/hytv")
        assert bare.meta["og:description"] == "Xem trực tiếp Truyền hình Hưng Yên."
        assert bare.meta["og:image"] == "https://xem.vn/logo/hytv.png"
        assert bare.meta["twitter:card"] == "summary"

        site.show([now - 20, now - 10])
        await site.tell_guide(
            programme("a", now - 60, now + 600), programme("b", now + 600, now + 900, title="Phim")
        )
        channel = await site.head("/xem/hytv")
        assert channel.title == "Truyền hình Hưng Yên: trực tiếp · Đài Hưng Yên"
        assert channel.meta == {
            "charset": None,
            "description": channel.meta["og:description"],
            "og:title": "Truyền hình Hưng Yên: trực tiếp",
            "og:description": f"Xem trực tiếp Truyền hình Hưng Yên. Đang phát: Thời sự"
            f" ({clock(now - 60)}). Tiếp theo: Phim ({clock(now + 600)}).",
            "og:site_name": "Đài Hưng Yên",
            "og:type": "video.other",
            "og:locale": "vi_VN",
            "og:url": "https://xem.vn/xem/hytv",
            "og:image": "https://xem.vn/thumb/hytv/latest.jpg",
            "og:image:width": "384",
            "og:image:height": "216",
            "og:image:alt": "Truyền hình Hưng Yên: trực tiếp",
            "twitter:card": "summary_large_image",
        }
        assert channel.links["canonical", None] == "https://xem.vn/xem/hytv"
        oembed = "https://xem.vn/oembed?format=json&url=https%3A%2F%2Fxem.vn%2Fxem%2Fhytv"
        assert channel.links["alternate", "application/json+oembed"] == oembed
        # The page itself is the build's, with its own script and what guards it.
        _, headers, text = await site.get("/xem/hytv")
        assert 'src="/assets/app-Bx3kT9qZ.js"' in text
        assert "of the build" not in text
        assert headers["Cache-Control"] == "no-cache"
        assert headers["Content-Encoding"] == "gzip"
        assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]

        await site.tell_song("Sông Hồng & mưa")
        radio = await site.head("/nghe/hyfm")
        assert radio.meta["og:type"] == "music.radio_station"
        assert "Đang phát bài: Sông Hồng & mưa." in radio.meta["og:description"]
        # Its picture is drawn as SVG, which no reader of previews takes: the build's stands for it.
        assert radio.meta["og:image"] == "https://xem.vn/card.png"
        size = radio.meta["og:image:width"], radio.meta["og:image:height"]
        assert size == ("1200", "630")
        card = Path(__file__).parents[2] / "player_web/public/card.png"
        assert size_of(await asyncio.to_thread(card.read_bytes)) == (1200, 630)


async def test_a_moment_shows_its_own_picture_where_there_is_one(tmp_path: Path) -> None:
    now = now_s()
    async with linked_site(tmp_path) as site:
        site.show([now - 20])
        await site.tell_guide(programme("a", now - 7_200, now + 600))
        live = await site.head(f"/xem/hytv?t={written(now - 20)}")
        assert live.meta["og:title"] == "Thời sự · Truyền hình Hưng Yên"
        assert live.meta["og:image"] == f"https://xem.vn/thumb/hytv/{number(now - 20)}.jpg"
        assert live.meta["og:url"] == f"https://xem.vn/xem/hytv?t={written(now - 20)}"
        assert f"từ {clock(now - 20)}" in live.meta["og:description"]

        msn = await site.archive(now - 3_600)
        past = await site.head(f"/xem/hytv?t={now - 3_600}")
        assert past.meta["og:image"] == f"https://xem.vn/thumb/hytv/{msn}.jpg"
        assert past.meta["og:url"] == f"https://xem.vn/xem/hytv?t={written(now - 3_600)}"
        status, _, _ = await site.get(f"/thumb/hytv/{msn}.jpg")
        assert status == 200

        missing = await site.head(f"/xem/hytv?t={written(now - 5_000)}")
        assert missing.meta["og:image"] == "https://xem.vn/logo/hytv.png"
        channel = "https://xem.vn/xem/hytv"
        for moment in (written(now + 900), written(now - 90 * 86_400), "garbage", "19:00", "1&t=2"):
            other = await site.head(f"/xem/hytv?t={moment}")
            assert other.meta["og:url"] == channel, moment
            assert other.meta["og:title"] == "Truyền hình Hưng Yên: trực tiếp"


async def test_a_programme_shows_itself_and_obeys_its_rights(tmp_path: Path) -> None:
    now = now_s()
    start = now - 7_200
    old = programme("old", start, start + 1_800, subtitle="Bản tin trưa", description="Tin & ảnh")
    secret = programme("secret", start + 1_800, start + 3_600, title="Đã gỡ", description="Kín")
    only = programme("only", start + 3_600, start + 5_400, title="Bóng đá", catch_up_days=0)
    async with linked_site(tmp_path) as site:
        msn = await site.archive(start + 180)
        await site.archive(start + 1_800 + 180)
        await site.archive(start + 3_600 + 180)
        gone = Takedown(start_s=start + 1_800, end_s=start + 3_600)
        await site.tell_guide(old, secret, only, takedowns=(gone,))
        page = await site.head("/xem/hytv/old")
        assert page.meta["og:title"] == "Thời sự: Bản tin trưa"
        assert page.meta["og:type"] == "video.episode"
        assert page.meta["og:description"].endswith("Tin & ảnh")
        assert page.meta["og:image"] == f"https://xem.vn/thumb/hytv/{msn}.jpg"
        assert page.meta["og:url"] == "https://xem.vn/xem/hytv/old"

        for path in ("/xem/hytv/secret", f"/xem/hytv?t={written(start + 2_000)}"):
            _, _, text = await site.get(path)
            assert "Đã gỡ" not in text
            assert "Kín" not in text
            assert "/thumb/" not in text
            assert Head(text).meta["og:url"] == "https://xem.vn/xem/hytv"
        refused = await site.head("/xem/hytv/only")
        assert refused.meta["og:title"] == "Bóng đá"
        assert refused.meta["og:image"] == "https://xem.vn/logo/hytv.png"

        # A takedown takes hold at once, of what was asked for before too.
        everything = Takedown(start_s=start, end_s=start + 1_800)
        await site.tell_guide(old, secret, only, takedowns=(gone, everything))
        _, _, text = await site.get("/xem/hytv/old")
        assert "Bản tin trưa" not in text
        assert (await site.head("/xem/hytv/unknown")).meta["og:url"] == "https://xem.vn/xem/hytv"


async def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    now = now_s()
    async with linked_site(tmp_path, name='A "B" <i>') as site:
        plain = (await site.head("/")).elements
        await site.tell_guide(
            programme("bad", now - 60, now + 60, title=HOSTILE, description=HOSTILE),
            programme("past", now - 900, now - 60, title=HOSTILE, subtitle=HOSTILE),
        )
        for path in ("/xem/hytv", "/xem/hytv/bad", f"/xem/hytv?t={written(now - 500)}"):
            _, _, text = await site.get(path)
            head = Head(text)
            assert head.elements.count("script") == plain.count("script") == 1
            assert set(head.elements) <= {*plain, "link"}
            assert "alert(1)" in head.meta["og:description"] + head.meta["og:title"]
            assert len(head.meta["og:title"]) <= 120
            assert len(head.meta["og:description"]) <= 300
            assert "\u202e" not in text
        for host in ('evil.vn"><script>', "a b", "x/y", "[::1"):
            status, _, text = await site.get("/nghe/hyfm", Host=host)
            assert "evil" not in text or status == 400


async def test_without_a_public_url_the_name_that_was_asked_for_is_taken(tmp_path: Path) -> None:
    async with linked_site(tmp_path, public_url="") as site:
        for host, proto, base in (
            ("xem.vn", "https", "https://xem.vn"),
            ("Xem.vn:8080", "", "http://xem.vn:8080"),
            ("xem.vn", "gopher", "http://xem.vn"),
        ):
            headers = {"Host": host, "X-Forwarded-Proto": proto} if proto else {"Host": host}
            for path in ("/xem/hytv", "/", "/xem/hytv/x"):
                wanted = path.removesuffix("/x")
                assert (await site.head(path, **headers)).meta["og:url"] == f"{base}{wanted}"
        odd = await site.head("/xem/hytv", Host="x_y")
        assert "og:url" not in odd.meta
        assert odd.meta["og:title"] == "Truyền hình Hưng Yên: trực tiếp"
        # Ever new names do not grow the memory for ever, and what is on changes all forms.
        for count in range(40):
            await site.head("/xem/hytv", Host=f"h{count}.vn")
        await site.tell_guide(programme("a", now_s() - 60, now_s() + 600, title="Mới"))
        for host in ("h39.vn", "h1.vn"):
            assert "Mới" in (await site.head("/xem/hytv", Host=host)).meta["og:description"]


@pytest.mark.parametrize("public_url", ["https://xem.vn", ""])
async def test_a_page_leaves_its_connection_on_the_fast_path(
    tmp_path: Path, public_url: str
) -> None:
    async with linked_site(tmp_path, public_url=public_url) as site:

        def fast_ones() -> int:
            return sum(type(one).__name__ == "FastConnection" for one in site.fast.open)

        await site.get("/xem/hytv", Host="xem.vn")  # makes the form for this name
        before = fast_ones()
        host, _, port = site.site.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        for _ in range(2):
            writer.write(b"GET /xem/hytv HTTP/1.1\r\nHost: xem.vn\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.split(b"\r\n") if b"Content-Length" in line)
            body = await reader.readexactly(int(length.split(b":")[1]))
            assert b'content="http' in body
        assert fast_ones() == before + 1
        writer.write(b"GET /xem/hytv?t=1700000000 HTTP/1.1\r\nHost: xem.vn\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        assert fast_ones() == before
        writer.close()
        await writer.wait_closed()


async def test_a_clip_plays_in_its_preview(tmp_path: Path) -> None:
    async with linked_site(tmp_path) as site:
        start = now_s() - 600
        msn = await site.archive(start)
        site.clips["c1"] = ClipRecord(
            id="c1",
            channel="hytv",
            kind="tv",
            start_ns=start * 10**9,
            end_ns=(start + 10) * 10**9,
            rendition="360p",
            title="Bão số 9",
            public=True,
            by="x",
            asked_s=start,
            state=DONE,
        )
        page = await site.head("/clip/c1")
        assert page.meta["og:title"] == "Bão số 9"
        assert page.meta["og:video"] == "https://xem.vn/clips/c1.mp4"
        assert page.meta["og:image"] == f"https://xem.vn/thumb/hytv/{msn}.jpg"
        assert (await site.head("/clip/c2")).meta["robots"] == "noindex"


async def test_robots_are_told_of_the_pages(tmp_path: Path) -> None:
    async with linked_site(tmp_path) as site:
        _, headers, robots = await site.get("/robots.txt")
        assert headers["Content-Type"].startswith("text/plain")
        assert robots.splitlines()[0] == "User-agent: *"
        assert "Disallow: /media/" in robots
        assert "Disallow: /thumb" not in robots
        assert robots.splitlines()[-1] == "Sitemap: https://xem.vn/sitemap.xml"
        _, headers, sitemap = await site.get("/sitemap.xml")
        assert headers["Content-Type"].startswith("application/xml")
        for path in ("/", "/xem/hytv", "/nghe/hyfm", "/lich"):
            assert f"<loc>https://xem.vn{path}</loc>" in sitemap
        # Neither another address of the same page, nor what is for frames or for one viewer.
        for path in ("/nghe/hytv", "/xem/hyfm", "/embed/hytv", "/cai-dat", "/tv"):
            assert f"<loc>https://xem.vn{path}</loc>" not in sitemap
        assert (await site.head("/embed/hytv")).meta["robots"] == "noindex"


def test_sizes_are_read_from_the_picture() -> None:
    assert size_of(JPEG) == (384, 216)
    png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x02\x00\x00\x00\x01\x00"
    assert size_of(png) == (512, 256)
    for data in (b"", b"\xff\xd8", b"\xff\xd8\xff", b"<svg/>", JPEG[:12], b"\xff\xd8" + bytes(40)):
        assert size_of(data) == (0, 0), data


def test_a_name_is_taken_only_where_it_is_one() -> None:
    assert base_of_request("A.vn:80", "https, http") == "https://a.vn:80"
    assert base_of_request("[::1]:8080", "") == "http://[::1]:8080"
    for host in ("", "a b", "a/b", 'a"', "a:b", "<b>", "a_b", "-a", "x" * 300):
        assert base_of_request(host, "https") is None


def test_a_page_without_room_is_sent_as_it_is() -> None:
    assert Template(b"<!doctype html>").fill("<title>x</title>") == b"<!doctype html>"
    filled = Template(FILES["index.html"]).fill(
        render_head(Preview(title="A", path="/"), "https://a.vn")
    )
    assert b"<title>A</title>" in filled
    assert b"of the build" not in filled
