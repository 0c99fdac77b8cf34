"""origin.multivariant: what a channel offers, written out."""

from __future__ import annotations

import m3u8

from core.publication import MeasuredBitrate
from origin.multivariant import render_multivariant, render_sound
from origin.window import LiveWindow
from tests.origin.broadcast import Broadcast, make_settings

TV, RADIO = (Broadcast(channel) for channel in make_settings().channels)


def fed(broadcast: Broadcast) -> LiveWindow:
    window = LiveWindow({broadcast.channel.slug: broadcast.renditions})
    for header in broadcast.headers():
        window.apply(header)
    return window


def test_television() -> None:
    window = fed(TV)
    window.apply(
        MeasuredBitrate(channel="hytv", rendition="a96", peak_bps=101_000, average_bps=99_000)
    )
    assert render_multivariant(TV.channel, window.channels["hytv"], i_frames=False) == (
        "#EXTM3U\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",LANGUAGE="vi",NAME="Tiếng Việt",DEFAULT=YES,'
        'AUTOSELECT=YES,CHANNELS="2",STABLE-RENDITION-ID="a96",URI="a96/index.m3u8"\n'
        "#EXT-X-STREAM-INF:BANDWIDTH=885000,AVERAGE-BANDWIDTH=703000,"
        'CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=25.000,VIDEO-RANGE=SDR,'
        'CLOSED-CAPTIONS=NONE,AUDIO="sound",STABLE-VARIANT-ID="360p"\n'
        "360p/index.m3u8\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=293500,AVERAGE-BANDWIDTH=248000,"
        'CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=416x234,FRAME-RATE=25.000,VIDEO-RANGE=SDR,'
        'CLOSED-CAPTIONS=NONE,AUDIO="sound",STABLE-VARIANT-ID="234p"\n'
        "234p/index.m3u8\n"
    )


def test_live_names_the_i_frame_playlists_and_low_latency_does_not() -> None:
    window = fed(TV)
    window.apply(
        MeasuredBitrate(
            channel="hytv",
            rendition="360p",
            peak_bps=700_000,
            average_bps=600_000,
            i_frame_peak_bps=150_000,
            i_frame_average_bps=90_000,
        )
    )
    without = render_multivariant(TV.channel, window.channels["hytv"], i_frames=False)
    text = render_multivariant(TV.channel, window.channels["hytv"], i_frames=True)
    assert without is not None
    assert text == without + (
        '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=79520,AVERAGE-BANDWIDTH=39760,CODECS="avc1.64001f",'
        'RESOLUTION=416x234,VIDEO-RANGE=SDR,STABLE-VARIANT-ID="234p-i-frames",'
        'URI="234p/iframes.m3u8"\n'
        '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=150000,AVERAGE-BANDWIDTH=90000,CODECS="avc1.64001f",'
        'RESOLUTION=640x360,VIDEO-RANGE=SDR,STABLE-VARIANT-ID="360p-i-frames",'
        'URI="360p/iframes.m3u8"\n'
    )


def test_radio_has_plain_variants() -> None:
    assert render_multivariant(RADIO.channel, fed(RADIO).channels["hyfm"], i_frames=True) == (
        "#EXTM3U\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-STREAM-INF:BANDWIDTH=170400,AVERAGE-BANDWIDTH=132000,CODECS="mp4a.40.2",'
        'STABLE-VARIANT-ID="a128"\n'
        "a128/index.m3u8\n"
        '#EXT-X-STREAM-INF:BANDWIDTH=87200,AVERAGE-BANDWIDTH=68000,CODECS="mp4a.40.2",'
        'STABLE-VARIANT-ID="a64"\n'
        "a64/index.m3u8\n"
        '#EXT-X-STREAM-INF:BANDWIDTH=45600,AVERAGE-BANDWIDTH=36000,CODECS="mp4a.40.2",'
        'STABLE-VARIANT-ID="a32"\n'
        "a32/index.m3u8\n"
    )


def test_the_sound_of_television_saves_data_first() -> None:
    text = render_sound(TV.channel, fed(TV).channels["hytv"])
    assert [item.uri for item in m3u8.loads(text).playlists] == [
        "a32/index.m3u8",
        "a96/index.m3u8",
    ]


def test_360p_stands_first_then_they_rise() -> None:
    settings = make_settings().channels[0].model_copy(update={"ladder": "1080p"})
    broadcast = Broadcast(settings)
    text = render_multivariant(settings, fed(broadcast).channels["hytv"], i_frames=True)
    names = [item.uri.split("/")[0] for item in m3u8.loads(text).playlists]
    assert names == ["360p", "234p", "480p", "720p", "1080p"]


def test_there_is_none_until_every_header_is_known() -> None:
    window = LiveWindow({"hytv": TV.renditions})
    for header in TV.headers()[:-2]:
        window.apply(header)
    assert render_multivariant(TV.channel, window.channels["hytv"], i_frames=True) is None
    assert render_sound(TV.channel, window.channels["hytv"]) is None
