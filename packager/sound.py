"""What a radio channel has beside its renditions: MP3, and the songs that were on air.  Sans-I/O.

The MP3 is passed on as it comes, for listeners without playlists.  Who sends may repeat himself, as
an encoder that was restarted does; listeners are told each number once.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from core.errors import FormatError
from core.publication import ChannelState, SoundPublished, TitlePlayed
from core.timeline import SEGMENT_NS, SOUND_CHUNK_NS, UnixNs, start_of_sound_chunk

__all__ = ["KEPT_CHUNKS", "KEPT_TITLES", "RadioSound"]

KEPT_CHUNKS: Final = 34
"""8 s, for an origin that restarts: twice what a new listener is sent at once."""

KEPT_TITLES: Final = 50

_OLDEST_NS: Final = 30_000_000_000
"""Older sound is of no use to anybody; a sender keeps 15 s for us."""


class RadioSound:
    """One radio channel's newest sound, and its last songs."""

    def __init__(self, channel: str) -> None:
        """Begin with nothing.

        Args:
            channel: Its slug.
        """
        self._channel = channel
        self.chunks: deque[SoundPublished] = deque(maxlen=KEPT_CHUNKS)
        """The newest, in order."""

        self.titles: deque[TitlePlayed] = deque(maxlen=KEPT_TITLES)
        """The last songs, oldest first."""

    def receive(self, number: int, data: bytes, *, now: UnixNs) -> SoundPublished | None:
        """Take one chunk; return what is to be published, None if it is known or too old.

        Args:
            number: Of the chunk, from the epoch.
            data: Ten frames of MP3.
            now: Wall clock.

        Raises:
            FormatError: ``early``, if it lies in the future; nothing changed.
        """
        start = start_of_sound_chunk(number)
        if start > now + SEGMENT_NS:
            raise FormatError(f"sound {number} lies in the future", code="early")
        newest = self.chunks[-1].number if self.chunks else (now - _OLDEST_NS) // SOUND_CHUNK_NS
        if number <= newest:
            return None
        chunk = SoundPublished(channel=self._channel, number=number, data=data)
        self.chunks.append(chunk)
        return chunk

    def note_title(self, state: ChannelState) -> list[TitlePlayed]:
        """Return the song that a new state begins, if it begins one.

        The same title again is the same song: a source that comes back tells it anew.
        """
        last = self.titles[-1].title if self.titles else ""
        if not state.title or state.title == last:
            return []
        played = TitlePlayed(channel=self._channel, title=state.title, since_ns=state.since_ns)
        self.titles.append(played)
        return [played]

    def restore(self, played: TitlePlayed) -> None:
        """Take a song that an earlier process noted; call it oldest first."""
        self.titles.append(played)
