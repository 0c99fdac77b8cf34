"""Recognise a plain GET: what the fast path may answer, and nothing else.  Sans-I/O.

A second HTTP parser beside aiohttp's is a danger: wherever the two differ, a request can be
smuggled.  So this is no parser but a gate.  It admits a request only when it is whole, alone, and
every line of it fits a grammar much narrower than HTTP's; whatever it does not know is left to
aiohttp, with all its bytes.  What is admitted means the same to every reader of HTTP.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple, TypeAlias

from origin.prepared import accepts_brotli, accepts_gzip
from origin.previews import base_of_request
from origin.senders import NOBODY, Sender, sender_of

__all__ = [
    "MAX_REQUEST_BYTES",
    "Directives",
    "Gate",
    "PlainGet",
    "names_moment",
    "parse_directives",
]

MAX_REQUEST_BYTES: Final = 4_096
"""A longer request is left to aiohttp.  A browser's is under 1,500."""

_MAX_HEADERS: Final = 48
_MAX_KNOWN_HEADS: Final = 1_024
_MAX_KNOWN_BYTES: Final = 1_500

_START: Final = b"GET /"
_VERSION: Final = b" HTTP/1.1\r\n"

# The characters that RFC 3986 admits in a query, so no space, control byte or "#".
_QUERY: Final = re.compile(rb"[A-Za-z0-9%&=._~!$'()*+,;:@/?-]*")
# One header: a token's usual letters, one colon, printable ASCII.  No control byte, no fold, no
# byte over 126, no space before the colon.
_HEADER: Final = re.compile(r"([A-Za-z][A-Za-z0-9-]*): ?([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?")
_HOST: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_NUMBER: Final = re.compile(rb"[0-9]{1,15}")
_CMCD: Final = re.compile(rb"\r\nCMCD-", re.IGNORECASE)
_OF_MOMENTS: Final = frozenset({b"utc", b"t"})

# Headers that change what a request means or what is answered.
_OTHER_MEANING: Final = frozenset(
    {
        "connection",  # but for keep-alive, see below
        "expect",
        "http2-settings",
        "proxy-connection",
        "range",
        "te",
        "trailer",
        "upgrade",
    }
)
_OTHER_MEANING_PREFIXES: Final = ("content-", "if-", "sec-websocket-", "transfer-")


Verdict: TypeAlias = tuple[bool, bool, str | None, Sender]


class PlainGet(NamedTuple):
    """A request that the fast path may answer; a tuple, since it is made for each."""

    path: bytes
    query: bytes
    """Behind the question mark; empty when there is none."""

    gzip: bool
    """It accepts gzip."""

    brotli: bool
    """It accepts Brotli."""

    base: str | None
    """What whole addresses begin with, by its Host; None if that is no name."""

    sender: Sender = NOBODY
    """Who asks, as far as viewings are counted by it."""


class Directives(NamedTuple):
    """What a query asks of a playlist; the rest of it means nothing to us."""

    msn: int | None = None
    """``_HLS_msn``."""

    part: int | None = None
    """``_HLS_part``."""

    skip: bool = False
    """``_HLS_skip`` is ``YES`` or ``v2``."""


class Gate:
    """Admit plain GETs.

    A client's headers are the same in each of its requests, so the verdict on a block of
    headers is remembered, at most :data:`_MAX_KNOWN_HEADS` of them.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, Verdict | None] = {}

    def admit(self, data: bytes) -> PlainGet | None:
        """Return the request if ``data`` is exactly one plain GET."""
        if len(data) > MAX_REQUEST_BYTES or not data.startswith(_START):
            return None
        end = data.find(_VERSION)
        if end < 0:
            return None
        path, _, query = data[4:end].partition(b"?")
        if query and not _QUERY.fullmatch(query):
            return None
        block = data[end + len(_VERSION) :]
        try:
            verdict = self._known[block]
        except KeyError:
            verdict = self._judge(block)
        return None if verdict is None else PlainGet(path, query, *verdict)

    def _judge(self, block: bytes) -> Verdict | None:
        verdict = _judge_headers(block)
        # Player: with CMCD in headers no two requests of a client have the same ones; to remember
        # them would only push out those that come again.
        if len(block) <= _MAX_KNOWN_BYTES and not _CMCD.search(block):
            if len(self._known) >= _MAX_KNOWN_HEADS:
                # Whoever sends ever new headers costs himself and us a judgement each time.
                self._known.clear()
            self._known[block] = verdict
        return verdict


def _judge_headers(block: bytes) -> Verdict | None:
    """Return whether gzip and Brotli are accepted, by which name, by whom; None if not plain."""
    if not block.endswith(b"\r\n\r\n") or not block.isascii():
        return None
    headers = _plain_headers(block[:-4].decode("ascii").split("\r\n"))
    if headers is None or _HOST.fullmatch(headers.get("host", "")) is None:
        return None
    accepted = headers.get("accept-encoding", "")
    base = base_of_request(headers["host"], headers.get("x-forwarded-proto", ""))
    return accepts_gzip(accepted), accepts_brotli(accepted), base, sender_of(headers)


def _plain_headers(lines: list[str]) -> dict[str, str] | None:
    """Return the headers by lower-case name, or None if one of them is not plain."""
    headers: dict[str, str] = {}
    if len(lines) > _MAX_HEADERS:
        return None
    for line in lines:
        match = _HEADER.fullmatch(line)  # an empty line, and so a second request, does not match
        if match is None:
            return None
        name, value = match[1].lower(), match[2] or ""
        if name in headers:
            return None
        headers[name] = value
        # Connection: keep-alive is what HTTP/1.1 means anyway; browsers send it always.
        harmless = name == "connection" and value.lower() == "keep-alive"
        if not harmless and (name in _OTHER_MEANING or name.startswith(_OTHER_MEANING_PREFIXES)):
            return None
    return headers


def names_moment(query: bytes) -> bool:
    """Tell whether a query may carry ``utc`` or ``t``, which ask for the past: aiohttp's then.

    A name in percent signs may be anything.
    """
    if b"t" not in query and b"%" not in query:
        return False
    names = [item.partition(b"=")[0] for item in query.split(b"&")]
    return any(name in _OF_MOMENTS or b"%" in name for name in names)


def parse_directives(query: bytes) -> Directives | None:
    """Read the ``_HLS_`` directives of a query.

    Returns:
        None when one of them is odd (repeated, no number, its name in percent signs), which
        aiohttp then judges.
    """
    found: dict[bytes, bytes] = {}
    for item in query.split(b"&"):
        name, equals, value = item.partition(b"=")
        if b"%" in name or b"+" in name or b";" in item:
            return None
        if name in {b"_HLS_msn", b"_HLS_part", b"_HLS_skip"}:
            if name in found or not equals:
                return None
            found[name] = value
    msn, part, skip = (found.get(name) for name in (b"_HLS_msn", b"_HLS_part", b"_HLS_skip"))
    if any(number is not None and not _NUMBER.fullmatch(number) for number in (msn, part)):
        return None
    if skip not in {None, b"YES", b"v2"}:
        return None
    return Directives(
        None if msn is None else int(msn), None if part is None else int(part), skip is not None
    )
