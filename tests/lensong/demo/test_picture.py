"""The picture carries what people and machines read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensong.demo.picture import (
    FLASH_BOX,
    HEIGHT,
    WIDTH,
    Look,
    Picture,
    Plane,
    Texts,
    read_strip,
)


def picture() -> Picture:
    glyph = np.full((56, 28), 200, np.uint8)
    texts = Texts(
        channel=np.full((48, 500), 16, np.uint8),
        mark=np.full((56, 300), 16, np.uint8),
        glyphs=dict.fromkeys("0123456789: ", glyph),
    )
    return Picture(Look(dark=(40, 150, 110), light=(120, 160, 90)), texts)


PICTURE = picture()


def luma(frame: int) -> Plane:
    data = np.frombuffer(PICTURE.draw(frame, "12:34:56"), np.uint8)
    assert data.size == WIDTH * HEIGHT * 3 // 2
    return data[: WIDTH * HEIGHT].reshape(HEIGHT, WIDTH)


@given(st.integers(min_value=0, max_value=2**37))
def test_the_strip_gives_the_frames_number_back(frame: int) -> None:
    assert read_strip(luma(frame)) == frame % 2**32


def test_the_strip_is_read_at_half_size_too() -> None:
    assert read_strip(luma(44_886_131_269)[1::2, 1::2]) == 44_886_131_269 % 2**32


def test_a_picture_without_guards_has_no_number() -> None:
    assert read_strip(np.zeros((360, 640), np.uint8)) is None


@pytest.mark.parametrize(("frame", "lit"), [(0, 235), (1, 235), (2, 16), (24, 16), (25, 235)])
def test_the_flash_is_lit_in_the_first_two_frames_of_a_second(frame: int, lit: int) -> None:
    left, top, width, height = FLASH_BOX
    assert luma(frame)[top + height // 2, left + width // 2] == lit


def test_consecutive_frames_differ_in_their_picture_not_only_in_their_number() -> None:
    above = np.s_[:330]
    assert not np.array_equal(luma(100)[above], luma(101)[above])
