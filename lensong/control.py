"""The supervisor's local socket: how ``lensong status`` and the others reach what runs.

One connection carries one command: a JSON line there, a JSON line back.  Only the user that
runs the platform may open the socket, so that the internal secret need not leave the
supervisor.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from core.errors import ConfigError, LensongError, RefusedError

__all__ = ["CommandHandler", "call", "find_sockets", "serve_commands"]

CommandHandler = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
"""Takes a command's JSON object and returns the answer's."""

_MAX_COMMAND_BYTES: Final = 64 * 1024
_MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
_CALL_TIMEOUT_S: Final = 60.0
_READ_TIMEOUT_S: Final = 5.0


async def serve_commands(
    path: Path, handle: CommandHandler, *, listening: asyncio.Event | None = None
) -> None:
    """Answer commands at ``path`` until cancelled; the socket is removed at the end.

    Args:
        path: Where the socket is made.
        handle: Answers.
        listening: Set once commands are answered.

    Raises:
        ConfigError: If another supervisor answers there, or the socket cannot be made.
    """
    if await _answers(path):
        raise ConfigError(f"another `lensong run` is at work here ({path} answers)")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answer = await _answer(reader, handle)
            writer.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
            await writer.drain()
        except OSError:
            pass  # the asker has gone; nobody to tell
        finally:
            writer.close()

    def unlink() -> None:
        path.unlink(missing_ok=True)

    await asyncio.to_thread(unlink)
    try:
        server = await asyncio.start_unix_server(serve, path, limit=_MAX_COMMAND_BYTES)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be made: {error.strerror or error}") from error
    try:
        await asyncio.to_thread(path.chmod, 0o600)
        if listening is not None:
            listening.set()
        await server.serve_forever()
    finally:
        server.close()
        with suppress(OSError):
            await asyncio.to_thread(unlink)


async def _answer(reader: asyncio.StreamReader, handle: CommandHandler) -> Mapping[str, Any]:
    try:
        async with asyncio.timeout(_READ_TIMEOUT_S):
            line = await reader.readline()
        command = json.loads(line)
        if not isinstance(command, dict):
            raise TypeError  # noqa: TRY301  # the same answer as for no JSON at all
    except (ValueError, TypeError, TimeoutError):
        return {"error": "a command is one line with a JSON object"}
    try:
        return await handle(command)
    except LensongError as error:
        return {"error": str(error), "code": error.code}


async def _answers(path: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(path)
    except OSError:
        return False
    writer.close()
    return True


async def call(path: Path, command: Mapping[str, Any]) -> dict[str, Any]:
    """Send one command to a supervisor and return its answer.

    Raises:
        RefusedError: With the supervisor's sentence when it refuses.
        ConfigError: With its complaints when the settings are bad.
        LensongError: If nobody answers.
    """
    try:
        async with asyncio.timeout(_CALL_TIMEOUT_S):
            reader, writer = await asyncio.open_unix_connection(path, limit=_MAX_ANSWER_BYTES)
            try:
                writer.write(json.dumps(command).encode() + b"\n")
                await writer.drain()
                line = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError) as error:
        reason = getattr(error, "strerror", None) or "no answer in time"
        raise LensongError(f"no platform answers at {path}: {reason}") from error
    if not line:
        raise LensongError(f"the platform at {path} ended before it answered")
    answer: dict[str, Any] = json.loads(line)
    if answer.get("code") == ConfigError.code:
        raise ConfigError(str(answer["error"]))
    if "error" in answer:
        raise RefusedError(str(answer["error"]))
    return answer


def find_sockets(run_dir: Path) -> list[Path]:
    """Return the supervisors' sockets of this host; blocking.

    Raises:
        LensongError: If there is none.
    """
    found = sorted(run_dir.glob("supervisor*.sock"))
    if not found:
        raise LensongError(
            f"nothing runs here: {run_dir} holds no supervisor's socket; `lensong run` starts the"
            " platform, --run-dir or --settings says where another one's is"
        )
    return found
