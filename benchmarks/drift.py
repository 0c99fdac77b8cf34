"""Lip-sync with faults of the source: holes, and clocks that run fast or slow.

    python -m benchmarks.drift fast slow --minutes 30

Each scenario runs a station of its own, all of them at the same time, fed by
:mod:`benchmarks.skewed_studio`.  Every segment that is published is decoded: the flash against
the beep, the numbers of the pictures, and the sine, whose second difference tells a click or a
cut from a whole wave.  A line of JSON a minute, and one for the whole.

While a clock is followed, the picture is the one nearest to the sound, so that the offset runs
through half a frame to either side: 20 ms at 25 frames/s.  The checker's own error, found on the
source in the same run, is allowed on top.

A picture that is missing for longer than the channel's patience (0.4 s) puts the slate on air
for ten seconds; a flash and a beep are compared where there are both, so before and after it.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urljoin

import aiohttp
import av
import imageio_ffmpeg
import numpy as np
import numpy.typing as npt

from benchmarks.skewed_studio import LOOP_PICTURES, encode_loop, flv_file, source_tags
from benchmarks.station import ROOT, Station, running_platform, tv_settings
from core.environment import PUBLISH_KEY_VARIABLE, child_environment
from lensong.demo.picture import FLASH_FRAMES, FRAME_RATE
from tests.checker.decoded import (
    Picture,
    Samples,
    beep_onsets,
    decode_pictures,
    lip_sync_ms,
)
from tests.checker.playlist import Segment, parse_media

__all__ = [
    "OFFSET",
    "SCENARIOS",
    "TARGET_MS",
    "Findings",
    "Reference",
    "Scenario",
    "drift",
    "find_reference",
    "measure",
]

OFFSET: Final = 23_000
"""Ports of the first scenario's station begin here, those of each other 100 above the last."""

TARGET_MS: Final = 20.0
_EDGE: Final = 4_096
"""Samples at which a decoder that starts in the middle is not yet right."""

_LOOK_S: Final = 6.0
_STEP_MARGIN: Final = 1.1

_INPUT: Final = """
[[channels.inputs]]
name = "studio"
protocol = "rtmp"
key_sha256_env = "KEY_STUDIO"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One studio's fault."""

    name: str
    ppm: int = 0
    hole: str = ""
    """``sound`` or ``picture``; empty: none."""

    at_s: float = 35.0
    """Source time of the first hole.

    One of the picture ends with an even second, at an IDR; one of the sound lies between beeps.
    """

    every_s: float = 60.0

    @property
    def arguments(self) -> tuple[str, ...]:
        """Return what the studio is told."""
        if not self.hole:
            return ("--ppm", str(self.ppm))
        hole = (f"--{self.hole}-hole", str(self.at_s), "1", "--every", str(self.every_s))
        return ("--ppm", str(self.ppm), *hole)


LONG: Final = ("steady", "fast", "slow", "hole-sound", "hole-picture")
"""Worth half an hour each; the others are for a test."""

SCENARIOS: Final = {
    scenario.name: scenario
    for scenario in (
        Scenario(name="steady"),
        Scenario(name="fast", ppm=200),
        Scenario(name="slow", ppm=-200),
        Scenario(name="hole-sound", hole="sound", at_s=35.5),
        Scenario(name="hole-picture", hole="picture"),
        Scenario(name="short-fast", ppm=500, hole="sound", at_s=15.5),
        Scenario(name="short-slow", ppm=-500, hole="sound", at_s=15.5),
    )
}


@dataclass(slots=True)
class Findings:
    """What was seen in some segments, or in all of them."""

    offsets_ms: list[float] = field(default_factory=list)
    """How late the beep is after each flash."""

    sine_step: float = 0.0
    """Largest second difference of the sine."""

    disturbed: int = 0
    """Looks at a stretch with more than one picture repeated or left out."""

    disturbed_step: float = 0.0
    """The same difference in those."""

    repeated: int = 0
    dropped: int = 0
    slate: int = 0
    """Pictures without a number."""

    segments: int = 0

    def add(self, other: Findings) -> None:
        """Add what was seen in further segments."""
        self.offsets_ms += other.offsets_ms
        self.sine_step = max(self.sine_step, other.sine_step)
        self.disturbed += other.disturbed
        self.disturbed_step = max(self.disturbed_step, other.disturbed_step)
        self.repeated += other.repeated
        self.dropped += other.dropped
        self.slate += other.slate
        self.segments += other.segments

    @property
    def worst_ms(self) -> float:
        """The largest offset; endless when there was no pair of a flash and a beep."""
        return max(map(abs, self.offsets_ms), default=float("inf"))

    def as_json(self) -> dict[str, object]:
        """Return the figures for a line of JSON."""
        offsets = self.offsets_ms
        return {
            "segments": self.segments,
            "pairs": len(offsets),
            "offset_ms": [round(min(offsets), 2), round(max(offsets), 2)] if offsets else None,
            "worst_ms": round(self.worst_ms, 2) if offsets else None,
            "sine_step": round(self.sine_step, 6),
            "disturbed": self.disturbed,
            "disturbed_step": round(self.disturbed_step, 6),
            "repeated": self.repeated,
            "dropped": self.dropped,
            "slate": self.slate,
        }


def look(pictures: Sequence[Picture], start_s: float, sound: Samples, *, new_s: float) -> Findings:
    """Look at decoded segments, of which the first was looked at before.

    Args:
        pictures: All of them.
        start_s: Time of the first sample.
        sound: Shape (2, samples): beeps and the sine.
        new_s: Where begins what was not looked at before.
    """
    # The first picture of a flash may be lost under load; its number tells where it belongs.
    flashes = [
        after.time_s - after.number % FRAME_RATE / FRAME_RATE
        for before, after in pairwise(pictures)
        if after.lit and not before.lit and after.time_s >= new_s
        if after.number is not None and after.number % FRAME_RATE < FLASH_FRAMES
    ]
    findings = Findings(offsets_ms=lip_sync_ms(flashes, beep_onsets(start_s, sound[0])))
    for before, after in pairwise(pictures):
        if after.time_s < new_s:
            continue
        findings.slate += after.number is None
        if before.number is not None and after.number is not None:
            step = (after.number - before.number) % LOOP_PICTURES
            findings.repeated += step == 0
            findings.dropped += step - 1 if 1 < step < LOOP_PICTURES // 2 else 0
    first = max(_EDGE, round((new_s - start_s) * 48_000))
    roughest = float(np.abs(np.diff(sound[1][first - 2 :], 2)).max(initial=0.0))
    # Where the machine was too busy, or by a hole, the sound was faded out and in.
    disturbed = findings.slate or findings.repeated + findings.dropped > 1
    findings.sine_step = 0.0 if disturbed else roughest
    findings.disturbed = int(bool(disturbed))
    findings.disturbed_step = roughest if disturbed else 0.0
    return findings


def decode_stereo(data: bytes) -> tuple[float, Samples]:
    """Decode sound to (time of the first sample, shape (2, samples)).  Call from a thread."""
    chunks: list[Samples] = []
    start_s = 0.0
    with av.open(io.BytesIO(data), mode="r") as container:
        for frame in container.decode(audio=0):
            if not chunks:
                start_s = float(frame.time or 0)
            planes = cast("npt.NDArray[np.float32]", frame.to_ndarray())
            chunks.append(planes.astype(np.float64))
    return start_s, np.concatenate(chunks, axis=1)


@dataclass(frozen=True, slots=True)
class Reference:
    """What the same checker finds in the source itself, without the platform."""

    sine_step: float
    """Largest second difference of the sine when FFmpeg alone encodes it again."""

    offset_ms: float
    """Largest offset: how far the checker may err."""


def find_reference() -> Reference:
    """Measure the source; takes seconds.  Call from a thread."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error"]
    command += ["-f", "flv", "-i", "pipe:0", "-vn", "-c:a", "aac", "-b:a", "96k"]
    command += ["-movflags", "+empty_moov", "-f", "mp4", "pipe:1"]
    source = flv_file(source_tags(encode_loop()), 60)
    done = subprocess.run(command, input=source, stdout=subprocess.PIPE, check=True)
    _, again = decode_stereo(done.stdout)
    steps = np.abs(np.diff(again[1][_EDGE:-_EDGE], 2))
    start_s, sound = decode_stereo(source)
    seen = look(decode_pictures(source, ()), start_s, sound, new_s=0.0)
    return Reference(float(steps.max()), seen.worst_ms)


class _Watch:
    """Everything that one station publishes, each segment looked at once."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._next_msn: int | None = None

    async def look(self) -> Findings:
        """Look at what is new."""
        playlists = [await self._playlist(name) for name in ("360p", "a96")]
        numbers = set.intersection(*({item.msn for item in items} for items in playlists))
        if self._next_msn is None:
            self._next_msn = max(numbers)
        wanted = range(self._next_msn - 1, max(numbers) + 1)
        if len(wanted) < 2 or not numbers.issuperset(wanted):
            return Findings()  # nothing new yet
        video, sound = [
            await self._fetch(name, [item for item in items if item.msn in wanted])
            for name, items in zip(("360p", "a96"), playlists, strict=True)
        ]
        pictures = await asyncio.to_thread(decode_pictures, video[0], video[1:])
        start_s, samples = await asyncio.to_thread(decode_stereo, b"".join(sound))
        findings = await asyncio.to_thread(
            look, pictures, start_s, samples, new_s=self._next_msn * 3.84
        )
        findings.segments = len(wanted) - 1
        self._next_msn = wanted[-1] + 1
        return findings

    def _url(self, rendition: str) -> str:
        return f"{self._station.site}/live/hytv/{rendition}/index.m3u8"

    async def _playlist(self, rendition: str) -> list[Segment]:
        async with self._station.client.get(self._url(rendition)) as answer:
            playlist = parse_media(await answer.text())
        return [segment for segment in playlist.complete if not segment.gap]

    async def _fetch(self, rendition: str, segments: Sequence[Segment]) -> list[bytes]:
        found = []
        for address in (segments[-1].header_uri, *(segment.uri for segment in segments)):
            url = urljoin(self._url(rendition), address)
            async with self._station.client.get(url) as answer:
                answer.raise_for_status()
                found.append(await answer.read())
        return found


async def _plug_in(station: Station, scenario: Scenario) -> None:
    """Start the studio with the fault."""
    station.studios["hytv", "studio"] = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.skewed_studio"),
        *("--port", str(station.settings.network.rtmp_port)),
        *("--channel", "hytv", "--input", "studio", *scenario.arguments),
        cwd=ROOT,
        env={**child_environment(), PUBLISH_KEY_VARIABLE: station.key},
        stdin=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )

    async def is_on_air() -> bool:
        return str((await station.status())["on_air"]) == "studio"

    await station.until("the studio on air", is_on_air, 60)


async def measure(scenario: Scenario, *, minutes: float, offset: int) -> Findings:
    """Run one scenario and print a line a minute.

    Args:
        scenario: The studio's fault.
        minutes: How long to watch.
        offset: Where the station's ports begin.
    """
    loop = asyncio.get_running_loop()
    whole = Findings()
    with tempfile.TemporaryDirectory(prefix="lensong-drift-") as name:
        text = tv_settings(_INPUT, folder=name, offset=offset, ladder="360p")
        async with running_platform(text, Path(name)) as station:
            await station.until_listed()
            await _plug_in(station, scenario)
            watch, minute = _Watch(station), Findings()
            started = told = loop.time()
            while loop.time() - started < 60 * minutes:
                await asyncio.sleep(_LOOK_S)
                with suppress(aiohttp.ClientError, TimeoutError):
                    minute.add(await watch.look())
                if loop.time() - told >= min(60.0, 60 * minutes / 2):
                    told = loop.time()
                    _tell(scenario, (told - started) / 60, minute, await station.status())
                    whole.add(minute)
                    minute = Findings()
            whole.add(minute)
    return whole


def _tell(scenario: Scenario, minute: float, seen: Findings, status: dict[str, Any]) -> None:
    studio = status["inputs"]["studio"]
    line = {"scenario": scenario.name, "minute": round(minute, 1), **seen.as_json()}
    line |= {"drift_ppm": studio["drift_ppm"], "buffer_ms": studio["buffer_ms"]}
    line |= {"repeated_frames_total": status["repeated_frames_total"]}
    print(json.dumps(line | {"on_air": status["on_air"]}), flush=True)


async def drift(names: Sequence[str], minutes: float) -> bool:
    """Run scenarios side by side; tell whether all of them met the target."""
    reference = await asyncio.to_thread(find_reference)
    async with asyncio.TaskGroup() as tasks:
        running = {
            name: tasks.create_task(
                measure(SCENARIOS[name], minutes=minutes, offset=OFFSET + 100 * place)
            )
            for place, name in enumerate(SCENARIOS)
            if name in names
        }
    good = True
    for name, task in running.items():
        seen = task.result()
        met = seen.worst_ms <= TARGET_MS + reference.offset_ms
        if not SCENARIOS[name].hole:
            met = met and seen.sine_step <= _STEP_MARGIN * reference.sine_step
        line = {"scenario": name, "minutes": minutes, **seen.as_json()}
        line |= {"reference_step": round(reference.sine_step, 6)}
        line |= {"checker_error_ms": round(reference.offset_ms, 2), "met": met}
        print(json.dumps(line), flush=True)
        good = good and met
    return good


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description="Lip-sync with faults of the source.")
    parser.add_argument("scenario", nargs="*", choices=[*SCENARIOS, []], default=[])
    parser.add_argument("--minutes", type=float, default=30)
    given = parser.parse_args()
    sys.exit(not asyncio.run(drift(given.scenario or LONG, given.minutes)))


if __name__ == "__main__":
    main()
