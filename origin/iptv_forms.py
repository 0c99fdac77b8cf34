"""The forms in which IPTV clients ask for the past.  Sans-I/O.

They take the address of the live list and change it: Kodi's ``shift`` and the players that know
``append`` add ``?utc=...&lutc=...``, those that know Flussonic put another name in place of
``index.m3u8``.  All mean a span, a delay, or simply live.

**Source:** pvr.iptvsimple's channel code and Flussonic's addresses (STANDARDS 190-194).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from core.errors import InputError, NotYetAvailableError
from core.timeline import UnixNs
from origin.span import MAX_SPAN_S, Span, parse_span

__all__ = ["Delay", "Form", "Live", "parse_name", "parse_query"]

_NAME: Final = re.compile(
    r"(?:[a-z0-9_]{1,16}-)?(timeshift_rel|timeshift_abs)-([^/]+)\.m3u8"
    r"|(?:archive|index|video|mono)-([^/]*)-([^/-]*)\.m3u8"
)
_NUMBER: Final = re.compile(r"[0-9]{1,12}")
_NS: Final = 1_000_000_000
_LIVE_S: Final = 20
"""A start so short a time ago is what a player of the plain live list shows anyway."""

_AHEAD_S: Final = 3_600
"""How far ahead a client's clock may be, in seconds."""

_WRONG: Final = (
    "Thời điểm và độ dài phải tính bằng giây UNIX.\n"
    "A moment and a length are numbers of UNIX seconds."
)


@dataclass(frozen=True, slots=True)
class Live:
    """The live list itself."""


@dataclass(frozen=True, slots=True)
class Delay:
    """The live list as it was some time ago; it slides."""

    seconds: int


Form: TypeAlias = Live | Delay | Span


def parse_name(name: str, *, now: UnixNs) -> Form | None:
    """Read the last step of a path: ``timeshift_rel-3600.m3u8``, ``archive-1795000000-600.m3u8``.

    Returns:
        None if it is no form of these.

    Raises:
        InputError: If its numbers are none, or absurd.
        NotYetAvailableError: If it begins in the future.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    kind, number, start, length = match.groups()
    if kind == "timeshift_rel":
        delay_s = _number(number)
        return Delay(delay_s) if delay_s else Live()
    if kind == "timeshift_abs":
        return _from(_number(number), None, now)
    return _from(_number(start), None if length == "now" else _number(length), now)


def parse_query(
    utc: Sequence[str], lutc: Sequence[str], duration: Sequence[str], *, now: UnixNs
) -> Form:
    """Read ``utc`` (the start), ``lutc`` (the client's now) and ``duration``, all in seconds.

    The client's now says nothing that our own clock does not say better; it is only checked.

    Args:
        utc: Every value that was given; so the others.
        lutc: At most one.
        duration: At most one.
        now: Moment of the request.

    Raises:
        InputError: If one is no number, absurd or given twice.
        NotYetAvailableError: If the start lies in the future.
    """
    if len(utc) != 1 or len(lutc) > 1 or len(duration) > 1:
        raise InputError(_WRONG)
    for value in lutc:
        _number(value)
    return _from(_number(utc[0]), _number(duration[0]) if duration else None, now)


def _from(start_s: int, length_s: int | None, now: UnixNs) -> Span | Live:
    now_s = now // _NS
    if start_s > now_s + _AHEAD_S:
        raise NotYetAvailableError("Thời điểm này chưa tới.\nThis moment has not come yet.")
    if length_s is not None and not 0 < length_s <= MAX_SPAN_S:
        raise InputError("Độ dài từ 1 giây đến 24 giờ.\nA length is from 1 second to 24 hours.")
    if start_s > now_s - _LIVE_S:
        return Live()
    end = "now" if length_s is None else str(start_s + length_s)
    return parse_span(f"{start_s}-{end}")


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise InputError(_WRONG)
    return int(text)
