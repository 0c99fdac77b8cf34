"""origin.clips: a real server, a real client; public clips, podcasts, and what is not given."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from defusedxml.ElementTree import fromstring

from core.clip_files import ClipFolder
from core.clip_records import DONE, WAITING, ClipRecord
from core.config import parse_settings
from core.guide import GuideSnapshot, Programme, Takedown
from core.guide_files import write_guide
from origin.clips import ClipSite
from origin.guide import Guide
from origin.prepared import ResponseTable
from origin.tally import Tally

START_S = 1_700_049_600  # 2023-11-15T12:00:00Z
BODY = bytes(range(256)) * 4_000
ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
ATOM = "{http://www.w3.org/2005/Atom}"


def make_record(clip_id: str, **more: Any) -> ClipRecord:
    values: dict[str, Any] = {
        "channel": "hyfm",
        "kind": "radio",
        "start_ns": START_S * 10**9,
        "end_ns": (START_S + 600) * 10**9,
        "rendition": "a128",
        "title": "Bản tin <bão> & lũ",
        "public": True,
        "by": "api:hoa",
        "asked_s": START_S + 700,
        "done_s": START_S + 710,
        "state": DONE,
        "size_bytes": len(BODY),
        "duration_s": 600.0,
    }
    return ClipRecord(id=clip_id, **{**values, **more})


def episode(number: int, **more: Any) -> ClipRecord:
    shift_ns = number * 3_600 * 10**9
    return make_record(
        f"programme-p{number}",
        **{
            "programme": f"p{number}",
            "series": "nha-nong",
            "by": "podcast",
            "start_ns": START_S * 10**9 + shift_ns,
            "end_ns": (START_S + 600) * 10**9 + shift_ns,
            **more,
        },
    )


@dataclass
class Origin:
    """The routes under test, and the folder that the control room writes."""

    client: TestClient[web.Request, web.Application]
    folder: ClipFolder
    known: Guide
    data: Path

    async def put(self, *records: ClipRecord) -> None:
        """Write clips with their media."""

        def write() -> None:
            for record in records:
                self.folder.write(record)
                self.folder.media(record).write_bytes(BODY)

        await asyncio.to_thread(write)

    async def guide(self, *programmes: Programme, takedowns: tuple[Takedown, ...] = ()) -> None:
        """Write the guide."""
        snapshot = GuideSnapshot(channel="hyfm", programmes=programmes, takedowns=takedowns)
        await asyncio.to_thread(write_guide, self.data / "guide", snapshot)
        await self.known.refresh()

    async def status(self, path: str) -> int:
        """Return the status of a GET."""
        return (await self.client.get(path)).status

    async def feed(self, **headers: str) -> Element:
        """Return the feed's channel, checked."""
        response = await self.client.get("/podcast/nha-nong.xml", headers=headers)
        assert response.status == 200
        assert response.content_type == "application/rss+xml"
        return check_feed(await response.read())


@pytest.fixture
async def origin(tmp_path: Path) -> AsyncIterator[Origin]:
    """Serve the routes of a station with one podcast."""
    settings = parse_settings(
        f"""
[station]
name = "Hưng Yên"
[paths]
data_dir = "{tmp_path}"
[[podcasts]]
series = "nha-nong"
title = "Nhà nông & bạn"
description = "Chuyện <đồng áng> mỗi ngày"
email = "toasoan@example.vn"
image = "https://example.vn/a.jpg?x=1&y=2"
[[channels]]
slug = "hyfm"
name = "Phát thanh"
kind = "radio"
""",
        name="test",
    )
    tally = Tally(("hyfm",), ResponseTable(max_held=1))
    app = web.Application()
    guide = Guide(tmp_path / "guide", ["hyfm"])
    ClipSite(settings, guide, tally).add_to(app.router)
    async with TestClient(TestServer(app)) as client:
        yield Origin(client, ClipFolder(settings.clips_dir), guide, tmp_path)


def check_feed(data: bytes) -> Element:
    """Hold a feed against RSS 2.0 and what Apple wants; return its channel."""
    root: Element = fromstring(data)
    assert (root.tag, root.get("version")) == ("rss", "2.0")
    (channel,) = root
    for tag in ("title", "link", "description", "language", f"{ITUNES}author", f"{ITUNES}explicit"):
        assert (channel.findtext(tag) or "").strip(), tag
    assert channel.findtext(f"{ITUNES}explicit") in {"true", "false"}
    assert re.fullmatch(r"[a-z]{2,3}(-[A-Za-z]+)?", channel.findtext("language") or "")
    assert channel.find(f"{ITUNES}category") is not None
    image = channel.find(f"{ITUNES}image")
    assert image is not None
    assert urlsplit(image.get("href")).scheme in {"http", "https"}
    (link,) = channel.findall(f"{ATOM}link")
    assert link.get("rel") == "self"
    guids = [item.findtext("guid") for item in channel.findall("item")]
    assert len(guids) == len(set(guids))
    for item in channel.findall("item"):
        for tag in ("title", "description", "pubDate", "guid", f"{ITUNES}duration"):
            assert (item.findtext(tag) or "").strip(), tag
        date = item.findtext("pubDate") or ""
        assert re.fullmatch(r"\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} (GMT|[+-]\d{4})", date)
        assert parsedate_to_datetime(date).tzinfo is not None
        (enclosure,) = item.findall("enclosure")
        assert enclosure.get("type") == "audio/mp4"
        assert int(enclosure.get("length") or 0) > 0
        assert urlsplit(enclosure.get("url")).scheme in {"http", "https"}
    return channel


def titles(channel: Element) -> list[str | None]:
    return [item.findtext("title") for item in channel.findall("item")]


async def test_a_public_clip_is_served_whole_and_in_ranges(origin: Origin) -> None:
    await origin.put(make_record("abc"))
    whole = await origin.client.get("/clips/abc.m4a")
    assert (whole.status, whole.content_type, await whole.read()) == (200, "audio/mp4", BODY)
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert whole.headers["Access-Control-Allow-Origin"] == "*"
    assert whole.headers["Content-Disposition"] == (
        'attachment; filename="Ban tin bao & lu.m4a"; '
        "filename*=UTF-8''B%E1%BA%A3n%20tin%20b%C3%A3o%20%26%20l%C5%A9.m4a"
    )
    part = await origin.client.get("/clips/abc.m4a", headers={"Range": "bytes=1000-1003"})
    assert (part.status, await part.read()) == (206, BODY[1000:1004])
    assert part.headers["Content-Range"] == f"bytes 1000-1003/{len(BODY)}"
    beyond = await origin.client.get("/clips/abc.m4a", headers={"Range": "bytes=9999999-"})
    assert beyond.status == 416
    head = await origin.client.head("/clips/abc.m4a")
    assert (head.status, head.headers["Content-Length"]) == (200, str(len(BODY)))


async def test_what_is_not_public_or_not_there_is_not_found(origin: Origin) -> None:
    await origin.put(
        make_record("private", public=False), make_record("waits", state=WAITING), episode(1)
    )
    for path in ("private.m4a", "waits.m4a", "other.m4a", "private.mp4", "programme-p1.m4a"):
        assert await origin.status(f"/clips/{path}") == 404, path
    for path in ("/clips/..%2fabc.m4a", "/clips/private.json", "/podcast/nha-nong/p2.m4a"):
        assert await origin.status(path) == 404, path
    assert await origin.status("/podcast/other.xml") == 404
    assert await origin.status("/podcast/other/p1.m4a") == 404


async def test_a_takedown_ends_a_clip_at_once(origin: Origin) -> None:
    await origin.put(make_record("abc"), make_record("def", forced="công văn 12"))
    assert await origin.status("/clips/abc.m4a") == 200
    item = Programme(
        id="p", channel="hyfm", start_s=START_S, end_s=START_S + 9, title="P", blackout=True
    )
    await origin.guide(item)
    assert await origin.status("/clips/abc.m4a") == 403
    assert await origin.status("/clips/def.m4a") == 200
    await origin.guide(takedowns=(Takedown(start_s=START_S + 599, end_s=START_S + 700),))
    assert await origin.status("/clips/abc.m4a") == 404
    assert await origin.status("/clips/def.m4a") == 404


async def test_a_feed_lists_its_episodes_and_serves_them(origin: Origin) -> None:
    await origin.put(
        episode(1),
        episode(2, title="Nhà nông", subtitle="Tập 2", description="Lúa & ngô\x0b"),
        episode(3, state=WAITING),
        make_record("abc"),
    )
    channel = await origin.feed()
    assert channel.findtext("title") == "Nhà nông & bạn"
    assert channel.findtext("description") == "Chuyện <đồng áng> mỗi ngày"
    assert channel.findtext("language") == "vi"
    assert titles(channel) == ["Nhà nông: Tập 2", "Bản tin <bão> & lũ"]
    item = channel.findall("item")[0]
    assert item.findtext("guid") == "p2"
    assert item.findtext("description") == "Lúa & ngô"
    assert item.findtext("pubDate") == "Wed, 15 Nov 2023 14:10:00 GMT"
    assert item.findtext(f"{ITUNES}duration") == "600"
    enclosure = item.find("enclosure")
    assert enclosure is not None
    base = str(origin.client.make_url("")).rstrip("/")
    assert enclosure.get("url") == f"{base}/podcast/nha-nong/p2.m4a"
    sent = await origin.client.get("/podcast/nha-nong/p2.m4a")
    assert len(await sent.read()) == int(enclosure.get("length") or 0)


async def test_podcasts_are_told_in_json(origin: Origin) -> None:
    decomposed = unicodedata.normalize("NFD", "Nhà nông")
    await origin.put(
        episode(1), episode(2, title=decomposed, subtitle="Tập 2"), episode(3, state=WAITING)
    )
    answer = await origin.client.get("/api/v1/podcasts.json")
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "max-age=60, s-maxage=60"
    (podcast,) = (await answer.json())["podcasts"]
    assert (podcast["series"], podcast["title"]) == ("nha-nong", "Nhà nông & bạn")
    assert (podcast["author"], podcast["feed"]) == ("Hưng Yên", "/podcast/nha-nong.xml")
    assert [item["id"] for item in podcast["episodes"]] == ["p2", "p1"]
    newest = podcast["episodes"][0]
    assert (newest["title"], newest["subtitle"]) == ("Nhà nông", "Tập 2")
    assert (newest["start"], newest["duration_s"]) == (START_S + 7_200, 600.0)
    assert (newest["type"], newest["size_bytes"]) == ("audio/mp4", len(BODY))
    assert await origin.status(newest["url"]) == 200
    tag = {"If-None-Match": answer.headers["ETag"]}
    again = await origin.client.get("/api/v1/podcasts.json", headers=tag)
    assert (again.status, await again.read()) == (304, b"")


async def test_an_episode_that_may_not_be_heard_is_not_told(origin: Origin) -> None:
    await origin.put(episode(1), episode(2, until_s=1_700_000_000))
    await origin.guide(takedowns=(Takedown(start_s=START_S + 3_600, end_s=START_S + 3_601),))
    (podcast,) = (await (await origin.client.get("/api/v1/podcasts.json")).json())["podcasts"]
    assert podcast["episodes"] == []


async def test_a_clip_is_told_to_who_knows_it_and_listed_if_it_is_meant_to_be(
    origin: Origin,
) -> None:
    await origin.put(
        make_record("shown", listed=True),
        make_record("known"),
        make_record("private", public=False, listed=True),
        make_record("waits", state=WAITING, listed=True),
        episode(1, listed=True),
    )
    answer = await origin.client.get("/api/v1/clips.json")
    (shown,) = (await answer.json())["clips"]
    assert (shown["id"], shown["url"]) == ("shown", "/clips/shown.m4a")
    assert shown["title"] == "Bản tin <bão> & lũ"
    known = await origin.client.get("/api/v1/clips/known.json")
    assert (known.status, (await known.json())["id"]) == (200, "known")
    for name in ("private", "waits", "programme-p1", "other"):
        assert await origin.status(f"/api/v1/clips/{name}.json") == 404, name
    await origin.guide(takedowns=(Takedown(start_s=START_S, end_s=START_S + 1),))
    assert await origin.status("/api/v1/clips/known.json") == 404


async def test_an_episode_goes_from_the_feed_with_its_rights(origin: Origin) -> None:
    await origin.put(episode(1), episode(2), episode(3, until_s=1_700_000_000))
    assert len(titles(await origin.feed())) == 2
    ended = Programme(
        id="p1",
        channel="hyfm",
        start_s=START_S + 3_600,
        end_s=START_S + 4_200,
        title="P",
        catch_up_days=0,
    )
    taken = Takedown(start_s=START_S + 7_300, end_s=START_S + 7_301)
    await origin.guide(ended, takedowns=(taken,))
    assert titles(await origin.feed()) == []
    for number in (1, 2, 3):
        assert await origin.status(f"/podcast/nha-nong/p{number}.m4a") == 404


async def test_addresses_are_made_of_a_host_that_is_one(origin: Origin) -> None:
    channel = await origin.feed(Host="Podcast.Example.vn:8443")
    assert channel.findtext("link") == "http://podcast.example.vn:8443/"
    for host in ('a"b', "a/b", "a b", "-a", ""):
        response = await origin.client.get("/podcast/nha-nong.xml", headers={"Host": host})
        assert response.status == 400, host
