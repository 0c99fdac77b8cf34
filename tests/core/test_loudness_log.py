"""core.loudness_log and core.loudness_files: minutes that any span can be made of."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import FormatError
from core.loudness import GatedLoudness, LoudnessMeter, LoudnessStep
from core.loudness_files import LoudnessWriter, read_minutes
from core.loudness_log import (
    LoudnessMinute,
    MinuteBook,
    parse_minute,
    render_minute,
    sum_minutes,
)

DAY = 1_795_478_400  # 2026-11-24 00:00 UTC


def made_steps(seconds: int) -> list[LoudnessStep]:
    """Return the steps of noise whose level wanders by 30 dB, with pauses."""
    random = np.random.default_rng(3)
    meter, steps = LoudnessMeter(), []
    for second in range(seconds):
        level = 0 if second % 11 == 0 else 6_000 * 10 ** (-(second % 7) / 4)
        noise = np.clip(random.normal(0, level or 1e-9, (48_000, 2)), -32_768, 32_767)
        steps += meter.add(noise.astype(np.int16))
    return steps


def booked(steps: list[LoudnessStep], start_s: float) -> list[LoudnessMinute]:
    book, minutes = MinuteBook(), []
    for index, step in enumerate(steps):
        minutes += book.add([step], start_s + index / 10)
    return minutes + book.take()


def test_minutes_read_back_are_together_what_the_whole_span_is() -> None:
    steps = made_steps(150)
    whole = GatedLoudness()
    for step in steps:
        whole.add(step)
    minutes = [parse_minute(render_minute(item)) for item in booked(steps, DAY + 30)]
    assert [(item.start_s - DAY, item.steps) for item in minutes] == [
        (0, 300),
        (60, 600),
        (120, 600),
    ]
    assert max(len(render_minute(item)) for item in minutes) < 1_100
    span = sum_minutes(minutes)
    assert whole.integrated is not None
    assert span.integrated == pytest.approx(whole.integrated, abs=0.05)
    assert span.loudness_range == whole.loudness_range
    assert span.steps == 1_500
    assert span.true_peak == pytest.approx(
        20 * np.log10(max(step.true_peak for step in steps)), abs=0.01
    )
    assert span.momentary_max == pytest.approx(
        max(step.momentary_max for step in steps if step.momentary_max is not None), abs=0.01
    )


def test_a_minute_of_silence_counts_as_measured_and_has_no_loudness() -> None:
    silence = LoudnessMeter().add(np.zeros((96_000, 2), np.int16))
    (minute,) = booked(silence, DAY)
    span = sum_minutes([parse_minute(render_minute(minute))])
    assert (span.steps, span.integrated, span.loudness_range) == (20, None, None)


@pytest.mark.parametrize(
    "change",
    [("[300", "[900"), ('"steps":20', '"steps":0'), ('"start":0', '"start":7'), ("}", "")],
)
def test_a_damaged_line_is_refused(change: tuple[str, str]) -> None:
    line = (
        '{"start":0,"steps":20,"blocks":[300,20],"short":[],"energy":1e-5,'
        '"m_max":-40.0,"s_max":null,"peak":-30.0}'
    )
    assert parse_minute(line).blocks == {300: 20}
    with pytest.raises(FormatError):
        parse_minute(line.replace(*change))


def minute_at(start_s: int) -> LoudnessMinute:
    return LoudnessMinute(
        start_s=start_s,
        steps=600,
        blocks={470: 600},
        short_terms={470: 600},
        energy=600 * 10 ** ((-23 + 0.691) / 10),
        momentary_max=-23.0,
        short_term_max=-23.0,
        true_peak=-20.0,
    )


def written(writer: LoudnessWriter, *minutes: LoudnessMinute) -> None:
    """Have minutes written by the thread, and end it."""
    thread = threading.Thread(target=writer.run)
    thread.start()
    for minute in minutes:
        writer.put(minute)
    writer.stop()
    thread.join(timeout=10)
    assert not thread.is_alive()


def test_minutes_go_into_the_file_of_their_day_and_are_read_by_span(tmp_path: Path) -> None:
    minutes = [minute_at(DAY - 60), minute_at(DAY), minute_at(DAY + 60)]
    written(LoudnessWriter(tmp_path / "hytv", days=400), *minutes)
    assert sorted(path.name for path in (tmp_path / "hytv").iterdir()) == [
        "2026-11-23.jsonl",
        "2026-11-24.jsonl",
    ]
    assert len(render_minute(minutes[0])) < 200
    found = read_minutes(tmp_path / "hytv", start_s=DAY - 60, end_s=DAY + 119)
    assert [item.start_s for item in found] == [DAY - 60, DAY]
    assert sum_minutes(found).integrated == pytest.approx(-23.0, abs=0.01)


def test_days_beyond_the_kept_ones_go_and_foreign_files_stay(tmp_path: Path) -> None:
    for name in ("2026-11-21.jsonl", "2026-11-22.jsonl", "notes.jsonl"):
        (tmp_path / name).write_text("")
    written(LoudnessWriter(tmp_path, days=2), minute_at(DAY))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "2026-11-22.jsonl",
        "2026-11-24.jsonl",
        "notes.jsonl",
    ]


def test_a_line_that_a_crash_cut_off_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "2026-11-24.jsonl"
    path.write_text(render_minute(minute_at(DAY)) + "\n" + render_minute(minute_at(DAY + 60))[:50])
    written(LoudnessWriter(tmp_path, days=2), minute_at(DAY + 120))
    found = read_minutes(tmp_path, start_s=DAY, end_s=DAY + 600)
    assert [item.start_s for item in found] == [DAY, DAY + 120]


def test_what_the_disk_does_not_take_is_written_when_it_does(tmp_path: Path) -> None:
    folder = tmp_path / "hytv"
    folder.write_text("a file where the folder should be")
    writer = LoudnessWriter(folder, days=2)
    written(writer, minute_at(DAY), minute_at(DAY + 60))
    folder.unlink()
    writer.put(minute_at(DAY + 120))  # after the end: written by whom it comes from
    found = read_minutes(folder, start_s=DAY, end_s=DAY + 600)
    assert [item.start_s - DAY for item in found] == [0, 60, 120]


def test_no_days_write_nothing(tmp_path: Path) -> None:
    written(LoudnessWriter(tmp_path, days=0), replace(minute_at(DAY), steps=1))
    assert not list(tmp_path.iterdir())
