"""Radio over plain HTTP as listeners hear it, while the studio and the encoder are killed.

    make soak NAME=radio                          ten minutes
    python -m benchmarks.radio --seconds 45       the same in short

On both forms at once: curl, ``ffmpeg -i``, PyAV as VLC does it, and a strict ICY client.  One line
of JSON a listener, one for the titles, one in sum.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import signal
import sys
import tempfile
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import av
import imageio_ffmpeg
import numpy as np

from benchmarks.station import Station, radio_settings, running_platform
from core.clock import monotonic_ns, unix_ns
from core.sound_frames import parse_mp3_header
from ingest.adts import parse_adts_header
from tests.checker.icy import Listening, listen

__all__ = ["main", "radio"]

FORMS: Final = ("mp3", "aac")
BURST_S: Final = 4.0
_SAMPLE_RATE: Final = 48_000
_SETTLE_S: Final = 8.0
_HEADER_BYTES: Final = {"mp3": 4, "aac": 7}
_FIRST_SOUND_S: Final = 2.0
_CHUNK_S: Final = {"mp3": 0.24, "aac": 0.64}
_WINDOW: Final = _SAMPLE_RATE // 10
_SILENT: Final = 0.001  # 60 dB below full scale


@dataclass
class Heard:
    """What one listener got."""

    client: str
    form: str
    first_sound_s: float = -1.0
    """From the connection to the first sound that it could play."""

    sound_s: float = 0.0
    """Of sound, counted in samples."""

    asked_s: float = 0.0
    """For how long it listened."""

    gap_s: float = 0.0
    """By how much its sound fell behind the clock; less than a chunk is none."""

    least_buffer_s: float | None = None
    """The least that a player which starts at once would have had in hand."""

    longest_silence_s: float | None = None
    faults: list[str] = field(default_factory=list)
    """What it complained of."""


@dataclass
class Events:
    """What was done to the station meanwhile."""

    outages_s: list[float] = field(default_factory=list)
    """From each death of the studio to its return on air."""

    encoders_killed: int = 0


def frames_of(sound: bytes, form: str) -> Iterator[tuple[int, float]]:
    """Yield (end in bytes, end in seconds) of each frame.

    Raises:
        ValueError: If the bytes are not whole frames, one behind the other.
    """
    at, samples = 0, 0
    parse = parse_mp3_header if form == "mp3" else parse_adts_header
    while at < len(sound):
        header = parse(sound[at : at + _HEADER_BYTES[form]])
        if header is None:
            raise ValueError(f"no frame at byte {at}")
        at += header.size
        samples += header.samples
        if at <= len(sound):  # the last one may be cut off by the listener's end
            yield at, samples / header.sample_rate


async def hear_icy(port: int, form: str, seconds: float) -> tuple[Heard, list[str]]:
    """Listen strictly; return what was heard, and the titles."""
    heard = Heard("icy", form)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    async with listen(port, f"/radio/hyfm.{form}", titles=True) as it:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while await it.read():
                    pass
    heard.asked_s = round(loop.time() - begun, 2)
    heard.first_sound_s = round(it.arrivals[0][0] - begun, 3)
    await asyncio.to_thread(_judge_icy, heard, it)
    return heard, [title for title, _ in groupby(title for title in it.titles if title)]


def _judge_icy(heard: Heard, it: Listening) -> None:
    try:
        ends, times = zip(*frames_of(it.sound, heard.form), strict=True)
    except ValueError as fault:
        heard.faults.append(str(fault))
        return
    heard.sound_s = round(times[-1], 2)
    begun = it.arrivals[0][0]
    leads, least, had_s = [], BURST_S, 0.0
    for at_s, length in it.arrivals:
        if had_s:
            least = min(least, had_s - (at_s - begun))
        index = bisect_right(ends, length)
        had_s = times[index - 1] if index else 0.0
        leads.append((at_s - begun, had_s - (at_s - begun)))
    end_s = leads[-1][0]
    first = max(lead for at_s, lead in leads if at_s < _SETTLE_S)
    last = max(lead for at_s, lead in leads if at_s > end_s - _SETTLE_S)
    heard.gap_s, heard.least_buffer_s = round(first - last, 3), round(least, 2)
    heard.longest_silence_s = _longest_silence(it.sound[: ends[-1]], heard)


def _longest_silence(sound: bytes, heard: Heard) -> float:
    """Decode everything; note whatever the decoder does not like."""
    longest = silent = 0
    rest = np.zeros(0, np.float32)
    samples = 0
    for block in _decode(io.BytesIO(sound), heard):
        samples += len(block)
        rest = np.concatenate((rest, block))
        whole = len(rest) // _WINDOW * _WINDOW
        for window in np.abs(rest[:whole]).reshape(-1, _WINDOW).max(axis=1):
            silent = silent + 1 if window < _SILENT else 0
            longest = max(longest, silent)
        rest = rest[whole:]
    if abs(samples / _SAMPLE_RATE - heard.sound_s) > 0.01:
        heard.faults.append(f"{samples} samples decoded of {heard.sound_s} s")
    return longest * _WINDOW / _SAMPLE_RATE


def _decode(source: str | io.BytesIO, heard: Heard) -> Iterator[np.ndarray[Any, Any]]:
    """Yield the left channel, block by block; faults of the decoder are noted."""
    try:
        with av.open(source, "r", format=heard.form) as container:
            for packet in container.demux(audio=0):
                for frame in packet.decode():
                    if isinstance(frame, av.AudioFrame):
                        yield frame.to_ndarray()[0]
    except av.FFmpegError as fault:
        heard.faults.append(str(fault))


def hear_pyav(url: str, form: str, seconds: float) -> Heard:
    """Open the address as VLC does, and decode what comes."""
    heard = Heard("pyav", form)
    begun = monotonic_ns()
    samples = 0
    for block in _decode(url, heard):
        elapsed_s = (monotonic_ns() - begun) / 1e9
        if not samples:
            heard.first_sound_s = round(elapsed_s, 3)
        samples += len(block)
        if elapsed_s > seconds:
            break
    heard.asked_s = round((monotonic_ns() - begun) / 1e9, 2)
    _note_length(heard, samples)
    return heard


async def hear_ffmpeg(url: str, form: str, seconds: float) -> Heard:
    """Let FFmpeg decode so many seconds of sound."""
    heard = Heard("ffmpeg", form)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    process = await asyncio.create_subprocess_exec(
        await asyncio.to_thread(imageio_ffmpeg.get_ffmpeg_exe),
        *("-nostdin", "-v", "error", "-i", url, "-t", str(seconds)),
        *("-f", "s16le", "-ac", "2", "-ar", str(_SAMPLE_RATE), "pipe:1"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    length = 0
    while data := await process.stdout.read(65_536):
        if not length:
            heard.first_sound_s = round(loop.time() - begun, 3)
        length += len(data)
    heard.faults += (await process.stderr.read()).decode().splitlines()
    await process.wait()
    # It reads ahead by the burst, and ends by so much earlier.
    heard.asked_s = round(loop.time() - begun, 2)
    _note_length(heard, length // 4)
    return heard


async def hear_curl(url: str, form: str, seconds: float, folder: Path) -> Heard:
    """Store the body, and count its frames."""
    heard = Heard("curl", form)
    file = folder / f"curl.{form}"
    process = await asyncio.create_subprocess_exec(
        *("curl", "-sN", "-o", str(file), "-m", f"{seconds:.1f}"),
        *("-w", "%{time_starttransfer} %{time_total}", url),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    first, total = map(float, said.split())
    heard.first_sound_s, heard.asked_s = round(first, 3), round(total, 2)
    sound = await asyncio.to_thread(file.read_bytes)
    try:
        _note_length(heard, round([s for _, s in frames_of(sound, form)][-1] * _SAMPLE_RATE))
    except (ValueError, IndexError) as fault:
        heard.faults.append(str(fault))
    return heard


def _note_length(heard: Heard, samples: int) -> None:
    heard.sound_s = round(samples / _SAMPLE_RATE, 2)
    wanted_s = heard.asked_s - heard.first_sound_s + BURST_S - _CHUNK_S[heard.form]
    heard.gap_s = round(max(0.0, wanted_s - heard.sound_s), 2)


async def hurt(station: Station, seconds: float, every_s: float) -> Events:
    """Kill the studio and let it come back, kill the encoder; again each ``every_s``."""
    events = Events()
    loop = asyncio.get_running_loop()
    for _ in range(int(seconds // every_s)):
        begun = loop.time()
        await asyncio.sleep(every_s / 8)
        died = loop.time()
        await station.unplug("hyfm", "studio")
        await station.until_on_air("slate", 10, "hyfm")
        await asyncio.sleep(every_s / 8)
        await station.plug_in("hyfm", "studio")
        await station.until_on_air("studio", 30, "hyfm")
        events.outages_s.append(round(loop.time() - died, 2))
        await asyncio.sleep(every_s / 8)
        os.kill((await station.status("hyfm"))["encoder_pid"], signal.SIGKILL)
        events.encoders_killed += 1
        await asyncio.sleep(max(0.0, begun + every_s - loop.time()))
    return events


async def radio(seconds: float, *, offset: int = 26_000, short: bool = False) -> bool:
    """Run a station and its listeners; print what they heard; return whether all was right."""
    every_s = seconds if short else min(60.0, seconds)
    with tempfile.TemporaryDirectory(prefix="lensong-") as name:
        text = radio_settings(folder=name, offset=offset, return_after_s=1 if short else 10)
        async with running_platform(text, Path(name)) as station:
            await station.until_listed()
            await station.plug_in("hyfm", "studio")
            await station.until_on_air("studio", 60, "hyfm")
            await asyncio.sleep(BURST_S + 1)  # there is a burst of sound
            heard, titles, events = await _listen_all(station, Path(name), seconds, every_s)
            history = await _history(station)
            killed = await station.metric("lensong_encoder_restarts_total", "hyfm")
    return _report(heard, titles, history, events, killed)


async def _listen_all(
    station: Station, folder: Path, seconds: float, every_s: float
) -> tuple[list[Heard], list[list[str]], Events]:
    port = station.settings.network.http_port
    async with asyncio.TaskGroup() as tasks:
        icy = [tasks.create_task(hear_icy(port, form, seconds)) for form in FORMS]
        others = []
        for form in FORMS:
            url = f"{station.site}/radio/hyfm.{form}"
            others += [
                tasks.create_task(hear_curl(url, form, seconds, folder)),
                tasks.create_task(hear_ffmpeg(url, form, seconds)),
                tasks.create_task(asyncio.to_thread(hear_pyav, url, form, seconds)),
            ]
        hurting = tasks.create_task(hurt(station, seconds, every_s))
    heard = [task.result() for task in others] + [task.result()[0] for task in icy]
    return heard, [task.result()[1] for task in icy], hurting.result()


async def _history(station: Station) -> list[str]:
    """Return the songs that were on air, oldest first, but one that may just have begun."""
    async with station.client.get(f"{station.site}/api/v1/now.json") as answer:
        songs = (await answer.json())["channels"]["hyfm"]["history"]
    settled = [song for song in songs if song["since_ns"] < unix_ns() - 5_000_000_000]
    return [song["title"] for song in reversed(settled)]


def _report(
    heard: list[Heard],
    titles: list[list[str]],
    history: list[str],
    events: Events,
    restarts: float,
) -> bool:
    longest_outage_s = max(events.outages_s, default=0.0)
    for item in heard:
        print(json.dumps(asdict(item), ensure_ascii=False), flush=True)
    told = all(_heard_all(seen, history) for seen in titles)
    print(json.dumps({"titles": titles, "history": history, "all_told": told}, ensure_ascii=False))
    gaps = [item.gap_s for item in heard if item.gap_s > _CHUNK_S[item.form] + 0.2]
    silences = [
        item.longest_silence_s
        for item in heard
        if item.longest_silence_s is not None and item.longest_silence_s > longest_outage_s + 1
    ]
    late = [item for item in heard if not 0 <= item.first_sound_s <= _FIRST_SOUND_S]
    starved = [
        item for item in heard if item.least_buffer_s is not None and item.least_buffer_s < 0
    ]
    faults = [fault for item in heard for fault in item.faults]
    met = told and not (gaps or silences or late or starved or faults)
    print(
        json.dumps(
            {
                "studio_outages_s": events.outages_s,
                "encoders_killed": events.encoders_killed,
                "encoder_restarts": restarts,
                "gaps": len(gaps),
                "silences_longer_than_slate": len(silences),
                "late_starts": len(late),
                "starved": len(starved),
                "faults": len(faults),
                "met": met,
            }
        ),
        flush=True,
    )
    return met


def _heard_all(seen: list[str], history: list[str]) -> bool:
    """Tell whether a listener was told every song that began after the one he came into.

    The newest may be too new for the history.
    """
    if not seen or seen[0] not in history:
        return False
    return history[history.index(seen[0]) :] in (seen, seen[:-1])


def main() -> None:
    """Run the short form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=45)
    parser.add_argument("--offset", type=int, default=26_000, help="where its ports begin")
    given = parser.parse_args()
    sys.exit(not asyncio.run(radio(given.seconds, offset=given.offset, short=True)))


if __name__ == "__main__":
    main()
