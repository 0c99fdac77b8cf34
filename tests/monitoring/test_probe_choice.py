"""What a synthetic player plays."""

from __future__ import annotations

from monitoring.probe_choice import choose_renditions, first_media, hold_back_s, start_of
from monitoring.probe_playlist import MediaPlaylist, Multivariant, Resource, read_playlist
from tests.monitoring.probe_values import live


def listed(text: str) -> Multivariant:
    playlist = read_playlist(b"#EXTM3U\n" + text.encode()).playlist
    assert isinstance(playlist, Multivariant)
    return playlist


def test_the_smallest_picture_is_watched_with_its_own_sound() -> None:
    text = """#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="hi",NAME="a",URI="a128/index.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="lo",NAME="a",URI="a64/index.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="t",NAME="vi",URI="vi.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=3000,RESOLUTION=1280x720,AUDIO="hi"
720p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=900,RESOLUTION=640x360,AUDIO="lo"
360p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=64,CODECS="mp4a.40.2"
a32/index.m3u8
"""
    found = [(one.name, one.role) for one in choose_renditions(listed(text))]
    assert found == [
        ("360p", "main"), ("a64", "sound"), ("a128", "other"), ("720p", "other"),
        ("a32", "other"), ("vi", "text"),
    ]  # fmt: skip


def test_names_are_told_apart() -> None:
    text = "#EXT-X-STREAM-INF:BANDWIDTH=1\na/x.m3u8?k=1\n#EXT-X-STREAM-INF:BANDWIDTH=2\nb/x.m3u8\n"
    assert [one.name for one in choose_renditions(listed(text))] == ["x", "x-2"]


def test_a_player_begins_three_target_durations_from_the_end() -> None:
    assert [one.msn for one in start_of(live(0, 9))] == [7, 8, 9]
    assert [one.msn for one in start_of(live(0, 9, ended=True))] == list(range(10))
    assert [one.msn for one in start_of(live(0, 0))] == [0]
    assert start_of(live(0, -1)) == []
    head = "#EXT-X-SERVER-CONTROL:HOLD-BACK=8.0"
    assert [one.msn for one in start_of(live(0, 9, head=head))] == [6, 7, 8, 9]
    assert hold_back_s(live(0, 9, head=head)) == 8.0


def test_with_low_latency_a_player_begins_with_an_independent_part() -> None:
    text = """#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:2
#EXT-X-PART-INF:PART-TARGET=0.5
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5
#EXT-X-PART:DURATION=0.5,URI="p0",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.5,URI="p1"
#EXT-X-PART:DURATION=0.5,URI="p2",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.5,URI="p3"
#EXTINF:2,
s0
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p4"
"""
    playlist = read_playlist(text.encode()).playlist
    assert isinstance(playlist, MediaPlaylist)
    first = first_media(playlist)
    assert first is not None
    assert first[1] == Resource("p0")
