"""Answer for media and pictures that left the live window (I/O shell).

Numbers can be guessed, so the rights that hold for lists hold here: what is refused is answered
403, what was taken down 404, what is older than the channel shows 410, deposited or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from core.archive import hour_at, hour_of
from core.archive_store import ArchiveError, MissingError
from core.config import ChannelSettings
from core.errors import NoLongerAvailableError, RefusedError, TimelineError
from core.ladder import find_rendition
from core.rights import Access
from core.timeline import UnixNs, end_of_segment
from origin.archive import ArchiveReader
from origin.preparation import MEDIA_CACHE
from origin.prepared import Prepared, prepare, unavailable
from origin.recordings import Rights, refuse
from origin.span import oldest_moment

__all__ = ["ArchivedMedia"]

_GRACE_NS: Final = 3_600_000_000_000
"""What a list showed a moment ago is still there when its viewer comes to it."""

_MISSING_CACHE: Final = "max-age=4"
_NOT_HERE: Final = "không có ở đây\nnot here"


class ArchivedMedia:
    """Reads what is no longer, or not yet, in the table."""

    def __init__(
        self,
        reader: ArchiveReader,
        rights: Rights,
        channels: Iterable[ChannelSettings],
        *,
        now: Callable[[], UnixNs],
    ) -> None:
        """Prepare; nothing is read.

        Args:
            reader: The archive.
            rights: The guide.
            channels: The channels that are served.
            now: Tells the moment of a request.
        """
        self._reader, self._rights, self._now = reader, rights, now
        self.configure(channels)

    def configure(self, channels: Iterable[ChannelSettings]) -> None:
        """Serve these channels from now on."""
        self._channels = {channel.slug: channel for channel in channels}

    async def segment(self, channel: str, rendition: str, msn: int) -> Prepared:
        """Return a segment, or why there is none.  Cancelling is safe."""
        try:
            self._require(channel, msn)
            await self._require_rendition(channel, rendition)
            data = await self._reader.segment(channel, rendition, msn)
        except MissingError:
            return self._missing("segment", channel, rendition, msn)
        except (RefusedError, TimelineError) as error:
            return _refuse(error, "segment", channel)
        except ArchiveError:
            return unavailable("segment", channel)
        return _media(data, _kind(self._channels[channel], rendition), "segment", channel)

    async def header(self, channel: str, rendition: str, header_hash: str) -> Prepared:
        """Return a header, or why there is none.  Cancelling is safe."""
        try:
            if channel not in self._channels:
                raise TimelineError(_NOT_HERE)  # noqa: TRY301
            await self._require_rendition(channel, rendition)
            data = await self._reader.header(channel, rendition, header_hash)
        except (MissingError, TimelineError) as error:
            return _refuse(
                TimelineError(_NOT_HERE) if isinstance(error, MissingError) else error,
                "header",
                channel,
            )
        except ArchiveError:
            return unavailable("header", channel)
        return _media(data, _kind(self._channels[channel], rendition), "header", channel)

    async def thumbnail(self, channel: str, msn: int) -> Prepared:
        """Return the picture of a segment, or why there is none.  Cancelling is safe."""
        try:
            self._require(channel, msn)
            data = await self._reader.thumbnail(channel, msn)
        except MissingError:
            return self._missing("thumb", channel, "", msn)
        except (RefusedError, TimelineError) as error:
            return _refuse(error, "thumb", channel)
        except ArchiveError:
            return unavailable("thumb", channel)
        return _media(data, "image/jpeg", "thumb", channel)

    async def picture(self, channel: str, msn: int) -> bytes | None:
        """Return the picture of a segment, None where there is none to be shown.

        Cancelling is safe.
        """
        found = await self.thumbnail(channel, msn)
        return b"".join(found.body) if found.status == 200 else None  # noqa: PLR2004

    def was_told(self, channel: str, rendition: str, msn: int) -> bool:
        """Tell whether the packager told that the archive has a segment of an open hour."""
        view = self._reader.told.view(channel, rendition, hour_of(msn))
        return view is not None and any(run.first <= msn <= run.last for run in view.runs)

    def _require(self, channel: str, msn: int) -> None:
        """Check, without asking the store, that a number may be shown."""
        now = self._now()
        settings = self._channels.get(channel)
        if settings is None or end_of_segment(msn) > now:
            raise TimelineError(_NOT_HERE)
        if end_of_segment(msn) < oldest_moment(settings.archive_days, now=now) - _GRACE_NS:
            raise NoLongerAvailableError("đã hết hạn xem lại\nno longer here")
        match self._rights.restrictions(channel, now // 1_000_000_000).access(msn):
            case Access.REFUSED:
                raise RefusedError("không có bản xem lại\nthis cannot be watched again")
            case Access.TAKEN_DOWN:
                raise _TakenDownError(_NOT_HERE)
            case Access.OPEN:
                pass

    async def _require_rendition(self, channel: str, rendition: str) -> None:
        """Check that a name is a rendition's, so that nobody has the store asked for any name."""
        if find_rendition(self._channels[channel], rendition) is not None:
            return
        if rendition not in await self._reader.renditions(channel):
            raise TimelineError(_NOT_HERE)

    def _missing(self, handler: str, channel: str, rendition: str, msn: int) -> Prepared:
        hour = hour_of(msn)
        # A hole of an open hour may still be refilled: no cache keeps it.
        is_open = hour >= hour_at(self._now()) - 1
        is_open = is_open or self._reader.told.is_open(channel, rendition, hour)
        cache = "no-store" if is_open else _MISSING_CACHE
        return _sentence(_NOT_HERE, 404, cache, handler, channel)


class _TakenDownError(TimelineError):
    """As if it had never been, but no cache may keep that."""

    code = "taken_down"


def _refuse(error: Exception, handler: str, channel: str) -> Prepared:
    if isinstance(error, _TakenDownError):
        return _sentence(str(error), 404, "no-store", handler, channel)
    return refuse(error, handler, channel)


def _sentence(text: str, status: int, cache: str, handler: str, channel: str) -> Prepared:
    return prepare(
        f"{text}\n".encode(),
        status=status,
        content_type="text/plain; charset=utf-8",
        cache_control=cache,
        handler=handler,
        channel=channel,
    )


def _kind(settings: ChannelSettings, rendition: str) -> str:
    configured = find_rendition(settings, rendition)
    if configured is None:  # of an older ladder: pictures are named by their lines
        return "video/mp4" if rendition.endswith("p") else "audio/mp4"
    return f"{configured.kind}/mp4"


def _media(data: bytes, kind: str, handler: str, channel: str) -> Prepared:
    return prepare(
        data,
        content_type=kind,
        cache_control=MEDIA_CACHE,
        handler=handler,
        channel=channel,
        extra=(("Accept-Ranges", "bytes"),),
    )
