"""Keep the table of responses in step with the live window.  Sans-I/O.

After each publication the responses that it changes are made once: media as they arrive (the
table shares the window's bytes), playlists as text and as gzip.

When low-latency playlists are made again.  A rendition's own part makes its playlist at once and
releases who waits for it; the renditions of one moment arrive within about 100 ms of each other,
so its reports on the others may then be a part behind.  When the last of them has arrived, all
are made once more, so that whoever comes later in the 0.64 s reads fresh reports.  So each is
made about twice a part, however many renditions there are, and not once for each of them
(measured: 0.4 ms of processor time a published part, all its responses included).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from core.config import ChannelSettings
from core.ladder import renditions_of
from core.publication import Publication
from core.timeline import PARTS_PER_SEGMENT, PartAddress
from origin.multivariant import (
    main_renditions,
    render_multivariant,
    render_sound,
    sound_renditions,
)
from origin.playlist import (
    I_FRAMES_PER_SEGMENT,
    render_i_frames,
    render_low_latency,
    render_plain,
)
from origin.prepared import (
    PLAYLIST_CACHE,
    PLAYLIST_TYPE,
    PlaylistBytes,
    Prepared,
    ResponseTable,
    prepare,
)
from origin.window import Change, ChannelWindow, LiveWindow, Track

__all__ = ["MEDIA_CACHE", "PART_CACHE", "Preparation", "pack"]

MEDIA_CACHE: Final = "max-age=3600, immutable"
"""Segments and headers: their bytes never change, but a takedown must take hold (DESIGN 3.5)."""

LATEST_CACHE: Final = "max-age=4"
"""The newest thumbnail: another comes with each segment."""

PART_CACHE: Final = "max-age=60, immutable"
"""Parts: their addresses live at least this long."""

_GZIP_LEVEL: Final = 6
_GZIP_WINDOW: Final = 31  # 15 bits, in gzip's wrapper


@dataclass(slots=True)
class _Channel:
    """One channel's settings and what was made for it."""

    settings: ChannelSettings
    main: frozenset[str]
    sound: frozenset[str]
    video: frozenset[str]
    plain_last: dict[str, int] = field(default_factory=dict)
    """Number of the last segment in the plain playlist of each rendition."""

    pending: set[str] = field(default_factory=set)
    """Renditions whose playlists wait for the end of the snapshot."""


def pack(data: bytes) -> bytes:
    """Return ``data`` in gzip's form; the same bytes on every origin."""
    packer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    return packer.compress(data) + packer.flush()


class Preparation:
    """Feeds a window and keeps a response table in step with it."""

    def __init__(self, table: ResponseTable, channels: Iterable[ChannelSettings]) -> None:
        """Begin empty.

        Args:
            table: Where responses go.
            channels: The channels that are served.
        """
        self.table = table
        self.window = LiveWindow({})
        self._channels: dict[str, _Channel] = {}
        self.configure(channels)

    def configure(self, channels: Iterable[ChannelSettings]) -> None:
        """Serve these channels from now on; those that stay keep their window."""
        before = self._channels
        self._channels = {}
        for item in channels:
            known = before.get(item.slug)
            same = known is not None and known.settings == item
            self._channels[item.slug] = known if known is not None and same else _describe(item)
        for slug, old in before.items():
            if self._channels.get(slug) is not old:
                gone = slug not in self._channels
                self._remove(slug, _FOLDERS if gone else _PLAYLIST_FOLDERS)
        self.window.configure(
            {
                slug: [rendition.name for rendition in renditions_of(channel.settings)]
                for slug, channel in self._channels.items()
            }
        )
        for slug, channel in self._channels.items():
            for folder, names in (
                ("ll", channel.main),
                ("live", channel.main),
                ("sound", channel.sound),
            ):
                for name in names:
                    self.table.add_playlist(_path(folder, slug, name), slug)
            for name in channel.video:
                self.table.add_playlist(_i_frame_path(slug, name), slug)
            if slug in before and before[slug] is not channel:
                self._publish(slug, set(self.window.channels[slug].tracks), 0)
                self._announce(slug)

    def _remove(self, slug: str, folders: frozenset[bytes]) -> None:
        name = slug.encode()
        for path in list(self.table.entries):
            steps = path.split(b"/", 3)
            if len(steps) > 3 and steps[1] in folders and steps[2] == name:  # noqa: PLR2004
                self.table.remove(path)

    def begin_snapshot(self) -> None:
        """Note that a new connection tells its window."""
        self.window.begin_snapshot()

    def apply(self, publication: Publication, *, stored_ns: int) -> Change:
        """Take one fact, and make the responses that it changes.

        Args:
            publication: The fact.
            stored_ns: Monotonic moment of its arrival, for the metric of held requests.

        Raises:
            FormatError: As :meth:`LiveWindow.apply`.
        """
        was_snapshot = self.window.in_snapshot
        change = self.window.apply(publication)
        if change.channel:
            self._put_media(change)
            self._put_thumbnails(change)
            self._forget(change)
            channel = self._channels[change.channel]
            channel.pending |= change.playlists
            if not self.window.in_snapshot:
                self._publish(change.channel, change.edges, stored_ns)
                if change.announcement:
                    self._announce(change.channel)
        elif was_snapshot and not self.window.in_snapshot:
            for slug, window in self.window.channels.items():
                self._publish(slug, set(window.tracks), stored_ns)
                self._announce(slug)
        return change

    def _put_media(self, change: Change) -> None:
        channel = self._channels[change.channel]
        tracks = self.window.channels[change.channel].tracks

        def media(
            rendition: str,
            name: str,
            body: tuple[bytes | memoryview, ...],
            handler: str,
            cache: str,
        ) -> None:
            kind = "video/mp4" if rendition in channel.video else "audio/mp4"  # STANDARDS 126
            response = prepare(
                body,
                content_type=kind,
                cache_control=cache,
                handler=handler,
                channel=change.channel,
                extra=_ACCEPT_RANGES,
            )
            self.table.put(f"/media/{change.channel}/{rendition}/{name}".encode(), response)

        for rendition, header_hash in change.headers:
            data = tracks[rendition].headers[header_hash].data
            media(rendition, f"{header_hash}.mp4", (data,), "header", MEDIA_CACHE)
        for rendition, address in change.parts:
            segment = tracks[rendition].segments.get(address.msn)
            part = None if segment is None else segment.parts[address.part]
            if part is not None:
                name = f"{address.msn}.{address.part}.m4s"
                media(rendition, name, (part.data,), "part", PART_CACHE)
        for rendition, msn in change.segments:
            segment = tracks[rendition].segments.get(msn)
            if segment is not None:
                media(rendition, f"{msn}.m4s", segment.buffers, "segment", MEDIA_CACHE)

    def _put_thumbnails(self, change: Change) -> None:
        known = self.window.channels[change.channel].thumbnails
        for msn in change.thumbnails:
            if msn not in known:
                continue
            names = [(str(msn), MEDIA_CACHE)]
            if msn == max(known):
                names.append(("latest", LATEST_CACHE))
            for name, cache in names:
                response = prepare(
                    known[msn],
                    content_type="image/jpeg",
                    cache_control=cache,
                    handler="thumb",
                    channel=change.channel,
                )
                self.table.put(f"/thumb/{change.channel}/{name}.jpg".encode(), response)

    def _forget(self, change: Change) -> None:
        for msn in change.expired_thumbnails:
            self.table.remove(f"/thumb/{change.channel}/{msn}.jpg".encode())
        for rendition, msn in change.expired_segments:
            folder = f"/media/{change.channel}/{rendition}/"
            self.table.remove(f"{folder}{msn}.m4s".encode())
            for part in range(PARTS_PER_SEGMENT):
                self.table.remove(f"{folder}{msn}.{part}.m4s".encode())
        for rendition, header_hash in change.expired_headers:
            self.table.remove(f"/media/{change.channel}/{rendition}/{header_hash}.mp4".encode())

    def _publish(self, slug: str, moved: set[str], stored_ns: int) -> None:
        """Make the playlists of the renditions that changed."""
        channel, window = self._channels[slug], self.window.channels[slug]
        changed, channel.pending = channel.pending, set()
        changed |= moved
        if not changed:
            return
        grew = False
        for name in sorted(changed):
            track = window.tracks[name]
            if name not in moved or channel.plain_last.get(name) != track.last_whole:
                grew |= self._publish_plain(channel, window, track, stored_ns)
                if name in channel.video:
                    self._publish_i_frames(window, track, stored_ns)
            if name in channel.main:
                self._publish_low_latency(channel, window, track, stored_ns)
        edges = {window.tracks[name].edge for name in channel.main}
        if moved and len(edges) == 1:
            for name in channel.main - changed:
                self._publish_low_latency(channel, window, window.tracks[name], stored_ns)
        if grew:
            self._announce(slug)

    def _publish_plain(
        self, channel: _Channel, window: ChannelWindow, track: Track, stored_ns: int
    ) -> bool:
        """Make a plain playlist; tell whether there was none before or is none now."""
        name, slug = track.rendition, window.channel
        there = name in channel.plain_last
        text = render_plain(window, track)
        paths = [
            _path(folder, slug, name)
            for folder, names in (("live", channel.main), ("sound", channel.sound))
            if name in names
        ]
        if text is None or track.last_whole is None:
            channel.plain_last.pop(name, None)
            for path in paths:
                self._empty(path, slug)
            return there
        channel.plain_last[name] = track.last_whole
        edge = PartAddress(track.last_whole, PARTS_PER_SEGMENT - 1)
        forms = _playlist_bytes(text)
        for path in paths:
            self.table.add_playlist(path, slug).publish(edge, forms, None, stored_ns=stored_ns)
        return not there

    def _publish_i_frames(self, window: ChannelWindow, track: Track, stored_ns: int) -> None:
        path = _i_frame_path(window.channel, track.rendition)
        text = render_i_frames(window, track)
        if text is None or track.last_whole is None:
            self._empty(path, window.channel)
            return
        last = (track.last_whole + 1) * I_FRAMES_PER_SEGMENT - 1
        edge = PartAddress(last, PARTS_PER_SEGMENT - 1)  # a request waits for whole numbers only
        playlist = self.table.add_playlist(path, window.channel)
        playlist.publish(edge, _playlist_bytes(text), None, stored_ns=stored_ns)

    def _empty(self, path: bytes, slug: str) -> None:
        """Have no playlist at ``path`` for now."""
        self.table.remove(path)
        self.table.add_playlist(path, slug)

    def _publish_low_latency(
        self, channel: _Channel, window: ChannelWindow, track: Track, stored_ns: int
    ) -> None:
        path = _path("ll", window.channel, track.rendition)
        others = [
            other
            for name, other in window.tracks.items()
            if name in channel.main and name != track.rendition
        ]
        full = render_low_latency(window, track, others, delta=False)
        if full is None or track.edge is None:
            self._empty(path, window.channel)
            return
        delta = render_low_latency(window, track, others, delta=True)
        self.table.add_playlist(path, window.channel).publish(
            track.edge,
            _playlist_bytes(full),
            None if delta is None else _playlist_bytes(delta),
            stored_ns=stored_ns,
        )

    def _announce(self, slug: str) -> None:
        """Make the multivariant playlists, or take them away where a rendition is not there yet."""
        channel, window = self._channels[slug], self.window.channels[slug]
        main = render_multivariant(channel.settings, window, i_frames=True)
        low_latency = render_multivariant(channel.settings, window, i_frames=False)
        sound = render_sound(channel.settings, window)
        for folder, text, names in (
            ("live", main, channel.main),
            ("ll", low_latency, channel.main),
            ("sound", sound, channel.sound),
        ):
            path = f"/{folder}/{slug}/index.m3u8".encode()
            if text is None or not names <= channel.plain_last.keys():
                self.table.remove(path)
            else:
                self.table.put(path, *_forms(text, "multivariant", slug))

    def is_ready(self, slug: str) -> bool:
        """Tell whether the channel can be played."""
        return f"/live/{slug}/index.m3u8".encode() in self.table.entries

    def has_picture(self, slug: str) -> bool:
        """Tell whether the channel is television."""
        return bool(self._channels[slug].video)

    def announces(self, path: str) -> bool:
        """Tell whether there is, or soon will be, a playlist at ``path``, which has its form."""
        _, folder, slug, *rest = path.split("/")
        channel = self._channels[slug]
        if rest[-1] == "iframes.m3u8":
            return folder == "live" and len(rest) > 1 and rest[0] in channel.video
        return len(rest) == 1 or rest[0] in (channel.sound if folder == "sound" else channel.main)

    def edge(self, slug: str) -> PartAddress | None:
        """Return the part up to which every rendition of the channel can be played."""
        channel, window = self._channels.get(slug), self.window.channels.get(slug)
        if channel is None or window is None:
            return None
        edges = [window.tracks[name].edge for name in channel.main]
        known = [edge for edge in edges if edge is not None]
        return min(known) if known and len(known) == len(edges) else None


_PLAYLIST_FOLDERS: Final = frozenset({b"live", b"ll", b"sound"})
_FOLDERS: Final = _PLAYLIST_FOLDERS | {b"media", b"thumb"}
_ACCEPT_RANGES: Final = (("Accept-Ranges", "bytes"),)


def _describe(settings: ChannelSettings) -> _Channel:
    return _Channel(
        settings,
        main=frozenset(item.name for item in main_renditions(settings)),
        sound=frozenset(item.name for item in sound_renditions(settings)),
        video=frozenset(item.name for item in renditions_of(settings) if item.kind == "video"),
    )


def _path(folder: str, slug: str, rendition: str) -> bytes:
    return f"/{folder}/{slug}/{rendition}/index.m3u8".encode()


def _i_frame_path(slug: str, rendition: str) -> bytes:
    return f"/live/{slug}/{rendition}/iframes.m3u8".encode()


def _playlist_bytes(text: str) -> PlaylistBytes:
    data = text.encode()
    return PlaylistBytes(data, pack(data))


def _forms(text: str, handler: str, slug: str) -> tuple[Prepared, Prepared]:
    """Return the playlist as it is and in gzip's form (STANDARDS 13)."""
    data = text.encode()

    def form(body: bytes, extra: tuple[tuple[str, str], ...]) -> Prepared:
        return prepare(
            body,
            content_type=PLAYLIST_TYPE,
            cache_control=PLAYLIST_CACHE,
            handler=handler,
            channel=slug,
            extra=(*extra, ("Vary", "Accept-Encoding")),
        )

    return form(data, ()), form(pack(data), (("Content-Encoding", "gzip"),))
