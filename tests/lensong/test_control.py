"""The supervisor's socket: one command, one answer."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError, LensongError, RefusedError
from lensong.control import call, find_sockets, serve_commands


async def handle(command: Mapping[str, Any]) -> Mapping[str, Any]:
    match command:
        case {"do": "bad file"}:
            raise ConfigError("the file is bad")
        case {"do": str(what), "text": str(text)}:
            return {"done": what, "text": text}
        case _:
            raise RefusedError("there is no such command")


async def answered(path: Path, command: Mapping[str, Any]) -> dict[str, Any]:
    async with asyncio.TaskGroup() as tasks:
        listening = asyncio.Event()
        server = tasks.create_task(serve_commands(path, handle, listening=listening))
        await listening.wait()
        try:
            return await call(path, command)
        finally:
            server.cancel()


async def test_answers_a_command_in_any_language(tmp_path: Path) -> None:
    answer = await answered(tmp_path / "s.sock", {"do": "echo", "text": "Hưng Yên"})
    assert answer == {"done": "echo", "text": "Hưng Yên"}
    assert not await asyncio.to_thread((tmp_path / "s.sock").exists)


async def test_a_refusal_and_a_bad_file_reach_the_asker_as_such(tmp_path: Path) -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(RefusedError, match="no such command")):
        await answered(tmp_path / "s.sock", {"what": 1})
    with pytest.RaisesGroup(pytest.RaisesExc(ConfigError, match="the file is bad")):
        await answered(tmp_path / "s.sock", {"do": "bad file"})


async def test_bytes_that_are_no_command_are_answered_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    async with asyncio.TaskGroup() as tasks:
        listening = asyncio.Event()
        server = tasks.create_task(serve_commands(path, handle, listening=listening))
        await listening.wait()
        for sent in (b"[]\n", b"\xff\xfe\n", b"x" * 100_000 + b"\n"):
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(sent)
            assert b"one line with a JSON object" in await reader.readline()
            writer.close()
        server.cancel()


async def test_only_the_platforms_own_user_may_open_it_and_only_one_supervisor_has_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "s.sock"
    async with asyncio.TaskGroup() as tasks:
        listening = asyncio.Event()
        server = tasks.create_task(serve_commands(path, handle, listening=listening))
        await listening.wait()
        await call(path, {"do": "x", "text": "y"})
        facts = await asyncio.to_thread(path.stat)
        assert stat.S_IMODE(facts.st_mode) == 0o600
        with pytest.raises(ConfigError, match="another `lensong run` is at work"):
            await serve_commands(path, handle)
        server.cancel()


async def test_a_socket_that_a_killed_supervisor_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    await asyncio.to_thread(path.touch)
    with pytest.raises(LensongError, match="no platform answers"):
        await call(path, {"do": "x", "text": "y"})


def test_says_so_when_nothing_runs(tmp_path: Path) -> None:
    with pytest.raises(LensongError, match="nothing runs here"):
        find_sockets(tmp_path)
