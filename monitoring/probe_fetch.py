"""Fetch from servers of strangers, with a limit on everything."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Self
from urllib.parse import urljoin, urlsplit, urlunsplit

import aiohttp

from core.admin import platform_version
from core.clock import monotonic_ns
from core.errors import InputError
from monitoring.probe_playlist import ByteRange, Resource

__all__ = ["Answer", "FetchError", "Fetcher", "shown_address"]

MAX_PLAYLIST_BYTES: Final = 8 * 2**20
MAX_SEGMENT_BYTES: Final = 64 * 2**20
_MAX_REDIRECTS: Final = 5
_READ_BYTES: Final = 65_536


class FetchError(InputError):
    """No usable answer; ``code`` is timeout, connection, too_large, redirects or address."""

    code = "connection"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of a server."""

    status: int
    body: bytes
    url: str
    """Where it came from in the end."""

    content_type: str
    seconds: float
    """From the request to the last byte."""


def shown_address(url: str) -> str:
    """Return an address as it may be shown: without user, password and query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


class Fetcher:
    """A client of one server, as one player is.  Use as an async context manager."""

    def __init__(self) -> None:
        """Prepare; nothing is opened before the context is entered."""
        self._session: aiohttp.ClientSession | None = None
        self.bytes = 0
        """Received so far."""

    async def __aenter__(self) -> Self:
        agent = {"User-Agent": f"lensong-probe/{platform_version()}"}
        self._session = aiohttp.ClientSession(headers=agent)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(
        self,
        url: str,
        *,
        timeout_s: float,
        limit_bytes: int = MAX_PLAYLIST_BYTES,
        span: ByteRange | None = None,
    ) -> Answer:
        """Fetch; any status is an answer.

        Cancelling is safe.

        Args:
            url: Absolute.
            timeout_s: For the whole exchange.
            limit_bytes: What the body may hold, decompressed.
            span: The bytes that are wanted.

        Raises:
            FetchError: If there is no whole answer within the limits.
        """
        if self._session is None:
            raise RuntimeError("not entered")
        if urlsplit(url).scheme not in ("http", "https"):
            raise FetchError("is not an address of http or https", code="address")
        headers = {}
        if span is not None:
            headers["Range"] = f"bytes={span.offset}-{span.offset + span.length - 1}"
        began = monotonic_ns()
        try:
            async with self._session.get(
                url,
                headers=headers,
                max_redirects=_MAX_REDIRECTS,
                timeout=aiohttp.ClientTimeout(total=timeout_s),
            ) as answer:
                body = await self._body(answer, limit_bytes)
                if span is not None and answer.status == HTTPStatus.OK:
                    body = body[span.offset : span.offset + span.length]
                return Answer(
                    HTTPStatus.OK if answer.status == HTTPStatus.PARTIAL_CONTENT else answer.status,
                    body,
                    str(answer.url),
                    answer.content_type,
                    (monotonic_ns() - began) / 1e9,
                )
        except TimeoutError:
            raise FetchError(f"no answer within {timeout_s:.0f} s", code="timeout") from None
        except aiohttp.TooManyRedirects:
            raise FetchError("leads from redirect to redirect", code="redirects") from None
        except (aiohttp.ClientError, ValueError, OSError) as error:
            raise FetchError(f"no connection: {type(error).__name__}") from None

    async def _body(self, answer: aiohttp.ClientResponse, limit_bytes: int) -> bytes:
        body = bytearray()
        async for piece in answer.content.iter_chunked(_READ_BYTES):
            body += piece
            self.bytes += len(piece)
            if len(body) > limit_bytes:
                raise FetchError(f"is longer than {limit_bytes} bytes", code="too_large")
        return bytes(body)

    async def resource(self, base: str, resource: Resource, *, timeout_s: float) -> Answer:
        """Fetch a segment, a part or a header that the playlist at ``base`` names."""
        return await self.get(
            urljoin(base, resource.uri),
            timeout_s=timeout_s,
            limit_bytes=MAX_SEGMENT_BYTES,
            span=resource.range,
        )
