"""origin.recorded_playlist: the text of spans, of the rewind window, of delayed lists."""

from __future__ import annotations

import re

import m3u8
from hypothesis import given
from hypothesis import strategies as st

from core.archive import Run
from origin.recorded import Recording, numbers_to_runs
from origin.recorded_playlist import render_delayed, render_rewind, render_span

A = "../../../../media/hytv/720p/"
B = "../../../media/hytv/720p/"
N = 467_500_000


def test_writes_a_span_with_a_hole_and_a_change_of_header() -> None:
    recording = Recording(
        (Run(N, N + 1, "aa"), Run(N + 3, N + 3, "aa"), Run(N + 4, N + 4, "bb")), (N + 4,)
    )
    text = render_span(recording, N + 4, media=A, over=True, offset_ms=1_040)
    assert text == (
        "#EXTM3U\n#EXT-X-VERSION:8\n#EXT-X-TARGETDURATION:4\n#EXT-X-PLAYLIST-TYPE:VOD\n"
        "#EXT-X-START:TIME-OFFSET=1.040,PRECISE=YES\n"
        f"#EXT-X-MEDIA-SEQUENCE:{N}\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
        f'#EXT-X-MAP:URI="{A}aa.mp4"\n'
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T18:40:00.000Z\n"
        f"#EXTINF:3.84000,\n{A}467500000.m4s\n#EXTINF:3.84000,\n{A}467500001.m4s\n"
        f"#EXT-X-GAP\n#EXTINF:3.84000,\n{A}467500002.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T18:40:11.520Z\n"
        f"#EXTINF:3.84000,\n{A}467500003.m4s\n"
        f'#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="{A}bb.mp4"\n'
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T18:40:15.360Z\n"
        f"#EXTINF:3.84000,\n{A}467500004.m4s\n#EXT-X-ENDLIST\n"
    )


def test_a_span_that_runs_is_an_event_without_an_end() -> None:
    text = render_span(Recording((Run(N, N, "aa"),), ()), N, media=A, over=False, offset_ms=0)
    assert "#EXT-X-VERSION:6\n" in text
    assert "#EXT-X-PLAYLIST-TYPE:EVENT\n" in text
    assert "#EXT-X-START:TIME-OFFSET=0.000,PRECISE=YES\n" in text
    assert "ENDLIST" not in text


def test_a_discontinuity_within_a_hole_stands_there_and_not_again() -> None:
    recording = Recording((Run(N, N, "aa"), Run(N + 4, N + 4, "bb")), (N, N + 2))
    text = render_span(recording, N + 4, media="", over=True, offset_ms=0)
    assert text.count("#EXT-X-DISCONTINUITY\n") == 1
    assert f"#EXT-X-DISCONTINUITY\n#EXT-X-GAP\n#EXTINF:3.84000,\n{N + 2}.m4s" in text


def test_a_header_that_changes_untold_is_a_discontinuity_and_a_fault_is_none() -> None:
    runs = (Run(N, N, "aa"), Run(N + 2, N + 2, "aa"), Run(N + 3, N + 3, "bb"))
    text = render_span(Recording(runs, ()), N + 3, media="", over=True, offset_ms=0)
    assert text.count("#EXT-X-DISCONTINUITY\n") == 1
    assert '#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="bb.mp4"' in text


def test_a_delta_keeps_the_numbers_of_the_whole_and_repeats_no_header() -> None:
    recording = Recording((Run(N, N + 20, "aa"),), (N + 15,))
    whole = render_rewind(recording, N + 20, media=B, discontinuity_sequence=3, delta=False)
    delta = render_rewind(recording, N + 20, media=B, discontinuity_sequence=3, delta=True)
    assert whole is not None
    assert delta is not None
    for text in (whole, delta):
        assert f"#EXT-X-MEDIA-SEQUENCE:{N}\n#EXT-X-DISCONTINUITY-SEQUENCE:3\n" in text
        assert "CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=24.0,HOLD-BACK=15.36" in text
    assert "#EXT-X-SKIP:SKIPPED-SEGMENTS=14\n" in delta
    assert "EXT-X-MAP" not in delta
    assert whole.endswith(delta[delta.index(f"#EXTINF:3.84000,\n{B}{N + 15}") :])


def test_a_delta_tells_no_discontinuity_twice() -> None:
    """It lay in a hole before the skip boundary; the header that came with it comes after."""
    recording = Recording((Run(N, N, "aa"), Run(N + 8, N + 8, "bb")), (N + 1,))
    delta = render_rewind(recording, N + 8, media="", discontinuity_sequence=0, delta=True)
    assert delta is not None
    assert "#EXT-X-DISCONTINUITY\n" not in delta
    assert '#EXT-X-MAP:URI="bb.mp4"' in delta


def test_a_short_list_has_no_delta() -> None:
    recording = Recording((Run(N, N + 6, "aa"),), ())
    assert render_rewind(recording, N + 6, media="", discontinuity_sequence=0, delta=True) is None


def test_a_delayed_list_slides_like_a_live_one() -> None:
    text = render_delayed(
        Recording((Run(N, N + 9, "aa"),), ()), N + 9, media=B, discontinuity_sequence=0
    )
    assert "PLAYLIST-TYPE" not in text
    assert "ENDLIST" not in text
    assert f"#EXT-X-MEDIA-SEQUENCE:{N}\n" in text


@st.composite
def _recordings(draw: st.DrawFn) -> tuple[Recording, dict[int, str]]:
    there = draw(st.sets(st.integers(0, 60), min_size=1))
    change = draw(st.integers(0, 60))
    headers = {N + n: "aa" if n < change else "bb" for n in sorted(there)}
    marks = tuple(N + n for n in sorted(draw(st.sets(st.integers(0, 60), max_size=4))))
    return Recording(numbers_to_runs(headers.items()), marks), headers


@given(_recordings(), st.integers(0, 5))
def test_each_number_stands_once_with_its_own_time_and_header(
    drawn: tuple[Recording, dict[int, str]], trailing: int
) -> None:
    recording, headers = drawn
    first, last = recording.first, recording.last + trailing
    text = render_span(recording, last, media="", over=True, offset_ms=0)
    parsed = m3u8.loads(text)
    numbers = [int(item.uri.removesuffix(".m4s")) for item in parsed.segments]
    assert numbers == list(range(first, last + 1))
    assert parsed.media_sequence == first
    for item, msn in zip(parsed.segments, numbers, strict=True):
        assert (item.gap_tag is None) == (msn in headers)
        moment = item.current_program_date_time
        assert round(moment.timestamp() * 1000) == msn * 3_840
        if msn in headers:
            assert item.init_section.uri == f"{headers[msn]}.mp4"
    marks = {msn for msn in recording.discontinuities if first < msn <= last}
    tagged = {msn for item, msn in zip(parsed.segments, numbers, strict=True) if item.discontinuity}
    assert marks <= tagged
    assert len(tagged - marks) <= 1  # the header's change, where nobody told


@given(_recordings())
def test_a_delta_is_the_end_of_the_whole(drawn: tuple[Recording, dict[int, str]]) -> None:
    recording, _ = drawn
    last = recording.last
    whole = render_rewind(recording, last, media="", discontinuity_sequence=0, delta=False)
    delta = render_rewind(recording, last, media="", discontinuity_sequence=0, delta=True)
    assert whole is not None
    if delta is None:
        assert last - recording.first < 7
        return
    skipped = re.search(r"SKIPPED-SEGMENTS=([0-9]+)", delta)
    assert skipped is not None
    assert int(skipped[1]) == last - 6 - recording.first
    dated = re.compile("#EXT-X-PROGRAM-DATE-TIME:.*\n")  # a delta tells the time once more
    assert dated.sub("", whole).endswith(dated.sub("", delta.partition(skipped[0] + "\n")[2]))
