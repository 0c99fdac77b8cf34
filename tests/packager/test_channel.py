"""packager.channel: what is published, when a number is a hole, what a restart keeps."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.cmaf import TrackHeader, parse_header
from core.errors import FormatError
from core.ladder import Rendition
from core.publication import (
    ChannelState,
    DiscontinuityDeclared,
    HeaderPublished,
    HoleDeclared,
    MeasuredBitrate,
    PartPublished,
    Publication,
    SegmentPublished,
    ThumbnailPublished,
)
from core.timeline import PartAddress, UnixNs, end_of_part, end_of_segment
from packager.channel import ChannelMachine, Duplicate, Taken
from packager.cutter import PartCut
from packager.window import SnapshotItem
from tests.cmaf_media import MSN, make_fragment, make_header, make_video

VIDEO = make_video()
SOUND = Rendition(name="a96", kind="audio", bitrate_bps=96_000, channels=2)
LADDER = (VIDEO, SOUND)
BY_NAME = {item.name: item for item in LADDER}
SECOND = 1_000_000_000


def at(msn: int, seconds: float = 0.0) -> UnixNs:
    """Return the moment so long after the end of a segment."""
    return UnixNs(end_of_segment(msn) + int(seconds * SECOND))


def header(rendition: Rendition, variant: int = 0) -> TrackHeader:
    return parse_header(make_header(rendition, variant=variant))


def cut(
    rendition: Rendition, msn: int, part: int, *, variant: int = 0, slate: bool = False
) -> PartCut:
    address = PartAddress(msn, part)
    independent = rendition.kind == "audio" or part % 3 == 0
    data = make_fragment(rendition, address)
    return PartCut(address, header(rendition, variant), data, independent, slate)


def new_machine(msn: int = MSN, ladder: tuple[Rendition, ...] = LADDER) -> ChannelMachine:
    return ChannelMachine("hytv", ladder, now=at(msn - 1))


def send(
    machine: ChannelMachine,
    rendition: Rendition,
    msn: int,
    part: int,
    *,
    now: UnixNs | None = None,
    variant: int = 0,
) -> list[Publication]:
    """Give one part, by default just after its end; return what is published."""
    when = end_of_part(PartAddress(msn, part)) if now is None else now
    verdict = machine.receive_part(
        rendition.name, cut(rendition, msn, part, variant=variant), now=when
    )
    return verdict.publications if isinstance(verdict, Taken) else []


def send_segment(
    machine: ChannelMachine,
    msn: int,
    *renditions: Rendition,
    now: UnixNs | None = None,
    variant: int = 0,
) -> list[Publication]:
    found: list[Publication] = []
    for part in range(6):
        for rendition in renditions or LADDER:
            found += send(machine, rendition, msn, part, now=now, variant=variant)
    return found


def holes(publications: list[Publication]) -> list[int]:
    return [item.msn for item in publications if isinstance(item, HoleDeclared)]


def joined(items: list[SnapshotItem]) -> list[Publication]:
    return [
        replace(item, data=b"".join(parts)) if isinstance(item, SegmentPublished) else item
        for item, parts in items
    ]


def tick_to(machine: ChannelMachine, start: UnixNs, end: UnixNs) -> list[Publication]:
    """Advance as the shell does, ten times a second."""
    found: list[Publication] = []
    for now in range(start, end + 1, SECOND // 10):
        found += machine.advance(UnixNs(now))
    return found


def media_of(publications: list[Publication]) -> list[Publication]:
    """Return what the spool keeps as files of their own."""
    kinds = HeaderPublished | PartPublished | SegmentPublished
    return [item for item in publications if isinstance(item, kinds)]


def test_publishes_the_header_then_each_part_then_the_segment() -> None:
    machine = new_machine()
    found = send_segment(machine, MSN, VIDEO)
    assert [type(item).__name__ for item in found] == [
        "HeaderPublished",
        *6 * ["PartPublished"],
        "SegmentPublished",
    ]
    assert found[0] == HeaderPublished(
        channel="hytv",
        rendition="234p",
        hash=header(VIDEO).hash,
        data=make_header(VIDEO),
    )
    assert found[4] == PartPublished(
        channel="hytv",
        rendition="234p",
        msn=MSN,
        part=3,
        header_hash=header(VIDEO).hash,
        independent=True,
        data=make_fragment(VIDEO, PartAddress(MSN, 3)),
    )
    assert found[-1] == SegmentPublished(
        channel="hytv",
        rendition="234p",
        msn=MSN,
        header_hash=header(VIDEO).hash,
        slate=False,
        data=b"",
    )


def test_what_is_there_is_a_duplicate() -> None:
    machine = new_machine()
    send(machine, VIDEO, MSN, 0)
    send(machine, VIDEO, MSN, 1)
    again = machine.receive_part(VIDEO.name, cut(VIDEO, MSN, 0), now=at(MSN))
    assert again == Duplicate()


@pytest.mark.parametrize(
    ("msn", "part", "code"),
    [
        (MSN + 1, 2, "order"),
        (MSN + 1, 5, "order"),
        (MSN - 1, 0, "late"),
        (0, 0, "late"),
        (MSN + 3, 0, "early"),
        (MSN * 1000, 0, "early"),
    ],
)
def test_refuses_what_does_not_fit_the_window(msn: int, part: int, code: str) -> None:
    machine = new_machine()
    send_segment(machine, MSN)
    send(machine, VIDEO, MSN + 1, 0)
    machine.receive_part(SOUND.name, cut(SOUND, MSN + 1, 0), now=at(MSN + 1))
    before = joined(machine.snapshot())
    with pytest.raises(FormatError) as caught:
        machine.receive_part(SOUND.name, cut(SOUND, msn, part), now=at(MSN))
    assert caught.value.code == code
    assert joined(machine.snapshot()) == before


def test_refuses_media_of_long_ago_before_there_is_a_window() -> None:
    with pytest.raises(FormatError) as caught:
        send(new_machine(), VIDEO, MSN - 30, 0, now=at(MSN))
    assert caught.value.code == "late"


def test_a_number_that_a_rendition_lacks_is_a_hole_soon_after_its_end() -> None:
    machine = new_machine()
    send_segment(machine, MSN)
    send_segment(machine, MSN + 1, VIDEO)
    for part in range(5):
        send(machine, SOUND, MSN + 1, part)
    assert machine.next_wakeup() == at(MSN + 1, 2.5)
    assert tick_to(machine, at(MSN), at(MSN + 1, 2.4)) == []
    assert machine.advance(at(MSN + 1, 2.5)) == [
        HoleDeclared(channel="hytv", msn=MSN + 1, reason="no a96")
    ]
    told = joined(machine.snapshot())
    assert sum(isinstance(item, PartPublished) for item in told) == 5  # published parts stay
    assert holes(told) == [MSN + 1]
    assert machine.status().holes == [MSN + 1]
    assert machine.status().complete_since_ns == end_of_segment(MSN + 1)


def test_a_hole_is_refilled_whole_when_the_last_rendition_is_complete() -> None:
    machine = new_machine()
    send_segment(machine, MSN)
    send(machine, VIDEO, MSN + 1, 0)
    assert holes(tick_to(machine, at(MSN), at(MSN + 1, 2.6))) == [MSN + 1]
    late = at(MSN + 1, 3)
    for part in range(1, 6):
        assert send(machine, VIDEO, MSN + 1, part, now=late) == []
    found = [item for part in range(6) for item in send(machine, SOUND, MSN + 1, part, now=late)]
    assert [
        (item.rendition, item.msn, len(item.data))
        for item in found
        if isinstance(item, SegmentPublished)
    ] == [
        ("234p", MSN + 1, 6 * 212),
        ("a96", MSN + 1, 6 * 148),
    ]
    assert len(found) == 2
    assert machine.status().holes == []


def test_no_hole_before_the_first_segment() -> None:
    machine = new_machine()
    send(machine, VIDEO, MSN, 0)
    assert machine.next_wakeup() is None
    assert machine.advance(at(MSN + 50)) == []
    send_segment(machine, MSN + 51, now=at(MSN + 51))
    assert machine.next_wakeup() == at(MSN + 52, 2.5)


def test_what_was_begun_before_the_first_segment_is_a_hole() -> None:
    """The first encoder ended within its first segment: players have parts of it, and go on."""
    machine = new_machine()
    send(machine, VIDEO, MSN, 0)
    begun = at(MSN + 2)
    assert holes(send_segment(machine, MSN + 2, now=begun)) == []
    assert machine.next_wakeup() == begun + 4 * SECOND  # the senders may still have the rest
    found = tick_to(machine, begun, UnixNs(begun + 4 * SECOND))
    assert holes(found) == [MSN, MSN + 1]
    assert machine.status().complete_since_ns == at(MSN + 1)
    send_segment(machine, MSN + 3)
    assert machine.next_wakeup() == at(MSN + 4, 2.5)


def test_a_restart_keeps_what_was_begun_before_the_first_segment() -> None:
    machine = new_machine()
    heard = send(machine, VIDEO, MSN, 0) + send_segment(machine, MSN + 1)
    again = ChannelMachine("hytv", LADDER, now=at(MSN + 1), restored=heard)
    send_segment(again, MSN + 2)
    assert holes(tick_to(again, at(MSN + 1), at(MSN + 3))) == [MSN]


def test_after_ten_segments_without_media_the_edge_stands_still() -> None:
    machine = new_machine()
    send_segment(machine, MSN)
    found = tick_to(machine, at(MSN), at(MSN + 30))
    assert holes(found) == list(range(MSN + 1, MSN + 11))
    assert machine.next_wakeup() is None


def test_returning_media_declare_the_missing_numbers_in_one_go() -> None:
    machine = new_machine()
    send_segment(machine, MSN)
    tick_to(machine, at(MSN), at(MSN + 14))
    found = send(machine, VIDEO, MSN + 16, 0)
    assert holes(found) == list(range(MSN + 11, MSN + 15))
    assert isinstance(found[-1], PartPublished)
    assert holes(tick_to(machine, at(MSN + 14), at(MSN + 15, 2.6))) == [MSN + 15]


def test_after_an_hour_only_the_window_is_declared_missing() -> None:
    machine = new_machine()
    send_segment(machine, MSN)
    tick_to(machine, at(MSN), at(MSN + 14))
    found = send(machine, VIDEO, MSN + 937, 0, now=at(MSN + 937, 3))
    assert holes(found) == list(range(MSN + 937 - 23, MSN + 937))
    assert len(machine.snapshot()) < 40


def test_a_process_that_was_stopped_waits_before_it_judges() -> None:
    """After SIGSTOP the senders' bytes wait in the sockets; they must be read first."""
    machine = new_machine()
    send_segment(machine, MSN)
    woken = at(MSN + 3)
    assert machine.advance(woken) == []
    send_segment(machine, MSN + 1, now=woken)
    send_segment(machine, MSN + 2, now=woken)
    send_segment(machine, MSN + 3, now=woken)
    assert tick_to(machine, woken, at(MSN + 4)) == []


def test_a_stop_that_ends_just_when_a_hole_is_due_is_a_stop_too() -> None:
    machine = new_machine()
    send_segment(machine, MSN)
    due = UnixNs(at(MSN + 2) + 2_500_000_000)  # 2.5 s after the end of the next
    machine.advance(UnixNs(due - 2_600_000_000))
    assert machine.advance(due) == []
    send_segment(machine, MSN + 1, now=due)
    assert tick_to(machine, due, at(MSN + 3)) == []


def test_a_number_that_every_rendition_has_passed_by_is_a_hole_at_once() -> None:
    """A new encoder goes on with the next segment: nobody waits 2.5 s to be told."""
    machine = new_machine()
    send_segment(machine, MSN)
    begun = send_segment(machine, MSN + 1)
    assert not holes(begun)
    found: list[Publication] = []
    for rendition in LADDER:
        assert not holes(found)
        found += send(machine, rendition, MSN + 3, 0)
    assert holes(found) == [MSN + 2]


def test_the_window_is_ninety_seconds() -> None:
    machine = new_machine()
    for msn in range(MSN, MSN + 40):
        send_segment(machine, msn)
    numbers = {
        item.msn for item in joined(machine.snapshot()) if isinstance(item, SegmentPublished)
    }
    assert numbers == set(range(MSN + 16, MSN + 40))
    assert machine.first_kept == MSN + 16


def test_an_equal_configuration_in_another_header_changes_nothing() -> None:
    machine = new_machine()
    send_segment(machine, MSN, VIDEO)
    other = replace(header(VIDEO), data=b"other names inside", hash="0" * 16)
    part = replace(cut(VIDEO, MSN + 1, 0), header=other)
    verdict = machine.receive_part(VIDEO.name, part, now=at(MSN + 1))
    assert isinstance(verdict, Taken)
    (published,) = verdict.publications
    assert isinstance(published, PartPublished)
    assert published.header_hash == header(VIDEO).hash


def test_a_new_configuration_is_one_discontinuity_of_the_channel() -> None:
    machine = new_machine()
    send_segment(machine, MSN)
    found = send_segment(machine, MSN + 1, variant=1)
    declared = [item for item in found if isinstance(item, DiscontinuityDeclared)]
    assert declared == [DiscontinuityDeclared(channel="hytv", msn=MSN + 1, sequence=1)]
    kinds = [type(item).__name__ for item in found[:3]]
    assert kinds == ["HeaderPublished", "DiscontinuityDeclared", "PartPublished"]
    again = send_segment(machine, MSN + 2)
    assert DiscontinuityDeclared(channel="hytv", msn=MSN + 2, sequence=2) in again


def test_a_configuration_does_not_change_within_a_segment() -> None:
    machine = new_machine()
    send(machine, VIDEO, MSN, 0)
    with pytest.raises(FormatError) as caught:
        send(machine, VIDEO, MSN, 1, variant=1)
    assert caught.value.code == "configuration"


def test_the_discontinuity_before_the_window_still_tells_the_sequence() -> None:
    machine = new_machine()
    send_segment(machine, MSN)
    for msn in range(MSN + 1, MSN + 60):
        send_segment(machine, msn, variant=1)
    assert DiscontinuityDeclared(channel="hytv", msn=MSN + 1, sequence=1) in machine.facts()


def test_rates_are_published_after_twenty_segments() -> None:
    machine = new_machine()
    found = [item for msn in range(MSN, MSN + 25) for item in send_segment(machine, msn)]
    rates = [item for item in found if isinstance(item, MeasuredBitrate)]
    figures = [(item.rendition, item.peak_bps, item.i_frame_peak_bps) for item in rates]
    assert figures == [("234p", 3_000, 1_000), ("a96", 2_000, 0)]


def test_a_restart_keeps_the_rates_of_i_frames() -> None:
    said = MeasuredBitrate(
        channel="hytv",
        rendition="234p",
        peak_bps=200_000,
        average_bps=150_000,
        i_frame_peak_bps=60_000,
        i_frame_average_bps=40_000,
    )
    machine = ChannelMachine("hytv", LADDER, now=at(MSN - 1), restored=[said])
    found = [item for msn in range(MSN, MSN + 25) for item in send_segment(machine, msn)]
    assert not [i for i in found if isinstance(i, MeasuredBitrate) and i.rendition == "234p"]
    assert said in machine.facts()


def test_a_rendition_that_a_reload_added_lacks_nothing_before_its_first_part() -> None:
    machine = new_machine()
    send_segment(machine, MSN)
    low = make_video("low")
    machine.set_renditions((VIDEO, low, SOUND))
    send_segment(machine, MSN + 1)
    assert machine.next_wakeup() == at(MSN + 2, 2.5)
    send(machine, low, MSN + 2, 0)
    send_segment(machine, MSN + 2)
    assert holes(tick_to(machine, at(MSN + 2), at(MSN + 2, 2.6))) == [MSN + 2]


def test_a_restart_keeps_numbers_window_and_marks() -> None:
    machine = new_machine()
    heard: list[Publication] = machine.set_state(
        ChannelState(channel="hytv", on_air="studio", title="", since_ns=1)
    )
    for msn in range(MSN, MSN + 30):
        heard += send_segment(machine, msn, variant=int(msn > MSN + 25))
    heard += send(machine, VIDEO, MSN + 30, 0, variant=1)
    now = at(MSN + 30)

    again = ChannelMachine("hytv", LADDER, now=now, restored=[*machine.facts(), *media_of(heard)])

    assert joined(again.snapshot()) == joined(machine.snapshot())
    assert again.first_kept == machine.first_kept
    found = send(again, VIDEO, MSN + 30, 1, variant=1)
    assert [type(item).__name__ for item in found] == ["PartPublished"]


def test_a_restart_gives_senders_four_seconds_before_it_judges() -> None:
    machine = new_machine()
    heard = send_segment(machine, MSN)
    heard += send(machine, VIDEO, MSN + 1, 0)
    start = at(MSN + 1, 1.9)
    again = ChannelMachine("hytv", LADDER, now=start, restored=heard)
    assert again.next_wakeup() == start + 4 * SECOND
    send_segment(again, MSN + 1, now=at(MSN + 1, 4))
    assert holes(tick_to(again, start, at(MSN + 1, 5.8))) == []
    assert holes(tick_to(again, at(MSN + 1, 5.8), at(MSN + 2, 3))) == [MSN + 2]


def test_a_restart_keeps_a_refilled_segment() -> None:
    machine = new_machine()
    heard = send_segment(machine, MSN)
    heard += tick_to(machine, at(MSN), at(MSN + 1, 2.6))
    heard += send_segment(machine, MSN + 1, now=at(MSN + 1, 3))
    again = ChannelMachine("hytv", LADDER, now=at(MSN + 1, 3), restored=media_of(heard))
    assert joined(again.snapshot()) == joined(machine.snapshot())


def test_a_restart_keeps_what_a_hole_has_already() -> None:
    machine = new_machine()
    heard = send_segment(machine, MSN)
    heard += tick_to(machine, at(MSN), at(MSN + 1, 2.6))
    late = at(MSN + 1, 3)
    for part in range(6):
        verdict = machine.receive_part(VIDEO.name, cut(VIDEO, MSN + 1, part), now=late)
        assert isinstance(verdict, Taken)
        assert verdict.publications == []
        assert verdict.kept is not None
        heard.append(verdict.kept)
    again = ChannelMachine("hytv", LADDER, now=late, restored=heard)
    found = send_segment(again, MSN + 1, SOUND, now=late)
    assert [item.rendition for item in found if isinstance(item, SegmentPublished)] == [
        "234p",
        "a96",
    ]
    assert again.status().holes == []


def test_a_part_that_was_not_written_is_no_hole_of_the_channel() -> None:
    machine = new_machine()
    heard = [item for msn in range(MSN, MSN + 9) for item in send_segment(machine, msn)]
    lost = [
        i for i in heard if not (isinstance(i, PartPublished) and (i.msn, i.part) == (MSN + 3, 2))
    ]
    again = ChannelMachine("hytv", LADDER, now=at(MSN + 8), restored=lost)
    assert holes(tick_to(again, at(MSN + 8), at(MSN + 9))) == []


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_two_packagers_publish_equal_bytes(data: st.DataObject) -> None:
    """Whatever the order of arrival, repeats and restarts of a sender, the media are equal."""
    wanted = [(r, msn) for msn in range(MSN, MSN + 3) for r in LADDER]
    machine = new_machine()
    found: dict[tuple[str, int, int], bytes] = {}
    cursors = dict.fromkeys(wanted, 0)
    while any(count < 6 for count in cursors.values()):
        open_ones = [
            key
            for key, count in cursors.items()
            if count < 6 and (key[1] == MSN or cursors[key[0], key[1] - 1] == 6)
        ]
        key = data.draw(st.sampled_from(open_ones))
        again = data.draw(st.integers(0, cursors[key]))
        for part in range(again, cursors[key] + 1):
            for item in send(machine, *key, part, now=at(MSN + 2)):
                if isinstance(item, PartPublished):
                    assert (
                        found.setdefault((item.rendition, item.msn, item.part), item.data)
                        == item.data
                    )
        cursors[key] += 1
    assert found == {
        (name, msn, part): make_fragment(rendition, PartAddress(msn, part))
        for name, rendition in BY_NAME.items()
        for msn in range(MSN, MSN + 3)
        for part in range(6)
    }


def thumbnail(msn: int, data: bytes = b"a picture") -> ThumbnailPublished:
    return ThumbnailPublished(channel="hytv", msn=msn, data=data)


def test_a_thumbnail_is_published_once_and_before_its_segment() -> None:
    machine = new_machine()
    begins = at(MSN - 1)
    assert machine.receive_thumbnail(MSN, b"a picture", now=begins) == Taken([thumbnail(MSN)])
    assert machine.receive_thumbnail(MSN, b"another", now=begins) == Duplicate()
    assert machine.snapshot()[-1] == (thumbnail(MSN), ())


@pytest.mark.parametrize(("msn", "code"), [(MSN + 3, "early"), (MSN - 30, "late")])
def test_a_thumbnail_outside_the_window_is_refused(msn: int, code: str) -> None:
    machine = new_machine()
    with pytest.raises(FormatError) as caught:
        machine.receive_thumbnail(msn, b"a picture", now=at(MSN))
    assert caught.value.code == code
    assert machine.snapshot() == []


def test_thumbnails_are_kept_as_long_as_segments() -> None:
    machine = new_machine()
    for msn in range(MSN, MSN + 30):
        machine.receive_thumbnail(msn, b"a picture", now=at(msn - 1))
        send_segment(machine, msn)
    told = [item for item, _ in machine.snapshot()]
    segments = {item.msn for item in told if isinstance(item, SegmentPublished)}
    assert {item.msn for item in told if isinstance(item, ThumbnailPublished)} == segments
    assert len(segments) == 24


def test_thumbnails_without_media_are_bounded() -> None:
    machine = new_machine()
    for msn in range(MSN, MSN + 200):
        machine.receive_thumbnail(msn, b"a picture", now=at(msn - 1))
    assert len(machine.snapshot()) == 25


def test_a_restart_keeps_thumbnails() -> None:
    machine = ChannelMachine("hytv", LADDER, now=at(MSN), restored=[thumbnail(MSN)])
    assert machine.receive_thumbnail(MSN, b"another", now=at(MSN)) == Duplicate()
    assert machine.snapshot() == [(thumbnail(MSN), ())]
