"""core.boot: how a service's process begins and ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

_SERVICE = """
import asyncio, os, sys
from core.boot import run_service
from core.errors import ConfigError

class Service:
    async def run(self):
        {body}

def build():
    {build}
    return Service()

run_service("test", build, niceness=5)
"""


def start(*, body: str = "pass", build: str = "pass") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _SERVICE.format(body=body, build=build)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    service = start(body='print("up", flush=True); await asyncio.Event().wait()')
    assert service.stdout is not None
    assert service.stdout.readline() == "up\n"
    service.send_signal(number)
    _, said = service.communicate(timeout=10)
    assert (service.returncode, said) == (0, "")


@pytest.mark.parametrize("where", ["body", "build"])
def test_wrong_settings_are_one_sentence_and_exit_code_2(where: str) -> None:
    """Whether they show when it is built or deep in its tasks."""
    fault = 'raise ConfigError("port 1 is taken")'
    if where == "body":
        fault = "async with asyncio.TaskGroup() as tasks: tasks.create_task(fail())"
    service = start(
        body=fault if where == "body" else "pass",
        build=fault
        if where == "build"
        else 'global fail\n    async def fail(): raise ConfigError("port 1 is taken")',
    )
    _, said = service.communicate(timeout=10)
    assert (service.returncode, said) == (2, "test: port 1 is taken\n")


def test_a_bug_is_shown_with_its_traceback() -> None:
    service = start(body="1 / 0")
    _, said = service.communicate(timeout=10)
    assert service.returncode == 1
    assert "ZeroDivisionError" in said


def test_its_place_on_the_processor_is_taken() -> None:
    service = start(body="print(os.nice(0))")
    told, _ = service.communicate(timeout=10)
    assert int(told) == min(19, os.nice(0) + 5)
