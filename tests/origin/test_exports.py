"""origin.exports: what others read of the guide, from a real origin by a real client."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import ClientSession
from defusedxml import ElementTree

from core.clock import unix_ns
from core.config import parse_settings
from core.guide import GuideSnapshot, Programme, Takedown
from core.guide_files import write_guide
from origin import exports
from origin.api import put_now
from origin.schedule import day_at, day_span
from origin.service import Origin
from tests.origin.broadcast import Packager
from tests.origin.hostile_guide import hostile_snapshot

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
SECRET = "a secret of the tests"  # noqa: S105
DAY = 86_400
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
FILE = """
[station]
name = "Đài Hưng Yên"
{public_url}
[paths]
run_dir = "{folder}"
data_dir = "{folder}"
[network]
http_host = "127.0.0.1"
http_port = {http}
origin_admin_port = {admin}
[[channels]]
slug = "hytv"
name = '{name}'
kind = "tv"
logo = "{folder}/logo.png"
[[channels]]
slug = "hyfm"
name = "Phát thanh Hưng Yên"
kind = "radio"
archive_days = 0
"""


def now_s() -> int:
    return unix_ns() // 1_000_000_000


def programme(name: str, start_s: int, end_s: int, **more: Any) -> Programme:
    values: dict[str, Any] = {"title": "Thời sự", "start_s": start_s, "end_s": end_s}
    return Programme(id=name, channel="hytv", **values | more)


class Running:
    """An origin that runs in this loop."""

    def __init__(self, origin: Origin, session: ClientSession, folder: Path, file: Path) -> None:
        self.origin, self.session, self.folder, self.file = origin, session, folder, file

    async def get(self, path: str, **headers: str) -> tuple[int, Mapping[str, str], bytes]:
        """Return status, headers and body as they came."""
        address = f"http://127.0.0.1:{self.origin.public.port}{path}"
        async with self.session.get(address, headers=headers, auto_decompress=False) as answer:
            return answer.status, answer.headers, await answer.read()

    async def json(self, path: str) -> Any:
        """Return the JSON of an address that is there."""
        status, headers, body = await self.get(path, **{"Accept-Encoding": "identity"})
        assert status == 200, body
        assert headers["Content-Type"] == "application/json"
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert "s-maxage=" in headers["Cache-Control"]
        assert headers["ETag"]
        return json.loads(body)

    async def guide(self, *items: Programme, takedowns: tuple[Takedown, ...] = ()) -> None:
        """Write the guide as the control room does, and have the origin read it now."""
        snapshot = GuideSnapshot(channel="hytv", programmes=items, takedowns=takedowns)
        await asyncio.to_thread(write_guide, self.folder / "guide", snapshot)
        await self.read()

    async def read(self) -> None:
        """Have the origin read the guide now."""
        await self.origin.guide.refresh()
        await self.origin.exports.refresh()


def write_files(folder: Path, ports: list[int], *, name: str, public_url: str) -> Path:
    file = folder / "s.toml"
    line = f'public_url = "{public_url}"' if public_url else ""
    values = {"http": ports[0], "admin": ports[1], "name": name, "public_url": line}
    file.write_text(FILE.format(folder=folder, **values))
    (folder / "logo.png").write_bytes(PNG)
    return file


@asynccontextmanager
async def running(
    folder: Path, ports: list[int], *, name: str = "Truyền hình", public_url: str = ""
) -> AsyncIterator[Running]:
    file = await asyncio.to_thread(write_files, folder, ports, name=name, public_url=public_url)
    settings = await asyncio.to_thread(
        lambda: parse_settings(file.read_text(encoding="utf-8"), name="s")
    )
    origin = await asyncio.to_thread(Origin, file, settings, index=0, secret=SECRET)
    async with (
        Packager(settings.packager_socket).serving(),
        ClientSession() as session,
        asyncio.TaskGroup() as tasks,
    ):
        task = tasks.create_task(origin.run())
        await origin.public.listening.wait()
        yield Running(origin, session, folder, file)
        task.cancel()


@pytest.fixture
def ports(unused_tcp_port_factory: Any) -> list[int]:
    return [unused_tcp_port_factory(), unused_tcp_port_factory()]


async def test_the_xmltv_has_a_week_on_each_side(tmp_path: Path, ports: list[int]) -> None:
    today = day_at(now_s(), ZONE)
    first_s, last_s = day_span(today - timedelta(7), ZONE, 15)
    async with running(tmp_path, ports, public_url="https://xem.vn") as it:
        await it.guide(
            programme("gone", first_s - 3_600, first_s),
            programme("first", first_s - 3_600, first_s + 1, title="Đầu"),
            programme("last", last_s - 1, last_s + 3_600, title="Cuối"),
            programme("ahead", last_s, last_s + 3_600),
        )
        status, headers, body = await it.get("/guide.xml", **{"Accept-Encoding": "identity"})
        assert status == 200
        assert headers["Content-Type"] == "application/xml; charset=utf-8"
        assert headers["Cache-Control"] == "max-age=300, s-maxage=300"
        root = ElementTree.fromstring(body, forbid_dtd=False)
        assert [item.text for item in root.iter("title")] == ["Đầu", "Cuối"]
        assert [item.get("src") for item in root.iter("icon")] == ["https://xem.vn/logo/hytv.png"]
        packed = await it.get("/guide.xml", **{"Accept-Encoding": "gzip"})
        assert packed[1]["Content-Encoding"] == "gzip"
        status, headers, file = await it.get("/guide.xml.gz")
        assert headers["Content-Type"] == "application/gzip"
        assert "Content-Encoding" not in headers
        assert gzip.decompress(file) == gzip.decompress(packed[2]) == body


async def test_who_has_the_document_is_told_so(tmp_path: Path, ports: list[int]) -> None:
    async with running(tmp_path, ports) as it:
        await it.guide(programme("a", now_s() - 60, now_s() + 600))
        today = day_at(now_s(), ZONE)
        paths = (
            "/guide.xml",
            "/guide.xml.gz",
            "/api/v1/channels.json",
            f"/api/v1/epg/hytv/{today}.json",
        )
        for path in (*paths, "/api/v1/programmes/a.json", "/channels.m3u", "/logo/hytv.png"):
            status, headers, _ = await it.get(path)
            assert status == 200, path
            again = await it.get(path, **{"If-None-Match": headers["ETag"]})
            assert (again[0], again[2]) == (304, b"")
            assert again[1]["ETag"] == headers["ETag"]
            assert again[1]["Cache-Control"] == headers["Cache-Control"]
            assert "Content-Type" not in again[1]
            assert "Content-Length" not in again[1]
            assert (await it.get(path, **{"If-None-Match": '"other"'}))[0] == 200
        before = (await it.get("/guide.xml"))[1]["ETag"]
        await it.guide(programme("a", now_s() - 60, now_s() + 600, title="Khác"))
        assert (await it.get("/guide.xml", **{"If-None-Match": before}))[0] == 200


async def test_the_list_at_a_known_address(tmp_path: Path, ports: list[int]) -> None:
    async with running(tmp_path, ports, public_url="https://xem.vn") as it:
        for path in ("/channels.m3u", "/channels.m3u8"):
            status, headers, body = await it.get(path, Host="evil.example")
            text = gzip.decompress(body).decode()
            assert status == 200
            assert headers["Content-Type"] == "audio/x-mpegurl; charset=utf-8"
            assert "private" not in headers["Cache-Control"]
            assert "evil" not in text
            assert 'x-tvg-url="https://xem.vn/guide.xml.gz"' in text
            assert 'tvg-logo="https://xem.vn/logo/hytv.png"' in text
            assert 'tvg-logo="https://xem.vn/logo/hyfm.svg"' in text
            assert text.count("catchup=") == 1  # radio keeps nothing
            assert "\nhttps://xem.vn/live/hytv/index.m3u8\n" in text


async def test_the_list_at_the_name_that_was_asked_for(tmp_path: Path, ports: list[int]) -> None:
    async with running(tmp_path, ports) as it:
        status, headers, body = await it.get("/channels.m3u", Host="xem.vn:8080")
        assert status == 200
        assert headers["Cache-Control"] == "private, max-age=60"
        assert headers["Vary"] == "Host, Accept-Encoding"
        assert b"\nhttp://xem.vn:8080/live/hytv/index.m3u8\n" in gzip.decompress(body)
        for host in ('x"y', "x/y", "a@b", "x y", "đài.vn"):
            status, headers, body = await it.get("/channels.m3u", Host=host)
            assert status == 400, host
            assert b"live" not in body


async def test_logos(tmp_path: Path, ports: list[int]) -> None:
    async with running(tmp_path, ports) as it:
        status, headers, body = await it.get("/logo/hytv.png")
        assert (status, headers["Content-Type"], body) == (200, "image/png", PNG)
        drawn = await it.get("/logo/hyfm.svg", **{"Accept-Encoding": "identity"})
        assert b">PTHY</text>" in drawn[2]
        for path in ("/logo/hytv.svg", "/logo/..%2fs.toml", "/logo/hytv.png/", "/logo/"):
            assert (await it.get(path))[0] == 404
        told = (await it.json("/api/v1/channels.json"))["channels"]
        assert [channel["logo"] for channel in told] == ["/logo/hytv.png", "/logo/hyfm.svg"]


async def test_a_day_says_what_can_be_watched(tmp_path: Path, ports: list[int]) -> None:
    start_s = day_span(day_at(now_s(), ZONE) - timedelta(2), ZONE)[0]
    now = now_s()
    items = (
        programme("past", start_s + 3_600, start_s + 7_200),
        programme("live-only", start_s + 7_200, start_s + 7_300, catch_up_days=0),
        programme("down", start_s + 7_300, start_s + 7_400),
        programme("old", now - 9 * DAY, now - 9 * DAY + 60),
        programme("on", now - 60, now + 3_600, subtitle="19h", categories=("Tin tức",)),
        programme("later", now + 3_600, now + 7_200),
    )
    takedowns = (Takedown(start_s=start_s + 7_300, end_s=start_s + 7_400),)
    async with running(tmp_path, ports) as it:
        await it.guide(*items, takedowns=takedowns)
        day = day_at(start_s, ZONE)
        told = await it.json(f"/api/v1/epg/hytv/{day}.json")
        assert told["channel"] == "hytv"
        assert told["date"] == day.isoformat()
        found = {item["id"]: item["available"] for item in told["programmes"]}
        assert found == {"past": "catchup", "live-only": "refused", "down": "refused"}
        assert told["programmes"][0]["catchup_url"] == "/programmes/past/index.m3u8"
        # Its own address says nothing of it, as its media do, until the takedown is taken back.
        status, _, body = await it.get("/api/v1/programmes/down.json")
        assert (status, b"down" in body) == (404, False)
        await it.guide(*items)
        assert (await it.json("/api/v1/programmes/down.json"))["title"] == items[2].title
        past = await it.get(f"/api/v1/epg/hytv/{day}.json")
        assert past[1]["Cache-Control"] == "max-age=300, s-maxage=300"
        on = await it.json("/api/v1/programmes/on.json")
        assert (on["available"], on["category"], on["subtitle"]) == (
            "startover",
            ["Tin tức"],
            "19h",
        )
        assert on["startover_url"] == "/programmes/on/index.m3u8"
        assert (await it.json("/api/v1/programmes/old.json"))["available"] == "expired"
        assert (await it.json("/api/v1/programmes/later.json"))["available"] == "upcoming"
        # A corrected time is told at once, whatever was held.
        await it.guide(
            programme("past", start_s + 3_600, start_s + 7_200, as_run_end_s=start_s + 7_260)
        )
        told = await it.json(f"/api/v1/epg/hytv/{day}.json")
        assert [item["stop"] for item in told["programmes"]] == [start_s + 7_260]


async def test_days_that_are_not_there(tmp_path: Path, ports: list[int]) -> None:
    today = day_at(now_s(), ZONE)
    async with running(tmp_path, ports) as it:
        await it.guide(programme("a", now_s() - 120, now_s() - 60))
        for day in (today - timedelta(400), today + timedelta(60), today + timedelta(1)):
            assert (await it.get(f"/api/v1/epg/hytv/{day}.json"))[0] == 404
        wrong = (today - timedelta(401), today + timedelta(61), "2026-02-30", "today", "0000-00-00")
        for text in (*wrong, "2026-1-1", "", "..", "9999-12-31"):
            assert (await it.get(f"/api/v1/epg/hytv/{text}.json"))[0] == 400, text
        for path in (f"/api/v1/epg/hy/{today}.json", "/api/v1/programmes/b.json", "/api/v1/epg/x"):
            assert (await it.get(path))[0] == 404, path


async def test_searches(tmp_path: Path, ports: list[int]) -> None:
    async with running(tmp_path, ports) as it:
        now = now_s()
        await it.guide(
            programme("a", now - 7_200, now - 3_600, title="Nhà nông Đông Hưng"),
            programme("b", now - 3_600, now, title="Đồng hành"),
        )
        found = await it.json("/api/v1/search.json?q=dong")
        assert [item["id"] for item in found["programmes"]] == ["b", "a"]
        assert found["programmes"][1]["available"] == "catchup"
        for query in ("nh%C3%A0%20n%C3%B4ng", "NHA+NONG"):
            found = await it.json(f"/api/v1/search.json?q={query}")
            assert [item["id"] for item in found["programmes"]] == ["a"]
        assert (await it.json("/api/v1/search.json?q=%CC%80"))["programmes"] == []
        for query in ("", "?q=", "?q=%20", f"?q={'a' * 101}", "?q=a&q=b"):
            assert (await it.get(f"/api/v1/search.json{query}"))[0] == 400, query


async def test_now_and_next_follow_the_time(tmp_path: Path, ports: list[int]) -> None:
    async with running(tmp_path, ports) as it:
        now = now_s()
        await it.guide(
            programme("one", now - 60, now + 2), programme("two", now + 2, now + 600, title="Phim")
        )
        told = (await it.json("/api/v1/now.json"))["channels"]
        while (told["hytv"]["programme"] or {}).get("id") != "two":  # the task that wakes
            told = (await it.json("/api/v1/now.json"))["channels"]
        assert now_s() >= now + 2
        assert told["hytv"]["next"] is None
        assert told["hytv"]["programme"]["title"] == "Phim"
        assert told["hyfm"]["programme"] is None


async def test_a_programme_that_begins_while_the_one_before_is_told_is_told_at_once(
    tmp_path: Path, ports: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    start_s = now_s() + 60
    clock_ns = start_s * 1_000_000_000 - 1  # a timer wakes a little early, some times over
    times_told = 0

    def told_late(*what: Any) -> None:
        nonlocal clock_ns, times_told
        put_now(*what)
        times_told += 1
        if times_told == 5:
            clock_ns = start_s * 1_000_000_000

    async def on_air(it: Running) -> str:
        told = await it.json("/api/v1/now.json")
        return str((told["channels"]["hytv"]["programme"] or {}).get("id"))

    async with running(tmp_path, ports) as it:
        monkeypatch.setattr(exports, "unix_ns", lambda: clock_ns)
        monkeypatch.setattr(exports, "put_now", told_late)
        programmes = (
            programme("one", start_s - 60, start_s),
            programme("two", start_s, start_s + 60),
        )
        snapshot = GuideSnapshot(channel="hytv", programmes=programmes)
        await asyncio.to_thread(write_guide, it.folder / "guide", snapshot)
        await it.origin.guide.refresh()
        async with asyncio.timeout(5):
            while await on_air(it) != "two":
                pass


async def test_a_hostile_guide_is_text_everywhere(tmp_path: Path, ports: list[int]) -> None:
    name = 'Kênh "A", <b>\\n#EXTINF:-1 radio="true",x'
    start_s = day_span(day_at(now_s(), ZONE), ZONE)[0]
    async with running(tmp_path, ports, name=name) as it:
        hostile = hostile_snapshot("hytv", start_s)
        # As no control room would write it: with halves of surrogate pairs.
        raw = json.dumps({"form": 1, **asdict(hostile)}).encode()
        await asyncio.to_thread((tmp_path / "guide").mkdir)
        await asyncio.to_thread((tmp_path / "guide/hytv.json").write_bytes, raw)
        await it.read()
        _, _, body = await it.get("/guide.xml.gz")
        root = ElementTree.fromstring(gzip.decompress(body), forbid_dtd=False)
        assert len(list(root.iter("programme"))) == len(hostile.programmes)
        assert root.find("script") is None
        _, _, body = await it.get("/channels.m3u", **{"Accept-Encoding": "identity"})
        assert len(body.decode().splitlines()) == 5
        day = await it.json(f"/api/v1/epg/hytv/{day_at(start_s, ZONE)}.json")
        assert len(day["programmes"]) == len(hostile.programmes)
        assert {item["image"][:8] for item in day["programmes"]} == {"", "https://"}
        found = await it.json("/api/v1/search.json?q=script")
        assert [item["title"] for item in found["programmes"]] == ["<script>alert(1)</script>"]


@pytest.mark.services
@pytest.mark.timeout(60)
async def test_debians_validator_takes_what_is_served(tmp_path: Path, ports: list[int]) -> None:
    async with running(tmp_path, ports, public_url="https://xem.vn") as it:
        start_s = day_span(day_at(now_s(), ZONE), ZONE)[0]
        raw = json.dumps({"form": 1, **asdict(hostile_snapshot("hytv", start_s))}).encode()
        await asyncio.to_thread((tmp_path / "guide").mkdir)
        await asyncio.to_thread((tmp_path / "guide/hytv.json").write_bytes, raw)
        await it.read()
        _, _, body = await it.get("/guide.xml.gz")
        await asyncio.to_thread((tmp_path / "guide.xml").write_bytes, gzip.decompress(body))
        process = await asyncio.create_subprocess_exec(
            *("tv_validate_file", "--dtd-file", "/usr/share/xmltv/xmltv.dtd"),
            str(tmp_path / "guide.xml"),
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
        assert (said, process.returncode) == (b"Validated ok.\n", 0)


async def test_a_reload_changes_the_lists(tmp_path: Path, ports: list[int]) -> None:
    async with running(tmp_path, ports) as it:
        text = await asyncio.to_thread(it.file.read_text, encoding="utf-8")
        more = text.replace("[paths]", 'public_url = "https://moi.vn"\n[paths]')
        more += '[[channels]]\nslug = "more"\nname = "Thêm"\nkind = "radio"\n'
        await asyncio.to_thread(it.file.write_text, more, encoding="utf-8")
        admin = f"http://127.0.0.1:{ports[1]}/control/reload"
        headers = {"Authorization": f"Bearer {SECRET}"}
        async with it.session.post(admin, headers=headers) as answer:
            assert answer.status == 204
        _, _, body = await it.get("/channels.m3u", **{"Accept-Encoding": "identity"})
        assert b"\nhttps://moi.vn/live/more/index.m3u8\n" in body
        assert (await it.get("/logo/more.svg"))[0] == 200
        assert (await it.get("/api/v1/search.json?q=x"))[0] == 200
