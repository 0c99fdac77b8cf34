"""What the whole pipeline costs beside one FFmpeg that makes the same ladder from the same file.

    python -m benchmarks.cost [--seconds N] [--inputs N]

Both run at once, at the file's own pace, on noisy 720p pictures, so that they share whatever
else the machine does.  The platform's CPU is that of all its processes, from ingest to origin.
Then the same with further live inputs: what each costs is what ingest, decoders and switcher
use more, each beside the FFmpeg of its own run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import imageio_ffmpeg

from benchmarks.station import (
    Station,
    command_line,
    cpu_seconds,
    descendants,
    running_platform,
    tv_settings,
)
from core.config import ChannelSettings
from core.ladder import Rendition, renditions_of

__all__ = ["measure"]

_INPUT: Final = """
[[channels.inputs]]
name = "studio{index}"
protocol = "file"
path = "{path}"
"""
_WARM_S: Final = 15.0
_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU, in cores, over the same seconds."""

    platform: float
    peer: float
    roles: dict[str, float]
    """The platform's, by what the processes do; ``transcoder`` is the switcher's own Python."""

    @property
    def of_inputs(self) -> float:
        """Of the processes whose work grows with the inputs; the encoder's does not."""
        return sum(self.roles[role] for role in ("ingest", "decoders", "transcoder"))


async def measure(inputs: int, seconds: float, *, offset: int) -> Cost:
    """Run the platform with ``inputs`` live inputs beside one FFmpeg, and compare."""
    with tempfile.TemporaryDirectory(prefix="lensong-") as name:
        folder = Path(name)
        media = folder / "noise.mp4"
        await _run(*_noisy_file(media))
        text = tv_settings("", folder=name, offset=offset, ladder="720p")
        text += "".join(_INPUT.format(index=index, path=media) for index in range(inputs))
        async with running_platform(text, folder) as station:
            await station.until_listed()
            await station.until_on_air("studio0", 30)
            peer = await asyncio.create_subprocess_exec(*_peer_command(media, folder))
            try:
                for _ in range(_ATTEMPTS):
                    await asyncio.sleep(_WARM_S)
                    cost = await _compare(station, peer.pid, seconds)
                    if cost is not None:
                        return cost
                print(station.log_tail())
                raise RuntimeError("processes came and went; this machine has not enough CPU")
            finally:
                with suppress(ProcessLookupError):
                    peer.terminate()
                await peer.wait()


async def _compare(station: Station, peer: int, seconds: float) -> Cost | None:
    """Measure once; None where a process came or went, since its share is then unknown."""
    loop = asyncio.get_running_loop()
    pids = [peer, station.platform.pid, *descendants(station.platform.pid)]
    started = loop.time()
    before = {pid: cpu_seconds(pid) for pid in pids}
    await asyncio.sleep(seconds)
    used = {pid: cpu_seconds(pid) - before[pid] for pid in pids}
    passed = loop.time() - started
    if set(pids) != {peer, station.platform.pid, *descendants(station.platform.pid)}:
        return None
    roles: dict[str, float] = {}
    for pid in pids[1:]:
        role = _role(command_line(pid))
        roles[role] = roles.get(role, 0.0) + used[pid] / passed
    return Cost(sum(roles.values()), used[peer] / passed, roles)


def _role(command: list[str]) -> str:
    """Name what a process of the platform does."""
    if "ffmpeg" in Path(command[0]).name:
        return "encoder" if "libx264" in command else "decoders"
    services = ("ingest", "transcoder", "packager", "origin")
    return next((name for name in services if name in command), "supervisor")


def _noisy_file(path: Path) -> list[str]:
    return [
        *(imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y"),
        *("-f", "lavfi", "-i", "testsrc2=1280x720:25:d=20,noise=alls=20:allf=t"),
        *("-f", "lavfi", "-i", "anoisesrc=r=48000:a=0.2:d=20", "-ac", "2"),
        *("-c:v", "libx264", "-preset", "veryfast", "-b:v", "6M", "-g", "50"),
        *("-pix_fmt", "yuv420p", "-c:a", "aac", str(path)),
    ]


def _peer_command(media: Path, folder: Path) -> list[str]:
    """Write what an engineer would type for the same ladder: one FFmpeg, files out."""
    channel = ChannelSettings(slug="hytv", name="x", kind="tv", ladder="720p")
    renditions = renditions_of(channel)
    video = [item for item in renditions if item.kind == "video"]
    sound = [item for item in renditions if item.kind == "audio"]
    graph = f"[0:v]split={len(video)}" + "".join(f"[i{i}]" for i in range(len(video)))
    for index, item in enumerate(video):
        graph += f";[i{index}]scale={item.width}:{item.height}:flags=bicubic[v{index}]"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", "-re"]
    command += ["-stream_loop", "-1", "-i", str(media), "-filter_complex", graph]
    for index, item in enumerate(video):
        command += ["-map", f"[v{index}]", *_video_options(item), str(folder / f"{item.name}.mp4")]
    for item in sound:
        rate = ("-c:a", "aac", "-b:a", str(item.bitrate_bps), "-ac", str(item.channels))
        command += ["-map", "0:a", *rate, *_FRAGMENTS, str(folder / f"{item.name}.mp4")]
    return command


_FRAGMENTS: Final = (
    *("-movflags", "+cmaf+empty_moov+default_base_moof+skip_trailer"),
    *("-frag_duration", "640000", "-f", "mp4"),
)


def _video_options(item: Rendition) -> list[str]:
    rate = item.bitrate_bps
    return [
        *("-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-profile:v", "high"),
        *("-b:v", str(rate), "-maxrate", str(rate * 23 // 20), "-bufsize", str(rate)),
        *("-g", "48", "-keyint_min", "48", "-sc_threshold", "0"),
        *_FRAGMENTS,
    ]


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command)
    if await process.wait():
        raise RuntimeError(f"{command[0]} failed")


async def _main(seconds: float, most: int, offset: int) -> None:
    first: Cost | None = None
    for inputs in range(1, most + 1):
        cost = await measure(inputs, seconds, offset=offset)
        figures = {
            "inputs": inputs,
            "platform_cores": round(cost.platform, 3),
            "ffmpeg_cores": round(cost.peer, 3),
            "ratio": round(cost.platform / cost.peer, 3),
            "cores_by_role": {name: round(cost.roles[name], 3) for name in sorted(cost.roles)},
        }
        if first is not None:
            more = cost.of_inputs / cost.peer - first.of_inputs / first.peer
            figures["ratio_of_each_further_input"] = round(more / (inputs - 1), 3)
        first = first or cost
        print(json.dumps(figures), flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="The pipeline's CPU beside one FFmpeg's.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--inputs", type=int, default=2, help="most live inputs")
    parser.add_argument("--port-offset", type=int, default=22_000)
    given = parser.parse_args()
    asyncio.run(_main(given.seconds, given.inputs, given.port_offset))


if __name__ == "__main__":
    main()
