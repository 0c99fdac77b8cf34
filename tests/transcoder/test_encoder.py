"""transcoder.encoder: a real FFmpeg, fed from a tape."""

from __future__ import annotations

import io
import os
import shutil
import signal
import threading
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest

from core.clock import monotonic_ns
from core.config import ChannelSettings
from core.ladder import renditions_of
from core.timeline import PartAddress, start_of_segment
from tests.transcoder.live_tape import LiveTape, numbered_picture
from transcoder.encoder import EncoderRun, Output
from transcoder.fragments import MadeHeader, MadePart, MadeSound
from transcoder.graph import EncoderPlan
from transcoder.tape import Tape, TapeItem
from transcoder.thumbnails import MadeThumbnail

pytestmark = [pytest.mark.media, pytest.mark.timeout(60)]

MSN = 467_000_000
WIDTH, HEIGHT = 640, 360
PROGRAMS = [imageio_ffmpeg.get_ffmpeg_exe()]
if debian := shutil.which("ffmpeg"):
    PROGRAMS.append(debian)


class Recorder:
    """Keeps what an encoder makes, and waits for it."""

    def __init__(self) -> None:
        self.headers: dict[str, bytes] = {}
        self.parts: dict[str, list[MadePart]] = defaultdict(list)
        self.thumbnails: list[MadeThumbnail] = []
        self.sound: list[MadeSound] = []
        self._grown = threading.Condition()

    def deliver_thumbnail(self, made: MadeThumbnail) -> None:
        """Take one thumbnail."""
        with self._grown:
            self.thumbnails.append(made)
            self._grown.notify_all()

    def wait_for_thumbnails(self, count: int) -> bool:
        """Wait until there are so many."""
        with self._grown:
            return self._grown.wait_for(lambda: len(self.thumbnails) >= count, timeout=30)

    def deliver(self, output: Output) -> None:
        """Take one header or part."""
        with self._grown:
            match output.made:
                case MadeHeader(header):
                    self.headers[output.rendition] = header.data
                case MadePart():
                    self.parts[output.rendition].append(output.made)
                case MadeSound():
                    self.sound.append(output.made)
            self._grown.notify_all()

    def wait_for_parts(self, renditions: int, parts: int) -> bool:
        """Wait until so many renditions have so many parts."""
        with self._grown:
            return self._grown.wait_for(
                lambda: sum(len(made) >= parts for made in self.parts.values()) == renditions,
                timeout=30,
            )

    def wait_for_sound(self, chunks: int) -> bool:
        """Wait until there are so many chunks of MP3."""
        with self._grown:
            return self._grown.wait_for(lambda: len(self.sound) >= chunks, timeout=30)

    def track(self, rendition: str) -> io.BytesIO:
        """Return a rendition as one file."""
        parts = (part.data for part in self.parts[rendition])
        return io.BytesIO(self.headers[rendition] + b"".join(parts))


def plan(channel: ChannelSettings) -> EncoderPlan:
    is_tv = channel.kind == "tv"
    return EncoderPlan(
        renditions=renditions_of(channel),
        width=WIDTH if is_tv else 0,
        height=HEIGHT if is_tv else 0,
        frame_rate=channel.frame_rate,
        preset=channel.encoder_preset,
        language="vi",
        start=start_of_segment(MSN),
        picture_fd=None,
        sound_fd=-1,
        output_fds={},
    )


def flash_tape(frame_rate: int, seconds: int, *, has_picture: bool) -> Tape:
    """A tape that flashes white and beeps for one frame at each whole second."""
    tape = Tape(capacity=seconds * frame_rate)
    black = bytearray(b"\x10" * (WIDTH * HEIGHT) + b"\x80" * (WIDTH * HEIGHT // 2))
    white = bytearray(b"\xeb" * (WIDTH * HEIGHT) + b"\x80" * (WIDTH * HEIGHT // 2))
    samples = 48_000 // frame_rate
    beep = np.zeros((samples, 2), dtype=np.int16)
    beep[:, :] = (16_000 * np.sin(np.arange(samples) * 2 * np.pi / 48))[:, None]
    first = start_of_segment(MSN) * frame_rate // 1_000_000_000
    for i in range(seconds * frame_rate):
        flash = i % frame_rate == 0 and i > 0
        picture = (white if flash else black) if has_picture else None
        tape.append(TapeItem(first + i, picture, beep.tobytes() if flash else bytes(samples * 4)))
    return tape


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(("kind", "frame_rate"), [("tv", 25), ("tv", 50), ("radio", 25)])
def test_every_fragment_is_a_part_on_the_grid(program: str, kind: str, frame_rate: int) -> None:
    """Two segments: 16 pictures or 30 AAC frames a part, numbered from the epoch."""
    channel = ChannelSettings.model_validate(
        {"slug": "c", "name": "C", "kind": kind, "ladder": "360p", "frame_rate": frame_rate}
    )
    tape = flash_tape(frame_rate, 8, has_picture=kind == "tv")
    recorder = Recorder()
    run = EncoderRun(program=program, plan=plan(channel), tape=tape, deliver=recorder.deliver)
    run.start()
    try:
        expected = [PartAddress(MSN + i // 6, i % 6) for i in range(11)]
        assert recorder.wait_for_parts(len(renditions_of(channel)), len(expected)), run.fault
        for rendition in renditions_of(channel):
            made = recorder.parts[rendition.name][: len(expected)]
            assert [part.address for part in made] == expected, rendition.name
            samples = 30 if rendition.kind == "audio" else 16
            assert {part.samples for part in made} == {samples}, rendition.name
    finally:
        run.stop()


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_flash_and_its_beep_come_out_together_at_their_time(program: str) -> None:
    """Put in at whole seconds, they come out there: the picture exactly, the sound within 2 ms."""
    channel = ChannelSettings(slug="c", name="C", kind="tv", ladder="360p")
    tape = flash_tape(25, 6, has_picture=True)
    recorder = Recorder()
    run = EncoderRun(program=program, plan=plan(channel), tape=tape, deliver=recorder.deliver)
    run.start()
    try:
        assert recorder.wait_for_parts(4, 8), run.fault
    finally:
        run.stop()
    epoch_s = start_of_segment(MSN) / 1e9
    with av.open(recorder.track("360p"), "r") as container:
        flashes = [
            (frame.time or 0.0) - epoch_s
            for frame in container.decode(video=0)
            if frame.to_ndarray(format="gray").mean() > 128
        ]
    assert flashes == pytest.approx([1.0, 2.0, 3.0, 4.0, 5.0], abs=1e-6)
    with av.open(recorder.track("a96"), "r") as container:
        blocks = [(frame.pts, frame.to_ndarray()[0]) for frame in container.decode(audio=0)]
    start = blocks[0][0]
    assert start is not None
    sound = np.concatenate([block for _, block in blocks])
    first_s = start / 48_000 - epoch_s
    loud = np.flatnonzero(np.abs(sound) > 0.1)
    onsets = [loud[0], *(b for a, b in pairwise(loud) if b - a > 24_000)]
    beeps = [first_s + onset / 48_000 for onset in onsets]
    assert beeps == pytest.approx([1.0, 2.0, 3.0, 4.0, 5.0], abs=2e-3)


@pytest.mark.parametrize("program", PROGRAMS)
def test_mp3_is_numbered_from_the_epoch_and_begins_with_the_segment(program: str) -> None:
    """Beeps put in at whole seconds are decoded there, and every frame stands alone."""
    channel = ChannelSettings(slug="c", name="C", kind="radio")
    tape = flash_tape(25, 8, has_picture=False)
    recorder = Recorder()
    run = EncoderRun(program=program, plan=plan(channel), tape=tape, deliver=recorder.deliver)
    run.start()
    try:
        assert recorder.wait_for_sound(32), run.fault
    finally:
        run.stop()
    assert [made.number for made in recorder.sound[:32]] == list(range(MSN * 16, MSN * 16 + 32))
    assert {len(made.data) for made in recorder.sound} == {10 * 384}
    data = b"".join(made.data for made in recorder.sound[:32])
    # main_data_begin, the nine bits behind the header, points into earlier frames.
    assert not any(data[at + 4] or data[at + 5] & 0x80 for at in range(0, len(data), 384))
    with av.open(io.BytesIO(data), "r", format="mp3") as container:
        blocks = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    sound = np.concatenate(blocks)
    assert len(sound) == 320 * 1152
    loud = np.flatnonzero(np.abs(sound) > 0.1)
    onsets = [loud[0], *(b for a, b in pairwise(loud) if b - a > 24_000)]
    assert [onset / 48_000 for onset in onsets] == pytest.approx(range(1, 8), abs=2e-3)


@pytest.mark.parametrize("program", PROGRAMS)
def test_sound_of_one_channel_is_as_loud_as_that_of_two(program: str) -> None:
    """What both sides have is not made 3 dB louder, where a programme at its peak would clip."""
    channel = ChannelSettings(slug="c", name="C", kind="radio")
    recorder = Recorder()
    tape = flash_tape(25, 6, has_picture=False)
    run = EncoderRun(program=program, plan=plan(channel), tape=tape, deliver=recorder.deliver)
    run.start()
    try:
        assert recorder.wait_for_parts(3, 6), run.fault
    finally:
        run.stop()
    level_db = {}
    for name in ("a128", "a32"):
        with av.open(recorder.track(name), "r") as container:
            sound = np.concatenate(
                [frame.to_ndarray() for frame in container.decode(audio=0)], axis=1
            )
        level_db[name] = 10 * np.log10(np.square(sound[:, : 3 * 48_000]).mean())
    assert level_db["a32"] == pytest.approx(level_db["a128"], abs=0.5)


def test_an_encoder_that_is_killed_is_a_fault_within_moments() -> None:
    channel = ChannelSettings(slug="c", name="C", kind="radio")
    recorder = Recorder()
    tape = flash_tape(25, 8, has_picture=False)
    run = EncoderRun(program=PROGRAMS[0], plan=plan(channel), tape=tape, deliver=recorder.deliver)
    run.start()
    try:
        assert recorder.wait_for_parts(3, 2)
        assert run.pid is not None
        os.kill(run.pid, signal.SIGKILL)
        assert run.failed.wait(5)
        assert run.fault == "exit"
        assert run.newest()["a128"] >= PartAddress(MSN, 1)
    finally:
        run.stop()


def test_an_encoder_that_stands_still_is_a_fault_and_one_that_works_is_not() -> None:
    """SIGSTOP: it takes nothing and uses no processor; half a second later it is given up."""
    channel = ChannelSettings(slug="c", name="C", kind="tv", ladder="360p")
    recorder = Recorder()
    tape = flash_tape(25, 60, has_picture=True)  # more than it encodes at once
    run = EncoderRun(program=PROGRAMS[0], plan=plan(channel), tape=tape, deliver=recorder.deliver)
    run.start()
    try:
        assert recorder.wait_for_parts(4, 1), run.fault
        run.check()
        assert not run.failed.is_set()
        assert run.pid is not None
        os.kill(run.pid, signal.SIGSTOP)
        while not run.failed.wait(0.05):
            run.check()
        assert run.fault == "blocked"
    finally:
        run.stop()


def test_a_tape_that_has_moved_on_is_a_fault() -> None:
    """An encoder that fell behind the tape cannot invent the frames."""
    channel = ChannelSettings(slug="c", name="C", kind="radio")
    tape = Tape(capacity=2)
    first = start_of_segment(MSN) * 25 // 1_000_000_000
    for frame in range(first + 10, first + 14):
        tape.append(TapeItem(frame, None, bytes(1920 * 4)))
    run = EncoderRun(program=PROGRAMS[0], plan=plan(channel), tape=tape, deliver=Recorder().deliver)
    run.start()
    try:
        assert run.failed.wait(5)
        assert run.fault == "late"
    finally:
        run.stop()


def luma_of(msn: int, frame: int) -> int:
    """Brightness of a test picture: tells the segment, and its first frame from all others."""
    return 40 + (msn * 37) % 150 + (20 if frame else 0)


def ramp_tape(first_msn: int, segments: int, *, frame_rate: int = 25) -> Tape:
    """A tape whose every segment has a brightness of its own, and its first frame another."""
    length = 96 * frame_rate // 25
    tape = Tape(capacity=segments * length)
    for msn in range(first_msn, first_msn + segments):
        first, later = (
            bytearray(
                bytes([luma_of(msn, frame)]) * (WIDTH * HEIGHT) + b"\x80" * (WIDTH * HEIGHT // 2)
            )
            for frame in (0, 1)
        )
        for frame in range(length):
            picture = later if frame else first
            tape.append(TapeItem(msn * length + frame, picture, bytes(48_000 // frame_rate * 4)))
    return tape


def shown(made: MadeThumbnail) -> float:
    """Return the brightness that a thumbnail shows, in the programme's scale of 16 to 235."""
    with av.open(io.BytesIO(made.data), "r", format="jpeg_pipe") as container:
        frame = next(container.decode(video=0))
    assert (frame.width, frame.height) == (384, 216)
    return 16 + float(frame.to_ndarray(format="gray").mean()) * 219 / 255


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("frame_rate", [25, 50])
def test_a_thumbnail_shows_the_first_frame_of_its_segment(program: str, frame_rate: int) -> None:
    """Also of an encoder that replaces a killed one: the numbers are those of the segments."""
    channel = ChannelSettings.model_validate(
        {"slug": "c", "name": "C", "kind": "tv", "ladder": "360p", "frame_rate": frame_rate}
    )
    tape = ramp_tape(MSN, 5, frame_rate=frame_rate)
    found: list[MadeThumbnail] = []
    for first, wanted in ((MSN, 2), (MSN + 1, 4)):
        recorder = Recorder()
        run = EncoderRun(
            program=program,
            plan=replace(plan(channel), start=start_of_segment(first)),
            tape=tape,
            deliver=recorder.deliver,
            deliver_thumbnail=recorder.deliver_thumbnail,
        )
        run.start()
        try:
            assert recorder.wait_for_thumbnails(wanted), run.fault
            assert run.pid is not None
            os.kill(run.pid, signal.SIGKILL)
            assert run.failed.wait(5)
            assert not run.thumbnail_fault
        finally:
            run.stop()
        numbers = [made.msn for made in recorder.thumbnails]
        assert numbers == list(range(first, first + len(numbers)))
        found += recorder.thumbnails
    for made in found:
        assert shown(made) == pytest.approx(luma_of(made.msn, 0), abs=3), made.msn
        assert len(made.data) < 4_000


def test_a_thumbnail_keeps_the_colours() -> None:
    """A JPEG is BT.601 in full range, the programme BT.709 in limited: red stays red."""
    red = (63, 102, 240)  # Y, U, V of (255, 0, 0) in BT.709
    tape = Tape(capacity=96)
    chroma = bytes([red[1]]) * (WIDTH * HEIGHT // 4) + bytes([red[2]]) * (WIDTH * HEIGHT // 4)
    picture = bytearray(bytes([red[0]]) * (WIDTH * HEIGHT) + chroma)
    for frame in range(96):
        tape.append(TapeItem(MSN * 96 + frame, picture, bytes(1920 * 4)))
    recorder = Recorder()
    run = EncoderRun(
        program=PROGRAMS[0],
        plan=plan(ChannelSettings(slug="c", name="C", kind="tv", ladder="360p")),
        tape=tape,
        deliver=recorder.deliver,
        deliver_thumbnail=recorder.deliver_thumbnail,
    )
    run.start()
    try:
        assert recorder.wait_for_thumbnails(1), run.fault
    finally:
        run.stop()
    with av.open(io.BytesIO(recorder.thumbnails[0].data), "r", format="jpeg_pipe") as container:
        rgb = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert rgb.mean(axis=(0, 1)) == pytest.approx([255, 0, 0], abs=6)


def without_thumbnails(folder: Path, *, instead: str) -> str:
    """Write an FFmpeg whose last output, the thumbnails, does not reach the pipe."""
    program = folder / "ffmpeg"
    program.write_text(
        f"""#!/bin/bash
fd="${{@: -1}}"; fd="${{fd#pipe:}}"
{instead}
eval "exec $fd>/dev/null"
exec {PROGRAMS[0]} "$@"
""",
        encoding="utf-8",
    )
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize(
    ("instead", "fault"), [("", "end"), ('eval "echo no picture >&$fd"', "format")]
)
def test_thumbnails_that_end_or_break_alone_harm_no_rendition(
    tmp_path: Path, instead: str, fault: str
) -> None:
    recorder = Recorder()
    run = EncoderRun(
        program=without_thumbnails(tmp_path, instead=instead),
        plan=plan(ChannelSettings(slug="c", name="C", kind="tv", ladder="360p")),
        tape=ramp_tape(MSN, 5),
        deliver=recorder.deliver,
        deliver_thumbnail=recorder.deliver_thumbnail,
    )
    run.start()
    try:
        assert recorder.wait_for_parts(4, 28), run.fault
        run.check()
        run.check()
        assert run.thumbnail_fault == fault
        assert not run.failed.is_set()
        assert recorder.thumbnails == []
    finally:
        run.stop()


@pytest.mark.parametrize("program", PROGRAMS)
def test_thumbnails_hold_up_no_sound(program: str) -> None:
    """FFmpeg reads what its hindmost output needs; thumbnails, one in 3.84 s, must not be it."""
    still = numbered_picture(0)
    live = LiveTape(MSN * 96, lambda _: still)
    late_s: list[float] = []
    enough = threading.Event()

    def deliver(output: Output) -> None:
        if isinstance(output.made, MadePart):
            address = output.made.address
            last = min((address.msn * 6 + address.part + 1) * 16 - 1, max(live.made_ns))
            late_s.append((monotonic_ns() - live.made_ns[last]) / 1e9)
            if len(late_s) == 4 * 12:  # two segments of four renditions
                enough.set()

    run = EncoderRun(
        program=program,
        plan=plan(ChannelSettings(slug="c", name="C", kind="tv", ladder="360p")),
        tape=live.tape,
        deliver=deliver,
        deliver_thumbnail=lambda _: None,
    )
    run.start()
    live.start()
    try:
        assert enough.wait(30), run.fault
    finally:
        run.stop()
        live.stop()
    assert max(late_s) < 1.5  # it was 3.9 s; on an idle machine it is 0.1 s
