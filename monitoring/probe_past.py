"""Fetch a minute of ten minutes, a day and a week ago, as a viewer of catch-up does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Final
from urllib.parse import urljoin

from core.errors import FormatError
from core.timeline import UnixNs
from monitoring.probe_catchup import SPANS, catch_up_address, judge_span
from monitoring.probe_choice import choose_renditions
from monitoring.probe_faults import Fault
from monitoring.probe_fetch import Answer, Fetcher, FetchError
from monitoring.probe_media import inspect_segment
from monitoring.probe_playlist import MediaPlaylist, Multivariant, Resource, read_playlist

__all__ = ["check_catch_up"]

_TIMEOUT_S: Final = 10.0
_REFUSED: Final = (HTTPStatus.FORBIDDEN, HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS)


class _FaultyError(Exception):
    """What is wrong, as a sentence."""


async def check_catch_up(
    fetcher: Fetcher,
    url: str,
    *,
    now: UnixNs,
    oldest_s: float | None,
    told: Callable[[Fault], None],
    note: Callable[[str], None],
) -> None:
    """Check every span once.  Cancelling is safe.

    Args:
        fetcher: Entered.
        url: The channel's live address.
        now: The moment that the spans are reckoned from.
        oldest_s: Since when the channel is archived, UNIX seconds. None if that is not known:
            then an answer 404 is no fault. 410 never is: the channel does not keep so many days.
        told: Called with each fault.
        note: Called with what could not be checked, and why.
    """
    for span in SPANS:
        start_s, end_s = span.at(now)
        where = f"catch-up {span.name}"
        address = catch_up_address(url, start_s, end_s)
        if address is None:
            note("catch-up: not an address of this platform")
            return
        if oldest_s is not None and start_s < oldest_s:
            note(f"{where}: out of archive")
            continue
        try:
            answer = await fetcher.get(address, timeout_s=_TIMEOUT_S)
            is_away = answer.status == HTTPStatus.NOT_FOUND and oldest_s is None
            if answer.status in _REFUSED or answer.status == HTTPStatus.GONE or is_away:
                why = "may not be served" if answer.status in _REFUSED else "out of archive"
                note(f"{where}: {why} (status {answer.status})")
                continue
            for text in await _judge(fetcher, answer, start_s, end_s):
                told(Fault("catch_up", where, text))
        except (_FaultyError, FetchError, FormatError) as error:
            told(Fault("catch_up", where, str(error)))


async def _judge(fetcher: Fetcher, answer: Answer, start_s: int, end_s: int) -> list[str]:
    playlist = _playlist(answer, "playlist")
    if isinstance(playlist, Multivariant):
        uri = choose_renditions(playlist)[0].uri
        answer = await fetcher.get(urljoin(answer.url, uri), timeout_s=_TIMEOUT_S)
        playlist = _playlist(answer, "media playlist")
    if not isinstance(playlist, MediaPlaylist):
        raise _FaultyError("names no media playlist")
    faults = list(judge_span(playlist, start_s, end_s))
    segment = next((one for one in playlist.whole if not one.gap), None)
    if segment is None or segment.resource is None or segment.encryption is not None:
        return faults
    header = await _bytes(fetcher, answer.url, segment.header) if segment.header else b""
    data = await _bytes(fetcher, answer.url, segment.resource)
    facts = await asyncio.to_thread(inspect_segment, data, header)
    if facts.corrupt or not facts.is_decoded:
        faults.append(f"segment {segment.msn} cannot be decoded")
    return faults


def _playlist(answer: Answer, what: str) -> MediaPlaylist | Multivariant:
    if answer.status != HTTPStatus.OK:
        raise _FaultyError(f"{what}: status {answer.status}")
    reading = read_playlist(answer.body)
    if reading.playlist is None:
        raise _FaultyError(f"{what}: {'; '.join(reading.faults) or 'lists nothing'}")
    return reading.playlist


async def _bytes(fetcher: Fetcher, base: str, resource: Resource) -> bytes:
    answer = await fetcher.resource(base, resource, timeout_s=_TIMEOUT_S)
    if answer.status != HTTPStatus.OK:
        raise _FaultyError(f"its first segment, or that one's header, answers {answer.status}")
    return answer.body
