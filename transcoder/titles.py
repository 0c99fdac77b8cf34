"""What is on air, in words: song titles of the inputs, told to the packager with the source."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import aiohttp

from core.errors import InputError

__all__ = ["Title", "TitleFollower", "tell_state"]

_REPEAT_S: Final = 10.0
"""An unchanged state is told again this often, for a packager that was restarted."""

_LOOK_S: Final = 0.2
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Title:
    """The title that one input carries."""

    text: str = ""
    since_ns: int = 0


class TitleFollower:
    """Follow one input's titles at the relay."""

    def __init__(self, *, url: str, session: aiohttp.ClientSession) -> None:
        """Prepare; nothing is asked before :meth:`run`."""
        self._url, self._session = url, session
        self.title = Title()

    async def run(self) -> None:
        """Follow until the relay ends it.

        Raises:
            InputError: If the relay cannot be read.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=2)
        try:
            async with self._session.get(self._url, timeout=timeout) as response:
                if response.status != _OK:
                    raise InputError(f"the relay answers {response.status}", code="relay")
                async for line in response.content:
                    told = json.loads(line)
                    self.title = Title(str(told["title"]), int(told["since_ns"]))
        except (aiohttp.ClientError, ValueError, KeyError) as error:
            raise InputError(str(error), code="relay") from error
        finally:
            self.title = Title()


async def tell_state(
    *,
    url: str,
    session: aiohttp.ClientSession,
    on_air: Callable[[], str],
    titles: Callable[[], dict[str, Title]],
) -> None:
    """Post each change of the source on air and of its title, until cancelled.

    Raises:
        OSError: If the packager cannot be reached; call it again.
    """
    loop = asyncio.get_running_loop()
    told: dict[str, object] = {}
    told_at = 0.0
    while True:
        source = on_air()
        title = titles().get(source, Title())
        state: dict[str, object] = {
            "on_air": source,
            "title": title.text,
            "since_ns": title.since_ns,
        }
        if state != told or loop.time() - told_at > _REPEAT_S:
            try:
                async with session.post(url, json=state) as response:
                    await response.read()
            except aiohttp.ClientError as error:
                raise InputError(str(error), code="packager") from error
            told, told_at = state, loop.time()
        await asyncio.sleep(_LOOK_S)
