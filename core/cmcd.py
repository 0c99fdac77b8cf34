"""Read what players tell about a viewing: CMCD (CTA-5004, CTA-5004-B).  Sans-I/O.

In event mode (version 2) a body holds one report a line, in request mode (both versions) headers or
the query of each request hold one; each is a dictionary of structured fields (RFC 9651)::

    br=(1650;v),cid="hytv",e=ps,msd=812,sid="5f0c…",sn=1,st=l,sta=p,ts=1795387733514,v=2
    bl=21300,br=1650,bs,d=3840,ot=v,sid="5f0c…",st=l,su

Why not a library.  A parser of structured fields gives up the whole dictionary at its first fault
(RFC 9651, 4.2), but a collector must "ignore unknown keys and malformed values": one odd value of
some player must not cost the rest.  Only the values that somebody here counts are read at all.

Whatever arrives was written by a stranger.  A report is bounded in length, its numbers in size;
nothing here says that it is true.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from core.errors import FormatError

__all__ = [
    "CMCD_TYPE",
    "MAX_BODY_BYTES",
    "MAX_REPORTS",
    "Asked",
    "Fault",
    "Report",
    "parse_reports",
    "parse_request",
]

CMCD_TYPE: Final = "application/cmcd"
MAX_BODY_BYTES: Final = 65_536
MAX_REPORTS: Final = 64
"""Reports in one body."""

_MAX_LINE: Final = 4_096
"""Characters of one report; an honest one has about 200, with a URL 2,000."""

_VERSION: Final = 2
_MAX_SID: Final = 64  # STANDARDS 204
_MAX_CID: Final = 128
_MAX_CUSTOM: Final = 64
_MAX_MS: Final = 120_000
"""No start-up, stall or latency is believed to have been longer."""

_MAX_KBPS: Final = 200_000
_MAX_BUFFER_MS: Final = 3_600_000
_MAX_CODES: Final = 4
_MAX_CODE: Final = 64

Fault: TypeAlias = Literal["invalid", "version"]
"""Why a line is not counted: it is no report, or one of a version that nobody knows yet."""

_STATES: Final = frozenset("spkrawefqd")
_STREAM_TYPES: Final = frozenset(("v", "l", "ll"))

# One member of a dictionary: a key, and what stands behind "=" up to the next comma that no string
# holds.  Every repetition is possessive, so that no stranger's line makes it try twice.
_QUOTED: Final = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_ANYTHING: Final = rf'[^",]*+(?:{_QUOTED}[^",]*+)*+'
_MEMBER: Final = re.compile(rf"[ \t]*+([a-z*][a-z0-9_.*-]*+)(?:=({_ANYTHING}))?+(?:,|$)")
_NO_MEMBER: Final = re.compile(rf"{_ANYTHING}(?:,|$)")

_PARAMETERS: Final = rf'(?:; *+[a-z*][a-z0-9_.*-]*+(?:=(?:{_QUOTED}|[^;,()" ]++))?+)*+'
_PLAIN: Final = r"[\x20-\x21\x23-\x5b\x5d-\x7e]*+"
_TEXT: Final = rf'"({_PLAIN}(?:\\["\\]{_PLAIN})*+)"{_PARAMETERS}'
_NUMBER: Final = re.compile(rf"(-?[0-9]{{1,15}})(?:\.[0-9]{{1,3}})?({_PARAMETERS}) *+")
_STRING: Final = re.compile(rf"{_TEXT} *+")
_TOKEN: Final = re.compile(rf"([A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*+){_PARAMETERS} *+")


def _list_of(item: str) -> re.Pattern[str]:
    return re.compile(rf"\( *+((?:(?:{item})(?: ++|(?=\))))*+)\){_PARAMETERS} *+")


_EVENT: Final = re.compile("[a-z]{1,3}")
_NUMBERS: Final = _list_of(rf"-?[0-9]{{1,15}}(?:\.[0-9]{{1,3}})?{_PARAMETERS}")
_STRINGS: Final = _list_of(_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One event of one viewing, as far as it is counted here; None for what was not told."""

    event: str
    """``e``: ps a state began, t time passed, e an error, br or bc a quality began, ..."""

    ts_ms: int
    """``ts``: the viewer's own clock, milliseconds; good for differences alone."""

    session: str
    """``sid``."""

    content: str
    """``cid``: by our convention the channel's slug."""

    number: int | None = None
    """``sn``: counts a session's reports."""

    state: str | None = None
    """``sta``: s starting, p playing, k seeking, r rebuffering, a paused, w waiting, e ended,
    f failed, q quit, d preloading."""

    stream_type: str | None = None
    """``st``: v recorded, l live, ll live with low latency."""

    startup_ms: int | None = None
    """``msd``: from the wish to watch to the first frame; at most 120 s."""

    stalled_ms: int | None = None
    """``bsd``: how long the stall lasted that has just ended; at most 120 s."""

    latency_ms: int | None = None
    """``ltc``: from the studio to the viewer; at most 120 s."""

    bitrate_kbps: int | None = None
    """``br``: of what is being played, picture and sound together."""

    errors: tuple[str, ...] = ()
    """``ec``: the player's own codes, at most four."""

    kind: str | None = None
    """``lensong-kind``, ours: live, dvr or catchup."""

    rendition: str | None = None
    """``lensong-rendition``, ours: the name of the rendition that is being played."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a player tells with one request, as far as it is counted here."""

    session: str
    """``sid``."""

    state: str | None = None
    """``sta``, as in a report; version 1 has none."""

    stream_type: str | None = None
    """``st``: v recorded, l live, ll live with low latency."""

    is_urgent: bool = False
    """``su``: nothing plays before this has come, after a start, a seek or a stall."""

    has_starved: bool = False
    """``bs``: since the request before, the buffer ran empty."""

    is_standing: bool = False
    """``pr`` is 0: nothing plays."""

    buffer_ms: int | None = None
    """``bl``: how much is buffered; of several tracks the least."""

    duration_ms: int | None = None
    """``d``: how long the object plays."""

    startup_ms: int | None = None
    """``msd``: from the wish to watch to the first frame; at most 120 s."""

    stalled_ms: int | None = None
    """``bsd``: how long the stall lasted that has just ended; at most 120 s."""

    latency_ms: int | None = None
    """``ltc``: from the studio to the viewer; at most 120 s."""

    bitrate_kbps: int | None = None
    """``br``: of what is asked for."""


def parse_request(text: str) -> Asked | Fault:
    """Read what came with a request: its headers joined by commas, or ``CMCD`` of its query.

    Args:
        text: A character for each byte (latin-1), without the percent signs of a query.
    """
    if len(text) > _MAX_LINE:
        return "invalid"
    found = _members(text, _REQUEST_READERS)
    version = found.pop("v", None)
    if isinstance(version, int) and version > _VERSION:
        return "version"
    if "sid" not in found:
        return "invalid"  # nothing to put a viewing together by
    return Asked(**{_REQUEST_FIELDS[key]: value for key, value in found.items()})  # type: ignore[arg-type]


def parse_reports(body: bytes) -> list[Report | Fault]:
    """Read a body: for each of its lines a report, or why it is none.

    Raises:
        FormatError: With code ``too_large``, for a body that holds too much.
    """
    if len(body) > MAX_BODY_BYTES:
        raise FormatError("more than 64 KiB", code="too_large")
    # What is not ASCII stands for itself and fits no value: structured fields are ASCII.
    lines = [line for line in body.decode("latin-1").split("\n") if line.strip("\r\t ")]
    if len(lines) > MAX_REPORTS:
        raise FormatError(f"more than {MAX_REPORTS} reports", code="too_large")
    return [_parse_report(line.rstrip("\r\t ")) for line in lines]


def _parse_report(line: str) -> Report | Fault:
    if len(line) > _MAX_LINE:
        return "invalid"
    found = _members(line, _READERS)
    version = found.get("v")
    if isinstance(version, int) and version > _VERSION:
        return "version"  # CTA-5004-B has the whole set dropped then
    event, ts_ms, session, content = (found.get(key) for key in ("e", "ts", "sid", "cid"))
    if (
        version != _VERSION  # without one it is of version 1, which has no events
        or not isinstance(event, str)
        or not isinstance(ts_ms, int)
        or not isinstance(session, str)
        or not isinstance(content, str)
    ):
        return "invalid"
    more = {field: found[key] for key, field in _FIELDS.items() if key in found}
    return Report(event=event, ts_ms=ts_ms, session=session, content=content, **more)  # type: ignore[arg-type]


def _members(line: str, readers: Mapping[str, Callable[[str], object]]) -> dict[str, object]:
    """Read the members that count; of one key the last (RFC 9651, 4.2.2)."""
    found: dict[str, object] = {}
    at, end = 0, len(line)
    while at < end:
        match = _MEMBER.match(line, at)
        if match is None:
            match = _NO_MEMBER.match(line, at)
            if match is None:  # a string that does not end: what follows belongs to it
                break
        else:
            key, text = match.groups()
            read = readers.get(key)
            if read is not None:
                # "value MUST be omitted if it is Boolean true" (RFC 9651, 4.1.2).
                value = read("?1" if text is None else text)
                if value is None:
                    found.pop(key, None)
                else:
                    found[key] = value
        at = match.end()
    return found


def _number(text: str, least: int, most: int) -> int | None:
    match = _NUMBER.fullmatch(text)
    if match is None:  # "?1" is no number, nor is "1e308" or "0x7f"
        return None
    value = int(match[1])
    return min(value, most) if value >= least else None


def _version(text: str) -> int | None:
    return _number(text, 0, 10**15)


def _count(text: str) -> int | None:
    return _number(text, 0, 10**15)


def _milliseconds(text: str) -> int | None:
    return _number(text, 0, _MAX_MS)


def _longest(text: str) -> int | None:
    """Read ``(1200;v 900;a)``: picture and sound stood still together, the longer counts."""
    values = [value for value, _ in _typed_numbers(text)]
    return min(max(values), _MAX_MS) if values else None


def _buffer(text: str) -> int | None:
    values = [value for value, _ in _typed_numbers(text)]
    return min(*values, _MAX_BUFFER_MS) if values else None


def _duration(text: str) -> int | None:
    return _number(text, 1, _MAX_MS)


def _flag(text: str) -> bool | None:
    return {"?1": True, "?0": False}.get(text.strip())


def _standing(text: str) -> bool | None:
    """Read ``pr``: "0 if not playing", else how fast."""
    match = _NUMBER.fullmatch(text)
    return None if match is None else float(text.partition(";")[0]) == 0


def _bitrate(text: str) -> int | None:
    """Read ``(3200;v 128;a)``: picture and sound arrive together, so they are added."""
    values = [value for value, kind in _typed_numbers(text) if kind in {"", "v", "a", "av"}]
    return min(sum(values), _MAX_KBPS) if values else None


def _typed_numbers(text: str) -> list[tuple[int, str]]:
    """Read a list of numbers with the type of object as parameter; version 1 has one number."""
    match = _NUMBERS.fullmatch(text)
    items = text if match is None and _NUMBER.fullmatch(text) else "" if match is None else match[1]
    found = [(int(one[1]), one[2].lstrip("; ")) for one in _NUMBER.finditer(items)]
    return [] if any(value < 0 for value, _ in found) else found


def _string(text: str, most: int) -> str | None:
    match = _STRING.fullmatch(text)
    if match is None or not 0 < len(value := _unescape(match[1])) <= most:
        return None
    return value


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text) if "\\" in text else text


def _codes(text: str) -> tuple[str, ...] | None:
    match = _STRINGS.fullmatch(text)
    if match is None:
        one = _string(text, _MAX_CODE)
        return None if one is None else (one,)
    values = [_unescape(item[1]) for item in _STRING.finditer(match[1])]
    return tuple(value for value in values[:_MAX_CODES] if 0 < len(value) <= _MAX_CODE) or None


def _token(text: str) -> str | None:
    match = _TOKEN.fullmatch(text)
    return None if match is None else match[1]


def _event(text: str) -> str | None:
    token = _token(text)
    return token if token is not None and _EVENT.fullmatch(token) else None


def _state(text: str) -> str | None:
    token = _token(text)
    return token if token in _STATES else None


def _stream_type(text: str) -> str | None:
    token = _token(text)
    return token if token in _STREAM_TYPES else None


def _custom(text: str) -> str | None:
    """Read a custom key's value: "a string or a token"."""
    value = _string(text, _MAX_CUSTOM) or _token(text)
    return value if value is not None and len(value) <= _MAX_CUSTOM else None


_READERS: Final[dict[str, Callable[[str], object]]] = {
    "v": _version,
    "e": _event,
    "ts": _count,
    "sid": lambda text: _string(text, _MAX_SID),
    "cid": lambda text: _string(text, _MAX_CID),
    "sn": _count,
    "sta": _state,
    "st": _stream_type,
    "msd": _milliseconds,
    "bsd": _longest,
    "ltc": _milliseconds,
    "br": _bitrate,
    "ec": _codes,
    "lensong-kind": _custom,
    "lensong-rendition": _custom,
}
_FIELDS: Final = {
    "sn": "number",
    "sta": "state",
    "st": "stream_type",
    "msd": "startup_ms",
    "bsd": "stalled_ms",
    "ltc": "latency_ms",
    "br": "bitrate_kbps",
    "ec": "errors",
    "lensong-kind": "kind",
    "lensong-rendition": "rendition",
}

_REQUEST_READERS: Final[dict[str, Callable[[str], object]]] = {
    **{key: _READERS[key] for key in ("v", "sid", "sta", "st", "msd", "bsd", "ltc", "br")},
    "bl": _buffer,
    "bs": _flag,
    "d": _duration,
    "pr": _standing,
    "su": _flag,
}
_REQUEST_FIELDS: Final = {
    "sid": "session",
    "sta": "state",
    "st": "stream_type",
    "su": "is_urgent",
    "bs": "has_starved",
    "pr": "is_standing",
    "bl": "buffer_ms",
    "d": "duration_ms",
    "msd": "startup_ms",
    "bsd": "stalled_ms",
    "ltc": "latency_ms",
    "br": "bitrate_kbps",
}
