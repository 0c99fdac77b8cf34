"""transcoder.switcher: a frame each tick, whatever the inputs do."""

from __future__ import annotations

import numpy as np

from core.timeline import UnixNs
from transcoder.buffer import InputBuffer
from transcoder.decision import Blackout, Rules
from transcoder.switcher import Switcher

START = 44_875_000_032
TICK_NS = 40_000_000
SLATE = bytearray(b"slate")


class Station:
    """Two inputs in real time, a switcher, and what it put on the tape."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.frame = START
        self.alive = {"studio": True, "backup": True}
        self.buffers = {
            name: InputBuffer(
                frame_rate=25, jitter_ms=200, has_picture=True, monotonic_ns=lambda: self.now_ns
            )
            for name in self.alive
        }
        for buffer in self.buffers.values():
            buffer.begin(session="one", tracks=frozenset({"video", "audio"}))
        self.switcher = Switcher(
            inputs=self.buffers,
            frame_rate=25,
            patience_ms=400,
            rules=Rules(return_after_ns=10_000_000_000),
            slate=lambda: SLATE,
        )
        self.shown: list[str] = []

    def run(self, seconds: float) -> list[str]:
        """Return what each frame of the stretch showed: ``studio:123``, ``slate``."""
        shown = []
        for _ in range(round(seconds * 25)):
            self.frame += 1
            self.now_ns += TICK_NS
            item = self.switcher.tick(self.frame, self.now_ns)
            assert item.frame == self.frame
            assert len(item.sound) == 1920 * 4
            shown.append(bytes(item.picture or b"").decode())
            for name, buffer in self.buffers.items():
                if self.alive[name]:
                    number = self.frame - 2
                    buffer.put_picture(number, bytearray(f"{name}:{number}".encode()))
                    buffer.put_sound(number * 1920, np.zeros((1920, 2), dtype=np.int16))
        self.shown += shown
        return shown


def test_the_first_picture_is_slate_and_then_the_studio() -> None:
    station = Station()
    shown = station.run(4)
    assert shown[0] == "slate"
    assert shown[-1].startswith("studio:")


def test_a_killed_studio_repeats_at_most_half_a_second_and_then_the_backup() -> None:
    station = Station()
    station.run(4)
    station.alive["studio"] = False
    shown = station.run(2)
    assert shown[-1].startswith("backup:")
    last = station.switcher.last_switch
    assert last is not None
    assert (last.source_from, last.source_to, last.reason) == ("studio", "backup", "loss")
    assert last.repeated_frames <= 12
    repeats = max(shown.count(text) for text in set(shown))
    assert repeats == last.repeated_frames + 1


def test_both_gone_shows_slate_within_a_second_and_returns_after_ten() -> None:
    station = Station()
    station.run(4)
    station.alive = {"studio": False, "backup": False}
    shown = station.run(2)
    assert shown.index("slate") <= 25
    station.alive = {"studio": True, "backup": True}
    shown = station.run(14)
    first = next(i for i, text in enumerate(shown) if text != "slate")
    assert 10 * 25 <= first <= 12 * 25
    assert shown[-1].startswith("studio:")


def test_an_input_that_flaps_within_the_patience_is_not_returned_to() -> None:
    """It misses a few frames a second, never for longer than 0.4 s: it is not good signal."""
    station = Station()
    station.run(4)
    station.alive["studio"] = False
    station.run(1)
    for _ in range(30):
        station.alive["studio"] = True
        station.run(0.6)
        station.alive["studio"] = False
        station.run(0.4)
    assert station.switcher.on_air == "backup"
    station.alive["studio"] = True
    station.run(13)
    assert station.switcher.on_air == "studio"


def test_the_operator_takes_and_releases() -> None:
    station = Station()
    station.run(4)
    station.switcher.take = "backup"
    assert station.run(1)[1].startswith("backup:")
    station.switcher.take = "slate"
    assert station.run(1)[1] == "slate"
    station.switcher.take = None
    assert station.run(1)[1].startswith("studio:")


def test_slate_is_remembered_for_its_segments() -> None:
    station = Station()
    station.run(4)
    assert station.switcher.showed_slate(START // 96)
    assert not station.switcher.showed_slate(station.frame // 96 + 1)


def test_an_input_that_a_reload_took_away_leaves_the_air() -> None:
    station = Station()
    station.run(4)
    station.switcher.replace_inputs(
        {"backup": station.buffers["backup"]}, Rules(return_after_ns=10_000_000_000)
    )
    assert station.run(1)[-1].startswith("backup:")


def test_a_blackout_begins_and_ends_exact_to_the_frame_over_a_take() -> None:
    station = Station()
    station.run(4)
    station.switcher.take = "studio"
    first, last = station.frame + 10, station.frame + 35
    span = Blackout(UnixNs(first * TICK_NS), UnixNs(last * TICK_NS))
    station.switcher.replace_blackouts((span,))
    begin = station.frame + 1
    shown = station.run(3)
    slate = [begin + place for place, text in enumerate(shown) if text == "slate"]
    assert slate == list(range(first, last))
    assert station.switcher.counts.switches["slate", "schedule"] == 1
    assert not station.switcher.is_blacked_out
    assert shown[-1].startswith("studio:")
