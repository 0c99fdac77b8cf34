"""Ask every process how it is, and show it as a table."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from prometheus_client.parser import text_string_to_metric_families

from core.admin_calls import AdminCalls
from core.clock import unix_ns
from core.config import Settings
from lensong.plan import PlannedProcess

__all__ = ["collect_status", "merge_status", "render_status"]

_GAPS: Final = "lensong_packager_gap_segments_total"
_LAST_SEGMENT: Final = "lensong_packager_last_segment_timestamp_seconds"
_OK: Final = 200


async def collect_status(
    settings: Settings, processes: Sequence[PlannedProcess], calls: AdminCalls
) -> dict[str, Any]:
    """Ask all processes at once; whoever does not answer is shown as such.

    Returns:
        JSON values: ``processes`` by name, ``channels`` by slug.
    """
    async with asyncio.TaskGroup() as tasks:
        asked = {process.name: tasks.create_task(_ask(process, calls)) for process in processes}
    facts = {name: task.result() for name, task in asked.items()}
    channels: dict[str, dict[str, Any]] = {
        channel.slug: {
            "name": channel.name,
            "kind": channel.kind,
            "inputs": {item.name: None for item in channel.inputs},
        }
        for channel in settings.channels
    }
    for process in processes:
        told = facts[process.name].get("status")
        if process.channel is not None and isinstance(told, dict):
            _merge_programme(channels[process.channel], told)
    for process in processes:
        told = facts[process.name].get("status")
        if process.service == "control" and isinstance(told, dict):
            for slug, guide in told["guide"].items():
                if slug in channels:
                    channels[slug]["guide_ahead_s"] = guide["ahead_s"]
        if process.service == "packager":
            reply = await calls.get(process.admin_port, "/metrics")
            if reply.status == _OK:
                _merge_packager(channels, reply.text, unix_ns() / 1e9)
    return {"processes": facts, "channels": channels}


async def _ask(process: PlannedProcess, calls: AdminCalls) -> dict[str, Any]:
    health = await calls.get(process.admin_port, "/healthz")
    status = await calls.get(process.admin_port, "/control/status")
    return {
        "healthy": health.status == _OK,
        "reason": None if health.status == _OK else health.text,
        "status": status.body if status.status == _OK else None,
    }


def _merge_programme(channel: dict[str, Any], told: dict[str, Any]) -> None:
    channel["on_air"] = told.get("on_air")
    channel["take"] = told.get("take")
    channel["blackout"] = told.get("blackout", False)
    for name, facts in (told.get("inputs") or {}).items():
        channel["inputs"][name] = facts


def _merge_packager(channels: dict[str, dict[str, Any]], text: str, now_s: float) -> None:
    """Take holes and the edge's lag from the packager's metrics, the same that alerts read."""
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            channel = channels.get(sample.labels.get("channel", ""))
            if channel is None:
                continue
            if sample.name == _GAPS:  # one hole is a hole of every rendition
                channel["holes"] = max(int(sample.value), channel.get("holes", 0))
            elif sample.name == _LAST_SEGMENT and sample.value:
                lag = round(now_s - sample.value, 1)
                channel["edge_lag_s"] = max(lag, channel.get("edge_lag_s", lag))


def merge_status(answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Join the answers of several supervisors of one host; what is known wins over None."""
    merged: dict[str, Any] = {"processes": {}, "channels": {}}
    for answer in answers:
        merged["processes"].update(answer["processes"])
        for slug, facts in answer["channels"].items():
            channel = merged["channels"].setdefault(slug, {"inputs": {}})
            inputs = channel["inputs"] | {
                name: value or channel["inputs"].get(name)
                for name, value in facts["inputs"].items()
            }
            channel.update(facts)
            channel["inputs"] = inputs
    return merged


def render_status(status: dict[str, Any]) -> str:
    """Write the table that people read."""
    rows = [("CHANNEL", "ON AIR", "INPUTS", "EDGE LAG", "HOLES")]
    for slug, facts in status["channels"].items():
        on_air = facts.get("on_air") or "?"
        taken = " (taken)" if facts.get("take") else ""
        taken = " (blackout)" if facts.get("blackout") else taken
        inputs = ", ".join(f"{name} {_judgement(value)}" for name, value in facts["inputs"].items())
        lag = facts.get("edge_lag_s")
        rows.append(
            (
                slug,
                on_air + taken,
                inputs or "none",
                "?" if lag is None else f"{lag:.1f} s",
                str(facts.get("holes", "?")),
            )
        )
    lines = _table(rows)
    lines += ["", *(_guide_line(slug, facts) for slug, facts in status["channels"].items())]
    processes = [("PROCESS", "PID", "RESTARTS", "HEALTH")]
    for name, facts in status["processes"].items():
        health = "ok" if facts.get("healthy") else facts.get("reason") or "?"
        pid = facts.get("pid")
        processes.append((name, str(pid or "-"), str(facts.get("restarts", "?")), health))
    return "\n".join([*lines, "", *_table(processes)])


def _guide_line(slug: str, facts: dict[str, Any]) -> str:
    ahead_s = facts.get("guide_ahead_s")
    if ahead_s is None:
        return f"{slug}: lịch phát sóng: không rõ / the guide: not known"
    if ahead_s <= 0:
        return f"{slug}: lịch phát sóng đã hết / the guide is over"
    hours = int(ahead_s // 3600)
    return f"{slug}: lịch phát sóng còn {hours} giờ / the guide goes on for {hours} hours"


def _judgement(facts: Any) -> str:
    if not isinstance(facts, dict):
        return "?"
    if not facts.get("good"):
        return "bad"
    return str(facts.get("fault") or "good")


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
