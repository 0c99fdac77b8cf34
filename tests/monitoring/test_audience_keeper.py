"""monitoring.audience_store, _outlook, _keeper: minutes that are kept, quarters forecast."""

from __future__ import annotations

import asyncio
from datetime import UTC, date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from core.admin_calls import AdminCalls
from core.config import Settings, parse_settings
from core.errors import FormatError
from monitoring.audience_keeper import AudienceKeeper
from monitoring.audience_outlook import HISTORY, bytes_per_session, look_ahead
from monitoring.audience_store import AudienceStore, Sample, read_samples
from monitoring.forecast import DAY, QUARTER_S

QUARTER = 2_000_000
MINUTE = QUARTER * 15
SECRET = "a secret of sixteen characters"  # noqa: S105


def settings_of(folder: Path, *, port: int = 9, more: str = "") -> Settings:
    return parse_settings(
        f'[station]\nname = "Đài"\n[paths]\ndata_dir = "{folder}"\n'
        f"[network]\norigin_admin_port = {port}\n{more}\n"
        '[[channels]]\nslug = "hytv"\nname = "Truyền hình"\nkind = "tv"\nladder = "360p"\n',
        name="test",
    )


def sample(minute: int, count: int, *, kind: str = "live", rendition: str = "360p") -> Sample:
    return Sample(minute, (("hytv", kind, rendition, "phone", count),) if count else ())


@pytest.fixture
def store(tmp_path: Path) -> AudienceStore:
    opened = AudienceStore(tmp_path / "data" / "audience.db")
    opened.open()
    return opened


def test_a_quarter_is_the_mean_of_its_minutes_over_all_origins(store: AudienceStore) -> None:
    store.put(0, 2, [sample(MINUTE + at, 10) for at in range(15)])
    store.put(1, 2, [sample(MINUTE + at, 20 if at % 2 else 0) for at in range(15)])
    assert store.quarters(QUARTER, 1)["hytv"] == pytest.approx([10 + 20 * 7 / 15])


def test_writing_twice_changes_nothing(store: AudienceStore) -> None:
    store.put(0, 1, [sample(MINUTE + at, 10) for at in range(15)])
    store.put(0, 1, [sample(MINUTE + at, 99) for at in range(15)])
    assert store.quarters(QUARTER, 1)["hytv"] == pytest.approx([10])
    assert store.newest(0) == MINUTE + 14
    assert store.newest(1) is None


def test_a_minute_that_not_every_origin_told_is_a_hole(store: AudienceStore) -> None:
    store.put(0, 2, [sample(MINUTE + at, 10) for at in range(30)])
    store.put(1, 2, [sample(MINUTE + at, 10) for at in range(10)])
    store.put(1, 2, [sample(MINUTE + 15 + at, 10) for at in range(9)])
    series = store.quarters(QUARTER, 3)["hytv"]
    assert series[0] == pytest.approx(20)
    assert np.isnan(series[1:]).all()


def test_a_minute_whose_viewers_were_not_to_be_counted_is_none_without_any(
    store: AudienceStore,
) -> None:
    store.put(0, 1, [sample(MINUTE + at, 10) for at in range(20)])
    off = [sample(MINUTE + at, 1, kind="uncounted", rendition="") for at in range(20, 50)]
    store.put(0, 1, off)
    store.put(0, 1, [sample(MINUTE + at, 30) for at in range(50, 60)])
    series = store.quarters(QUARTER, 4)["hytv"]
    assert series[0] == pytest.approx(10)
    assert np.isnan(series[1:3]).all()
    assert series[3] == pytest.approx(30)  # of ten minutes of fifteen
    minutes = store.minutes("hytv", MINUTE + 18, MINUTE + 52)
    assert minutes == {MINUTE + 18: 10, MINUTE + 19: 10, MINUTE + 50: 30, MINUTE + 51: 30}


def test_nobody_is_known_and_before_the_first_viewer_nothing_is(store: AudienceStore) -> None:
    counts = [0] * 15 + [5] * 15 + [0] * 15
    store.put(0, 1, [sample(MINUTE + at, count) for at, count in enumerate(counts)])
    series = store.quarters(QUARTER, 3)["hytv"]
    assert np.isnan(series[0])
    assert list(series[1:]) == [5, 0]


def test_who_rewinds_or_listens_without_reports_is_not_in_the_forecast(
    store: AudienceStore,
) -> None:
    for kind in ("dvr", "catchup", "http"):
        store.put(0, 1, [sample(MINUTE + at, 10, kind=kind) for at in range(15)])
    assert store.quarters(QUARTER, 1) == {}


def test_old_minutes_are_removed(store: AudienceStore) -> None:
    store.put(0, 1, [sample(MINUTE + at, 10) for at in range(30)])
    store.remove_before(MINUTE + 15)
    assert store.renditions(0) == {("hytv", "360p"): 150}
    assert np.isnan(store.quarters(QUARTER, 2)["hytv"][0])


def test_a_file_that_is_no_database_is_an_error_that_is_survived(tmp_path: Path) -> None:
    path = tmp_path / "audience.db"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(OSError, match=r"audience\.db"):
        AudienceStore(path).open()


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"minutes": 5},
        {"minutes": [{"minute": 1}]},
        {"minutes": [{"minute": 1, "cells": [[1]]}]},
        {"minutes": [{"minute": 1, "cells": [], "places": [[1]]}]},
    ],
)
def test_what_is_no_audience_is_refused(body: Any) -> None:
    with pytest.raises(FormatError):
        read_samples(body)


def test_a_session_takes_what_was_watched_and_what_is_unknown_counts_as_the_highest(
    tmp_path: Path,
) -> None:
    channels = settings_of(tmp_path).channels
    highest = bytes_per_session(channels, {})["hytv"]
    assert highest > 50_000
    assert bytes_per_session(channels, {("hytv", ""): 9})["hytv"] == highest
    mixed = bytes_per_session(channels, {("hytv", ""): 5, ("hytv", "240p"): 5})["hytv"]
    assert mixed <= highest


def test_the_peak_is_that_of_the_coming_day() -> None:
    quarters = np.arange(HISTORY)
    history = np.where(quarters % DAY == 80, 1000.0, 100.0)
    histories = {"a": history, "b": history, "gone": history}
    outlook = look_ahead(histories, {"a": 10, "b": 1}, first=0, zone=UTC)
    assert outlook.sessions["a", "p50"] == pytest.approx(100)
    assert outlook.sessions["a", "last_week"] == 100
    assert outlook.peak_bytes == pytest.approx(11_000)
    assert not any(channel == "gone" for channel, _ in outlook.sessions)


def test_too_little_history_makes_no_series_and_no_peak() -> None:
    history = np.full(HISTORY, np.nan)
    history[-DAY:] = 5
    outlook = look_ahead({"a": history}, {"a": 10}, first=0, zone=UTC)
    assert outlook.sessions == {}
    assert outlook.peak_bytes is None


def test_a_day_that_the_settings_name_widens_the_band() -> None:
    generator = np.random.default_rng(5)
    history = generator.uniform(80, 120, HISTORY)
    usual = look_ahead({"a": history}, {"a": 1}, first=0, zone=UTC)
    # 60 days from 1970-01-01 end with 1 March.
    days = [date(1970, 3, 2)]
    special = look_ahead({"a": history}, {"a": 1}, first=0, zone=UTC, special_days=days)
    assert special.sessions["a", "p95"] > usual.sessions["a", "p95"] * 1.1


async def test_minutes_of_an_origin_become_families(tmp_path: Path) -> None:
    asked: list[str] = []
    minutes = [{"minute": MINUTE, "cells": [["hytv", "live", "360p", "phone", 4]]}]

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.query["since"])
        assert request.headers["Authorization"] == f"Bearer {SECRET}"
        return web.json_response({"minutes": minutes if len(asked) < 3 else "nonsense"})

    app = web.Application()
    app.router.add_get("/control/audience", answer)
    async with TestServer(app) as server:
        settings = settings_of(
            tmp_path, port=server.port or 0, more="[monitoring]\ncapacity_mbps = 80\n"
        )
        registry = CollectorRegistry()
        keeper = await asyncio.to_thread(AudienceKeeper, settings, registry, secret=SECRET)
        store = await asyncio.to_thread(AudienceStore, tmp_path / "audience.db")
        await asyncio.to_thread(store.open)
        async with AdminCalls("127.0.0.1", SECRET) as calls:
            for _ in range(3):
                await keeper.ask(calls)
    assert asked == ["0", str(MINUTE + 1), str(MINUTE + 1)]
    assert await asyncio.to_thread(store.renditions, 0) == {("hytv", "360p"): 4}
    assert registry.get_sample_value("lensong_audience_capacity_bytes_per_second") == 10_000_000
    assert registry.get_sample_value("lensong_audience_forecast_peak_bytes_per_second") is None
    begin = QUARTER - HISTORY
    told = [sample(at, 40) for at in range(begin * 15, MINUTE)]
    await asyncio.to_thread(store.put, 0, 1, told)
    await asyncio.to_thread(keeper.refresh, QUARTER * QUARTER_S)
    values = {
        level: registry.get_sample_value(
            "lensong_audience_forecast_sessions", {"channel": "hytv", "level": level}
        )
        for level in ("p05", "p50", "p95", "last_week")
    }
    assert values == pytest.approx(dict.fromkeys(values, 40.0))
    peak = registry.get_sample_value("lensong_audience_forecast_peak_bytes_per_second")
    assert peak is not None
    assert peak == pytest.approx(40 * bytes_per_session(settings.channels, {})["hytv"], rel=0.6)
