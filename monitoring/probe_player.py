"""The synthetic player: starts as a player does, then follows every rendition as a strict one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Final
from urllib.parse import urljoin, urlsplit

from core.clock import monotonic_ns, unix_ns
from core.errors import FormatError, InputError
from monitoring.probe_choice import Watched, choose_renditions, first_media
from monitoring.probe_content import OutputContent
from monitoring.probe_faults import Fault
from monitoring.probe_fetch import Answer, Fetcher, FetchError, shown_address
from monitoring.probe_follow import Follower, Shared
from monitoring.probe_media import inspect_segment
from monitoring.probe_past import check_catch_up
from monitoring.probe_playlist import MediaPlaylist, Multivariant, Segment, read_playlist
from monitoring.probe_report import ProbeReport

__all__ = ["Probe", "UnusableError"]

_TIMEOUT_S: Final = 10.0
_REFRESH_S: Final = 60.0
_CATCH_UP_S: Final = 300.0
_MEDIA_TYPES: Final = ("application/vnd.apple.mpegurl", "audio/mpegurl", "application/x-mpegurl")


class UnusableError(InputError):
    """There is no playlist at the address; nothing can be watched."""

    code = "unusable"


class Probe:
    """A synthetic player at one address; ``report`` grows while it runs."""

    def __init__(
        self,
        url: str,
        *,
        vantage: str,
        tell: Callable[[str], None] = lambda _text: None,
        told: Callable[[Fault], None] = lambda _fault: None,
        content: OutputContent | None = None,
        oldest: Callable[[], Awaitable[float | None]] | None = None,
    ) -> None:
        """Prepare; nothing is asked before :meth:`run`.

        Args:
            url: Of a multivariant or media playlist.
            vantage: Where this player stands, for the report.
            tell: Called with a line of progress.
            told: Called with each fault that counts.
            content: What judges pictures and sound; None for one of its own.
            oldest: Gives since when the channel is archived, UNIX seconds, None if that is not
                known. With it, catch-up is checked at once and each five minutes.

        Raises:
            UnusableError: If it is no address.
        """
        try:
            parts = urlsplit(url)
            good = parts.scheme in ("http", "https") and bool(parts.hostname)
            good = good and (parts.port is None or parts.port > 0)
        except ValueError:
            good = False
        if not good:
            raise UnusableError("URL is not an address of http or https")  # it may hold a token
        self.url = url
        self.report = ProbeReport(address=shown_address(url), vantage=vantage)
        self._tell, self._told = tell, told
        self._content = OutputContent() if content is None else content
        self._oldest = oldest
        self.shared: Shared | None = None

    async def run(self, seconds: float) -> None:
        """Watch for ``seconds``, or until the presentation has ended; 0 is without end.

        Cancelling is safe; the report holds what was seen until then.

        Raises:
            UnusableError: If there is no playlist at the address.
        """
        began = monotonic_ns()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds or None):
                    await self._watch()
        finally:
            self.report.watched_s = (monotonic_ns() - began) / 1e9

    async def _watch(self) -> None:
        async with Fetcher() as fetcher:
            self.shared = Shared(fetcher, self.report, self._note, self._content)
            base, renditions = await self._open(fetcher)
            self._tell(
                f"{self.report.form}: {len(renditions)} renditions, {renditions[0].name} watched"
            )
            followers = [Follower(self.shared, one, base) for one in renditions]
            async with asyncio.TaskGroup() as tasks:
                guard = tasks.create_task(self._refresh())
                lines = tasks.create_task(self._progress(fetcher))
                past = tasks.create_task(self._check_past())
                media = [tasks.create_task(one.run()) for one in followers]
                await asyncio.wait(media)
                guard.cancel()
                lines.cancel()
                past.cancel()
            self.report.received_bytes = fetcher.bytes

    def _note(self, fault: Fault) -> None:
        self._tell(f"FAULT {fault.kind}: {fault.where}: {fault.detail}")
        self._told(fault)

    async def _progress(self, fetcher: Fetcher) -> None:
        while True:
            await asyncio.sleep(1.0)
            self.report.received_bytes = fetcher.bytes
            if self.report.segments and int(asyncio.get_running_loop().time()) % 10 == 0:
                latency_s = self.report.live_latency_s
                behind = "" if latency_s is None else f", {latency_s:.1f} s behind live"
                self._tell(f"{self.report.segments} segments, {self.report.parts} parts{behind}")

    async def _check_past(self) -> None:
        """Check catch-up now and then, on connections of its own."""
        while self._oldest is not None:
            oldest_s = await self._oldest()
            async with Fetcher() as fetcher:
                await check_catch_up(
                    fetcher,
                    self.url,
                    now=unix_ns(),
                    oldest_s=oldest_s,
                    told=self._shared_fault,
                    note=self.report.note,
                )
            await asyncio.sleep(_CATCH_UP_S)

    async def _refresh(self) -> None:
        """Start anew now and then, as the next viewer does, on connections of its own."""
        while True:
            await asyncio.sleep(_REFRESH_S)
            async with Fetcher() as fetcher:
                with suppress(UnusableError):
                    await self._open(fetcher, quiet=False)

    async def _open(self, fetcher: Fetcher, *, quiet: bool = True) -> tuple[str, list[Watched]]:
        """Load the address, then start playing; return the base address and the renditions."""
        began = monotonic_ns()
        try:
            answer = await fetcher.get(self.url, timeout_s=_TIMEOUT_S)
        except FetchError as error:
            raise self._unusable(str(error), quiet=quiet) from None
        if answer.status != HTTPStatus.OK:
            raise self._unusable(f"status {answer.status}", quiet=quiet)
        reading = read_playlist(answer.body)
        self.report.playlists += 1
        self._judge_type(answer)
        playlist = reading.playlist
        if playlist is None:
            raise self._unusable("; ".join(reading.faults) or "lists nothing", quiet=quiet)
        if isinstance(playlist, Multivariant):
            for text in reading.faults:
                self._shared_fault(Fault("playlist_syntax", "multivariant", text))
            renditions = choose_renditions(playlist)
        else:
            renditions = [Watched("media", answer.url, "main")]
        try:
            await self._start(fetcher, answer, playlist, renditions[0], began)
        except FetchError as error:
            self._shared_fault(Fault("unreachable", renditions[0].name, f"start-up: {error}"))
        return answer.url, renditions

    def _unusable(self, text: str, *, quiet: bool) -> UnusableError:
        if not quiet:
            self._shared_fault(Fault("unreachable", "start", text))
        return UnusableError(f"{self.report.address}: {text}")

    def _shared_fault(self, fault: Fault) -> None:
        if self.shared is not None:
            self.shared.note(fault)

    def _judge_type(self, answer: Answer) -> None:
        """The path ends in .m3u8 or .m3u, or the type says what it is (section 4)."""
        named = urlsplit(answer.url).path.lower().endswith((".m3u8", ".m3u"))
        if not named and answer.content_type.lower() not in _MEDIA_TYPES:
            detail = f"neither the name nor the type ({answer.content_type}) says a playlist"
            self._shared_fault(Fault("playlist_syntax", "start", detail))

    async def _start(
        self,
        fetcher: Fetcher,
        answer: Answer,
        playlist: MediaPlaylist | Multivariant,
        main: Watched,
        began: int,
    ) -> None:
        """Measure from the first request to the first decodable frame."""
        multivariant = isinstance(playlist, Multivariant)
        url = answer.url
        if isinstance(playlist, Multivariant):
            url = urljoin(answer.url, main.uri)
            media = await fetcher.get(url, timeout_s=_TIMEOUT_S)
            reading = read_playlist(media.body).playlist if media.status == HTTPStatus.OK else None
            if not isinstance(reading, MediaPlaylist):
                return  # the follower tells what is wrong with it
            playlist = reading
        self._describe(playlist, main, multivariant=multivariant)
        first = first_media(playlist)
        if first is None or first[0].encryption is not None:
            return
        segment, resource = first
        header = await self._header(fetcher, url, segment)
        body = await fetcher.resource(url, resource, timeout_s=_TIMEOUT_S)
        if body.status != HTTPStatus.OK or header is None:
            return
        try:
            facts = await asyncio.to_thread(inspect_segment, body.body, header)
        except FormatError:
            return
        if facts.is_decoded:
            self.report.startup_s = (monotonic_ns() - began) / 1e9

    async def _header(self, fetcher: Fetcher, url: str, segment: Segment) -> bytes | None:
        if segment.header is None:
            return b""
        answer = await fetcher.resource(url, segment.header, timeout_s=_TIMEOUT_S)
        return answer.body if answer.status == HTTPStatus.OK else None

    def _describe(self, playlist: MediaPlaylist, main: Watched, *, multivariant: bool) -> None:
        words = ["multivariant"] if multivariant else ["media playlist"]
        words.append("on demand" if playlist.ended else "live")
        words.append("fMP4" if any(one.header for one in playlist.segments) else "TS or packed")
        if playlist.part_target_s is not None:
            words.append("low latency")
        self.report.form, self.report.watched = ", ".join(words), main.name
