"""transcoder.buffer: frames and sound of one input, found by number."""

from __future__ import annotations

import numpy as np
import pytest

from transcoder.buffer import InputBuffer

BLOCK = 1920
START = 44_875_000_000
VIDEO = frozenset({"video", "audio"})


class Feed:
    """A source in real time: frame *n* and its samples arrive ``late`` ticks after tick *n*."""

    def __init__(self, *, late: int = 2) -> None:
        self.now_ns = 0
        self.buffer = InputBuffer(
            frame_rate=25, jitter_ms=200, has_picture=True, monotonic_ns=lambda: self.now_ns
        )
        self.buffer.begin(session="one", tracks=VIDEO)
        self.late = late
        self.tick_number = START
        self.numbers: list[int | None] = []
        self.sounds: list[int | None] = []

    def picture(self, number: int) -> None:
        """Decode picture ``number``."""
        self.buffer.put_picture(number, bytearray(number.to_bytes(8, "big")))

    def sound(self, number: int) -> None:
        """Decode the samples of frame ``number``."""
        block = np.full((BLOCK, 2), number % 1000, dtype=np.int16)
        self.buffer.put_sound(number * BLOCK, block)

    def tick(self, *, picture: bool = True, sound: bool = True) -> None:
        """Let one frame pass; what the source makes arrives, or is lost."""
        self.tick_number += 1
        self.now_ns += 40_000_000
        taken = self.buffer.take(self.tick_number)
        read = None if taken.picture is None else int.from_bytes(taken.picture, "big")
        self.numbers.append(read)
        self.sounds.append(None if taken.sound is None else int(taken.sound[0, 0]))
        if picture:
            self.picture(self.tick_number - self.late)
        if sound:
            self.sound(self.tick_number - self.late)


def test_pictures_and_their_sound_come_out_together_in_order() -> None:
    feed = Feed()
    for _ in range(100):
        feed.tick()
    pairs = [(n, s) for n, s in zip(feed.numbers, feed.sounds, strict=True) if n is not None]
    assert len(pairs) > 60
    assert all(number % 1000 == sound for number, sound in pairs)
    numbers = [number for number, _ in pairs]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_a_killed_feed_gives_its_jitter_buffer_and_then_nothing() -> None:
    feed = Feed()
    for _ in range(100):
        feed.tick()
    feed.numbers.clear()
    for _ in range(20):
        feed.tick(picture=False, sound=False)
    delivered = [number for number in feed.numbers if number is not None]
    assert 4 <= len(delivered) <= 7  # 0.2 s
    assert feed.numbers[len(delivered) :] == [None] * (20 - len(delivered))


def test_a_restarted_decoder_gives_every_frame_its_old_number() -> None:
    """The cached group of pictures is decoded again; nothing is shown twice or shifted."""
    feed = Feed()
    for _ in range(100):
        feed.tick()
    for _ in range(3):  # three ticks without a decoder: within the jitter buffer
        feed.tick(picture=False, sound=False)
    feed.buffer.begin(session="one", tracks=VIDEO)
    for number in range(feed.tick_number - 40, feed.tick_number - feed.late + 1):
        feed.picture(number)
        feed.sound(number)
    for _ in range(30):
        feed.tick()
    shown = [number for number in feed.numbers if number is not None]
    assert shown == list(range(shown[0], shown[0] + len(shown)))


def test_a_hole_in_the_sound_alone_leaves_the_picture_running_in_sync() -> None:
    feed = Feed()
    for _ in range(100):
        feed.tick()
    for _ in range(25):
        feed.tick(sound=False)
    for number in range(feed.tick_number - 26, feed.tick_number - feed.late + 1):
        feed.sound(number)  # the decoder fills the hole when sound comes back
    feed.numbers.clear()
    feed.sounds.clear()
    for _ in range(20):
        feed.tick()
    assert all(
        number is not None and number % 1000 == sound
        for number, sound in zip(feed.numbers, feed.sounds, strict=True)
    )


def test_a_publisher_that_stood_still_and_goes_on_late_is_settled_anew() -> None:
    """Its frames are three seconds late for good; after about a second they are shown."""
    feed = Feed()
    for _ in range(100):
        feed.tick()
    for _ in range(75):
        feed.tick(picture=False, sound=False)
    feed.late += 75
    feed.numbers.clear()
    for _ in range(80):
        feed.tick()
    assert feed.numbers[-1] is not None
    assert feed.numbers.index(feed.numbers[-1]) > 25


@pytest.mark.parametrize("ppm", [200, -200])
def test_a_clock_that_is_off_is_followed_evenly_and_its_sine_stays_whole(ppm: int) -> None:
    """Three minutes of whole frames that arrive one by one, each up to 9 ms late."""
    now_ns, number = 0, START
    at = np.arange(BLOCK)
    wave = np.rint(8_000 * np.sin(2 * np.pi * at / 48)).astype(np.int16)  # 40 waves a frame
    sound = np.stack((wave, wave), axis=1)
    buffer = InputBuffer(
        frame_rate=25, jitter_ms=200, has_picture=True, monotonic_ns=lambda: now_ns
    )
    buffer.begin(session="one", tracks=VIDEO)
    ratios: list[float] = []
    heard: list[int] = []
    for tick in range(180 * 25):
        while True:
            came = number - START
            arrives_ns = round(came * 40e6 / (1 + ppm * 1e-6)) + came * 7 % 10 * 1_000_000
            if arrives_ns > tick * 40_000_000:
                break
            now_ns = max(now_ns, arrives_ns)
            buffer.put_picture(number, bytearray(b""))
            buffer.put_sound(number * BLOCK, sound)
            number += 1
        now_ns = tick * 40_000_000
        taken = buffer.take(START + tick)
        ratios.append(buffer.drift_ratio)
        if taken.sound is not None:
            heard += taken.sound[:, 0].tolist()
    assert max(abs(ratio - ppm * 1e-6) for ratio in ratios[-20 * 25 :]) < 10e-6
    assert abs(buffer.buffered_s - 0.2) < 0.05
    steps = np.abs(np.diff(np.array(heard), 2))
    assert steps.max() <= 137 + 4  # of a pure sine, and what rounding to 16 bits adds


def test_a_publisher_that_goes_on_late_is_followed_from_what_holds_then() -> None:
    """The clocks' relation from before the halt bends nothing after it."""
    feed = Feed()
    for _ in range(200):
        feed.tick()
    for _ in range(75):
        feed.tick(picture=False, sound=False)
    feed.late += 75
    for _ in range(20 * 25):
        feed.tick()
    assert feed.numbers[-1] is not None
    assert feed.buffer.drift_ratio == 0.0


def test_a_burst_is_bounded_and_counted() -> None:
    feed = Feed()
    for number in range(START, START + 500):
        feed.picture(number)
    assert feed.buffer.dropped["video"] == 425
