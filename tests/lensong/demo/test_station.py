"""The whole demo: on air through the real protocols, unplugged, restored, and gone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
OFFSET = 14_000
PAGE = f"http://127.0.0.1:{8090 + OFFSET}/demo"


def fetch(path: str, *, method: str = "GET", headers: dict[str, str] | None = None) -> bytes:
    request = urllib.request.Request(PAGE + path, method=method, headers=headers or {})  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # our own address
        body: bytes = answer.read()
        return body


def state() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(fetch("/state.json"))
    return found


def press(studio: str, action: str, headers: dict[str, str] | None = None) -> int:
    told = {"X-Lensong-Demo": "1"} if headers is None else headers
    try:
        fetch(f"/studios/{studio}/{action}", method="POST", headers=told)
    except urllib.error.HTTPError as error:
        return error.code
    return 204


def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Poll another process, which can tell us nothing by itself."""
    deadline = time.monotonic() + seconds  # noqa: TID251  # a test's own patience
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"  # noqa: TID251
        time.sleep(0.2)


def on_air() -> str:
    return str(state()["channels"]["hytv"]["on_air"])


def running_under(mark: str) -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        if mark in line:
            found.append(line)
    return found


@pytest.mark.media
@pytest.mark.timeout(300)
def test_a_station_survives_its_plugs_and_leaves_nothing_behind(tmp_path: Path) -> None:
    demo = subprocess.Popen(
        [
            *(sys.executable, "-m", "lensong", "demo", "--data", str(tmp_path)),
            *("--http", f"127.0.0.1:{8080 + OFFSET}", "--port-offset", str(OFFSET)),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert demo.stdout is not None
        said = ""
        while "On air" not in said:
            line = demo.stdout.readline()
            assert line, said
            said += line
        assert on_air() == "studio"
        keys = "".join(running_under(str(tmp_path)))
        assert "KEY" not in keys  # no key and no variable stands in a process list

        assert press("hytv-studio", "unplug", headers={}) == 403
        assert press("hytv-studio", "explode") == 404
        assert press("nobody", "unplug") == 404

        assert press("hytv-studio", "unplug") == 204
        until(lambda: on_air() == "backup")
        assert press("hytv-backup", "freeze") == 204
        until(lambda: on_air() == "slate")
        assert press("hytv-backup", "restore") == 204
        assert press("hytv-studio", "restore") == 204
        until(lambda: on_air() == "studio")
        segments = state()["channels"]["hytv"]["segments"]
        assert {item["pictures"] for item in segments[:-1]} == {96}
        assert {item["sound"] for item in segments[:-1]} == {180}

        assert "trang thử nghiệm" in fetch("").decode()
        assert fetch("/preview/hytv-studio.jpg")[:3] == b"\xff\xd8\xff"
    finally:
        demo.send_signal(signal.SIGINT)
        rest, _ = demo.communicate(timeout=30)
    assert demo.returncode == 0
    assert "no process is left" in rest
    assert running_under(str(tmp_path)) == []
