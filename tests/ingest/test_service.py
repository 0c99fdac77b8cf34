"""Ingest as a process: it starts, tells its state, reloads, and ends."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.ingest.publisher import AAC_HEADER, AVC_HEADER, Publisher, key_frame

pytestmark = pytest.mark.timeout(40)

SECRET = "0123456789abcdef"  # noqa: S105
BEARER = {"Authorization": f"Bearer {SECRET}"}
ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    "PATH": os.defpath,
    "LENSONG_INTERNAL_SECRET": SECRET,
    "STUDIO_KEY": hashlib.sha256(b"key").hexdigest(),
}
INPUT = """
[[channels.inputs]]
name = "{name}"
protocol = "rtmp"
key_sha256_env = "STUDIO_KEY"
"""


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [item.getsockname()[1] for item in sockets]
    for item in sockets:
        item.close()
    return ports


def settings_text(ports: list[int], folder: Path) -> str:
    names = ("rtmp_port", "icecast_port", "feeds_port", "ingest_admin_port")
    lines = [f"{name} = {port}" for name, port in zip(names, ports, strict=True)]
    return f"""
[station]
name = "Đài"
[paths]
data_dir = "{folder}"
run_dir = "{folder}"
[network]
publish_host = "127.0.0.1"
{chr(10).join(lines)}
[[channels]]
slug = "hytv"
name = "TV"
kind = "tv"
{INPUT.format(name="studio")}
"""


@asynccontextmanager
async def ingest(file: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ingest", str(file)),
        cwd=ROOT,
        env=ENVIRONMENT,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def ready(process: asyncio.subprocess.Process) -> None:
    """Wait until the process says in its log that it is."""
    assert process.stderr is not None
    async for line in process.stderr:
        if b'"ready"' in line:
            return
    raise AssertionError("ingest ended before it was ready")


async def test_starts_tells_reloads_and_ends(tmp_path: Path) -> None:
    ports = free_ports(4)
    file = tmp_path / "lensong.toml"
    text = settings_text(ports, tmp_path)
    await asyncio.to_thread(file.write_text, text)
    async with ingest(file) as process, ClientSession(headers=BEARER) as client:
        admin = f"http://127.0.0.1:{ports[3]}/control"
        await ready(process)
        publisher = Publisher()
        _, writer = await asyncio.open_connection("127.0.0.1", ports[0])
        writer.write(publisher.hello() + publisher.echo() + publisher.opening("hytv", "studio.key"))
        writer.write(publisher.message(9, 0, AVC_HEADER) + publisher.message(8, 0, AAC_HEADER))
        writer.write(publisher.message(9, 0, key_frame()))
        feed = await client.get(f"http://127.0.0.1:{ports[2]}/feeds/hytv/studio")
        assert feed.headers["Lensong-Tracks"] == "video,audio"

        await asyncio.to_thread(file.write_text, text + INPUT.format(name="backup"))
        async with client.post(f"{admin}/reload") as answer:
            assert answer.status == 204
        for bad in ("nonsense = ", text.replace("publish_host", "publisch_host"), text + "x"):
            await asyncio.to_thread(file.write_text, bad)
            async with client.post(f"{admin}/reload") as answer:
                assert answer.status == 409
                assert str(file) in await answer.text()
        moved = text.replace('"127.0.0.1"', '"0.0.0.0"')
        await asyncio.to_thread(file.write_text, moved)
        async with client.post(f"{admin}/reload") as answer:
            assert answer.status == 409
            assert "restart" in await answer.text()
        async with client.get(f"{admin}/status") as answer:
            studio, backup = (await answer.json())["inputs"]
        assert studio["live"]
        assert studio["tracks"] == ["audio", "video"]
        assert studio["publisher"] == "loopback"
        assert not backup["live"]
        assert "key" not in "".join(studio)

        feed.close()
        process.send_signal(signal.SIGTERM)
        _, said = await process.communicate()
        assert process.returncode == 0
        assert b"studio.key" not in said
        assert b"Traceback" not in said
        writer.close()


def refusal(file: Path) -> str:
    """Return what a process that must not start says."""
    done = subprocess.run(
        [sys.executable, "-m", "ingest", str(file)],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    return done.stderr.decode().strip().splitlines()[-1]


@pytest.mark.parametrize("taken", [0, 1, 2, 3])
def test_a_port_that_is_taken_stops_it_with_one_sentence(tmp_path: Path, taken: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        ports = free_ports(4)
        ports[taken] = other.getsockname()[1]
        file = tmp_path / "lensong.toml"
        file.write_text(settings_text(ports, tmp_path))
        assert refusal(file).startswith(f"ingest: cannot listen on 127.0.0.1 port {ports[taken]}")


def test_a_bad_settings_file_stops_it(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(tmp_path / "lensong.toml")
