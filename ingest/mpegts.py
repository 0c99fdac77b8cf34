"""Find in an MPEG transport stream where a decoder may start.  Sans-I/O.

Packets are passed on untouched.  Read are only the two tables that name the tracks, the flag
for random access, and the presentation time at the start of each PES packet.

**Source:** ISO/IEC 13818-1 (2.4.3.2 packet, 2.4.3.5 adaptation field, 2.4.3.7 PES, 2.4.4.9
programme map).
"""

from __future__ import annotations

from typing import Final, TypeAlias

from core.errors import FormatError
from ingest.feed import Chunk, FeedStart, Track, as_ffmpeg_reports

__all__ = ["TsFeed", "TsOutput"]

TsOutput: TypeAlias = FeedStart | Chunk

_PACKET: Final = 188
_SYNC: Final = 0x47
_STARTS: Final = 0x40
_MAX_GARBAGE: Final = 64 * 1024
_MAX_CHUNK_BYTES: Final = 8 * 1024 * 1024
_CLOCK: Final = 90_000
_BITS: Final = 33
_WRAP: Final = 1 << _BITS
_VIDEO_TYPES: Final = frozenset({0x01, 0x02, 0x10, 0x1B, 0x24})
_AUDIO_TYPES: Final = frozenset({0x03, 0x04, 0x0F, 0x11, 0x81, 0x87})
_PRIVATE: Final = 0x06


class TsFeed:
    """Cut a transport stream of one programme into chunks at the starts of its PES packets."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._garbage = 0
        self._pat = b""
        self._pmt = b""
        self._pmt_pid = -1
        self._tracks: dict[int, Track] = {}
        self._unwrapped: int | None = None
        self._open = bytearray()
        self._open_start: tuple[Track, int, bool] | None = None
        """Of the chunk that is being gathered: track, unwrapped ticks, entry."""

    def receive(self, data: bytes) -> list[TsOutput]:
        """Take bytes and return what they complete.

        Raises:
            FormatError: If this is no transport stream.
        """
        self._buffer += data
        output: list[TsOutput] = []
        at = 0
        while len(self._buffer) - at >= _PACKET:
            if self._buffer[at] != _SYNC:
                at += 1
                self._garbage += 1
                if self._garbage > _MAX_GARBAGE:
                    raise FormatError("not an MPEG transport stream")
                continue
            self._garbage = 0
            end = self._next_start(at)
            if end == at:
                end += _PACKET
                output += self._begin(bytes(self._buffer[at:end]))
            if self._open_start is not None:
                self._open += self._buffer[at:end]
                if len(self._open) > _MAX_CHUNK_BYTES:
                    raise FormatError("a PES packet without end", code="size")
            at = end
        del self._buffer[:at]
        return output

    def _next_start(self, at: int) -> int:
        """Return where the next packet is that begins something, or is none; else the end."""
        end = at + (len(self._buffer) - at) // _PACKET * _PACKET
        for packet in range(at, end, _PACKET):
            if self._buffer[packet + 1] & _STARTS or self._buffer[packet] != _SYNC:
                return packet
        return end

    def _begin(self, packet: bytes) -> list[TsOutput]:
        """Take a packet in which a table or a PES packet begins."""
        pid = (packet[1] & 0x1F) << 8 | packet[2]
        body, random_access = _body_of(packet)
        if pid == 0:
            self._read_pat(packet, body)
        elif pid == self._pmt_pid:
            return self._read_pmt(packet, body)
        elif pid in self._tracks:
            return self._begin_pes(pid, packet[body:], random_access=random_access)
        return []

    def _read_pat(self, packet: bytes, body: int) -> None:
        section = _section(packet, body)
        entries = section[8:-4]
        for at in range(0, len(entries) - 3, 4):
            if entries[at : at + 2] != b"\x00\x00":  # programme 0 is the network's table
                self._pmt_pid = (entries[at + 2] & 0x1F) << 8 | entries[at + 3]
                self._pat = packet
                return

    def _read_pmt(self, packet: bytes, body: int) -> list[TsOutput]:
        section = _section(packet, body)
        if len(section) < 16:  # noqa: PLR2004
            return []
        tracks: dict[int, Track] = {}
        at = 12 + ((section[10] & 0x0F) << 8 | section[11])
        while at + 5 <= len(section) - 4:
            pid = (section[at + 1] & 0x1F) << 8 | section[at + 2]
            if section[at] in _VIDEO_TYPES:
                tracks[pid] = "video"
            elif section[at] in _AUDIO_TYPES or section[at] == _PRIVATE:
                tracks[pid] = "audio"
            at += 5 + ((section[at + 3] & 0x0F) << 8 | section[at + 4])
        known, self._pmt = self._tracks, packet
        if not tracks or tracks == known:
            return []
        self._tracks = tracks
        flushed = self._flush()
        return [
            *flushed,
            FeedStart("mpegts", frozenset(tracks.values()), self._pat + self._pmt),
        ]

    def _begin_pes(self, pid: int, pes: bytes, *, random_access: bool) -> list[TsOutput]:
        ticks = _presentation_time(pes)
        if ticks is None:
            return []
        track = self._tracks[pid]
        flushed = self._flush()
        sound_only = "video" not in self._tracks.values()
        entry = sound_only or (track == "video" and random_access)
        self._open_start = (track, self._unwrap(ticks), entry)
        return flushed

    def _unwrap(self, ticks: int) -> int:
        if self._unwrapped is None:
            self._unwrapped = ticks
        else:
            self._unwrapped += (ticks - self._unwrapped + _WRAP // 2) % _WRAP - _WRAP // 2
        return self._unwrapped

    def _flush(self) -> list[TsOutput]:
        if self._open_start is None:
            return []
        track, ticks, entry = self._open_start
        reported = as_ffmpeg_reports(ticks, bits=_BITS, ticks_per_s=_CLOCK)
        chunk = Chunk(
            data=bytes(self._open),
            media_us=ticks * 100 // 9,
            entry=entry,
            track=track,
            reported_us=reported * 100 // 9,
        )
        self._open_start = None
        self._open.clear()
        return [chunk]


def _body_of(packet: bytes) -> tuple[int, bool]:
    """Return (where the payload begins, random access indicator)."""
    control = packet[3] >> 4 & 0x03
    if control & 0x02 == 0:
        return 4, False
    length = packet[4]
    random_access = length > 0 and bool(packet[5] & 0x40)
    return (5 + length if control & 0x01 else _PACKET), random_access


def _section(packet: bytes, body: int) -> bytes:
    """Return the section that starts in this packet; empty when it does not end in it.

    Tables of one programme fit one packet; longer ones are not what our FFmpeg writes.
    """
    if body >= _PACKET:
        return b""
    start = body + 1 + packet[body]
    if start + 3 > _PACKET:
        return b""
    end = start + 3 + ((packet[start + 1] & 0x0F) << 8 | packet[start + 2])
    return packet[start:end] if end <= _PACKET else b""


def _presentation_time(pes: bytes) -> int | None:
    if len(pes) < 14 or pes[:3] != b"\x00\x00\x01" or not pes[7] & 0x80:  # noqa: PLR2004
        return None
    return (
        (pes[9] & 0x0E) << 29 | pes[10] << 22 | (pes[11] & 0xFE) << 14 | pes[12] << 7 | pes[13] >> 1
    )
