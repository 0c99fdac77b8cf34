"""Lip-sync of flash and beep, from RTMP in to HLS out.

    python -m benchmarks.lip_sync SITE CHANNEL      measure a running channel once

:func:`lip_sync` starts the studio anew at phases 5 ms apart and measures each.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from urllib.parse import urljoin

import aiohttp

from benchmarks.station import running_station
from tests.checker.decoded import (
    beep_onsets,
    decode_pictures,
    decode_sound,
    flash_times,
    lip_sync_ms,
)
from tests.checker.playlist import parse_media

__all__ = ["lip_sync", "offsets_now"]

_PHASES = 8
_PHASE_US = 5_000
_TARGET_MS = 20.0


async def offsets_now(
    client: aiohttp.ClientSession, site: str, channel: str, *, segments: int = 3
) -> list[float]:
    """Return how late the beep is after each flash of the newest segments, in milliseconds."""
    header, media = await _newest(client, f"{site}/live/{channel}/360p/index.m3u8", segments)
    sound_header, sound = await _newest(client, f"{site}/live/{channel}/a96/index.m3u8", segments)
    pictures = await asyncio.to_thread(decode_pictures, header, media)
    start_s, samples = await asyncio.to_thread(decode_sound, sound_header, sound)
    return lip_sync_ms(flash_times(pictures), beep_onsets(start_s, samples))


async def _newest(client: aiohttp.ClientSession, url: str, count: int) -> tuple[bytes, list[bytes]]:
    async with client.get(url) as answer:
        playlist = parse_media(await answer.text())
    newest = [segment for segment in playlist.complete if not segment.gap][-count:]
    addresses = [newest[-1].header_uri, *(segment.uri for segment in newest)]
    found: list[bytes] = []
    for address in addresses:
        async with client.get(urljoin(url, address)) as answer:
            answer.raise_for_status()
            found.append(await answer.read())
    return found[0], found[1:]


async def lip_sync(minutes: float, *, phases: int = _PHASES) -> bool:
    """Measure with the studio's frames at several phases of the programme's.

    Args:
        minutes: How long each phase runs before it is measured.
        phases: How many, 5 ms apart.
    """
    good = True
    async with running_station() as station:
        for phase in range(phases):
            await station.unplug("hytv", "studio")
            await station.until_on_air("backup", 5)
            station.studio_clock = f"{phase * _PHASE_US}:0"
            await station.plug_in("hytv", "studio")
            await station.until_on_air("studio", 40)
            await asyncio.sleep(max(20.0, 60 * minutes))
            offsets = await offsets_now(station.client, station.site, "hytv")
            worst = max(map(abs, offsets), default=float("inf"))
            rounded = [round(offset, 1) for offset in offsets]
            print(json.dumps({"phase_ms": phase * 5, "offsets_ms": rounded}), flush=True)
            good = good and worst <= _TARGET_MS
    return good


async def _once(site: str, channel: str) -> list[float]:
    async with aiohttp.ClientSession() as client:
        return await offsets_now(client, site, channel)


def main() -> None:
    """Measure a running channel."""
    parser = argparse.ArgumentParser(description="Flash against beep of a running channel.")
    parser.add_argument("site")
    parser.add_argument("channel")
    given = parser.parse_args()
    offsets = asyncio.run(_once(given.site, given.channel))
    print(json.dumps({"offsets_ms": [round(offset, 1) for offset in offsets]}))
    sys.exit(not offsets or max(map(abs, offsets)) > _TARGET_MS)


if __name__ == "__main__":
    main()
