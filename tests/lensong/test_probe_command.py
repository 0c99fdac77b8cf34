"""``lensong probe`` refuses what is no address, and says what it cannot use."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lensong.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["file:///etc/passwd"], "is not an address of http or https"),
        (["http://"], "is not an address"),
        (["http://h:99999/x.m3u8"], "is not an address"),
        (["http://127.0.0.1:9/x.m3u8?token=secret"], "http://127.0.0.1:9/x.m3u8: no connection"),
        (["http://user:secret@h/x.m3u8"], "give its name with --url-env"),
        ([], "probe wants URL, or --url-env"),
        (["http://h/x", "--url-env", "HOME"], "probe wants URL, or --url-env"),
        (["--url-env", "LENSONG_NOT_SET"], "the variable LENSONG_NOT_SET is not set"),
        (["--url-env", "HOME"], "is not an address of http or https"),
        (["http://127.0.0.1:9/x.m3u8", "--serve", "9120"], "--serve 9120: write HOST:PORT"),
        (["http://127.0.0.1:9/x.m3u8", "--serve", "h:70000"], "--serve h:70000: write HOST:PORT"),
        (["http://127.0.0.1:9/x", "--serve", "h:1", "--json"], "leave --for and --json away"),
        (["http://127.0.0.1:9/x", "--serve", "h:1", "--channel", "Ă"], "--channel"),
        (["ftp://h/x?secret", "--serve", "127.0.0.1:9"], "is not an address of http or https"),
        (["http://127.0.0.1:9/x.m3u8", "--for", "-1"], "--for -1.0"),
        (["http://127.0.0.1:9/x.m3u8", "--for", "nan"], "--for nan"),
        (["http://127.0.0.1:9/x.m3u8", "--vantage", "Hà Nội"], "--vantage"),
    ],
)
def test_what_cannot_be_watched_ends_with_code_two(
    arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["probe", *arguments]) == 2
    said = capsys.readouterr()
    assert text in said.err
    assert "secret" not in said.err + said.out
    assert said.out == ""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def test_a_second_vantage_serves_metrics_until_it_is_stopped_and_tells_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = free_port()
    url = "http://viewer:secret@127.0.0.1:9/live/hytv/index.m3u8?token=secret"
    monkeypatch.setenv("FAR_URL", url)
    command = [sys.executable, "-m", "lensong", "probe", "--url-env", "FAR_URL"]
    command += ["--vantage", "fpt-hanoi"]
    with subprocess.Popen(
        [*command, "--serve", f"127.0.0.1:{port}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert "unreachable" in said
            with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                metrics = answer.read().decode()
        finally:
            process.send_signal(signal.SIGTERM)
            said += process.communicate(timeout=10)[0]
    assert process.returncode == 0
    found = {
        (sample.name, sample.labels.get("kind")): (sample.value, sample.labels)
        for family in text_string_to_metric_families(metrics)
        for sample in family.samples
        if sample.name.startswith("lensong_probe_")
    }
    place = {"channel": "hytv", "vantage": "fpt-hanoi"}
    assert found["lensong_probe_success", None] == (0.0, place)
    value, labels = found["lensong_probe_faults_total", "unreachable"]
    assert (value, labels) == (1.0, {**place, "kind": "unreachable"})
    assert found["lensong_probe_faults_total", "freeze"][0] == 0.0
    assert "lensong_content_" not in metrics
    assert "secret" not in metrics + said
