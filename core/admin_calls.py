"""Calls to the processes' admin ports, with the internal secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import aiohttp

__all__ = ["AdminCalls", "Reply"]

_TIMEOUT: Final = aiohttp.ClientTimeout(total=5.0)


@dataclass(frozen=True, slots=True)
class Reply:
    """What an admin port answered."""

    status: int
    """HTTP status; 0 when nobody answered."""

    text: str
    """The body, or why there is none."""

    body: Any = None
    """The body's JSON, where it is JSON."""


class AdminCalls:
    """A client for the admin ports of one installation.  Use as an async context manager."""

    def __init__(self, host: str, secret: str) -> None:
        """Prepare; ``host`` is where the admin ports listen."""
        self._host = f"[{host}]" if ":" in host else host
        self._headers = {"Authorization": f"Bearer {secret}"}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the client."""
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the client."""
        if self._session is not None:
            await self._session.close()

    async def get(self, port: int, path: str) -> Reply:
        """Ask; a port that does not answer gives status 0."""
        return await self._request("GET", port, path, None)

    async def post(self, port: int, path: str, body: Mapping[str, Any] | None = None) -> Reply:
        """Order; a port that does not answer gives status 0."""
        return await self._request("POST", port, path, body)

    async def _request(
        self, method: str, port: int, path: str, body: Mapping[str, Any] | None
    ) -> Reply:
        if self._session is None:
            raise RuntimeError("the client is not open")
        url = f"http://{self._host}:{port}{path}"
        # The secret goes only where it is wanted: /healthz and /metrics are open.
        headers = self._headers if path.startswith("/control/") else {}
        try:
            async with self._session.request(method, url, json=body, headers=headers) as response:
                text = await response.text()
                is_json = response.content_type == "application/json"
                return Reply(
                    response.status, text.strip(), await response.json() if is_json else None
                )
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return Reply(0, f"does not answer ({type(error).__name__})")
