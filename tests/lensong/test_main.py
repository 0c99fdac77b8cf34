"""One clear sentence for each thing that can be wrong, and the right exit code."""

from __future__ import annotations

import hashlib
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from lensong.__main__ import main

VARIABLE = "TEST_STUDIO_KEY_SHA256"


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def free_ports(count: int) -> list[int]:
    """Return ports that were free a moment ago, in a row of their own."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


NAMES = (
    "http_port",
    "rtmp_port",
    "icecast_port",
    "feeds_port",
    "cmaf_port",
    "ingest_admin_port",
    "packager_admin_port",
    "control_admin_port",
    "api_port",
    "monitoring_admin_port",
    "monitoring_port",
    "origin_admin_port",
    "programme_admin_port",
)


def write_settings(folder: Path, *, run_dir: Path | None = None, paths: str = "") -> Path:
    ports = dict(zip(NAMES, free_ports(len(NAMES)), strict=True))
    lines = "\n".join(f"{name} = {port}" for name, port in ports.items())
    file = folder / "station.toml"
    file.write_text(
        f"""
[station]
name = "Đài thử"
[paths]
data_dir = "{folder / "data"}"
run_dir = "{run_dir or folder / "run"}"
{paths}
[network]
http_host = "127.0.0.1"
publish_host = "127.0.0.1"
{lines}
[[channels]]
slug = "hyfm"
name = "Phát thanh"
kind = "radio"
[[channels.inputs]]
name = "studio"
protocol = "icecast"
key_sha256_env = "{VARIABLE}"
""",
        encoding="utf-8",
    )
    return file


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "0" * 64)


@pytest.mark.usefixtures("key")
def test_a_good_file_is_called_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(write_settings(tmp_path))]) == 0
    assert "good; channels: 1, of these TV: 0" in capsys.readouterr().out


@pytest.mark.usefixtures("key")
def test_a_table_of_provinces_that_is_none_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_settings(tmp_path)
    table = tmp_path / "city.mmdb"
    table.write_bytes(b"prefix,province")
    text = file.read_text().replace(
        "[[channels]]", f'[origin]\nprovinces_file = "{table}"\n[[channels]]', 1
    )
    file.write_text(text)
    assert main(["check", str(file)]) == 2
    assert f"origin.provinces_file: {table}: no table" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "run"])
def test_wrong_toml(tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text("[station\nname = 1")
    assert main([command, str(file)]) == 2
    assert "is not TOML" in capsys.readouterr().err


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(tmp_path / "none.toml")]) == 2
    assert "cannot be read: No such file" in capsys.readouterr().err


def test_a_key_variable_that_is_not_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(write_settings(tmp_path))]) == 2
    assert f"the variable {VARIABLE} is not set; `lensong key new`" in capsys.readouterr().err


@pytest.mark.usefixtures("key")
def test_a_busy_port_is_named_with_its_setting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_settings(tmp_path)
    found = re.search(r"rtmp_port = (\d+)", file.read_text())
    assert found is not None
    with socket.create_server(("127.0.0.1", int(found[1]))):
        assert main(["run", str(file)]) == 2
    message = capsys.readouterr().err
    assert f"port {found[1]} (network.rtmp_port) on 127.0.0.1 cannot be had" in message
    assert "Traceback" not in message


@pytest.mark.usefixtures("key")
def test_an_ffmpeg_that_is_not_there_or_does_not_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_settings(tmp_path, paths='ffmpeg = "/nowhere/ffmpeg"')
    assert main(["run", str(file)]) == 2
    assert "/nowhere/ffmpeg" in capsys.readouterr().err
    file = write_settings(tmp_path, paths='ffmpeg = "/bin/true"')
    assert main(["run", str(file)]) == 2
    assert "/bin/true is no working FFmpeg; set paths.ffmpeg" in capsys.readouterr().err


@pytest.mark.usefixtures("key")
def test_an_ffmpeg_that_makes_no_mp3_is_named_where_there_is_a_radio(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\necho ffmpeg version 0 with aac alone\n", encoding="utf-8")
    program.chmod(0o755)
    file = write_settings(tmp_path, paths=f'ffmpeg = "{program}"')
    assert main(["check", str(file)]) == 2
    assert "cannot make MP3 for hyfm: it lacks libmp3lame" in capsys.readouterr().err
    file.write_text(file.read_text(encoding="utf-8").replace('"radio"', '"tv"'), encoding="utf-8")
    assert main(["check", str(file)]) == 0


@pytest.mark.usefixtures("key")
def test_a_full_disk(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    facts = list(os.statvfs(tmp_path))
    facts[4] = 10  # blocks that are free for us
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(facts))
    assert main(["run", str(write_settings(tmp_path))]) == 2
    assert "the disk is full: 0 MB are free, 200 MB are needed" in capsys.readouterr().err


@pytest.mark.usefixtures("key")
def test_a_folder_that_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_settings(tmp_path, run_dir=Path("/dev/null/run"))
    assert main(["run", str(file)]) == 2
    assert "paths.run_dir = /dev/null/run: cannot be written" in capsys.readouterr().err


@pytest.mark.usefixtures("key")
def test_a_folder_that_is_too_deep_for_sockets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_settings(tmp_path, run_dir=tmp_path / ("d" * 100))
    assert main(["run", str(file)]) == 2
    assert "too long for a socket's path" in capsys.readouterr().err


@pytest.mark.usefixtures("key")
def test_only_wants_a_secret_that_the_units_share(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(write_settings(tmp_path)), "--only", "origin"]) == 2
    assert "LENSONG_INTERNAL_SECRET must hold" in capsys.readouterr().err


def test_operators_commands_say_when_nothing_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (["status"], ["take", "hyfm", "slate"], ["release", "hyfm"]):
        assert main([*command, "--run-dir", str(tmp_path)]) == 1
        assert "nothing runs here" in capsys.readouterr().err


def test_key_new_prints_a_key_and_its_hash(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["key", "new", "--variable", VARIABLE]) == 0
    said = capsys.readouterr().out
    key_found = re.search(r"only now: +(\S+)", said)
    hash_found = re.search(rf"{VARIABLE}=([0-9a-f]{{64}})", said)
    assert key_found is not None
    assert hash_found is not None
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{30,}", key_found[1])
    assert hashlib.sha256(key_found[1].encode()).hexdigest() == hash_found[1]


def test_wrong_usage_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["fly"])
    assert caught.value.code == 2
    assert "invalid choice" in capsys.readouterr().err


def test_help_teaches_the_first_steps(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    said = capsys.readouterr().out
    for word in ("lensong demo", "key new", "exit codes: 0 done, 1", "take"):
        assert word in said
