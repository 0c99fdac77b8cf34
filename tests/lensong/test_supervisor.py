"""The whole platform as real processes: kept running, reloaded, and never left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
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
RADIO = '[[channels]]\nslug = "{slug}"\nname = "{slug}"\nkind = "radio"\n'


def write_settings(folder: Path, base_port: int) -> Path:
    ports = "\n".join(f"{name} = {base_port + 3 * place}" for place, name in enumerate(NAMES))
    file = folder / "station.toml"
    file.write_text(
        f'[station]\nname = "Đài"\n[paths]\ndata_dir = "{folder}/data"\nrun_dir = "{folder}/run"\n'
        f'[network]\nhttp_host = "127.0.0.1"\npublish_host = "127.0.0.1"\n{ports}\n'
        + RADIO.format(slug="one")
    )
    return file


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lensong", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def status(folder: Path) -> dict[str, Any]:
    told = command("status", "--json", "--run-dir", folder / "run")
    found: dict[str, Any] = json.loads(told.stdout) if told.stdout else {"processes": {}}
    return found


def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Poll another process, which can tell us nothing by itself."""
    deadline = time.monotonic() + seconds  # noqa: TID251  # a test's own patience
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"  # noqa: TID251
        time.sleep(0.2)


def descendants(root: int) -> set[int]:
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(folder.name))
    found: set[int] = set()
    waiting = [root]
    while waiting:
        for child in children.get(waiting.pop(), []):
            found.add(child)
            waiting.append(child)
    return found


def running(pids: set[int]) -> set[int]:
    found = set()
    for pid in pids:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            continue
        if stat.rpartition(")")[2].split()[0] != "Z":
            found.add(pid)
    return found


@contextmanager
def platform(file: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (file.parent / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "lensong", "run", file], cwd=ROOT, stderr=log
        )
        try:
            until(lambda: healthy(file.parent))
            yield process
        finally:
            process.terminate()
            process.wait(timeout=20)


def healthy(folder: Path) -> bool:
    if not (folder / "run" / "supervisor.sock").exists():
        return False
    facts = status(folder)["processes"].values()
    return bool(facts) and all(one["status"] is not None for one in facts)


def check_alert_commands(run_dir: str) -> None:
    # Nothing is on air and monitoring has just started: no alert, and nobody to be told.
    assert "no alert is firing" in command("alerts", "--run-dir", run_dir).stdout
    tested = command("alerts", "test", "--run-dir", run_dir).stdout
    assert "nobody is told" in tested
    order = ["ChannelOffAir", "--channel", "one", "--run-dir", run_dir]
    silenced = command("alerts", "silence", *order, "--reason", "sửa đường truyền")
    assert re.search(r"silent until 20\S+: ChannelOffAir one\n  sửa đường", silenced.stdout)
    unexplained = command("alerts", "silence", *order)
    assert (unexplained.returncode, unexplained.stdout) == (1, "")
    assert "say why" in unexplained.stderr
    assert "silent" not in command("alerts", "speak", *order).stdout


@pytest.mark.media
@pytest.mark.timeout(240)
def test_a_platform_is_reloaded_repaired_and_ended_without_a_trace(tmp_path: Path) -> None:
    file = write_settings(tmp_path, 23_400)
    good = file.read_text()
    with platform(file) as process:
        before = status(tmp_path)["processes"]
        assert set(before) == {
            "ingest",
            "packager",
            "origin-0",
            "programme-one",
            "control",
            "monitoring",
        }

        check_alert_commands(f"{tmp_path}/run")

        # A bad file is refused with its faults, and a moved port with a sentence.
        file.write_text(good + "[[channels]]\nslug = 'BAD SLUG'\n")
        refused = command("reload", file, "--run-dir", tmp_path / "run")
        assert refused.returncode == 2
        assert "slug" in refused.stderr
        file.write_text(re.sub(r"rtmp_port = \d+", "rtmp_port = 23999", good))
        refused = command("reload", file)
        assert refused.returncode == 1
        assert "a change of network.rtmp_port needs a restart" in refused.stderr

        # A channel is added; the others keep their processes.
        file.write_text(good + RADIO.format(slug="two"))
        done = command("reload", file)
        assert (done.returncode, done.stdout) == (0, "supervisor: started: two\n"), done.stderr
        until(lambda: healthy(tmp_path))
        after = status(tmp_path)["processes"]
        assert all(after[name]["pid"] == before[name]["pid"] for name in before)

        # A killed process comes back, alone.
        os.kill(after["origin-0"]["pid"], signal.SIGKILL)
        until(lambda: status(tmp_path)["processes"]["origin-0"]["restarts"] == 1)
        until(lambda: healthy(tmp_path))
        assert (
            status(tmp_path)["processes"]["programme-one"]["pid"] == after["programme-one"]["pid"]
        )

        taken = command("take", "one", "slate", "--run-dir", tmp_path / "run")
        assert taken.returncode == 0, taken.stderr
        assert status(tmp_path)["channels"]["one"]["take"] == "slate"
        assert command("release", "one", "--run-dir", tmp_path / "run").returncode == 0
        assert command("take", "none", "slate", "--run-dir", tmp_path / "run").returncode == 2

        pids = descendants(process.pid)
        process.terminate()
        assert process.wait(timeout=20) == 0
        assert running(pids) == set()
    assert not (tmp_path / "run" / "supervisor.sock").exists()


@pytest.mark.media
@pytest.mark.timeout(120)
def test_a_supervisor_that_is_killed_leaves_nobody_behind(tmp_path: Path) -> None:
    file = write_settings(tmp_path, 23_450)
    with platform(file) as process:
        until(lambda: len(descendants(process.pid)) > 4)  # an encoder too
        pids = descendants(process.pid)
        process.kill()
        process.wait()
        until(lambda: running(pids) == set(), seconds=20)


@pytest.mark.media
@pytest.mark.timeout(60)
def test_a_second_platform_on_the_same_ports_is_refused_with_a_sentence(tmp_path: Path) -> None:
    file = write_settings(tmp_path, 23_500)
    with platform(file):
        second = command("run", file)
    assert second.returncode == 2
    assert "cannot be had: Address already in use" in second.stderr
    assert "Traceback" not in second.stderr
