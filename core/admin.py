"""The admin port that every process has: metrics, health, and its own operators' calls.

It listens on the internal address only.  ``/healthz`` answers 200 when the process can do
its job and 503 with the reason when it cannot; ``/metrics`` is Prometheus' text.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client import disable_created_metrics as _disable_created_metrics

from core.errors import ConfigError

__all__ = [
    "AdminPort",
    "new_registry",
    "platform_version",
    "require_secret",
    "serve_application",
    "watch_event_loop",
]

_LAG_BUCKETS = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_TICK_S = 0.1


def _read_version() -> str:
    try:
        return version("lensong")
    except PackageNotFoundError:
        return "0+source"


_VERSION = _read_version()  # once, at import: it reads files


def platform_version() -> str:
    """Return the version of the installed platform; ``0+source`` when run from a checkout."""
    return _VERSION


def new_registry(service: str) -> CollectorRegistry:
    """Return a registry of this process's own, with ``lensong_build_info`` in it."""
    _disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    info = Gauge(
        "lensong_build_info", "Constant 1", labelnames=("service", "version"), registry=registry
    )
    info.labels(service, platform_version()).set(1)
    return registry


async def watch_event_loop(service: str, registry: CollectorRegistry) -> None:
    """Measure how late a 100 ms timer runs, for ever.  Cancelling is safe."""
    histogram = Histogram(
        "lensong_event_loop_lag_seconds",
        "Lateness of a 100 ms timer on the event loop",
        labelnames=("service",),
        buckets=_LAG_BUCKETS,
        registry=registry,
    ).labels(service)
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _TICK_S
        await asyncio.sleep(_TICK_S)
        histogram.observe(max(0.0, loop.time() - due))


def require_secret(secret: str) -> Callable[[web.Request, Handler], object]:
    """Return a middleware that admits only ``Authorization: Bearer`` with the internal secret."""
    expected = f"Bearer {secret}".encode()

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, expected):
            raise web.HTTPForbidden(text="this port wants the internal secret\n")
        return await handler(request)

    return check


async def serve_application(
    app: web.Application, host: str, port: int, *, lingering_s: float = 10.0
) -> None:
    """Serve ``app`` until cancelled.

    Args:
        app: What answers.
        host: Address to listen on.
        port: Port to listen on.
        lingering_s: How long what is left of a refused request's body is read and thrown away, so
            that its sender reads the answer.

    Raises:
        ConfigError: If the address cannot be had.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, lingering_time=lingering_s)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise ConfigError(
                f"cannot listen on {host} port {port}: {error.strerror or error}"
            ) from error
        await asyncio.Event().wait()
    finally:
        with suppress(asyncio.CancelledError):
            await runner.cleanup()


class AdminPort:
    """``/metrics``, ``/healthz`` and the process's own routes on one loopback port."""

    def __init__(
        self,
        *,
        service: str,
        host: str,
        port: int,
        registry: CollectorRegistry,
        not_ready: Callable[[], str | None],
        secret: str,
        routes: Iterable[web.RouteDef] = (),
    ) -> None:
        """Prepare; nothing is opened before :meth:`run`.

        Args:
            service: Name for metrics.
            host: Address to listen on.
            port: Port to listen on.
            registry: What ``/metrics`` shows.
            not_ready: Returns why the process cannot do its job, or None when it can.
            secret: The internal secret, which ``routes`` want and the two pages do not.
            routes: Further calls, such as ``POST /take``.
        """
        self._service, self._host, self._port = service, host, port
        self._registry, self._not_ready, self._secret = registry, not_ready, secret
        self._routes = tuple(routes)

    async def run(self) -> None:
        """Serve until cancelled, and measure the event loop's lag meanwhile."""
        app = web.Application()
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/healthz", self._healthz)
        if self._routes:
            calls = web.Application(middlewares=[require_secret(self._secret)])  # type: ignore[list-item]
            calls.add_routes(self._routes)
            app.add_subapp("/control/", calls)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(watch_event_loop(self._service, self._registry))
            tasks.create_task(serve_application(app, self._host, self._port))

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(self._registry),
            headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
        )

    async def _healthz(self, _: web.Request) -> web.Response:
        reason = self._not_ready()
        if reason is None:
            return web.Response(text="ok\n")
        return web.Response(status=503, text=f"{reason}\n")
