"""A round of questions to every process of this installation (I/O shell)."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from prometheus_client.parser import text_string_to_metric_families

from core.admin_calls import AdminCalls, Reply
from core.clock import unix_ns
from core.config import Settings
from monitoring.own_alerts import Seen

__all__ = ["admin_ports", "look_around"]

_LAST_SEGMENT: Final = "lensong_packager_last_segment_timestamp_seconds"
_OK: Final = 200
_KEEPS_UP: Final = 0.98
"""Media that an encoder must make of each second, as in the rule EncoderSlow."""

_GB: Final = 1_000_000_000


def admin_ports(settings: Settings) -> dict[str, tuple[int, str]]:
    """Return (admin port, channel or an empty text) of every process but this one, by name."""
    network = settings.network
    ports = {
        "ingest": (network.ingest_admin_port, ""),
        "packager": (network.packager_admin_port, ""),
        "control": (network.control_admin_port, ""),
    }
    for index in range(settings.origin.count):
        ports[f"origin-{index}"] = (network.origin_admin_port + index, "")
    for channel in settings.channels:
        port = settings.programme_admin_port(channel.slug)
        ports[f"programme-{channel.slug}"] = (port, channel.slug)
    return ports


async def look_around(
    settings: Settings,
    calls: AdminCalls,
    *,
    prometheus_silent_s: float | None,
    prometheus: frozenset[tuple[str, str]] = frozenset(),
) -> Seen:
    """Ask all processes at once.  Cancelling is safe.

    Args:
        settings: Which processes there are.
        calls: How they are asked.
        prometheus_silent_s: Since when nothing is heard of Prometheus; None where it never was.
        prometheus: (name, channel or an empty text) of what fires by its word.
    """
    ports = admin_ports(settings)
    async with asyncio.TaskGroup() as tasks:
        asked = {
            name: tasks.create_task(calls.get(port, _question(name)))
            for name, (port, _) in ports.items()
        }
        free = tasks.create_task(asyncio.to_thread(_free_bytes, settings))
    replies = {name: task.result() for name, task in asked.items()}
    packager = replies["packager"]
    status = {
        channel: replies[name].body
        for name, (_, channel) in ports.items()
        if channel and replies[name].status == _OK
    }
    return Seen(
        now_s=unix_ns() / 1e9,
        segment_end_s=_segment_ends(settings, packager),
        on_air={channel: _source(body) for channel, body in status.items()},
        slow=frozenset(channel for channel, body in status.items() if _is_slow(body)),
        prometheus=prometheus,
        silent=frozenset(name for name, reply in replies.items() if not reply.status),
        processes={name: channel for name, (_, channel) in ports.items()},
        free_bytes=free.result(),
        least_free_bytes=int(settings.archive.min_free_gb * _GB),
        prometheus_silent_s=prometheus_silent_s,
    )


def _question(name: str) -> str:
    if name == "packager":
        return "/metrics"
    return "/control/status" if name.startswith("programme-") else "/healthz"


def _segment_ends(settings: Settings, packager: Reply) -> dict[str, float | None]:
    ends: dict[str, float | None] = {channel.slug: None for channel in settings.channels}
    if packager.status != _OK:
        return ends
    for family in text_string_to_metric_families(packager.text + "\n"):
        if family.name != _LAST_SEGMENT:
            continue
        for sample in family.samples:
            channel = sample.labels.get("channel", "")
            if channel in ends:
                # As long as one rendition goes on, the channel is on air.
                ends[channel] = max(ends[channel] or 0.0, sample.value)
    return ends


def _source(status: Mapping[str, Any] | None) -> str | None:
    """Return the source on air; a slate that somebody ordered is nobody's fault."""
    if status is None:
        return None
    is_ordered = status.get("blackout") or status.get("take") == "slate"
    source = status.get("on_air")
    return None if source == "slate" and is_ordered else source


def _is_slow(status: Mapping[str, Any] | None) -> bool:
    return float((status or {}).get("encoder_speed_ratio", 1.0)) < _KEEPS_UP


def _free_bytes(settings: Settings) -> int | None:
    free: list[int] = []
    for folder in (settings.paths.data_dir, settings.archive_dir):
        there = _nearest(folder)
        if there is not None:
            free.append(shutil.disk_usage(there).free)
    return min(free, default=None)


def _nearest(folder: Path) -> Path | None:
    return next((place for place in (folder, *folder.parents) if place.is_dir()), None)
