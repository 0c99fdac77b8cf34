"""Take the pictures of ``docs/player.md``: the page in Chromium, from the whole platform on air.

``python -m docs.take_pictures`` starts the station of the tests, and writes
``docs/pictures/player-*.webp``: every scene dark and light, on a desktop and on a phone.
"""

from __future__ import annotations

import sys
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from core.clock import unix_ns
from tests.browser.conftest import OnAirStation, Visitor

__all__ = ["SCENES", "Scene", "main"]

PICTURES: Final = Path(__file__).parent / "pictures"
MOST_BYTES: Final = 150_000
FIRST_S: Final = "90"
"""How long the programme is that is seen again."""

DEVICES: Final[dict[str, dict[str, Any]]] = {
    "desktop": {"width": 1280, "height": 800},
    "phone": {"width": 390, "height": 844, "touch": True},
    "tv": {"width": 1280, "height": 720},
}
_PLAYS: Final = (
    "(() => { const media = document.querySelector('lensong-channel video, lensong-channel audio');"
    " return media && !media.paused && media.readyState >= 3 && media.currentTime > 1.5; })()"
)
_IS_LIVE: Final = "!!document.querySelector('.live.at-edge')"
_SHOWS_GUIDE: Final = "!!document.querySelector('lensong-guide .programmes li')"
_HAS_PICTURES: Final = (
    "document.querySelector('.tile-now')?.textContent !== ''"
    " && !!document.querySelector('.strip img')"
    " && [...document.images].every((one) => one.complete)"
    " && !!document.querySelector('.tile-thumb:not([hidden])')"
)
_SAYS_NEXT: Final = "document.body.innerText.includes('Dự báo thời tiết')"


@dataclass(frozen=True, slots=True)
class Scene:
    """What one picture shows."""

    name: str
    path: str
    """Where it is; ``{over}`` is a programme that is over, ``{old}`` a moment that is expired."""

    ready: str
    """JavaScript that is true when it can be taken."""

    clicks: str = ""
    """Selector of what is pressed."""

    devices: tuple[str, ...] = ("desktop", "phone")
    schemes: tuple[str, ...] = ("light", "dark")


SCENES: Final = (
    Scene("home", "/", _HAS_PICTURES),
    Scene("channel", "/xem/hytv", f"{_PLAYS} && {_IS_LIVE} && {_SHOWS_GUIDE}"),
    Scene("guide", "/lich", f"{_SAYS_NEXT} && !document.body.innerText.includes('Đang tải')"),
    Scene("catch-up", "/xem/hytv/{over}", f"{_PLAYS} && {_SHOWS_GUIDE}"),
    Scene("radio", "/nghe/hyfm", f"{_PLAYS} && {_IS_LIVE} && {_SHOWS_GUIDE}"),
    Scene("settings", "/xem/hytv", f"{_PLAYS} && {_IS_LIVE} && {_SHOWS_GUIDE}", clicks=".gear"),
    Scene("error", "/xem/hytv?t={old}", "document.body.innerText.includes('LS-G3')"),
    Scene(
        "view",
        "/tv",
        "document.querySelector('.tv')?.dataset.situation === 'playing'",
        devices=("tv",),
        schemes=("dark",),
    ),
)


def _take(visitor: Visitor, scene: Scene, device: str, scheme: str, words: dict[str, str]) -> Path:
    """Take one picture."""
    visitor.open(scene.path.format(**words), scheme=scheme, **DEVICES[device])
    visitor.wait(scene.ready, seconds=30)
    if scene.clicks:
        visitor.do("click", selector=scene.clicks)
        visitor.wait(
            "document.querySelector('dialog[open]')?.getAnimations({ subtree: true }).length === 0"
        )
    path = PICTURES / f"player-{scene.name}-{device}-{scheme}.webp"
    visitor.do("shot", path=str(path))
    return path


def main() -> int:
    """Take them all; 1 if one is too large to be kept."""
    with closing(OnAirStation(FIRST_S)) as station, closing(Visitor(station.site)) as visitor:
        over = station.programmes["Bản tin đầu giờ"]
        time.sleep(max(0.0, over["stop"] + 20 - unix_ns() / 1e9))  # until it is over and archived
        old = datetime.fromtimestamp(over["start"], UTC) + timedelta(hours=7) - timedelta(days=4)
        words = {"over": over["id"], "old": f"{old:%Y-%m-%dT%H:%M:%S}"}
        sizes = {}
        for scene in SCENES:
            for device in scene.devices:
                for scheme in scene.schemes:
                    path = _take(visitor, scene, device, scheme, words)
                    sizes[path.name] = path.stat().st_size
    for name, size_bytes in sizes.items():
        print(f"{size_bytes / 1000:6.1f} kB  {name}")  # noqa: T201
    return int(max(sizes.values()) > MOST_BYTES)


if __name__ == "__main__":
    sys.exit(main())
