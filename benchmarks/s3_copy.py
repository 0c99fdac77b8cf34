"""A copy of an archive's indexes in S3, on moto's server in a process of its own.

The server takes any keys; ``AWS_ACCESS_KEY_ID`` and ``AWS_SECRET_ACCESS_KEY`` must hold some.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from aiohttp import ClientError, ClientSession

from core.archive_open import open_archive
from core.archive_store import ArchiveStore
from core.errors import ConfigError
from tests.recorded_media import recorded_settings

__all__ = ["copied_to_s3"]

_BUCKET: Final = "archive-0"
_TRIES: Final = 100


@asynccontextmanager
async def copied_to_s3(root: Path) -> AsyncIterator[ArchiveStore]:
    """Serve what lies below a folder as an S3 archive while the block runs."""
    port = await _free_port()
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    endpoint = f"http://127.0.0.1:{port}"
    more = f'[archive]\nstore = "s3"\ns3_bucket = "{_BUCKET}"\ns3_endpoint = "{endpoint}"'
    store: ArchiveStore | None = None
    try:
        await _make_bucket(f"{endpoint}/{_BUCKET}")
        store = open_archive(recorded_settings(root, more=more))
        if store.backend != "s3":
            raise ConfigError("this version keeps no archive in S3")
        for path in await asyncio.to_thread(_files, root):
            data = await asyncio.to_thread(path.read_bytes)
            await store.put(path.relative_to(root).as_posix(), [data])
        yield store
    finally:
        if store is not None:
            store.close()
        server.terminate()
        await server.wait()


def _files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


async def _free_port() -> int:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


async def _make_bucket(address: str) -> None:
    async with ClientSession() as session:
        for _ in range(_TRIES):
            with suppress(ClientError):
                async with session.put(address) as answer:
                    answer.raise_for_status()
                    return
            await asyncio.sleep(0.1)
    raise TimeoutError("moto's server did not start")
