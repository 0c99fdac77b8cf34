"""Opus and Vorbis in Ogg, as Icecast sources send them.  Sans-I/O.

A source begins a new logical bitstream with each song (a *chained* stream): new header pages,
with the song's name in their comments, and positions that start at 0 again.  A demuxer that
joins in the middle needs the header pages of the song that is on, then any page that starts
with a packet of its own.

Media time runs on from song to song here; what FFmpeg reports for a page is its position in
its own song, so the difference is given with each chunk.

**Source:** RFC 3533 (pages), RFC 7845 (Opus), the Vorbis I specification (comment header).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final, TypeAlias

from core.errors import FormatError
from ingest.feed import Chunk, FeedStart

__all__ = ["OggEvent", "OggFramer", "OggPage", "PageReader", "SongTitle", "ogg_crc"]

MAX_GARBAGE_BYTES: Final = 128 * 1024
"""Most bytes in a row that belong to no page; the longest page has 65,307."""

MAX_HEAD_BYTES: Final = 1024 * 1024
"""Most bytes of a song's header pages; a cover picture may be among its comments."""

_HEADER_BYTES: Final = 27
_CRC_AT: Final = 22
_CONTINUED, _BEGINS = 1, 2
_NO_POSITION: Final = -1
_MAX_POSITION: Final = 1 << 53
_FIRST_PAGE_S: Final = 4
_OPUS_RATE: Final = 48_000
_FULL_SEGMENT: Final = 255
_MAX_COMMENTS: Final = 200
_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class SongTitle:
    """The name of the song that begins, from its comments."""

    text: str
    """``ARTIST - TITLE``, or what there is of it."""


OggEvent: TypeAlias = FeedStart | Chunk | SongTitle


@dataclass(frozen=True, slots=True)
class OggPage:
    """One page."""

    data: bytes
    """The whole page."""

    flags: int
    position: int
    """``granule_position``: samples up to the end of the last packet that ends here; -1: none."""

    serial: int
    lacing: bytes
    """Lengths of the segments: a packet ends with each that is below 255."""

    @property
    def body(self) -> bytes:
        """The packets' bytes."""
        return self.data[_HEADER_BYTES + len(self.lacing) :]

    @property
    def continued(self) -> bool:
        """It begins in the middle of a packet."""
        return bool(self.flags & _CONTINUED)

    @property
    def begins(self) -> bool:
        """It begins a logical bitstream."""
        return bool(self.flags & _BEGINS)


def ogg_crc(page: bytes) -> int:
    """Return the checksum of a page whose own field is zero.

    Ogg counts bits from the other end than zlib does, and neither inverts nor starts with
    ones; turned round, zlib's fast code serves.
    """
    turned = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(turned.to_bytes(4, "little").translate(_REVERSED), "big")


class PageReader:
    """Cut bytes in any pieces into pages whose checksum is right."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._garbage = 0

    def receive(self, data: bytes) -> list[OggPage]:
        """Take ``data`` and return every page that is now whole.

        Raises:
            FormatError: If there was no page in the last 128 kB.
        """
        self._buffer += data
        pages: list[OggPage] = []
        while True:
            if self._buffer[:4] != b"OggS" and not self._find_page():
                break
            size = self._page_bytes()
            if size is None or len(self._buffer) < size:
                break
            page = bytes(self._buffer[:size])
            zeroed = page[:_CRC_AT] + bytes(4) + page[_CRC_AT + 4 :]
            if ogg_crc(zeroed) != int.from_bytes(page[_CRC_AT : _CRC_AT + 4], "little"):
                self._drop(4)
                continue
            del self._buffer[:size]
            self._garbage = 0
            pages.append(_parse_page(page))
        return pages

    def _page_bytes(self) -> int | None:
        """Return the size of the page that begins the buffer; None while its head is cut off."""
        if len(self._buffer) < _HEADER_BYTES:
            return None
        body = _HEADER_BYTES + self._buffer[26]
        if len(self._buffer) < body:
            return None
        return body + sum(self._buffer[_HEADER_BYTES:body])

    def _find_page(self) -> bool:
        """Drop what stands before the next capture pattern; False if there is none."""
        at = self._buffer.find(b"OggS")
        self._drop(at if at >= 0 else max(0, len(self._buffer) - 3))
        return at >= 0

    def _drop(self, count: int) -> None:
        self._garbage += count
        if self._garbage > MAX_GARBAGE_BYTES:
            raise FormatError("128 kB without one page of Ogg", code="parse")
        del self._buffer[:count]


def _parse_page(data: bytes) -> OggPage:
    return OggPage(
        data=data,
        flags=data[5],
        position=int.from_bytes(data[6:14], "little", signed=True),
        serial=int.from_bytes(data[14:18], "little"),
        lacing=data[_HEADER_BYTES : _HEADER_BYTES + data[26]],
    )


class _Headers:
    """The header packets of one song, collected from its first pages."""

    def __init__(self, first: OggPage) -> None:
        body = first.body
        if body.startswith(b"OpusHead") and len(body) >= 19:  # noqa: PLR2004 - RFC 7845 5.1
            self.rate, self._wanted, self._tags_at = _OPUS_RATE, 2, 8
        elif body.startswith(b"\x01vorbis") and len(body) >= 30:  # noqa: PLR2004 - Vorbis I 4.2.2
            self.rate = int.from_bytes(body[12:16], "little")
            self._wanted, self._tags_at = 3, 7
        else:
            raise FormatError("sound in Ogg must be Opus or Vorbis", code="codec")
        if not 8_000 <= self.rate <= 192_000:  # noqa: PLR2004 - what FFmpeg resamples sensibly
            raise FormatError("a sample rate that no sound has", code="codec")
        self.serial = first.serial
        self.head = b""
        self._packets: list[bytearray] = [bytearray()]
        self.add(first)

    @property
    def complete(self) -> bool:
        return len(self._packets) > self._wanted

    def add(self, page: OggPage) -> None:
        self.head += page.data
        if len(self.head) > MAX_HEAD_BYTES:
            raise FormatError("header pages over 1 MB", code="size")
        body, at = page.body, 0
        for length in page.lacing:
            self._packets[-1] += body[at : at + length]
            at += length
            if length < _FULL_SEGMENT:
                self._packets.append(bytearray())

    def title(self) -> str:
        """Return ``ARTIST - TITLE`` from the comments, empty if they say neither."""
        comments = _parse_comments(bytes(self._packets[1][self._tags_at :]))
        return " - ".join(comments[name] for name in ("ARTIST", "TITLE") if comments.get(name))


def _parse_comments(packet: bytes) -> dict[str, str]:
    """Read a comment header behind its signature; as far as it goes, if it is cut off."""
    at = 4 + int.from_bytes(packet[:4], "little")  # the vendor's name
    count = int.from_bytes(packet[at : at + 4], "little")
    at += 4
    found: dict[str, str] = {}
    for _ in range(min(count, _MAX_COMMENTS)):
        size = int.from_bytes(packet[at : at + 4], "little")
        name, equals, value = packet[at + 4 : at + 4 + size].partition(b"=")
        at += 4 + size
        if at > len(packet):
            break
        if equals:
            key = name.decode("ascii", "replace").upper()
            found.setdefault(key, value.decode("utf-8", "replace").strip())
    return found


class OggFramer:
    """Cut an Ogg source into chunks; each that is an entry begins with a packet."""

    def __init__(self) -> None:
        self._reader = PageReader()
        self._headers: _Headers | None = None
        self._started = self._titled = False
        self._base_us = 0
        self._position: int | None = None
        self._end_us = 0

    def receive(self, data: bytes) -> list[OggEvent]:
        """Take bytes; return a start for each song, its name, and the chunks.

        Raises:
            FormatError: If this is not Ogg with one Opus or Vorbis track.
        """
        events: list[OggEvent] = []
        for page in self._reader.receive(data):
            events += self._page(page)
        return events

    def _page(self, page: OggPage) -> list[OggEvent]:
        headers = self._headers
        if page.begins:
            if headers is not None and not headers.complete:
                raise FormatError("Ogg with more than one track", code="tracks")
            self._headers = _Headers(page)
            self._started = False
            self._base_us, self._position = self._end_us, None
            return []
        if headers is None or page.serial != headers.serial:
            return []  # the tail of a song whose head was never seen
        if not headers.complete:
            headers.add(page)
            return []
        return self._sound(page, headers)

    def _sound(self, page: OggPage, headers: _Headers) -> list[OggEvent]:
        events: list[OggEvent] = []
        if not self._started:
            self._started = True
            events.append(FeedStart(format="ogg", tracks=frozenset({"audio"}), head=headers.head))
            title = headers.title()
            if title or self._titled:  # a song without a name still ends that of the last
                events.append(SongTitle(title))
                self._titled = bool(title)
        start, entry = self._position, not page.continued
        if page.position != _NO_POSITION:
            if not 0 <= page.position < _MAX_POSITION:
                raise FormatError("a position that no song has", code="timestamp")
            if start is None:
                # A song that begins with this page begins at 0.  One whose source joined it in
                # the middle is entered with the next page, whose start is then known.
                begins = page.position <= _FIRST_PAGE_S * headers.rate
                start, entry = (0, entry) if begins else (page.position, False)
            self._position = page.position
        reported_us = (start or 0) * 1_000_000 // headers.rate
        if self._position is not None:
            self._end_us = self._base_us + self._position * 1_000_000 // headers.rate
        entry = entry and start is not None
        chunk = Chunk(
            data=page.data,
            media_us=self._base_us + reported_us,
            entry=entry,
            reported_us=reported_us,
        )
        return [*events, chunk]
