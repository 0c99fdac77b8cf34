"""Clips and a podcast for the station with a past: real files, and records of them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

import imageio_ffmpeg

from core.clip_files import ClipFolder
from core.clip_records import DONE, ClipRecord

__all__ = ["PODCAST", "put_clips"]

PODCAST: Final = """
    [[podcasts]]
    series = "nha-nong"
    title = "Bạn của nhà nông"
    description = "Chuyện đồng áng mỗi sáng."
"""
_NS: Final = 10**9
_SECONDS: Final = 60


async def put_clips(folder: Path, now_s: int, hostile: str) -> None:
    """Write a listed clip, a public one that is not listed, and two episodes.

    Args:
        folder: ``{data_dir}/clips``.
        now_s: UNIX seconds.
        hostile: A title that is no HTML.
    """
    clips = ClipFolder(folder)
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    sound = ["-f", "lavfi", "-i", f"sine=frequency=440:duration={_SECONDS}", "-c:a", "aac"]
    picture = ["-f", "lavfi", "-i", f"testsrc=size=64x64:rate=5:duration={_SECONDS}"]
    radio: dict[str, Any] = {"channel": "hyfm", "kind": "radio", "rendition": "a128"}
    television: dict[str, Any] = {"channel": "hytv", "kind": "tv", "rendition": "64p"}
    episode = radio | {"series": "nha-nong"}
    records = [
        _record("listed-clip", now_s - 7_200, title=hostile, listed=True, **television),
        _record("known-clip", now_s - 7_200, title="Chỉ ai biết địa chỉ", **radio),
        _record("programme-e1", now_s - 90_000, programme="e1", title="Lúa mùa", **episode),
        _record("programme-e2", now_s - 3_600, programme="e2", title=hostile, **episode),
    ]
    for record in records:
        form = sound if record.kind == "radio" else [*picture, *sound, "-pix_fmt", "yuv420p"]
        await _encode(form, clips.media(record))
        await asyncio.to_thread(clips.write, record)


def _record(name: str, start_s: int, **more: Any) -> ClipRecord:
    values: dict[str, Any] = {
        "id": name,
        "start_ns": start_s * _NS,
        "end_ns": (start_s + _SECONDS) * _NS,
        "public": True,
        "by": "test",
        "asked_s": start_s + 100,
        "done_s": start_s + 110,
        "state": DONE,
        "duration_s": float(_SECONDS),
    }
    return ClipRecord(**(values | more))


async def _encode(form: list[str], path: Path) -> None:
    program = await asyncio.to_thread(imageio_ffmpeg.get_ffmpeg_exe)
    process = await asyncio.create_subprocess_exec(
        *(program, "-y", "-nostdin", "-loglevel", "error", *form, "-shortest", str(path)),
        stdin=asyncio.subprocess.DEVNULL,
    )
    if await process.wait() != 0:
        raise RuntimeError(f"{path.name} was not made")
