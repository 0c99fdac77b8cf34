"""core.samples: the rows of a fragment, runs cut, silence that decodes to silence."""

from __future__ import annotations

import io
import struct
from typing import cast

import av
import numpy as np
import pytest

from core.cmaf import parse_header
from core.errors import FormatError
from core.mp4 import MovieFacts, MovieTrack, TrackTable, front_limit, render_front
from core.samples import SampleRun, read_runs, silent_run
from tests.clip_media import make_channel, record
from tests.cmaf_media import box, make_header, make_video

VIDEO = make_video()
HEADER = parse_header(make_header(VIDEO))


def fragment(rows: list[tuple[int, int, int]], *, track_id: int = 1, short: int = 0) -> bytes:
    """Write a fragment of (duration, size, composition offset) whose first sample is a sync one."""
    tfhd = box(b"tfhd", struct.pack(">III", 0x020020, track_id, 0x1010000))
    tfdt = box(b"tfdt", struct.pack(">IQ", 1 << 24, 512_000))
    body = b"".join(struct.pack(">IIi", *row) for row in rows)

    def moof(offset: int) -> bytes:
        trun = struct.pack(">IIiI", 0x01000B05, len(rows), offset, 0x2000000) + body
        return box(b"moof", box(b"mfhd", bytes(8)), box(b"traf", tfhd, tfdt, box(b"trun", trun)))

    media = bytes(range(sum(size for _, size, _ in rows) - short))
    return moof(len(moof(0)) + 8) + box(b"mdat", media)


def test_reads_every_sample_of_a_fragment() -> None:
    styp = box(b"styp", b"cmfs", bytes(4))
    runs = read_runs(styp + fragment([(512, 3, 0), (512, 2, 1024), (512, 1, -512)]), HEADER)
    (run,) = runs
    assert run.decode_time == 512_000
    assert run.durations == (512, 512, 512)
    assert run.sizes == (3, 2, 1)
    assert run.offsets == (0, 1024, -512)
    assert run.syncs == (True, False, False)
    assert bytes(run.data) == bytes(range(6))
    assert run.presentation_times() == [512_000, 513_536, 512_512]
    assert run.end_time == 513_536


def test_cuts_a_run() -> None:
    run = SampleRun(100, (10, 20, 30), (1, 2, 3), (0, 5, 0), (True, False, True), b"abbccc")
    cut = run.cut(1, 3)
    assert (cut.decode_time, cut.durations, cut.sizes) == (110, (20, 30), (2, 3))
    assert (cut.offsets, cut.syncs, bytes(cut.data)) == ((5, 0), (False, True), b"bbccc")


@pytest.mark.parametrize(
    "data",
    [
        fragment([(512, 3, 0)], track_id=2),
        fragment([(512, 9, 0)], short=4),
        fragment([(512, 9, 0)])[:-1],
        fragment([(512, 9, 0)])[-17:],
    ],
)
def test_refuses_what_is_not_the_track(data: bytes) -> None:
    with pytest.raises(FormatError):
        read_runs(data, HEADER)


@pytest.mark.media
@pytest.mark.parametrize("name", ["a128", "a32"])
def test_silent_frames_are_silence_to_a_decoder(name: str) -> None:
    """Ten frames of ours, stereo and mono, as a file of their own."""
    made = record(make_channel("radio"), 1)
    header = parse_header(made.headers[name])
    run = silent_run(48_000 * 1_024, 10, header.channels)
    table = TrackTable(header)
    place = front_limit(10, 1)
    table.add(run, place)
    facts = MovieFacts(title="", artist="")
    track = MovieTrack(table, run.decode_time, run.end_time)
    end = place + len(run.data)
    file = render_front([track], facts, media_at=place, media_end=end) + bytes(run.data)
    with av.open(io.BytesIO(file), mode="r") as container:
        blocks = [cast("np.ndarray", frame.to_ndarray()) for frame in container.decode(audio=0)]
    heard = np.concatenate(blocks, axis=1)
    assert heard.shape == (header.channels, 10_240)
    assert not heard.any()
