"""What the documents say exists: settings, metrics, commands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.config import load_settings
from docs.generate import metrics_in_code, render_metrics, render_settings

ROOT = Path(__file__).parent.parent
CATALOGUE = Path(__file__).parent / "metric_catalogue.txt"


def documents() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def code_in(path: Path) -> str:
    """Return what stands between backticks, and in blocks, of a document."""
    text = path.read_text(encoding="utf-8")
    block = re.compile(r"```\w*\n(.*?)```", re.DOTALL)
    inline = re.findall(r"`([^`\n]+)`", block.sub("", text))
    return "\n".join([*block.findall(text), *inline])


def test_the_settings_page_is_made_from_the_settings() -> None:
    page = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    assert page == render_settings(), "run `make reference`"


def test_the_metrics_page_is_made_from_the_code() -> None:
    page = (ROOT / "docs/reference/metrics.md").read_text(encoding="utf-8")
    assert page == render_metrics(), "run `make reference`"


def test_metrics_keep_to_the_catalogue() -> None:
    """Dashboards and rules are written against the catalogue: names, types and labels."""
    catalogue = set(CATALOGUE.read_text(encoding="utf-8").splitlines())
    made = {f"{m.name} {m.kind} {','.join(m.labels)}".rstrip() for m in metrics_in_code()}
    assert made <= catalogue, sorted(made - catalogue)


def test_the_example_settings_are_good() -> None:
    settings = load_settings(ROOT / "deploy/lensong.example.toml")
    assert [channel.kind for channel in settings.channels] == ["tv", "radio"]


def test_the_pictures_of_the_page_are_shown_and_small() -> None:
    page = (ROOT / "docs/player.md").read_text(encoding="utf-8")
    pictures = sorted((ROOT / "docs/pictures").glob("player-*"))
    assert sorted(re.findall(r"pictures/(player-[\w.-]+)", page)) == [one.name for one in pictures]
    assert {one.name for one in pictures if one.stat().st_size > 150_000} == set()


def test_make_targets_in_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    command = re.compile(r"(?:^|&& )make ([a-z-]+)", re.MULTILINE)
    named = {target for path in documents() for target in command.findall(code_in(path))}
    assert named <= targets
    assert {"demo", "test", "check", "bench", "soak"} <= targets


@pytest.mark.timeout(60)
def test_commands_in_documents_exist() -> None:
    usage = subprocess.run(
        [sys.executable, "-m", "lensong", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    named = {
        command
        for path in documents()
        for command in re.findall(r"(?:^|[ /(])lensong ([a-z]+)", code_in(path), re.MULTILINE)
    }
    assert {command for command in named if command not in usage} == set()
    assert named >= {"check", "run", "key", "status", "reload"}


def test_files_linked_in_documents_exist() -> None:
    broken = [
        f"{path.relative_to(ROOT)}: {link}"
        for path in documents()
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
        if not (path.parent / link).exists()
    ]
    assert broken == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
