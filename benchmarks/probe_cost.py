"""What a synthetic player costs: processor time for each address, after its start.

python -m benchmarks.probe_cost SECONDS URL...
"""

from __future__ import annotations

import asyncio
import sys
import time

from monitoring.probe_content import OutputContent
from monitoring.probe_faults import Fault
from monitoring.probe_player import Probe
from monitoring.probe_segment import SegmentFacts

_SETTLED_S = 5.0


class _Timed(OutputContent):
    """Counts the processor time of judging what was decoded."""

    used_s = 0.0
    media_s = 0.0

    def take(self, facts: SegmentFacts, *, duration_s: float, msn: int, at_s: float) -> list[Fault]:
        begin = time.thread_time()
        faults = super().take(facts, duration_s=duration_s, msn=msn, at_s=at_s)
        self.used_s += time.thread_time() - begin
        self.media_s += duration_s if facts.sound is not None else 0.0
        return faults


async def _cost(url: str, seconds: float) -> str:
    content = _Timed()
    probe = Probe(url, vantage="benchmark", content=content)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(probe.run(seconds + _SETTLED_S))
        await asyncio.sleep(_SETTLED_S)
        begin = time.process_time()
        await task
    used_s = time.process_time() - begin
    report = probe.report
    judging = content.used_s / content.media_s if content.media_s else 0.0
    return (
        f"{report.address} ({report.form}): {100 * used_s / seconds:.2f} % of a core, "
        f"judging {100 * judging:.2f} % of a core, "
        f"{report.segments} segments, {report.parts} parts, {report.book.total} faults, "
        f"{report.received_bytes * 8 / (seconds + _SETTLED_S) / 1000:.0f} kbit/s"
    )


def main() -> None:
    """Measure one address after another."""
    for url in sys.argv[2:]:
        print(asyncio.run(_cost(url, float(sys.argv[1]))), flush=True)


if __name__ == "__main__":
    main()
