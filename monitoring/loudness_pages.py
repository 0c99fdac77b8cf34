"""The operators' pages of loudness by programme (I/O shell)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

import structlog
from aiohttp import web

from core.clock import unix_ns
from core.config import ChannelSettings, Settings
from core.guide_files import GuideFiles
from core.loudness_files import loudness_folder, read_minutes
from monitoring.loudness_report import (
    LoudnessRow,
    day_rows,
    day_span_s,
    render_csv,
    render_report,
)
from monitoring.page import parse_day_name

__all__ = ["LoudnessPages"]

log = structlog.get_logger()

_FIRST, _LAST = date(1971, 1, 1), date(9000, 1, 1)
"""Days whose seconds every clock can count."""


class LoudnessPages:
    """Reads guide and minutes anew for every page that is asked for."""

    def __init__(self, settings: Settings) -> None:
        """Prepare; nothing is opened.  Reads the host's time zones."""
        self.configure(settings)

    def configure(self, settings: Settings) -> None:
        """Use these channels from now on.  Reads the host's time zones."""
        self._settings = settings
        self._zone = ZoneInfo(settings.station.timezone)

    @property
    def routes(self) -> tuple[web.RouteDef, ...]:
        """The pages' routes."""
        return (web.get("/reports/loudness/{channel}/{name}", self._answer),)

    async def _answer(self, request: web.Request) -> web.Response:
        """Answer ``/reports/loudness/hytv/2026-11-24`` with the page, ``....csv`` with CSV."""
        day, is_csv = parse_day_name(request.match_info["name"]) or (None, False)
        slug = request.match_info["channel"]
        channel = next((item for item in self._settings.channels if item.slug == slug), None)
        if channel is None or day is None or not _FIRST < day < _LAST:
            return web.Response(status=404, text="không có trang này / there is no such page\n")
        try:
            rows = await asyncio.to_thread(self._rows, channel, day)
        except OSError as error:
            log.warning("loudness_log_unreadable", channel=slug, detail=str(error))
            return web.Response(status=503, text="không đọc được / cannot be read\n")
        if is_csv:
            text = render_csv(day, slug, rows, self._zone)
            return web.Response(text=text, content_type="text/csv")
        page = render_report(
            day,
            channel=channel.name,
            slug=slug,
            target_lufs=channel.content.target_lufs,
            tolerance_lu=channel.content.loudness_tolerance_lu,
            rows=rows,
            zone=self._zone,
        )
        return web.Response(text=page, content_type="text/html")

    def _rows(self, channel: ChannelSettings, day: date) -> Sequence[LoudnessRow]:
        now_s = unix_ns() // 1_000_000_000
        settings = self._settings
        snapshot = next(iter(GuideFiles(settings.guide_dir).read_changed([channel.slug])), None)
        begin_s, end_s = day_span_s(day, self._zone, snapshot, now_s=now_s)
        folder = loudness_folder(settings.paths.data_dir, channel.slug)
        return day_rows(
            day,
            self._zone,
            read_minutes(folder, start_s=begin_s, end_s=end_s),
            snapshot,
            target_lufs=channel.content.target_lufs,
            tolerance_lu=channel.content.loudness_tolerance_lu,
            now_s=now_s,
        )
