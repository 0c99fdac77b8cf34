"""Watch channels with the strict checker and print what it found.

    python -m benchmarks.watch SITE CHANNEL SECONDS [--playlists FILE.ndjson]

Both forms are watched at once, plain and low latency.  Every distinct playlist may be kept
as a line ``{"name": ..., "text": ...}`` for ``tests/judges/hls_parser_judge.mjs``.  Exit code 1
where the checker found a fault, a gap or a discontinuity.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.checker.report import WatchReport
from tests.checker.watch import watch

__all__ = ["PlaylistKeeper", "watch_both"]


@dataclass(slots=True)
class PlaylistKeeper:
    """Every distinct playlist of a watch."""

    playlists: dict[str, tuple[str, str]] = field(default_factory=dict)
    """(address, text) by hash."""

    def __call__(self, url: str, text: str) -> None:
        """Keep a playlist."""
        self.playlists.setdefault(hashlib.sha256(text.encode()).hexdigest(), (url, text))

    def write(self, path: Path) -> None:
        """Write them, one JSON line each."""
        lines = (json.dumps({"name": u, "text": t}) + "\n" for u, t in self.playlists.values())
        path.write_text("".join(lines), encoding="utf-8")


async def watch_both(
    site: str, channels: list[str], seconds: float, keeper: PlaylistKeeper
) -> list[WatchReport]:
    """Watch the plain and the low-latency form of each channel at once."""
    async with asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(watch(site, channel, seconds, low_latency=low_latency, seen=keeper))
            for channel in channels
            for low_latency in (False, True)
        ]
    return [task.result() for task in running]


def main() -> None:
    """Watch and print."""
    parser = argparse.ArgumentParser(description="Watch channels with the strict checker.")
    parser.add_argument("site", help="http://127.0.0.1:8080")
    parser.add_argument("channels", help="slugs, with commas between")
    parser.add_argument("seconds", type=float)
    parser.add_argument("--playlists", type=Path, help="keep every distinct playlist here")
    given = parser.parse_args()
    keeper = PlaylistKeeper()
    reports = asyncio.run(watch_both(given.site, given.channels.split(","), given.seconds, keeper))
    for report in reports:
        print(report.as_json())
    if given.playlists:
        keeper.write(given.playlists)
    sys.exit(not all(report.clean for report in reports))


if __name__ == "__main__":
    main()
