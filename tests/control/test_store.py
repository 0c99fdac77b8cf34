"""The store's contract, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import threading
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, exc, func, select, update

from control.database import Database
from control.entries import Context
from control.forms import read_guide
from control.importing import store_reading
from control.journal import Act
from control.report import ImportReport
from control.store import Store
from control.tables import audit, programmes
from core.errors import RefusedError
from core.guide import Takedown

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = 1_795_410_000  # 2026-11-23 12:00 in Hưng Yên
EVENING = 1_795_435_200  # 19:00
ACT = Act("cli:hoa", NOW)
WIDE = {"first_s": NOW - 40 * 86_400, "last_s": NOW + 40 * 86_400}

MONDAY = """channel,start,end,title,series,description
hytv,2026-11-23 19:00,2026-11-23 19:30,Thời sự,thoi-su,Tin trong ngày
hytv,2026-11-23 19:30,2026-11-23 20:30,Phim truyện,,
"""


def put(store: Store, text: str, *, dry_run: bool = False, act: Act = ACT) -> ImportReport:
    context = Context(channels={"hytv": "hytv", "hyfm": "hyfm"}, zone=ZONE, now_s=NOW)
    reading = read_guide(text.encode(), context)
    return store_reading(store.database, reading, zone=ZONE, act=act, name="test", dry_run=dry_run)


def titles(store: Store, channel: str = "hytv") -> list[tuple[str, str]]:
    found = store.programmes(channel, **WIDE)
    return [(item.programme.id, item.programme.title) for item in found]


def test_a_day_is_imported_with_readable_ids(store: Store) -> None:
    report = put(store, MONDAY)
    assert report.result == "accepted"
    assert titles(store) == [
        ("hytv-20261123-1900-thoi-su", "Thời sự"),
        ("hytv-20261123-1930-phim-truyen", "Phim truyện"),
    ]
    first = store.programme("hytv-20261123-1900-thoi-su").programme
    assert (first.start_s, first.end_s, first.series) == (EVENING, EVENING + 1_800, "thoi-su")
    assert first.description == "Tin trong ngày"
    assert store.ends() == {"hytv": EVENING + 5_400}


def test_the_same_guide_again_changes_nothing(store: Store) -> None:
    put(store, MONDAY)
    before, lines = store.versions(), len(store.audit(limit=100))
    report = put(store, MONDAY)
    assert (report.result, report.channels) == ("accepted", ())
    assert store.versions() == before
    assert len(store.audit(limit=100)) == lines


def test_a_corrected_guide_keeps_ids_and_replaces_the_day(store: Store) -> None:
    put(store, MONDAY)
    put(
        store,
        """channel,start,end,title
hytv,2026-11-23 18:00,2026-11-23 18:30,Thể thao
hytv,2026-11-23 19:10,2026-11-23 19:40,THỜI SỰ
hytv,2026-11-23 20:00,2026-11-23 21:00,Ca nhạc
""",
    )
    assert titles(store) == [
        ("hytv-20261123-1800-the-thao", "Thể thao"),
        ("hytv-20261123-1900-thoi-su", "THỜI SỰ"),
        ("hytv-20261123-2000-ca-nhac", "Ca nhạc"),
    ]


def test_only_days_in_the_file_are_touched(store: Store) -> None:
    put(store, MONDAY)
    put(store, "channel,start,end,title\nhytv,2026-11-24 06:00,2026-11-24 07:00,Sáng\n")
    put(store, "channel,start,end,title\nhyfm,2026-11-23 06:00,2026-11-23 07:00,Sáng\n")
    assert [title for _, title in titles(store)] == ["Thời sự", "Phim truyện", "Sáng"]
    assert titles(store, "hyfm") == [("hyfm-20261123-0600-sang", "Sáng")]


def test_a_day_with_a_fault_keeps_its_guide_while_others_are_taken(store: Store) -> None:
    put(store, MONDAY)
    report = put(
        store,
        """channel,start,end,title
hytv,2026-11-23 19:00,2026-11-23 19:30,Khác
hytv,2026-11-23 19:20,2026-11-23 19:50,Chồng giờ
hytv,2026-11-24 06:00,2026-11-24 07:00,Sáng
""",
    )
    assert report.result == "partial"
    assert [(channel, str(day)) for channel, day in report.refused] == [("hytv", "2026-11-23")]
    assert [title for _, title in titles(store)] == ["Thời sự", "Phim truyện", "Sáng"]


def test_decisions_survive_a_new_import_and_a_missing_one(store: Store) -> None:
    put(store, MONDAY)
    name = "hytv-20261123-1900-thoi-su"
    store.set_rights(name, "catch-up 7", ACT)
    store.set_as_run(name, EVENING + 240, EVENING + 2_000, ACT)
    store.set_series(name, "ban-tin", ACT)
    put(store, MONDAY.replace("Tin trong ngày", "Tin mới"))
    found = store.programme(name).programme
    assert (found.catch_up_days, found.as_run_start_s, found.series, found.description) == (
        7,
        EVENING + 240,
        "ban-tin",
        "Tin mới",
    )
    lost = put(store, "channel,start,end,title\nhytv,2026-11-23 20:30,2026-11-23 21:00,Khác\n")
    assert {item.code for item in lost.faults} == {"no_zone", "decision_lost"}
    put(store, MONDAY)
    assert store.programme(name).rights == "catch-up 7"


def test_another_title_at_the_same_start_keeps_its_rights_and_says_so(store: Store) -> None:
    put(store, MONDAY)
    store.set_rights("hytv-20261123-1930-phim-truyen", "blackout", ACT)
    report = put(store, MONDAY.replace("Phim truyện", "Bóng đá trực tiếp"))
    assert "decision_kept" in {item.code for item in report.faults}
    assert store.programme("hytv-20261123-1930-phim-truyen").programme.blackout


def test_a_trial_stores_nothing(store: Store) -> None:
    before = store.versions()
    report = put(store, MONDAY, dry_run=True)
    assert (report.result, report.days[0].total) == ("accepted", 2)
    assert titles(store) == []
    assert store.versions() == before


def test_an_overlap_with_a_day_that_is_not_imported_is_reported(store: Store) -> None:
    put(store, "channel,start,end,title\nhytv,2026-11-22 23:00,2026-11-23 01:00,Phim đêm\n")
    report = put(store, "channel,start,end,title\nhytv,2026-11-23 00:30,2026-11-23 02:00,Sớm\n")
    assert "neighbour" in {item.code for item in report.faults}
    assert len(titles(store)) == 2


@pytest.mark.parametrize(
    ("words", "days", "blackout"),
    [
        ("live-only", 0, False),
        ("catch-up 30", 30, False),
        ("blackout", None, True),
        ("open", None, False),
    ],
)
def test_rights_reach_the_snapshot(
    store: Store, words: str, days: int | None, *, blackout: bool
) -> None:
    put(store, MONDAY)
    before = store.versions()["hytv"]
    store.set_rights("hytv-20261123-1900-thoi-su", words, ACT)
    first = store.snapshot("hytv", **WIDE).programmes[0]
    assert (first.catch_up_days, first.blackout) == (days, blackout)
    assert store.versions()["hytv"] == before + 1


def test_a_series_rule_holds_for_programmes_to_come_and_yields_to_their_own(store: Store) -> None:
    store.set_series_rights("thoi-su", "live-only", ACT)
    put(store, MONDAY)
    name = "hytv-20261123-1900-thoi-su"
    assert store.programme(name).programme.catch_up_days == 0
    store.set_rights(name, "open", ACT)
    assert store.programme(name).programme.catch_up_days is None
    store.set_rights(name, "default", ACT)
    assert store.programme(name).series_rights == "live-only"
    store.set_series_rights("thoi-su", "default", ACT)
    assert store.programme(name).series_rights is None


def test_as_run_times_that_cannot_be_are_refused(store: Store) -> None:
    put(store, MONDAY)
    name = "hytv-20261123-1900-thoi-su"
    with pytest.raises(RefusedError, match="more than 12 hours"):
        store.set_as_run(name, EVENING + 13 * 3600, None, ACT)
    with pytest.raises(RefusedError, match="the end must follow"):
        store.set_as_run(name, EVENING + 60, EVENING + 60, ACT)
    store.set_as_run(name, EVENING + 60, None, ACT)
    assert store.set_as_run(name, None, None, ACT).programme.as_run_start_s is None


def test_takedowns_are_listed_until_undone(store: Store) -> None:
    span = Takedown(start_s=EVENING, end_s=EVENING + 60, reason="Bản quyền")
    made = store.add_takedown("hytv", span, ACT)
    assert store.takedowns() == [made]
    assert store.takedowns("hyfm") == []
    assert store.snapshot("hytv", **WIDE).takedowns == (span,)
    store.undo_takedown(made.id, ACT)
    assert store.takedowns() == []
    with pytest.raises(RefusedError):
        store.undo_takedown(made.id, ACT)
    with pytest.raises(RefusedError, match="at most 31 days"):
        store.add_takedown("hytv", Takedown(start_s=5, end_s=5), ACT)


def test_what_is_unknown_is_refused_with_a_sentence(store: Store) -> None:
    with pytest.raises(RefusedError, match="there is no such programme"):
        store.set_rights("hytv-20261123-1900-khong", "open", ACT)
    with pytest.raises(RefusedError, match="there are no such rights"):
        store.set_rights("hytv-20261123-1900-khong", "catch-up -1", ACT)
    assert store.audit(limit=10) == []


def test_every_change_is_in_the_audit_with_before_and_after(store: Store) -> None:
    put(store, MONDAY)
    name = "hytv-20261123-1900-thoi-su"
    store.set_rights(name, "live-only", Act("api:lan", NOW + 1))
    store.set_rights(name, "blackout", Act("cli:hoa", NOW + 2))
    newest, before, first = store.audit(limit=10)
    assert (newest.who, newest.at_s, newest.action, newest.subject) == (
        "cli:hoa",
        NOW + 2,
        "rights.set",
        name,
    )
    assert (newest.before, newest.after) == ({"rights": "live-only"}, {"rights": "blackout"})
    assert (before.who, before.before) == ("api:lan", {"rights": None})
    assert (first.action, first.subject) == ("guide.import", "hytv 2026-11-23")
    assert store.audit(limit=10, before_id=newest.id) == [before, first]


def test_the_audit_cannot_be_changed(store: Store) -> None:
    put(store, MONDAY)
    for statement in (update(audit).values(who="nobody"), delete(audit)):
        with (
            pytest.raises(exc.DBAPIError, match="never changed"),
            store.database._engine.begin() as connection,
        ):
            connection.execute(statement)
    assert len(store.audit(limit=10)) == 1


def test_imports_are_counted_by_result(store: Store) -> None:
    for result in ("accepted", "accepted", "refused"):
        store.note_import("lich.xml", result, ACT)
    assert store.import_counts() == {"accepted": 2, "refused": 1}


def test_writers_at_once_lose_nothing(store: Store, database: Database) -> None:
    """Two imports of one day, and decisions meanwhile: each change is there, none half."""
    put(store, MONDAY)
    name = "hytv-20261123-1900-thoi-su"
    faults: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(5):
                put(store, MONDAY.replace("Tin trong ngày", f"Tin {number}.{turn}"))
                store.set_rights(name, f"catch-up {number * 10 + turn + 1}", ACT)
        except BaseException as error:  # noqa: BLE001  # told to the test
            faults.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(programmes)).scalar() == 2
    actions = [entry.action for entry in store.audit(limit=100)]
    assert actions.count("rights.set") == 15


def test_text_of_every_kind_comes_back_as_it_was(store: Store) -> None:
    text = 'channel,start,end,title\nhytv,2026-11-23 19:00,2026-11-23 19:30,"%s"\n'
    title = "<script>alert(1)</script> '; DROP TABLE programmes;-- 🎬 Ự"
    put(store, text % title)
    assert titles(store)[0][1] == title
