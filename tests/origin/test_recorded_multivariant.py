"""origin.recorded_multivariant: what a span offers."""

from __future__ import annotations

from core.archive import TrackFacts
from origin.recorded_multivariant import (
    RecordedRendition,
    render_recorded_multivariant,
    render_recorded_sound,
)


def video(name: str, width: int, height: int, bps: int) -> RecordedRendition:
    track = TrackFacts(kind="video", codec="avc1.64001f", width=width, height=height, frame_rate=25)
    return RecordedRendition(name=name, track=track, peak_bps=2 * bps, average_bps=bps)


def sound(name: str, channels: int, bps: int) -> RecordedRendition:
    track = TrackFacts(kind="audio", codec="mp4a.40.2", channels=channels)
    return RecordedRendition(name=name, track=track, peak_bps=2 * bps, average_bps=bps)


PICTURES = [
    video("720p", 1280, 720, 2_800),
    video("360p", 640, 360, 600),
    video("234p", 416, 234, 150),
]
SOUND = [sound("a96", 2, 96), sound("a32", 1, 32)]


def test_offers_pictures_with_stereo_the_middle_rung_first() -> None:
    text = render_recorded_multivariant(
        [*PICTURES, *SOUND], language="vi", uri=lambda name: f"x/{name}.m3u8", offset_ms=3_839
    )
    assert text == (
        "#EXTM3U\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-START:TIME-OFFSET=3.839,PRECISE=YES\n"
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",LANGUAGE="vi",NAME="Tiếng Việt",DEFAULT=YES,'
        'AUTOSELECT=YES,CHANNELS="2",STABLE-RENDITION-ID="a96",URI="x/a96.m3u8"\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=1392,AVERAGE-BANDWIDTH=696,CODECS="avc1.64001f,mp4a.40.2",'
        "RESOLUTION=640x360,FRAME-RATE=25.000,VIDEO-RANGE=SDR,CLOSED-CAPTIONS=NONE,"
        'AUDIO="sound",STABLE-VARIANT-ID="360p"\nx/360p.m3u8\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=492,AVERAGE-BANDWIDTH=246,CODECS="avc1.64001f,mp4a.40.2",'
        "RESOLUTION=416x234,FRAME-RATE=25.000,VIDEO-RANGE=SDR,CLOSED-CAPTIONS=NONE,"
        'AUDIO="sound",STABLE-VARIANT-ID="234p"\nx/234p.m3u8\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=5792,AVERAGE-BANDWIDTH=2896,CODECS="avc1.64001f,mp4a.40.2",'
        "RESOLUTION=1280x720,FRAME-RATE=25.000,VIDEO-RANGE=SDR,CLOSED-CAPTIONS=NONE,"
        'AUDIO="sound",STABLE-VARIANT-ID="720p"\nx/720p.m3u8\n'
    )


def test_the_order_in_which_renditions_were_found_changes_nothing() -> None:
    def write(items: list[RecordedRendition]) -> str:
        return render_recorded_multivariant(items, language="vi", uri=str, offset_ms=None)

    assert write([*PICTURES, *SOUND]) == write([*reversed(SOUND), *reversed(PICTURES)])


def test_offers_sound_alone_the_smallest_first() -> None:
    expected = (
        "#EXTM3U\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-STREAM-INF:BANDWIDTH=64,AVERAGE-BANDWIDTH=32,CODECS="mp4a.40.2",'
        'STABLE-VARIANT-ID="a32"\na32\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=192,AVERAGE-BANDWIDTH=96,CODECS="mp4a.40.2",'
        'STABLE-VARIANT-ID="a96"\na96\n'
    )
    assert render_recorded_sound([*PICTURES, *SOUND], uri=str, offset_ms=None) == expected
    radio = render_recorded_multivariant(SOUND, language="vi", uri=str, offset_ms=None)
    assert radio == expected


def test_pictures_without_sound_name_no_group() -> None:
    text = render_recorded_multivariant(PICTURES, language="vi", uri=str, offset_ms=None)
    assert "AUDIO=" not in text
    assert 'CODECS="avc1.64001f",' in text
