"""A station and a visitor, each a process: the tests of the page only talk to them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.judges.judge import NODE, missing_for_judges

ROOT: Final = Path(__file__).parents[2]


class LineProcess:
    """A child process that answers each line with a line."""

    def __init__(self, *command: str) -> None:
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def read(self) -> str:
        """Return the next line that it says; fails when it has ended."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the process ended"
        return line.strip()

    def ask(self, line: str) -> str:
        """Send a line and return the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self.read()

    def close(self) -> None:
        """End it: it stops when its input does."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._process.stdout.close()


class Station(LineProcess):
    """The real origin with a stand-in packager (``tests.browser.station``)."""

    def __init__(self) -> None:
        super().__init__(sys.executable, "-m", "tests.browser.station")
        told = json.loads(self.read())
        self.site: str = told["site"]
        self.metrics: str = told["metrics"]
        """Where the origin shows its counters."""

    def set_title(self, title: str) -> None:
        """Change the song of the radio channel."""
        self.ask(f"title {json.dumps(title)}")

    def stop_origin(self) -> None:
        """Let the site be gone, as it is without a network."""
        self.ask("stop origin")

    def start_origin(self, release: Path = ROOT) -> None:
        """Let the site be there again, as the release in a folder has it."""
        self.ask(f"start origin {release}")


class RecordedStation(LineProcess):
    """The real origin with an archive and a guide (``tests.browser.recorded_station``)."""

    def __init__(self) -> None:
        super().__init__(sys.executable, "-m", "tests.browser.recorded_station")
        told = json.loads(self.read())
        self.site: str = told["site"]
        self.programmes: dict[str, tuple[int, int]] = told["programmes"]
        """Start and end of each, UNIX seconds."""

    def end_songs(self, seconds: int) -> int:
        """Let the radio's programme end so many seconds from now; return when, UNIX seconds."""
        return int(self.ask(f"ends {seconds}"))


class OnAirStation(LineProcess):
    """The whole platform, studios and all (``tests.browser.on_air_station``)."""

    def __init__(self, *options: str) -> None:
        super().__init__(sys.executable, "-m", "tests.browser.on_air_station", *options)
        told = json.loads(self.read())
        self.site: str = told["site"]
        self.on_air_s: int = told["on_air_s"]
        """Since when there is something to see, UNIX seconds."""

        self.steady_since_s: float = self.on_air_s
        """Since when television came from its studio without a break, UNIX seconds."""

        self.programmes: dict[str, dict[str, Any]] = told["programmes"]
        """What the site says of each, by title."""

    def tell(self, words: str) -> Any:
        """Do something to the station, see there; return what came of it."""
        answer = json.loads(self.ask(words))
        assert not isinstance(answer, dict), answer
        return answer


class Visitor(LineProcess):
    """Chromium with the page open."""

    def __init__(self, site: str) -> None:
        super().__init__(str(NODE), str(Path(__file__).with_name("visitor.mjs")))
        self.site = site

    def do(self, verb: str, **arguments: Any) -> Any:
        """Do one thing and return what came of it; fails with what the page shows."""
        answer = json.loads(self.ask(json.dumps({"do": verb, **arguments})))
        assert "error" not in answer, f"{answer['error']}\nThe page shows:\n{answer['seen']}"
        return answer["value"]

    def open(self, path: str, **arguments: Any) -> None:
        """Visit a path of the site for the first time."""
        self.do("open", url=self.site + path, **arguments)

    def wait(self, expression: str, *, seconds: float = 20) -> None:
        """Wait until a JavaScript expression is true."""
        self.do("wait", expression=expression, seconds=seconds)

    def wait_for_text(self, text: str, *, seconds: float = 20) -> None:
        """Wait until the page shows a text."""
        self.wait(f"document.body.innerText.includes({json.dumps(text)})", seconds=seconds)

    def see(self, expression: str) -> Any:
        """Return the value of a JavaScript expression."""
        return self.do("see", expression=expression)

    def press_switch(self, name: str) -> None:
        """Press a switch of the settings panel, and close the panel."""
        self.do("click", selector=".gear")
        self.wait("!!document.querySelector('dialog.settings[open]')")
        self.do("click", selector=f"#switch-{name}")
        self.do("click", selector="#settings-close")

    def complaints(self, *kinds: str) -> list[str]:
        """Return what the browser complained about since the page was opened."""
        return [one["text"] for one in self.do("complaints") if one["kind"] in kinds]


@contextmanager
def _closing(process: LineProcess) -> Iterator[None]:
    try:
        yield
    finally:
        process.close()


def _skip_unless_possible() -> None:
    missing = missing_for_judges()
    if missing is None and not (ROOT / "player_web/dist/index.html").exists():
        missing = "the page is not built: make web"
    if missing:
        pytest.skip(missing)


@pytest.fixture(scope="module")
def station() -> Iterator[Station]:
    """Return a station that is on air."""
    _skip_unless_possible()
    station = Station()
    with _closing(station):
        yield station


@pytest.fixture(scope="module")
def recorded() -> Iterator[RecordedStation]:
    """Return a station with a past and a guide."""
    _skip_unless_possible()
    station = RecordedStation()
    with _closing(station):
        yield station


@pytest.fixture(scope="module")
def on_air() -> Iterator[OnAirStation]:
    """Return the whole platform, on air."""
    _skip_unless_possible()
    station = OnAirStation()
    with _closing(station):
        yield station


@pytest.fixture(scope="module")
def watcher(on_air: OnAirStation) -> Iterator[Visitor]:
    """Return a browser for the whole platform."""
    watcher = Visitor(on_air.site)
    with _closing(watcher):
        yield watcher


@pytest.fixture(scope="module")
def visitor(station: Station) -> Iterator[Visitor]:
    """Return a browser."""
    visitor = Visitor(station.site)
    with _closing(visitor):
        yield visitor


@pytest.fixture(scope="module")
def viewer(recorded: RecordedStation) -> Iterator[Visitor]:
    """Return a browser for the station with a past."""
    viewer = Visitor(recorded.site)
    with _closing(viewer):
        yield viewer
