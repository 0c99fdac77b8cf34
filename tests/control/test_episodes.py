"""control.episodes and control.podcasts: which episodes there are, and that they are made."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from control.episodes import EpisodePlan, decide_episodes
from control.podcasts import Episodes
from core.clip_records import DONE, FAILED, ClipRecord
from core.clip_settings import PodcastSettings
from core.config import ChannelSettings
from core.guide import GuideSnapshot, Programme, Takedown
from tests.control.clip_bench import (
    archive_radio,
    make_settings,
    programme,
    put_guide,
    running,
    until,
)

PODCAST = PodcastSettings(series="nha-nong", title="Nhà nông", description="Chuyện đồng áng")
RADIO = ChannelSettings(slug="hyfm", name="HYFM", kind="radio", archive_days=30)
FIRST = programme("p1", 0, 600, description="Lúa", catch_up_days=20)
SECOND = programme("p2", 3_600, 4_200)
NOW_S = SECOND.end_s + 60


def plan(
    *programmes: Programme,
    records: tuple[ClipRecord, ...] = (),
    takedowns: tuple[Takedown, ...] = (),
    now_s: int = NOW_S,
    **more: Any,
) -> EpisodePlan:
    guide = GuideSnapshot(channel="hyfm", programmes=programmes, takedowns=takedowns)
    podcast = PODCAST.model_copy(update=more)
    return decide_episodes([podcast], [(RADIO, guide)], records, now_s=now_s)


def made(item: Programme, **more: Any) -> ClipRecord:
    (order,) = plan(item).make
    return replace(order, state=DONE, **more)


def ids(records: tuple[ClipRecord, ...]) -> list[str]:
    return [record.id for record in records]


def test_an_episode_is_made_once_it_has_ended() -> None:
    running_still = programme("p3", 4_200, 7_200)
    other = programme("p4", 0, 60, series="")
    found = plan(FIRST, SECOND, running_still, other)
    assert ids(found.make) == ["programme-p2", "programme-p1"]
    first = found.make[1]
    assert (first.title, first.description, first.public) == ("Nhà nông p1", "Lúa", True)
    assert first.until_s == FIRST.end_s + 20 * 86_400
    assert found.make[0].until_s is None


@pytest.mark.parametrize(
    "item",
    [
        replace(SECOND, blackout=True),
        replace(SECOND, catch_up_days=0),
        replace(SECOND, start_s=NOW_S - 31 * 86_400, end_s=NOW_S - 30 * 86_400),
    ],
)
def test_what_may_not_be_heard_again_or_is_not_archived_is_no_episode(item: Programme) -> None:
    assert plan(item).make == ()


def test_an_episode_goes_when_its_rights_end() -> None:
    record = made(FIRST)
    late_s = FIRST.end_s + 20 * 86_400
    assert plan(FIRST, records=(record,)) == EpisodePlan((), (), ())
    assert plan(FIRST, records=(record,), now_s=late_s).remove == (record,)
    assert plan(records=(record,), now_s=late_s).remove == (record,)  # it left the guide's window
    assert plan(replace(FIRST, blackout=True), records=(record,)).remove == (record,)
    assert plan(replace(FIRST, series=""), records=(record,)).remove == (record,)
    taken = Takedown(start_s=FIRST.start_s + 10, end_s=FIRST.start_s + 11)
    assert plan(FIRST, records=(record,), takedowns=(taken,)).remove == (record,)
    assert plan(records=(record,), takedowns=(taken,)).remove == (record,)
    assert decide_episodes([], [], [record], now_s=NOW_S).remove == (record,)


def test_an_episode_that_left_the_guide_stays_as_long_as_its_rights() -> None:
    record = made(SECOND)
    assert plan(records=(record,), now_s=NOW_S + 300 * 86_400) == EpisodePlan((), (), ())


def test_a_corrected_time_makes_it_again_and_a_corrected_word_does_not() -> None:
    record = made(FIRST, size_bytes=7)
    again = plan(replace(FIRST, as_run_end_s=FIRST.end_s + 30), records=(record,))
    assert ids(again.make) == ["programme-p1"]
    words = plan(replace(FIRST, title="Nhà nông mới"), records=(record,))
    assert words.make == ()
    assert words.correct == (replace(record, title="Nhà nông mới"),)


def test_a_failed_episode_is_tried_again_after_ten_minutes() -> None:
    failed = replace(made(FIRST), state=FAILED, asked_s=NOW_S - 599)
    assert plan(FIRST, records=(failed,)).make == ()
    assert ids(plan(FIRST, records=(failed,), now_s=NOW_S + 1).make) == ["programme-p1"]


def test_only_the_newest_are_kept() -> None:
    found = plan(FIRST, SECOND, records=(made(FIRST),), keep_episodes=1)
    assert ids(found.make) == ["programme-p2"]
    assert ids(found.remove) == ["programme-p1"]


@pytest.mark.media
@pytest.mark.timeout(60)
async def test_an_episode_is_made_from_the_archive_and_deleted(tmp_path: Path) -> None:
    await archive_radio(tmp_path)
    settings = make_settings(
        tmp_path,
        '[[podcasts]]\nseries = "nha-nong"\ntitle = "Nhà nông"\ndescription = "Chuyện đồng áng"',
    )
    item = programme("p1", 2, 12)
    await put_guide(settings, item)
    async with running(settings) as jobs:
        episodes = Episodes(jobs)
        await episodes.look(item.end_s + 1)
        found = await until(jobs, "programme-p1")
        assert (found.state, found.duration_s) == (DONE, 10.0)
        await put_guide(settings, replace(item, catch_up_days=0))
        await episodes.look(item.end_s + 1)
        assert await jobs.listed() == []
        assert not await asyncio.to_thread(jobs.path(found).exists)
