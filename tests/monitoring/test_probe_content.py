"""What is black, frozen, silent for too long in what a viewer gets."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from core.config import parse_settings
from core.content import CONTENT_KINDS, Luma
from core.guide import GuideSnapshot, Programme
from core.loudness import Sound
from monitoring.probe_content import OutputContent, OutputRules, output_rules
from monitoring.probe_segment import SegmentFacts

RANDOM = np.random.default_rng(5)
BEGIN_S = 1_795_514_400.0
BLACK = np.full((22, 40), 16, np.uint8)
STILL = RANDOM.integers(40, 200, (22, 40)).astype(np.uint8)


def scene() -> Luma:
    return RANDOM.integers(40, 200, (22, 40)).astype(np.uint8)


def sound(left_dbfs: float, right_dbfs: float, seconds: float = 2.0) -> Sound:
    """Return a tone; what is at -200 dBFS is nothing."""
    wave = np.sin(2 * np.pi * 997 * np.arange(round(48_000 * seconds)) / 48_000) * 2**0.5
    gains = 32_768 * 10 ** (np.array([left_dbfs, right_dbfs]) / 20)
    return (wave[:, None] * gains).astype(np.float32)


GOOD = sound(-20, -20)


class Viewer:
    """Takes segments of 2 s with two key frames each."""

    def __init__(self, rules: OutputRules | None = None) -> None:
        self.content, self.msn = OutputContent(rules), 0

    def take(
        self, picture: Luma | None = None, heard: Sound | None = None, *, times: int = 1
    ) -> list[str]:
        """Return the kinds that the last segment brings."""
        found: list[str] = []
        for _ in range(times):
            again = scene() if picture is None else picture
            pictures = (again, scene() if picture is None else picture)
            facts = SegmentFacts("mp4", (), pictures, GOOD if heard is None else heard)
            at_s = BEGIN_S + 2 * self.msn
            faults = self.content.take(facts, duration_s=2.0, msn=self.msn, at_s=at_s)
            found = [fault.kind for fault in faults]
            self.msn += 1
        return found


def test_a_moving_picture_with_sound_is_good() -> None:
    viewer = Viewer()
    assert viewer.take(times=8) == []
    assert viewer.content.active == frozenset()
    assert viewer.content.meter.integrated.integrated == pytest.approx(-17.0, abs=0.2)
    assert viewer.content.meter.true_peak == pytest.approx(10 ** (-17 / 20), rel=0.01)


def test_black_is_told_after_two_seconds_and_is_not_frozen_too() -> None:
    viewer = Viewer()
    assert viewer.take(BLACK) == []
    assert viewer.take(BLACK) == ["black"]
    assert viewer.take(BLACK, times=8) == ["black"]
    assert viewer.take() == []


def test_a_fault_tells_how_long_it_has_lasted_and_where() -> None:
    content = OutputContent()
    facts = SegmentFacts("mp4", (), (BLACK,) * 4)
    (fault,) = content.take(facts, duration_s=4.0, msn=7, at_s=BEGIN_S)
    assert (fault.where, fault.detail) == ("output", "black for 4.0 s at segment 7")


def test_a_frozen_picture_is_told_even_if_it_was_encoded_anew() -> None:
    viewer, again = Viewer(), STILL.copy()
    again[::2] ^= 1
    told = [viewer.take(STILL if at % 2 else again) for at in range(4)]
    assert told == [[], [], ["freeze"], ["freeze"]]
    assert viewer.content.meter.flagged_s("freeze") == pytest.approx(2.0)


def test_a_rendition_of_another_size_is_another_picture() -> None:
    viewer = Viewer()
    viewer.take(STILL, times=4)
    assert viewer.take(np.full((44, 80), 99, np.uint8)) == []


@pytest.mark.parametrize(
    ("heard", "kind", "after"),
    [
        (sound(-70, -80), "silence", 3),
        (sound(-20, -90), "mono_loss", 6),
        (GOOD * np.array([1, -1], np.float32), "phase", 6),
    ],
)
def test_a_fault_of_sound_is_told_after_its_time(heard: Sound, kind: str, after: int) -> None:
    viewer = Viewer()
    viewer.take(times=2)
    told = [viewer.take(None, heard) for _ in range(after)]
    assert told == [[]] * (after - 1) + [[kind]]
    assert viewer.content.active == {kind}
    assert viewer.take() == []


def test_loudness_off_the_channels_own_target_is_flagged_and_no_fault_of_a_player() -> None:
    quiet = sound(-33, -33)
    own, strange = Viewer(RULES["hytv"]), Viewer()
    assert own.take(None, quiet, times=32) == []
    assert strange.take(None, quiet, times=32) == []
    assert own.content.active == frozenset()  # -30 LUFS is what it is meant to have
    assert strange.content.active == {"loudness"}


def test_sound_that_comes_no_more_has_no_fault() -> None:
    viewer = Viewer()
    viewer.take(None, sound(-90, -90), times=4)
    assert viewer.content.active == {"silence"}
    facts = SegmentFacts("mp4", (), (scene(),))
    viewer.content.take(facts, duration_s=2.0, msn=99, at_s=BEGIN_S + 40)
    assert viewer.content.active == frozenset()


def test_what_is_dated_back_goes_on_after_the_last() -> None:
    viewer = Viewer()
    viewer.take(BLACK, times=2)
    facts = SegmentFacts("mp4", (), (BLACK,))
    (fault,) = viewer.content.take(facts, duration_s=2.0, msn=2, at_s=BEGIN_S - 3_600)
    assert fault.detail == "black for 6.0 s at segment 2"


ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def test_a_player_that_begins_anew_has_nothing_twice() -> None:
    viewer = Viewer()
    viewer.take(BLACK, times=2)
    loudness = viewer.content.meter.integrated.blocks
    viewer.msn = 0
    assert viewer.take(BLACK, times=2) == []
    assert viewer.content.meter.integrated.blocks == loudness
    facts = SegmentFacts("mp4", (), (BLACK,))
    (fault,) = viewer.content.take(facts, duration_s=2.0, msn=2, at_s=BEGIN_S + 4)
    assert fault.detail == "black for 6.0 s at segment 2"


RULES = output_rules(
    parse_settings(
        """
        [station]
        name = "Đài"
        [[channels]]
        slug = "hytv"
        name = "Truyền hình"
        kind = "tv"
        content.target_lufs = -30
        content.black_flag_s = 5
        [[channels.exceptions]]
        kinds = ["silence"]
        programme = "Phút mặc niệm"
        [[channels]]
        slug = "hyfm"
        name = "Phát thanh"
        kind = "radio"
        content.measure = false
        """,
        name="test",
    ),
    ZONE,
)


def test_an_own_channel_is_judged_by_its_settings() -> None:
    assert RULES["hytv"].limits.flag_s["black"] == 5
    assert RULES["hytv"].kinds == CONTENT_KINDS
    assert RULES["hyfm"].kinds == ("silence", "mono_loss", "phase", "loudness")


def test_a_channel_that_is_not_to_be_measured_has_no_fault() -> None:
    assert Viewer(RULES["hyfm"]).take(BLACK, sound(-90, -90), times=9) == []


def test_a_reload_changes_the_limits_of_what_lasts() -> None:
    viewer = Viewer(RULES["hytv"])
    assert viewer.take(BLACK, times=2) == []
    viewer.content.replace(OutputRules())
    assert viewer.take(BLACK) == ["black"]


def silent_minute(start_s: float) -> GuideSnapshot:
    start = int(start_s)
    minute = Programme(
        id="p1", channel="hytv", start_s=start, end_s=start + 60, title="Phút mặc niệm"
    )
    return GuideSnapshot(channel="hytv", programmes=(minute,))


def test_what_the_guide_excuses_is_no_fault_at_the_moment_that_the_media_are_of() -> None:
    viewer, nothing = Viewer(RULES["hytv"]), sound(-90, -90)
    viewer.content.schedule.guide = silent_minute(BEGIN_S)
    assert viewer.take(None, nothing, times=30) == []
    assert [viewer.take(None, nothing) for _ in range(3)] == [[], [], ["silence"]]
    assert viewer.content.active == {"silence"}


def test_a_reload_keeps_the_guide_and_takes_the_new_exceptions() -> None:
    viewer, nothing = Viewer(RULES["hytv"]), sound(-90, -90)
    viewer.content.schedule.guide = silent_minute(BEGIN_S)
    viewer.content.replace(RULES["hytv"])
    assert viewer.take(None, nothing, times=9) == []
    viewer.content.replace(OutputRules())
    assert viewer.take(None, nothing, times=3) == ["silence"]


def test_the_integrated_loudness_is_the_programmes_on_air() -> None:
    viewer = Viewer(RULES["hytv"])
    viewer.content.schedule.guide = silent_minute(BEGIN_S + 20)
    viewer.take(None, sound(-40, -40), times=10)
    viewer.take(times=10)
    assert viewer.content.meter.integrated.integrated == pytest.approx(-17.0, abs=0.3)
