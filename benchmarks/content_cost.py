"""What measuring content costs: processor time, and whether the switcher's tick comes later.

    python -m benchmarks.content_cost [--rounds N] [--seconds N]

A switcher of 720p25 ticks in real time on noisy pictures and sound, beside the thread that
measures, as in a programme's process: with one input and with two, each with measuring and
with ``measure = false``, in turns.  What is fed is the same, so what the process uses more is
what measuring costs: the tap, the copies, pictures, loudness, judgement and the threads' turns.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from core.clock import monotonic_ns
from core.content_settings import ContentSettings, limits_of
from transcoder.buffer import InputBuffer
from transcoder.content_watch import ContentWatch
from transcoder.decision import Rules
from transcoder.slate import black_picture
from transcoder.switcher import Switcher

__all__ = ["Figures", "measure_round"]

_WIDTH, _HEIGHT, _RATE = 1280, 720, 25
_FRAME_NS: Final = 1_000_000_000 // _RATE
_SAMPLES: Final = 48_000 // _RATE
_START: Final = 44_875_000_032
_PICTURES: Final = 40
_SETTLED: Final = 2 * _RATE
_NAMES: Final = ("studio", "backup")


@dataclass(slots=True)
class Figures:
    """Of one configuration, all rounds together."""

    cpu_s: float = 0.0
    seconds: float = 0.0
    ticks_ms: list[float] = field(default_factory=list)
    """How long each tick took."""

    late_ms: list[float] = field(default_factory=list)
    """From the moment a tick was due until it was done."""

    dropped: int = 0


def measure_round(*, inputs: int, measures: bool, seconds: float, into: Figures) -> None:
    """Run one switcher for ``seconds`` after two in which it settles."""
    buffers = {
        name: InputBuffer(
            frame_rate=_RATE, jitter_ms=200, has_picture=True, monotonic_ns=monotonic_ns
        )
        for name in _NAMES[:inputs]
    }
    for buffer in buffers.values():
        buffer.begin(session="one", tracks=frozenset({"video", "audio"}))
    watch = ContentWatch(
        frame_rate=_RATE,
        size=(_WIDTH, _HEIGHT),
        zone=ZoneInfo("Asia/Ho_Chi_Minh"),
        verdicts=lambda found: switcher.replace_verdicts(found),  # noqa: PLW0108
    )
    switcher = Switcher(
        inputs=buffers,
        frame_rate=_RATE,
        patience_ms=400,
        rules=Rules(return_after_ns=10_000_000_000),
        slate=lambda: black_picture(_WIDTH, _HEIGHT),
        tap=watch.tap,
    )
    if measures:
        watch.replace(buffers, limits_of(ContentSettings(), is_radio=False), ())
    thread = threading.Thread(target=watch.run)
    thread.start()
    try:
        _run(switcher, list(buffers.values()), seconds, into)
    finally:
        watch.stop()
        thread.join()
    into.dropped += watch.dropped


def _run(switcher: Switcher, buffers: list[InputBuffer], seconds: float, into: Figures) -> None:
    """Feed noise to the inputs and tick, in real time."""
    random = np.random.default_rng(1)
    size = _WIDTH * _HEIGHT * 3 // 2
    pictures = [
        bytearray(random.integers(16, 236, size, dtype=np.uint8).tobytes())
        for _ in range(_PICTURES)
    ]
    sounds = [random.normal(0, 3_000, (_SAMPLES, 2)).astype(np.int16) for _ in range(_PICTURES)]
    begin_ns, begin_cpu = monotonic_ns(), 0.0
    for index in range(_SETTLED + round(seconds * _RATE)):
        due_ns = begin_ns + index * _FRAME_NS
        time.sleep(max(0, due_ns - monotonic_ns()) / 1e9)
        started_ns = monotonic_ns()
        switcher.tick(_START + index, started_ns)
        done_ns = monotonic_ns()
        if index == _SETTLED:
            begin_cpu = time.process_time()
        if index >= _SETTLED:
            into.ticks_ms.append((done_ns - started_ns) / 1e6)
            into.late_ms.append((done_ns - due_ns) / 1e6)
        number = _START + index - 2
        for offset, buffer in enumerate(buffers):
            at = (index + 7 * offset) % _PICTURES
            buffer.put_picture(number, pictures[at])
            buffer.put_sound(number * _SAMPLES, sounds[at])
    into.cpu_s += time.process_time() - begin_cpu
    into.seconds += seconds
    if switcher.on_air != _NAMES[0]:
        raise RuntimeError("the switcher did not take what it was fed")


def main() -> None:
    """Measure in turns and print."""
    parser = argparse.ArgumentParser(description="Processor time of measuring content.")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=15.0)
    given = parser.parse_args()
    found: defaultdict[tuple[int, bool], Figures] = defaultdict(Figures)
    for index in range(given.rounds):
        for inputs in (1, 2):
            for measures in (index % 2 == 0, index % 2 == 1):
                measure_round(
                    inputs=inputs,
                    measures=measures,
                    seconds=given.seconds,
                    into=found[inputs, measures],
                )
    for inputs in (1, 2):
        plain, more = found[inputs, False], found[inputs, True]
        cost = more.cpu_s / more.seconds - plain.cpu_s / plain.seconds
        print(
            json.dumps(
                {
                    "inputs": inputs,
                    "measuring_percent_of_a_core": round(100 * cost, 2),
                    "cpu_percent_without": round(100 * plain.cpu_s / plain.seconds, 2),
                    "cpu_percent_with": round(100 * more.cpu_s / more.seconds, 2),
                    "dropped_ticks": more.dropped,
                    "tick_ms_without": _quantiles(plain.ticks_ms),
                    "tick_ms_with": _quantiles(more.ticks_ms),
                    "late_ms_without": _quantiles(plain.late_ms),
                    "late_ms_with": _quantiles(more.late_ms),
                }
            ),
            flush=True,
        )


def _quantiles(values: list[float]) -> dict[str, float]:
    found = np.quantile(values, (0.5, 0.99, 1.0))
    return dict(zip(("median", "p99", "max"), (round(float(x), 3) for x in found), strict=True))


if __name__ == "__main__":
    main()
