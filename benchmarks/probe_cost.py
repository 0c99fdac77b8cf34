"""What a synthetic player costs: processor time for each address, after its start.

python -m benchmarks.probe_cost SECONDS URL...
"""

from __future__ import annotations

import asyncio
import sys
import time

from monitoring.probe_player import Probe

_SETTLED_S = 5.0


async def _cost(url: str, seconds: float) -> str:
    probe = Probe(url, vantage="benchmark")
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(probe.run(seconds + _SETTLED_S))
        await asyncio.sleep(_SETTLED_S)
        begin = time.process_time()
        await task
    used_s = time.process_time() - begin
    report = probe.report
    return (
        f"{report.address} ({report.form}): {100 * used_s / seconds:.2f} % of a core, "
        f"{report.segments} segments, {report.parts} parts, {report.book.total} faults, "
        f"{report.received_bytes * 8 / (seconds + _SETTLED_S) / 1000:.0f} kbit/s"
    )


def main() -> None:
    """Measure one address after another."""
    for url in sys.argv[2:]:
        print(asyncio.run(_cost(url, float(sys.argv[1]))))


if __name__ == "__main__":
    main()
