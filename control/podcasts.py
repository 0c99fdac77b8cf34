"""Episodes of podcasts: made when a programme has ended, deleted when its rights have."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from control.clip_jobs import ClipJobs
from control.episodes import decide_episodes
from core.clip import ClipError
from core.clock import unix_ns

__all__ = ["Episodes"]

log = structlog.get_logger()

_NS: Final = 1_000_000_000
_LOOK_S: Final = 15.0


class Episodes:
    """Keeps the episodes of all podcasts in step with the guide."""

    def __init__(self, jobs: ClipJobs) -> None:
        """Prepare; nothing is read before :meth:`run`.

        Args:
            jobs: Makes the files; its settings say which podcasts there are.
        """
        self._jobs = jobs

    async def run(self) -> None:
        """Look again and again, for ever.  Cancelling is safe.

        Raises:
            OSError: If an order cannot be written down.
        """
        while True:
            await self.look(unix_ns() // _NS)
            await asyncio.sleep(_LOOK_S)

    async def look(self, now_s: int) -> None:
        """Order what is missing, delete what may not be there."""
        settings = self._jobs.settings
        records = [record for record in await self._jobs.listed() if record.programme]
        guides = []
        for channel in settings.channels:
            snapshot = await self._jobs.snapshot(channel.slug)
            if channel.kind == "radio" and snapshot is not None:
                guides.append((channel, snapshot))
        plan = decide_episodes(settings.podcasts, guides, records, now_s=now_s)
        for record in plan.remove:
            log.info("episode_removed", clip=record.id, series=record.series)
            await self._jobs.remove(record.id)
        for record in (*plan.make, *plan.correct):
            try:
                await self._jobs.add(record)
            except ClipError as error:
                log.warning("episode_refused", clip=record.id, detail=str(error))
