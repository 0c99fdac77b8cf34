"""core.clip_records and core.clip_files: what is kept of a clip, and who may have it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.clip_files import ClipFolder
from core.clip_records import (
    DONE,
    ClipRecord,
    access_to_record,
    access_to_span,
    disposition_of,
    parse_record,
    render_record,
)
from core.errors import FormatError
from core.guide import GuideSnapshot, Programme, Takedown
from core.rights import Access

START_S = 1_795_521_600
NOW_S = START_S + 7_200


def make_record(**more: Any) -> ClipRecord:
    values: dict[str, Any] = {
        "id": "0123abcd",
        "channel": "hyfm",
        "kind": "radio",
        "start_ns": START_S * 10**9,
        "end_ns": (START_S + 600) * 10**9,
        "rendition": "a128",
        "title": "Bản tin",
        "by": "api:hoa",
        "asked_s": START_S,
    }
    return ClipRecord(**{**values, **more})


def programme(**more: Any) -> Programme:
    values: dict[str, Any] = {
        "id": "nong-dan-1",
        "channel": "hyfm",
        "start_s": START_S,
        "end_s": START_S + 600,
        "title": "Nhà nông",
    }
    return Programme(**{**values, **more})


def test_a_record_is_read_back() -> None:
    record = make_record(holes=(("a128", 3, 4, "the studio was lost"),), state=DONE, until_s=9)
    assert parse_record(render_record(record)) == record


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"form": 2}',
        render_record(make_record(id="../x")),
        render_record(make_record(state="?")),
        render_record(make_record(kind="film")),
    ],
)
def test_a_damaged_record_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_record(data)


@pytest.mark.parametrize(
    ("snapshot", "more", "access"),
    [
        (None, {}, Access.OPEN),
        (GuideSnapshot(channel="hyfm"), {}, Access.OPEN),
        # A takedown ends it, forced or not, also where it only touches it.
        (
            GuideSnapshot(
                channel="hyfm",
                takedowns=(Takedown(start_s=START_S + 599, end_s=START_S + 700),),
            ),
            {"forced": "court"},
            Access.TAKEN_DOWN,
        ),
        # A blackout does, unless it was forced.
        (GuideSnapshot(channel="hyfm", programmes=(programme(blackout=True),)), {}, Access.REFUSED),
        (
            GuideSnapshot(channel="hyfm", programmes=(programme(blackout=True),)),
            {"forced": "news"},
            Access.OPEN,
        ),
        # An editor's clip outlives the days of catch-up; an episode does not.
        (GuideSnapshot(channel="hyfm", programmes=(programme(catch_up_days=0),)), {}, Access.OPEN),
        (
            GuideSnapshot(channel="hyfm", programmes=(programme(catch_up_days=0),)),
            {"programme": "nong-dan-1"},
            Access.TAKEN_DOWN,
        ),
        (GuideSnapshot(channel="hyfm"), {"until_s": NOW_S}, Access.TAKEN_DOWN),
        (GuideSnapshot(channel="hyfm"), {"until_s": NOW_S + 1}, Access.OPEN),
    ],
)
def test_who_may_have_a_finished_clip(
    snapshot: GuideSnapshot | None, more: dict[str, Any], access: Access
) -> None:
    assert access_to_record(make_record(**more), snapshot, now_s=NOW_S) is access


def test_a_span_is_refused_while_any_segment_of_it_is() -> None:
    snapshot = GuideSnapshot(channel="hyfm", programmes=(programme(catch_up_days=0),))
    end_ns = (START_S + 5) * 10**9
    assert access_to_span(snapshot, START_S * 10**9, end_ns, now_s=NOW_S) is Access.REFUSED
    before = (START_S - 60) * 10**9
    assert access_to_span(snapshot, before, before + 10**9, now_s=NOW_S) is Access.OPEN
    assert access_to_span(None, before, end_ns, now_s=NOW_S) is Access.OPEN


def test_a_download_has_a_name_for_old_and_new_browsers() -> None:
    assert disposition_of(make_record(title="Đưa tin: bão số 9/10")) == (
        'attachment; filename="Dua tin bao so 9 10.m4a"; '
        "filename*=UTF-8''%C4%90%C6%B0a%20tin%20b%C3%A3o%20s%E1%BB%91%209%2010.m4a"
    )
    assert 'filename="hyfm.m4a"' in disposition_of(make_record(title='"\r\n/'))


def test_a_folder_keeps_records_and_forgets_what_a_dead_process_left(tmp_path: Path) -> None:
    folder = ClipFolder(tmp_path / "clips")
    assert folder.records() == []
    old, new = make_record(id="a", asked_s=1), make_record(id="b", asked_s=2)
    for record in (old, new):
        folder.write(record)
    assert folder.records() == [new, old]
    changed = new.follow(title="khác")
    folder.write(changed)
    (folder.folder / "c.json").write_bytes(b"{")
    (folder.folder / "d.m4a").write_bytes(b"orphan")
    (folder.folder / ".b.m4a.17").write_bytes(b"half")
    folder.media(new).write_bytes(b"whole")
    assert folder.records() == [changed, old]
    assert folder.used_bytes() == 11
    folder.sweep(folder.records())
    assert sorted(path.name for path in folder.folder.iterdir()) == [
        *("a.json", "b.json", "b.m4a", "c.json")
    ]
    assert folder.find("b") == changed
    folder.remove(changed)
    assert folder.find("b") is None
    assert not folder.media(new).exists()
