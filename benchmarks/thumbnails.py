"""What thumbnails cost the encoder: the same pictures, with and without them, side by side.

    python -m benchmarks.thumbnails [--rounds N] [--segments N]

Two encoders of the 720p ladder read one tape of noisy pictures at the same time, as fast as they
can, so that they share whatever else the machine does; one of them makes thumbnails.  They
change places each round.  The ratio is that of the processor time over all rounds; beside it
stands each round's, which shows how far chance moves it.
"""

from __future__ import annotations

import argparse
import json
import threading
from dataclasses import dataclass, field
from typing import Final

import imageio_ffmpeg
import numpy as np

from core.config import ChannelSettings
from core.ladder import renditions_of
from core.timeline import PartAddress, UnixNs, frames_per_segment, start_of_segment
from transcoder.encoder import EncoderRun, Output, process_cpu_seconds
from transcoder.fragments import MadePart
from transcoder.graph import EncoderPlan
from transcoder.tape import Tape, TapeItem
from transcoder.thumbnails import MadeThumbnail

__all__ = ["measure_round"]

_WIDTH, _HEIGHT = 1280, 720
_FRAME_RATE: Final = 25
_MSN: Final = 467_500_000
_PICTURES: Final = 50
_PATIENCE_S: Final = 300.0


@dataclass(slots=True)
class Side:
    """One of the two encoders."""

    wanted: PartAddress
    renditions: int
    newest: dict[str, PartAddress] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def take(self, output: Output) -> None:
        """Note a part."""
        if isinstance(output.made, MadePart):
            self.newest[output.rendition] = output.made.address
            whole = [item >= self.wanted for item in self.newest.values()]
            if len(whole) == self.renditions and all(whole):
                self.done.set()

    def take_thumbnail(self, made: MadeThumbnail) -> None:
        """Note a thumbnail."""
        self.sizes.append(len(made.data))


def noisy_tape(segments: int) -> Tape:
    """Return a tape of a moving gradient with noise, and silence."""
    random = np.random.default_rng(1)
    across = np.linspace(30, 200, _WIDTH)
    chroma = np.full(_WIDTH * _HEIGHT // 2, 128, np.uint8)
    pictures: list[bytearray] = []
    for shift in range(_PICTURES):
        luma = np.roll(across, 16 * shift)[None, :] + random.normal(0, 8, (_HEIGHT, _WIDTH))
        clipped = np.clip(luma, 16, 235).astype(np.uint8).reshape(-1)
        pictures.append(bytearray(np.concatenate([clipped, chroma]).tobytes()))
    length = frames_per_segment(_FRAME_RATE)
    tape = Tape(capacity=segments * length)
    silence = bytes(4 * 48_000 // _FRAME_RATE)
    for index in range(segments * length):
        tape.append(TapeItem(_MSN * length + index, pictures[index % _PICTURES], silence))
    return tape


def measure_round(
    tape: Tape, segments: int, *, thumbnails_first: bool
) -> tuple[float, float, Side]:
    """Return CPU seconds without and with thumbnails, and what was made with them."""
    channel = ChannelSettings(slug="hytv", name="x", kind="tv", ladder="720p")
    renditions = renditions_of(channel)
    plan = EncoderPlan(
        renditions=renditions,
        width=_WIDTH,
        height=_HEIGHT,
        frame_rate=_FRAME_RATE,
        preset="low_latency",
        language="vi",
        start=UnixNs(start_of_segment(_MSN)),
        picture_fd=None,
        sound_fd=-1,
        output_fds={},
    )
    runs: dict[bool, EncoderRun] = {}
    sides = {
        kind: Side(PartAddress(_MSN + segments - 1, 4), len(renditions)) for kind in (False, True)
    }
    for kind in (thumbnails_first, not thumbnails_first):
        runs[kind] = EncoderRun(
            program=imageio_ffmpeg.get_ffmpeg_exe(),
            plan=plan,
            tape=tape,
            deliver=sides[kind].take,
            deliver_thumbnail=sides[kind].take_thumbnail if kind else None,
        )
        runs[kind].start()
    try:
        for kind, side in sides.items():
            if not side.done.wait(_PATIENCE_S):
                raise RuntimeError(f"no encoder: {runs[kind].fault} {runs[kind].stderr_tail}")
        used = {kind: process_cpu_seconds(run.pid) for kind, run in runs.items()}
    finally:
        for run in runs.values():
            run.stop()
    return used[False], used[True], sides[True]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="The encoder's CPU with and without thumbnails.")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--segments", type=int, default=6)
    given = parser.parse_args()
    tape = noisy_tape(given.segments)
    without = with_them = 0.0
    ratios: list[float] = []
    sizes: list[int] = []
    for index in range(given.rounds):
        plain, more, side = measure_round(tape, given.segments, thumbnails_first=index % 2 == 1)
        without, with_them = without + plain, with_them + more
        ratios.append(round(more / plain, 4))
        sizes += side.sizes
    figures = {
        "cpu_s_without": round(without, 2),
        "cpu_s_with": round(with_them, 2),
        "ratio": round(with_them / without, 4),
        "ratio_of_each_round": ratios,
        "thumbnails": len(sizes),
        "largest_bytes": max(sizes),
    }
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
