"""The programme process of one channel: its task tree."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import aiohttp
import structlog

from core.admin import AdminPort, new_registry
from core.clock import monotonic_ns, unix_ns
from core.config import ChannelSettings, InputSettings, Settings, load_settings
from core.content_settings import limits_of
from core.errors import ConfigError
from core.guide_files import GuideFiles
from core.ladder import renditions_of
from core.loudness_files import LoudnessWriter, loudness_folder
from core.programs import ffmpeg_program
from core.tasks import supervise
from core.timeline import UnixNs
from transcoder.buffer import InputBuffer, Picture
from transcoder.content_watch import ContentWatch
from transcoder.decision import Rules, blackouts_of
from transcoder.decoder import Decoder
from transcoder.encoder import Output
from transcoder.fragments import MadeHeader, MadePart, MadeSound
from transcoder.graph import EncoderPlan
from transcoder.http import control_routes
from transcoder.keeper import CATCH_UP_S, RADIO_CATCH_UP_S, EncoderKeeper
from transcoder.metrics import ProgrammeMetrics
from transcoder.programme import ProgrammeThread
from transcoder.quality import QualitySampler
from transcoder.sender import RenditionSender
from transcoder.slate import black_picture, draw_slate
from transcoder.sound_sender import SoundSender
from transcoder.state import ProgrammeInput, ProgrammeState
from transcoder.switcher import ContentVerdict, Switcher
from transcoder.tape import Tape
from transcoder.thumbnails import MadeThumbnail, ThumbnailSender
from transcoder.titles import TitleFollower, tell_state

__all__ = ["ProgrammeService"]

log = structlog.get_logger()

_TAPE_S: Final = 3
_RADIO_TAPE_S: Final = 10
"""Without pictures a second is 0.2 MB."""

_GUIDE_S: Final = 1.0
"""How often the guide's snapshot is looked at."""


class ProgrammeService:
    """Decoders, switcher, encoder and senders of one channel."""

    def __init__(self, *, settings: Settings, path: Path, slug: str, secret: str) -> None:
        """Prepare; nothing is started before :meth:`run`.

        Args:
            settings: The installation.
            path: The file they were read from, for reloading.
            slug: The channel.
            secret: The internal secret.

        Raises:
            ConfigError: If there is no such channel or no FFmpeg.
        """
        self._settings, self._path, self._secret = settings, path, secret
        self._channel = settings.channel(slug)
        self._program = ffmpeg_program(settings.paths)
        self._renditions = renditions_of(self._channel)
        self._size = _raster(self._channel)
        self._slate: Picture | None = None if self._size is None else black_picture(*self._size)
        self._reloads: asyncio.Queue[ChannelSettings] = asyncio.Queue()
        self._titles: dict[str, TitleFollower] = {}
        self._guide = GuideFiles(settings.guide_dir)
        self._zone = ZoneInfo(settings.station.timezone)
        self._loudness = LoudnessWriter(
            loudness_folder(settings.paths.data_dir, slug),
            days=self._channel.content.loudness_log_days,
        )

    async def run(self) -> None:
        """Run the programme until cancelled."""
        headers = {"Authorization": f"Bearer {self._secret}"}
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
            state = self._build(session)
            registry = new_registry("programme")
            ProgrammeMetrics(registry, lambda: state)
            network = self._settings.network
            admin = AdminPort(
                service="programme",
                host=network.internal_host,
                port=self._settings.programme_admin_port(self._channel.slug),
                registry=registry,
                not_ready=lambda: _not_ready(state),
                secret=self._secret,
                routes=control_routes(lambda: state, self._reload),
            )
            # Before the first frame: a programme that restarts within a blackout shows nothing.
            await self._read_guide(state)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(admin.run())
                tasks.create_task(self._draw_slate())
                tasks.create_task(_run_thread(state.programme))
                tasks.create_task(_run_thread(state.content))
                tasks.create_task(_run_thread(self._loudness))
                tasks.create_task(state.keeper.run())
                for sender in state.senders.values():
                    tasks.create_task(sender.run())
                if state.thumbnails is not None:
                    tasks.create_task(state.thumbnails.run())
                if state.quality is not None:
                    tasks.create_task(state.quality.run())
                if state.sound is not None:
                    tasks.create_task(state.sound.run())
                tasks.create_task(supervise("state", self._teller(session, state), max_pause_s=2))
                tasks.create_task(self._follow_inputs(session, state))
                tasks.create_task(self._follow_guide(state))

    def _build(self, session: aiohttp.ClientSession) -> ProgrammeState:
        channel, settings = self._channel, self._settings
        inputs = {item.name: self._input(session, item) for item in channel.inputs}
        # The two know each other: the tick is shown to the watch, which tells what it found.
        watch = self._watch(lambda found: switcher.replace_verdicts(found))  # noqa: PLW0108
        switcher = Switcher(
            inputs={name: item.buffer for name, item in inputs.items()},
            frame_rate=channel.frame_rate,
            patience_ms=channel.patience_ms,
            rules=_rules(channel),
            slate=lambda: self._slate,
            tap=watch.tap,
        )
        is_radio = self._size is None
        tape = Tape(capacity=(_RADIO_TAPE_S if is_radio else _TAPE_S) * channel.frame_rate)
        network = settings.network
        packager = f"http://{network.internal_host}:{network.cmaf_port}"
        senders = {
            item.name: RenditionSender(
                rendition=item.name,
                url=f"{packager}/cmaf/{channel.slug}/{item.name}?encoder=a",
                session=session,
                showed_slate=switcher.showed_slate,
            )
            for item in self._renditions
        }
        thumbnails = None
        if self._size is not None:
            thumbnails = ThumbnailSender(url=f"{packager}/thumb/{channel.slug}", session=session)
        quality = self._quality(tape)
        sound = SoundSender(url=f"{packager}/sound/{channel.slug}", session=session)
        restarts: dict[str, int] = {}

        def restarted(fault: str) -> None:
            restarts[fault] = restarts.get(fault, 0) + 1

        keeper = EncoderKeeper(
            program=self._program,
            plan=self._plan(),
            tape=tape,
            catch_up_s=RADIO_CATCH_UP_S if is_radio else CATCH_UP_S,
            deliver=_deliver(asyncio.get_running_loop(), senders, sound, quality),
            restarted=restarted,
            deliver_thumbnail=_deliver_thumbnail(asyncio.get_running_loop(), thumbnails),
        )
        return ProgrammeState(
            channel=channel.slug,
            frame_rate=channel.frame_rate,
            has_picture=self._size is not None,
            inputs=inputs,
            switcher=switcher,
            content=watch,
            programme=ProgrammeThread(switcher=switcher, tape=tape, frame_rate=channel.frame_rate),
            keeper=keeper,
            senders=senders,
            thumbnails=thumbnails,
            quality=quality,
            sound=sound if is_radio else None,
            encoder_restarts=restarts,
        )

    def _quality(self, tape: Tape) -> QualitySampler | None:
        if self._size is None:
            return None
        return QualitySampler(
            program=self._program,
            tape=tape,
            renditions=[item for item in self._renditions if item.kind == "video"],
            size=self._size,
            frame_rate=self._channel.frame_rate,
        )

    def _watch(self, verdicts: Callable[[Mapping[str, ContentVerdict]], None]) -> ContentWatch:
        watch = ContentWatch(
            frame_rate=self._channel.frame_rate,
            size=self._size,
            zone=self._zone,
            verdicts=verdicts,
            minutes=self._loudness.put,
        )
        _set_watch(watch, self._channel)
        return watch

    def _plan(self) -> EncoderPlan:
        """Return what to encode; the keeper and each run fill in start and pipes."""
        channel, (width, height) = self._channel, self._size or (0, 0)
        return EncoderPlan(
            renditions=self._renditions,
            width=width,
            height=height,
            frame_rate=channel.frame_rate,
            preset=channel.encoder_preset,
            language=channel.language,
            start=UnixNs(0),
            picture_fd=None,
            sound_fd=-1,
            output_fds={},
        )

    def _input(self, session: aiohttp.ClientSession, item: InputSettings) -> ProgrammeInput:
        channel, network = self._channel, self._settings.network
        buffer = InputBuffer(
            frame_rate=channel.frame_rate,
            jitter_ms=channel.jitter_buffer_ms,
            has_picture=self._size is not None,
            monotonic_ns=monotonic_ns,
        )
        base = f"http://{network.internal_host}:{network.feeds_port}"
        decoder = Decoder(
            name=item.name,
            url=f"{base}/feeds/{channel.slug}/{item.name}",
            session=session,
            program=self._program,
            buffer=buffer,
            frame_rate=channel.frame_rate,
            size=self._size,
        )
        return ProgrammeInput(buffer, decoder)

    async def _draw_slate(self) -> None:
        if self._size is None:
            return
        width, height = self._size
        self._slate = await draw_slate(
            program=self._program, name=self._channel.name, width=width, height=height
        )

    def _teller(
        self, session: aiohttp.ClientSession, state: ProgrammeState
    ) -> Callable[[], Awaitable[None]]:
        network = self._settings.network
        url = f"http://{network.internal_host}:{network.cmaf_port}/state/{self._channel.slug}"
        return lambda: tell_state(
            url=url,
            session=session,
            on_air=lambda: state.switcher.on_air,
            titles=lambda: {name: item.title for name, item in self._titles.items()},
        )

    async def _follow_guide(self, state: ProgrammeState) -> None:
        """Take blackouts from the guide's snapshot; while nobody writes it, the last one holds."""
        while True:
            await asyncio.sleep(_GUIDE_S)
            await self._read_guide(state)

    async def _read_guide(self, state: ProgrammeState) -> None:
        for snapshot in await asyncio.to_thread(self._guide.read_changed, [state.channel]):
            now_s = unix_ns() // 1_000_000_000
            state.content.schedule.guide = snapshot
            state.switcher.replace_blackouts(blackouts_of(snapshot, now_s=now_s))
        if state.content.schedule.misses_guide():
            log.warning("exceptions_without_guide", channel=state.channel)

    async def _reload(self) -> None:
        """Apply the settings file: inputs and rules at once, anything else not at all.

        Raises:
            ConfigError: If the file is bad, or the change needs a restart of the programme.
        """
        settings = await asyncio.to_thread(load_settings, self._path)
        channel = settings.channel(self._channel.slug)
        live = {"inputs", "return_after_s", "guide_ids", "content", "exceptions"}
        if channel.model_dump(exclude=live) != self._channel.model_dump(exclude=live):
            raise ConfigError("this change of the channel needs a restart of its programme")
        await self._reloads.put(channel)

    async def _follow_inputs(self, session: aiohttp.ClientSession, state: ProgrammeState) -> None:
        """Run every input's decoder; start and stop those that a reload adds and removes."""
        running: dict[str, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as tasks:
            while True:
                for name in running.keys() - state.inputs.keys():
                    running.pop(name).cancel()
                for name, item in state.inputs.items():
                    if name not in running:
                        task = tasks.create_task(self._follow(session, name, item))
                        running[name] = task
                channel = await self._reloads.get()
                kept = {item.name: state.inputs.get(item.name) for item in channel.inputs}
                state.inputs = {
                    item.name: kept[item.name] or self._input(session, item)
                    for item in channel.inputs
                }
                buffers = {name: item.buffer for name, item in state.inputs.items()}
                state.switcher.replace_inputs(buffers, _rules(channel))
                _set_watch(state.content, channel)
                self._loudness.days = channel.content.loudness_log_days
                self._channel = channel

    async def _follow(
        self, session: aiohttp.ClientSession, name: str, item: ProgrammeInput
    ) -> None:
        network = self._settings.network
        base = f"http://{network.internal_host}:{network.feeds_port}"
        titles = TitleFollower(url=f"{base}/titles/{self._channel.slug}/{name}", session=session)
        self._titles[name] = titles
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(
                    supervise(f"decoder.{name}", item.decoder.run, min_pause_s=0.1, max_pause_s=2)
                )
                tasks.create_task(
                    supervise(f"titles.{name}", titles.run, min_pause_s=0.5, max_pause_s=2)
                )
        finally:
            self._titles.pop(name, None)


def _deliver(
    loop: asyncio.AbstractEventLoop,
    senders: Mapping[str, RenditionSender],
    sound: SoundSender,
    quality: QualitySampler | None,
) -> Callable[[Output], None]:
    """Return the way of an encoder's output from its threads onto the event loop."""

    def put(rendition: str, made: MadeHeader | MadePart) -> None:
        senders[rendition].put(made)
        if quality is not None:
            quality.put(rendition, made)

    def deliver(output: Output) -> None:
        if loop.is_closed():
            return
        if isinstance(output.made, MadeSound):
            loop.call_soon_threadsafe(sound.put, output.made)
        else:
            loop.call_soon_threadsafe(put, output.rendition, output.made)

    return deliver


def _deliver_thumbnail(
    loop: asyncio.AbstractEventLoop, sender: ThumbnailSender | None
) -> Callable[[MadeThumbnail], None] | None:
    """Return the same for thumbnails; None where none are wanted."""
    if sender is None:
        return None
    put = sender.put

    def deliver(made: MadeThumbnail) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(put, made)

    return deliver


def _raster(channel: ChannelSettings) -> tuple[int, int] | None:
    """Return the size of the programme's picture: the highest rung's."""
    sizes = [(item.width, item.height) for item in renditions_of(channel) if item.kind == "video"]
    return max(sizes, key=lambda size: size[1]) if sizes else None


def _rules(channel: ChannelSettings) -> Rules:
    return Rules(return_after_ns=round(channel.return_after_s * 1e9))


def _set_watch(watch: ContentWatch, channel: ChannelSettings) -> None:
    """Have measured what the channel's settings want."""
    if not channel.content.measure:
        watch.stop_measuring()
        return
    limits = limits_of(channel.content, is_radio=channel.kind == "radio")
    watch.replace([item.name for item in channel.inputs], limits, channel.exceptions)


def _not_ready(state: ProgrammeState) -> str | None:
    run = state.keeper.current
    if run is None or run.failed.is_set():
        return "the encoder is not running"
    return None if run.newest() else "the encoder has put out nothing yet"


async def _run_thread(programme: ProgrammeThread | ContentWatch | LoudnessWriter) -> None:
    """Run the programme's thread until cancelled, and end it then."""
    try:
        await asyncio.to_thread(programme.run)
    finally:
        programme.stop()
