"""core.admin: metrics and health for all, the operators' calls for who has the secret."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from core.admin import AdminPort, new_registry, serve_application
from core.errors import ConfigError

SECRET = "the secret of a test"  # noqa: S105


class Process:
    """A process that is ready or not, with one call of its own."""

    reason: str | None = None

    def not_ready(self) -> str | None:
        """Return what is wrong."""
        return self.reason

    async def status(self, _: web.Request) -> web.Response:
        """Answer a call."""
        return web.json_response({"on_air": "studio"})


@pytest.fixture
def process() -> Process:
    """Return a process whose admin port is not open yet."""
    return Process()


@pytest.fixture
def admin(process: Process, unused_tcp_port: int) -> AdminPort:
    """Return its admin port, made before the loop runs: it reads the installed version."""
    return AdminPort(
        service="test",
        host="127.0.0.1",
        port=unused_tcp_port,
        registry=new_registry("test"),
        not_ready=process.not_ready,
        secret=SECRET,
        routes=[web.get("/status", process.status)],
    )


@pytest.fixture
async def client(admin: AdminPort, unused_tcp_port: int) -> AsyncIterator[aiohttp.ClientSession]:
    """Run the admin port and return a client that is connected to it."""
    async with asyncio.timeout(15), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(admin.run())
        async with aiohttp.ClientSession(f"http://127.0.0.1:{unused_tcp_port}") as session:
            while True:
                try:
                    await (await session.get("/metrics")).read()
                    break
                except aiohttp.ClientConnectorError:
                    await asyncio.sleep(0)
            yield session
        running.cancel()


async def test_shows_metrics(client: aiohttp.ClientSession) -> None:
    async with client.get("/metrics") as answer:
        text = await answer.text()
    assert 'lensong_build_info{service="test",version="' in text
    assert 'lensong_event_loop_lag_seconds_bucket{le="0.1",service="test"}' in text
    assert "_created" not in text


async def test_health_says_what_is_wrong(client: aiohttp.ClientSession, process: Process) -> None:
    async with client.get("/healthz") as answer:
        assert (answer.status, await answer.text()) == (200, "ok\n")
    process.reason = "no encoder"
    async with client.get("/healthz") as answer:
        assert (answer.status, await answer.text()) == (503, "no encoder\n")


@pytest.mark.parametrize("given", [None, "Bearer wrong", SECRET, f"Bearer {SECRET}é"])
async def test_calls_want_the_secret(client: aiohttp.ClientSession, given: str | None) -> None:
    headers = {} if given is None else {"Authorization": given}
    async with client.get("/control/status", headers=headers) as answer:
        assert answer.status == 403
        assert SECRET not in await answer.text()


async def test_calls_are_answered_to_who_has_the_secret(client: aiohttp.ClientSession) -> None:
    headers = {"Authorization": f"Bearer {SECRET}"}
    async with client.get("/control/status", headers=headers) as answer:
        assert await answer.json() == {"on_air": "studio"}


async def test_a_busy_port_is_a_sentence() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1 port {port}: "):
            await serve_application(web.Application(), "127.0.0.1", port)
