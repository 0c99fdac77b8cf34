"""What reading an archived hour again costs: verify, rebuild, deposit; and what deciding costs.

An hour of 938 segments of 300 kB (281 MB) in the temporary folder, in the page cache; the peer is
``sha256sum`` over the same files.  ``python -m benchmarks.archive_keeping``.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from core.ladder import Rendition
from core.retention import KeepingRule, decide_retention
from core.timeline import UnixNs
from lensong.__main__ import main as lensong
from tests.archive_hours import facts_of, store_header, store_hour
from tests.lensong.archive_station import HOUR, fill_archive, local_time, write_station
from tests.memory_archive import MemoryArchive

SOUND = Rendition(name="a64", kind="audio", bitrate_bps=64_000, channels=2)
RATES = {"720p": 2800, "480p": 1200, "360p": 600, "234p": 145, "a96": 96, "a32": 32}


def timed(work: Callable[[], object]) -> float:
    """Return how long something takes, in seconds."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def command(station: Path, *arguments: str) -> None:
    """Run a command of ours in silence."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert lensong([*arguments, "--settings", str(station)]) == 0


def read_an_hour(folder: Path) -> None:
    """Time the commands over one hour."""
    block = os.urandom(300_000)

    async def fill(archive: MemoryArchive) -> None:
        header = await store_header(archive, "hyfm", SOUND, 0)
        await store_hour(
            archive,
            "hyfm",
            "a64",
            HOUR,
            track=facts_of(SOUND),
            headers={0: header},
            body=lambda _, msn: str(msn).encode() + block,
        )

    fill_archive(folder, fill)
    station = write_station(folder, channel="deposit_days = 190")
    span = (local_time(HOUR), local_time(HOUR + 1))
    out = str(folder / "out")
    files = [str(path) for path in (folder / "archive").rglob("*.m4s")]
    peer = timed(lambda: subprocess.run(["sha256sum", *files], capture_output=True, check=True))
    print(f"sha256sum, an hour of {len(files)} segments: {peer:.2f} s")
    for name, arguments in (
        ("archive report", ("archive", "report", "hyfm", *span)),
        ("archive verify", ("archive", "verify", "hyfm", *span)),
        ("archive rebuild", ("archive", "rebuild", "hyfm", *span, "--all")),
        ("deposit", ("deposit", "hyfm", *span, "--to", out)),
        ("deposit --verify", ("deposit", "hyfm", *span, "--to", out, "--verify")),
    ):
        took = timed(lambda arguments=arguments: command(station, *arguments))  # type: ignore[misc]
        print(f"lensong {name}: {took:.2f} s, {took / peer:.2f} of sha256sum")


def decide() -> None:
    """Time a decision over two channels with a week of catch-up and 190 days of deposit."""
    sizes = {name: kbps * 450_000 for name, kbps in RATES.items()}
    deposit = frozenset({"480p", "a96"})
    rules = [
        KeepingRule(
            channel=slug, archive_days=7, deposit_days=190, deposit=deposit, bytes_an_hour=sizes
        )
        for slug in ("a", "b")
    ]
    stored = {
        (rule.channel, name, HOUR - age): size
        for rule in rules
        for name, size in sizes.items()
        for age in range(190 * 24 if name in deposit else 168)
    }
    now = UnixNs(HOUR * 3_600_000_000_000)

    def turn() -> None:
        found = decide_retention(
            rules=rules,
            stored=stored,
            now=now,
            free_bytes=0,
            min_free_bytes=10**12,
            limit=24,
        )
        assert len(found) == 24

    print(f"decision on {len(stored)} hours, disk short, 24 removals: {timed(turn) * 1e3:.0f} ms")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        read_an_hour(Path(name))
    decide()
