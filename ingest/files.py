"""Play a file in a loop as if it were a studio feed: for tests, demos and emergency loops.

FFmpeg reads the file at its own pace and rewraps it, without encoding, into a transport
stream; what comes out is relayed like any publisher's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import structlog

from core.clock import unix_ns
from core.errors import FormatError, InputError
from ingest.feed import FeedStart
from ingest.metrics import DisconnectReason
from ingest.mpegts import TsFeed
from ingest.relay import Relay, Session

__all__ = ["FileLoop", "file_loop_arguments"]

log = structlog.get_logger()

_READ_BYTES: Final = 64 * 1024
_STDERR_LINES: Final = 5
_LINE_BYTES: Final = 1_000


def file_loop_arguments(path: Path) -> list[str]:
    """Return FFmpeg's arguments that play ``path`` for ever into standard output."""
    return [
        *("-nostdin", "-hide_banner", "-loglevel", "error"),
        *("-protocol_whitelist", "file"),  # a playlist in the file's place opens nothing else
        *("-re", "-stream_loop", "-1", "-i", f"file:{path}"),
        *("-map", "0:v:0?", "-map", "0:a:0?", "-c", "copy"),
        # FFmpeg: a PES packet for each sound frame; by default it gathers a third of a second.
        *("-muxdelay", "0", "-muxpreload", "0", "-flush_packets", "1", "-pes_payload_size", "0"),
        *("-f", "mpegts", "pipe:1"),
    ]


class FileLoop:
    """One ``file`` input; :meth:`run` plays once until FFmpeg ends, so supervise it."""

    def __init__(self, relay: Relay, path: Path, *, program: str) -> None:
        self._relay, self._path, self._program = relay, path, program

    async def run(self) -> None:
        """Play until cancelled.

        Raises:
            InputError: If the file is missing or FFmpeg cannot play it, with its words.
        """
        if not await asyncio.to_thread(self._path.is_file):
            raise InputError(f"there is no file {self._path}", code="file_missing")
        session = self._relay.begin(None, now=unix_ns())
        session.publisher = "file"
        reason: DisconnectReason = "kicked"
        try:
            async with _process(self._program, file_loop_arguments(self._path)) as process:
                await self._play(process, session)
        except InputError:
            reason = "decode"
            raise
        finally:
            session.end(reason)

    async def _play(self, process: asyncio.subprocess.Process, session: Session) -> None:
        if process.stdout is None or process.stderr is None:
            raise RuntimeError("the pipes were asked for")
        words: deque[str] = deque(maxlen=_STDERR_LINES)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_remember(process.stderr, words))
            problem = await self._relay_all(process.stdout, session)
            if problem is not None:
                with suppress(ProcessLookupError):
                    process.kill()
        await process.wait()
        said = "; ".join(words) or f"FFmpeg ended with code {process.returncode}"
        raise InputError(f"{self._path} cannot be played: {problem or said}", code="decode")

    async def _relay_all(self, pipe: asyncio.StreamReader, session: Session) -> str | None:
        """Relay until the pipe ends; return what is wrong with the bytes, if that is why."""
        feed = TsFeed()
        while data := await pipe.read(_READ_BYTES):
            try:
                for item in feed.receive(data):
                    if isinstance(item, FeedStart):
                        session.restart(item)
                        log.info(
                            "file_plays",
                            channel=self._relay.channel,
                            input=self._relay.name,
                            tracks=sorted(item.tracks),
                        )
                    else:
                        session.write(item, now=unix_ns())
            except FormatError as error:
                return str(error)
        return None


async def _remember(pipe: asyncio.StreamReader, words: deque[str]) -> None:
    """Keep the last lines that FFmpeg said; read on for ever, so that it never blocks."""
    rest = b""
    while data := await pipe.read(_READ_BYTES):
        *lines, rest = (rest + data).split(b"\n")
        words.extend(line[:_LINE_BYTES].decode("utf-8", "replace").strip() for line in lines)
        rest = rest[:_LINE_BYTES]


@asynccontextmanager
async def _process(program: str, arguments: list[str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program whose end is certain, even when the caller is cancelled."""
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
