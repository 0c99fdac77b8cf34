"""core.clip: which pictures, samples and segments belong to a span."""

from __future__ import annotations

import pytest

from core.clip import (
    ClipError,
    ClipSpan,
    PictureCut,
    SoundCut,
    exact_span,
    picture_numbers,
    sound_numbers,
)
from core.errors import FormatError
from core.samples import SampleRun, silent_run
from core.timeline import UnixNs

SECOND = 1_000_000_000
GOP = 48


@pytest.mark.parametrize(
    ("start", "end", "rate", "span"),
    [
        # A picture that begins with the span is in, one that begins with its end is not.
        (0, SECOND, 25, (0, 48_000)),
        (40_000_000, 80_000_000, 25, (1_920, 3_840)),
        (40_000_001, 80_000_001, 25, (3_840, 5_760)),
        (39_999_999, 79_999_999, 25, (1_920, 3_840)),
        (20_000_000, 40_000_000, 50, (960, 1_920)),
        # Radio: to the sample, which is no whole number of nanoseconds.
        (0, SECOND, 0, (0, 48_000)),
        (20_833, SECOND, 0, (1, 48_000)),
        (20_834, SECOND + 1, 0, (2, 48_001)),
    ],
)
def test_a_span_is_of_what_begins_in_it(
    start: int, end: int, rate: int, span: tuple[int, int]
) -> None:
    assert exact_span(UnixNs(start), UnixNs(end), rate) == ClipSpan(*span)


@pytest.mark.parametrize(
    ("start", "end", "rate"),
    [(SECOND, SECOND, 25), (SECOND, 0, 25), (1, 40_000_000, 25), (0, 39_000_000, 0)],
)
def test_a_span_of_nothing_is_refused(start: int, end: int, rate: int) -> None:
    with pytest.raises(ClipError, match="no picture"):
        exact_span(UnixNs(start), UnixNs(end), rate)


def test_the_frame_before_the_first_may_lie_in_the_segment_before() -> None:
    span = ClipSpan(184_320 * 7 + 1_023, 184_320 * 8)
    assert picture_numbers(span) == (7, 7)
    assert sound_numbers(span) == (6, 7)
    assert sound_numbers(ClipSpan(184_320 * 7 + 1_024, 184_320 * 8 + 1)) == (7, 8)


def pictures(first: int, count: int = 96, *, reordered: bool = False) -> list[SampleRun]:
    """Return a segment of pictures at 25 a second, one run of 16 a part."""
    offsets = (0, *((1_024, -512, -512) * 5)) if reordered else (0,) * 16
    return [
        SampleRun(
            (first + at) * 512,
            (512,) * 16,
            (1,) * 16,
            offsets,
            tuple((first + at + i) % GOP == 0 for i in range(16)),
            bytes(16),
        )
        for at in range(0, count, 16)
    ]


def span_of(first: int, end: int) -> ClipSpan:
    return ClipSpan(first * 1_920, end * 1_920)


def numbers(runs: list[SampleRun]) -> list[int]:
    return [at // 512 for run in runs for at in run.presentation_times()]


@pytest.mark.parametrize(("first", "kept"), [(0, 0), (1, 0), (47, 0), (48, 48), (49, 48), (95, 48)])
def test_pictures_begin_at_the_idr_before_the_span(first: int, kept: int) -> None:
    cut = PictureCut(span_of(960 + first, 9_600), 12_800)
    assert numbers(cut.take(pictures(960)))[0] == 960 + kept


def test_pictures_after_the_end_go_unless_one_before_it_needs_them() -> None:
    """Decoded as 0 3 1 2 6 4 5: of a clip that ends with 4, 6 has to be there and 5 not."""
    cut = PictureCut(span_of(0, 5), 12_800)
    assert numbers(cut.take(pictures(0, reordered=True))) == [0, 3, 1, 2, 6, 4]
    whole = PictureCut(span_of(0, 96), 12_800)
    assert len(numbers(whole.take(pictures(0)))) == 96


def test_a_segment_without_an_idr_is_no_beginning() -> None:
    cut = PictureCut(span_of(1, 5), 12_800)
    with pytest.raises(FormatError, match="IDR"):
        cut.take(pictures(16, 16))


def sound(first: int, frames: int) -> SampleRun:
    return SampleRun(
        first * 1_024,
        (1_024,) * frames,
        (3,) * frames,
        (0,) * frames,
        (True,) * frames,
        b"abc" * frames,
    )


def test_sound_begins_a_frame_early_and_ends_with_the_last_that_is_heard() -> None:
    cut = SoundCut(ClipSpan(5 * 1_024 + 7, 9 * 1_024 + 1), 2)
    runs = [*cut.take([sound(0, 30)]), *cut.finish()]
    assert [(run.decode_time // 1_024, len(run)) for run in runs] == [(4, 6)]


def test_sound_that_is_missing_is_silence() -> None:
    cut = SoundCut(ClipSpan(0, 1_024 * 500), 1)
    runs = [*cut.take([sound(60, 30)]), *cut.take([sound(180, 180)]), *cut.finish()]
    places = [(run.decode_time // 1_024, len(run), run.sizes[0]) for run in runs]
    assert places == [(-1, 61, 4), (60, 30, 3), (90, 90, 4), (180, 180, 3), (360, 140, 4)]


def test_sound_off_the_grid_is_refused() -> None:
    cut = SoundCut(ClipSpan(0, 9_600), 2)
    odd = SampleRun(5, (1_024,), (1,), (0,), (True,), b"a")
    with pytest.raises(FormatError, match="grid"):
        list(cut.take([odd]))
    assert silent_run(0, 2, 2).sizes == (7, 7)
