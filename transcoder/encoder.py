"""One run of the encoder: an FFmpeg, the threads of its pipes, and what it made.

A run begins at a segment's boundary and reads the tape from there, however far back
that lies; it ends when it is stopped or at its first fault, and is never mended: the
keeper starts another.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from core.clock import monotonic_ns
from core.errors import FormatError
from core.timeline import (
    AAC_FRAME_SAMPLES,
    PartAddress,
    msn_at,
    samples_per_frame,
)
from transcoder.fragments import FragmentCutter, MadeHeader, MadePart, MadeSound, SoundNumberer
from transcoder.graph import MP3, EncoderPlan, encoder_arguments
from transcoder.pipes import Pipe, read_bytes, write_all
from transcoder.tape import Tape, TapeItem, TapeLostError
from transcoder.thumbnails import MadeThumbnail, ThumbnailCutter

__all__ = ["EncoderRun", "Output", "process_cpu_seconds"]

_BLOCKED_NS: Final = 500_000_000
"""A write that FFmpeg does not take for this long, without working, is a fault of it."""

_STARVED_NS: Final = 2_000_000_000
"""An FFmpeg that works but gets no processor is replaced only after this long: a new one
would get no more."""

_SILENT_NS: Final = 4_000_000_000
"""An encoder that is fed and has put out nothing for this long has failed."""

_LOOK_NS: Final = 100_000_000
_POLL_S: Final = 0.2
_SAMPLE_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Output:
    """What the encoder made of one output: a header or a part, or a chunk of MP3."""

    rendition: str
    """Name of the rendition, or ``mp3``."""

    made: MadeHeader | MadePart | MadeSound


class EncoderRun:
    """One FFmpeg process from start to fault."""

    def __init__(
        self,
        *,
        program: str,
        plan: EncoderPlan,
        tape: Tape,
        deliver: Callable[[Output], None],
        deliver_thumbnail: Callable[[MadeThumbnail], None] | None = None,
    ) -> None:
        """Prepare; nothing is started before :meth:`start`.

        Args:
            program: Path of FFmpeg.
            plan: What to encode; its pipe numbers are filled in here.
            tape: Where raw frames come from.
            deliver: Called from the readers' threads with each header, part and chunk.
            deliver_thumbnail: Called likewise with each thumbnail; without it none is made.
        """
        self._program, self._plan, self._tape, self._deliver = program, plan, tape, deliver
        self._deliver_thumbnail = deliver_thumbnail
        self._process: subprocess.Popen[bytes] | None = None
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._writes_since: dict[str, int] = {}
        self._made_ns = monotonic_ns()
        self._cpu_used_ns = 0
        self._blocked_since: int | None = None
        self._blocked_ns = 0
        self._checked_ns = 0
        self._newest: dict[str, PartAddress] = {}
        self.failed = threading.Event()
        """Set at the first fault; :attr:`fault` says which."""

        self.fault = ""
        self.frames_fed = 0
        """Frames written to FFmpeg."""

        self.thumbnail_fault = ""
        """Why this run makes no more thumbnails, ``end`` or ``format``; no fault of the run."""

        self._thumbnails_ended = self._thumbnails_missed = False
        self.stderr_tail = ""
        self.cpu_seconds = 0.0
        """CPU time that FFmpeg has used, as :meth:`check` saw it last."""

    @property
    def pid(self) -> int | None:
        """FFmpeg's process id while it runs."""
        return None if self._process is None else self._process.pid

    @property
    def first_frame(self) -> int:
        """Number of the first frame that this run encodes."""
        return self._plan.start * self._plan.frame_rate // 1_000_000_000

    def newest(self) -> dict[str, PartAddress]:
        """Return the newest part made of each output."""
        with self._lock:
            return dict(self._newest)

    def start(self) -> None:
        """Start FFmpeg and its threads.

        Raises:
            OSError: If FFmpeg cannot be started.
        """
        has_picture = any(item.kind == "video" for item in self._plan.renditions)
        picture = Pipe() if has_picture else None
        sound = Pipe()
        outputs = {name: Pipe() for name in self._plan.outputs}
        thumbnails = Pipe() if has_picture and self._deliver_thumbnail is not None else None
        plan = replace(
            self._plan,
            picture_fd=None if picture is None else picture.read_fd,
            sound_fd=sound.read_fd,
            output_fds={name: pipe.write_fd for name, pipe in outputs.items()},
            thumbnail_fd=None if thumbnails is None else thumbnails.write_fd,
        )
        optional = [pipe for pipe in (picture, thumbnails) if pipe is not None]
        inherited = [sound.read_fd, *(pipe.write_fd for pipe in outputs.values())]
        inherited += [fd for fd in (plan.picture_fd, plan.thumbnail_fd) if fd is not None]
        try:
            self._process = self._spawn(encoder_arguments(plan), inherited)
        except OSError:
            for pipe in (sound, *outputs.values(), *optional):
                pipe.close()
            raise
        sound.close_read()
        self._run("sound", self._write_sound, sound)
        if picture is not None:
            picture.close_read()
            self._run("picture", self._write_pictures, picture)
        for name, pipe in outputs.items():
            pipe.close_write()
            self._run(name, self._read_output, pipe, name)
        if thumbnails is not None:
            thumbnails.close_write()
            self._run("thumbnails", self._read_thumbnails, thumbnails)
        self._run("stderr", self._read_stderr)
        self._made_ns = monotonic_ns()

    def _spawn(self, arguments: Sequence[str], inherited: list[int]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - a list of arguments of our own making
            [self._program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=inherited,
        )

    def stop(self) -> None:
        """End FFmpeg and wait for its threads."""
        self._stopping.set()
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join()
        if self._process.stderr is not None:
            self._process.stderr.close()

    def check(self) -> None:
        """Look for faults that show only by time; the keeper calls it some times a second."""
        if self._process is not None and self._process.poll() is not None:
            self._fail("exit")
        elif self._thumbnails_missed:
            self.thumbnail_fault = self.thumbnail_fault or "end"
        else:
            # Looked for twice: at FFmpeg's end this pipe may be seen to end before the process.
            self._thumbnails_missed = self._thumbnails_ended
        now = monotonic_ns()
        self._count_cpu(now)
        blocked_ns = self._count_blocked(now)
        if (blocked_ns > _BLOCKED_NS and not self._works(now)) or blocked_ns > _STARVED_NS:
            self._fail("blocked")
        elif self.frames_fed and now - self._made_ns > _SILENT_NS:
            self._fail("silent")

    def _count_blocked(self, now_ns: int) -> int:
        """Return for how long the oldest pending write has been seen to wait.

        A pause of this process, or of the whole host, is counted as one short look.
        """
        with self._lock:
            since = min(self._writes_since.values(), default=None)
        if since is None or since != self._blocked_since:
            self._blocked_since, self._blocked_ns = since, 0
        else:
            self._blocked_ns += min(now_ns - self._checked_ns, _LOOK_NS)
        self._checked_ns = now_ns
        return self._blocked_ns

    def _count_cpu(self, now_ns: int) -> None:
        used_s = process_cpu_seconds(self.pid)
        if used_s > self.cpu_seconds:
            self.cpu_seconds, self._cpu_used_ns = used_s, now_ns

    def _works(self, now_ns: int) -> bool:
        """Tell whether FFmpeg uses the processor, or would if it got it."""
        return now_ns - self._cpu_used_ns < _BLOCKED_NS or wants_processor(self.pid)

    def _fail(self, fault: str) -> None:
        if not self.failed.is_set() and not self._stopping.is_set():
            self.fault = fault
            self.failed.set()

    def _run(self, name: str, body: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=body, args=arguments, name=f"encoder-{name}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _items(self) -> Callable[[], TapeItem | None]:
        """Return a function that yields the tape's next item, or None when the run ends."""
        frame = self.first_frame

        def following() -> TapeItem | None:
            nonlocal frame
            while not self._stopping.is_set() and not self.failed.is_set():
                item = self._tape.read(frame, timeout_s=_POLL_S)
                if item is not None:
                    frame += 1
                    return item
            return None

        return following

    def _write(self, name: str, pipe: Pipe, data: bytes | bytearray | memoryview) -> None:
        with self._lock:
            self._writes_since[name] = monotonic_ns()
        try:
            write_all(pipe.write_fd, data)
        finally:
            with self._lock:
                del self._writes_since[name]

    def _feed(
        self, name: str, pipe: Pipe, data_of: Callable[[TapeItem], bytes | bytearray | memoryview]
    ) -> None:
        following = self._items()
        try:
            while (item := following()) is not None:
                self._write(name, pipe, data_of(item))
                if name == "sound":
                    if not self.frames_fed:
                        self._made_ns = monotonic_ns()  # it may have waited for its boundary
                    self.frames_fed += 1
        except BrokenPipeError:
            self._fail("exit")
        except TapeLostError:
            self._fail("late")
        finally:
            pipe.close()

    def _write_pictures(self, pipe: Pipe) -> None:
        self._feed("picture", pipe, lambda item: item.picture or b"")

    def _write_sound(self, pipe: Pipe) -> None:
        # AAC puts one frame of priming before the first samples; they are left out, so that
        # the priming stands in their place and every later frame on the grid.
        skip = AAC_FRAME_SAMPLES * _SAMPLE_BYTES
        block = samples_per_frame(self._plan.frame_rate) * _SAMPLE_BYTES
        skipped = 0

        def sound_of(item: TapeItem) -> bytes:
            nonlocal skipped
            here = min(block, skip - skipped)
            skipped += here
            return item.sound[here:]

        self._feed("sound", pipe, sound_of)

    def _read_output(self, pipe: Pipe, name: str) -> None:
        cutter = SoundNumberer(self._plan.start) if name == MP3 else FragmentCutter()

        def take(data: bytes) -> None:
            for made in cutter.receive(data):
                self._made_ns = monotonic_ns()
                self._note(name, made)
                self._deliver(Output(name, made))

        try:
            read_bytes(pipe.read_fd, take)
        except FormatError:
            self._fail("format")
        finally:
            pipe.close()
        self._fail("exit")

    def _note(self, name: str, made: MadeHeader | MadePart | MadeSound) -> None:
        if isinstance(made, MadeHeader):
            return
        with self._lock:
            self._newest[name] = made.address if isinstance(made, MadePart) else made.covers

    def _read_thumbnails(self, pipe: Pipe) -> None:
        """Take thumbnails; whatever comes, the pipe is read to its end, or FFmpeg would stop."""
        cutter = ThumbnailCutter(msn_at(self._plan.start))

        def take(data: bytes) -> None:
            if self.thumbnail_fault or self._deliver_thumbnail is None:
                return
            try:
                for made in cutter.receive(data):
                    self._deliver_thumbnail(made)
            except FormatError:
                self.thumbnail_fault = "format"

        try:
            read_bytes(pipe.read_fd, take)
        finally:
            pipe.close()
        self._thumbnails_ended = True

    def _read_stderr(self) -> None:
        if self._process is None or self._process.stderr is None:
            return
        with suppress(ValueError, OSError):
            for line in self._process.stderr:
                self.stderr_tail = line.decode("utf-8", "replace").strip()[:500]


def process_cpu_seconds(pid: int | None) -> float:
    """Return user and system time of a process in seconds; 0 if it is gone."""
    if pid is None:
        return 0.0
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:  # noqa: PTH123 - procfs
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wants_processor(pid: int | None) -> bool:
    """Tell whether a thread of a process is running or waits for a processor."""
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        with suppress(OSError):
            if stat.read_text(encoding="ascii").rpartition(")")[2].split()[0] == "R":
                return True
    return False
