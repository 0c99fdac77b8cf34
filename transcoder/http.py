"""The operator's calls to one programme: status, take, release."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from core.clock import monotonic_ns, unix_ns
from core.errors import ConfigError
from transcoder.decision import SLATE
from transcoder.state import ProgrammeState

__all__ = ["control_routes", "render_status"]


def render_status(state: ProgrammeState) -> dict[str, Any]:
    """Return what the operator sees of a programme, as JSON values."""
    switcher = state.switcher
    behind_ns = unix_ns() - monotonic_ns()
    health = switcher.health()
    last = switcher.last_switch
    run = state.keeper.current
    return {
        "channel": state.channel,
        "on_air": switcher.on_air,
        "take": switcher.take,
        "blackout": switcher.is_blacked_out,
        "inputs": {
            name: {
                "good": health[name][0],
                "fault": switcher.content_fault(name) if health[name][0] else None,
                "since_ns": health[name][1] + behind_ns if health[name][0] else 0,
                "buffer_ms": round(item.buffer.buffered_s * 1000),
                "drift_ppm": round(item.buffer.drift_ratio * 1e6),
            }
            for name, item in state.inputs.items()
        },
        "repeated_frames_total": switcher.counts.repeated_frames,
        "last_switch": None
        if last is None
        else {
            "from": last.source_from,
            "to": last.source_to,
            "reason": last.reason,
            "repeated_frames": last.repeated_frames,
            "at_ns": last.frame * 1_000_000_000 // state.frame_rate,
        },
        "encoder_pid": None if run is None else run.pid,
        "encoder_speed_ratio": state.keeper.speed_ratio,
        "encoder_restarts": sum(state.encoder_restarts.values()),
        "decoder_pids": {name: item.decoder.pid for name, item in state.inputs.items()},
        "frame": state.programme.frame,
        "content_dropped_ticks": state.content.dropped,
        "clock_lag_ms": state.programme.clock.lag_ns // 1_000_000,
    }


def control_routes(
    state: Callable[[], ProgrammeState], reload: Callable[[], Awaitable[None]]
) -> list[web.RouteDef]:
    """Return the calls of the admin port's ``/control/``.

    Args:
        state: Returns the programme as it is now.
        reload: Applies the settings file as it is now.
    """

    async def status(_: web.Request) -> web.Response:
        return web.json_response(render_status(state()))

    async def take(request: web.Request) -> web.Response:
        try:
            source = (await request.json())["source"]
        except (ValueError, KeyError, TypeError):
            return web.Response(status=400, text='the body is {"source": "NAME"}\n')
        known = [*state().inputs, SLATE]
        if source not in known:
            names = ", ".join(known)
            return web.Response(
                status=404, text=f"channel {state().channel} has no source {source!r}: {names}\n"
            )
        state().switcher.take = source
        return web.Response(status=204)

    async def release(_: web.Request) -> web.Response:
        state().switcher.take = None
        return web.Response(status=204)

    async def reload_settings(_: web.Request) -> web.Response:
        try:
            await reload()
        except ConfigError as error:
            return web.Response(status=409, text=f"{error}\n")
        return web.Response(status=204)

    return [
        web.get("/status", status),
        web.post("/take", take),
        web.post("/release", release),
        web.post("/reload", reload_settings),
    ]
