"""origin.radio: the newest seconds of a channel."""

from __future__ import annotations

from origin.radio import RadioTape


def test_four_seconds_are_sent_at_once() -> None:
    mp3, aac = RadioTape("mp3"), RadioTape("aac")
    for number in range(100, 200):
        assert mp3.put(number, b"x", now_ns=0)
        assert aac.put(number, b"x", now_ns=0)
    assert [chunk.number for chunk in mp3.burst(now_ns=0)] == list(range(183, 200))  # 4.08 s
    assert [chunk.number for chunk in aac.burst(now_ns=0)] == list(range(193, 200))  # 4.48 s


def test_a_channel_that_was_silent_has_nothing_to_begin_with() -> None:
    tape = RadioTape("mp3")
    assert tape.burst(now_ns=0) == []
    tape.put(7, b"x", now_ns=0)
    assert len(tape.burst(now_ns=15_000_000_000)) == 1
    assert tape.burst(now_ns=15_000_000_001) == []


def test_numbers_only_rise_and_holes_are_passed_over() -> None:
    tape = RadioTape("aac")
    taken = [tape.put(number, b"x", now_ns=0) for number in (5, 6, 6, 4, 9, 8, 10)]
    assert taken == [True, True, False, False, True, False, True]
    assert [chunk.number for chunk in tape.after(6)] == [9, 10]
    assert [chunk.number for chunk in tape.after(-1)] == [5, 6, 9, 10]
    assert tape.after(10) == []


def test_a_chunk_is_framed_once_for_all() -> None:
    tape = RadioTape("mp3")
    tape.put(1, b"0123456789abcdef", now_ns=0)
    assert tape.after(0)[0].framed == b"10\r\n0123456789abcdef\r\n"


def test_eight_seconds_are_kept() -> None:
    tape = RadioTape("mp3")
    for number in range(100):
        tape.put(number, b"x", now_ns=0)
    assert [chunk.number for chunk in tape.after(-1)] == list(range(66, 100))
