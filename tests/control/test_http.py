"""The operators' API: a real server, a real client."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import unused_port

from control.http import Api
from control.room import ControlRoom
from core.admin import serve_application
from core.clock import unix_ns
from tests.control.conftest import station_settings

KEY = "a key of hoa's own"
AUTH = {"Authorization": f"Bearer {KEY}"}
HASHES = {"hoa": hashlib.sha256(KEY.encode()).digest()}


def hour(shift: int) -> int:
    return (unix_ns() // 10**9 // 3600 + shift) * 3600


def guide(first: int | None = None) -> str:
    """Return two programmes of an hour, from the next full hour on, or from ``first``."""
    begin = hour(1) if first is None else first
    middle, end = begin + 3600, begin + 7200
    return (
        "channel,start,end,title,series\n"
        f"hytv,@{begin},@{middle},Thời sự,tin\nhytv,@{middle},@{end},Phim,\n"
    )


def tomorrow_noon() -> int:
    """Return a moment of Việt Nam whose day is the same for hours."""
    day = (unix_ns() // 10**9 + 7 * 3600) // 86_400 + 1
    return day * 86_400 + 5 * 3600


class Client:
    """Calls the API as an operator's program does."""

    def __init__(self, session: aiohttp.ClientSession, port: int, room: ControlRoom) -> None:
        self.session, self.port, self.room = session, port, room
        self.url = f"http://127.0.0.1:{port}/api/v1"

    async def call(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **values: Any
    ) -> tuple[int, dict[str, Any]]:
        """Return (status, JSON) of one request."""
        headers = AUTH if headers is None else headers
        async with self.session.request(
            method, self.url + path, headers=headers, **values
        ) as answer:
            return answer.status, await answer.json()


@asynccontextmanager
async def api(
    folder: Path, *, hashes: dict[str, bytes] | None = None, is_open: bool = True
) -> AsyncIterator[Client]:
    room = await asyncio.to_thread(lambda: ControlRoom(station_settings(folder)))
    await asyncio.to_thread(room.open)
    served = Api(room, is_open=lambda: is_open)
    served.hashes = HASHES if hashes is None else hashes
    port = unused_port()
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as tasks:
        server = tasks.create_task(
            serve_application(served.application(), "127.0.0.1", port, lingering_s=0.2)
        )
        client = Client(session, port, room)
        async with asyncio.timeout(5):
            while True:
                try:
                    await client.call("GET", "/audit")
                    break
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.01)  # nothing tells that a port opened but trying it
        try:
            yield client
        finally:
            server.cancel()
            await asyncio.to_thread(room.close)


async def test_nobody_is_admitted_without_operators_or_a_right_key(tmp_path: Path) -> None:
    async with api(tmp_path, hashes={}) as client:
        status, said = await client.call("POST", "/guide", data=guide())
        assert (status, said["error"]) == (403, "no_operators")
        assert "[[control.operators]]" in said["message"]
    async with api(tmp_path) as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": KEY}):
            status, said = await client.call("GET", "/audit", headers=headers)
            assert (status, said["error"]) == (401, "auth_failed")
        status, _ = await client.call("GET", "/audit")
        assert status == 200


async def test_a_guide_is_imported_shown_and_its_rights_are_set(tmp_path: Path) -> None:
    async with api(tmp_path) as client:
        status, trial = await client.call("POST", "/guide?dry_run=1", data=guide())
        assert (status, trial["dry_run"]) == (200, True)
        status, report = await client.call("POST", "/guide", data=guide())
        assert (status, report["result"]) == (200, "accepted")
        added = [name for day in report["days"] for name in day["added"]]
        assert len(added) == 2
        status, listed = await client.call(
            "PUT", f"/programmes/{added[0]}/rights", json={"rights": "catch-up 7"}
        )
        assert (status, listed["rights"], listed["catch_up_days"]) == (200, "catch-up 7", 7)
        status, listed = await client.call(
            "PUT", f"/programmes/{added[1]}/series", json={"series": "phim-toi"}
        )
        assert (status, listed["series"]) == (200, "phim-toi")
        status, _ = await client.call("PUT", "/series/phim-toi/rights", json={"rights": "blackout"})
        assert status == 200
        start = {"start": f"@{hour(1) + 60}"}
        status, listed = await client.call("PUT", f"/programmes/{added[0]}/as-run", json=start)
        assert (status, listed["as_run_start_s"]) == (200, hour(1) + 60)
        day = report["days"][0]["day"]
        status, shown = await client.call("GET", f"/guide/hytv?day={day}")
        assert shown["programmes"][0]["id"] == added[0]
        status, journal = await client.call("GET", "/audit?limit=2")
        assert [entry["who"] for entry in journal["audit"]] == ["api:hoa", "api:hoa"]
        assert journal["audit"][0]["after"]["as_run_start_s"] == hour(1) + 60
        snapshot = tmp_path / "data/guide/hytv.json"
        assert '"blackout": true' in await asyncio.to_thread(snapshot.read_text, "utf-8")


async def test_takedowns_are_made_listed_and_undone(tmp_path: Path) -> None:
    async with api(tmp_path) as client:
        body = {
            "channel": "hytv",
            "start": "2026-11-23T19:00",
            "end": "2026-11-23T19:05",
            "reason": "Bản quyền",
        }
        status, made = await client.call("POST", "/takedowns", json=body)
        assert (status, made["start"]) == (201, "2026-11-23T19:00:00+0700")
        assert (await client.call("GET", "/takedowns"))[1]["takedowns"] == [made]
        assert (await client.call("DELETE", f"/takedowns/{made['id']}"))[0] == 200
        assert (await client.call("DELETE", f"/takedowns/{made['id']}"))[0] == 404
        assert (await client.call("GET", "/takedowns"))[1]["takedowns"] == []


async def test_a_guide_with_faults_is_422_and_names_them(tmp_path: Path) -> None:
    async with api(tmp_path) as client:
        text = guide(tomorrow_noon()) + "hytv,x,y,z,\n"
        status, said = await client.call("POST", "/guide", data=text)
        assert (status, said["result"]) == (422, "refused")
        assert (said["faults"][0]["line"], said["faults"][0]["code"]) == (4, "bad_date")
        assert said["faults"][0]["vi"].startswith("không đọc được giờ")


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("PUT", "/programmes/none/rights", {"rights": "open"}, 404),
        ("PUT", "/programmes/none/rights", {}, 400),
        ("PUT", "/programmes/none/rights", [], 400),
        ("PUT", "/programmes/NONE/rights", {"rights": "open"}, 400),
        ("PUT", "/programmes/%00/rights", {"rights": "open"}, 400),
        ("PUT", "/programmes/..%2f..%2fx/rights", {"rights": "open"}, 400),
        ("PUT", "/series/Tin Tức/rights", {"rights": "open"}, 400),
        ("PUT", "/series/tin/rights", {"rights": "closed"}, 400),
        ("POST", "/takedowns", {"channel": "x", "start": "1", "end": "2", "reason": "r"}, 404),
        ("POST", "/takedowns", {"channel": "hytv", "start": "1", "end": "2", "reason": "r"}, 400),
        ("DELETE", "/takedowns/0", None, 400),
        ("DELETE", "/takedowns/" + "9" * 40, None, 400),
        ("GET", "/guide/none", None, 404),
        ("GET", "/guide/hytv?day=gestern", None, 400),
        ("GET", "/guide/hytv?day=0001-01-01", None, 200),
        ("GET", "/audit?limit=0", None, 400),
        ("GET", "/audit?limit=1e9", None, 400),
        ("POST", "/guide?channel=none", None, 404),
    ],
)
async def test_what_is_wrong_is_a_clear_4xx(
    tmp_path: Path, method: str, path: str, body: object, expected: int
) -> None:
    async with api(tmp_path) as client:
        status, _ = await client.call(method, path, json=body)
        assert status == expected


async def test_a_body_that_is_declared_too_large_is_not_read(tmp_path: Path) -> None:
    """Two gigabytes are declared; the answer comes before one of them is sent."""
    async with api(tmp_path) as client:
        for expect in ("", "Expect: 100-continue\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
            writer.write(
                f"POST /api/v1/guide HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
                f"Content-Length: 2147483648\r\n{expect}\r\n".encode()
            )
            async with asyncio.timeout(5):
                said = await reader.read()  # to the end: the connection is closed
            assert said.startswith(b"HTTP/1.1 413 ")
            assert b"100 Continue" not in said
            writer.close()
        assert await asyncio.to_thread(client.room.store.import_counts) == {}


async def test_a_body_that_is_streamed_is_cut_off_at_the_limit(tmp_path: Path) -> None:
    """An endless body: what the server takes of it is bounded, and the guide is as it was."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 2 * 2**30:
            yield b" " * 65_536
            sent += 65_536
            await asyncio.sleep(0.0005)  # as a network does; the loop is the server's too

    async with api(tmp_path) as client:
        try:
            status, said = await client.call("POST", "/guide", data=endless())
            assert (status, said["error"]) == (413, "too_large")
        except aiohttp.ClientError:
            pass  # the connection was cut before the answer was read
        assert sent < 400 * 2**20
        status, report = await client.call("POST", "/guide", data=guide())
        assert (status, report["result"]) == (200, "accepted")


async def test_expect_continue_is_answered_for_who_is_admitted(tmp_path: Path) -> None:
    async with api(tmp_path) as client:
        status, said = await client.call("POST", "/guide", data=guide(), expect100=True)
        assert (status, said["result"]) == (200, "accepted")
        reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
        writer.write(
            b"POST /api/v1/guide HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        async with asyncio.timeout(5):
            assert (await reader.readline()).startswith(b"HTTP/1.1 401 ")
        writer.close()


async def test_without_a_database_it_is_503(tmp_path: Path) -> None:
    async with api(tmp_path, is_open=False) as client:
        status, said = await client.call("GET", "/audit")
        assert (status, said["error"]) == (503, "database_down")
