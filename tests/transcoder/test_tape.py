"""transcoder.tape: the last seconds of raw frames."""

from __future__ import annotations

import threading

import pytest

from transcoder.tape import Tape, TapeItem, TapeLostError


def item(frame: int) -> TapeItem:
    return TapeItem(frame, None, b"")


def test_a_reader_gets_each_frame_by_number() -> None:
    tape = Tape(capacity=3)
    for frame in range(10, 15):
        tape.append(item(frame))
    assert [tape.read(frame, timeout_s=0) for frame in (12, 13, 14)] == [
        item(12), item(13), item(14),
    ]  # fmt: skip
    assert (tape.first, tape.next) == (12, 15)


def test_a_frame_that_left_the_tape_is_told_as_lost() -> None:
    tape = Tape(capacity=2)
    for frame in range(10, 14):
        tape.append(item(frame))
    with pytest.raises(TapeLostError):
        tape.read(11, timeout_s=0)


def test_a_jump_starts_the_tape_anew() -> None:
    """Frames that were jumped over are lost, not silently replaced by later ones."""
    tape = Tape(capacity=5)
    tape.append(item(10))
    tape.append(item(96))
    with pytest.raises(TapeLostError):
        tape.read(11, timeout_s=0)
    assert tape.first == 96


def test_a_reader_waits_for_a_frame_to_come() -> None:
    tape = Tape(capacity=5)
    got: list[TapeItem | None] = []
    reader = threading.Thread(target=lambda: got.append(tape.read(7, timeout_s=5)))
    reader.start()
    tape.append(item(6))
    tape.append(item(7))
    reader.join()
    assert got == [item(7)]


def test_a_reader_that_waits_in_vain_gets_nothing() -> None:
    assert Tape(capacity=5).read(1, timeout_s=0.01) is None
