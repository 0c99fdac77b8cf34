"""Parts of low latency are judged."""

from __future__ import annotations

from monitoring.probe_faults import Fault
from monitoring.probe_parts import PartWatch, next_reload
from monitoring.probe_playlist import MediaPlaylist, read_playlist
from tests.monitoring.probe_values import at

HEAD = """#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:2
#EXT-X-PART-INF:PART-TARGET=0.5
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5
#EXT-X-MEDIA-SEQUENCE:7
"""


def version(parts: int, *, head: str = HEAD, hint: str | None = None, last_s: float = 0.5) -> str:
    """Return a playlist with so many parts of 0.5 s, four a segment."""
    lines = ""
    for number in range(parts):
        msn, index = 7 + number // 4, number % 4
        length_s = last_s if number == parts - 1 else 0.5
        mark = ",INDEPENDENT=YES" if index == 0 else ""
        lines += f'#EXT-X-PART:DURATION={length_s},URI="p{msn}.{index}"{mark}\n'
        if index == 3:
            lines += f"#EXTINF:2.0,\ns{msn}\n"
    hinted = hint or f"p{7 + parts // 4}.{parts % 4}"
    return head + lines + f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{hinted}"\n'


def playlist(text: str) -> MediaPlaylist:
    found = read_playlist(text.encode()).playlist
    assert isinstance(found, MediaPlaylist)
    return found


def watch(*versions: tuple[float, str]) -> list[Fault]:
    watching = PartWatch("360p")
    return [
        fault for second, text in versions for fault in watching.take(playlist(text), at(second))[0]
    ]


def test_parts_in_time_are_good() -> None:
    assert watch(*((0.5 * count, version(count)) for count in range(3, 12))) == []


def test_a_part_that_comes_later_than_a_player_holds_back_is_told_once() -> None:
    faults = watch((1.5, version(3)), (2, version(4)), (3.2, version(5)), (3.7, version(6)))
    assert [(one.kind, one.where) for one in faults] == [("part_late", "360p 8.0")]


def test_a_part_that_was_not_hinted_at_is_told() -> None:
    faults = watch((1.5, version(3, hint="other")), (2, version(4)))
    assert [(one.kind, one.where) for one in faults] == [("preload_hint", "360p 7.3")]


def test_a_playlist_without_a_hint_is_told() -> None:
    text = version(3).rsplit("#EXT-X-PRELOAD", 1)[0]
    assert [one.kind for one in watch((1.5, text))] == ["preload_hint"]


def test_lengths_of_parts_are_judged() -> None:
    assert [one.kind for one in watch((1.5, version(3, last_s=0.6)))] == ["part_duration"]
    assert watch((2, version(4, last_s=0.2))) == []  # the last of a segment may be short
    short = version(4).replace('DURATION=0.5,URI="p7.1"', 'DURATION=0.3,URI="p7.1"')
    assert [one.kind for one in watch((2, short))] == ["part_duration"]


def test_parts_that_are_not_the_segment_are_told() -> None:
    lacking = version(8).replace('#EXT-X-PART:DURATION=0.5,URI="p8.1"\n', "")
    faults = watch((2, version(4)), (4, lacking))
    assert ("part_missing", "360p 8") in [(one.kind, one.where) for one in faults]


def test_a_hold_back_below_two_targets_and_none_are_told() -> None:
    small = HEAD.replace("PART-HOLD-BACK=1.5", "PART-HOLD-BACK=0.9")
    assert [one.kind for one in watch((1.5, version(3, head=small)))] == ["server_control"]
    none = HEAD.replace(",PART-HOLD-BACK=1.5", "")
    assert [one.kind for one in watch((1.5, version(3, head=none)))] == ["server_control"]


def test_a_reload_asks_for_the_next_part() -> None:
    assert next_reload(playlist(version(3))) == (7, 3)
    assert next_reload(playlist(version(4))) == (8, 0)
    plain = HEAD.replace("CAN-BLOCK-RELOAD=YES,", "")
    assert next_reload(playlist(version(4, head=plain))) is None
    assert next_reload(playlist(version(4) + "#EXT-X-ENDLIST\n")) is None
