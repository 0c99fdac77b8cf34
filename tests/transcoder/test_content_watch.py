"""transcoder.content_watch: inputs that deliver nothing worth seeing are left, and returned to."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from core.content import ContentMeter
from core.content_settings import ContentExceptionSettings, ContentSettings, limits_of
from core.guide import GuideSnapshot, Programme
from core.loudness import LoudnessStep, Sound
from core.loudness_log import LoudnessMinute, sum_minutes
from transcoder.buffer import InputBuffer
from transcoder.content_watch import ContentWatch
from transcoder.decision import Rules
from transcoder.slate import black_picture
from transcoder.switcher import Switcher

START = 44_875_000_032
WIDTH, HEIGHT = 64, 48
RANDOM = np.random.default_rng(5)
SCENES = [
    bytearray(RANDOM.integers(30, 220, WIDTH * HEIGHT * 3 // 2, dtype=np.uint8).tobytes())
    for _ in range(7)
]
SOUND = RANDOM.normal(0, 3_000, (1_920, 2)).astype(np.int16)
SILENCE = np.zeros((1_920, 2), dtype=np.int16)


class Station:
    """Two inputs with pictures and sound, a switcher and a watch; no thread and no clock."""

    def __init__(
        self,
        exceptions: tuple[ContentExceptionSettings, ...] = (),
        minutes: Callable[[LoudnessMinute], None] = lambda _minute: None,
    ) -> None:
        self.now_ns, self.frame, self.kind = 0, START, ""
        self.buffers = {
            name: InputBuffer(
                frame_rate=25, jitter_ms=200, has_picture=True, monotonic_ns=lambda: self.now_ns
            )
            for name in ("studio", "backup")
        }
        for buffer in self.buffers.values():
            buffer.begin(session="one", tracks=frozenset({"video", "audio"}))
        self.watch = ContentWatch(
            frame_rate=25,
            size=(WIDTH, HEIGHT),
            zone=ZoneInfo("Asia/Ho_Chi_Minh"),
            verdicts=lambda found: self.switcher.replace_verdicts(found),  # noqa: PLW0108
            minutes=minutes,
        )
        self.watch.replace(self.buffers, limits_of(ContentSettings(), is_radio=False), exceptions)
        self.switcher = Switcher(
            inputs=self.buffers,
            frame_rate=25,
            patience_ms=400,
            rules=Rules(return_after_ns=10_000_000_000),
            slate=lambda: black_picture(WIDTH, HEIGHT),
            tap=self.watch.tap,
        )

    def run(self, seconds: float) -> None:
        """Let a stretch of the programme pass."""
        for _ in range(round(seconds * 25)):
            self.frame += 1
            self.now_ns += 40_000_000
            self.switcher.tick(self.frame, self.now_ns)
            self.watch.measure()
            for name, buffer in self.buffers.items():
                kind = self.kind if name == "studio" else ""
                number = self.frame - 2
                scene = SCENES[0 if kind == "freeze" else number % 7]
                picture = black_picture(WIDTH, HEIGHT) if kind == "black" else scene
                buffer.put_picture(number, bytearray(picture))
                buffer.put_sound(number * 1920, SILENCE if kind == "silence" else SOUND)


@pytest.mark.parametrize(("kind", "after_s"), [("black", 10), ("freeze", 20), ("silence", 30)])
def test_a_dead_studio_is_left_after_its_time_and_returned_to(kind: str, after_s: int) -> None:
    station = Station()
    station.run(4)
    assert station.switcher.on_air == "studio"
    station.kind = kind
    station.run(after_s - 0.5)
    assert station.switcher.on_air == "studio"
    assert station.watch.points["input:studio"].is_flagged(kind)
    station.run(1.5)
    assert station.switcher.on_air == "backup"
    assert station.switcher.content_fault("studio") == kind
    last = station.switcher.last_switch
    assert last is not None
    assert last.reason == kind
    station.kind = ""
    station.run(9.5)
    assert station.switcher.on_air == "backup"
    station.run(1.5)
    assert station.switcher.on_air == "studio"
    assert station.switcher.counts.switches[("studio", "recover")] >= 1


def test_an_exception_of_the_schedule_keeps_the_studio_on_air() -> None:
    always = [
        ContentExceptionSettings(kinds=("black",), begin="00:00", end="12:00"),
        ContentExceptionSettings(kinds=("black",), begin="12:00", end="00:00"),
    ]
    station = Station(tuple(always))
    station.run(4)
    station.kind = "black"
    station.run(15)
    assert station.switcher.on_air == "studio"
    assert not station.watch.points["input:studio"].is_flagged("black")


@pytest.mark.parametrize("where", [{"programme": "Phut mac niem*"}, {"category": "Tưởng niệm"}])
def test_a_programme_of_the_guide_keeps_the_studio_on_air_until_it_ends(
    where: dict[str, str],
) -> None:
    exception = ContentExceptionSettings.model_validate({"kinds": ["black", "silence"], **where})
    station, begin_s = Station((exception,)), START // 25
    minute = Programme(
        id="p1", channel="hytv", start_s=begin_s, end_s=begin_s + 20,
        title="Phút mặc niệm 27/7", categories=("Tưởng niệm",),
    )  # fmt: skip
    station.watch.schedule.guide = GuideSnapshot(channel="hytv", programmes=(minute,))
    station.run(4)
    station.kind = "black"
    station.run(16)
    assert station.switcher.on_air == "studio"
    for point in ("input:studio", "programme"):
        assert station.watch.points[point].flagged_s("black") == 0
    station.run(9)  # of the programme after it; its own ten seconds are not over
    assert station.switcher.on_air == "studio"
    station.run(2)
    assert station.switcher.on_air == "backup"


def test_a_reload_that_takes_an_input_away_takes_its_point() -> None:
    station = Station()
    limits = limits_of(ContentSettings(), is_radio=False)
    station.watch.replace(["backup"], limits, ())
    assert list(station.watch.points) == ["input:backup", "programme"]


def test_a_thread_that_is_behind_drops_and_counts() -> None:
    station = Station()
    station.watch.measure = lambda: None  # type: ignore[method-assign]
    station.run(2)
    assert station.watch.dropped == 25


class ReloadingMeter(ContentMeter):
    """Is fed while a reload ends all measuring."""

    watch: ContentWatch

    def hear(self, sound: Sound, now_s: float) -> list[LoudnessStep]:
        """Let the reload come in the midst of it."""
        self.watch.stop_measuring()
        return super().hear(sound, now_s)


def test_a_reload_that_ends_measuring_leaves_no_verdict_that_was_being_found() -> None:
    station = Station()
    station.run(4)
    station.kind = "black"
    station.run(11)
    assert station.switcher.content_fault("studio") == "black"
    meter = ReloadingMeter(limits_of(ContentSettings(), is_radio=False))
    meter.watch = station.watch
    station.watch.points = {**station.watch.points, "programme": meter}
    station.run(0.2)
    assert station.watch.points == {}
    assert station.switcher.content_fault("studio") is None


def test_the_programmes_loudness_is_told_each_minute_and_the_rest_at_the_end() -> None:
    told: list[LoudnessMinute] = []
    station = Station(minutes=told.append)
    station.run(62)
    station.watch.stop()
    station.watch.run()
    begin_s = START // 25 // 60 * 60
    assert [item.start_s for item in told] == list(range(begin_s, begin_s + 60 * len(told), 60))
    assert len(told) >= 2
    assert sum(item.steps for item in told) == pytest.approx(620, abs=1)
    integrated = sum_minutes(told).integrated
    whole = station.watch.points["programme"].integrated.integrated
    assert integrated == pytest.approx(whole, abs=0.01)
