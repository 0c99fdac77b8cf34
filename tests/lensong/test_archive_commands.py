"""``lensong archive report``, ``verify`` and ``rebuild``, on a real archive on a disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.archive import hour_folder, index_key, numbers_of, parse_index, segment_key
from core.ladder import Rendition
from lensong.__main__ import main
from tests.archive_hours import facts_of, store_header, store_hour
from tests.lensong.archive_station import (
    HOUR,
    fill_archive,
    local_time,
    with_archive,
    write_station,
)
from tests.memory_archive import MemoryArchive

FIRST = numbers_of(HOUR)[0]
SOUND = Rendition(name="a64", kind="audio", bitrate_bps=64_000, channels=2)


@pytest.fixture
def station(tmp_path: Path) -> Path:
    """A station with two hours of sound; two segments of the first were never stored."""

    async def fill(archive: MemoryArchive) -> None:
        header = await store_header(archive, "hyfm", SOUND, FIRST)
        for hour, missing in (
            (HOUR, {FIRST + 3: "no media", FIRST + 4: "no media"}),
            (HOUR + 1, {}),
        ):
            await store_hour(
                archive,
                "hyfm",
                "a64",
                hour,
                track=facts_of(SOUND),
                headers={0: header},
                missing=missing,
                slate={FIRST + 9},
            )

    fill_archive(tmp_path, fill)
    return write_station(tmp_path)


def run(station: Path, name: str, *arguments: str) -> int:
    return main(["archive", name, "hyfm", *arguments, "--settings", str(station)])


SPAN = (local_time(HOUR), local_time(HOUR + 2))


def test_a_report_says_what_is_missing_and_why(
    station: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(station, "report", *SPAN) == 0
    said = capsys.readouterr().out
    assert "a64: 99.893 % complete (1873 of 1875 segments" in said
    assert f"(2 segments from {FIRST + 3}): no media" in said
    assert "slate" in said
    assert "a128: 0.000 % complete (0 of 1875 segments" in said
    assert "nothing of this hour is stored" in said


def test_a_report_in_json_and_of_an_hour_without_index(
    station: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_archive(tmp_path, lambda archive: archive.delete([index_key("hyfm", "a64", HOUR)]))
    assert run(station, "report", *SPAN, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    found = next(item for item in report["renditions"] if item["rendition"] == "a64")
    assert (found["present"], found["expected"], found["open_hours"]) == (1873, 1875, 1)
    assert [(hole["first"], hole["reason"]) for hole in found["holes"]] == [
        (FIRST + 3, "open hour: it has no index yet")
    ]


def test_verify_reads_everything_and_fails_on_a_fault(
    station: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(station, "verify") == 0
    assert "2 hours, 1873 segments" in capsys.readouterr().out
    key = segment_key("hyfm", "a64", FIRST + 20)
    with_archive(tmp_path, lambda archive: archive.put(key, [b"rotten"]))
    assert run(station, "verify", *SPAN) == 1
    said = capsys.readouterr().out
    assert f"{hour_folder('hyfm', 'a64', HOUR)} {FIRST + 20}: size: 6 bytes" in said
    assert "1 faults" in said
    assert run(station, "verify", local_time(HOUR + 1, minutes=1), local_time(HOUR + 2)) == 0


def test_rebuild_makes_lost_indexes_again_and_leaves_good_ones(
    station: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = index_key("hyfm", "a64", HOUR)
    before = parse_index(with_archive(tmp_path, lambda archive: archive.get(key)))
    with_archive(tmp_path, lambda archive: archive.put(key, [b"damaged"]))
    assert run(station, "verify") == 1
    assert run(station, "rebuild", *SPAN) == 0
    assert "1 indexes made again, 1 were good" in capsys.readouterr().out
    after = parse_index(with_archive(tmp_path, lambda archive: archive.get(key)))
    assert after.table == before.table
    assert after.track == before.track
    assert [hole.reason for hole in after.holes] == ["unknown: the index was made again"]
    assert run(station, "verify") == 0


def test_rebuild_of_all_keeps_what_only_the_index_knew(station: Path, tmp_path: Path) -> None:
    key = index_key("hyfm", "a64", HOUR)
    before = with_archive(tmp_path, lambda archive: archive.get(key))
    assert run(station, "rebuild", *SPAN, "--all") == 0
    assert with_archive(tmp_path, lambda archive: archive.get(key)) == before


def test_wrong_times_and_channels_are_told_in_words(
    station: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(station, "report", "now", "then") == 2
    assert "'now' is no time" in capsys.readouterr().err
    assert run(station, "verify", "2026-01-01") == 2
    assert "write FROM and TO, or neither" in capsys.readouterr().err
    assert main(["archive", "verify", "none", "--settings", str(station)]) == 2
    assert "no channel 'none'" in capsys.readouterr().err
