"""origin.qoe: a real server and a real client; what is refused, and with what answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from core.config import parse_settings
from origin.audience_minutes import PlaceCell
from origin.prepared import ResponseTable
from origin.provinces import Provinces, open_provinces
from origin.qoe import QoeDesk
from origin.qoe_requests import Requested
from origin.senders import sender_of
from origin.tally import Tally
from tests.origin.test_provinces import write_table

SETTINGS = parse_settings(
    """
[station]
name = "Hưng Yên"
[[channels]]
slug = "hytv"
name = "Truyền hình"
kind = "tv"
""",
    name="test",
)
TYPE = {"Content-Type": "application/cmcd"}


def line(sid: str = "a", cid: str = "hytv", more: str = "sta=p") -> str:
    return f'cid="{cid}",e=ps,sid="{sid}",ts=1795387733514,v=2,{more}'


class Origin:
    """The route under test, and its counts."""

    def __init__(self, client: TestClient[web.Request, web.Application], desk: QoeDesk) -> None:
        self.client, self.desk = client, desk

    async def post(self, body: str | bytes, **headers: str) -> int:
        """Send a body and return the status."""
        response = await self.client.post("/qoe", data=body, headers={**TYPE, **headers})
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert response.headers["Cache-Control"] == "no-store"
        assert await response.read() == b""
        return response.status

    def shown(self) -> set[str]:
        """Return the channels whose number of viewers is shown."""
        return {
            sample.labels["channel"]
            for family in self.desk.counts.collect()
            for sample in family.samples
            if sample.name == "lensong_qoe_concurrent_sessions"
        }

    def results(self) -> dict[str, int]:
        """Return what became of reports, those results that there were."""
        return {name: number for name, number in self.desk.counts.results.items() if number}


@asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[Origin]:
    """Serve the route."""
    tally = Tally(("hytv",), ResponseTable(max_held=1))
    desk = QoeDesk(SETTINGS.channels, tally, **options)
    app = web.Application()
    desk.add_to(app.router)
    async with TestClient(TestServer(app)) as client:
        yield Origin(client, desk)


@pytest.fixture
async def origin() -> AsyncIterator[Origin]:
    """Serve the route with its own limits."""
    async with serving() as served:
        yield served


async def test_players_of_a_channel_that_was_taken_away_are_told_to_stop(origin: Origin) -> None:
    one, two = SETTINGS.channels[0], SETTINGS.channels[0].model_copy(update={"slug": "hyfm"})
    assert await origin.post(line()) == 204
    origin.desk.configure((two,))
    assert await origin.post(line()) == 410
    assert await origin.post(f"{line()}\n{line(cid='hyfm')}") == 204
    assert await origin.post(line(cid="never-was")) == 204
    assert await origin.post("nonsense") == 204
    origin.desk.configure((one, two))
    assert await origin.post(line()) == 204


async def test_an_operator_tells_players_to_stop_and_to_go_on(origin: Origin) -> None:
    one = SETTINGS.channels[0]
    two = one.model_copy(update={"slug": "hyfm"})
    silent = one.model_copy(update={"count_viewers": False})
    origin.desk.configure((silent, two))
    assert await origin.post(line()) == 410
    assert await origin.post(line(cid="hyfm")) == 204
    assert origin.shown() == {"hyfm"}
    origin.desk.configure((one, two), collects=False)
    assert await origin.post(line()) == 410
    assert await origin.post(line(cid="hyfm")) == 410
    assert await origin.post("nonsense") == 410
    assert origin.shown() == set()
    assert origin.desk.audience() == {
        ("hytv", "uncounted", "", "other"): 1,
        ("hyfm", "uncounted", "", "other"): 1,
    }
    origin.desk.configure((one, two))
    assert await origin.post(line("b")) == 204
    assert origin.shown() == {"hytv", "hyfm"}


async def test_requests_are_not_read_for_a_channel_that_is_not_counted(origin: Origin) -> None:
    sender = sender_of({"user-agent": "x", "cmcd-session": 'sid="a"'})
    wanted = Requested("hytv", "live")
    origin.desk.hear(sender, "10.0.0.1", b"", wanted)
    assert origin.results() == {"accepted": 1}
    origin.desk.configure((SETTINGS.channels[0],), collects=False)
    origin.desk.hear(sender, "10.0.0.1", b"", wanted)
    assert origin.results() == {"accepted": 1}


async def test_requests_are_bounded_by_second_and_by_address() -> None:
    async with serving(requests_a_second=25) as origin:
        for number in range(40):
            sender = sender_of({"cmcd-session": f'sid="s{number}"'})
            origin.desk.hear(sender, "10.0.0.1", b"", Requested("hytv", "live"))
        assert origin.desk.audience() == {("hytv", "live", "", "other"): 20}
        # In one second, or in two when it has just turned.
        assert origin.results() == {"accepted": 20, "rate_limited": 20}


async def test_reports_are_taken_whatever_they_say(origin: Origin) -> None:
    assert await origin.post(f"{line()}\n{line(more='msd=1e308')}\nnonsense") == 204
    assert await origin.post(line(cid="elsewhere")) == 204
    assert await origin.post(line().replace("v=2", "v=3")) == 204
    assert await origin.post("") == 204
    assert await origin.post(bytes(range(256))) == 204
    # The last has a line end in it.
    assert origin.results() == {"accepted": 2, "invalid": 4, "version": 1}
    assert await origin.post(line(), **{"Content-Type": "application/cmcd; charset=utf-8"}) == 204


async def test_a_wrong_type_and_a_wrong_method_are_refused(origin: Origin) -> None:
    assert await origin.post(line(), **{"Content-Type": "text/plain"}) == 415
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        response = await origin.client.request(method, "/qoe")
        assert response.status == 405
        assert response.headers["Allow"] == "POST, OPTIONS"
    assert origin.results() == {"invalid": 1}


async def test_a_page_elsewhere_may_report(origin: Origin) -> None:
    """The type is none of those that need no preflight."""
    asked = {
        "Origin": "https://bao.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    response = await origin.client.options("/qoe", headers=asked)
    assert response.status == 204
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in response.headers["Access-Control-Allow-Methods"]
    assert response.headers["Access-Control-Allow-Headers"] == "Content-Type"


async def test_a_body_too_large_is_refused_while_it_comes(origin: Origin) -> None:
    assert await origin.post(b"x" * 65_536) == 204
    assert await origin.post(b"x" * 65_537) == 413
    assert await origin.post("\n".join([line()] * 65)) == 413
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(10_000):
            sent += 65_536
            yield b"x" * 65_536

    response = await origin.client.post("/qoe", data=endless(), headers=TYPE)
    assert response.status == 413
    assert sent < 10_000 * 65_536
    assert origin.results() == {"invalid": 1, "too_large": 3}


async def test_too_many_new_sessions_of_one_address_must_wait(origin: Origin) -> None:
    """The edge on this host tells whom it speaks for; what the client claims stands before it."""
    for number in range(20):
        forged = f"10.0.0.{number}, 203.0.113.9"
        assert await origin.post(line(f"s{number}"), **{"X-Forwarded-For": forged}) == 204
    response = await origin.client.post(
        "/qoe", data=line("s20"), headers={**TYPE, "X-Forwarded-For": "203.0.113.9"}
    )
    assert (response.status, response.headers["Retry-After"]) == (429, "60")
    assert await origin.post(line("s3"), **{"X-Forwarded-For": "203.0.113.9"}) == 204
    assert await origin.post(line("s20"), **{"X-Forwarded-For": "203.0.113.10"}) == 204
    assert origin.results() == {"accepted": 22, "rate_limited": 1}
    assert origin.desk.counts.limited == {"total": 0, "client": 1}


@pytest.mark.parametrize("header", ["DNT", "Sec-GPC"])
async def test_who_does_not_want_to_be_counted_is_not(origin: Origin, header: str) -> None:
    assert await origin.post(line(), **{header: "1"}) == 204
    assert origin.results() == {}
    assert await origin.post(line(), **{header: "0"}) == 204
    assert origin.results() == {"accepted": 1}


async def test_a_flood_is_answered_with_a_pause() -> None:
    async with serving(bodies_a_second=0) as origin:
        assert await origin.post(line()) == 429
        assert origin.results() == {"rate_limited": 1}
        assert origin.desk.counts.limited == {"total": 1, "client": 0}


async def test_of_a_user_agent_only_the_class_of_the_device_is_left(origin: Origin) -> None:
    phone = {"User-Agent": "Mozilla/5.0 (Linux; Android 14)"}
    assert await origin.post(line(), **phone) == 204
    assert await origin.post(line("b"), **{"User-Agent": "Mozilla/5.0 (Web0S; SmartTV)"}) == 204
    assert origin.desk.audience() == {
        ("hytv", "live", "", "phone"): 1,
        ("hytv", "live", "", "tv"): 1,
    }


@pytest.fixture(scope="module")
def provinces(tmp_path_factory: pytest.TempPathFactory) -> Provinces:
    """Open the table."""
    return open_provinces(write_table(tmp_path_factory.mktemp("table") / "city.mmdb"))


async def test_viewers_are_counted_by_province_and_where_none_is_known_not(
    provinces: Provinces,
) -> None:
    async with serving(provinces=provinces) as origin:
        for number, address in enumerate(("113.160.1.1", "113.160.1.1", "8.8.8.8", "9.9.9.9")):
            await origin.post(line(str(number)), **{"X-Forwarded-For": f"1.2.3.4, {address}"})
        # Who moves on to another network in the middle stays where it began.
        await origin.post(line("0"), **{"X-Forwarded-For": "8.8.8.8"})
        assert origin.desk.places() == {
            PlaceCell("hytv", "live", "Hưng Yên"): 2,
            PlaceCell("hytv", "live", "US"): 1,
        }
        assert sum(origin.desk.audience().values()) == 4
