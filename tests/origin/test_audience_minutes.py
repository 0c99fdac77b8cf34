"""origin.audience_minutes and origin.audience: what is kept of who watched, and for how long."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from origin.audience import AudienceDesk
from origin.audience_minutes import KEPT_MINUTES, AudienceMinutes, Cell, PlaceCell, device_of

LIVE = Cell("hytv", "live", "720p", "phone")
RADIO = Cell("hyfm", "http", "mp3", "other")


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        ("Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 Mobile Safari", "phone"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X)", "phone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0", "desktop"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.5", "desktop"),
        ("Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36", "tv"),
        ("Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0)", "tv"),
        ("Mozilla/5.0 (Linux; Android 11; BRAVIA 4K UR2)", "tv"),
        ("VLC/3.0.20 LibVLC/3.0.20", "other"),
        ("", "other"),
        ("x" * 100_000 + "Android", "other"),
    ],
)
def test_a_device_is_known_by_its_class_alone(user_agent: str, device: str) -> None:
    assert device_of(user_agent) == device


def test_two_hours_are_kept_and_no_more() -> None:
    minutes = AudienceMinutes()
    for minute in range(1000, 1000 + KEPT_MINUTES + 5):
        minutes.add(minute, {LIVE: minute})
    told = [one["minute"] for one in minutes.describe()]
    assert told == list(range(1005, 1005 + KEPT_MINUTES))
    assert minutes.describe(1124) == [
        {
            "minute": 1124,
            "cells": [["hytv", "live", "720p", "phone", 1124]],
            "places": [],
        }
    ]


def test_a_minute_without_viewers_is_told_and_the_first_sample_of_one_stays() -> None:
    minutes = AudienceMinutes()
    minutes.add(7, {LIVE: 0})
    minutes.add(7, {LIVE: 9})
    assert minutes.describe() == [{"minute": 7, "cells": [], "places": []}]


async def test_monitoring_is_told_the_minutes_that_it_asks_for() -> None:
    listening = {RADIO: 2}
    desk = AudienceDesk(
        lambda: {LIVE: 3},
        lambda: listening,
        places=lambda: {PlaceCell("hytv", "live", "Hưng Yên"): 3},
    )
    desk.sample(10)
    listening[RADIO] = 1
    desk.sample(11)
    app = web.Application()
    app.router.add_get("/audience", desk.answer)
    async with TestClient(TestServer(app)) as client:
        response = await client.get("/audience", params={"since": "11"})
        cells = [["hyfm", "http", "mp3", "other", 1], ["hytv", "live", "720p", "phone", 3]]
        places = [["hytv", "live", "Hưng Yên", 3]]
        minute = {"minute": 11, "cells": cells, "places": places}
        assert await response.json() == {"minutes": [minute]}
        for wrong in ("x", "-1", "٣", "9" * 30):
            assert (await client.get("/audience", params={"since": wrong})).status == 400
