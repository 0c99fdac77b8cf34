"""The promises of ARCHITECTURE.md and CONTRIBUTING.md that a test can keep."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.generate import PACKAGES

ROOT = Path(__file__).parent.parent

MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 60
LONG_WITH_REASON = {
    "packager/metrics.py:__init__": "a list of families, one after the other",
}
"""Files and functions over the limits, as ``path`` or ``path:function``, and why."""

VAGUE_NAMES = {"utils.py", "util.py", "helpers.py", "models.py", "types.py", "common.py", "misc.py"}

IMPORT_EACH_ALONE = """
import importlib, os, sys, traceback
# Other people's libraries are loaded once: what is tried is each module of ours without the rest.
import aiohttp.web, alembic.command, ffmpeg, numpy, prometheus_client, pydantic, sqlalchemy
import structlog, uvloop
failed = []
for name in sys.stdin.read().split():
    child = os.fork()
    if not child:
        try:
            importlib.import_module(name)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        failed.append(name)
sys.exit(" ".join(failed) or 0)
"""


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_sans_io_roster_is_whole() -> None:
    """A module that says Sans-I/O is on the list that the import linter checks."""
    promised = {
        module_name(path)
        for path in sources(*PACKAGES)
        if "Sans-I/O." in (ast.get_docstring(parsed(path)) or "").split("\n", maxsplit=1)[0]
    }
    linter = project()["tool"]["importlinter"]  # type: ignore[index]
    contract = next(c for c in linter["contracts"] if c["id"] == "sans-io")
    assert promised == set(contract["source_modules"])


@pytest.mark.timeout(60)
def test_no_service_imports_another() -> None:
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout


@pytest.mark.timeout(180)
def test_every_module_imports_alone() -> None:
    names = "\n".join(module_name(path) for path in sources(*PACKAGES))
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT_EACH_ALONE],
        cwd=ROOT,
        input=names,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def test_no_file_has_a_vague_name() -> None:
    found = [path for path in sources(*PACKAGES, "tests", "benchmarks") if path.name in VAGUE_NAMES]
    assert found == []


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield (name, lines of the body without its docstring) of each function."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            yield node.name, (node.end_lineno or 0) - first.lineno + 1


def test_files_and_functions_are_short() -> None:
    """A file past 600 lines or a function past 60 asks for a reason."""
    long: list[str] = []
    for path in sources(*PACKAGES, "docs", "benchmarks", "tests"):
        where = str(path.relative_to(ROOT))
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MAX_FILE_LINES and where not in LONG_WITH_REASON:
            long.append(f"{where}: {lines} lines")
        for name, length in functions(path):
            if length > MAX_FUNCTION_LINES and f"{where}:{name}" not in LONG_WITH_REASON:
                long.append(f"{where}:{name}: {length} lines")
    assert long == []


def test_nothing_is_left_for_later() -> None:
    marks = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b|NotImplementedError")
    here = Path(__file__)
    left = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources(*PACKAGES, "tests", "benchmarks", "docs")
        if path != here
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if marks.search(line)
    ]
    assert left == []


def test_only_the_clock_reads_the_clock_in_services() -> None:
    """``loop.time()`` is a shell's own, and threads may sleep; all else is core.clock's."""
    readers = {
        str(path.relative_to(ROOT))
        for path in sources(*(name for name in PACKAGES if name != "lensong"))
        if re.search(
            r"\btime\.(?!sleep\b)\w+\(|^\s*from time import (?!sleep$)",
            path.read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    }
    assert readers <= {"core/clock.py"}


def test_every_service_has_a_start() -> None:
    for package in PACKAGES[1:]:
        assert (ROOT / package / "__main__.py").exists(), package
        text = ast.get_docstring(parsed(ROOT / package / "__init__.py"))
        assert text, package


def test_libraries_that_may_go_are_imported_by_one_module() -> None:
    for name in ("ffmpeg", "m3u8", "defusedxml", "obstore"):
        pattern = re.compile(rf"^\s*(?:import|from) {name}\b", re.MULTILINE)
        importers = [
            module_name(path)
            for path in sources(*PACKAGES)
            if pattern.search(path.read_text(encoding="utf-8"))
        ]
        assert len(importers) <= 1, importers


def test_committed_files_name_no_machine() -> None:
    """A path of somebody's machine in a committed file helps nobody else."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    if not listed:  # unpacked from an archive, without git
        listed = [str(path.relative_to(ROOT)) for path in sources(*PACKAGES)]
    pattern = re.compile(rf"{re.escape(os.path.expanduser('~'))}/|/home/\w+/")  # noqa: PTH111
    found = [
        name
        for name in listed
        if (ROOT / name).suffix in {".py", ".md", ".toml", ".ts", ".mjs", ".json", ".service"}
        and (ROOT / name).is_file()
        and pattern.search((ROOT / name).read_text(encoding="utf-8"))
    ]
    assert found == []
