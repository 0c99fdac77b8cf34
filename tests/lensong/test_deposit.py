"""``lensong deposit``: what was on air, byte for byte, with proof."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import av
import imageio_ffmpeg
import pytest

from core.archive import (
    header_key,
    header_marker_key,
    index_key,
    numbers_of,
    parse_index,
    render_index,
    segment_key,
)
from core.archive_disk import DiskArchive
from core.cmaf import parse_header
from core.ladder import Rendition
from lensong.__main__ import main
from tests.archive_hours import facts_of, small_segment, store_header, store_hour
from tests.cmaf_media import encode_track, make_header
from tests.lensong.archive_station import (
    HOUR,
    fill_archive,
    local_time,
    with_archive,
    write_station,
)
from tests.memory_archive import MemoryArchive

FIRST = numbers_of(HOUR)[0]
NEXT = numbers_of(HOUR + 1)[0]
SOUND = Rendition(name="a64", kind="audio", bitrate_bps=64_000, channels=2)


@pytest.fixture
def station(tmp_path: Path) -> Path:
    """Two hours of sound; in the first the header changes at its 500th segment."""

    async def fill(archive: MemoryArchive) -> None:
        one = await store_header(archive, "hyfm", SOUND, FIRST)
        other = await store_header(archive, "hyfm", SOUND, FIRST + 500, variant=1)
        await store_hour(
            archive,
            "hyfm",
            "a64",
            HOUR,
            track=facts_of(SOUND),
            headers={0: one, FIRST + 500: other},
            missing={FIRST + 3: "no media"},
            slate={FIRST + 9},
        )
        await store_hour(archive, "hyfm", "a64", HOUR + 1, headers={0: other})

    fill_archive(tmp_path, fill)
    return write_station(tmp_path, channel="deposit_days = 190")


def export(station: Path, folder: Path, *more: str, to: int = 2) -> int:
    span = (local_time(HOUR), local_time(HOUR + to))
    settings = ("--settings", str(station))
    return main(["deposit", "hyfm", *span, "--to", str(folder), *more, *settings])


def media(first: int, last: int, *, without: tuple[int, ...] = ()) -> bytes:
    numbers = (msn for msn in range(first, last + 1) if msn not in without)
    return b"".join(small_segment("a64", msn) for msn in numbers)


def test_files_are_header_and_segments_as_sent_and_sha256sum_agrees(
    station: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "out"
    assert export(station, folder) == 0
    assert "3 files" in capsys.readouterr().out
    files = sorted(path for path in folder.rglob("*.mp4"))
    # By name: 14Z-2.mp4, 14Z.mp4, 15Z.mp4
    second, first, third = files
    assert second.name == first.name.replace("Z.mp4", "Z-2.mp4")
    one, other = make_header(SOUND), make_header(SOUND, variant=1)
    assert first.read_bytes() == one + media(FIRST, FIRST + 499, without=(FIRST + 3,))
    assert second.read_bytes() == other + media(FIRST + 500, NEXT - 1)
    assert third.read_bytes() == other + media(NEXT, NEXT + 936)
    assert sorted(path.name for path in folder.iterdir()) == ["SHA256SUMS", "a64", "manifest.json"]
    checked = subprocess.run(
        ["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
    assert checked.stdout.count(": OK") == 4


def test_the_manifest_names_every_segment_every_hole_and_both_times(
    station: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    export(station, folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["station"] == "Đài thử"
    assert manifest["channel"] == {
        "slug": "hyfm",
        "name": "Phát thanh Hưng Yên",
        "kind": "radio",
    }
    assert manifest["tool"].startswith("lensong ")
    assert manifest["span"]["from_utc"].endswith("+00:00")
    assert manifest["span"]["from_local"].endswith("+07:00")
    hole = manifest["holes"][0]
    assert (hole["rendition"], hole["first"], hole["last"], hole["reason"]) == (
        "a64",
        FIRST + 3,
        FIRST + 3,
        "no media",
    )
    for entry in manifest["files"]:
        data = (folder / entry["name"]).read_bytes()
        assert len(data) == entry["size_bytes"]
        assert hashlib.sha256(data).hexdigest() == entry["sha256"]
        for segment in entry["segments"]:
            cut = data[segment["offset"] : segment["offset"] + segment["size_bytes"]]
            assert cut == small_segment("a64", segment["msn"])
            assert hashlib.sha256(cut).hexdigest() == segment["sha256"]
    shown = [
        segment["msn"]
        for entry in manifest["files"]
        for segment in entry["segments"]
        if segment["slate"]
    ]
    assert shown == [FIRST + 9]


def test_verify_finds_a_byte_that_changed(
    station: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "out"
    assert export(station, folder) == 0
    assert export(station, folder, "--verify") == 0
    path = next(folder.rglob("*Z.mp4"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    capsys.readouterr()
    assert export(station, folder, "--verify") == 1
    said = capsys.readouterr().out
    assert "is not as it was sent" in said
    assert "its SHA-256 is not that of the manifest" in said
    path.unlink()
    assert export(station, folder, "--verify") == 1
    assert export(station, tmp_path / "none", "--verify") == 1


def test_an_interrupted_export_goes_on_and_ends_as_one_that_was_not(
    station: Path, tmp_path: Path
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert export(station, whole) == 0
    # As if killed while the second file was written.
    shutil.copytree(whole, broken)
    manifest = json.loads((broken / "manifest.json").read_text(encoding="utf-8"))
    first, second, third = (entry["name"] for entry in manifest["files"])
    request = {key: manifest[key] for key in manifest if key not in ("form", "files", "holes")}
    progress = {"request": request, "done": {first: manifest["files"][0]}}
    (broken / "progress.json").write_text(json.dumps(progress), encoding="utf-8")
    (broken / second).replace(broken / f"{second}.part")
    for name in (third, "manifest.json", "SHA256SUMS"):
        (broken / name).unlink()
    kept = (broken / first).stat().st_mtime_ns
    assert export(station, broken) == 0
    assert (broken / first).stat().st_mtime_ns == kept
    for path in whole.rglob("*"):
        if path.is_file():
            assert (broken / path.relative_to(whole)).read_bytes() == path.read_bytes()
    assert len(list(broken.rglob("*"))) == len(list(whole.rglob("*")))
    # Once more costs nothing.
    assert export(station, broken) == 0
    assert (broken / first).stat().st_mtime_ns == kept


def test_a_folder_with_something_else_is_refused(
    station: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("x")
    assert export(station, other) == 1
    assert "is no folder of this export" in capsys.readouterr().err
    folder = tmp_path / "out"
    assert export(station, folder) == 0
    assert export(station, folder, to=1) == 1
    assert "holds another export" in capsys.readouterr().err
    (folder / "letter.txt").write_text("x")
    assert export(station, folder) == 1
    assert "holds something else: letter.txt" in capsys.readouterr().err


def test_what_the_archive_lost_is_named_and_all_else_is_exported(
    station: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def harm(archive: DiskArchive) -> None:
        await archive.delete([segment_key("hyfm", "a64", FIRST + 1)])
        await archive.put(segment_key("hyfm", "a64", FIRST + 2), [b"rotten"])

    with_archive(tmp_path, harm)
    folder = tmp_path / "out"
    assert export(station, folder) == 1
    assert "2 segments are lost in the archive" in capsys.readouterr().err
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert [item["msn"] - FIRST for item in manifest["files"][0]["left_out"]] == [1, 2]
    assert export(station, folder, "--verify") == 0


def test_an_hour_without_index_is_refused_and_one_without_media_is_a_hole(
    station: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "out"
    assert export(station, folder, to=3) == 0
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["holes"][-1]["reason"] == "nothing of this hour is stored"
    with_archive(tmp_path, lambda archive: archive.delete([index_key("hyfm", "a64", HOUR)]))
    assert export(station, tmp_path / "again") == 1
    assert "has no index" in capsys.readouterr().err


def test_a_disk_that_is_too_small_is_refused_before_anything_is_written(
    station: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    folder = tmp_path / "out"
    assert export(station, folder) == 1
    assert "0.00 GB are free" in capsys.readouterr().err
    assert list(folder.rglob("*.mp4")) == []


def test_a_channel_without_deposit_and_an_endless_span_are_refused(
    station: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(station, tmp_path / "out", to=24 * 40) == 2
    assert "at most 31 days" in capsys.readouterr().err
    write_station(tmp_path)
    assert export(station, tmp_path / "out") == 2
    assert "its deposit_days is 0" in capsys.readouterr().err


@pytest.mark.media
@pytest.mark.timeout(60)
def test_ffmpeg_and_pyav_open_the_files(tmp_path: Path) -> None:
    """Five segments as the encoder makes them, one of them missing in the middle."""
    station = write_station(tmp_path, channel="deposit_days = 190")
    track = asyncio.run(encode_track(SOUND, FIRST, segments=5))
    header = parse_header(track.header)

    def body(_: str, msn: int) -> bytes:
        at = (msn - FIRST) * 6
        return b"".join(track.fragments[at : at + 6])

    async def fill(archive: MemoryArchive) -> None:
        await archive.put(header_key("hyfm", "a64", header.hash), [track.header])
        await archive.put(header_marker_key("hyfm", "a64", FIRST), [header.hash.encode()])
        missing = {msn: "no media" for msn in numbers_of(HOUR) if msn > FIRST + 4}
        missing[FIRST + 2] = "no media"
        made = await store_hour(
            archive, "hyfm", "a64", HOUR, headers={0: header.hash}, missing=missing, body=body
        )
        assert parse_index(render_index(made)) == replace(made)

    fill_archive(tmp_path, fill)
    folder = tmp_path / "out"
    assert export(station, folder, to=1) == 0
    path = next(folder.rglob("*.mp4"))
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        frames = list(container.decode(stream))
        assert sum(frame.samples for frame in frames) == 4 * 184_320
        first = frames[0].pts
        assert first is not None
        assert first == FIRST * 184_320
    decoded = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert decoded.returncode == 0
    assert decoded.stderr == ""
