"""core.cmaf: what headers and fragments say, from hand-made bytes and from FFmpeg's."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest

from core.boxes import iter_boxes
from core.cmaf import (
    SLATE_BRAND,
    Fragment,
    TrackHeader,
    find_first_sample,
    parse_fragment,
    parse_header,
    parse_segment_brands,
    render_segment_type,
)
from core.errors import FormatError
from core.timeline import PartAddress, part_ticks
from tests.cmaf_bytes import AVCC, box, make_fragment, make_header
from tests.cmaf_media import make_fragment as make_part
from tests.cmaf_media import make_video

START_S = 1_795_442_400
"""A segment's start, in UNIX seconds."""


def test_reads_a_picture_header() -> None:
    header = parse_header(make_header())
    assert (header.kind, header.codec) == ("video", "avc1.42c01f")
    assert (header.width, header.height, header.timescale) == (640, 360, 12_800)
    assert header.configuration == AVCC
    assert len(header.hash) == 16


def test_reads_a_fragment_by_the_headers_defaults() -> None:
    header = parse_header(make_header())
    moof, mdat = make_fragment(decode_time=22_981_662_720_000)
    fragment = parse_fragment(moof, mdat, header)
    assert fragment == Fragment(moof + mdat, 22_981_662_720_000, 8_192, 16, starts_with_sync=True)


def test_a_fragment_without_an_idr_says_so() -> None:
    moof, mdat = make_fragment(first=0x10000)
    assert not parse_fragment(moof, mdat, parse_header(make_header())).starts_with_sync


def test_headers_are_compared_by_configuration() -> None:
    one, other = parse_header(make_header()), parse_header(make_header(brand=b"iso9"))
    assert one.hash != other.hash
    assert one.same_configuration(other)
    assert not one.same_configuration(parse_header(make_header(timescale=90_000)))


def test_another_codec_is_named() -> None:
    with pytest.raises(FormatError, match="hvc1") as caught:
        parse_header(make_header(entry=box(b"hvc1", bytes(78))))
    assert caught.value.code == "codec"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (make_header(tracks=2), "one track"),
        (make_header(tracks=0), "one track"),
        (make_header(timescale=0), "timescale of 0"),
        (make_header() + box(b"free"), "one ftyp and one moov"),
        (box(b"ftyp"), "one ftyp and one moov"),
        (make_header(entry=b""), "no sample entry"),
        (make_header(entry=box(b"avc1", b"short")), "too short"),
        (make_header(entry=box(b"mp4a", bytes(28), box(b"esds", bytes(6)))), "esds"),
    ],
)
def test_a_broken_header_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        parse_header(data)


def test_a_broken_fragment_is_refused_with_the_reason() -> None:
    header = parse_header(make_header())
    for moof, reason in (
        (make_fragment(trafs=2)[0], "one traf"),
        (make_fragment(trafs=0)[0], "one traf"),
        (make_fragment(track=2)[0], "track 2"),
        (make_fragment(samples=0)[0], "0 samples"),
        (make_fragment(samples=2**32 - 1)[0], "4294967295 samples"),
    ):
        with pytest.raises(FormatError, match=reason):
            parse_fragment(moof, box(b"mdat"), header)


def test_a_cut_fragment_raises_nothing_but_a_format_error() -> None:
    header = parse_header(make_header())
    moof, _ = make_fragment()
    for end in range(8, len(moof)):
        cut = struct.pack(">I", end) + moof[4:end]
        with pytest.raises(FormatError):
            parse_fragment(cut, b"", header)


def test_finds_the_first_picture_of_a_part() -> None:
    part = make_part(make_video(), PartAddress(1, 0), payload_bytes=100)
    start, end = find_first_sample(part)
    assert (start, end) == (0, len(part) - 2 * 15)
    styp = render_segment_type(slate=False)
    assert find_first_sample(styp + part) == (len(styp), len(styp) + end)


@pytest.mark.parametrize(
    ("tfhd", "trun", "size"),
    [
        ((0x020010, 1, 77), (0x001, 16), 77),
        ((0x02003B, 1, 0, 0, 5, 512, 78, 9), (0x005, 16), 78),
        ((0x020000, 1), (0xF05, 16), 79),
        ((0x020000, 1), (0x001, 16), None),
        ((0x020010, 1, 70_000), (0x001, 16), None),
    ],
)
def test_a_sample_tells_its_size_in_any_of_the_three_places(
    tfhd: tuple[int, ...], trun: tuple[int, int], size: int | None
) -> None:
    """Flags and words after 14496-12: defaults of the track, of the fragment, or its own."""
    first = (0,) if trun[0] & 4 else ()
    own = (512, 79, 0, 0) if trun[0] & 0x200 else ()

    def moof(offset: int) -> bytes:
        words = (*trun, offset, *first, *own)
        traf = box(
            b"traf",
            box(b"tfhd", struct.pack(f">{len(tfhd)}I", *tfhd)),
            box(b"trun", struct.pack(f">{len(words)}I", *words)),
        )
        return box(b"moof", box(b"mfhd", bytes(8)), traf)

    length = len(moof(0)) + 8
    part = moof(length) + box(b"mdat", bytes(200))
    if size is None:
        with pytest.raises(FormatError):
            find_first_sample(part)
    else:
        assert find_first_sample(part) == (0, length + size)


@pytest.mark.parametrize("at", range(0, 200, 7))
def test_a_cut_part_raises_nothing_but_a_format_error(at: int) -> None:
    part = make_part(make_video(), PartAddress(1, 0))
    with pytest.raises(FormatError):
        find_first_sample(part[: min(at, len(part) - 31)])


def test_segment_type_carries_the_slate_brand() -> None:
    assert SLATE_BRAND in parse_segment_brands(render_segment_type(slate=True))
    assert parse_segment_brands(render_segment_type(slate=False)) == {b"cmfs", b"cmff"}


# --- FFmpeg's own bytes ---


def encode(tmp_path: Path, *arguments: str) -> tuple[TrackHeader, list[Fragment]]:
    """Return what FFmpeg writes with the platform's flags (DESIGN 3.3)."""
    path = tmp_path / "track.mp4"
    flags = "+cmaf+empty_moov+default_base_moof+skip_trailer+frag_discont"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *arguments]
    command += ["-movflags", flags, "-frag_duration", "640000", "-f", "mp4", str(path)]
    subprocess.run(command, check=True, timeout=30)
    boxes = [bytes(item.raw) for item in iter_boxes(path.read_bytes())]
    header = parse_header(boxes[0] + boxes[1])
    media = [item for item in boxes[2:] if item[4:8] in {b"moof", b"mdat"}]
    return header, [
        parse_fragment(moof, mdat, header)
        for moof, mdat in zip(media[::2], media[1::2], strict=True)
    ]


@pytest.mark.media
@pytest.mark.timeout(60)
def test_ffmpegs_pictures_lie_on_the_grid(tmp_path: Path) -> None:
    header, fragments = encode(
        tmp_path,
        *("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=3.84"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"),
        *("-g", "48", "-keyint_min", "48", "-sc_threshold", "0"),
        *("-output_ts_offset", str(START_S)),
    )
    ticks = part_ticks(header.timescale)
    assert (header.kind, header.width, header.height) == ("video", 64, 64)
    assert [fragment.samples for fragment in fragments] == [16] * 6
    start = START_S * header.timescale
    assert [f.decode_time for f in fragments] == [start + i * ticks for i in range(6)]
    assert [f.starts_with_sync for f in fragments] == [True, False, False, True, False, False]


@pytest.mark.media
@pytest.mark.timeout(60)
def test_ffmpegs_sound_lies_on_the_grid(tmp_path: Path) -> None:
    header, fragments = encode(
        tmp_path,
        *("-f", "lavfi", "-i", "sine=sample_rate=48000:duration=4"),
        *("-af", "atrim=start_sample=1024,asetpts=N/SR/TB", "-c:a", "aac", "-ac", "2"),
        *("-output_ts_offset", f"{START_S + 1024 / 48000:.9f}"),
    )
    assert (header.kind, header.codec, header.timescale) == ("audio", "mp4a.40.2", 48_000)
    assert (header.channels, header.sample_rate) == (2, 48_000)
    whole = fragments[:6]
    assert [fragment.samples for fragment in whole] == [30] * 6
    assert [f.decode_time for f in whole] == [START_S * 48_000 + i * 30_720 for i in range(6)]
    assert all(fragment.starts_with_sync for fragment in whole)
